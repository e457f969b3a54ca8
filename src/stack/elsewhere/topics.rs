//! `AWS::SNS::Topic`, `AWS::SNS::Subscription` and `AWS::SNS::TopicPolicy`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html>

use serde_json::{Map, Value, json};

use super::{Native, Place, Tagging, is_gone, made, member, tag_list, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties};
use crate::stack::operations::OperationError;

/// A topic.
pub(super) static TOPIC: Native = Native {
    type_name: "AWS::SNS::Topic",
    identity: &["TopicName", "FifoTopic"],
    create: |place, naming, properties| Box::pin(create(place, naming, properties)),
    update: |place, made, old, new| Box::pin(update(place, made, old, new)),
    delete: |place, made, _| {
        Box::pin(async move {
            place.call(SERVICE, "DeleteTopic", json!({ "TopicArn": made.reference })).await.map(drop)
        })
    },
};

/// A subscription to a topic.
pub(super) static SUBSCRIPTION: Native = Native {
    type_name: "AWS::SNS::Subscription",
    identity: &["TopicArn", "Protocol", "Endpoint"],
    create: |place, _, properties| {
        Box::pin(async move { Ok(made(subscribe(place, properties).await?, &[])) })
    },
    update: |place, made, old, new| {
        Box::pin(async move {
            let (was, mut is) = (settings(old, OF_SUBSCRIPTION), settings(new, OF_SUBSCRIPTION));
            for name in was.keys().filter(|name| !new.contains_key(*name)) {
                is.insert(name.clone(), json!(if name == "RawMessageDelivery" { "false" } else { "{}" }));
            }
            for (name, value) in is.iter().filter(|(name, value)| was.get(*name) != Some(*value)) {
                let input = json!({
                    "SubscriptionArn": made.reference, "AttributeName": name, "AttributeValue": value,
                });
                place.call(SERVICE, "SetSubscriptionAttributes", input).await?;
            }
            Ok(made.clone())
        })
    },
    delete: |place, made, _| {
        Box::pin(async move {
            place.call(SERVICE, "Unsubscribe", json!({ "SubscriptionArn": made.reference })).await.map(drop)
        })
    },
};

/// The policy of topics.
pub(super) static POLICY: Native = Native {
    type_name: "AWS::SNS::TopicPolicy",
    identity: &[],
    create: |place, naming, properties| {
        Box::pin(async move {
            put_policy(place, properties).await?;
            Ok(made(naming.generated(128), &[]))
        })
    },
    update: |place, made, _, new| {
        Box::pin(async move {
            put_policy(place, new).await?;
            Ok(made.clone())
        })
    },
    // A topic has a policy always: what is left lets its owner publish, as on AWS.
    delete: |place, _, properties| {
        Box::pin(async move {
            for topic in names(properties, "Topics") {
                let owner = topic.split(':').nth(4).unwrap_or_default().to_owned();
                let statement = json!({
                    "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "SNS:Publish", "Resource": topic,
                    "Condition": { "StringEquals": { "AWS:SourceOwner": owner } },
                });
                let policy = json!({ "Version": "2008-10-17", "Statement": [statement] }).to_string();
                match set(place, &topic, "Policy", &policy).await {
                    Err(error) if is_gone(&error) => {}
                    other => other?,
                }
            }
            Ok(())
        })
    },
};

const SERVICE: &str = "sns";
const TAGGING: Tagging = Tagging::by_list(SERVICE, "ResourceArn");
/// Pages of a topic's subscriptions, at most.
const PAGES_MAX: usize = 1_000;
const OF_TOPIC: &[&str] = &[
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
];
const OF_SUBSCRIPTION: &[&str] = &[
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
];

/// The attributes of these names, as texts.
fn settings(properties: &Properties, names: &[&str]) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| Some(((*name).to_owned(), json!(text(properties, name)?))));
    given.collect()
}

