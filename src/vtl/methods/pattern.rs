//! `java.util.regex` for `matches`, `replaceAll`, `replaceFirst` and `split`.
//!
//! Java's patterns are rewritten for a Rust engine: `\d`, `\w`, `\s` and the POSIX classes are ASCII there.
//! Patterns without look-around and back references run in linear time, the others within a backtracking limit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fancy_regex::{Regex, RegexBuilder};

use super::{Failure, thrown};
use crate::vtl::limits::LimitKind;

/// Steps of one match of a pattern that needs backtracking.
const BACKTRACK_MAX: usize = 100_000;
/// Bytes of one compiled pattern.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// Patterns kept compiled per thread.
const CACHED_MAX: usize = 128;

thread_local! {
    static CACHE: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
}

/// Compiles a pattern, or finds it compiled.
pub(super) fn compile(pattern: &str) -> Result<Rc<Regex>, Failure> {
    if let Some(regex) = CACHE.with_borrow(|cache| cache.get(pattern).map(Rc::clone)) {
        return Ok(regex);
    }
    let compiled = RegexBuilder::new(&translate(pattern)?)
        .backtrack_limit(BACKTRACK_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .build();
    let regex = match compiled {
        Ok(regex) => Rc::new(regex),
        Err(error) => return thrown(format!("bad pattern `{pattern}`: {error}")),
    };
    CACHE.with_borrow_mut(|cache| {
        if CACHED_MAX <= cache.len() {
            cache.clear();
        }
        cache.insert(pattern.to_owned(), Rc::clone(&regex));
    });
    Ok(regex)
}

/// Whether the whole text matches.
pub(super) fn matches(text: &str, pattern: &str) -> Result<bool, Failure> {
    let regex = compile(&format!("^(?:{pattern})\\z"))?;
    regex.is_match(text).map_err(backtracked)
}

/// Replaces all matches, or the first.
pub(super) fn replace(
    text: &str,
    pattern: &str,
    replacement: &str,
    is_first_only: bool,
    bytes_max: usize,
) -> Result<String, Failure> {
    let regex = compile(pattern)?;
    let parts = parse_replacement(replacement, &regex)?;
    let mut out = String::new();
    let mut at = 0;
    for captures in regex.captures_iter(text) {
        let captures = captures.map_err(backtracked)?;
        let Some(whole) = captures.get(0) else { break };
        out.push_str(text.get(at..whole.start()).unwrap_or_default());
        for part in &parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(group) => out.push_str(captures.get(*group).map_or("", |group| group.as_str())),
            }
        }
        at = whole.end();
        if bytes_max < out.len() {
            return Err(Failure::Limit(LimitKind::OutputBytes));
        }
        if is_first_only {
            break;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(out)
}

/// `String.split`: at most `limit` pieces if positive; trailing empty pieces go if it is zero.
pub(super) fn split(text: &str, pattern: &str, limit: i32) -> Result<Vec<String>, Failure> {
    let regex = compile(pattern)?;
    let pieces_max = usize::try_from(limit).ok().filter(|limit| *limit != 0);
    let mut pieces = Vec::new();
    let mut at = 0;
    for found in regex.find_iter(text) {
        let found = found.map_err(backtracked)?;
        if pieces_max.is_some_and(|max| max <= pieces.len() + 1) {
            break;
        }
        // A match of nothing at the start makes no empty first piece, and none at the end a last one.
        if found.end() == 0 || (found.start() == found.end() && found.start() == text.len()) {
            continue;
        }
        pieces.push(text.get(at..found.start()).unwrap_or_default().to_owned());
        at = found.end();
    }
    pieces.push(text.get(at..).unwrap_or_default().to_owned());
    if limit == 0 && 1 < pieces.len() {
        while pieces.last().is_some_and(String::is_empty) {
            pieces.pop();
        }
    }
    Ok(pieces)
}

fn backtracked(_: fancy_regex::Error) -> Failure {
    Failure::Limit(LimitKind::Steps)
}

enum Part {
    Text(String),
    Group(usize),
}

/// Java's replacement: `$1` and `${name}` are groups, a backslash takes the meaning off what follows.
fn parse_replacement(replacement: &str, regex: &Regex) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = replacement.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(c) => text.push(c),
                None => return thrown("character to be escaped is missing"),
            },
            '$' => {
                let group = match rest.next() {
                    Some('{') => {
                        let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
                        let place = regex.capture_names().position(|known| known == Some(&name));
                        match place {
                            Some(group) => group,
                            None => return thrown(format!("No group with name {{{name}}}")),
                        }
                    }
                    Some(digit) if digit.is_ascii_digit() => group_number(digit, &mut rest, regex)?,
                    Some(_) | None => return thrown("Illegal group reference"),
                };
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Group(group));
            }
            c => text.push(c),
        }
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

