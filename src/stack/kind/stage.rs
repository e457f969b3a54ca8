//! `AWS::ApiGateway::Stage`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, escape_pointer, name_of,
    patch_value, patches, renamed, tag_map,
};

/// A named reference to a deployment.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Stage",
    properties: &[
        "RestApiId",
        "StageName",
        "DeploymentId",
        "Description",
        "Variables",
        "MethodSettings",
        "TracingEnabled",
        "AccessLogSetting",
        "CanarySetting",
        "CacheClusterEnabled",
        "CacheClusterSize",
        "ClientCertificateId",
        "DocumentationVersion",
        "Tags",
    ],
    identity: &["RestApiId", "StageName"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, properties| {
        Box::pin(call(
            operations,
            "apigateway",
            "DeleteStage",
            json!({ "restApiId": properties.get("RestApiId"), "stageName": made.reference }),
        ))
    },
    tagged: |id, properties| {
        let api = properties.get("RestApiId").and_then(Value::as_str)?;
        Some(format!("/restapis/{api}/stages/{id}"))
    },
    ..Row::PLAIN
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

/// Members of `CanarySetting` and of the operations' `canarySettings`.
pub(super) const CANARY: &[(&str, &str)] = &[
    ("DeploymentId", "deploymentId"),
    ("PercentTraffic", "percentTraffic"),
    ("StageVariableOverrides", "stageVariableOverrides"),
    ("UseStageCache", "useStageCache"),
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
    if let Some(canary) = properties.get("CanarySetting").and_then(Value::as_object) {
        input.insert("canarySettings".to_owned(), renamed(canary, CANARY).into());
    }
    call(operations, "apigateway", "CreateStage", input.into()).await?;
    let settings = settings(&Map::new(), &without_canary(properties));
    let stage = name_of(properties, "StageName").unwrap_or_default();
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
    patch(operations, made, new, changes(old, new)).await?;
    Ok(Updated::InPlace(made.clone()))
}

/// The changes that make a stage with the properties of `old` one with those of `new`.
pub(super) fn changes(old: &Properties, new: &Properties) -> Vec<Value> {
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
    changes
}

/// The properties of a stage that GetStage shows.
pub(super) fn observed(stage: &Value) -> Properties {
    let members = [
        ("deploymentId", "DeploymentId"),
        ("description", "Description"),
        ("tracingEnabled", "TracingEnabled"),
        ("cacheClusterEnabled", "CacheClusterEnabled"),
        ("cacheClusterSize", "CacheClusterSize"),
        ("documentationVersion", "DocumentationVersion"),
        ("clientCertificateId", "ClientCertificateId"),
        ("variables", "Variables"),
    ];
    let nothing = Map::new();
    let mut properties = renamed(stage.as_object().unwrap_or(&nothing), &members);
    if let Some(log) = stage.get("accessLogSettings") {
        let log = json!({ "DestinationArn": log.get("destinationArn"), "Format": log.get("format") });
        properties.insert("AccessLogSetting".to_owned(), log);
    }
    if let Some(canary) = stage.get("canarySettings").and_then(Value::as_object) {
        let back: Vec<(&str, &str)> = CANARY.iter().map(|(property, member)| (*member, *property)).collect();
        properties.insert("CanarySetting".to_owned(), renamed(canary, &back).into());
    }
    if let Some(tags) = stage.get("tags").and_then(Value::as_object) {
        let tags: Vec<Value> =
            tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        properties.insert("Tags".to_owned(), tags.into());
    }
    let settings = stage.get("methodSettings").and_then(Value::as_object).into_iter().flatten();
    let settings: Vec<Value> = settings
        .map(|(key, setting)| {
            let (path, verb) = key.rsplit_once('/').unwrap_or((key, "*"));
            let member = |(name, _): &(&str, &str)| {
                let (first, rest) = name.split_at(1);
                let value = setting.get(format!("{}{rest}", first.to_ascii_lowercase()))?;
                Some(((*name).to_owned(), value.clone()))
            };
            let mut properties: Map<String, Value> = METHOD_SETTINGS.iter().filter_map(member).collect();
            properties.insert("ResourcePath".to_owned(), json!(format!("/{path}")));
            properties.insert("HttpMethod".to_owned(), json!(verb));
            properties.into()
        })
        .collect();
    if !settings.is_empty() {
        properties.insert("MethodSettings".to_owned(), settings.into());
    }
    properties
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

/// CreateStage takes the canary itself, so that the stage never serves without it.
fn without_canary(properties: &Properties) -> Properties {
    properties
        .iter()
        .filter(|(name, _)| *name != "CanarySetting")
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// The changes that make the settings of `new` of those of `old`, as far as CreateStage has no members for them. The
/// properties of a stage and of a deployment's `StageDescription` have the same names.
pub(super) fn settings(old: &Properties, new: &Properties) -> Vec<Value> {
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
                    let value = patch_value(log.get(member));
                    // A log group's own ARN ends so.
                    let value =
                        value.strip_suffix(":*").filter(|_| member == "DestinationArn").unwrap_or(&value);
                    json!({ "op": "replace", "path": path, "value": value })
                },
            )),
        }
    }
    // A description's own method settings are those of every method.
    changes.extend(method_settings("*/*", &Value::Object(new.clone()), old));
    if old.get("MethodSettings") != new.get("MethodSettings") {
        let nothing = Properties::new();
        for setting in new.get("MethodSettings").and_then(Value::as_array).into_iter().flatten() {
            changes.extend(method_settings(&method_key(setting), setting, &nothing));
        }
        let of = |properties: &Properties| -> BTreeSet<String> {
            let all = properties.get("MethodSettings").and_then(Value::as_array);
            all.into_iter().flatten().map(method_key).collect()
        };
        for gone in of(old).difference(&of(new)) {
            changes.push(json!({ "op": "remove", "path": format!("/{gone}") }));
        }
    }
    changes.extend(canary(old.get("CanarySetting"), new.get("CanarySetting")));
    changes
}

