//! Selection patterns: Java regular expressions, compiled for matching a whole text within a budget.

use fancy_regex::{Regex, RegexBuilder};

/// How many steps back one match may take before it counts as no match.
const BACKTRACKS_MAX: usize = 100_000;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern(Regex);

/// Why a pattern does not compile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PatternError {
    /// The syntax is none of Java's.
    #[error(transparent)]
    Syntax(#[from] Box<fancy_regex::Error>),
    /// `\Q` without `\E` is legal in Java, a lone backslash at the end is not.
    #[error("a backslash at the end of the pattern")]
    LoneBackslash,
}

impl Pattern {
    /// Compiles a Java regular expression.
    pub(crate) fn compile(java: &str) -> Result<Self, PatternError> {
        let translated = translate(java)?;
        let whole = format!("^(?:{translated})\\z");
        let regex = RegexBuilder::new(&whole).backtrack_limit(BACKTRACKS_MAX).build();
        Ok(Self(regex.map_err(Box::new)?))
    }

    /// Whether all of `text` matches. A match that needs too many steps is none.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }
}

/// Rewrites what Java writes differently: quotes `\Q…\E`, horizontal space `\h`, control characters `\cA`,
/// and the classes that Java names `\p{javaLowerCase}` and such. Java's `.` stops at a line's end as ours does.
fn translate(java: &str) -> Result<String, PatternError> {
    let mut out = String::with_capacity(java.len());
    let mut rest = java;
    let mut in_class = false;
    while let Some(at) = rest.find(['\\', '[', ']']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix('[') {
            in_class = true;
            out.push('[');
            rest = after;
            continue;
        }
        if let Some(after) = from.strip_prefix(']') {
            in_class = false;
            out.push(']');
            rest = after;
            continue;
        }
        let mut chars = from.chars();
        chars.next();
        let Some(escaped) = chars.next() else { return Err(PatternError::LoneBackslash) };
        let after = chars.as_str();
        rest = match escaped {
            'Q' => {
                let (quoted, after) = after.split_once("\\E").unwrap_or((after, ""));
                out.push_str(&fancy_regex::escape(quoted));
                after
            }
            'h' => {
                let space = r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";
                out.push_str(&if in_class { space.to_owned() } else { format!("[{space}]") });
                after
            }
            'c' if after.starts_with(|c: char| c.is_ascii()) => {
                let (letter, after) = after.split_at(1);
                let code = letter.bytes().next().unwrap_or_default() ^ 64;
                out.push_str(&format!("\\x{{{code:x}}}"));
                after
            }
            'p' | 'P'
                if after.starts_with("{java") || after.starts_with("{In") || after.starts_with("{Is") =>
            {
                let (name, after) = after.split_once('}').unwrap_or((after, ""));
                out.push_str(&format!("\\{escaped}{{{}}}", class(name.trim_start_matches('{'))));
                after
            }
            other => {
                out.push('\\');
                out.push(other);
                after
            }
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// The name that our engine has for one of Java's classes.
fn class(java: &str) -> &str {
    match java {
        "javaLowerCase" => "Lowercase",
        "javaUpperCase" => "Uppercase",
        "javaWhitespace" => "White_Space",
        "javaLetter" | "javaAlphabetic" => "Alphabetic",
        "javaDigit" => "Nd",
        other => other.strip_prefix("In").or_else(|| other.strip_prefix("Is")).unwrap_or(other),
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
