//! `AWS::ApiGateway::UsagePlan`.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, one, patch_value,
    patches, tag_map, text,
};

/// How fast and how often each of its keys may call which stages.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::UsagePlan",
    properties: &["UsagePlanName", "Description", "ApiStages", "Throttle", "Quota", "Tags"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| Box::pin(delete(operations, &made.reference)),
    replaces: |old, new| old.contains_key("UsagePlanName") != new.contains_key("UsagePlanName"),
    tagged: |id, _| Some(format!("/usageplans/{id}")),
    guess: |_| one("Id", "abc123"),
    ..Row::PLAIN
};

/// A property of quotas and its name in the API; for throttles below.
const QUOTA: &[(&str, &str)] = &[("Limit", "limit"), ("Offset", "offset"), ("Period", "period")];
const THROTTLE: &[(&str, &str)] = &[("BurstLimit", "burstLimit"), ("RateLimit", "rateLimit")];

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = properties.get("UsagePlanName").cloned().unwrap_or_else(|| json!(naming.generated(128)));
    let mut input = Map::from_iter([("name".to_owned(), name)]);
    input.extend(properties.get("Description").map(|text| ("description".to_owned(), text.clone())));
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    for (property, member, names) in [("Quota", "quota", QUOTA), ("Throttle", "throttle", THROTTLE)] {
        if let Some(settings) = properties.get(property) {
            input.insert(member.to_owned(), numbers(settings, names));
        }
    }
    let stages: Vec<Value> = stages(properties)
        .iter()
        .map(|it| json!({ "apiId": text(it, "ApiId"), "stage": text(it, "Stage"), "throttle": methods(it) }))
        .collect();
    input.insert("apiStages".into(), stages.into());
    let made = call(operations, "apigateway", "CreateUsagePlan", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { reference: id.clone(), attributes: [("Id".to_owned(), id)].into() })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    patch(operations, &made.reference, changes(old, new)).await?;
    Ok(Updated::InPlace(made.clone()))
}

/// A plan with stages can't be deleted, so that they go first.
pub(super) async fn delete(operations: &dyn Operations, id: &str) -> Result<Value, OperationError> {
    let plan = call(operations, "apigateway", "GetUsagePlan", json!({ "usagePlanId": id })).await?;
    let stages = plan.get("apiStages").and_then(Value::as_array).into_iter().flatten();
    let removed = stages.map(|it| {
        let stage = format!("{}:{}", text(it, "apiId"), text(it, "stage"));
        json!({ "op": "remove", "path": "/apiStages", "value": stage })
    });
    patch(operations, id, removed.collect()).await?;
    call(operations, "apigateway", "DeleteUsagePlan", json!({ "usagePlanId": id })).await
}

async fn patch(operations: &dyn Operations, id: &str, changes: Vec<Value>) -> Result<(), OperationError> {
    let input = json!({ "usagePlanId": id, "patchOperations": changes });
    call(operations, "apigateway", "UpdateUsagePlan", input).await.map(|_| ())
}

fn changes(old: &Properties, new: &Properties) -> Vec<Value> {
    let mut changes = patches(old, new, &[("UsagePlanName", "/name"), ("Description", "/description")]);
    for (property, path, names) in [("Quota", "/quota", QUOTA), ("Throttle", "/throttle", THROTTLE)] {
        if old.get(property) == new.get(property) {
            continue;
        }
        if old.contains_key(property) {
            changes.push(json!({ "op": "remove", "path": path }));
        }
        let Some(settings) = new.get(property) else { continue };
        for (name, member) in names {
            if let Some(value) = settings.get(*name) {
                let path = format!("{path}/{member}");
                changes.push(json!({ "op": "replace", "path": path, "value": patch_value(Some(value)) }));
            }
        }
    }
    let (before, after) = (stages(old), stages(new));
    let name = |it: &Value| format!("{}:{}", text(it, "ApiId"), text(it, "Stage"));
    let find = |list: &[Value], wanted: &str| list.iter().find(|it| name(it) == wanted).cloned();
    for gone in before.iter().filter(|it| find(&after, &name(it)).is_none()) {
        changes.push(json!({ "op": "remove", "path": "/apiStages", "value": name(gone) }));
    }
    for stage in &after {
        let (name, was) = (name(stage), find(&before, &name(stage)));
        if was.is_none() {
            changes.push(json!({ "op": "add", "path": "/apiStages", "value": name }));
        }
        let throttle = methods(stage);
        if was.map_or_else(|| json!({}), |was| methods(&was)) != throttle {
            let path = format!("/apiStages/{name}/throttle");
            changes.push(json!({ "op": "replace", "path": path, "value": throttle.to_string() }));
        }
    }
    changes
}

fn stages(properties: &Properties) -> Vec<Value> {
    properties.get("ApiStages").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The throttled methods of a stage, `/path/VERB` each.
fn methods(stage: &Value) -> Value {
    let methods = stage.get("Throttle").and_then(Value::as_object).into_iter().flatten();
    methods
        .map(|(method, settings)| (method.clone(), numbers(settings, THROTTLE)))
        .collect::<Map<_, _>>()
        .into()
}

/// Settings under the API's names. Parameters of templates make texts of numbers.
fn numbers(settings: &Value, names: &[(&str, &str)]) -> Value {
    let member = |(name, member): &(&str, &str)| {
        let value = settings.get(*name)?;
        let number = value.as_str().and_then(|text| serde_json::from_str::<serde_json::Number>(text).ok());
        Some(((*member).to_owned(), number.map_or_else(|| value.clone(), Value::Number)))
    };
    names.iter().filter_map(member).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: Value, new: Value, expect: Value) {
        let got = changes(old.as_object().unwrap(), new.as_object().unwrap());
        assert_eq!(Value::from(got), expect);
    }

    #[test]
    fn only_what_changed_is_patched() {
        let quota = json!({"Limit": 5, "Period": "DAY"});
        check(json!({"Quota": quota}), json!({"Quota": quota}), json!([]));
        check(
            json!({"Quota": quota, "Throttle": {"RateLimit": 1}}),
            json!({"Quota": {"Limit": "6", "Period": "DAY"}}),
            json!([
                {"op": "remove", "path": "/quota"},
                {"op": "replace", "path": "/quota/limit", "value": "6"},
                {"op": "replace", "path": "/quota/period", "value": "DAY"},
                {"op": "remove", "path": "/throttle"}
            ]),
        );
    }

    #[test]
    fn stages_come_and_go_with_their_methods() {
        let stage = |api: &str, throttle: Value| json!({"ApiId": api, "Stage": "dev", "Throttle": throttle});
        check(
            json!({"ApiStages": [stage("a", json!({})), stage("b", json!({"/p/GET": {"RateLimit": 1}}))]}),
            json!({"ApiStages": [stage("b", json!({})), stage("c", json!({"/p/GET": {"BurstLimit": "2"}}))]}),
            json!([
                {"op": "remove", "path": "/apiStages", "value": "a:dev"},
                {"op": "replace", "path": "/apiStages/b:dev/throttle", "value": "{}"},
                {"op": "add", "path": "/apiStages", "value": "c:dev"},
                {"op": "replace", "path": "/apiStages/c:dev/throttle", "value": "{\"/p/GET\":{\"burstLimit\":2}}"}
            ]),
        );
    }
}
