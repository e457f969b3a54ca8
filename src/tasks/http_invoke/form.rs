//! Bodies as forms: `RequestBodyEncoding` `URL_ENCODED`.

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::NOT_IN_QUERY;

/// How the items of a list are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=x&a[1]=y`
    #[default]
    Indices,
    /// `a=x&a=y`
    Repeat,
    /// `a=x,y`
    Commas,
    /// `a[]=x&a[]=y`
    Brackets,
}

impl ArrayFormat {
    /// AWS's word for it.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "INDICES" => Some(Self::Indices),
            "REPEAT" => Some(Self::Repeat),
            "COMMAS" => Some(Self::Commas),
            "BRACKETS" => Some(Self::Brackets),
            _ => None,
        }
    }
}

/// A value that stands alone, as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The form of an object; members of members stand in brackets: `a[b]=x`.
pub(super) fn encode(body: &Value, format: ArrayFormat) -> String {
    let mut out = String::new();
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                push(&mut out, name, value, format);
            }
        }
        other => out.extend(scalar(other).iter().flat_map(|text| encoded(text))),
    }
    out
}

fn push(out: &mut String, name: &str, value: &Value, format: ArrayFormat) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                push(out, &format!("{name}[{member}]"), value, format);
            }
        }
        Value::Array(items) if format == ArrayFormat::Commas => {
            let items: Vec<String> =
                items.iter().filter_map(scalar).map(|item| encoded(&item).collect()).collect();
            pair(out, name, &items.join(","));
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let name = match format {
                    ArrayFormat::Indices => format!("{name}[{i}]"),
                    ArrayFormat::Brackets => format!("{name}[]"),
                    ArrayFormat::Repeat | ArrayFormat::Commas => name.to_owned(),
                };
                push(out, &name, item, format);
            }
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text: String = encoded(&scalar(value).unwrap_or_default()).collect();
            pair(out, name, &text);
        }
    }
}

fn encoded(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, NOT_IN_QUERY)
}

/// Adds a pair whose value is encoded.
fn pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    out.extend(encoded(name));
    out.push('=');
    out.push_str(value);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_named_as_asked() {
        let body = json!({"array": ["a", "b c"], "o": {"x": true, "n": null}});
        for (format, want) in [
            (ArrayFormat::Indices, "array%5B0%5D=a&array%5B1%5D=b%20c"),
            (ArrayFormat::Repeat, "array=a&array=b%20c"),
            (ArrayFormat::Commas, "array=a,b%20c"),
            (ArrayFormat::Brackets, "array%5B%5D=a&array%5B%5D=b%20c"),
        ] {
            assert_eq!(encode(&body, format), format!("{want}&o%5Bx%5D=true"));
        }
    }

    #[test]
    fn only_objects_have_names() {
        assert_eq!(encode(&json!("a b"), ArrayFormat::Repeat), "a%20b");
        assert_eq!(encode(&json!([1]), ArrayFormat::Repeat), "");
    }
}
