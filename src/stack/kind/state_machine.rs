//! `AWS::StepFunctions::StateMachine`.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, is_missing, name_of,
    renamed, retag_in_states, states_arn, tag_list, text,
};
use crate::asl;
use crate::id::AccountRegion;

/// A state machine.
pub(super) static ROW: Row = Row {
    type_name: "AWS::StepFunctions::StateMachine",
    properties: &[
        "StateMachineName",
        "StateMachineType",
        "Definition",
        "DefinitionString",
        "DefinitionS3Location",
        "DefinitionSubstitutions",
        "RoleArn",
        "LoggingConfiguration",
        "TracingConfiguration",
        "EncryptionConfiguration",
        "Tags",
    ],
    identity: &["StateMachineName", "StateMachineType"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(
            operations,
            "states",
            "DeleteStateMachine",
            json!({ "stateMachineArn": made.reference }),
        ))
    },
    guess: |id| {
        let arn = states_arn("stateMachine", id);
        let named = [("Name", id.to_owned()), ("StateMachineRevisionId", "INITIAL".into())];
        (arn.clone(), [("Arn", arn)].into_iter().chain(named).collect())
    },
    ..Row::PLAIN
};

/// A state machine as it is, with properties as a template would write them.
///
/// # Errors
/// That there is none, or that the caller may not know.
pub(in super::super) async fn live(
    operations: &dyn Operations,
    arn: &str,
) -> Result<(Attributes, Properties), OperationError> {
    let found = call(operations, "states", "DescribeStateMachine", json!({ "stateMachineArn": arn })).await?;
    let tags = call(operations, "states", "ListTagsForResource", json!({ "resourceArn": arn })).await?;
    let tags = tags.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tags: Value = tags.map(|tag| json!({ "Key": tag.get("key"), "Value": tag.get("value") })).collect();
    let mut properties = Properties::new();
    let mut set = |name: &str, value: Option<Value>| {
        properties.extend(value.filter(|value| !value.is_null()).map(|value| (name.to_owned(), value)));
    };
    set("StateMachineName", found.get("name").cloned());
    set("StateMachineType", found.get("type").cloned());
    set("DefinitionString", found.get("definition").cloned());
    set("RoleArn", found.get("roleArn").cloned());
    let tracing = found.pointer("/tracingConfiguration/enabled");
    set("TracingConfiguration", tracing.map(|enabled| json!({ "Enabled": enabled })));
    set("LoggingConfiguration", found.get("loggingConfiguration").map(logging));
    set("Tags", Some(tags));
    let attributes = [
        ("Arn".to_owned(), arn.to_owned()),
        ("Name".to_owned(), text(&found, "name").to_owned()),
        (REVISION.to_owned(), text(&found, "revisionId").to_owned()),
    ];
    Ok((Attributes { reference: arn.to_owned(), attributes: attributes.into() }, properties))
}

/// `loggingConfiguration` as a template writes it.
fn logging(configuration: &Value) -> Value {
    let destinations = configuration.get("destinations").and_then(Value::as_array).into_iter().flatten();
    let destinations: Vec<Value> = destinations
        .filter_map(|it| it.pointer("/cloudWatchLogsLogGroup/logGroupArn"))
        .map(|arn| json!({ "CloudWatchLogsLogGroup": { "LogGroupArn": arn } }))
        .collect();
    let members = [("level", "Level"), ("includeExecutionData", "IncludeExecutionData")];
    let mut logging = configuration.as_object().map(|it| renamed(it, &members)).unwrap_or_default();
    if !destinations.is_empty() {
        logging.insert("Destinations".to_owned(), destinations.into());
    }
    logging.into()
}

/// The revision that a state machine has until its first update.
const FIRST_REVISION: &str = "INITIAL";

const MEMBERS: &[(&str, &str)] = &[("RoleArn", "roleArn"), ("StateMachineType", "type")];

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    check_definition("CreateResource", properties)?;
    let given = name_of(properties, "StateMachineName");
    if let Some(name) = &given {
        let arn = arn(naming, name);
        let described = call(operations, "states", "DescribeStateMachine", json!({ "stateMachineArn": arn }));
        refuse_existing(described.await, ROW.type_name, &arn)?;
    }
    let name = given.unwrap_or_else(|| naming.generated(80));
    let mut input = renamed(properties, MEMBERS);
    input.insert("name".into(), json!(name));
    input.extend(tag_list(properties).map(|tags| ("tags".to_owned(), tags)));
    configure(&mut input, properties);
    let made = call(operations, "states", "CreateStateMachine", input.into()).await?;
    let arn = text(&made, "stateMachineArn").to_owned();
    let attributes = [
        ("Arn".to_owned(), arn.clone()),
        ("Name".to_owned(), name),
        (REVISION.to_owned(), FIRST_REVISION.to_owned()),
    ];
    Ok(Attributes { reference: arn, attributes: attributes.into() })
}

/// The ARN of the state machine of this name.
pub(super) fn arn(naming: &Naming<'_>, name: &str) -> String {
    let AccountRegion { account, region } = naming.home;
    format!("arn:{}:states:{region}:{account}:stateMachine:{name}", region.partition())
}

