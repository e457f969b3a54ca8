//! Tags as templates write them, as services take them.

use serde_json::{Value, json};

use super::{OperationError, Operations, Properties, call, patch_value};

/// `[{"Key": k, "Value": v}]` as the map that API Gateway takes.
pub(super) fn tag_map(properties: &Properties) -> Option<Value> {
    let tags = properties.get("Tags")?.as_array()?;
    let text = |tag: &Value, key: &str| patch_value(tag.get(key));
    let pairs = tags.iter().map(|tag| (text(tag, "Key"), Value::String(text(tag, "Value"))));
    Some(Value::Object(pairs.collect()))
}

/// Gives what `arn` names the tags of `new` in place of those of `old`.
pub(super) async fn retag(
    operations: &dyn Operations,
    arn: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let of = |properties| tag_map(properties).and_then(|tags| tags.as_object().cloned()).unwrap_or_default();
    let (old, new) = (of(old), of(new));
    let gone: Vec<&String> = old.keys().filter(|key| !new.contains_key(*key)).collect();
    if !gone.is_empty() {
        let input = json!({ "resourceArn": arn, "tagKeys": gone });
        call(operations, "apigateway", "UntagResource", input).await?;
    }
    if !new.is_empty() && new != old {
        call(operations, "apigateway", "TagResource", json!({ "resourceArn": arn, "tags": new })).await?;
    }
    Ok(())
}

/// `[{"Key": k, "Value": v}]` as the list that Step Functions takes.
pub(super) fn tag_list(properties: &Properties) -> Option<Value> {
    let tags = properties.get("Tags")?.as_array()?;
    Some(tags.iter().map(|tag| json!({ "key": tag.get("Key"), "value": tag.get("Value") })).collect())
}

/// Gives what Step Functions knows under `arn` the tags of `new` in place of those of `old`.
pub(super) async fn retag_in_states(
    operations: &dyn Operations,
    arn: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let (old, new) = (tag_map(old).unwrap_or_default(), tag_map(new).unwrap_or_default());
    if old == new {
        return Ok(());
    }
    let gone: Vec<&String> = old.as_object().into_iter().flatten().map(|(key, _)| key).collect();
    let gone: Vec<&String> = gone.into_iter().filter(|key| new.get(key.as_str()).is_none()).collect();
    if !gone.is_empty() {
        let input = json!({ "resourceArn": arn, "tagKeys": gone });
        call(operations, "states", "UntagResource", input).await?;
    }
    let tags = new.as_object().into_iter().flatten();
    let tags: Vec<Value> = tags.map(|(key, value)| json!({ "key": key, "value": value })).collect();
    if !tags.is_empty() {
        call(operations, "states", "TagResource", json!({ "resourceArn": arn, "tags": tags })).await?;
    }
    Ok(())
}
