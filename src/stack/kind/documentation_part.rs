//! `AWS::ApiGateway::DocumentationPart`.

use serde_json::{Value, json};

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, one, patch_value, renamed, text,
};

/// A text about a part of an API.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::DocumentationPart",
    properties: &["RestApiId", "Location", "Properties"],
    identity: &["RestApiId", "Location"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        Box::pin(async move {
            let input =
                json!({ "restApiId": properties.get("RestApiId"), "documentationPartId": made.reference });
            call(operations, "apigateway", "DeleteDocumentationPart", input).await
        })
    },
    guess: |_| one("DocumentationPartId", "abc123"),
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let mut input = renamed(properties, &[("RestApiId", "restApiId")]);
    let members = [
        ("Type", "type"),
        ("Path", "path"),
        ("Method", "method"),
        ("StatusCode", "statusCode"),
        ("Name", "name"),
    ];
    if let Some(location) = properties.get("Location").and_then(Value::as_object) {
        input.insert("location".to_owned(), Value::Object(renamed(location, &members)));
    }
    input.insert("properties".to_owned(), json!(patch_value(properties.get("Properties"))));
    let made = call(operations, "apigateway", "CreateDocumentationPart", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { attributes: [("DocumentationPartId".to_owned(), id.clone())].into(), reference: id })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let changes = super::patches(old, new, &[("Properties", "/properties")]);
    let input = json!({
        "restApiId": new.get("RestApiId"), "documentationPartId": made.reference, "patchOperations": changes,
    });
    call(operations, "apigateway", "UpdateDocumentationPart", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
