//! `java.util.regex` for `matches`, `replaceAll`, `replaceFirst` and `split`.
//!
//! One search without look-around and back references takes linear time, any other a limited number of backtracks. All
//! searches are paid for with the evaluation's steps.

mod search;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fancy_regex::RegexBuilder;

use self::search::Search;
use super::{Call, Failure, thrown};
use crate::vtl::java_pattern::translate;
use crate::vtl::limits::LimitKind;

/// The most steps of one match with backtracking.
const BACKTRACK_MAX: usize = 100_000;
/// The largest size of a compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// How many compiled patterns each thread keeps.
const CACHED_MAX: usize = 128;

thread_local! {
    static CACHE: RefCell<HashMap<String, Rc<Search>>> = RefCell::default();
}

/// Compiles a pattern, or returns it from the cache.
fn compile(pattern: &str) -> Result<Rc<Search>, Failure> {
    if let Some(search) = CACHE.with_borrow(|cache| cache.get(pattern).map(Rc::clone)) {
        return Ok(search);
    }
    let translated = match translate(pattern) {
        Ok(translated) => translated,
        Err(error) => return thrown(format!("{error} in `{pattern}`")),
    };
    let compiled = RegexBuilder::new(&translated)
        .backtrack_limit(BACKTRACK_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .build();
    let search = match compiled {
        Ok(regex) => Rc::new(Search::new(regex, pattern, &translated)),
        Err(error) => return thrown(format!("bad pattern `{pattern}`: {error}")),
    };
    CACHE.with_borrow_mut(|cache| {
        if CACHED_MAX <= cache.len() {
            cache.clear();
        }
        cache.insert(pattern.to_owned(), Rc::clone(&search));
    });
    Ok(search)
}

/// Whether the whole text matches.
pub(super) fn matches(text: &str, pattern: &str, call: &mut Call<'_>) -> Result<bool, Failure> {
    let search = compile(&format!("^(?:{pattern})\\z"))?;
    search.charge_once(text, call)?;
    search.regex.is_match(text).map_err(backtracked)
}

/// Replaces all matches, or the first.
pub(super) fn replace(
    text: &str,
    pattern: &str,
    replacement: &str,
    is_first_only: bool,
    call: &mut Call<'_>,
) -> Result<String, Failure> {
    let search = compile(pattern)?;
    let parts = parse_replacement(replacement, &search.regex)?;
    let mut out = String::new();
    let (mut at, mut owed) = (0, 0);
    let mut found = search.regex.captures_iter(text);
    loop {
        search.charge(text, at, &mut owed, call)?;
        let Some(captures) = found.next() else { break };
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
        if call.bytes_max < out.len() {
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
pub(super) fn split(
    text: &str,
    pattern: &str,
    limit: i32,
    call: &mut Call<'_>,
) -> Result<Vec<String>, Failure> {
    let search = compile(pattern)?;
    let pieces_max = usize::try_from(limit).ok().filter(|limit| *limit != 0);
    let mut pieces = Vec::new();
    let (mut at, mut searched, mut owed) = (0, 0, 0);
    let mut matches = search.regex.find_iter(text);
    loop {
        search.charge(text, searched, &mut owed, call)?;
        let Some(found) = matches.next() else { break };
        let found = found.map_err(backtracked)?;
        searched = found.end();
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
fn parse_replacement(replacement: &str, regex: &fancy_regex::Regex) -> Result<Vec<Part>, Failure> {
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
    regex: &fancy_regex::Regex,
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

    /// Runs something within so many steps; `None` if they aren't enough, otherwise what is left.
    fn within<T>(steps: u64, run: impl FnOnce(&mut Call<'_>) -> Result<T, Failure>) -> Option<(T, u64)> {
        let mut left = steps;
        let mut call = Call { name: "", arguments: &[], steps_left: &mut left, bytes_max: 1_000_000 };
        match run(&mut call) {
            Ok(value) => Some((value, left)),
            Err(Failure::Limit(LimitKind::Steps)) => None,
            Err(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn patterns_mean_what_they_mean_in_java() {
        let check = |text: &str, pattern: &str, expect: bool| {
            let found = within(1_000, |call| matches(text, pattern, call));
            assert_eq!(found.map(|(found, _)| found), Some(expect), "{text} {pattern}");
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
    fn a_text_is_as_long_as_its_pattern_allows() {
        // A weight of 10,001 for each byte: a million steps, which a template has, are enough for 24,997 bytes.
        let pattern = "(a{100}){100}";
        let (at, past) = ("b".repeat(24_997), "b".repeat(24_998));
        for (text, is_enough) in [(&at, true), (&past, false)] {
            let steps = 1_000_000;
            assert_eq!(within(steps, |call| split(text, pattern, 0, call)).is_some(), is_enough);
            assert_eq!(within(steps, |call| replace(text, pattern, "", false, call)).is_some(), is_enough);
        }
        assert!(within(1_000_000, |call| matches(&at[..24_900], pattern, call)).is_some());
        assert!(within(1_000_000, |call| matches(&past, pattern, call)).is_none());
    }

    /// All calls of an evaluation share its steps.
    #[test]
    fn each_search_is_paid_for() {
        let text = "b".repeat(5_000);
        let (_, left) = within(1_000_000, |call| matches(&text, "(a{100}){100}", call)).unwrap();
        assert!((795_000..805_000).contains(&left), "{left}");
        assert!(
            within(left, |call| (0..5).try_for_each(|_| matches(&text, "(a{100}){100}", call).map(drop)))
                .is_none()
        );
    }

    /// Each of these finds a match at every character, and reads to the end of the text to find it.
    #[test]
    fn searches_that_read_on_behind_their_match_are_paid_for() {
        let text = |n: usize| "x".repeat(n);
        for pattern in ["x*y|x", "(x+y)?", "(?=x*)x", "x(?!x*y)"] {
            assert!(within(20_000, |call| split(&text(500), pattern, 0, call)).is_some(), "{pattern}");
            assert!(within(20_000, |call| split(&text(5_000), pattern, 0, call)).is_none(), "{pattern}");
            let replaced = within(20_000, |call| replace(&text(5_000), pattern, "", false, call));
            assert!(replaced.is_none(), "{pattern}");
        }
    }

    /// What nobody would call expensive isn't, however long the text.
    #[test]
    fn ordinary_searches_are_cheap() {
        let text = "some words, and\tsome more; ".repeat(2_000);
        for pattern in [" ", r"\s+", r"\s*[,;]\s*", r"\bmore\b", "[a-z]+", "(?i)AND"] {
            let (pieces, left) = within(1_000_000, |call| split(&text, pattern, 0, call)).unwrap();
            assert!(
                2_000 <= pieces.len() && 985_000 < left,
                "{pattern}: {} pieces, {left} left",
                pieces.len()
            );
        }
    }

    #[test]
    fn bad_patterns_and_replacements_are_refused() {
        for pattern in ["(", "[", "a{", "{", "*"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
        for replacement in ["$", "$7", "\\", "${nope}"] {
            let mut left = 100;
            let mut call = Call { name: "", arguments: &[], steps_left: &mut left, bytes_max: 100 };
            assert!(replace("a", "a", replacement, false, &mut call).is_err(), "{replacement}");
        }
    }
}
