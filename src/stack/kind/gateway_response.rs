//! `AWS::ApiGateway::GatewayResponse`.

use serde_json::Value;

use super::{Attributes, OperationError, Operations, Properties, call, renamed};

/// PutGatewayResponse makes and replaces alike.
pub(super) async fn put(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("RestApiId", "restApiId"),
        ("ResponseType", "responseType"),
        ("StatusCode", "statusCode"),
        ("ResponseParameters", "responseParameters"),
        ("ResponseTemplates", "responseTemplates"),
    ];
    let mut input = renamed(properties, &members);
    if let Some(code @ Value::Number(_)) = input.get("statusCode") {
        let code = code.to_string();
        input.insert("statusCode".into(), Value::String(code));
    }
    call(operations, "apigateway", "PutGatewayResponse", input.into()).await?;
    let id = properties.get("ResponseType").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Attributes { attributes: [("Id".to_owned(), id.clone())].into(), reference: id })
}
