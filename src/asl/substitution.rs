//! `${name}` in a definition, filled in as CloudFormation does it: in the text, before it is parsed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Longer than any definition may be, in bytes. Where substitutions make a definition longer than this, the rest is
/// left out: it is refused in any case.
const DEFINITION_BYTES_MAX: usize = 8 * 1_048_576;

/// A definition with its substitutions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substituted {
    /// The definition.
    pub text: String,
    /// The names that were filled in.
    pub used: BTreeSet<String>,
    /// What looks like a substitution but has no value, with the offset of its `$` in the original text.
    pub unknown: Vec<(String, usize)>,
    /// For each that was filled in: where its value ends in `text`, and where it ends in the original; then what starts
    /// there.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Where the value starts and ends in the new text.
    start: usize,
    end: usize,
    /// Where `${name}` starts and ends in the original.
    original_start: usize,
    original_end: usize,
}

/// Fills in each `${name}` that `substitutions` has: a text as it is, any other value as JSON. Other names stay.
pub fn substitute(definition: &str, substitutions: &Map<String, Value>) -> Substituted {
    let mut made = Substituted {
        text: String::with_capacity(definition.len()),
        used: BTreeSet::new(),
        unknown: Vec::new(),
        pieces: Vec::new(),
    };
    let mut at = 0;
    while let Some(found) = definition[at..].find("${") {
        let start = at + found;
        made.text.push_str(&definition[at..start]);
        if DEFINITION_BYTES_MAX < made.text.len() {
            return made;
        }
        let name = definition[start + 2..].split_once('}').map(|(name, _)| name);
        match name.and_then(|name| Some((name, substitutions.get(name)?))) {
            Some((name, value)) => {
                let piece_start = made.text.len();
                match value {
                    Value::String(text) => made.text.push_str(text),
                    other => made.text.push_str(&other.to_string()),
                }
                at = start + name.len() + "${}".len();
                made.used.insert(name.to_owned());
                made.pieces.push(Piece {
                    start: piece_start,
                    end: made.text.len(),
                    original_start: start,
                    original_end: at,
                });
            }
            None => {
                if let Some(name) = name.filter(|name| is_name(name)) {
                    made.unknown.push((name.to_owned(), start));
                }
                made.text.push_str("${");
                at = start + 2;
            }
        }
    }
    made.text.push_str(&definition[at..]);
    made
}

/// What CloudFormation's own tools write between the braces.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

impl Substituted {
    /// The offset in the original text of an offset in the new one; of anything in a value, where its `${name}` starts.
    pub fn original(&self, offset: usize) -> usize {
        let before = self.pieces.partition_point(|piece| piece.start <= offset);
        match before.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            None => offset,
            Some(piece) if offset < piece.end => piece.original_start,
            Some(piece) => piece.original_end + (offset - piece.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(definition: &str, substitutions: Value) -> Substituted {
        substitute(definition, substitutions.as_object().unwrap())
    }

    #[test]
    fn names_are_filled_in_once_and_unknown_ones_stay() {
        let made = made("${a}-${b}-${no}-${not a name}-${", json!({"a": "${b}", "b": 5, "c": true}));
        assert_eq!(made.text, "${b}-5-${no}-${not a name}-${");
        assert_eq!(made.unknown, [("no".to_owned(), 10)]);
        assert_eq!(made.used.iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let made = made("x${long}y${b}z", json!({"long": "1", "b": "23456789"}));
        assert_eq!(made.text, "x1y23456789z");
        for (offset, original) in [(0, 0), (1, 1), (2, 8), (3, 9), (10, 9), (11, 13), (12, 14)] {
            assert_eq!(made.original(offset), original, "{offset}");
        }
    }

    #[test]
    fn nothing_grows_beyond_any_definition() {
        let made = made(&"${a}".repeat(250_000), json!({"a": "x".repeat(1_000_000)}));
        let expected = DEFINITION_BYTES_MAX..DEFINITION_BYTES_MAX + 1_000_001;
        assert!(expected.contains(&made.text.len()), "{}", made.text.len());
    }
}
