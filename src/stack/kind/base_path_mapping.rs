//! `AWS::ApiGateway::BasePathMapping`.

use serde_json::{Value, json};

use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, patches, renamed};

/// What a path of a custom domain name leads to.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::BasePathMapping",
    properties: &["DomainName", "BasePath", "RestApiId", "Stage"],
    identity: &["DomainName", "BasePath"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, _, properties| Box::pin(delete(operations, properties)),
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("DomainName", "domainName"),
        ("BasePath", "basePath"),
        ("RestApiId", "restApiId"),
        ("Stage", "stage"),
    ];
    let input = renamed(properties, &members);
    call(operations, "apigateway", "CreateBasePathMapping", input.into()).await?;
    let domain = properties.get("DomainName").and_then(Value::as_str).unwrap_or_default();
    Ok(Attributes { reference: format!("{domain}|{}", base_path(properties)), attributes: [].into() })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let changes = patches(old, new, &[("RestApiId", "/restapiId"), ("Stage", "/stage")]);
    let mut input = of_mapping(new);
    input["patchOperations"] = changes.into();
    call(operations, "apigateway", "UpdateBasePathMapping", input).await?;
    Ok(Updated::InPlace(made.clone()))
}

pub(super) async fn delete(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Value, OperationError> {
    call(operations, "apigateway", "DeleteBasePathMapping", of_mapping(properties)).await
}

fn of_mapping(properties: &Properties) -> Value {
    json!({ "domainName": properties.get("DomainName"), "basePath": base_path(properties) })
}

/// An empty path can't stand in an address.
fn base_path(properties: &Properties) -> &str {
    let path = properties.get("BasePath").and_then(Value::as_str).filter(|path| !path.is_empty());
    path.unwrap_or("(none)")
}
