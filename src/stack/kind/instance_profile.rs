//! `AWS::IAM::InstanceProfile`: kept and shown. There are no instances here that would use it.

use serde_json::{Value, json};

use super::holder::{gone, names};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed, text,
};

/// An instance profile.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::InstanceProfile",
    properties: &["InstanceProfileName", "Path", "Roles"],
    identity: &["InstanceProfileName", "Path"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| (id.to_owned(), vec![("Arn", format!("arn:aws:iam::123456789012:instance-profile/{id}"))]),
    ..Row::PLAIN
};

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "InstanceProfileName").unwrap_or_else(|| naming.generated(128));
    let mut input = renamed(properties, &[("Path", "Path")]);
    input.insert("InstanceProfileName".into(), json!(name));
    let made = call(operations, "iam", "CreateInstanceProfile", input.into()).await?;
    let arn = text(&made.get("InstanceProfile").cloned().unwrap_or_default(), "Arn").to_owned();
    let made = Attributes { reference: name, attributes: [("Arn".to_owned(), arn)].into() };
    if let Err(error) = add(operations, &made, properties).await {
        delete(operations, &made, properties).await?;
        return Err(error);
    }
    Ok(made)
}

async fn add(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<(), OperationError> {
    for role in names(properties, "Roles") {
        let input = json!({"InstanceProfileName": made.reference, "RoleName": role});
        call(operations, "iam", "AddRoleToInstanceProfile", input).await?;
    }
    Ok(())
}

async fn take(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<(), OperationError> {
    for role in names(properties, "Roles") {
        let input = json!({"InstanceProfileName": made.reference, "RoleName": role});
        gone(call(operations, "iam", "RemoveRoleFromInstanceProfile", input).await)?;
    }
    Ok(())
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    // A profile has one role.
    take(operations, made, old).await?;
    add(operations, made, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    take(operations, made, properties).await?;
    call(operations, "iam", "DeleteInstanceProfile", json!({ "InstanceProfileName": made.reference })).await
}
