//! The templates of `States.Format`.

use super::error::ArgumentError;

/// A template cut at its `{}`: one text more than there are placeholders.
#[derive(Debug)]
pub(super) struct Template {
    texts: Vec<String>,
}

/// The brace of a template that has no partner. A brace that shall be printed is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoneBrace {
    Opening,
    Closing,
}

impl From<LoneBrace> for ArgumentError {
    fn from(lone: LoneBrace) -> Self {
        match lone {
            LoneBrace::Opening => Self::LoneBrace { found: '{', missing: '}' },
            LoneBrace::Closing => Self::LoneBrace { found: '}', missing: '{' },
        }
    }
}

impl Template {
    /// A template written in the definition: characters, each with whether it was escaped. An escaped brace is no
    /// placeholder; an unescaped one needs its partner right beside it.
    pub(super) fn from_literal(characters: &[(char, bool)]) -> Result<Self, LoneBrace> {
        let mut texts = vec![String::new()];
        let mut rest = characters;
        loop {
            match rest {
                [] => return Ok(Self { texts }),
                [('{', false), ('}', false), after @ ..] => {
                    texts.push(String::new());
                    rest = after;
                }
                [('{', false), ..] => return Err(LoneBrace::Opening),
                [('}', false), ..] => return Err(LoneBrace::Closing),
                [(c, _), after @ ..] => {
                    if let Some(text) = texts.last_mut() {
                        text.push(*c);
                    }
                    rest = after;
                }
            }
        }
    }

    /// A template that came as data. There `\{` and `\}` are braces, and other backslashes are themselves.
    pub(super) fn from_value(text: &str) -> Result<Self, LoneBrace> {
        let mut characters = Vec::with_capacity(text.len());
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match rest.peek() {
                Some(brace @ ('{' | '}')) if c == '\\' => {
                    characters.push((*brace, true));
                    rest.next();
                }
                _ => characters.push((c, false)),
            }
        }
        Self::from_literal(&characters)
    }

    pub(super) fn n_placeholders(&self) -> usize {
        self.texts.len() - 1
    }

    /// The texts between the placeholders.
    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }
}
