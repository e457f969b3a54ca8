//! `AWS::ApiGateway::ApiKey`.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, one, patches, renamed,
    tag_map, text,
};

/// A key that callers send.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::ApiKey",
    properties: &[
        "Name",
        "Description",
        "Enabled",
        "GenerateDistinctId",
        "Value",
        "CustomerId",
        "StageKeys",
        "Tags",
    ],
    identity: &["Name", "Value", "GenerateDistinctId"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "apigateway", "DeleteApiKey", json!({ "apiKey": made.reference })))
    },
    tagged: |id, _| Some(format!("/apikeys/{id}")),
    guess: |_| one("APIKeyId", "abcde12345"),
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("Name", "name"),
        ("Description", "description"),
        ("Enabled", "enabled"),
        ("GenerateDistinctId", "generateDistinctId"),
        ("Value", "value"),
        ("CustomerId", "customerId"),
    ];
    let mut input = renamed(properties, &members);
    input.entry("name").or_insert_with(|| json!(naming.generated(128)));
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    if let Some(keys) = properties.get("StageKeys").and_then(Value::as_array) {
        let members = [("RestApiId", "restApiId"), ("StageName", "stageName")];
        let keys = keys.iter().filter_map(Value::as_object).map(|key| Value::Object(renamed(key, &members)));
        input.insert("stageKeys".into(), keys.collect());
    }
    let made = call(operations, "apigateway", "CreateApiKey", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { reference: id.clone(), attributes: [("APIKeyId".to_owned(), id)].into() })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let simple = [("Description", "/description"), ("Enabled", "/enabled"), ("CustomerId", "/customerId")];
    let mut changes = patches(old, new, &simple);
    let (before, after) = (stages(old), stages(new));
    let stage = |op: &str, stage: &String| json!({ "op": op, "path": "/stages", "value": stage });
    changes.extend(before.iter().filter(|it| !after.contains(it)).map(|it| stage("remove", it)));
    changes.extend(after.iter().filter(|it| !before.contains(it)).map(|it| stage("add", it)));
    let input = Map::from_iter([
        ("apiKey".to_owned(), json!(made.reference)),
        ("patchOperations".to_owned(), changes.into()),
    ]);
    call(operations, "apigateway", "UpdateApiKey", input.into()).await?;
    Ok(Updated::InPlace(made.clone()))
}

/// The stages as UpdateApiKey names them.
fn stages(properties: &Properties) -> Vec<String> {
    let keys = properties.get("StageKeys").and_then(Value::as_array).into_iter().flatten();
    keys.map(|key| format!("{}/{}", text(key, "RestApiId"), text(key, "StageName"))).collect()
}
