//! Parses invalid JSON again, slowly, to find the message and position that Jackson would report.

use super::syntax::{Location, SyntaxError, SyntaxErrorKind};

/// The error for `text`, which the fast parser refused with `source`.
pub(super) fn diagnose(text: &str, source: &serde_json::Error) -> SyntaxError {
    let mut reader = Reader { text, at: 0 };
    let kind = reader.document().err().unwrap_or_else(|| unseen(source));
    SyntaxError { kind, location: location(text, reader.at) }
}

/// The error for text that the slow parser accepts and the fast one does not.
fn unseen(source: &serde_json::Error) -> SyntaxErrorKind {
    let message = source.to_string();
    if message.starts_with("number out of range") {
        SyntaxErrorKind::NumberOutOfRange
    } else if message.starts_with("recursion limit") {
        SyntaxErrorKind::TooDeep { max: super::DEPTH_MAX }
    } else {
        SyntaxErrorKind::LoneSurrogate
    }
}

/// The position of byte offset `at`.
pub(super) fn location(text: &str, at: usize) -> Location {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    Location { line, column: before[line_start..].chars().count() + 1 }
}

const VALUE: &str =
    "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const COMMENT: &str = "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)";

type Read<T> = Result<T, SyntaxErrorKind>;

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// An open container, and what may come next in it.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Array,
    Object,
}

