//! `AWS::Lambda::LayerVersionPermission`: one statement of a layer's policy, never changed.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversionpermission.html>

use serde_json::{Map, Value, json};

use super::function::{LAMBDA, lambda_arn};
use super::{Attributes, Naming, OperationError, Operations, Properties, Row, call, name_of, one, renamed};

/// A permission to have a layer's version.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::LayerVersionPermission",
    properties: PROPERTIES,
    identity: PROPERTIES,
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| one("Id", &format!("{}:1#{id}", lambda_arn("layer", id))),
    replaces: |old, new| old != new,
    ..Row::PLAIN
};

const PROPERTIES: &[&str] = &["LayerVersionArn", "Action", "Principal", "OrganizationId"];

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    const MEMBERS: &[(&str, &str)] =
        &[("Action", "Action"), ("Principal", "Principal"), ("OrganizationId", "OrganizationId")];
    let statement = naming.generated(100);
    let mut input = version(properties);
    input.insert("StatementId".to_owned(), json!(statement));
    input.extend(renamed(properties, MEMBERS));
    call(operations, LAMBDA, "AddLayerVersionPermission", input.into()).await?;
    let id = format!("{}#{statement}", name_of(properties, "LayerVersionArn").unwrap_or_default());
    Ok(Attributes { attributes: [("Id".to_owned(), id.clone())].into(), reference: id })
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let statement = made.reference.rsplit('#').next().unwrap_or_default();
    let mut input = version(properties);
    input.insert("StatementId".to_owned(), json!(statement));
    call(operations, LAMBDA, "RemoveLayerVersionPermission", input.into()).await
}

/// The layer's ARN, and the version's number.
fn version(properties: &Properties) -> Map<String, Value> {
    let arn = name_of(properties, "LayerVersionArn").unwrap_or_default();
    let (layer, number) = arn.rsplit_once(':').unwrap_or((&arn, ""));
    let members = [("LayerName", layer), ("VersionNumber", number)];
    members.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}
