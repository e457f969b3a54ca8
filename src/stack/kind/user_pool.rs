//! `AWS::Cognito::UserPool`.

use serde_json::{Value, json};

use super::{
    Attributes, Guess, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, text,
};

/// A user pool. The API's members have the properties' names, except for its own.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Cognito::UserPool",
    properties: &[
        "UserPoolName",
        "AccountRecoverySetting",
        "AdminCreateUserConfig",
        "AliasAttributes",
        "AutoVerifiedAttributes",
        "DeletionProtection",
        "EmailConfiguration",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
        "MfaConfiguration",
        "Policies",
        "Schema",
        "SmsVerificationMessage",
        "UserAttributeUpdateSettings",
        "UserPoolTags",
        "UserPoolTier",
        "UsernameAttributes",
        "UsernameConfiguration",
        "VerificationMessageTemplate",
    ],
    identity: &["AliasAttributes", "UsernameAttributes", "UsernameConfiguration"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "cognito-idp", "DeleteUserPool", json!({ "UserPoolId": made.reference })))
    },
    guess,
    ..Row::PLAIN
};

fn guess(_: &str) -> Guess {
    let id = "us-east-1_Abcde1234";
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{id}");
    let attributes = vec![
        ("Arn", format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}")),
        ("ProviderName", provider.clone()),
        ("ProviderURL", format!("https://{provider}")),
        ("UserPoolId", id.to_owned()),
    ];
    (id.to_owned(), attributes)
}

/// What a template says, as the API takes it.
fn members(properties: &Properties) -> Properties {
    let mut members = properties.clone();
    members.remove("UserPoolName");
    // The CDK says it of every pool. No message is ever sent: what would have some sent is refused.
    members.remove("SmsVerificationMessage");
    members
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "UserPoolName").unwrap_or_else(|| naming.generated(128));
    let mut input = members(properties);
    input.insert("PoolName".to_owned(), json!(name));
    let made = call(operations, "cognito-idp", "CreateUserPool", input.into()).await?;
    let pool = made.get("UserPool").cloned().unwrap_or_default();
    let id = text(&pool, "Id").to_owned();
    let provider = format!("cognito-idp.{}.amazonaws.com/{id}", naming.home.region);
    let attributes = [
        ("Arn", text(&pool, "Arn").to_owned()),
        ("ProviderName", provider.clone()),
        ("ProviderURL", format!("https://{provider}")),
        ("UserPoolId", id.clone()),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value)).into();
    Ok(Attributes { reference: id, attributes })
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if name_of(old, "UserPoolName").is_some() != name_of(new, "UserPoolName").is_some() {
        return Ok(Updated::Replace);
    }
    let schema = |properties: &Properties| -> Vec<Value> {
        properties.get("Schema").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (before, after) = (schema(old), schema(new));
    // Attributes can be added and never removed.
    if !before.iter().all(|attribute| after.contains(attribute)) {
        return Ok(Updated::Replace);
    }
    let added: Vec<Value> = after.into_iter().filter(|attribute| !before.contains(attribute)).collect();
    if !added.is_empty() {
        let input = json!({ "UserPoolId": made.reference, "CustomAttributes": added });
        call(operations, "cognito-idp", "AddCustomAttributes", input).await?;
    }
    let mut input = members(new);
    for fixed in ["Schema", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration"] {
        input.remove(fixed);
    }
    input.insert("UserPoolId".to_owned(), json!(made.reference));
    input.extend(name_of(new, "UserPoolName").map(|name| ("PoolName".to_owned(), json!(name))));
    call(operations, "cognito-idp", "UpdateUserPool", input.into()).await?;
    Ok(Updated::InPlace(made.clone()))
}
