//! `AWS::Lambda::EventSourceMapping`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html>

use serde_json::{Value, json};

use super::function::{LAMBDA, lambda_arn};
use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, renamed, text};

/// A queue or stream whose messages or records a function handles.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::EventSourceMapping",
    properties: PROPERTIES,
    identity: &["EventSourceArn", "StartingPosition", "StartingPositionTimestamp"],
    create: |operations, _, properties| {
        Box::pin(async move {
            let made = call(operations, LAMBDA, "CreateEventSourceMapping", given(properties)).await?;
            Ok(attributes(&made))
        })
    },
    update: |operations, made, _, new| Box::pin(update(operations, made, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, LAMBDA, "DeleteEventSourceMapping", json!({ "UUID": made.reference })))
    },
    guess: |id| {
        let arn = lambda_arn("event-source-mapping", id);
        (id.to_owned(), vec![("Id", id.to_owned()), ("EventSourceMappingArn", arn)])
    },
    ..Row::PLAIN
};

const PROPERTIES: &[&str] = &[
    "EventSourceArn",
    "FunctionName",
    "Enabled",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "ScalingConfig",
    "FilterCriteria",
    "StartingPosition",
    "StartingPositionTimestamp",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
    "Tags",
];

/// What only a new mapping can be told.
const AT_FIRST: &[&str] = &["EventSourceArn", "StartingPosition", "StartingPositionTimestamp"];

fn given(properties: &Properties) -> Value {
    let members: Vec<(&str, &str)> =
        PROPERTIES.iter().filter(|name| **name != "Tags").map(|name| (*name, *name)).collect();
    Value::Object(renamed(properties, &members))
}

fn attributes(made: &Value) -> Attributes {
    let (id, arn) = (text(made, "UUID").to_owned(), text(made, "EventSourceMappingArn").to_owned());
    let attributes = [("Id".to_owned(), id.clone()), ("EventSourceMappingArn".to_owned(), arn)];
    Attributes { reference: id, attributes: attributes.into() }
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let mut input = given(new);
    if let Value::Object(input) = &mut input {
        let is_stream = input.contains_key("StartingPosition");
        AT_FIRST.iter().for_each(|name| drop(input.shift_remove(*name)));
        input.insert("UUID".to_owned(), json!(made.reference));
        // What the template no longer says is as it was in the beginning.
        input.entry("Enabled").or_insert(json!(true));
        input.entry("BatchSize").or_insert(json!(if is_stream { 100 } else { 10 }));
        input.entry("FilterCriteria").or_insert(json!({}));
        if is_stream {
            input.entry("MaximumRetryAttempts").or_insert(json!(-1));
            input.entry("MaximumRecordAgeInSeconds").or_insert(json!(-1));
            input.entry("BisectBatchOnFunctionError").or_insert(json!(false));
            input.entry("ParallelizationFactor").or_insert(json!(1));
            input.entry("TumblingWindowInSeconds").or_insert(json!(0));
            input.entry("DestinationConfig").or_insert(json!({ "OnFailure": {} }));
        }
        input.entry("MaximumBatchingWindowInSeconds").or_insert(json!(0));
        input.entry("FunctionResponseTypes").or_insert(json!([]));
        input.entry("ScalingConfig").or_insert(json!({}));
    }
    call(operations, LAMBDA, "UpdateEventSourceMapping", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
