//! `AWS::Logs::LogStream`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-logstream.html>

use serde_json::json;

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, call, name_of};

/// A stream of a log group.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Logs::LogStream",
    properties: &["LogGroupName", "LogStreamName"],
    identity: &["LogGroupName", "LogStreamName"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    delete: |operations, made, properties| {
        let input =
            json!({ "logGroupName": properties.get("LogGroupName"), "logStreamName": made.reference });
        Box::pin(call(operations, "logs", "DeleteLogStream", input))
    },
    ..Row::PLAIN
};

/// The name that a stream gets.
pub(super) fn name(naming: &Naming<'_>, properties: &Properties) -> String {
    name_of(properties, "LogStreamName").unwrap_or_else(|| naming.generated(512))
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name(naming, properties);
    let input = json!({ "logGroupName": properties.get("LogGroupName"), "logStreamName": name });
    call(operations, "logs", "CreateLogStream", input).await?;
    Ok(Attributes { reference: name, ..Attributes::default() })
}
