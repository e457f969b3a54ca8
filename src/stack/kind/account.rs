//! `AWS::ApiGateway::Account`: the settings that all APIs of the account share.

use serde_json::{Value, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, one};

/// The account's settings for API Gateway.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Account",
    properties: &["CloudWatchRoleArn"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, _, new| {
        Box::pin(async move { put(operations, new).await.map(|()| Updated::InPlace(made.clone())) })
    },
    // CloudFormation leaves the account's settings as they are.
    delete: |_, _, _| Box::pin(std::future::ready(Ok(Value::Null))),
    guess: |id| one("Id", id),
    ..Row::PLAIN
};

/// The account is always there: making the resource sets what it says.
pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    put(operations, properties).await?;
    let id = naming.generated(128);
    Ok(Attributes { reference: id.clone(), attributes: [("Id".to_owned(), id)].into() })
}

pub(super) async fn put(operations: &dyn Operations, properties: &Properties) -> Result<(), OperationError> {
    let role = properties.get("CloudWatchRoleArn").cloned().unwrap_or_else(|| Value::String(String::new()));
    let patch = json!([{ "op": "replace", "path": "/cloudwatchRoleArn", "value": role }]);
    call(operations, "apigateway", "UpdateAccount", json!({ "patchOperations": patch })).await.map(|_| ())
}
