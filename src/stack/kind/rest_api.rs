//! `AWS::ApiGateway::RestApi`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, escape_pointer,
    patch_value, patches, renamed, tag_map, text,
};

/// A REST API.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::RestApi",
    properties: &[
        "Name",
        "Description",
        "ApiKeySourceType",
        "BinaryMediaTypes",
        "DisableExecuteApiEndpoint",
        "EndpointConfiguration",
        "MinimumCompressionSize",
        "Policy",
        "Tags",
        "Body",
        "BodyS3Location",
        "FailOnWarnings",
        "Mode",
        "Parameters",
        "CloneFrom",
        "SecurityPolicy",
        "EndpointAccessMode",
    ],
    is_deployed: true,
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "apigateway", "DeleteRestApi", json!({ "restApiId": made.reference })))
    },
    replaces,
    tagged: |id, _| Some(format!("/restapis/{id}")),
    guess: |_| {
        let api = "abcde12345".to_owned();
        (api.clone(), vec![("RootResourceId", "abcde67890".into()), ("RestApiId", api)])
    },
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
        ("ApiKeySourceType", "apiKeySource"),
        ("DisableExecuteApiEndpoint", "disableExecuteApiEndpoint"),
        ("MinimumCompressionSize", "minimumCompressionSize"),
        ("CloneFrom", "cloneFrom"),
        ("SecurityPolicy", "securityPolicy"),
        ("EndpointAccessMode", "endpointAccessMode"),
    ];
    let mut input = renamed(properties, &members);
    input.entry("name").or_insert_with(|| json!(naming.generated(128)));
    if properties.contains_key("BinaryMediaTypes") {
        input.insert("binaryMediaTypes".into(), json!(media_types(properties).collect::<Vec<_>>()));
    }
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    if let Some(policy) = properties.get("Policy") {
        input.insert("policy".into(), json!(policy_text(policy)));
    }
    if let Some(endpoint) = properties.get("EndpointConfiguration").and_then(Value::as_object) {
        let members =
            [("Types", "types"), ("VpcEndpointIds", "vpcEndpointIds"), ("IpAddressType", "ipAddressType")];
        input.insert("endpointConfiguration".into(), Value::Object(renamed(endpoint, &members)));
    }
    let made = call(operations, "apigateway", "CreateRestApi", input.into()).await?;
    let id = text(&made, "id").to_owned();
    let root = text(&made, "rootResourceId").to_owned();
    let root = match put_body(operations, &id, properties).await {
        Ok(()) => root,
        // Half an API is no API: take back what was made, then say why.
        Err(error) => {
            call(operations, "apigateway", "DeleteRestApi", json!({ "restApiId": id })).await?;
            return Err(error);
        }
    };
    let attributes = [("RootResourceId".to_owned(), root), ("RestApiId".to_owned(), id.clone())].into();
    Ok(Attributes { reference: id, attributes })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if has_other_document(old, new) {
        put_body(operations, &made.reference, new).await?;
    } else {
        patch(operations, &made.reference, changes(old, new)).await?;
    }
    Ok(Updated::InPlace(made.clone()))
}

/// Whether what it was copied from or what was imported can't be told from what became of it.
fn replaces(old: &Properties, new: &Properties) -> bool {
    // What a document no longer describes can't be told from what was put beside it.
    old.get("CloneFrom") != new.get("CloneFrom")
        || (has_other_document(old, new) && !new.contains_key("Body"))
}

fn has_other_document(old: &Properties, new: &Properties) -> bool {
    DOCUMENT.iter().any(|property| old.get(*property) != new.get(*property))
}

/// The properties that an import is made of.
const DOCUMENT: [&str; 4] = ["Body", "FailOnWarnings", "Mode", "Parameters"];

