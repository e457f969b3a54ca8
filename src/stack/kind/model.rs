//! `AWS::ApiGateway::Model`.

use serde_json::{Value, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, renamed, text};

/// A JSON schema of a REST API.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Model",
    properties: &["RestApiId", "Name", "ContentType", "Description", "Schema"],
    identity: &["RestApiId", "Name", "ContentType"],
    is_deployed: true,
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, _, new| Box::pin(update(operations, made, new)),
    delete: |operations, made, properties| {
        Box::pin(call(
            operations,
            "apigateway",
            "DeleteModel",
            json!({ "restApiId": properties.get("RestApiId"), "modelName": made.reference }),
        ))
    },
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("RestApiId", "restApiId"),
        ("Name", "name"),
        ("ContentType", "contentType"),
        ("Description", "description"),
    ];
    let mut input = renamed(properties, &members);
    // Model names are alphanumeric.
    input.entry("name").or_insert_with(|| {
        json!(naming.generated(128).chars().filter(char::is_ascii_alphanumeric).collect::<String>())
    });
    input.entry("contentType").or_insert_with(|| json!("application/json"));
    input.extend(properties.get("Schema").map(|schema| ("schema".to_owned(), schema_text(schema))));
    let made = call(operations, "apigateway", "CreateModel", input.into()).await?;
    Ok(Attributes { reference: text(&made, "name").to_owned(), attributes: [].into() })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let schema = schema_text(new.get("Schema").unwrap_or(&Value::Null));
    let description = new.get("Description").and_then(Value::as_str).unwrap_or_default();
    let input = json!({
        "restApiId": new.get("RestApiId"),
        "modelName": made.reference,
        "patchOperations": [
            { "op": "replace", "path": "/schema", "value": schema },
            { "op": "replace", "path": "/description", "value": description },
        ],
    });
    call(operations, "apigateway", "UpdateModel", input).await?;
    Ok(Updated::InPlace(made.clone()))
}

fn schema_text(schema: &Value) -> Value {
    match schema {
        Value::String(_) => schema.clone(),
        other => Value::String(other.to_string()),
    }
}