/// Reads as many digits as still name a group.
fn group_number(
    first: char,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    regex: &Regex,
) -> Result<usize, Failure> {
    let groups = regex.captures_len();
    let mut group = first.to_digit(10).unwrap_or(0) as usize;
    if groups <= group {
        return thrown(format!("No group {group}"));
    }
    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
        let longer = group * 10 + digit as usize;
        if groups <= longer {
            break;
        }
        group = longer;
        rest.next();
    }
    Ok(group)
}

/// Rewrites Java's syntax where the engine's differs.
fn translate(pattern: &str) -> Result<String, Failure> {
    let mut out = String::new();
    let mut rest = pattern.chars().peekable();
    let mut class_depth = 0_u32;
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('Q') => quote(&mut rest, &mut out),
                // What follows a code point or class in braces is taken with it.
                Some(escape @ ('x' | 'k' | 'p' | 'P')) => {
                    let is_braced = rest.peek() == Some(&'{');
                    let before = out.len();
                    translate_escape(escape, 0 < class_depth, &mut rest, &mut out);
                    if is_braced && rest.peek() == Some(&'{') && before < out.len() {
                        for c in rest.by_ref() {
                            out.push(c);
                            if c == '}' {
                                break;
                            }
                        }
                    }
                }
                Some(escape) => translate_escape(escape, 0 < class_depth, &mut rest, &mut out),
                None => out.push('\\'),
            },
            '[' => {
                class_depth += 1;
                out.push('[');
                if rest.peek() == Some(&'^') {
                    out.extend(rest.next());
                }
            }
            ']' if 0 < class_depth => {
                class_depth -= 1;
                out.push(']');
            }
            ']' => out.push_str("\\]"),
            // Set difference and its like exist here and not in Java.
            '-' | '~' if 0 < class_depth && rest.peek() == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            // A brace that counts nothing is a mistake in Java.
            '{' if class_depth == 0 && !is_count(rest.clone()) => {
                return thrown(format!("Illegal repetition in `{pattern}`"));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Whether `3}`, `3,}` or `3,5}` follows.
fn is_count(rest: std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let inner: String = rest.take_while(|c| *c != '}').collect();
    let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|byte| byte.is_ascii_digit())
}

fn quote(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        if c == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            return;
        }
        out.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4])));
    }
}

fn translate_escape(
    escape: char,
    is_in_class: bool,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) {
    let set = match escape {
        'd' => Some((false, "0-9")),
        'D' => Some((true, "0-9")),
        'w' => Some((false, "a-zA-Z0-9_")),
        'W' => Some((true, "a-zA-Z0-9_")),
        's' => Some((false, r" \t\n\x0B\f\r")),
        'S' => Some((true, r" \t\n\x0B\f\r")),
        'h' => Some((false, r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}")),
        'v' => Some((false, r"\n\x0B\f\r\x{85}\x{2028}\x{2029}")),
        'p' | 'P' => posix(rest).map(|set| (escape == 'P', set)),
        _ => None,
    };
    match (set, escape) {
        (Some((true, set)), _) => out.extend(["[^", set, "]"]),
        (Some((false, set)), _) if is_in_class => out.push_str(set),
        (Some((false, set)), _) => out.extend(["[", set, "]"]),
        (None, 'Z') => out.push_str(r"(?=\n?\z)"),
        (None, 'R') => out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        (None, 'e') => out.push_str(r"\x1B"),
        (None, c) if c.is_ascii_alphanumeric() => out.extend(['\\', c]),
        // Of anything else the backslash only takes the meaning off.
        (None, c) => out.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4]))),
    }
}

/// A POSIX class in braces, taken if it is one.
fn posix(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<&'static str> {
    let mut ahead = rest.clone();
    if ahead.next() != Some('{') {
        return None;
    }
    let name: String = ahead.by_ref().take_while(|c| *c != '}').collect();
    let set = match &*name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    };
    *rest = ahead;
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_java() {
        let check = |text: &str, pattern: &str, expect: bool| {
            assert_eq!(matches(text, pattern).ok(), Some(expect), "{text} {pattern}");
        };
        check("é", r"\w", false);
        check("5", r"[\d]", true);
        check("a-b", r"[a-c\-]+", true);
        check("x", r"[^\s]", true);
        check("ABC", r"\p{Upper}+", true);
        check("é", r"\p{L}", true);
        check("aa", r"(a)\1", true);
        check("a.b", r"\Qa.b\E", true);
        check("axb", r"\Qa.b\E", false);
        check("aaa", r"a{2,3}", true);
    }

    #[test]
    fn bad_patterns_and_replacements_are_refused() {
        for pattern in ["(", "[", "a{", "{", "*"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
        for replacement in ["$", "$7", "\\", "${nope}"] {
            assert!(replace("a", "a", replacement, false, 100).is_err(), "{replacement}");
        }
    }
}
