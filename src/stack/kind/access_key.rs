//! `AWS::IAM::AccessKey`.

use serde_json::{Value, json};

use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, text};

/// A user's access key. `Fn::GetAtt` tells its secret, as on AWS; a greater `Serial` makes another key.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::AccessKey",
    properties: &["UserName", "Status", "Serial"],
    identity: &["UserName", "Serial"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, _, new| Box::pin(update(operations, made, new)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |_| ("AKIAIOSFODNN7EXAMPLE".to_owned(), vec![("SecretAccessKey", "secret".to_owned())]),
    ..Row::PLAIN
};

async fn create(operations: &dyn Operations, properties: &Properties) -> Result<Attributes, OperationError> {
    let input = json!({ "UserName": properties.get("UserName") });
    let made = call(operations, "iam", "CreateAccessKey", input).await?;
    let key = made.get("AccessKey").cloned().unwrap_or_default();
    let secret = text(&key, "SecretAccessKey").to_owned();
    let made = Attributes {
        reference: text(&key, "AccessKeyId").to_owned(),
        attributes: [("SecretAccessKey".to_owned(), secret)].into(),
    };
    if properties.get("Status").is_some_and(|status| status == "Inactive")
        && let Err(error) = set(operations, &made, properties).await
    {
        delete(operations, &made, properties).await?;
        return Err(error);
    }
    Ok(made)
}

async fn set(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<(), OperationError> {
    let input = json!({
        "UserName": properties.get("UserName"),
        "AccessKeyId": made.reference,
        "Status": properties.get("Status").cloned().unwrap_or_else(|| json!("Active")),
    });
    call(operations, "iam", "UpdateAccessKey", input).await.map(drop)
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    new: &Properties,
) -> Result<Updated, OperationError> {
    set(operations, made, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let input = json!({"UserName": properties.get("UserName"), "AccessKeyId": made.reference});
    call(operations, "iam", "DeleteAccessKey", input).await
}
