//! Filter patterns: terms that a message has, has not, or may have.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

/// A pattern. One that looks into JSON or columns is none here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; `None` for one that isn't supported.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pattern = Self::default();
        let mut rest = text.trim();
        if rest.starts_with(['{', '[', '%']) {
            return None;
        }
        while !rest.is_empty() {
            let (into, after) = match rest.as_bytes().first() {
                Some(b'?') => (&mut pattern.any, rest.get(1..)?),
                Some(b'-') => (&mut pattern.none, rest.get(1..)?),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            into.push(term.to_owned());
            rest = after.trim_start();
        }
        Some(pattern)
    }

    pub(super) fn fits(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && (self.any.is_empty() || self.any.iter().any(has))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_fit_by_their_terms() {
        for (pattern, message, want) in [
            ("", "anything", true),
            ("ERROR", "an ERROR", true),
            ("ERROR", "an error", false),
            ("a b", "b and a", true),
            ("a z", "b and a", false),
            ("\"b and\" a", "b and a", true),
            ("a -b", "b and a", false),
            ("?x ?a", "b and a", true),
            ("?x ?y", "b and a", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().fits(message), want, "{pattern} {message}");
        }
        for pattern in ["{ $.x = 1 }", "[a, b]", "%x%", "\"open"] {
            assert_eq!(Pattern::parse(pattern), None);
        }
    }
}
