//! `AWS::ApiGateway::Method`: a method, its responses, its integration and that one's responses.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, is_missing, renamed,
};

/// A method with its integration and responses.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Method",
    properties: &[
        "RestApiId",
        "ResourceId",
        "HttpMethod",
        "AuthorizationType",
        "AuthorizerId",
        "AuthorizationScopes",
        "ApiKeyRequired",
        "OperationName",
        "RequestParameters",
        "RequestModels",
        "RequestValidatorId",
        "MethodResponses",
        "Integration",
    ],
    identity: &["RestApiId", "ResourceId", "HttpMethod"],
    is_deployed: true,
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, _, new| Box::pin(update(operations, made, new)),
    delete: |operations, _, properties| Box::pin(delete(operations, properties)),
    ..Row::PLAIN
};

const METHOD: &[(&str, &str)] = &[
    ("AuthorizationType", "authorizationType"),
    ("AuthorizerId", "authorizerId"),
    ("AuthorizationScopes", "authorizationScopes"),
    ("ApiKeyRequired", "apiKeyRequired"),
    ("OperationName", "operationName"),
    ("RequestParameters", "requestParameters"),
    ("RequestModels", "requestModels"),
    ("RequestValidatorId", "requestValidatorId"),
];
const METHOD_RESPONSE: &[(&str, &str)] = &[
    ("StatusCode", "statusCode"),
    ("ResponseModels", "responseModels"),
    ("ResponseParameters", "responseParameters"),
];
const INTEGRATION: &[(&str, &str)] = &[
    ("Type", "type"),
    ("IntegrationHttpMethod", "httpMethod"),
    ("Uri", "uri"),
    ("Credentials", "credentials"),
    ("RequestParameters", "requestParameters"),
    ("RequestTemplates", "requestTemplates"),
    ("PassthroughBehavior", "passthroughBehavior"),
    ("ContentHandling", "contentHandling"),
    ("ResponseTransferMode", "responseTransferMode"),
    ("TimeoutInMillis", "timeoutInMillis"),
    ("CacheNamespace", "cacheNamespace"),
    ("CacheKeyParameters", "cacheKeyParameters"),
    ("ConnectionType", "connectionType"),
    ("ConnectionId", "connectionId"),
];
const INTEGRATION_RESPONSE: &[(&str, &str)] = &[
    ("StatusCode", "statusCode"),
    ("SelectionPattern", "selectionPattern"),
    ("ResponseParameters", "responseParameters"),
    ("ResponseTemplates", "responseTemplates"),
    ("ContentHandling", "contentHandling"),
];

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    if let Err(error) = put(operations, properties).await {
        // Half a method is no method: take back what was put, then say why.
        if error.operation != "PutMethod" {
            delete(operations, properties).await?;
        }
        return Err(error);
    }
    Ok(Attributes { reference: naming.generated(128), attributes: [].into() })
}

/// A method is put anew as a whole: stages don't see it before the next deployment.
pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    new: &Properties,
) -> Result<Updated, OperationError> {
    match delete(operations, new).await {
        // Gone already where an earlier update broke off between the two.
        Err(error) if !is_missing(&error) => return Err(error),
        Ok(_) | Err(_) => {}
    }
    put(operations, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

pub(super) async fn delete(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Value, OperationError> {
    call(operations, "apigateway", "DeleteMethod", Value::Object(address(properties))).await
}

async fn put(operations: &dyn Operations, properties: &Properties) -> Result<(), OperationError> {
    let mut method = renamed(properties, METHOD);
    method.entry("authorizationType").or_insert_with(|| json!("NONE"));
    put_part(operations, "PutMethod", properties, method).await?;
    for response in objects(properties.get("MethodResponses")) {
        put_part(operations, "PutMethodResponse", properties, coded(response, METHOD_RESPONSE)).await?;
    }
    let Some(integration) = properties.get("Integration").and_then(Value::as_object) else { return Ok(()) };
    put_part(operations, "PutIntegration", properties, renamed(integration, INTEGRATION)).await?;
    for response in objects(integration.get("IntegrationResponses")) {
        let part = coded(response, INTEGRATION_RESPONSE);
        put_part(operations, "PutIntegrationResponse", properties, part).await?;
    }
    Ok(())
}

async fn put_part(
    operations: &dyn Operations,
    operation: &'static str,
    properties: &Properties,
    mut input: Map<String, Value>,
) -> Result<(), OperationError> {
    input.extend(address(properties));
    call(operations, "apigateway", operation, input.into()).await.map(|_| ())
}

/// The labels of a method's URI. The verb there has another name than the `httpMethod` of an integration.
fn address(properties: &Properties) -> Map<String, Value> {
    renamed(properties, &[("RestApiId", "restApiId"), ("ResourceId", "resourceId"), ("HttpMethod", "verb")])
}

/// Templates write status codes as numbers or strings; the operations take strings.
fn coded(response: &Map<String, Value>, names: &[(&str, &str)]) -> Map<String, Value> {
    let mut input = renamed(response, names);
    if let Some(code @ Value::Number(_)) = input.get("statusCode") {
        let code = code.to_string();
        input.insert("statusCode".into(), Value::String(code));
    }
    input
}

fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
