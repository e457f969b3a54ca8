//! `AWS::ApiGateway::RequestValidator`.

use serde_json::json;

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, one, patches, renamed, text,
};

/// What of a request is validated.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::RequestValidator",
    properties: &["RestApiId", "Name", "ValidateRequestBody", "ValidateRequestParameters"],
    identity: &["RestApiId"],
    is_deployed: true,
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        Box::pin(async move {
            let input =
                json!({ "restApiId": properties.get("RestApiId"), "requestValidatorId": made.reference });
            call(operations, "apigateway", "DeleteRequestValidator", input).await
        })
    },
    guess: |_| one("RequestValidatorId", "abc123"),
    ..Row::PLAIN
};

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
