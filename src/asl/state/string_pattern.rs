//! The patterns of `StringMatches`: `*` is any run of characters, `\*` a star and `\\` a backslash.

/// A compiled pattern; matching takes time linear in the text for each star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StringPattern {
    /// What stands before the first star: the whole pattern if there is none.
    prefix: String,
    /// What stands between stars, and after the last; empty if there is no star.
    rest: Vec<String>,
}

impl StringPattern {
    pub(super) fn compile(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let literal = match (c, chars.peek()) {
                ('\\', Some('*' | '\\')) => chars.next(),
                ('*', _) => None,
                _ => Some(c),
            };
            match (literal, pieces.last_mut()) {
                (Some(literal), Some(piece)) => piece.push(literal),
                (Some(_), None) | (None, _) => pieces.push(String::new()),
            }
        }
        let rest = pieces.split_off(1);
        Self { prefix: pieces.pop().unwrap_or_default(), rest }
    }

    /// Whether the whole of `text` fits.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((last, between)) = self.rest.split_last() else { return text == self.prefix };
        let Some(mut text) = text.strip_prefix(self.prefix.as_str()) else { return false };
        for piece in between {
            // The leftmost place leaves the most to the pieces after it.
            match text.find(piece.as_str()) {
                Some(at) => text = &text[at + piece.len()..],
                None => return false,
            }
        }
        text.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run_and_escapes_for_themselves() {
        for (pattern, text, expect) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("log-*.txt", "log-1.txt", true),
            ("log-*.txt", "log-.txt", true),
            ("log-*.txt", "log-1.txt2", false),
            ("log-*.txt", "LOG-1.txt", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aba", false),
            ("a*a", "a", false),
            ("a**b", "a-b", true),
            (r"foo\*bar", "foo*bar", true),
            (r"foo\*bar", "fooxbar", false),
            (r"a\\*", r"a\xyz", true),
            (r"a\\*", "axyz", false),
            (r"a\b", r"a\b", true),
            (r"a\", r"a\", true),
            ("a?c", "abc", false),
            ("[a-z]", "b", false),
            ("é*", "été", true),
            ("é*", "tété", false),
            ("*é", "été", true),
        ] {
            assert_eq!(StringPattern::compile(pattern).matches(text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = StringPattern::compile(&"*a".repeat(500));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5000))));
    }
}
