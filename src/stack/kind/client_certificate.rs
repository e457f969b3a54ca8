//! `AWS::ApiGateway::ClientCertificate`.

use serde_json::json;

use super::{
    Attributes, OperationError, Operations, Properties, Updated, call, patches, renamed, tag_map, text,
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let mut input = renamed(properties, &[("Description", "description")]);
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    let made = call(operations, "apigateway", "GenerateClientCertificate", input.into()).await?;
    let id = text(&made, "clientCertificateId").to_owned();
    Ok(Attributes { attributes: [("ClientCertificateId".to_owned(), id.clone())].into(), reference: id })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let input = json!({
        "clientCertificateId": made.reference,
        "patchOperations": patches(old, new, &[("Description", "/description")]),
    });
    call(operations, "apigateway", "UpdateClientCertificate", input).await?;
    Ok(Updated::InPlace(made.clone()))
}
