//! A REST API: its resources as a tree, each method in four boxes, tests of methods, stages and deployments.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::addresses::{self, address};
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// Resources, stages and deployments that are shown.
const SHOWN_MAX: u64 = 500;
const TABS: &[(&str, &str)] =
    &[("", "Resources"), ("stages", "Stages"), ("deployments", "Deployments"), ("import", "Import")];

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let id = visit.required("id")?;
    let aws = &visit.aws;
    let api = aws.apigateway("GetRestApi", json!({ "restApiId": id })).await?;
    let tab = TABS.iter().find(|(tab, _)| *tab == visit.query("tab")).map_or("", |(tab, _)| tab);
    let name = text(&api, "name").to_owned();
    let tabs: Vec<_> = TABS
        .iter()
        .map(|(word, label)| json!({"label": label, "href": addresses::api(id, word), "current": *word == tab}))
        .collect();
    let mut data = json!({
        "id": id, "name": name, "description": text(&api, "description"), "tabs": tabs,
        "created": shown::time_of(&api, "createdDate"),
        "isResources": tab.is_empty(), "isStages": tab == "stages", "isDeployments": tab == "deployments", "isImport": tab == "import",
    });
    match tab {
        "stages" => {
            let stages = aws.apigateway("GetStages", json!({ "restApiId": id })).await?;
            data["stages"] =
                list(&stages, "item").iter().map(|it| stage(visit, id, it)).collect::<Vec<_>>().into();
        }
        "deployments" => data["deployments"] = deployments(visit, id).await?,
        "import" => {}
        _ => {
            let input = json!({"restApiId": id, "limit": SHOWN_MAX, "embed": ["methods"]});
            let resources = aws.apigateway("GetResources", input).await?;
            let resources = list(&resources, "item");
            data["resources"] = tree(id, resources, visit.query("resource"), visit.query("method"));
            data["method"] = chosen(id, resources, visit.query("resource"), visit.query("method"));
            data["method"]["csrf"] = (&*visit.signed.csrf).into();
            data["method"]["base"] = crate::console::PREFIX.into();
        }
    }
    visit.render(Page { title: &name, section: "APIs", template: "api", parts: &["method"], data })
}

/// Resources by path, each with its methods.
fn tree(id: &str, resources: &[Value], resource: &str, method: &str) -> Value {
    let mut sorted: Vec<&Value> = resources.iter().collect();
    sorted.sort_by_key(|it| text(it, "path"));
    let rows = sorted.into_iter().map(|it| {
        let own = text(it, "id");
        let methods = it.get("resourceMethods").and_then(Value::as_object).into_iter().flatten();
        let methods = methods.map(|(verb, _)| {
            let href = address("/apis/view", &[("id", id), ("resource", own), ("method", verb)]);
            json!({"verb": verb, "href": href, "current": own == resource && verb == method})
        });
        let path = text(it, "path");
        let depth = path.matches('/').count().min(8);
        let part = if path == "/" { path } else { path.rsplit_once('/').map_or(path, |(_, part)| part) };
        json!({
            "path": path, "part": part, "depth": if path == "/" { 0 } else { depth },
            "methods": methods.collect::<Vec<_>>(),
        })
    });
    rows.collect::<Vec<_>>().into()
}

