//! `AWS::ApiGateway::Resource`.

use serde_json::json;

use super::{Attributes, OperationError, Operations, Properties, Updated, call, patches, renamed, text};

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
