//! `AWS::ApiGateway::UsagePlanKey`: a key in a plan. It never changes, another one takes its place.

use serde_json::{Value, json};

use super::{Attributes, OperationError, Operations, Properties, call, renamed, text};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [("UsagePlanId", "usagePlanId"), ("KeyId", "keyId"), ("KeyType", "keyType")];
    let input = renamed(properties, &members);
    let made = call(operations, "apigateway", "CreateUsagePlanKey", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { reference: id.clone(), attributes: [("Id".to_owned(), id)].into() })
}

pub(super) async fn delete(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let input = json!({ "usagePlanId": properties.get("UsagePlanId"), "keyId": properties.get("KeyId") });
    call(operations, "apigateway", "DeleteUsagePlanKey", input).await
}
