//! Parses a template's text to one JSON value, with CloudFormation's short tags expanded (`!Ref` → `Ref`, `!GetAtt` →
//! `Fn::GetAtt`).

use serde_json::{Map, Value};

use super::error::Error;
use crate::yaml;

/// The largest template, in bytes; CloudFormation's own limit for a template in S3.
const TEMPLATE_BYTES_MAX: usize = 1_048_576;

/// Parses `text`, YAML or JSON.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
    if TEMPLATE_BYTES_MAX < text.len() {
        return Err(Error::Syntax(format!("the text is larger than {TEMPLATE_BYTES_MAX} bytes")));
    }
    yaml::parse(text, spelled_out).map_err(|error| Error::Syntax(error.to_string()))
}

/// The function for a short tag.
fn spelled_out(tag: &str, value: Value) -> Option<Value> {
    let (function, value) = match (tag, value) {
        ("Ref" | "Condition", value) => (tag.to_owned(), value),
        // The short form takes `Resource.Attribute` as one string.
        ("GetAtt", Value::String(text)) => match text.split_once('.') {
            Some((resource, attribute)) => ("Fn::GetAtt".to_owned(), Value::from(vec![resource, attribute])),
            None => ("Fn::GetAtt".to_owned(), Value::String(text)),
        },
        (
            "And" | "Base64" | "Cidr" | "Contains" | "EachMemberEquals" | "EachMemberIn" | "Equals"
            | "FindInMap" | "GetAZs" | "GetAtt" | "If" | "ImportValue" | "Join" | "Length" | "Not" | "Or"
            | "Select" | "Split" | "Sub" | "ToJsonString" | "Transform",
            value,
        ) => (format!("Fn::{tag}"), value),
        _ => return None,
    };
    Some(Value::Object(Map::from_iter([(function, value)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_tags_are_spelled_out() {
        let got =
            parse("a: !Ref X\nb: !GetAtt R.Arn\nc: !Sub '${X}-y'\nd: !Join ['', [a, !Ref B]]\n").unwrap();
        let want = json!({
            "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["R", "Arn"]}, "c": {"Fn::Sub": "${X}-y"},
            "d": {"Fn::Join": ["", ["a", {"Ref": "B"}]]}
        });
        assert_eq!(got, want);
    }

    #[test]
    fn unknown_tags_are_refused() {
        assert!(matches!(parse("a: !Nope x"), Err(Error::Syntax(_))));
    }

    #[test]
    fn texts_are_as_long_and_as_deep_as_they_may_be() {
        let long = |n_bytes: usize| format!("a: b\n#{}", "x".repeat(n_bytes - 6));
        assert!(parse(&long(TEMPLATE_BYTES_MAX)).is_ok());
        let error = parse(&long(TEMPLATE_BYTES_MAX + 1)).unwrap_err().to_string();
        assert!(error.contains("larger than 1048576 bytes"), "{error}");
        let lists = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(&format!("a: {}", lists(64))).is_ok());
        assert!(parse(&format!("a: {}", lists(65))).is_err());
        let json = |n: usize| format!("{{\"a\": {}}}", lists(n - 1));
        assert!(parse(&json(127)).is_ok());
        assert!(parse(&json(128)).is_err());
    }
}