/// The method that the address names, in four boxes.
fn chosen(id: &str, resources: &[Value], resource: &str, verb: &str) -> Value {
    let found = resources.iter().find(|it| text(it, "id") == resource);
    let path = found.map(|it| text(it, "path")).unwrap_or_default();
    let method = found.and_then(|it| it.get("resourceMethods")?.get(verb)).filter(|it| it.is_object());
    let Some(method) = method else { return json!({}) };
    let integration = method.get("methodIntegration").unwrap_or(&Value::Null);
    let kind = text(integration, "type");
    let is_proxy = matches!(kind, "AWS_PROXY" | "HTTP_PROXY");
    json!({
        "isThere": true, "verb": verb, "path": path, "id": id, "resource": resource,
        "request": {
            "facts": facts(method, &[
                ("authorizationType", "Authorization"), ("authorizerId", "Authorizer"), ("apiKeyRequired", "API key required"),
                ("authorizationScopes", "Scopes"), ("requestValidatorId", "Request validator"), ("operationName", "Operation name"),
            ]),
            "maps": maps(method, &[("requestParameters", "Request parameters"), ("requestModels", "Request models")]),
        },
        "integration": {
            "facts": facts(integration, &[
                ("type", "Type"), ("httpMethod", "HTTP method"), ("uri", "URI"), ("credentials", "Credentials"),
                ("connectionType", "Connection"), ("connectionId", "VPC link"), ("passthroughBehavior", "Passthrough behavior"),
                ("contentHandling", "Content handling"), ("timeoutInMillis", "Timeout, ms"),
                ("responseTransferMode", "Response transfer mode"), ("cacheKeyParameters", "Cache key parameters"),
            ]),
            "maps": maps(integration, &[("requestParameters", "Parameters")]),
            "templates": templates(integration, "requestTemplates"),
            "isThere": integration.is_object(),
        },
        "integrationResponses": responses(integration, "integrationResponses", &[
            ("selectionPattern", "Selection pattern"), ("contentHandling", "Content handling")], "responseTemplates"),
        "isProxy": is_proxy,
        "methodResponses": responses(method, "methodResponses", &[], ""),
    })
}

/// The members that are there, with their labels.
fn facts(of: &Value, members: &[(&str, &str)]) -> Vec<Value> {
    let shown = members.iter().filter_map(|(member, label)| {
        let value = of.get(*member)?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => return None,
            Value::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
                    .collect();
                items.join(", ")
            }
            Value::Bool(is) => {
                if *is {
                    "yes".to_owned()
                } else {
                    "no".to_owned()
                }
            }
            other => other.to_string(),
        };
        Some(json!({"label": label, "value": text}))
    });
    shown.collect()
}

/// Members that are maps of text.
fn maps(of: &Value, members: &[(&str, &str)]) -> Vec<Value> {
    let shown = members.iter().filter_map(|(member, label)| {
        let entries = of.get(*member)?.as_object().filter(|entries| !entries.is_empty())?;
        let rows = entries.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            json!({"name": name, "value": value})
        });
        Some(json!({"label": label, "rows": rows.collect::<Vec<_>>()}))
    });
    shown.collect()
}

fn templates(of: &Value, member: &str) -> Vec<Value> {
    let entries = of.get(member).and_then(Value::as_object).into_iter().flatten();
    entries.map(|(media, text)| json!({"media": media, "text": text.as_str().unwrap_or_default()})).collect()
}

fn responses(of: &Value, member: &str, known: &[(&str, &str)], with_templates: &str) -> Vec<Value> {
    let entries = of.get(member).and_then(Value::as_object).into_iter().flatten();
    let shown = entries.map(|(status, response)| {
        json!({
            "status": status, "facts": facts(response, known),
            "maps": maps(response, &[("responseParameters", "Parameters"), ("responseModels", "Models")]),
            "templates": templates(response, with_templates),
        })
    });
    shown.collect()
}

fn stage(visit: &Visit<'_>, id: &str, stage: &Value) -> Value {
    let name = text(stage, "stageName");
    let canary = stage.get("canarySettings").map(|canary| {
        // Without the zero behind the point of a whole number.
        let percent = canary.get("percentTraffic").and_then(Value::as_f64).map(|it| it.to_string());
        json!({"percent": percent, "deployment": text(canary, "deploymentId")})
    });
    let settings = stage.get("methodSettings").and_then(Value::as_object).into_iter().flatten();
    let settings = settings.map(|(method, of)| {
        json!({
            "method": method, "rate": of.get("throttlingRateLimit"), "burst": of.get("throttlingBurstLimit"),
            "isCached": of.get("cachingEnabled"), "logging": of.get("loggingLevel"),
        })
    });
    json!({
        "name": name, "deployment": text(stage, "deploymentId"), "description": text(stage, "description"),
        "updated": shown::time_of(stage, "lastUpdatedDate"),
        "maps": maps(stage, &[("variables", "Stage variables")]), "settings": settings.collect::<Vec<_>>(),
        "changes": address("/apis/changes", &[("id", id), ("stage", name)]),
        "canaryChanges": address("/apis/changes", &[("id", id), ("stage", name), ("canary", "yes")]),
        "canary": canary, "tracing": stage.get("tracingEnabled"),
        "path": format!("/restapis/{id}/{name}/_user_request_"), "short": format!("/{name}"),
        "api": id, "base": crate::console::PREFIX, "csrf": &*visit.signed.csrf,
    })
}

