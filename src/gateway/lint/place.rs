//! The position of a template's output within JSON text, as far as its literal text reveals it.

/// A position in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Only blanks have been printed so far.
    Start,
    /// Where a value, a name or punctuation can come.
    Structure,
    /// Inside a string.
    String {
        /// Whether the last character is a backslash.
        is_escaped: bool,
        /// Whether the string contains an escaped quote: it is hand-written JSON.
        is_json: bool,
    },
    /// The output is not JSON, or branches disagree.
    Unknown,
}

impl Place {
    /// The position after more literal text.
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

    /// The position after a printed value.
    pub(super) fn after_value(self) -> Self {
        match self {
            // The first printed value may be anything.
            Self::Start | Self::Unknown => Self::Unknown,
            Self::Structure => Self::Structure,
            Self::String { is_json, .. } => Self::String { is_escaped: false, is_json },
        }
    }

    /// The position where two branches join.
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
