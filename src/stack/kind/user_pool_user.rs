//! `AWS::Cognito::UserPoolUser`, and `AWS::Cognito::UserPoolUserToGroupAttachment`. A user never changes, another one
//! takes its place.

use serde_json::json;

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, call, name_of, text};

/// A user of a user pool, who chooses a password at the first sign-in.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Cognito::UserPoolUser",
    properties: &["UserPoolId", "Username", "UserAttributes", "ForceAliasCreation", "MessageAction"],
    identity: &["UserPoolId", "Username", "UserAttributes", "ForceAliasCreation", "MessageAction"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    delete: |operations, made, properties| {
        let input = json!({ "UserPoolId": properties.get("UserPoolId"), "Username": made.reference });
        Box::pin(call(operations, "cognito-idp", "AdminDeleteUser", input))
    },
    ..Row::PLAIN
};

/// A user in a group.
pub(super) static MEMBERSHIP: Row = Row {
    type_name: "AWS::Cognito::UserPoolUserToGroupAttachment",
    properties: &["GroupName", "Username", "UserPoolId"],
    identity: &["GroupName", "Username", "UserPoolId"],
    create: |operations, _, properties| Box::pin(join(operations, properties)),
    delete: |operations, _, properties| {
        let input = json!(properties);
        Box::pin(call(operations, "cognito-idp", "AdminRemoveUserFromGroup", input))
    },
    ..Row::PLAIN
};

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "Username").unwrap_or_else(|| naming.generated(128));
    let mut input = properties.clone();
    input.insert("Username".to_owned(), json!(name));
    let made = call(operations, "cognito-idp", "AdminCreateUser", input.into()).await?;
    let user = made.get("User").cloned().unwrap_or_default();
    Ok(Attributes { reference: text(&user, "Username").to_owned(), ..Attributes::default() })
}

async fn join(operations: &dyn Operations, properties: &Properties) -> Result<Attributes, OperationError> {
    call(operations, "cognito-idp", "AdminAddUserToGroup", json!(properties)).await?;
    let name = |property: &str| name_of(properties, property).unwrap_or_default();
    let reference = format!("{}|{}", name("Username"), name("GroupName"));
    Ok(Attributes { reference, ..Attributes::default() })
}
