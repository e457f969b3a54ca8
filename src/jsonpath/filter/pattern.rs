//! `/regex/flags` in Java's syntax, with limited backtracking.

use fancy_regex::{Regex, RegexBuilder};

use crate::json;

/// The flags that may follow the closing slash: Java's `UNIX_LINES`, `CASE_INSENSITIVE`, `COMMENTS`, `MULTILINE`,
/// `DOTALL`, `UNICODE_CASE`, `UNICODE_CHARACTER_CLASS`.
pub(super) const FLAGS: &str = "dixmsuU";

/// The most steps of a match with look-around or back-references; other patterns run in linear time.
const BACKTRACK_MAX: usize = 100_000;
/// The largest size of a compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A pattern that has to match the whole text.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    weight: usize,
}

impl Pattern {
    /// Compiles a pattern; `None` if it is invalid.
    pub(super) fn compile(source: &str, flags: &str) -> Option<Self> {
        let ascii_classes = !flags.contains('U');
        let inline: String = ["i", "x", "m", "s"].into_iter().filter(|flag| flags.contains(*flag)).collect();
        let source = if ascii_classes { with_ascii_classes(source) } else { source.to_owned() };
        // A comment may run to the end of the pattern, so put the closing parenthesis on a new line.
        let newline = if flags.contains('x') { "\n" } else { "" };
        let inline = if inline.is_empty() { inline } else { format!("(?{inline})") };
        RegexBuilder::new(&format!("\\A(?:{inline}{source}{newline})\\z"))
            .backtrack_limit(BACKTRACK_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .delegate_dfa_size_limit(COMPILED_BYTES_MAX)
            .build()
            .ok()
            .map(|regex| Self { regex, weight: json::pattern_weight(&source) })
    }

    /// How many steps a search may take for each byte of the text.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether all of `text` matches; `None` if that takes too much backtracking to find out. The caller has charged the
    /// steps of a search without backtracking.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        self.regex.is_match(text).ok()
    }
}

/// Java's `\d`, `\w` and `\s` are ASCII, the regex engine's are Unicode.
fn with_ascii_classes(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        if c != '\\' {
            in_class = match c {
                '[' => true,
                ']' => false,
                _ => in_class,
            };
            out.push(c);
            continue;
        }
        let Some(class) = chars.next() else {
            out.push('\\');
            break;
        };
        let (negated, members) = match class {
            'd' => (false, "0-9"),
            'D' => (true, "0-9"),
            'w' => (false, "A-Za-z0-9_"),
            'W' => (true, "A-Za-z0-9_"),
            's' => (false, " \\t\\n\\x0B\\f\\r"),
            'S' => (true, " \\t\\n\\x0B\\f\\r"),
            // `\Q…\E` quotes in Java; the regex engine doesn't know it.
            'Q' => {
                let rest: String = chars.by_ref().collect();
                let (literal, after) = rest.split_once("\\E").unwrap_or((&rest, ""));
                out.push_str(&fancy_regex::escape(literal));
                out.push_str(&with_ascii_classes(after));
                return out;
            }
            _ => {
                out.push('\\');
                out.push(class);
                continue;
            }
        };
        let negation = if negated { "^" } else { "" };
        if in_class && !negated {
            out.push_str(members);
        } else {
            out.push_str(&format!("[{negation}{members}]"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[track_caller]
    fn check(source: &str, flags: &str, text: &str, expect: Option<bool>) {
        assert_eq!(
            Pattern::compile(source, flags).and_then(|p| p.matches(text)),
            expect,
            "/{source}/{flags}"
        );
    }

    #[test]
    fn patterns_match_whole_texts_as_in_java() {
        check("a", "", "ab", Some(false));
        check("a.*", "", "ab", Some(true));
        check("A", "i", "a", Some(true));
        check("a.b", "", "a\nb", Some(false));
        check("a.b", "s", "a\nb", Some(true));
        check("a b # comment", "x", "ab", Some(true));
        check("\\w\\d", "", "é1", Some(false));
        check("[\\w-]+", "", "a-1", Some(true));
        check("[^\\s]+\\S", "", "ab", Some(true));
        check("\\Qa.b\\E\\d", "", "a.b1", Some(true));
        check("(a)\\1", "", "aa", Some(true));
        check("(?=ab).*", "", "abc", Some(true));
        check("a|b", "", "b", Some(true));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for source in ["(", "[", "*"] {
            check(source, "", "", None);
        }
    }

    #[test]
    fn endless_backtracking_is_cut_short() {
        check("(a|a)*\\1b", "", &"a".repeat(60), None);
    }
}