fn names(properties: &Properties, property: &str) -> Vec<String> {
    let names = properties.get(property).and_then(Value::as_array).into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

async fn set(place: &Place<'_>, topic: &str, name: &str, value: &str) -> Result<(), OperationError> {
    let input = json!({ "TopicArn": topic, "AttributeName": name, "AttributeValue": value });
    place.call(SERVICE, "SetTopicAttributes", input).await.map(drop)
}

async fn create(
    place: &Place<'_>,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let mut attributes = settings(properties, OF_TOPIC);
    // A topic without order takes no such attribute at all.
    attributes.retain(|name, value| name != "FifoTopic" || value == "true");
    let name = text(properties, "TopicName").unwrap_or_else(|| match attributes.contains_key("FifoTopic") {
        true => format!("{}.fifo", naming.generated(251)),
        false => naming.generated(256),
    });
    let mut input = Map::from_iter([("Name".to_owned(), json!(name))]);
    if !attributes.is_empty() {
        input.insert("Attributes".to_owned(), attributes.into());
    }
    input.extend(tag_list(properties).map(|tags| ("Tags".to_owned(), tags)));
    let created = place.call(SERVICE, "CreateTopic", input.into()).await?;
    let arn = member(&created, "TopicArn");
    for subscription in subscriptions(&arn, properties) {
        if let Err(error) = subscribe(place, &subscription).await {
            // A topic that is not what it should be, is nobody's.
            let _gone = place.call(SERVICE, "DeleteTopic", json!({ "TopicArn": arn })).await;
            return Err(error);
        }
    }
    Ok(made(arn.clone(), &[("TopicArn", &arn), ("TopicName", &name)]))
}

/// The subscriptions that a topic has by its own property.
fn subscriptions(topic: &str, properties: &Properties) -> Vec<Properties> {
    let all = properties.get("Subscription").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_object)
        .map(|one| {
            let mut one = one.clone();
            one.insert("TopicArn".to_owned(), json!(topic));
            one
        })
        .collect()
}

async fn subscribe(place: &Place<'_>, properties: &Properties) -> Result<String, OperationError> {
    let attributes = settings(properties, OF_SUBSCRIPTION);
    let mut input = json!({
        "TopicArn": properties.get("TopicArn"), "Protocol": properties.get("Protocol"),
        "Endpoint": properties.get("Endpoint"), "ReturnSubscriptionArn": true,
    });
    if !attributes.is_empty() {
        input["Attributes"] = attributes.into();
    }
    let subscribed = place.call(SERVICE, "Subscribe", input).await?;
    Ok(member(&subscribed, "SubscriptionArn"))
}

async fn update(
    place: &Place<'_>,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let arn = &made.reference;
    let (was, mut is) = (settings(old, OF_TOPIC), settings(new, OF_TOPIC));
    for name in was.keys().filter(|name| !new.contains_key(*name)) {
        is.insert(name.clone(), json!(""));
    }
    for (name, value) in is.iter().filter(|(name, value)| was.get(*name) != Some(*value)) {
        set(place, arn, name, value.as_str().unwrap_or_default()).await?;
    }
    let (before, after) = (subscriptions(arn, old), subscriptions(arn, new));
    for subscription in after.iter().filter(|one| !before.contains(one)) {
        subscribe(place, subscription).await?;
    }
    let is_kept = |one: &Properties| after.iter().any(|other| subscriber(other) == subscriber(one));
    let gone: Vec<(String, String)> = before.iter().filter(|one| !is_kept(one)).map(subscriber).collect();
    unsubscribe(place, arn, &gone).await?;
    TAGGING.change(place, arn, old, new).await?;
    Ok(made.clone())
}

/// Who is told: by which protocol, and where.
fn subscriber(subscription: &Properties) -> (String, String) {
    let word = |name| text(subscription, name).unwrap_or_default();
    (word("Protocol"), word("Endpoint"))
}

/// Ends the subscriptions of these to a topic. Only the topic knows the subscriptions' names.
async fn unsubscribe(
    place: &Place<'_>,
    topic: &str,
    gone: &[(String, String)],
) -> Result<(), OperationError> {
    let mut input = json!({ "TopicArn": topic });
    for _ in 0..PAGES_MAX {
        if gone.is_empty() {
            break;
        }
        let page = place.call(SERVICE, "ListSubscriptionsByTopic", input.clone()).await?;
        let listed = page.get("Subscriptions").and_then(Value::as_array).cloned().unwrap_or_default();
        for subscription in listed.iter().filter_map(Value::as_object) {
            let arn = text(subscription, "SubscriptionArn").unwrap_or_default();
            // One that nobody has confirmed has no name yet, and ends by itself.
            if arn.starts_with("arn:") && gone.contains(&subscriber(subscription)) {
                place.call(SERVICE, "Unsubscribe", json!({ "SubscriptionArn": arn })).await?;
            }
        }
        match member(&page, "NextToken") {
            next if next.is_empty() => break,
            next => input["NextToken"] = json!(next),
        }
    }
    Ok(())
}

async fn put_policy(place: &Place<'_>, properties: &Properties) -> Result<(), OperationError> {
    let policy = text(properties, "PolicyDocument").unwrap_or_default();
    for topic in names(properties, "Topics") {
        set(place, &topic, "Policy", &policy).await?;
    }
    Ok(())
}
