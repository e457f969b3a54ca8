//! A JSON value as YAML text.

use std::fmt::Write;

use serde_json::Value;

/// Prints `value` as a YAML document that parses to the same value: block maps and lists, strings quoted as in JSON
/// (which YAML can read), members in their order.
pub fn print(value: &Value) -> String {
    let mut out = String::from("---\n");
    match value {
        Value::Object(members) if !members.is_empty() => block(value, 0, &mut out),
        Value::Array(items) if !items.is_empty() => block(value, 0, &mut out),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => push(&mut out, format_args!("{value}\n")),
    }
    out
}

/// The lines of a non-empty map or list, indented by `depth`.
fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = " ".repeat(2 * depth);
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                push(out, format_args!("{indent}{}:", key_text(key)));
                after_mark(member, depth, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                push(out, format_args!("{indent}-"));
                after_mark(item, depth, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What follows `key:` or `-`: a scalar on the same line, or a block below.
fn after_mark(value: &Value, depth: usize, out: &mut String) {
    let is_block = value.as_object().is_some_and(|members| !members.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if is_block {
        out.push('\n');
        block(value, depth + 1, out);
    } else {
        push(out, format_args!(" {value}\n"));
    }
}

/// A key of word characters and slashes is written without quotes, unless YAML would read it as something other than a
/// string.
fn key_text(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./$".contains(&b))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .iter()
            .any(|word| key.eq_ignore_ascii_case(word));
    if plain { key.to_owned() } else { Value::from(key).to_string() }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{no_tags, parse};
    use super::*;

    #[test]
    fn maps_and_lists_are_blocks() {
        let value = json!({"a": {"b": [1, {"c": null}], "200": {}}, "on": "x: y", "/p/{id}": []});
        assert_eq!(
            print(&value),
            "---\na:\n  b:\n    - 1\n    -\n      c: null\n  \"200\": {}\n\"on\": \"x: y\"\n\"/p/{id}\": []\n"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~\\n\\t\u{e4}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ -~]{1,8}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(value in prop::collection::vec(("[ -~]{1,8}", any_value()), 1..4)) {
            let value = Value::Object(value.into_iter().collect());
            prop_assert_eq!(parse(&print(&value), no_tags).unwrap(), value);
        }
    }
}
