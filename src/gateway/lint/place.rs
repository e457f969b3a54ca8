//! Where in a JSON text the output of a template stands, as far as its literal text tells.

/// A place in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing but blanks was printed so far.
    Start,
    /// Where a value, a name or punctuation stands.
    Structure,
    /// Inside a string.
    String {
        /// Whether a backslash came last.
        is_escaped: bool,
        /// Whether the string has an escaped quote already: it is JSON that somebody wrote by hand.
        is_json: bool,
    },
    /// The output is no JSON, or branches disagree on where it stands.
    Unknown,
}

impl Place {
    /// The place behind more literal text.
    pub(super) fn after(self, text: &str) -> Self {
        text.chars().fold(self, |place, c| match (place, c) {
            (Self::Unknown, _) => Self::Unknown,
            (Self::Start, c) if c.is_whitespace() => Self::Start,
            (Self::Start, '{' | '[') => Self::Structure,
            (Self::Start, _) => Self::Unknown,
            (Self::Structure, '"') => Self::String { is_escaped: false, is_json: false },
            (Self::Structure, _) => Self::Structure,
            (Self::String { is_escaped: true, is_json }, c) => {
                Self::String { is_escaped: false, is_json: is_json || c == '"' }
            }
            (Self::String { is_json, .. }, '\\') => Self::String { is_escaped: true, is_json },
            (Self::String { .. }, '"') => Self::Structure,
            (string @ Self::String { .. }, _) => string,
        })
    }

    /// The place behind a value that is printed.
    pub(super) fn after_value(self) -> Self {
        match self {
            // Whatever is printed first may be anything.
            Self::Start | Self::Unknown => Self::Unknown,
            Self::Structure => Self::Structure,
            Self::String { is_json, .. } => Self::String { is_escaped: false, is_json },
        }
    }

    /// The place where two ways meet.
    pub(super) fn meet(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_begin_and_end_at_quotes() {
        let string = Place::String { is_escaped: false, is_json: false };
        let json = Place::String { is_escaped: false, is_json: true };
        for (text, expect) in [
            ("", Place::Start),
            (" \n", Place::Start),
            ("{", Place::Structure),
            (" [1, \"a\"", Place::Structure),
            ("{\"a", string),
            ("{\"a\\\"b", json),
            ("{\"a\\nb", string),
            ("{\"a\\", Place::String { is_escaped: true, is_json: false }),
            ("{\"a\\\\\"", Place::Structure),
            ("<xml a=\"", Place::Unknown),
            ("a=b", Place::Unknown),
        ] {
            assert_eq!(Place::Start.after(text), expect, "{text}");
        }
        assert_eq!(string.meet(Place::Structure), Place::Unknown);
        assert_eq!(Place::Start.after_value().after("{\""), Place::Unknown);
    }
}
