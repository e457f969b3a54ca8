//! `AWS::ApiGateway::VpcLink`.

use serde_json::json;

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, one, patches, renamed, tag_map,
    text,
};

/// A way to backends in a network of one's own.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::VpcLink",
    properties: &["Name", "Description", "TargetArns", "Tags"],
    identity: &["TargetArns"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "apigateway", "DeleteVpcLink", json!({ "vpcLinkId": made.reference })))
    },
    tagged: |id, _| Some(format!("/vpclinks/{id}")),
    guess: |_| one("VpcLinkId", "abc123"),
    ..Row::PLAIN
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
