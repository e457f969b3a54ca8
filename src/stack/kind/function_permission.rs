//! `AWS::Lambda::Permission`: one statement of a function's policy, never changed.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html>

use serde_json::{Value, json};

use super::function::LAMBDA;
use super::{Attributes, Naming, OperationError, Operations, Properties, Row, call, one, renamed};

/// A permission to call a function.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::Permission",
    properties: PROPERTIES,
    identity: PROPERTIES,
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| one("Id", id),
    replaces: |old, new| old != new,
    ..Row::PLAIN
};

const PROPERTIES: &[&str] = &[
    "FunctionName",
    "Action",
    "Principal",
    "SourceArn",
    "SourceAccount",
    "EventSourceToken",
    "FunctionUrlAuthType",
    "InvokedViaFunctionUrl",
    "PrincipalOrgID",
];

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let id = naming.generated(100);
    let members: Vec<(&str, &str)> = PROPERTIES.iter().map(|name| (*name, *name)).collect();
    let mut input = renamed(properties, &members);
    input.insert("StatementId".to_owned(), json!(id));
    call(operations, LAMBDA, "AddPermission", input.into()).await?;
    Ok(Attributes { attributes: [("Id".to_owned(), id.clone())].into(), reference: id })
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let input = json!({ "FunctionName": properties.get("FunctionName"), "StatementId": made.reference });
    call(operations, LAMBDA, "RemovePermission", input).await
}
