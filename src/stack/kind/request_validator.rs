//! `AWS::ApiGateway::RequestValidator`.

use serde_json::json;

use super::{Attributes, OperationError, Operations, Properties, Updated, call, patches, renamed, text};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("RestApiId", "restApiId"),
        ("Name", "name"),
        ("ValidateRequestBody", "validateRequestBody"),
        ("ValidateRequestParameters", "validateRequestParameters"),
    ];
    let input = renamed(properties, &members);
    let made = call(operations, "apigateway", "CreateRequestValidator", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { attributes: [("RequestValidatorId".to_owned(), id.clone())].into(), reference: id })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let paths = [
        ("Name", "/name"),
        ("ValidateRequestBody", "/validateRequestBody"),
        ("ValidateRequestParameters", "/validateRequestParameters"),
    ];
    let input = json!({
        "restApiId": new.get("RestApiId"),
        "requestValidatorId": made.reference,
        "patchOperations": patches(old, new, &paths),
    });
    call(operations, "apigateway", "UpdateRequestValidator", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
