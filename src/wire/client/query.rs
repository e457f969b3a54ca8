//! AWS's query protocol: forms there, XML back.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::Element;

/// Everything but RFC 3986's unreserved characters.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Members that are maps rather than structures, with what they call keys and values.
const MAPS: [(&str, &str, &str); 2] =
    [("MessageAttributes", "Name", "Value"), ("Attributes", "key", "value")];

/// The form that calls `action`.
pub fn form(action: &str, version: &str, input: &Value) -> String {
    let mut pairs =
        vec![("Action".to_owned(), action.to_owned()), ("Version".to_owned(), version.to_owned())];
    push(&mut pairs, String::new(), input);
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(&name, FORM));
        text.push('=');
        text.extend(utf8_percent_encode(&value, FORM));
    }
    text
}

fn push(pairs: &mut Vec<(String, String)>, name: String, value: &Value) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Null => {}
        Value::Bool(value) => pairs.push((name, value.to_string())),
        Value::Number(value) => pairs.push((name, value.to_string())),
        Value::String(value) => pairs.push((name, value.clone())),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                push(pairs, below(&format!("member.{}", i + 1)), item);
            }
        }
        Value::Object(members) => {
            let last = name.rsplit('.').next().unwrap_or_default();
            match MAPS.iter().find(|(map, ..)| *map == last) {
                None => members.iter().for_each(|(member, value)| push(pairs, below(member), value)),
                Some((_, key, of)) => {
                    for (i, (member, value)) in members.iter().enumerate() {
                        let entry = below(&format!("entry.{}", i + 1));
                        pairs.push((format!("{entry}.{key}"), member.clone()));
                        push(pairs, format!("{entry}.{of}"), value);
                    }
                }
            }
        }
    }
}

/// What an answer tells: `<ACTIONResult>` in `<ACTIONResponse>`; an answer without one tells nothing.
pub fn result(response: &Element) -> Option<Value> {
    response.name.strip_suffix("Response")?;
    let result = response.children.iter().find(|child| child.name.ends_with("Result"));
    Some(match result.map(value) {
        Some(Value::Object(members)) => members.into(),
        Some(_) | None => Map::new().into(),
    })
}

/// Without a model, what holds `member`s is a list, what holds `entry`s a map, and what holds nothing a text.
fn value(element: &Element) -> Value {
    let children = &element.children;
    if children.is_empty() {
        return element.text.clone().into();
    }
    let all = |name: &str| children.iter().all(|child| child.name == name);
    if all("member") {
        return children.iter().map(value).collect();
    }
    if all("entry") {
        let entry = |child: &Element| {
            let key = child.child("key").or_else(|| child.child("Name"))?;
            let of = child.child("value").or_else(|| child.child("Value"))?;
            Some((key.text.clone(), value(of)))
        };
        return children.iter().filter_map(entry).collect::<Map<_, _>>().into();
    }
    children.iter().map(|child| (child.name.clone(), value(child))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse_xml;
    use super::*;

    #[test]
    fn arguments_become_a_form() {
        let input = json!({"TopicArn": "arn:a", "Message": "a b&c", "N": 1, "B": true,
            "MessageAttributes": {"x": {"DataType": "String", "StringValue": "1"}},
            "Tags": [{"Key": "k", "Value": "v"}]});
        assert_eq!(
            form("Publish", "2010-03-31", &input),
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aa&Message=a%20b%26c&N=1&B=true\
             &MessageAttributes.entry.1.Name=x&MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=1&Tags.member.1.Key=k&Tags.member.1.Value=v"
        );
    }

    #[test]
    fn answers_are_results() {
        let check = |text: &str, want: Option<Value>| {
            assert_eq!(result(&parse_xml(text).unwrap()), want, "{text}");
        };
        check(
            "<PublishResponse xmlns=\"x\"><PublishResult><MessageId>m</MessageId></PublishResult>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>",
            Some(json!({"MessageId": "m"})),
        );
        check(
            "<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>a</TopicArn></member></Topics>\
             <Map><entry><key>k</key><value>v</value></entry></Map></ListTopicsResult></ListTopicsResponse>",
            Some(json!({"Topics": [{"TopicArn": "a"}], "Map": {"k": "v"}})),
        );
        check("<DeleteTopicResponse/>", Some(json!({})));
        check("<html/>", None);
    }
}
