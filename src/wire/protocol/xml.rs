//! Writes JSON values as the XML of the AWS query protocol.

use serde_json::Value;

/// Appends `value` as an element: members become elements with their names, items become `<member>`s, null is left out.
pub(super) fn element(out: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    out.push('<');
    out.push_str(name);
    out.push('>');
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                element(out, name, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                element(out, "member", item);
            }
        }
        Value::String(text) => push_text(out, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Appends what is inside of an element of REST-XML: items of a list are elements with the list's name.
pub(super) fn content(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let items = match value {
                    Value::Array(items) => items.as_slice(),
                    Value::Null => &[],
                    one => std::slice::from_ref(one),
                };
                for item in items {
                    out.push_str(&format!("<{name}>"));
                    content(out, item);
                    out.push_str(&format!("</{name}>"));
                }
            }
        }
        Value::String(text) => push_text(out, text),
        // No document has a list of lists.
        Value::Array(_) | Value::Null => {}
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Parsers would convert a bare carriage return to a newline.
            '\r' => out.push_str("&#xD;"),
            '\n' | '\t' => out.push(c),
            // XML 1.0 can't represent the others.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_elements() {
        let mut out = String::new();
        let value = json!({"Name": "a<&>\"\u{1}\r", "Tags": [{"Key": "k"}], "None": null, "Max": 3600});
        element(&mut out, "Role", &value);
        assert_eq!(
            out,
            "<Role><Name>a&lt;&amp;&gt;&quot;\u{fffd}&#xD;</Name><Tags><member><Key>k</Key></member></Tags>\
             <Max>3600</Max></Role>"
        );
    }
}