/// The history of deployments, the newest first.
async fn deployments(visit: &Visit<'_>, id: &str) -> Result<Value, Failure> {
    let input = json!({"restApiId": id, "limit": SHOWN_MAX});
    let listed = visit.aws.apigateway("GetDeployments", input).await?;
    let stages = visit.aws.apigateway("GetStages", json!({ "restApiId": id })).await?;
    let stages = list(&stages, "item");
    let mut used: HashMap<&str, Vec<&str>> = HashMap::new();
    for stage in stages {
        used.entry(text(stage, "deploymentId")).or_default().push(text(stage, "stageName"));
    }
    let mut sorted: Vec<&Value> = list(&listed, "item").iter().collect();
    sorted.sort_by_key(|it| std::cmp::Reverse(it.get("createdDate").and_then(Value::as_i64)));
    let rows = sorted.into_iter().map(|it| {
        let own = text(it, "id");
        let serves = used.get(own).cloned().unwrap_or_default();
        let others =
            stages.iter().map(|stage| text(stage, "stageName")).filter(|name| !serves.contains(name));
        json!({
            "id": own, "description": text(it, "description"), "created": shown::time_of(it, "createdDate"),
            "serves": serves, "others": others.collect::<Vec<_>>(),
        })
    });
    let rows: Vec<_> = rows.collect();
    let names: Vec<_> = stages.iter().map(|stage| text(stage, "stageName")).collect();
    Ok(
        json!({"rows": rows, "stages": names, "api": id, "csrf": &*visit.signed.csrf, "base": crate::console::PREFIX}),
    )
}

/// Creates a deployment, for a stage.
///
/// # Errors
/// What the operation says.
pub(super) async fn deploy(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let (id, stage) = (form.required("id")?, form.required("stage")?);
    let mut input = json!({"restApiId": id, "stageName": stage});
    if let Some(text) = form.filled("description") {
        input["description"] = text.into();
    }
    visit.aws.apigateway("CreateDeployment", input).await?;
    Ok(Answer::Done(addresses::api(id, "deployments")))
}

/// Lets a stage serve another deployment.
///
/// # Errors
/// What the operation says.
pub(super) async fn roll_back(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let (id, stage, deployment) =
        (form.required("id")?, form.required("stage")?, form.required("deployment")?);
    let patch = json!([{"op": "replace", "path": "/deploymentId", "value": deployment}]);
    let input = json!({"restApiId": id, "stageName": stage, "patchOperations": patch});
    visit.aws.apigateway("UpdateStage", input).await?;
    Ok(Answer::Done(addresses::api(id, "deployments")))
}

/// Calls a method as TestInvokeMethod does, and shows what became of it.
///
/// # Errors
/// What the operation says.
pub(super) async fn test(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let (id, resource, verb) = (form.required("id")?, form.required("resource")?, form.required("method")?);
    let lines = |name: &str, separator: char| -> Result<Map<String, Value>, Failure> {
        let filled = form.text(name).lines().map(str::trim).filter(|line| !line.is_empty());
        filled
            .map(|line| {
                let (name, value) = line
                    .split_once(separator)
                    .ok_or_else(|| Failure::invalid(format!("{line:?} has no {separator:?}.")))?;
                Ok((name.trim().to_owned(), value.trim().into()))
            })
            .collect()
    };
    let mut input = json!({
        "restApiId": id, "resourceId": resource, "verb": verb, "headers": lines("headers", ':')?,
        "stageVariables": lines("variables", '=')?,
    });
    if let Some(path) = form.filled("path") {
        input["pathWithQueryString"] = path.into();
    }
    if !form.text("body").is_empty() {
        input["body"] = form.text("body").into();
    }
    let tested = visit.aws.apigateway("TestInvokeMethod", input).await?;
    let status = tested.get("status").and_then(Value::as_u64).unwrap_or(0);
    let data = json!({
        "status": status, "isGood": status < 400, "latency": tested.get("latency"),
        "body": shown::pretty(text(&tested, "body")), "steps": text(&tested, "log"),
        "maps": maps(&tested, &[("headers", "Headers")]),
    });
    Ok(Answer::Html(visit.shared.renderer.part("tested", &data)?))
}
