//! `AWS::Cognito::IdentityPool`, and `AWS::Cognito::IdentityPoolRoleAttachment`.

use serde_json::{Map, Value, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, text};

/// An identity pool. The API's members have the properties' names.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Cognito::IdentityPool",
    properties: &[
        "IdentityPoolName",
        "AllowClassicFlow",
        "AllowUnauthenticatedIdentities",
        "CognitoIdentityProviders",
        "DeveloperProviderName",
        "IdentityPoolTags",
        "OpenIdConnectProviderARNs",
        "SupportedLoginProviders",
    ],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        let input = json!({ "IdentityPoolId": made.reference });
        Box::pin(call(operations, "cognito-identity", "DeleteIdentityPool", input))
    },
    guess: |id| {
        let pool = "us-east-1:00000000-0000-0000-0000-000000000000".to_owned();
        (pool.clone(), vec![("Id", pool), ("Name", id.to_owned())])
    },
    ..Row::PLAIN
};

/// The roles of an identity pool.
pub(super) static ROLES: Row = Row {
    type_name: "AWS::Cognito::IdentityPoolRoleAttachment",
    properties: &["IdentityPoolId", "Roles", "RoleMappings"],
    identity: &["IdentityPoolId"],
    create: |operations, naming, properties| Box::pin(attach(operations, naming, properties)),
    update: |operations, made, _, new| {
        Box::pin(async move { set_roles(operations, new).await.map(|()| Updated::InPlace(made.clone())) })
    },
    delete: |operations, _, properties| {
        let input = json!({ "IdentityPoolId": properties.get("IdentityPoolId"), "Roles": {} });
        Box::pin(call(operations, "cognito-identity", "SetIdentityPoolRoles", input))
    },
    guess: |id| (id.to_owned(), vec![("Id", id.to_owned())]),
    ..Row::PLAIN
};

/// What a template says, as the API takes it.
fn members(properties: &Properties, name: &str) -> Properties {
    let mut members = properties.clone();
    members.insert("IdentityPoolName".to_owned(), json!(name));
    // Templates have tags as a list here.
    if let Some(tags) = members.get("IdentityPoolTags").and_then(Value::as_array) {
        let pairs = tags.iter().map(|tag| (text(tag, "Key").to_owned(), json!(text(tag, "Value"))));
        let pairs: Map<String, Value> = pairs.collect();
        members.insert("IdentityPoolTags".to_owned(), pairs.into());
    }
    members
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "IdentityPoolName").unwrap_or_else(|| naming.generated(128));
    let input = members(properties, &name);
    let made = call(operations, "cognito-identity", "CreateIdentityPool", input.into()).await?;
    let id = text(&made, "IdentityPoolId").to_owned();
    let attributes = [("Id".to_owned(), id.clone()), ("Name".to_owned(), name)].into();
    Ok(Attributes { reference: id, attributes })
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let name = name_of(new, "IdentityPoolName");
    if name.is_some() != name_of(old, "IdentityPoolName").is_some() {
        return Ok(Updated::Replace);
    }
    let kept = made.attributes.get("Name").cloned().unwrap_or_default();
    let name = name.unwrap_or(kept);
    let mut input = members(new, &name);
    input.insert("IdentityPoolId".to_owned(), json!(made.reference));
    call(operations, "cognito-identity", "UpdateIdentityPool", input.into()).await?;
    let mut changed = made.clone();
    changed.attributes.insert("Name".to_owned(), name);
    Ok(Updated::InPlace(changed))
}

async fn attach(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    set_roles(operations, properties).await?;
    let id = naming.generated(128);
    Ok(Attributes { reference: id.clone(), attributes: [("Id".to_owned(), id)].into() })
}

/// A mapping may name its provider itself, since a template can't compute keys.
async fn set_roles(operations: &dyn Operations, properties: &Properties) -> Result<(), OperationError> {
    let mut input = properties.clone();
    input.entry("Roles").or_insert_with(|| json!({}));
    if let Some(mappings) = properties.get("RoleMappings").and_then(Value::as_object) {
        let named = mappings.iter().map(|(key, mapping)| {
            let mut mapping = mapping.clone();
            let provider = mapping.as_object_mut().and_then(|it| it.remove("IdentityProvider"));
            let provider = provider.and_then(|it| it.as_str().map(str::to_owned));
            (provider.unwrap_or_else(|| key.clone()), mapping)
        });
        let named: Map<String, Value> = named.collect();
        input.insert("RoleMappings".to_owned(), named.into());
    }
    call(operations, "cognito-identity", "SetIdentityPoolRoles", input.into()).await.map(|_| ())
}
