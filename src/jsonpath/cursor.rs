//! A position in a path or a filter, with the look-around that Jayway's grammar needs.
//!
//! The grammar is defined by a hand-written parser and its oddities (only spaces are blanks, some characters after a
//! closing bracket are skipped), so this parser uses the same primitives.

use super::error::PathError;

/// Why parsing stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// Jayway's `InvalidPathException`, from which a filter may recover.
    Invalid(PathError),
    /// An error that Jayway did not anticipate: the text ended, or a literal is not a number.
    Broken,
}

pub(super) type Read<T> = Result<T, Stop>;

/// A text of which the characters `position..=last` are in bounds.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    chars: &'t [char],
    position: usize,
    /// The index after the last character in bounds.
    end: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(chars: &'t [char]) -> Self {
        Self { chars, position: 0, end: chars.len() }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn set_position(&mut self, position: usize) {
        self.position = position;
    }

    pub(super) fn advance(&mut self, n: usize) {
        self.position += n;
    }

    pub(super) fn shrink_end(&mut self) {
        self.end = self.end.saturating_sub(1);
    }

    /// An `InvalidPathException` at the current position.
    pub(super) fn invalid(&self, message: impl Into<String>) -> Stop {
        Stop::Invalid(PathError { position: self.position, message: message.into() })
    }

    pub(super) fn text(&self) -> String {
        self.chars.iter().collect()
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> Read<&'t [char]> {
        self.chars.get(from..to).ok_or(Stop::Broken)
    }

    pub(super) fn slice_text(&self, from: usize, to: usize) -> Read<String> {
        Ok(self.slice(from, to)?.iter().collect())
    }

    pub(super) fn at(&self, index: usize) -> Read<char> {
        self.chars.get(index).copied().ok_or(Stop::Broken)
    }

    pub(super) fn current(&self) -> Read<char> {
        self.at(self.position)
    }

    pub(super) fn current_is(&self, c: char) -> bool {
        self.chars.get(self.position) == Some(&c)
    }

    pub(super) fn last_is(&self, c: char) -> bool {
        0 < self.end && self.chars.get(self.end - 1) == Some(&c)
    }

    pub(super) fn in_bounds(&self) -> bool {
        self.position < self.end
    }

    /// Whether the current character is the last one or after it.
    pub(super) fn at_tail(&self) -> bool {
        self.end <= self.position + 1
    }

    /// The character at `index`, if in bounds.
    pub(super) fn get(&self, index: usize) -> Option<char> {
        if index < self.end { self.chars.get(index).copied() } else { None }
    }

    /// Skips spaces, but never the last character.
    pub(super) fn skip_blanks(&mut self) -> &mut Self {
        while self.position + 1 < self.end && self.current_is(' ') {
            self.position += 1;
        }
        self
    }

    pub(super) fn trim(&mut self) {
        self.skip_blanks();
        while self.position + 1 < self.end && self.last_is(' ') {
            self.end -= 1;
        }
    }

    /// The first character after `index` that is not a space.
    pub(super) fn significant_after(&self, index: usize) -> Option<(usize, char)> {
        (index + 1..self.end).map(|i| (i, self.chars[i])).find(|(_, c)| *c != ' ')
    }

    /// The position of `c`, if it is the first character after `index` that is not a space.
    pub(super) fn significant_index_of(&self, index: usize, c: char) -> Option<usize> {
        self.significant_after(index).filter(|(_, found)| *found == c).map(|(i, _)| i)
    }

    /// The last character before `index` that is not a space.
    pub(super) fn significant_before(&self, index: usize) -> Option<(usize, char)> {
        let before = self.chars.get(..index)?;
        before.iter().enumerate().rev().find(|(_, c)| **c != ' ').map(|(i, c)| (i, *c))
    }

    pub(super) fn index_of(&self, from: usize, c: char) -> Option<usize> {
        (from..self.end).find(|i| self.chars[*i] == c)
    }

    /// The next `c` that is not escaped by a backslash (a backslash may itself be escaped).
    pub(super) fn index_of_unescaped(&self, from: usize, c: char) -> Option<usize> {
        (from..self.end).find(|i| {
            let escaped = 1 <= *i && self.chars[i - 1] == '\\' && !(2 <= *i && self.chars[i - 2] == '\\');
            self.chars[*i] == c && !escaped
        })
    }

    /// The bracket that closes the one at `start`. Brackets inside strings, and inside `/…/` if `skip_regex`, do not
    /// count.
    pub(super) fn index_of_closing(
        &self,
        start: usize,
        open: char,
        close: char,
        skip_regex: bool,
    ) -> Read<Option<usize>> {
        let mut depth = 1;
        let mut index = start + 1;
        while let Some(mut c) = self.get(index) {
            if c == '\'' || c == '"' {
                index = self.index_of_unescaped(index + 1, c).ok_or_else(|| {
                    let text = self.text();
                    self.invalid(format!("Could not find matching close quote for {c} when parsing : {text}"))
                })? + 1;
                match self.get(index) {
                    Some(next) => c = next,
                    None => break,
                }
            }
            if skip_regex && c == '/' {
                index = self.index_of_unescaped(index + 1, '/').ok_or_else(|| {
                    let text = self.text();
                    self.invalid(format!(
                        "Could not find matching close for / when parsing regex in : {text}"
                    ))
                })? + 1;
                match self.get(index) {
                    Some(next) => c = next,
                    None => break,
                }
            }
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(index));
                }
            }
            index += 1;
        }
        Ok(None)
    }
}

/// Resolves the escapes of a quoted text: `\n`, `\u00e9` and the like become their character; before any other
/// character the backslash is dropped.
pub(super) fn unescape(text: &[char]) -> String {
    unescape_but(text, None)
}

/// The same for a property's name in `quote`s. A backslash before the other kind of quote, which needs none, is kept:
/// recordings show that Step Functions finds the member `a\"b` with `$['a\"b']`.
pub(super) fn unescape_name(text: &[char], quote: char) -> String {
    unescape_but(text, Some(if quote == '"' { '\'' } else { '"' }))
}

fn unescape_but(text: &[char], kept: Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.iter().copied();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            None => out.push('\\'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('b') => out.push('\u{8}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                    Some(c) if digits.len() == 4 => out.push(c),
                    _ => {
                        out.push('u');
                        out.push_str(&digits);
                    }
                }
            }
            Some(other) => {
                if kept == Some(other) {
                    out.push('\\');
                }
                out.push(other);
            }
        }
    }
    out
}
