//! `AWS::IAM::Role`.

use serde_json::{Value, json};

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
    let granted = grant(operations, &name, properties).await;
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
    revoke(operations, name, old).await?;
    grant(operations, name, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

pub(super) async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    revoke(operations, &made.reference, properties).await?;
    call(operations, "iam", "DeleteRole", json!({ "RoleName": made.reference })).await
}

async fn grant(
    operations: &dyn Operations,
    role: &str,
    properties: &Properties,
) -> Result<(), OperationError> {
    for policy in list(properties, "Policies") {
        let input = json!({
            "RoleName": role,
            "PolicyName": policy.get("PolicyName"),
            "PolicyDocument": document(policy.get("PolicyDocument")),
        });
        call(operations, "iam", "PutRolePolicy", input).await?;
    }
    for arn in list(properties, "ManagedPolicyArns") {
        call(operations, "iam", "AttachRolePolicy", json!({ "RoleName": role, "PolicyArn": arn })).await?;
    }
    Ok(())
}

async fn revoke(
    operations: &dyn Operations,
    role: &str,
    properties: &Properties,
) -> Result<(), OperationError> {
    let gone = |result: Result<Value, OperationError>| match result {
        Err(error) if super::is_missing(&error) => Ok(()),
        other => other.map(|_| ()),
    };
    for policy in list(properties, "Policies") {
        let input = json!({ "RoleName": role, "PolicyName": policy.get("PolicyName") });
        gone(call(operations, "iam", "DeleteRolePolicy", input).await)?;
    }
    for arn in list(properties, "ManagedPolicyArns") {
        let input = json!({ "RoleName": role, "PolicyArn": arn });
        gone(call(operations, "iam", "DetachRolePolicy", input).await)?;
    }
    Ok(())
}

fn list<'a>(properties: &'a Properties, name: &str) -> impl Iterator<Item = &'a Value> {
    properties.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// IAM takes policies as text; a template holds them as objects.
pub(super) fn document(value: Option<&Value>) -> Value {
    match value {
        None | Some(Value::Null) => Value::Null,
        Some(Value::String(text)) => Value::String(text.clone()),
        Some(other) => Value::String(other.to_string()),
    }
}
