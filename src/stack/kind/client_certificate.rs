//! `AWS::ApiGateway::ClientCertificate`.

use serde_json::json;

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, one, patches, renamed, tag_map,
    text,
};

/// What stages show to HTTPS backends.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::ClientCertificate",
    properties: &["Description", "Tags"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(async move {
            let input = json!({ "clientCertificateId": made.reference });
            call(operations, "apigateway", "DeleteClientCertificate", input).await
        })
    },
    tagged: |id, _| Some(format!("/clientcertificates/{id}")),
    guess: |_| one("ClientCertificateId", "abc123"),
    ..Row::PLAIN
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
