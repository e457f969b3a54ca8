//! `AWS::StepFunctions::StateMachine`.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Updated, call, renamed, tag_list, text,
};

const MEMBERS: &[(&str, &str)] = &[("RoleArn", "roleArn"), ("StateMachineType", "type")];

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = properties.get("StateMachineName").and_then(Value::as_str).map(str::to_owned);
    let name = name.unwrap_or_else(|| naming.generated(80));
    let mut input = renamed(properties, MEMBERS);
    input.insert("name".into(), json!(name));
    input.extend(tag_list(properties).map(|tags| ("tags".to_owned(), tags)));
    configure(&mut input, properties);
    let made = call(operations, "states", "CreateStateMachine", input.into()).await?;
    let arn = text(&made, "stateMachineArn").to_owned();
    let attributes = [("Arn".to_owned(), arn.clone()), ("Name".to_owned(), name)].into();
    Ok(Attributes { reference: arn, attributes })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let mut input = renamed(new, &[("RoleArn", "roleArn")]);
    input.insert("stateMachineArn".into(), json!(made.reference));
    configure(&mut input, new);
    call(operations, "states", "UpdateStateMachine", input.into()).await?;
    Ok(Updated::InPlace(made.clone()))
}

fn configure(input: &mut Map<String, Value>, properties: &Properties) {
    if let Some(definition) = definition(properties) {
        input.insert("definition".into(), Value::String(definition));
    }
    if let Some(tracing) = properties.get("TracingConfiguration") {
        input.insert("tracingConfiguration".into(), json!({ "enabled": tracing.get("Enabled") }));
    }
    if let Some(logging) = properties.get("LoggingConfiguration") {
        let destinations = logging.get("Destinations").and_then(Value::as_array).into_iter().flatten();
        let arn = |d: &Value| d.pointer("/CloudWatchLogsLogGroup/LogGroupArn").cloned();
        let destinations: Vec<Value> =
            destinations.map(|d| json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn(d) } })).collect();
        let mut configuration = Map::new();
        configuration.extend(logging.get("Level").map(|v| ("level".to_owned(), v.clone())));
        let data = logging.get("IncludeExecutionData").cloned();
        configuration.extend(data.map(|v| ("includeExecutionData".to_owned(), v)));
        if !destinations.is_empty() {
            configuration.insert("destinations".into(), destinations.into());
        }
        input.insert("loggingConfiguration".into(), configuration.into());
    }
}

/// `DefinitionString` or `Definition`, with `${name}` of `DefinitionSubstitutions` filled in.
pub(crate) fn definition(properties: &Properties) -> Option<String> {
    let mut definition = match (properties.get("DefinitionString"), properties.get("Definition")) {
        (Some(Value::String(text)), _) => text.clone(),
        (Some(other), _) | (None, Some(other)) => other.to_string(),
        (None, None) => return None,
    };
    let substitutions = properties.get("DefinitionSubstitutions").and_then(Value::as_object);
    for (name, value) in substitutions.into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        definition = definition.replace(&format!("${{{name}}}"), &value);
    }
    Some(definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_take_substitutions() {
        let properties = json!({
            "Definition": {"StartAt": "A", "Resource": "${Arn}"},
            "DefinitionSubstitutions": {"Arn": "arn:x"}
        });
        let text = definition(properties.as_object().unwrap()).unwrap();
        assert_eq!(text, r#"{"StartAt":"A","Resource":"arn:x"}"#);
    }
}
