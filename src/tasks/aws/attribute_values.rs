//! DynamoDB's attribute values as tasks write them: typed, or plain.
//!
//! The SDK's class of a value can be made of a text or a list of texts alone, so that Step Functions takes
//! `"Key": {"Id": "x"}` for `"Key": {"Id": {"S": "x"}}`. Numbers and truth values, which it says nothing about, are
//! typed in the same manner.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>

use serde_json::{Value, json};

/// Members that map names to values.
const MAPS: [&str; 4] = ["Key", "Item", "ExpressionAttributeValues", "ExclusiveStartKey"];
/// Members, of older requests, that are values, or lists of them.
const VALUES: [&str; 2] = ["Value", "AttributeValueList"];
/// Types whose values are texts, numbers among them.
const TEXTS: [&str; 3] = ["S", "N", "B"];

/// Gives every plain value of a request its type.
pub(super) fn give_types(input: &mut Value) {
    each(input, &mut |value| {
        if let Some(typed) = typed(value) {
            *value = typed;
        }
    });
}

/// What is wrong with the values of a request, in AWS's words.
pub(super) fn refuse(input: &Value) -> Option<String> {
    let mut reason = None;
    each(&mut input.clone(), &mut |value| {
        let wrong = value.as_object().and_then(|members| {
            TEXTS
                .into_iter()
                .find(|text| members.get(*text).is_some_and(|it| !it.is_string() && !it.is_null()))
        });
        if let (None, Some(field)) = (&reason, wrong) {
            reason = Some(format!("The value for the field '{field}' must be a STRING"));
        }
    });
    reason
}

/// Calls `on` for every attribute value that isn't inside another.
fn each(input: &mut Value, on: &mut impl FnMut(&mut Value)) {
    match input {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::Object(values) if MAPS.contains(&name.as_str()) => {
                        values.values_mut().for_each(&mut *on)
                    }
                    Value::Array(keys) if name == "Keys" => {
                        let keys = keys.iter_mut().filter_map(Value::as_object_mut);
                        keys.flat_map(|key| key.values_mut()).for_each(&mut *on);
                    }
                    Value::Array(values) if VALUES.contains(&name.as_str()) => {
                        values.iter_mut().for_each(&mut *on)
                    }
                    value if VALUES.contains(&name.as_str()) => on(value),
                    value => each(value, on),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, on)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A plain value with its type; `None` for one that has it, or that no type fits.
fn typed(plain: &Value) -> Option<Value> {
    match plain {
        Value::String(text) => Some(json!({ "S": text })),
        Value::Number(number) => Some(json!({ "N": number.to_string() })),
        Value::Bool(truth) => Some(json!({ "BOOL": truth })),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            Some(json!({ "SS": items }))
        }
        Value::Array(_) | Value::Object(_) | Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut input: Value, expect: &Value) {
        give_types(&mut input);
        assert_eq!(input, *expect);
    }

    #[test]
    fn plain_values_get_their_type() {
        check(
            json!({"TableName": "t", "Key": {"Id": "x", "At": 5, "Old": {"S": "y"}}, "ConsistentRead": true}),
            &json!({"TableName": "t", "Key": {"Id": {"S": "x"}, "At": {"N": "5"}, "Old": {"S": "y"}},
                "ConsistentRead": true}),
        );
        check(
            json!({"Item": {"On": false, "Tags": ["a", "b"], "M": {"M": {"k": {"S": "v"}}}, "L": []},
                "ExpressionAttributeValues": {":n": 1.5}, "ExpressionAttributeNames": {"#a": "a"}}),
            &json!({"Item": {"On": {"BOOL": false}, "Tags": {"SS": ["a", "b"]}, "M": {"M": {"k": {"S": "v"}}}, "L": []},
                "ExpressionAttributeValues": {":n": {"N": "1.5"}}, "ExpressionAttributeNames": {"#a": "a"}}),
        );
        check(
            json!({"RequestItems": {"t": [{"PutRequest": {"Item": {"Id": "x"}}}, {"DeleteRequest": {"Key": {"Id": "y"}}}]}}),
            &json!({"RequestItems": {"t": [{"PutRequest": {"Item": {"Id": {"S": "x"}}}},
                {"DeleteRequest": {"Key": {"Id": {"S": "y"}}}}]}}),
        );
        check(
            json!({"RequestItems": {"t": {"Keys": [{"Id": "x"}]}}, "Expected": {"a": {"Value": "b"}}}),
            &json!({"RequestItems": {"t": {"Keys": [{"Id": {"S": "x"}}]}}, "Expected": {"a": {"Value": {"S": "b"}}}}),
        );
    }

    #[test]
    fn typed_texts_are_texts() {
        for (input, reason) in [
            (json!({"Item": {"Id": {"S": "x"}, "n": {"N": "5"}}}), None),
            (json!({"Item": {"n": {"N": 5}}}), Some("The value for the field 'N' must be a STRING")),
            (json!({"Key": {"Id": {"S": {"a": 1}}}}), Some("The value for the field 'S' must be a STRING")),
            (json!({"Key": {"Id": "plain"}}), None),
        ] {
            assert_eq!(refuse(&input).as_deref(), reason, "{input}");
        }
    }
}
