//! `AWS::SQS::Queue` and `AWS::SQS::QueuePolicy`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html>

use serde_json::{Map, Value, json};

use super::{Native, Place, Tagging, is_gone, made, member, tag_map, tags, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties};
use crate::stack::operations::OperationError;

/// A queue.
pub(super) static QUEUE: Native = Native {
    type_name: "AWS::SQS::Queue",
    identity: &["QueueName", "FifoQueue"],
    create: |place, naming, properties| Box::pin(create(place, naming, properties)),
    update: |place, made, old, new| Box::pin(update(place, made, old, new)),
    delete: |place, made, _| {
        Box::pin(async move {
            place.call(SERVICE, "DeleteQueue", json!({ "QueueUrl": made.reference })).await.map(drop)
        })
    },
};

/// The policy of queues.
pub(super) static POLICY: Native = Native {
    type_name: "AWS::SQS::QueuePolicy",
    identity: &[],
    create: |place, naming, properties| {
        Box::pin(async move {
            put_policy(place, &Properties::new(), properties).await?;
            Ok(made(naming.generated(128), &[]))
        })
    },
    update: |place, made, old, new| {
        Box::pin(async move {
            put_policy(place, old, new).await?;
            Ok(made.clone())
        })
    },
    delete: |place, _, properties| {
        Box::pin(async move { put_policy(place, properties, &Properties::new()).await })
    },
};

const SERVICE: &str = "sqs";
const TAGGING: Tagging =
    Tagging { service: SERVICE, of: "QueueUrl", add: "TagQueue", remove: "UntagQueue", form: tag_map };
/// What is no attribute of a queue.
const OTHERS: &[&str] = &["QueueName", "Tags"];

/// The attributes of a queue as SQS takes them: texts. False is the default of those that are true or false, and a queue
/// without order takes no `FifoQueue` at all.
fn attributes(properties: &Properties) -> Map<String, Value> {
    let given = properties.iter().filter(|(name, value)| {
        let is_default =
            name.as_str() == "FifoQueue" && matches!(value.to_string().trim_matches('"'), "false");
        !OTHERS.contains(&name.as_str()) && !value.is_null() && !is_default
    });
    given.filter_map(|(name, _)| Some((name.clone(), Value::String(text(properties, name)?)))).collect()
}

async fn create(
    place: &Place<'_>,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let attributes = attributes(properties);
    let name = text(properties, "QueueName").unwrap_or_else(|| match attributes.contains_key("FifoQueue") {
        true => format!("{}.fifo", naming.generated(75)),
        false => naming.generated(80),
    });
    let input = json!({ "QueueName": name, "Attributes": attributes, "tags": tag_map(&tags(properties)) });
    let created = place.call(SERVICE, "CreateQueue", input).await?;
    let url = member(&created, "QueueUrl");
    described(place, &url, &name).await
}

async fn described(place: &Place<'_>, url: &str, name: &str) -> Result<Attributes, OperationError> {
    let input = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
    let found = place.call(SERVICE, "GetQueueAttributes", input).await?;
    let arn = found.get("Attributes").map(|it| member(it, "QueueArn")).unwrap_or_default();
    Ok(made(url, &[("Arn", &arn), ("QueueName", name), ("QueueUrl", url)]))
}

/// What an attribute is that a template no longer gives.
fn default_of(name: &str) -> &'static str {
    match name {
        "DelaySeconds" | "ReceiveMessageWaitTimeSeconds" => "0",
        "MaximumMessageSize" => "262144",
        "MessageRetentionPeriod" => "345600",
        "VisibilityTimeout" => "30",
        "KmsDataKeyReusePeriodSeconds" => "300",
        "ContentBasedDeduplication" | "SqsManagedSseEnabled" => "false",
        _ => "",
    }
}

async fn update(
    place: &Place<'_>,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let url = &made.reference;
    let (was, mut is) = (attributes(old), attributes(new));
    for name in was.keys().filter(|name| !new.contains_key(*name)) {
        is.insert(name.clone(), json!(default_of(name)));
    }
    is.retain(|name, value| was.get(name) != Some(value));
    if !is.is_empty() {
        let input = json!({ "QueueUrl": url, "Attributes": is });
        place.call(SERVICE, "SetQueueAttributes", input).await?;
    }
    TAGGING.change(place, url, old, new).await?;
    Ok(made.clone())
}

fn queues(properties: &Properties) -> Vec<String> {
    let queues = properties.get("Queues").and_then(Value::as_array).into_iter().flatten();
    queues.filter_map(|queue| queue.as_str().map(str::to_owned)).collect()
}

async fn put_policy(place: &Place<'_>, old: &Properties, new: &Properties) -> Result<(), OperationError> {
    let (was, is) = (queues(old), queues(new));
    let policy = text(new, "PolicyDocument").unwrap_or_default();
    let gone = was.into_iter().filter(|queue| !is.contains(queue)).map(|queue| (queue, String::new()));
    for (queue, policy) in gone.chain(is.iter().map(|queue| (queue.clone(), policy.clone()))) {
        let is_removed = policy.is_empty();
        let input = json!({ "QueueUrl": queue, "Attributes": { "Policy": policy } });
        match place.call(SERVICE, "SetQueueAttributes", input).await {
            Err(error) if is_removed && is_gone(&error) => {}
            other => drop(other?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_texts() {
        let properties = json!({
            "QueueName": "q", "VisibilityTimeout": 5, "FifoQueue": false, "SqsManagedSseEnabled": true,
            "RedrivePolicy": { "maxReceiveCount": 3 }, "Tags": [], "DelaySeconds": "7",
        });
        let want = json!({
            "VisibilityTimeout": "5", "SqsManagedSseEnabled": "true",
            "RedrivePolicy": "{\"maxReceiveCount\":3}", "DelaySeconds": "7",
        });
        assert_eq!(Value::Object(attributes(properties.as_object().unwrap())), want);
    }
}
