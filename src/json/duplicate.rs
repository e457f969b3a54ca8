//! Finds keys that occur more than once in an object.

use std::collections::HashMap;

use super::diagnose::location;
use super::syntax::Location;

/// A repeated key of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The repeated key.
    pub key: String,
    /// The position of its opening quote; line and column count from 1.
    pub at: Location,
    /// The position of the key's first occurrence.
    pub first: Location,
}

/// Finds the keys that occur more than once in one object, in the order of the text. (Parsers silently take the last
/// one.) In text that is not JSON, only keys before the first error are found.
#[must_use]
pub fn duplicates(text: &str) -> Vec<Duplicate> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // The keys of each open object; an array has none.
    let mut open: Vec<HashMap<String, usize>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => open.push(HashMap::new()),
            b'}' | b']' => {
                open.pop();
            }
            b'"' => {
                let end = string_end(bytes, at);
                let after = bytes.get(end..).unwrap_or_default();
                let is_key = after.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':');
                if is_key && let (Some(keys), Some(key)) = (open.last_mut(), text.get(at..end)) {
                    let Ok(key) = serde_json::from_str::<String>(key) else { return found };
                    match keys.get(&key) {
                        Some(first) => {
                            let (at, first) = (location(text, at), location(text, *first));
                            found.push(Duplicate { key, at, first });
                        }
                        None => {
                            keys.insert(key, at);
                        }
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The position after the closing quote of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            _ => 1,
        };
        if *byte == b'"' {
            break;
        }
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, usize, usize, usize, usize)]) {
        let found: Vec<_> = duplicates(text)
            .into_iter()
            .map(|d| (d.key, d.at.line, d.at.column, d.first.line, d.first.column))
            .collect();
        let expect: Vec<_> =
            expect.iter().map(|(key, l, c, fl, fc)| ((*key).to_owned(), *l, *c, *fl, *fc)).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn each_repetition_is_told_with_the_first() {
        check("{\"a\":1,\n \"b\":{\"a\":2},\n \"a\":3, \"a\":4}", &[("a", 3, 2, 1, 2), ("a", 3, 9, 1, 2)]);
        check(r#"[{"é":1,"\u00e9":2}]"#, &[("é", 1, 9, 1, 3)]);
        check("{\"a\" : {\"b\":1, \"b\" : 2}}", &[("b", 1, 16, 1, 9)]);
    }

    #[test]
    fn equal_keys_of_different_objects_and_values_are_no_duplicates() {
        check(r#"{"a":"a","b":["a","a"],"c":{"a":"}\\\""},"d":{"a":1}}"#, &[]);
        check(r#"[{"a":1},{"a":2}]"#, &[]);
    }

    #[test]
    fn broken_text_is_read_as_far_as_it_goes() {
        for text in ["", "{", "}", "{\"a", "{\"a\\", "]]]", "{\"a\":1,\"a\":", "\"\":1"] {
            let _ = duplicates(text);
        }
    }
}
