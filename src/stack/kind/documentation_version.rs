//! `AWS::ApiGateway::DocumentationVersion`: what the API's documentation parts are when it is made. As on AWS, a
//! template says by `DependsOn` which parts come first.

use serde_json::json;

use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, patches, renamed, text};

/// The texts about an API at one moment.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::DocumentationVersion",
    properties: &["RestApiId", "DocumentationVersion", "Description"],
    identity: &["RestApiId", "DocumentationVersion"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        Box::pin(async move {
            let input =
                json!({ "restApiId": properties.get("RestApiId"), "documentationVersion": made.reference });
            call(operations, "apigateway", "DeleteDocumentationVersion", input).await
        })
    },
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("RestApiId", "restApiId"),
        ("DocumentationVersion", "documentationVersion"),
        ("Description", "description"),
    ];
    let input = renamed(properties, &members);
    let made = call(operations, "apigateway", "CreateDocumentationVersion", input.into()).await?;
    Ok(Attributes { reference: text(&made, "version").to_owned(), attributes: [].into() })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let input = json!({
        "restApiId": new.get("RestApiId"),
        "documentationVersion": made.reference,
        "patchOperations": patches(old, new, &[("Description", "/description")]),
    });
    call(operations, "apigateway", "UpdateDocumentationVersion", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
