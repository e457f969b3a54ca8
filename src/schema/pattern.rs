//! `pattern` in schemas: regular expressions in Java's syntax, or in that of older JavaScript.
//!
//! Draft 4 requires ECMA 262 patterns, but JavaScript engines have always been more lenient than that grammar: a hyphen
//! beside a class, and a brace that is not a count, stand for themselves. AWS accepts such models. To refuse nothing
//! that works there, a pattern may be either Java's or a lenient one.

use fancy_regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::vtl::java_pattern::{is_count, translate};

/// How often matching may backtrack before the text counts as not matching.
const BACKTRACKS_MAX: usize = 20_000;

/// Compiles a pattern; `None` if it is invalid.
pub(super) fn compile(text: &str) -> Option<Regex> {
    let build = |pattern: &str| {
        let translated = translate(pattern).ok()?;
        RegexBuilder::new(&translated).backtrack_limit(BACKTRACKS_MAX).build().ok()
    };
    build(text).or_else(|| build(&strict(text)))
}

/// A lenient ECMA 262 pattern, with everything escaped that stands for itself there but not in Java.
fn strict(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    let mut is_in_class = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                out.push('\\');
                out.extend(rest.next());
            }
            '[' if is_in_class => out.push_str("\\["),
            '[' => {
                let is_negated = rest.next_if_eq(&'^').is_some();
                if rest.next_if_eq(&']').is_some() {
                    // A class that matches nothing, and one that matches everything.
                    out.push_str(if is_negated { "[\\s\\S]" } else { "(?!)" });
                    continue;
                }
                is_in_class = true;
                out.push_str(if is_negated { "[^" } else { "[" });
            }
            ']' if is_in_class => {
                is_in_class = false;
                out.push(']');
            }
            '&' if is_in_class => out.push_str("\\&"),
            '{' if !is_in_class && !is_count(rest.clone()) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

/// Removes the patterns from `schema` and all schemas in it; `false` if one of them is invalid.
///
/// The meta-schema of draft 4 checks patterns with a stricter grammar, and so would refuse too many.
pub(super) fn take_patterns(schema: &mut Value) -> bool {
    let Some(members) = schema.as_object_mut() else { return true };
    if let Some(Value::String(text)) = members.get("pattern") {
        if compile(text).is_none() {
            return false;
        }
        members.remove("pattern");
    }
    if let Some(Value::Object(by_pattern)) = members.get("patternProperties")
        && !by_pattern.keys().all(|pattern| compile(pattern).is_some())
    {
        return false;
    }
    members.iter_mut().all(|(keyword, value)| match keyword.as_str() {
        "properties" | "patternProperties" | "definitions" | "dependencies" => {
            value.as_object_mut().into_iter().flatten().all(|(_, schema)| take_patterns(schema))
        }
        "items" | "allOf" | "anyOf" | "oneOf" if value.is_array() => {
            value.as_array_mut().into_iter().flatten().all(take_patterns)
        }
        "items" | "additionalItems" | "additionalProperties" | "not" => take_patterns(value),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_javas_or_those_of_lax_javascript() {
        for (pattern, text, expect) in [
            (r"^[\w-_]+$", "a-b", true),
            (r"^[a-z\d-.]+$", "a.b-1", true),
            (r"/path/[~%.\w-_]*/", "x/path/~a-b/y", true),
            ("^{[a-z]+}$", "{abc}", true),
            (r"^\d{2}-{id}$", "12-{id}", true),
            ("^[[]$", "[", true),
            ("a[^]b", "a\nb", true),
            ("[]", "", false),
            (r"^\/a\-b\_$", "/a-b_", true),
            ("^[a-z&&[^b]]$", "b", false),
            ("^[a-z&&[^b]]$", "c", true),
            ("(?i)^abc$", "ABC", true),
            (r"^\p{L}+$", "é", true),
            (r"^\w$", "é", false),
            ("^a++b$", "aab", true),
            (r"^(?=.*\d)(?=.*[a-z]).{4,8}$", "a1bc", true),
            (r"^(?!foo)", "foobar", false),
            ("b", "abc", true),
            ("^a$", "a\n", false),
        ] {
            let regex = compile(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!(regex.is_match(text).unwrap(), expect, "{pattern} on {text}");
        }
        for pattern in ["(", "[a", "*a", "a\\", "(?<n", "[z-a]", ")"] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
