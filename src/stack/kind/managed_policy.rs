//! `AWS::IAM::ManagedPolicy`: a policy of the account, attached to some roles, users and groups.

use serde_json::{Value, json};

use super::holder::{GROUP, Holder, ROLE, USER, document, gone, list, names};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed, text,
};

/// A managed policy.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::ManagedPolicy",
    properties: &["ManagedPolicyName", "PolicyDocument", "Description", "Path", "Roles", "Users", "Groups"],
    identity: &["ManagedPolicyName", "Description", "Path"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| Box::pin(delete(operations, made, properties)),
    guess: |id| {
        let arn = format!("arn:aws:iam::123456789012:policy/{id}");
        (arn.clone(), vec![("PolicyArn", arn), ("PolicyId", "ANPA".into())])
    },
    ..Row::PLAIN
};

/// The properties that list who has it.
static HOLDERS: [(&str, &Holder); 3] = [("Roles", &ROLE), ("Users", &USER), ("Groups", &GROUP)];

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "ManagedPolicyName").unwrap_or_else(|| naming.generated(128));
    let mut input = renamed(properties, &[("Path", "Path"), ("Description", "Description")]);
    input.insert("PolicyName".into(), json!(name));
    input.insert("PolicyDocument".into(), document(properties.get("PolicyDocument")));
    let made = call(operations, "iam", "CreatePolicy", input.into()).await?;
    let policy = made.get("Policy").cloned().unwrap_or_default();
    let arn = text(&policy, "Arn").to_owned();
    let attributes = [("PolicyArn", "Arn"), ("PolicyId", "PolicyId")]
        .map(|(to, from)| (to.to_owned(), text(&policy, from).to_owned()));
    let made = Attributes { reference: arn.clone(), attributes: attributes.into() };
    if let Err(error) = attach(operations, &arn, properties).await {
        delete(operations, &made, properties).await?;
        return Err(error);
    }
    Ok(made)
}

async fn attach(
    operations: &dyn Operations,
    arn: &str,
    properties: &Properties,
) -> Result<(), OperationError> {
    for (property, holder) in HOLDERS {
        for name in names(properties, property) {
            holder.attach(operations, name, &json!(arn)).await?;
        }
    }
    Ok(())
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let arn = &made.reference;
    if old.get("PolicyDocument") != new.get("PolicyDocument") {
        // There are at most five versions, of which the default can't be deleted.
        let found = call(operations, "iam", "ListPolicyVersions", json!({ "PolicyArn": arn })).await?;
        let versions: Vec<&Value> = found["Versions"].as_array().into_iter().flatten().collect();
        let is_default = |it: &&&Value| it["IsDefaultVersion"] == true || it["IsDefaultVersion"] == "true";
        let oldest = versions.iter().rev().find(|it| !is_default(it)).filter(|_| 5 <= versions.len());
        if let Some(oldest) = oldest {
            let input = json!({"PolicyArn": arn, "VersionId": oldest["VersionId"]});
            call(operations, "iam", "DeletePolicyVersion", input).await?;
        }
        let input = json!({"PolicyArn": arn, "PolicyDocument": document(new.get("PolicyDocument")), "SetAsDefault": true});
        call(operations, "iam", "CreatePolicyVersion", input).await?;
    }
    attach(operations, arn, new).await?;
    for (property, holder) in HOLDERS {
        let kept = names(new, property);
        for name in names(old, property).into_iter().filter(|name| !kept.contains(name)) {
            holder.detach(operations, name, &json!(arn)).await?;
        }
    }
    Ok(Updated::InPlace(made.clone()))
}

async fn delete(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Value, OperationError> {
    let arn = &made.reference;
    for (property, holder) in HOLDERS {
        for name in list(properties, property).filter_map(Value::as_str) {
            holder.detach(operations, name, &json!(arn)).await?;
        }
    }
    let found = call(operations, "iam", "ListPolicyVersions", json!({ "PolicyArn": arn })).await?;
    for version in found["Versions"].as_array().into_iter().flatten() {
        if version["IsDefaultVersion"] != true && version["IsDefaultVersion"] != "true" {
            let input = json!({"PolicyArn": arn, "VersionId": version["VersionId"]});
            gone(call(operations, "iam", "DeletePolicyVersion", input).await)?;
        }
    }
    call(operations, "iam", "DeletePolicy", json!({ "PolicyArn": arn })).await
}
