//! Checks that JSON is well formed without building a tree.

use serde::de::IgnoredAny;

use super::diagnose::{diagnose, location};
use super::syntax::{SyntaxError, SyntaxErrorKind};

/// Whether [`parse`](super::parse) would accept `text`, without building the document.
///
/// # Errors
/// Those of [`parse`](super::parse).
pub fn validate(text: &str) -> Result<(), SyntaxError> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|source| diagnose(text, &source))?;
    let seen = survey(text.as_bytes());
    if let Some(at) = seen.too_deep_at {
        let kind = SyntaxErrorKind::TooDeep { max: super::DEPTH_MAX };
        return Err(SyntaxError { kind, location: location(text, at) });
    }
    if seen.needs_parse {
        // Rare enough that parsing the whole document is the simplest way to be sure.
        super::parse(text)?;
    }
    Ok(())
}

/// What the fast check can't judge in a well-formed text.
struct Survey {
    too_deep_at: Option<usize>,
    /// The text has escaped surrogates, or numbers that are long enough to exceed the range of a double.
    needs_parse: bool,
}

fn survey(text: &[u8]) -> Survey {
    const DIGITS_SAFE: usize = 300;
    let mut seen = Survey { too_deep_at: None, needs_parse: false };
    let (mut depth, mut digits) = (0_usize, 0_usize);
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                digits = 0;
                while let Some((at, byte)) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                            seen.needs_parse |= matches!(text.get(at + 1..at + 3), Some(b"ud" | b"uD"));
                        }
                        _ => {}
                    }
                }
            }
            b'[' | b'{' => {
                depth += 1;
                if super::DEPTH_MAX < depth && seen.too_deep_at.is_none() {
                    seen.too_deep_at = Some(at);
                }
            }
            b']' | b'}' => depth -= 1,
            b'0'..=b'9' => {
                digits += 1;
                seen.needs_parse |= DIGITS_SAFE < digits;
            }
            // `e` also occurs in `true` and `false`, but not after a digit.
            b'e' | b'E' => seen.needs_parse |= 0 < digits,
            b'.' => {}
            _ => digits = 0,
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::validate;
    use crate::json::parse;

    #[track_caller]
    fn check(text: &str) {
        assert_eq!(validate(text).is_ok(), parse(text).is_ok(), "{text}");
    }

    #[test]
    fn validate_accepts_what_parse_accepts() {
        for text in ["{}", "[1,2.5e3,true,\"x\\\"]\"]", " null ", "\"\\ud83d\\ude00\"", "{\"a\":{\"b\":[]}}"]
        {
            check(text);
            assert!(validate(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn validate_refuses_what_parse_refuses() {
        let deep = "[".repeat(300) + &"]".repeat(300);
        let digits = "9".repeat(400);
        for text in ["", "{", "[1,]", "1e999", "\"\\ud800\"", "\"\\uDc00\"", "{}{}", &deep, &digits] {
            check(text);
            assert!(validate(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn validate_and_parse_agree(text in "[\\[\\]{}\",:0-9eE+.\\-\\\\ud8 ]{0,20}") {
            proptest::prop_assert_eq!(validate(&text).is_ok(), parse(&text).is_ok());
        }
    }
}
