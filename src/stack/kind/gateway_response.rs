//! `AWS::ApiGateway::GatewayResponse`.

use serde_json::{Value, json};

use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, one, renamed};

/// How a refusal is answered.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::GatewayResponse",
    properties: &["RestApiId", "ResponseType", "StatusCode", "ResponseParameters", "ResponseTemplates"],
    identity: &["RestApiId", "ResponseType"],
    is_deployed: true,
    create: |operations, _, properties| Box::pin(put(operations, properties)),
    update: |operations, _, _, new| Box::pin(async move { put(operations, new).await.map(Updated::InPlace) }),
    delete: |operations, _, properties| {
        Box::pin(async move {
            let input = json!({ "restApiId": properties.get("RestApiId"), "responseType": properties.get("ResponseType") });
            call(operations, "apigateway", "DeleteGatewayResponse", input).await
        })
    },
    guess: |id| one("Id", id),
    ..Row::PLAIN
};

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