impl Reader<'_> {
    fn document(&mut self) -> Read<()> {
        let mut open: Vec<Open> = Vec::new();
        self.skip_space();
        if self.peek().is_none() {
            return Err(SyntaxErrorKind::Empty);
        }
        loop {
            // A value has to come next.
            let mut closed = false;
            match self.value_start()? {
                Some(Open::Array) => {
                    self.skip_space();
                    if self.peek() == Some(']') {
                        self.next();
                        closed = true;
                    } else {
                        open.push(Open::Array);
                    }
                }
                Some(Open::Object) => {
                    self.skip_space();
                    if self.peek() == Some('}') {
                        self.next();
                        closed = true;
                    } else {
                        open.push(Open::Object);
                        self.field_name()?;
                    }
                }
                None => closed = true,
            }
            if super::DEPTH_MAX < open.len() {
                return Err(SyntaxErrorKind::TooDeep { max: super::DEPTH_MAX });
            }
            while closed {
                // After the outermost value, only the end may follow.
                let is_over = open.is_empty();
                closed = self.after_value(&mut open)?;
                if is_over {
                    return Ok(());
                }
            }
        }
    }

    /// Reads what follows a value. Returns whether it closed the surrounding container, or there is none.
    fn after_value(&mut self, open: &mut Vec<Open>) -> Read<bool> {
        self.skip_space();
        let Some(inside) = open.last().copied() else {
            return match self.next() {
                None => Ok(true),
                Some(c) => Err(self.odd_value(c)),
            };
        };
        let (close, expected, unfinished) = match inside {
            Open::Array => {
                (']', "was expecting comma to separate Array entries", ": expected close marker for Array")
            }
            Open::Object => {
                ('}', "was expecting comma to separate Object entries", ": expected close marker for Object")
            }
        };
        match self.next() {
            None => Err(SyntaxErrorKind::UnexpectedEnd(unfinished)),
            Some(',') => {
                self.skip_space();
                if inside == Open::Object {
                    self.field_name()?;
                }
                Ok(false)
            }
            Some(c) if c == close => {
                open.pop();
                Ok(true)
            }
            Some(found @ (']' | '}')) => {
                Err(SyntaxErrorKind::UnexpectedCloseMarker { found, expected: close })
            }
            Some('/') => Err(SyntaxErrorKind::UnexpectedCharacter { found: '/', expected: COMMENT }),
            Some(found) => Err(SyntaxErrorKind::UnexpectedCharacter { found, expected }),
        }
    }

    fn field_name(&mut self) -> Read<()> {
        match self.next() {
            None => return Err(SyntaxErrorKind::UnexpectedEnd(": expected close marker for Object")),
            Some('"') => self.string("name")?,
            Some('/') => return Err(SyntaxErrorKind::UnexpectedCharacter { found: '/', expected: COMMENT }),
            Some(found) => {
                return Err(SyntaxErrorKind::UnexpectedCharacter {
                    found,
                    expected: "was expecting double-quote to start field name",
                });
            }
        }
        self.skip_space();
        match self.next() {
            Some(':') => {
                self.skip_space();
                Ok(())
            }
            None => Err(SyntaxErrorKind::UnexpectedEnd(" within/between Object entries")),
            Some(found) => Err(SyntaxErrorKind::UnexpectedCharacter {
                found,
                expected: "was expecting a colon to separate field name and value",
            }),
        }
    }

    /// Reads a scalar, or the opening of a container, which it returns.
    fn value_start(&mut self) -> Read<Option<Open>> {
        match self.next() {
            None => Err(SyntaxErrorKind::UnexpectedEnd(" within/between entries")),
            Some('{') => Ok(Some(Open::Object)),
            Some('[') => Ok(Some(Open::Array)),
            Some('"') => self.string("string value").map(|()| None),
            Some(c @ ('-' | '0'..='9')) => self.number(c).map(|()| None),
            Some(c @ ('t' | 'f' | 'n')) => {
                let token = self.word(c);
                match token.as_str() {
                    "true" | "false" | "null" => Ok(None),
                    _ => Err(SyntaxErrorKind::UnrecognizedToken(token)),
                }
            }
            Some('/') => Err(SyntaxErrorKind::UnexpectedCharacter { found: '/', expected: COMMENT }),
            Some(c) => Err(self.odd_value(c)),
        }
    }

    fn odd_value(&mut self, found: char) -> SyntaxErrorKind {
        if !is_identifier_part(found) {
            return SyntaxErrorKind::UnexpectedCharacter { found, expected: VALUE };
        }
        let token = self.word(found);
        match token.as_str() {
            "NaN" => SyntaxErrorKind::NonStandardToken("NaN"),
            "Infinity" => SyntaxErrorKind::NonStandardToken("Infinity"),
            _ => SyntaxErrorKind::UnrecognizedToken(token),
        }
    }

    fn string(&mut self, place: &'static str) -> Read<()> {
        let unfinished = if place == "name" {
            " in field name"
        } else {
            ": was expecting closing quote for a string value"
        };
        loop {
            match self.next() {
                None => return Err(SyntaxErrorKind::UnexpectedEnd(unfinished)),
                Some('"') => return Ok(()),
                Some('\\') => self.escape()?,
                Some(c) if c < ' ' => {
                    return Err(SyntaxErrorKind::ControlCharacter { code: c.into(), place });
                }
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self) -> Read<()> {
        const UNFINISHED: SyntaxErrorKind = SyntaxErrorKind::UnexpectedEnd(" in character escape sequence");
        match self.next().ok_or(UNFINISHED)? {
            '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => Ok(()),
            'u' => {
                for _ in 0..4 {
                    let found = self.next().ok_or(UNFINISHED)?;
                    if !found.is_ascii_hexdigit() {
                        return Err(SyntaxErrorKind::UnexpectedCharacter {
                            found,
                            expected: "expected a hex-digit for character escape sequence",
                        });
                    }
                }
                Ok(())
            }
            c => Err(SyntaxErrorKind::UnrecognizedEscape(c)),
        }
    }

    fn number(&mut self, first: char) -> Read<()> {
        let mut first = first;
        if first == '-' {
            match self.next() {
                Some(c @ '0'..='9') => first = c,
                Some('I') if self.word('I') == "Infinity" => {
                    return Err(SyntaxErrorKind::NonStandardToken("-Infinity"));
                }
                Some(found) => {
                    return Err(SyntaxErrorKind::UnexpectedCharacter {
                        found,
                        expected: "expected digit (0-9) to follow minus sign, for valid numeric value",
                    });
                }
                None => return Err(SyntaxErrorKind::UnexpectedEnd("")),
            }
        }
        if first == '0' && self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.next();
            return Err(SyntaxErrorKind::InvalidNumber("Leading zeroes not allowed"));
        }
        self.digits();
        if self.peek() == Some('.') {
            self.next();
            if self.digits() == 0 {
                return Err(self.after_number("Decimal point not followed by a digit"));
            }
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.next();
            if matches!(self.peek(), Some('+' | '-')) {
                self.next();
            }
            if self.digits() == 0 {
                return Err(self.after_number("Exponent indicator not followed by a digit"));
            }
        }
        Ok(())
    }

    fn after_number(&mut self, expected: &'static str) -> SyntaxErrorKind {
        match self.next() {
            Some(found) => SyntaxErrorKind::UnexpectedCharacter { found, expected },
            None => SyntaxErrorKind::UnexpectedEnd(""),
        }
    }

    fn digits(&mut self) -> usize {
        let mut n = 0;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.next();
            n += 1;
        }
        n
    }

    /// The rest of a word that begins with `first`, at most 256 characters.
    fn word(&mut self, first: char) -> String {
        const SHOWN_MAX: usize = 256;
        let mut word = String::from(first);
        while let Some(c) = self.peek().filter(|c| is_identifier_part(*c)) {
            self.next();
            word.push(c);
            if SHOWN_MAX <= word.chars().count() {
                word.push_str("...");
                break;
            }
        }
        word
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }
}

