//! `AWS::ApiGateway::VpcLink`.

use serde_json::json;

use super::{
    Attributes, OperationError, Operations, Properties, Updated, call, patches, renamed, tag_map, text,
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [("Name", "name"), ("Description", "description"), ("TargetArns", "targetArns")];
    let mut input = renamed(properties, &members);
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    let made = call(operations, "apigateway", "CreateVpcLink", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { attributes: [("VpcLinkId".to_owned(), id.clone())].into(), reference: id })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let changes = patches(old, new, &[("Name", "/name"), ("Description", "/description")]);
    let input = json!({ "vpcLinkId": made.reference, "patchOperations": changes });
    call(operations, "apigateway", "UpdateVpcLink", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
