//! The templates of `States.Format`.

/// A template cut at its `{}`: one text more than there are placeholders.
#[derive(Debug)]
pub(super) struct Template {
    texts: Vec<String>,
}

impl Template {
    /// A template written in the definition: characters, each with whether it was escaped. An escaped brace is no
    /// placeholder; neither is a brace without its partner.
    pub(super) fn from_literal(characters: &[(char, bool)]) -> Self {
        let mut texts = vec![String::new()];
        let mut rest = characters;
        loop {
            match rest {
                [] => return Self { texts },
                [('{', false), ('}', false), after @ ..] => {
                    texts.push(String::new());
                    rest = after;
                }
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
    pub(super) fn from_value(text: &str) -> Self {
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