/// Puts the OpenAPI document of `Body` in the place of the API's working copy, or into it; then the properties
/// beside it, which win.
async fn put_body(
    operations: &dyn Operations,
    id: &str,
    properties: &Properties,
) -> Result<(), OperationError> {
    let Some(body) = properties.get("Body") else { return Ok(()) };
    let members = [("FailOnWarnings", "failOnWarnings"), ("Mode", "mode"), ("Parameters", "parameters")];
    let mut input = renamed(properties, &members);
    input.entry("mode").or_insert_with(|| json!("overwrite"));
    input.insert("restApiId".into(), json!(id));
    input.insert("body".into(), body.clone());
    call(operations, "apigateway", "PutRestApi", input.into()).await?;
    patch(operations, id, changes(&Properties::new(), properties)).await
}

async fn patch(operations: &dyn Operations, id: &str, patches: Vec<Value>) -> Result<(), OperationError> {
    let input = json!({ "restApiId": id, "patchOperations": patches });
    call(operations, "apigateway", "UpdateRestApi", input).await.map(drop)
}

/// What has to change for the properties of `old` to become those of `new`.
fn changes(old: &Properties, new: &Properties) -> Vec<Value> {
    let simple = [
        ("Name", "/name"),
        ("Description", "/description"),
        ("ApiKeySourceType", "/apiKeySource"),
        ("DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint"),
        ("MinimumCompressionSize", "/minimumCompressionSize"),
        ("SecurityPolicy", "/securityPolicy"),
        ("EndpointAccessMode", "/endpointAccessMode"),
    ];
    let mut operations_list = patches(old, new, &simple);
    operations_list.extend(endpoint(old, new));
    if old.get("Policy") != new.get("Policy") {
        let policy = new.get("Policy").map(policy_text).unwrap_or_default();
        operations_list.push(json!({ "op": "replace", "path": "/policy", "value": policy }));
    }
    let (before, after): (BTreeSet<String>, BTreeSet<String>) =
        (media_types(old).collect(), media_types(new).collect());
    for gone in before.difference(&after) {
        let path = format!("/binaryMediaTypes/{}", escape_pointer(gone));
        operations_list.push(json!({ "op": "remove", "path": path }));
    }
    for added in after.difference(&before) {
        let path = format!("/binaryMediaTypes/{}", escape_pointer(added));
        operations_list.push(json!({ "op": "add", "path": path }));
    }
    operations_list
}

/// The type comes first: what the others may be depends on it.
fn endpoint(old: &Properties, new: &Properties) -> Vec<Value> {
    let of =
        |properties: &Properties, member: &str| properties.get("EndpointConfiguration")?.get(member).cloned();
    let mut changes = Vec::new();
    let types = of(new, "Types").unwrap_or_else(|| json!(["EDGE"]));
    let ids = |properties: &Properties| -> BTreeSet<String> {
        let ids = of(properties, "VpcEndpointIds").unwrap_or_default();
        ids.as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    };
    let (before, after) = (ids(old), ids(new));
    let id = |op: &str, id: &String| json!({ "op": op, "path": "/endpointConfiguration/vpcEndpointIds", "value": id });
    changes.extend(before.difference(&after).map(|gone| id("remove", gone)));
    if of(old, "Types").unwrap_or_else(|| json!(["EDGE"])) != types {
        let path = "/endpointConfiguration/types/0";
        changes.push(json!({ "op": "replace", "path": path, "value": patch_value(types.get(0)) }));
    }
    changes.extend(after.difference(&before).map(|added| id("add", added)));
    if let Some(kind) =
        of(new, "IpAddressType").filter(|kind| of(old, "IpAddressType").as_ref() != Some(kind))
    {
        let path = "/endpointConfiguration/ipAddressType";
        changes.push(json!({ "op": "replace", "path": path, "value": kind }));
    }
    changes
}

fn media_types(properties: &Properties) -> impl Iterator<Item = String> {
    let types = properties.get("BinaryMediaTypes").and_then(Value::as_array).into_iter().flatten();
    // CloudFormation puts them into the paths of patches, where a slash is written `~1`; templates without do as well.
    types.filter_map(|t| Some(t.as_str()?.replace("~1", "/")))
}

fn policy_text(policy: &Value) -> String {
    policy.as_str().map_or_else(|| policy.to_string(), str::to_owned)
}