/// An approximation of Java's `Character.isJavaIdentifierPart`.
fn is_identifier_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use crate::json::parse;

    #[track_caller]
    fn check(text: &str, message: &str, column: usize) {
        let error = parse(text).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert_eq!(error.location.column, column, "{text}");
    }

    const TAIL: &str =
        "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

    #[test]
    fn words_are_those_of_jackson() {
        check("not a definition", &format!("Unrecognized token 'not': {TAIL}"), 4);
        check("{\"a\": nul}", &format!("Unrecognized token 'nul': {TAIL}"), 10);
        check("trueish", &format!("Unrecognized token 'trueish': {TAIL}"), 8);
        check("{} x", &format!("Unrecognized token 'x': {TAIL}"), 5);
        check("[1] x", &format!("Unrecognized token 'x': {TAIL}"), 6);
        check(
            "{'a':1}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            3,
        );
        check(
            "{\"a\":1,}",
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
            9,
        );
        check(
            "{\"a\" 1}",
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            7,
        );
        check(
            "[1 2]",
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
            5,
        );
        check(
            "{\"a\":}",
            "Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            7,
        );
        check("[1}", "Unexpected close marker '}': expected ']'", 4);
        check("", "No content to map due to end-of-input", 1);
        check("  ", "No content to map due to end-of-input", 3);
        check("{", "Unexpected end-of-input: expected close marker for Object", 2);
        check("[1,", "Unexpected end-of-input within/between entries", 4);
        check("\"abc", "Unexpected end-of-input: was expecting closing quote for a string value", 5);
        check("\"\\x\"", "Unrecognized character escape 'x' (code 120)", 4);
        check("01", "Invalid numeric value: Leading zeroes not allowed", 3);
        check(
            "NaN",
            "Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow",
            4,
        );
        check(
            "\"a\nb\"",
            "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value",
            1,
        );
        check("1e999", "Numeric value out of range of double", 6);
        check("\"\\ud800\"", "Incomplete surrogate pair in a string", 9);
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(&("[".repeat(127) + &"]".repeat(127))).is_ok());
        let error = parse(&("[".repeat(200_000) + &"]".repeat(200_000))).unwrap_err();
        assert_eq!(error.to_string(), "Document nesting depth (128) exceeds the maximum allowed (127)");
    }

    #[test]
    fn location_counts_lines_and_shows_the_source() {
        let text = "{\n  \"a\": x\n}";
        let error = parse(text).unwrap_err();
        assert_eq!((error.location.line, error.location.column), (2, 9));
        assert_eq!(
            parse("not").unwrap_err().located("not"),
            format!("Unrecognized token 'not': {TAIL}\n at [Source: (String)\"not\"; line: 1, column: 4]")
        );
        let long = format!("x{}", " ".repeat(600));
        let shown = parse(&long).unwrap_err().source_location(&long);
        assert!(shown.ends_with("\"[truncated 101 chars]; line: 1, column: 2]"), "{shown}");
    }

    #[test]
    fn last_duplicate_wins() {
        assert_eq!(parse("{\"a\":1,\"b\":2,\"a\":3}").unwrap().to_string(), "{\"a\":3,\"b\":2}");
    }

    proptest::proptest! {
        #[test]
        fn every_refused_text_has_a_reason(text in "[\\[\\]{}\",:0-9eE+.\\-a-f\\\\u \n]{0,24}") {
            if let Err(error) = parse(&text) {
                proptest::prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
