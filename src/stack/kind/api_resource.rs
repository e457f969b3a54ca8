//! `AWS::ApiGateway::Resource`.

use serde_json::json;

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, one, patches, renamed, text,
};

/// A resource of a REST API.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Resource",
    properties: &["RestApiId", "ParentId", "PathPart"],
    identity: &["RestApiId"],
    is_deployed: true,
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        Box::pin(call(
            operations,
            "apigateway",
            "DeleteResource",
            json!({ "restApiId": properties.get("RestApiId"), "resourceId": made.reference }),
        ))
    },
    guess: |_| one("ResourceId", "abc123"),
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [("RestApiId", "restApiId"), ("ParentId", "parentId"), ("PathPart", "pathPart")];
    let input = renamed(properties, &members);
    let made = call(operations, "apigateway", "CreateResource", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { attributes: [("ResourceId".to_owned(), id.clone())].into(), reference: id })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let changed = patches(old, new, &[("ParentId", "/parentId"), ("PathPart", "/pathPart")]);
    let input = json!({
        "restApiId": new.get("RestApiId"), "resourceId": made.reference, "patchOperations": changed
    });
    call(operations, "apigateway", "UpdateResource", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
