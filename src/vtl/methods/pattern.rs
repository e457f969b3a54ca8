//! `java.util.regex` for `matches`, `replaceAll`, `replaceFirst` and `split`.
//!
//! Patterns without look-around and back references run in linear time, all others within a backtracking limit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fancy_regex::{Regex, RegexBuilder};

use super::{Failure, thrown};
use crate::vtl::java_pattern::translate;
use crate::vtl::limits::LimitKind;

/// The most steps of one match with backtracking.
const BACKTRACK_MAX: usize = 100_000;
/// The largest size of a compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// How many compiled patterns each thread keeps.
const CACHED_MAX: usize = 128;

thread_local! {
    static CACHE: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
}

/// Compiles a pattern, or returns it from the cache.
pub(super) fn compile(pattern: &str) -> Result<Rc<Regex>, Failure> {
    if let Some(regex) = CACHE.with_borrow(|cache| cache.get(pattern).map(Rc::clone)) {
        return Ok(regex);
    }
    let translated = match translate(pattern) {
        Ok(translated) => translated,
        Err(error) => return thrown(format!("{error} in `{pattern}`")),
    };
    let compiled = RegexBuilder::new(&translated)
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

/// `String.split`: at most `limit` pieces if it is positive; trailing empty pieces are dropped if it is zero.
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
        // An empty match at the start gives no empty first piece, and one at the end no empty last piece.
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

/// Java's replacement syntax: `$1` and `${name}` are groups, and a backslash makes the next character literal.
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

/// Reads as many digits as still give the number of a group.
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
