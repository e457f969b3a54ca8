//! Why a text is not JSON, in Jackson's words.

use std::fmt;

/// Where parsing stopped. As in Jackson, line and column count from 1, and the column is the one after the last
/// character read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The kinds of syntax errors. `Display` is Jackson's message without the position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// The text is empty or only white space.
    #[error("No content to map due to end-of-input")]
    Empty,
    /// A word that is not a JSON token.
    #[error(
        "Unrecognized token '{0}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )]
    UnrecognizedToken(String),
    /// `NaN`, `Infinity`, `-Infinity`.
    #[error("Non-standard token '{0}': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow")]
    NonStandardToken(&'static str),
    /// A character in a place where another one is expected.
    #[error("Unexpected character ({}): {expected}", Shown(*.found))]
    UnexpectedCharacter {
        /// The character found.
        found: char,
        /// What was expected, for example `was expecting double-quote to start field name`.
        expected: &'static str,
    },
    /// A closing bracket of the wrong kind.
    #[error("Unexpected close marker '{found}': expected '{expected}'")]
    UnexpectedCloseMarker {
        /// The bracket found.
        found: char,
        /// The bracket expected.
        expected: char,
    },
    /// The text ends too early.
    #[error("Unexpected end-of-input{0}")]
    UnexpectedEnd(&'static str),
    /// A raw control character inside a string.
    #[error(
        "Illegal unquoted character ((CTRL-CHAR, code {code})): has to be escaped using backslash to be included in {place}"
    )]
    ControlCharacter {
        /// The character's code point.
        code: u32,
        /// Where it occurs: `string value` or `name`.
        place: &'static str,
    },
    /// A backslash before a character that can't be escaped.
    #[error("Unrecognized character escape {}", Shown(*.0))]
    UnrecognizedEscape(char),
    /// A number in a form that JSON doesn't allow.
    #[error("Invalid numeric value: {0}")]
    InvalidNumber(&'static str),
    /// Half a surrogate pair, which no [`Value`](super::Value) can hold.
    #[error("Incomplete surrogate pair in a string")]
    LoneSurrogate,
    /// A number beyond the range of a double.
    #[error("Numeric value out of range of double")]
    NumberOutOfRange,
    /// Nests deeper than [`DEPTH_MAX`](super::DEPTH_MAX).
    #[error("Document nesting depth ({}) exceeds the maximum allowed ({max})", max + 1)]
    TooDeep {
        /// The limit, in levels.
        max: usize,
    },
}

/// Text that is not JSON. `Display` is Jackson's message without the position; see [`SyntaxError::located`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SyntaxError {
    /// The kind of error.
    pub kind: SyntaxErrorKind,
    /// Where parsing stopped.
    pub location: Location,
}

impl SyntaxError {
    /// Jackson's description of the source: `[Source: (String)"not json"; line: 1, column: 4]`, with at most the first
    /// 500 characters of `source`.
    #[must_use]
    pub fn source_location(&self, source: &str) -> String {
        const SHOWN_MAX: usize = 500;
        let Location { line, column } = self.location;
        match source.char_indices().nth(SHOWN_MAX) {
            None => format!("[Source: (String)\"{source}\"; line: {line}, column: {column}]"),
            Some((cut, _)) => {
                let (shown, rest) = source.split_at(cut);
                let hidden = rest.chars().count();
                format!(
                    "[Source: (String)\"{shown}\"[truncated {hidden} chars]; line: {line}, column: {column}]"
                )
            }
        }
    }

    /// The message with the position, as Jackson's `getMessage()` has it.
    #[must_use]
    pub fn located(&self, source: &str) -> String {
        format!("{self}\n at {}", self.source_location(source))
    }
}

/// A character as Jackson shows it: `'x' (code 120)`, `(CTRL-CHAR, code 10)`.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u32::from(self.0);
        match code {
            0..=31 => write!(f, "(CTRL-CHAR, code {code})"),
            32..=255 => write!(f, "'{}' (code {code})", self.0),
            _ => write!(f, "'{}' (code {code} / 0x{code:x})", self.0),
        }
    }
}
