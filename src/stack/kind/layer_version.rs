//! `AWS::Lambda::LayerVersion`: published once, never changed.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html>

use serde_json::{Value, json};

use super::function::{LAMBDA, lambda_arn, package};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, call, name_of, one, renamed, text,
};

/// A version of a layer.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::LayerVersion",
    properties: PROPERTIES,
    identity: PROPERTIES,
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    delete: |operations, made, _| Box::pin(delete(operations, made)),
    guess: |id| one("LayerVersionArn", &format!("{}:1", lambda_arn("layer", id))),
    replaces: |old, new| old != new,
    ..Row::PLAIN
};

const PROPERTIES: &[&str] =
    &["LayerName", "Content", "Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"];

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members: Vec<(&str, &str)> = PROPERTIES.iter().map(|name| (*name, *name)).collect();
    let mut input = renamed(properties, &members);
    let content = package("PublishLayerVersion", properties.get("Content"))?;
    input.insert("Content".to_owned(), content.into());
    // Without a name, every version is the first of a layer of its own, as on AWS.
    let name = name_of(properties, "LayerName").unwrap_or_else(|| naming.generated(64));
    input.insert("LayerName".to_owned(), json!(name));
    let made = call(operations, LAMBDA, "PublishLayerVersion", input.into()).await?;
    let arn = text(&made, "LayerVersionArn").to_owned();
    Ok(Attributes { attributes: [("LayerVersionArn".to_owned(), arn.clone())].into(), reference: arn })
}

async fn delete(operations: &dyn Operations, made: &Attributes) -> Result<Value, OperationError> {
    let (layer, version) = made.reference.rsplit_once(':').unwrap_or_default();
    let input = json!({ "LayerName": layer, "VersionNumber": version });
    call(operations, LAMBDA, "DeleteLayerVersion", input).await
}
