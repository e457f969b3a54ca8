//! `AWS::ApiGateway::Account`: the settings that all APIs of the account share.

use serde_json::{Value, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, call};

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
