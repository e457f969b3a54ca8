//! Selection patterns: Java regular expressions that have to match a whole text, within a budget.

use fancy_regex::{Regex, RegexBuilder};

use crate::json;
use crate::vtl::java_pattern::{JavaPatternError, translate};

/// How often one match may backtrack before it counts as no match.
const BACKTRACKS_MAX: usize = 100_000;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    weight: usize,
}

/// Why a pattern does not compile.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// The syntax is invalid.
    #[error(transparent)]
    Syntax(#[from] Box<fancy_regex::Error>),
    /// Java would not accept it, even though our engine does.
    #[error(transparent)]
    Java(#[from] JavaPatternError),
}

impl Pattern {
    /// Compiles a Java regular expression.
    pub fn compile(java: &str) -> Result<Self, PatternError> {
        let translated = translate(java)?;
        let whole = format!("^(?:{translated})\\z");
        let regex = RegexBuilder::new(&whole).backtrack_limit(BACKTRACKS_MAX).build();
        Ok(Self { regex: regex.map_err(Box::new)?, weight: json::pattern_weight(java) })
    }

    /// Whether all of `text` matches. A match that needs too many steps counts as none.
    pub fn matches(&self, text: &str) -> bool {
        text.len().saturating_mul(self.weight) <= json::PATTERN_STEPS_MAX
            && self.regex.is_match(text).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expect: bool) {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(compiled.matches(text), expect, "{pattern} on {text:?}");
    }

    #[test]
    fn a_text_is_as_long_as_its_pattern_allows() {
        // A weight of 10,002 for each byte; what is longer counts as no match.
        let pattern = "[^c]*|(a{100}){100}";
        check(pattern, &"b".repeat(24_900), true);
        check(pattern, &"b".repeat(25_000), false);
    }

    #[test]
    fn patterns_match_the_whole_text() {
        check(r"2\d{2}", "200", true);
        check(r"2\d{2}", "2000", false);
        check("Error", "An Error", false);
        check(".*Error.*", "An Error here", true);
        check("4..|5..", "404", true);
        check("4..|5..", "5044", false);
        check(".*", "two\nlines", false);
        check(r"[\s\S]*", "two\nlines", true);
        check(r"(\n|.)*", "two\nlines", true);
        check("a", "a\n", false);
    }

    #[test]
    fn javas_own_writings_are_understood() {
        check(r"\Qa.b\E+", "a.bbb", true);
        check(r"\Qa.b", "a.b", true);
        check(r"a\hb", "a b", true);
        check(r"a\hb", "afb", false);
        check(r"[\hx]", "\t", true);
        check(r"\cA", "\u{1}", true);
        check(r"\p{javaLowerCase}+", "abc", true);
        check(r"\p{IsAlphabetic}", "é", true);
        check(r"(?i)error", "ERROR", true);
        check(r"(?=a)a", "a", true);
    }

    #[test]
    fn broken_patterns_are_errors_and_costly_ones_end() {
        for bad in ["(", "[", "a\\", "*"] {
            assert!(Pattern::compile(bad).is_err(), "{bad}");
        }
        let evil = Pattern::compile(r"(a+)+(?=b)c").unwrap();
        assert!(!evil.matches(&"a".repeat(200)));
    }
}