/// The key of a method's settings, as patch paths have it.
fn method_key(setting: &Value) -> String {
    let member = |name: &str| setting.get(name).and_then(Value::as_str);
    let path = member("ResourcePath").unwrap_or("/*");
    // Templates write `/` for the root, `/~1pets~1{id}` (or `/pets`) and `/*`; the patch path wants one escaped segment.
    let path = match path.strip_prefix('/').unwrap_or(path) {
        "" => "~1".to_owned(),
        path if path.contains('/') => escape_pointer(path),
        path => path.to_owned(),
    };
    format!("{path}/{}", member("HttpMethod").unwrap_or("*"))
}

fn method_settings(key: &str, setting: &Value, old: &Properties) -> Vec<Value> {
    let changed = METHOD_SETTINGS.iter().filter_map(|(name, tail)| {
        let value = setting.get(*name).filter(|value| old.get(*name) != Some(value))?;
        Some(json!({ "op": "replace", "path": format!("/{key}/{tail}"), "value": patch_value(Some(value)) }))
    });
    changed.collect()
}

/// Makes the canary what `new` says: taken away, or changed member by member.
fn canary(old: Option<&Value>, new: Option<&Value>) -> Vec<Value> {
    let nothing = Properties::new();
    let Some(new) = new.and_then(Value::as_object) else {
        let gone = old.map(|_| json!({ "op": "remove", "path": "/canarySettings" }));
        return gone.into_iter().collect();
    };
    let old = old.and_then(Value::as_object).unwrap_or(&nothing);
    let mut changes = Vec::new();
    for (property, member) in CANARY.iter().filter(|(property, _)| old.get(*property) != new.get(*property)) {
        let path = format!("/canarySettings/{member}");
        let (before, after) = (old.get(*property), new.get(*property));
        match (*property, after) {
            ("StageVariableOverrides", after) => {
                let of =
                    |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
                let (before, after) = (of(before), of(after));
                let gone = before.keys().filter(|name| !after.contains_key(*name));
                changes.extend(gone.map(|name| json!({ "op": "remove", "path": format!("{path}/{name}") })));
                let set = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
                changes.extend(set.map(|(name, value)| {
                    json!({ "op": "replace", "path": format!("{path}/{name}"), "value": patch_value(Some(value)) })
                }));
            }
            (_, Some(value)) => {
                changes.push(json!({ "op": "replace", "path": path, "value": patch_value(Some(value)) }));
            }
            // A canary is of some deployment.
            ("DeploymentId", None) => {}
            ("PercentTraffic", None) => {
                changes.push(json!({ "op": "replace", "path": path, "value": "0.0" }))
            }
            (_, None) => changes.push(json!({ "op": "replace", "path": path, "value": "false" })),
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

    #[test]
    fn method_settings_that_are_gone_are_removed() {
        let old = json!({"MethodSettings": [
            {"ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": true},
            {"ResourcePath": "/pets", "HttpMethod": "GET", "MetricsEnabled": true}
        ]});
        let new =
            json!({"MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": true}]});
        let got = settings(old.as_object().unwrap(), new.as_object().unwrap());
        assert_eq!(got.last(), Some(&json!({"op": "remove", "path": "/pets/GET"})));
    }

    #[test]
    fn templates_write_paths_and_log_groups_in_their_own_way() {
        let check = |path: &str, key: &str| {
            assert_eq!(method_key(&json!({"ResourcePath": path, "HttpMethod": "GET"})), key, "{path}");
        };
        check("/", "~1/GET");
        check("/*", "*/GET");
        check("/~1pets~1{id}", "~1pets~1{id}/GET");
        check("/pets", "pets/GET");
        check("/pets/{id}", "pets~1{id}/GET");
        let log = json!({"AccessLogSetting": {"DestinationArn": "arn:aws:logs:us-east-1:1:log-group:g:*", "Format": "f:*"}});
        let want = json!([
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": "arn:aws:logs:us-east-1:1:log-group:g"},
            {"op": "replace", "path": "/accessLogSettings/format", "value": "f:*"},
        ]);
        assert_eq!(json!(settings(&Map::new(), log.as_object().unwrap())), want);
    }

    #[test]
    fn what_a_stage_shows_leads_back_to_it() {
        let before = observed(&json!({
            "deploymentId": "a", "variables": {"x": "1"}, "description": "d", "cacheClusterStatus": "NOT_AVAILABLE",
            "methodSettings": {"~1pets/GET": {"metricsEnabled": true, "throttlingRateLimit": 5.0}},
            "accessLogSettings": {"destinationArn": "arn", "format": "f"},
        }));
        let after = observed(&json!({
            "deploymentId": "b", "variables": {"y": "2"}, "description": "d",
            "canarySettings": {"deploymentId": "c", "percentTraffic": 5.0},
            "methodSettings": {"*/*": {"metricsEnabled": true}},
        }));
        let replace = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
        let remove = |path: &str| json!({"op": "remove", "path": path});
        assert_eq!(
            changes(&after, &before),
            [
                replace("/deploymentId", "a"),
                remove("/variables/y"),
                replace("/variables/x", "1"),
                replace("/accessLogSettings/destinationArn", "arn"),
                replace("/accessLogSettings/format", "f"),
                replace("/~1pets/GET/metrics/enabled", "true"),
                replace("/~1pets/GET/throttling/rateLimit", "5.0"),
                remove("/*/*"),
                remove("/canarySettings"),
            ]
        );
        assert!(changes(&before, &before).is_empty());
    }

    #[test]
    fn canaries_change_member_by_member_and_go_as_a_whole() {
        let old = json!({"DeploymentId": "a", "PercentTraffic": 10.5, "StageVariableOverrides": {"x": "1", "y": "2"}});
        let new = json!({"DeploymentId": "b", "UseStageCache": true, "StageVariableOverrides": {"y": "3"}});
        let replace = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
        assert_eq!(
            canary(Some(&old), Some(&new)),
            [
                replace("/canarySettings/deploymentId", "b"),
                replace("/canarySettings/percentTraffic", "0.0"),
                json!({"op": "remove", "path": "/canarySettings/stageVariableOverrides/x"}),
                replace("/canarySettings/stageVariableOverrides/y", "3"),
                replace("/canarySettings/useStageCache", "true"),
            ]
        );
        assert_eq!(canary(Some(&old), None), [json!({"op": "remove", "path": "/canarySettings"})]);
        assert!(canary(None, None).is_empty() && canary(Some(&old), Some(&old)).is_empty());
    }
}
