//! What of a source a function is to handle.

use serde_json::Value;

use crate::functions::pattern::Pattern;

/// Event patterns, one of which a record has to match. Without any, everything is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters(Vec<Pattern>);

impl Filters {
    /// Reads them; what is wrong with one otherwise.
    pub(super) fn parse(patterns: &[String]) -> Result<Self, String> {
        patterns.iter().map(|pattern| Pattern::parse(pattern)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a record is to be handled, whose member `text` is text that may be JSON.
    pub(super) fn want(&self, record: &Value, text: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        // Of what is no text, nothing is parsed.
        let Some(Value::String(given)) = record.get(text) else {
            return self.0.iter().any(|pattern| pattern.matches(record));
        };
        // Patterns of members are about the JSON, others about the text.
        let parsed = serde_json::from_str(given).ok();
        let parsed = parsed.filter(|parsed: &Value| parsed.is_object() || parsed.is_array()).map(|parsed| {
            let mut record = record.clone();
            record[text] = parsed;
            record
        });
        self.0.iter().any(|pattern| match (&parsed, pattern.wants_members_of(text)) {
            (Some(parsed), _) => pattern.matches(parsed),
            (None, true) => false,
            (None, false) => pattern.matches(record),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html>
    #[test]
    fn bodies_are_compared_as_what_they_are() {
        let check = |patterns: &[&str], body: &str, want: bool| {
            let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
            let filters = Filters::parse(&patterns).unwrap();
            assert_eq!(
                filters.want(&json!({"body": body, "id": 1}), "body"),
                want,
                "{patterns:?} and {body}"
            );
        };
        check(&[], "anything", true);
        // Plain text and JSON, against patterns of both, and of neither.
        check(&[r#"{"body": ["on"]}"#], "on", true);
        check(&[r#"{"body": ["on"]}"#], "off", false);
        check(&[r#"{"body": {"a": [1]}}"#], "on", false);
        check(&[r#"{"body": {"a": [{"exists": false}]}}"#], "on", false);
        check(&[r#"{"id": [1]}"#], "on", true);
        check(&[r#"{"body": ["on"]}"#], r#"{"a": 1}"#, false);
        check(&[r#"{"body": {"a": [1]}}"#], r#"{"a": 1}"#, true);
        check(&[r#"{"body": {"a": [1]}}"#], r#"{"a": 2}"#, false);
        check(&[r#"{"id": [1]}"#], r#"{"a": 1}"#, true);
        // One of several is enough.
        check(&[r#"{"body": ["x"]}"#, r#"{"body": ["on"]}"#], "on", true);
        check(&[r#"{"id": [2]}"#, r#"{"body": ["x"]}"#], "on", false);
        let change = Filters::parse(&[r#"{"dynamodb": {"a": [1]}}"#.to_owned()]).unwrap();
        assert!(change.want(&json!({"dynamodb": {"a": 1}}), "dynamodb"));
        assert!(Filters::parse(&["[]".to_owned()]).is_err());
    }
}
