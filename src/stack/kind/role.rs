//! `AWS::IAM::Role`.

use serde_json::{Value, json};

use super::holder::{ROLE, document};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed, text,
};

/// An IAM role with its policies.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::Role",
    properties: &[
        "RoleName",
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "Tags",
    ],
    identity: &["RoleName", "Path", "PermissionsBoundary"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| {
        (
            id.to_owned(),
            vec![("Arn", format!("arn:aws:iam::123456789012:role/{id}")), ("RoleId", "AROA".into())],
        )
    },
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "RoleName").unwrap_or_else(|| naming.generated(64));
    let members = [
        ("Path", "Path"),
        ("Description", "Description"),
        ("MaxSessionDuration", "MaxSessionDuration"),
        ("PermissionsBoundary", "PermissionsBoundary"),
        ("Tags", "Tags"),
    ];
    let mut input = renamed(properties, &members);
    input.insert("RoleName".into(), json!(name));
    input.insert("AssumeRolePolicyDocument".into(), document(properties.get("AssumeRolePolicyDocument")));
    let made = call(operations, "iam", "CreateRole", input.into()).await?;
    let role = made.get("Role").cloned().unwrap_or_default();
    let attributes = [("Arn", "Arn"), ("RoleId", "RoleId")]
        .map(|(attribute, member)| (attribute.to_owned(), text(&role, member).to_owned()));
    let granted = ROLE.grant(operations, &name, properties).await;
    let made = Attributes { reference: name, attributes: attributes.into() };
    if let Err(error) = granted {
        // A role without its policies is not what was asked for; take it back before saying so.
        delete(operations, &made, properties).await?;
        return Err(error);
    }
    Ok(made)
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let name = &made.reference;
    let trust = json!({ "RoleName": name, "PolicyDocument": document(new.get("AssumeRolePolicyDocument")) });
    call(operations, "iam", "UpdateAssumeRolePolicy", trust).await?;
    ROLE.grant(operations, name, new).await?;
    ROLE.revoke(operations, name, old, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

pub(super) async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    ROLE.revoke(operations, &made.reference, properties, &Properties::new()).await?;
    call(operations, "iam", "DeleteRole", json!({ "RoleName": made.reference })).await
}
