//! `AWS::Kinesis::Stream`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html>

use serde_json::{Map, json};

use super::{Native, Place, Tagging, fit, made, member, or_there, tag_map, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties};
use crate::stack::operations::OperationError;

/// A stream.
pub(super) static STREAM: Native = Native {
    type_name: "AWS::Kinesis::Stream",
    identity: &["Name"],
    create: |place, naming, properties| Box::pin(create(place, naming, properties)),
    update: |place, made, old, new| Box::pin(update(place, made, old, new)),
    delete: |place, made, _| Box::pin(delete(place, &made.reference)),
};

const SERVICE: &str = "kinesis";
const TAGGING: Tagging = Tagging {
    service: SERVICE,
    of: "StreamName",
    add: "AddTagsToStream",
    remove: "RemoveTagsFromStream",
    form: tag_map,
};
/// How long records are kept if nobody says otherwise.
const RETENTION_H: i64 = 24;

fn number(properties: &Properties, name: &str) -> Option<i64> {
    let mut value = json!({ name: properties.get(name)? });
    fit(&mut value, &[name], &[]);
    value.get(name)?.as_i64()
}

fn is_on_demand(properties: &Properties) -> bool {
    properties.get("StreamModeDetails").is_some_and(|mode| member(mode, "StreamMode") == "ON_DEMAND")
}

async fn create(
    place: &Place<'_>,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let named = text(properties, "Name");
    let is_named = named.is_some();
    let name = named.unwrap_or_else(|| naming.generated(128));
    let mut input = Map::from_iter([("StreamName".to_owned(), json!(name))]);
    if let Some(mode) = properties.get("StreamModeDetails") {
        input.insert("StreamModeDetails".to_owned(), mode.clone());
    }
    if !is_on_demand(properties) {
        input.insert("ShardCount".to_owned(), json!(number(properties, "ShardCount").unwrap_or(1)));
    }
    or_there(place.call(SERVICE, "CreateStream", input.into()).await, naming, is_named)?;
    ready(place, &name).await?;
    match update_here(place, &name, &Properties::new(), properties).await {
        Ok(attributes) => Ok(attributes),
        Err(error) => {
            // A stream that is not what it should be, is nobody's.
            let _gone = delete(place, &name).await;
            Err(error)
        }
    }
}

/// The stream's ARN, once it can be used.
async fn ready(place: &Place<'_>, name: &str) -> Result<String, OperationError> {
    let mut waiting = place.waiting();
    loop {
        let found = place.call(SERVICE, "DescribeStreamSummary", json!({ "StreamName": name })).await?;
        let summary = found.get("StreamDescriptionSummary").cloned().unwrap_or_default();
        if member(&summary, "StreamStatus") == "ACTIVE" {
            return Ok(member(&summary, "StreamARN"));
        }
        waiting.pause(place, "the stream").await?;
    }
}

async fn update(
    place: &Place<'_>,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let name = &made.reference;
    let arn = ready(place, name).await?;
    if old.get("StreamModeDetails") != new.get("StreamModeDetails") {
        let mode = new.get("StreamModeDetails").cloned();
        let mode = mode.unwrap_or_else(|| json!({ "StreamMode": "PROVISIONED" }));
        let input = json!({ "StreamARN": arn, "StreamModeDetails": mode });
        place.call(SERVICE, "UpdateStreamMode", input).await?;
        ready(place, name).await?;
    }
    let shards = number(new, "ShardCount");
    if !is_on_demand(new) && shards.is_some() && number(old, "ShardCount") != shards {
        let input = json!({
            "StreamName": name, "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING",
        });
        place.call(SERVICE, "UpdateShardCount", input).await?;
        ready(place, name).await?;
    }
    update_here(place, name, old, new).await
}

/// What has operations of its own: how long records are kept, encryption, and tags.
async fn update_here(
    place: &Place<'_>,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let hours = |properties: &Properties| number(properties, "RetentionPeriodHours").unwrap_or(RETENTION_H);
    let (was, is) = (hours(old), hours(new));
    if was != is {
        let operation = match was < is {
            true => "IncreaseStreamRetentionPeriod",
            false => "DecreaseStreamRetentionPeriod",
        };
        let input = json!({ "StreamName": name, "RetentionPeriodHours": is });
        place.call(SERVICE, operation, input).await?;
        ready(place, name).await?;
    }
    let encryption = |properties: &Properties| properties.get("StreamEncryption").cloned();
    let (was, is) = (encryption(old), encryption(new));
    if was != is {
        let (operation, wanted) = match (was, is) {
            (_, Some(wanted)) => ("StartStreamEncryption", wanted),
            (was, None) => ("StopStreamEncryption", was.unwrap_or_default()),
        };
        let input = json!({
            "StreamName": name, "EncryptionType": wanted.get("EncryptionType"), "KeyId": wanted.get("KeyId"),
        });
        place.call(SERVICE, operation, input).await?;
        ready(place, name).await?;
    }
    TAGGING.change(place, name, old, new).await?;
    let arn = ready(place, name).await?;
    Ok(made(name, &[("Arn", &arn)]))
}

async fn delete(place: &Place<'_>, name: &str) -> Result<(), OperationError> {
    let input = json!({ "StreamName": name, "EnforceConsumerDeletion": true });
    place.call(SERVICE, "DeleteStream", input).await?;
    let named = json!({ "StreamName": name });
    place.until_gone((SERVICE, "DescribeStreamSummary"), named, "the deletion of the stream").await
}
