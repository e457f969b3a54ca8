//! `AWS::Cognito::UserPoolGroup`.

use serde_json::json;

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of};

/// A group of a user pool.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Cognito::UserPoolGroup",
    properties: &["GroupName", "UserPoolId", "Description", "Precedence", "RoleArn"],
    identity: &["GroupName", "UserPoolId"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        let input = json!({ "UserPoolId": properties.get("UserPoolId"), "GroupName": made.reference });
        Box::pin(call(operations, "cognito-idp", "DeleteGroup", input))
    },
    ..Row::PLAIN
};

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "GroupName").unwrap_or_else(|| naming.generated(128));
    let mut input = properties.clone();
    input.insert("GroupName".to_owned(), json!(name));
    call(operations, "cognito-idp", "CreateGroup", input.into()).await?;
    Ok(Attributes { reference: name, ..Attributes::default() })
}

/// What the API is not told stays, so that what is gone takes another group.
async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if old.keys().any(|name| !new.contains_key(name)) {
        return Ok(Updated::Replace);
    }
    let mut input = new.clone();
    input.insert("GroupName".to_owned(), json!(made.reference));
    call(operations, "cognito-idp", "UpdateGroup", input.into()).await?;
    Ok(Updated::InPlace(made.clone()))
}
