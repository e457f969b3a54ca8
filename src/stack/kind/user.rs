//! `AWS::IAM::User`.

use serde_json::{Value, json};

use super::holder::{USER, gone, names};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed, text,
};

/// A user. A password for the console (`LoginProfile`) is refused: there is no console.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::User",
    properties: &[
        "UserName",
        "Path",
        "Groups",
        "ManagedPolicyArns",
        "PermissionsBoundary",
        "Policies",
        "Tags",
    ],
    identity: &["UserName"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| (id.to_owned(), vec![("Arn", format!("arn:aws:iam::123456789012:user/{id}"))]),
    ..Row::PLAIN
};

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "UserName").unwrap_or_else(|| naming.generated(64));
    let members = [("Path", "Path"), ("PermissionsBoundary", "PermissionsBoundary"), ("Tags", "Tags")];
    let mut input = renamed(properties, &members);
    input.insert("UserName".into(), json!(name));
    let made = call(operations, "iam", "CreateUser", input.into()).await?;
    let arn = text(&made.get("User").cloned().unwrap_or_default(), "Arn").to_owned();
    let made = Attributes { reference: name.clone(), attributes: [("Arn".to_owned(), arn)].into() };
    if let Err(error) = give(operations, &name, properties).await {
        delete(operations, &made, properties).await?;
        return Err(error);
    }
    Ok(made)
}

async fn give(
    operations: &dyn Operations,
    name: &str,
    properties: &Properties,
) -> Result<(), OperationError> {
    USER.grant(operations, name, properties).await?;
    for group in names(properties, "Groups") {
        call(operations, "iam", "AddUserToGroup", json!({"UserName": name, "GroupName": group})).await?;
    }
    Ok(())
}

async fn leave(
    operations: &dyn Operations,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let kept = names(new, "Groups");
    for group in names(old, "Groups").into_iter().filter(|group| !kept.contains(group)) {
        let input = json!({"UserName": name, "GroupName": group});
        gone(call(operations, "iam", "RemoveUserFromGroup", input).await)?;
    }
    Ok(())
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let name = &made.reference;
    let mut attributes = made.clone();
    if old.get("Path") != new.get("Path") {
        let path = new.get("Path").cloned().unwrap_or_else(|| json!("/"));
        call(operations, "iam", "UpdateUser", json!({"UserName": name, "NewPath": path})).await?;
        let found = call(operations, "iam", "GetUser", json!({ "UserName": name })).await?;
        let arn = text(&found.get("User").cloned().unwrap_or_default(), "Arn").to_owned();
        attributes.attributes.insert("Arn".to_owned(), arn);
    }
    if old.get("PermissionsBoundary") != new.get("PermissionsBoundary") {
        match new.get("PermissionsBoundary") {
            Some(boundary) => {
                let input = json!({"UserName": name, "PermissionsBoundary": boundary});
                call(operations, "iam", "PutUserPermissionsBoundary", input).await?;
            }
            None => {
                let input = json!({ "UserName": name });
                gone(call(operations, "iam", "DeleteUserPermissionsBoundary", input).await)?;
            }
        }
    }
    if old.get("Tags") != new.get("Tags") {
        let keys = |of: &Properties| -> Vec<Value> {
            super::holder::list(of, "Tags").filter_map(|tag| tag.get("Key").cloned()).collect()
        };
        let kept = keys(new);
        let dropped: Vec<Value> = keys(old).into_iter().filter(|key| !kept.contains(key)).collect();
        if !dropped.is_empty() {
            call(operations, "iam", "UntagUser", json!({"UserName": name, "TagKeys": dropped})).await?;
        }
        if let Some(tags) = new.get("Tags") {
            call(operations, "iam", "TagUser", json!({"UserName": name, "Tags": tags})).await?;
        }
    }
    give(operations, name, new).await?;
    USER.revoke(operations, name, old, new).await?;
    leave(operations, name, old, new).await?;
    Ok(Updated::InPlace(attributes))
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let (name, none) = (&made.reference, Properties::new());
    USER.revoke(operations, name, properties, &none).await?;
    leave(operations, name, properties, &none).await?;
    call(operations, "iam", "DeleteUser", json!({ "UserName": name })).await
}
