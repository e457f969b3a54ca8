//! `AWS::IAM::Group`, and `AWS::IAM::UserToGroupAddition`: users that are put into a group.

use serde_json::{Value, json};

use super::holder::{GROUP, gone, names};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed, text,
};

/// A group.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::Group",
    properties: &["GroupName", "Path", "ManagedPolicyArns", "Policies"],
    identity: &["GroupName", "Path"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| (id.to_owned(), vec![("Arn", format!("arn:aws:iam::123456789012:group/{id}"))]),
    ..Row::PLAIN
};

/// Users in a group.
pub(super) static ADDITION: Row = Row {
    type_name: "AWS::IAM::UserToGroupAddition",
    properties: &["GroupName", "Users"],
    identity: &["GroupName"],
    create: |operations, naming, properties| Box::pin(add(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(change(operations, made, old, new)),
    delete: |operations, _, properties| Box::pin(remove(operations, properties)),
    ..Row::PLAIN
};

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "GroupName").unwrap_or_else(|| naming.generated(128));
    let mut input = renamed(properties, &[("Path", "Path")]);
    input.insert("GroupName".into(), json!(name));
    let made = call(operations, "iam", "CreateGroup", input.into()).await?;
    let arn = text(&made.get("Group").cloned().unwrap_or_default(), "Arn").to_owned();
    let made = Attributes { reference: name.clone(), attributes: [("Arn".to_owned(), arn)].into() };
    if let Err(error) = GROUP.grant(operations, &name, properties).await {
        delete(operations, &made, properties).await?;
        return Err(error);
    }
    Ok(made)
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    GROUP.grant(operations, &made.reference, new).await?;
    GROUP.revoke(operations, &made.reference, old, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    GROUP.revoke(operations, &made.reference, properties, &Properties::new()).await?;
    call(operations, "iam", "DeleteGroup", json!({ "GroupName": made.reference })).await
}

// === users in a group ===

fn group(properties: &Properties) -> Value {
    properties.get("GroupName").cloned().unwrap_or_default()
}

async fn put(operations: &dyn Operations, properties: &Properties) -> Result<(), OperationError> {
    for user in names(properties, "Users") {
        let input = json!({"GroupName": group(properties), "UserName": user});
        call(operations, "iam", "AddUserToGroup", input).await?;
    }
    Ok(())
}

async fn take(operations: &dyn Operations, group: &Value, users: Vec<&str>) -> Result<(), OperationError> {
    for user in users {
        let input = json!({"GroupName": group, "UserName": user});
        gone(call(operations, "iam", "RemoveUserFromGroup", input).await)?;
    }
    Ok(())
}

async fn add(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    if let Err(error) = put(operations, properties).await {
        remove(operations, properties).await?;
        return Err(error);
    }
    Ok(Attributes { reference: naming.generated(128), attributes: [].into() })
}

async fn change(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    put(operations, new).await?;
    let kept = names(new, "Users");
    let dropped = names(old, "Users").into_iter().filter(|user| !kept.contains(user)).collect();
    take(operations, &group(old), dropped).await?;
    Ok(Updated::InPlace(made.clone()))
}

async fn remove(operations: &dyn Operations, properties: &Properties) -> Result<Value, OperationError> {
    take(operations, &group(properties), names(properties, "Users")).await?;
    Ok(Value::Null)
}
