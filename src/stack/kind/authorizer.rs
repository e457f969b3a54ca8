//! `AWS::ApiGateway::Authorizer`.

use serde_json::{Value, json};

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, one, patches, renamed, text,
};

/// What says who may call methods.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Authorizer",
    properties: &[
        "RestApiId",
        "Name",
        "Type",
        "ProviderARNs",
        "AuthType",
        "AuthorizerUri",
        "AuthorizerCredentials",
        "IdentitySource",
        "IdentityValidationExpression",
        "AuthorizerResultTtlInSeconds",
    ],
    identity: &["RestApiId"],
    is_deployed: true,
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        Box::pin(async move {
            let input = json!({ "restApiId": properties.get("RestApiId"), "authorizerId": made.reference });
            call(operations, "apigateway", "DeleteAuthorizer", input).await
        })
    },
    guess: |_| one("AuthorizerId", "abc123"),
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("RestApiId", "restApiId"),
        ("Name", "name"),
        ("Type", "type"),
        ("ProviderARNs", "providerARNs"),
        ("AuthType", "authType"),
        ("AuthorizerUri", "authorizerUri"),
        ("AuthorizerCredentials", "authorizerCredentials"),
        ("IdentitySource", "identitySource"),
        ("IdentityValidationExpression", "identityValidationExpression"),
        ("AuthorizerResultTtlInSeconds", "authorizerResultTtlInSeconds"),
    ];
    let mut input = renamed(properties, &members);
    // Parameters of templates make texts of numbers.
    if let Some(ttl) = input.get_mut("authorizerResultTtlInSeconds")
        && let Some(seconds) = ttl.as_str().and_then(|text| text.parse::<i64>().ok())
    {
        *ttl = json!(seconds);
    }
    let made = call(operations, "apigateway", "CreateAuthorizer", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { attributes: [("AuthorizerId".to_owned(), id.clone())].into(), reference: id })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let input = json!({
        "restApiId": new.get("RestApiId"), "authorizerId": made.reference, "patchOperations": changes(old, new),
    });
    call(operations, "apigateway", "UpdateAuthorizer", input).await?;
    Ok(Updated::InPlace(made.clone()))
}

fn changes(old: &Properties, new: &Properties) -> Vec<Value> {
    let simple = [
        ("Name", "/name"),
        ("Type", "/type"),
        ("AuthType", "/authType"),
        ("AuthorizerUri", "/authorizerUri"),
        ("AuthorizerCredentials", "/authorizerCredentials"),
        ("IdentitySource", "/identitySource"),
        ("IdentityValidationExpression", "/identityValidationExpression"),
        ("AuthorizerResultTtlInSeconds", "/authorizerResultTtlInSeconds"),
    ];
    let mut changes = patches(old, new, &simple);
    let (before, after) = (providers(old), providers(new));
    let one = |op: &str, arn: &Value| json!({ "op": op, "path": "/providerARNs", "value": arn });
    // An authorizer is never without: the new ones come before the old ones go.
    changes.extend(after.iter().filter(|arn| !before.contains(arn)).map(|arn| one("add", arn)));
    changes.extend(before.iter().filter(|arn| !after.contains(arn)).map(|arn| one("remove", arn)));
    changes
}

fn providers(properties: &Properties) -> Vec<Value> {
    properties.get("ProviderARNs").and_then(Value::as_array).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_patched() {
        let old = json!({"Name": "a", "ProviderARNs": ["1", "2"], "AuthorizerResultTtlInSeconds": 5});
        let new = json!({"Name": "a", "ProviderARNs": ["2", "3"], "AuthorizerResultTtlInSeconds": 0});
        let got = changes(old.as_object().unwrap(), new.as_object().unwrap());
        let expect = json!([
            {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"},
            {"op": "add", "path": "/providerARNs", "value": "3"},
            {"op": "remove", "path": "/providerARNs", "value": "1"},
        ]);
        assert_eq!(Value::from(got), expect);
    }
}
