//! `AWS::Cognito::UserPoolClient`.

use serde_json::{Value, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, text};

/// A client of a user pool.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Cognito::UserPoolClient",
    properties: &[
        "ClientName",
        "UserPoolId",
        "AccessTokenValidity",
        "AllowedOAuthFlowsUserPoolClient",
        "AuthSessionValidity",
        "EnablePropagateAdditionalUserContextData",
        "EnableTokenRevocation",
        "ExplicitAuthFlows",
        "GenerateSecret",
        "IdTokenValidity",
        "PreventUserExistenceErrors",
        "ReadAttributes",
        "RefreshTokenValidity",
        "SupportedIdentityProviders",
        "TokenValidityUnits",
        "WriteAttributes",
    ],
    identity: &["UserPoolId", "GenerateSecret"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        let input = json!({ "UserPoolId": properties.get("UserPoolId"), "ClientId": made.reference });
        Box::pin(call(operations, "cognito-idp", "DeleteUserPoolClient", input))
    },
    guess: |_| {
        let id = "1example23456789".to_owned();
        (id.clone(), vec![("ClientId", id), ("ClientSecret", String::new()), ("Name", "client".to_owned())])
    },
    ..Row::PLAIN
};

/// What a client answers.
fn attributes(client: &Value) -> Attributes {
    let reference = text(client, "ClientId").to_owned();
    let attributes = [("ClientId", "ClientId"), ("ClientSecret", "ClientSecret"), ("Name", "ClientName")]
        .map(|(attribute, member)| (attribute.to_owned(), text(client, member).to_owned()));
    Attributes { reference, attributes: attributes.into() }
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "ClientName").unwrap_or_else(|| naming.generated(128));
    let mut input = properties.clone();
    input.insert("ClientName".to_owned(), json!(name));
    let made = call(operations, "cognito-idp", "CreateUserPoolClient", input.into()).await?;
    Ok(attributes(made.get("UserPoolClient").unwrap_or(&Value::Null)))
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if name_of(old, "ClientName").is_some() != name_of(new, "ClientName").is_some() {
        return Ok(Updated::Replace);
    }
    let mut input = new.clone();
    input.remove("GenerateSecret");
    input.insert("ClientId".to_owned(), json!(made.reference));
    let changed = call(operations, "cognito-idp", "UpdateUserPoolClient", input.into()).await?;
    Ok(Updated::InPlace(attributes(changed.get("UserPoolClient").unwrap_or(&Value::Null))))
}
