//! `AWS::ApiGateway::Stage`.

use serde_json::{Map, Value, json};

use super::{
    Attributes, OperationError, Operations, Properties, Updated, call, escape_pointer, patch_value, patches,
    renamed, tag_map,
};

/// A member of `MethodSettings` and the tail of its patch path.
const METHOD_SETTINGS: &[(&str, &str)] = &[
    ("MetricsEnabled", "metrics/enabled"),
    ("LoggingLevel", "logging/loglevel"),
    ("DataTraceEnabled", "logging/dataTrace"),
    ("ThrottlingBurstLimit", "throttling/burstLimit"),
    ("ThrottlingRateLimit", "throttling/rateLimit"),
    ("CachingEnabled", "caching/enabled"),
    ("CacheTtlInSeconds", "caching/ttlInSeconds"),
    ("CacheDataEncrypted", "caching/dataEncrypted"),
];

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("RestApiId", "restApiId"),
        ("StageName", "stageName"),
        ("DeploymentId", "deploymentId"),
        ("Description", "description"),
        ("Variables", "variables"),
        ("TracingEnabled", "tracingEnabled"),
        ("CacheClusterEnabled", "cacheClusterEnabled"),
        ("CacheClusterSize", "cacheClusterSize"),
        ("DocumentationVersion", "documentationVersion"),
    ];
    let mut input = renamed(properties, &members);
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    call(operations, "apigateway", "CreateStage", input.into()).await?;
    let settings = settings(&Map::new(), properties);
    let stage = properties.get("StageName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let made = Attributes { reference: stage, attributes: [].into() };
    if !settings.is_empty()
        && let Err(error) = patch(operations, &made, properties, settings).await
    {
        let input = json!({ "restApiId": properties.get("RestApiId"), "stageName": made.reference });
        call(operations, "apigateway", "DeleteStage", input).await?;
        return Err(error);
    }
    Ok(made)
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if tag_map(old) != tag_map(new) {
        return Ok(Updated::Replace);
    }
    let simple = [
        ("DeploymentId", "/deploymentId"),
        ("Description", "/description"),
        ("TracingEnabled", "/tracingEnabled"),
        ("CacheClusterEnabled", "/cacheClusterEnabled"),
        ("DocumentationVersion", "/documentationVersion"),
    ];
    let mut changes = patches(old, new, &simple);
    changes.extend(variables(old, new));
    changes.extend(settings(old, new));
    patch(operations, made, new, changes).await?;
    Ok(Updated::InPlace(made.clone()))
}

async fn patch(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
    changes: Vec<Value>,
) -> Result<(), OperationError> {
    let input = json!({
        "restApiId": properties.get("RestApiId"), "stageName": made.reference, "patchOperations": changes
    });
    call(operations, "apigateway", "UpdateStage", input).await.map(|_| ())
}

fn variables(old: &Properties, new: &Properties) -> Vec<Value> {
    let empty = Map::new();
    let of = |p: &'_ Properties| p.get("Variables").and_then(Value::as_object).cloned();
    let (old, new) = (of(old).unwrap_or_else(|| empty.clone()), of(new).unwrap_or_else(|| empty.clone()));
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| json!({ "op": "remove", "path": format!("/variables/{name}") }));
    let set = new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(|(name, value)| {
        json!({ "op": "replace", "path": format!("/variables/{name}"), "value": patch_value(Some(value)) })
    });
    gone.chain(set).collect()
}

fn settings(old: &Properties, new: &Properties) -> Vec<Value> {
    // CreateStage takes no certificate, and no stage is without a size once it had one.
    let mut changes = patches(old, new, &[("ClientCertificateId", "/clientCertificateId")]);
    if new.contains_key("CacheClusterSize") && !old.is_empty() {
        changes.extend(patches(old, new, &[("CacheClusterSize", "/cacheClusterSize")]));
    }
    if old.get("AccessLogSetting") != new.get("AccessLogSetting") {
        match new.get("AccessLogSetting") {
            None => changes.push(json!({ "op": "remove", "path": "/accessLogSettings" })),
            Some(log) => changes.extend([("DestinationArn", "destinationArn"), ("Format", "format")].map(
                |(member, path)| {
                    let path = format!("/accessLogSettings/{path}");
                    json!({ "op": "replace", "path": path, "value": patch_value(log.get(member)) })
                },
            )),
        }
    }
    if old.get("MethodSettings") != new.get("MethodSettings") {
        for setting in new.get("MethodSettings").and_then(Value::as_array).into_iter().flatten() {
            let member = |name: &str| setting.get(name).and_then(Value::as_str);
            let path = member("ResourcePath").unwrap_or("/*");
            // Templates write `/~1pets` or `/pets` or `/*`; the patch path wants one escaped segment.
            let path = path.strip_prefix('/').unwrap_or(path);
            let path = if path.contains('/') { escape_pointer(path) } else { path.to_owned() };
            let verb = member("HttpMethod").unwrap_or("*");
            for (name, tail) in METHOD_SETTINGS {
                if let Some(value) = setting.get(*name) {
                    let path = format!("/{path}/{verb}/{tail}");
                    changes.push(json!({ "op": "replace", "path": path, "value": patch_value(Some(value)) }));
                }
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_patched() {
        let old = json!({"Variables": {"a": "1", "b": "2"}});
        let new = json!({"Variables": {"b": "3", "c": "4"}});
        let got = variables(old.as_object().unwrap(), new.as_object().unwrap());
        assert_eq!(
            json!(got),
            json!([
                {"op": "remove", "path": "/variables/a"},
                {"op": "replace", "path": "/variables/b", "value": "3"},
                {"op": "replace", "path": "/variables/c", "value": "4"}
            ])
        );
    }

    #[test]
    fn method_settings_become_patch_paths() {
        let new = json!({"MethodSettings": [
            {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 1.5},
            {"ResourcePath": "/~1pets~1{id}", "HttpMethod": "GET", "LoggingLevel": "INFO"}
        ]});
        let got = settings(&Map::new(), new.as_object().unwrap());
        let paths: Vec<&str> = got.iter().filter_map(|p| p.get("path")?.as_str()).collect();
        assert_eq!(paths, ["/*/*/throttling/rateLimit", "/~1pets~1{id}/GET/logging/loglevel"]);
    }
}
