//! Where in an expression an error is. The library's parser keeps no places, so they are found by trying.

use std::panic::catch_unwind;

use jsonata_core::parser;

use crate::error::CompileError;
use crate::expression::Expression;

/// The longest expression, in bytes, in which places are looked for.
const BYTES_MAX: usize = 4096;
/// The most places of a name that are tried.
const PLACES_MAX: usize = 32;

/// The offset in bytes of what `error` is about in the expression `source`, which has no blanks around it. `None` if it
/// can't be told.
pub fn place(source: &str, error: &CompileError) -> Option<usize> {
    if BYTES_MAX < source.len() {
        return None;
    }
    match error {
        CompileError::Syntax(_) => token_refused(source),
        CompileError::TopLevelReference(name) => reference(source, name),
    }
}

/// The start of the token with which the expression became wrong: all that ends before it fails otherwise, or not at
/// all.
fn token_refused(source: &str) -> Option<usize> {
    let said = failure(source)?;
    // Every beginning of such an expression fails so.
    if ["end of expression", "terminated", "Unclosed"].iter().any(|of_end| said.contains(of_end)) {
        return Some(source.len());
    }
    let mut ends = source.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.find(|end| failure(&source[..*end]).as_ref() == Some(&said))?;
    let token = &source[..end];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let word = token.trim_end_matches(is_word).len();
    // A token that is no word is taken to have one character, or to be a text from quote to quote.
    let last = token.char_indices().next_back()?;
    Some(match last {
        _ if word < end => word,
        (at, quote @ ('"' | '\'' | '`')) => token[..at].rfind(quote).unwrap_or(at),
        (at, _) => at,
    })
}

/// What the parser says of a text that is no expression.
fn failure(text: &str) -> Option<String> {
    catch_unwind(|| parser::parse(text)).ok()?.err().map(|error| error.to_string())
}

/// The first place of `name` that is refused where it stands.
fn reference(source: &str, name: &str) -> Option<usize> {
    let places = places(source, name);
    // Each place is tried with all others out of the way.
    places.iter().copied().find(|place| {
        let mut tried = source.to_owned();
        for other in places.iter().filter(|other| *other != place) {
            tried.replace_range(*other..other + name.len(), &format!("{:<width$}", "1", width = name.len()));
        }
        let errors = Expression::compile(&tried).err().unwrap_or_default();
        errors.iter().any(|error| matches!(error, CompileError::TopLevelReference(found) if found == name))
    })
}

/// Where `name` stands as a token of its own, outside of texts.
fn places(source: &str, name: &str) -> Vec<usize> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    let mut found = Vec::new();
    let mut quote = None;
    let mut skipped_to = 0;
    for (at, c) in source.char_indices() {
        if at < skipped_to {
            continue;
        }
        match quote {
            Some(_) if c == '\\' => skipped_to = at + 2,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => {
                let (before, rest) = source.split_at(at);
                if let Some(after) = rest.strip_prefix(name)
                    && !is_word(before.chars().next_back())
                    && !is_word(after.chars().next())
                {
                    found.push(at);
                    skipped_to = at + name.len();
                }
            }
        }
    }
    found.truncate(PLACES_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &[&str]) {
        let errors = Expression::compile(source).err().unwrap_or_default();
        let rests: Vec<&str> =
            errors.iter().map(|error| place(source, error).map_or("nowhere", |at| &source[at..])).collect();
        assert_eq!(rests, expect, "{source}: {errors:?}");
    }

    #[test]
    fn syntax_is_wrong_at_a_token() {
        check("[1, 2; 3]", &["; 3]"]);
        check("[1, 2", &[""]);
        check("$sum(1 + )", &[")"]);
        check("1 + * foo bar", &["foo bar"]);
        check("$states.input.a \"b c\"", &["\"b c\""]);
    }

    #[test]
    fn references_are_wrong_where_there_is_no_context() {
        check("$states.input.items[$ > 1] & $", &["$"]);
        check("\"phone \\\" phone\" & phone & $count(phones)", &["phone & $count(phones)", "phones)"]);
        check("$$ & 1", &["$$ & 1"]);
        check("a.b", &["a.b"]);
    }

    #[test]
    fn of_very_long_expressions_no_place_is_looked_for() {
        let source = format!("{} +", "1 + ".repeat(BYTES_MAX));
        let errors = Expression::compile(&source).err().unwrap();
        assert_eq!(place(&source, &errors[0]), None);
    }
}