/// A new resource is not one that exists, although Step Functions would answer as if it had been made.
///
/// # Errors
/// That it exists, in AWS's words, or why that can't be told.
pub(super) fn refuse_existing(
    described: Result<Value, OperationError>,
    type_name: &str,
    arn: &str,
) -> Result<(), OperationError> {
    match described {
        Ok(_) => Err(OperationError {
            operation: "CreateResource",
            code: "AlreadyExists".to_owned(),
            message: format!("Resource of type '{type_name}' with identifier '{arn}' already exists."),
        }),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What CloudFormation checks itself: a definition is given once, and what is filled in is no list or object.
fn check_definition(operation: &'static str, properties: &Properties) -> Result<(), OperationError> {
    let places = ["DefinitionS3Location", "DefinitionString", "Definition"];
    let substitutions = properties.get("DefinitionSubstitutions").and_then(Value::as_object);
    let is_simple = |value: &Value| !(value.is_object() || value.is_array() || value.is_null());
    let message = match places.into_iter().filter(|place| properties.contains_key(*place)).count() {
        0 => {
            "Property validation failed. Required key [DefinitionS3Location], [DefinitionString] or [Definition] not found."
        }
        1 if substitutions.is_none_or(|all| all.values().all(is_simple)) => return Ok(()),
        1 => "Invalid definition substitution type. Input should be either String, Integer, or Boolean",
        _ => {
            "Property validation failed. Please use one of [DefinitionS3Location], [DefinitionString] or [Definition]."
        }
    };
    Err(OperationError { operation, code: "InvalidRequest".to_owned(), message: message.to_owned() })
}

/// The attribute that changes with every update.
const REVISION: &str = "StateMachineRevisionId";

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    check_definition("UpdateResource", new)?;
    let mut input = renamed(new, &[("RoleArn", "roleArn")]);
    input.insert("stateMachineArn".into(), json!(made.reference));
    configure(&mut input, new);
    let updated = call(operations, "states", "UpdateStateMachine", input.into()).await?;
    retag_in_states(operations, &made.reference, old, new).await?;
    let mut made = made.clone();
    let revision = updated.get("revisionId").and_then(Value::as_str).unwrap_or(FIRST_REVISION);
    made.attributes.insert(REVISION.to_owned(), revision.to_owned());
    Ok(Updated::InPlace(made))
}

fn configure(input: &mut Map<String, Value>, properties: &Properties) {
    if let Some(definition) = definition(properties) {
        input.insert("definition".into(), Value::String(definition));
    }
    input.extend(encryption(properties));
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

/// `EncryptionConfiguration` of a state machine or an activity, as a member of the call.
pub(super) fn encryption(properties: &Properties) -> Option<(String, Value)> {
    let members = [
        ("Type", "type"),
        ("KmsKeyId", "kmsKeyId"),
        ("KmsDataKeyReusePeriodSeconds", "kmsDataKeyReusePeriodSeconds"),
    ];
    let encryption = properties.get("EncryptionConfiguration")?.as_object()?;
    Some(("encryptionConfiguration".to_owned(), renamed(encryption, &members).into()))
}

/// `DefinitionString` or `Definition`, with `${name}` of `DefinitionSubstitutions` filled in.
pub(crate) fn definition(properties: &Properties) -> Option<String> {
    let definition = match (properties.get("DefinitionString"), properties.get("Definition")) {
        (Some(Value::String(text)), _) => text.clone(),
        (Some(other), _) | (None, Some(other)) => other.to_string(),
        (None, None) => return None,
    };
    Some(substituted(&definition, properties))
}

/// A definition with `${name}` of `DefinitionSubstitutions` filled in; other names stay.
pub(crate) fn substituted(definition: &str, properties: &Properties) -> String {
    let Some(substitutions) = properties.get("DefinitionSubstitutions").and_then(Value::as_object) else {
        return definition.to_owned();
    };
    asl::substitute(definition, substitutions).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_given_once_and_filled_in_with_simple_values() {
        for (properties, expect) in [
            (
                json!({}),
                Some("Required key [DefinitionS3Location], [DefinitionString] or [Definition] not found"),
            ),
            (
                json!({"Definition": {}, "DefinitionString": ""}),
                Some("Please use one of [DefinitionS3Location]"),
            ),
            (
                json!({"Definition": {}, "DefinitionS3Location": {}}),
                Some("Please use one of [DefinitionS3Location]"),
            ),
            (json!({"Definition": {}, "DefinitionSubstitutions": {"a": "b", "c": 1, "d": true}}), None),
            (
                json!({"Definition": {}, "DefinitionSubstitutions": {"a": "b", "c": {}}}),
                Some("should be either String, Integer, or Boolean"),
            ),
        ] {
            let said = check_definition("CreateResource", properties.as_object().unwrap()).err();
            match (said, expect) {
                (None, None) => (),
                (Some(said), Some(expect)) => assert!(said.message.contains(expect), "{}", said.message),
                (said, expect) => panic!("{properties}: {} but {expect:?}", said.is_some()),
            }
        }
    }

    #[test]
    fn definitions_take_substitutions() {
        let properties = json!({
            "Definition": {"StartAt": "A", "Resource": "${Arn}"},
            "DefinitionSubstitutions": {"Arn": "arn:x"}
        });
        let text = definition(properties.as_object().unwrap()).unwrap();
        assert_eq!(text, r#"{"StartAt":"A","Resource":"arn:x"}"#);
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let check = |text: &str, want: &str| {
            let properties = json!({"DefinitionSubstitutions": {"a": "${b}", "b": 5, "c": true}});
            assert_eq!(substituted(text, properties.as_object().unwrap()), want);
        };
        check("${a}${b}${c}", "${b}5true");
        check("$${b} ${x} ${ b} ${", "$5 ${x} ${ b} ${");
        check("${${b}}", "${5}");
    }
}
