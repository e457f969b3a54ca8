//! The names of variables: what they look like, and which a state refers to.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::fields::Fields;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 80;

/// How many bytes at the start of `text` are a variable's name; 0 if none are.
///
/// Unicode identifiers, told by the standard library's alphabetic and alphanumeric classes and `_`: no table of
/// `ID_Start` is at hand, and the two differ only in characters that nobody names variables with.
pub(super) fn name_length(text: &str) -> usize {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    if !text.starts_with(starts) {
        return 0;
    }
    text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
}

/// Whether `name` can be assigned: an identifier of at most 80 characters other than the reserved `states`.
pub(super) fn is_assignable(name: &str) -> bool {
    !name.is_empty()
        && name_length(name) == name.len()
        && name.chars().count() <= NAME_CHARS_MAX
        && name != "states"
}

/// The variables that a state refers to, sorted; those of the states inside it are their own.
pub(super) fn referenced(state: &Fields<'_>) -> Vec<Arc<str>> {
    let mut names = BTreeSet::new();
    for (key, value) in state.iter() {
        // `Result` is a literal, and these hold states.
        if !matches!(key, "Branches" | "ItemProcessor" | "Iterator" | "Result") {
            gather(key, value, &mut names);
        }
    }
    names.into_iter().map(Arc::from).collect()
}

/// Expressions are the values of keys that end in `.$` or `Path`, and `Variable`.
fn gather<'a>(key: &str, value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| gather(key, value, names)),
        Value::Array(elements) => elements.iter().for_each(|value| gather(key, value, names)),
        Value::String(text) if key.ends_with(".$") || key.ends_with("Path") || key == "Variable" => {
            gather_names(text, names);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every `$name` of an expression that doesn't stand in quotes.
fn gather_names<'a>(expression: &'a str, names: &mut BTreeSet<&'a str>) {
    let mut quoted = false;
    let mut escaped = false;
    for (index, c) in expression.char_indices() {
        let was_escaped = escaped;
        escaped = quoted && !was_escaped && c == '\\';
        match c {
            '\'' if !was_escaped => quoted = !quoted,
            '$' if !quoted => {
                let rest = &expression[index + 1..];
                let length = name_length(rest);
                if 0 < length {
                    names.insert(&rest[..length]);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::diagnostics::{Findings, Location};
    use super::*;

    #[test]
    fn references_are_found_in_expressions_only() {
        let state = json!({
            "Type": "Choice",
            "Comment": "$comment",
            "InputPath": "$in.a[0]",
            "OutputPath": "$$.Execution.Id",
            "Result": {"x.$": "$literal"},
            "Assign": {"b": "$literal", "a.$": "States.Format('$quoted \\' $quoted', $shown, $.x[?(@.y == $inner)])"},
            "Choices": [{"And": [{"Variable": "$été", "StringEqualsPath": "$b"}]}],
            "Branches": [{"InputPath": "$other"}],
        });
        let findings = Findings::default();
        let fields = Fields::of(&state, Location::default(), &findings).unwrap();
        let names = referenced(&fields);
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        assert_eq!(names, ["b", "in", "inner", "shown", "été"]);
    }
}
