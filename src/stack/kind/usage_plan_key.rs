//! `AWS::ApiGateway::UsagePlanKey`: a key in a plan. It never changes, another one takes its place.

use serde_json::{Value, json};

use super::{Attributes, OperationError, Operations, Properties, Row, call, one, renamed, text};

/// A key in a usage plan.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::UsagePlanKey",
    properties: &["KeyId", "KeyType", "UsagePlanId"],
    identity: &["KeyId", "KeyType", "UsagePlanId"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    delete: |operations, _, properties| Box::pin(delete(operations, properties)),
    guess: |_| one("Id", "abcde12345:abc123"),
    replaces: |old, new| old != new,
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [("UsagePlanId", "usagePlanId"), ("KeyId", "keyId"), ("KeyType", "keyType")];
    let input = renamed(properties, &members);
    let made = call(operations, "apigateway", "CreateUsagePlanKey", input.into()).await?;
    let plan = properties.get("UsagePlanId").and_then(Value::as_str).unwrap_or_default();
    let id = format!("{}:{plan}", text(&made, "id"));
    Ok(Attributes { reference: id.clone(), attributes: [("Id".to_owned(), id)].into() })
}

pub(super) async fn delete(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let input = json!({ "usagePlanId": properties.get("UsagePlanId"), "keyId": properties.get("KeyId") });
    call(operations, "apigateway", "DeleteUsagePlanKey", input).await
}
