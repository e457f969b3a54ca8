//! `AWS::Lambda::EventInvokeConfig`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html>

use serde_json::Value;

use super::function::LAMBDA;
use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed};

/// How a function's events are handled.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::EventInvokeConfig",
    properties: PROPERTIES,
    identity: &["FunctionName", "Qualifier"],
    create: |operations, _, properties| Box::pin(put(operations, properties)),
    update: |operations, _, _, new| {
        Box::pin(async move { Ok(Updated::InPlace(put(operations, new).await?)) })
    },
    delete: |operations, _, properties| {
        let input = renamed(properties, &[("FunctionName", "FunctionName"), ("Qualifier", "Qualifier")]);
        Box::pin(call(operations, LAMBDA, "DeleteFunctionEventInvokeConfig", input.into()))
    },
    guess: |id| (format!("{id}|$LATEST"), Vec::new()),
    ..Row::PLAIN
};

const PROPERTIES: &[&str] =
    &["FunctionName", "Qualifier", "DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"];

async fn put(operations: &dyn Operations, properties: &Properties) -> Result<Attributes, OperationError> {
    let members: Vec<(&str, &str)> = PROPERTIES.iter().map(|name| (*name, *name)).collect();
    let input = Value::Object(renamed(properties, &members));
    call(operations, LAMBDA, "PutFunctionEventInvokeConfig", input).await?;
    let part = |name| name_of(properties, name).unwrap_or_default();
    let reference = format!("{}|{}", part("FunctionName"), part("Qualifier"));
    Ok(Attributes { reference, attributes: [].into() })
}
