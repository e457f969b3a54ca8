//! `AWS::Events::Rule` and `AWS::Events::EventBus`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html>

use serde_json::{Map, Value, json};

use super::{Native, Place, Tagging, fit, given, is_gone, made, member, or_there, tag_list, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::Properties;
use crate::stack::operations::OperationError;

/// A rule with its targets.
pub(super) static RULE: Native = Native {
    type_name: "AWS::Events::Rule",
    identity: &["Name", "EventBusName"],
    create: |place, naming, properties| {
        Box::pin(async move {
            let name = text(properties, "Name").unwrap_or_else(|| naming.generated(64));
            put(place, &name, &Properties::new(), properties).await
        })
    },
    update: |place, made, old, new| Box::pin(async move { put(place, name_of(made), old, new).await }),
    delete: |place, made, properties| Box::pin(delete(place, name_of(made), properties)),
};

/// A bus.
pub(super) static BUS: Native = Native {
    type_name: "AWS::Events::EventBus",
    identity: &["Name", "EventSourceName"],
    create: |place, naming, properties| {
        Box::pin(async move {
            const SAME: &[&str] =
                &["Name", "EventSourceName", "KmsKeyIdentifier", "Description", "DeadLetterConfig"];
            let mut input = given(properties, SAME);
            input.extend(tag_list(properties).map(|tags| ("Tags".to_owned(), tags)));
            let name = text(properties, "Name").unwrap_or_default();
            or_there(place.call(SERVICE, "CreateEventBus", input.into()).await, naming, true)?;
            let found = place.call(SERVICE, "DescribeEventBus", json!({ "Name": name })).await?;
            let arn = member(&found, "Arn");
            Ok(made(name.clone(), &[("Arn", &arn), ("Name", &name)]))
        })
    },
    update: |place, made, old, new| Box::pin(update_bus(place, made, old, new)),
    delete: |place, made, _| {
        Box::pin(async move {
            place.call(SERVICE, "DeleteEventBus", json!({ "Name": made.reference })).await.map(drop)
        })
    },
};

const SERVICE: &str = "events";
const TAGGING: Tagging = Tagging::by_list(SERVICE, "ResourceARN");
/// The most targets of a request.
const TARGETS_MAX: usize = 10;
/// Members of targets that are numbers.
const NUMBERS: &[&str] = &["MaximumEventAgeInSeconds", "MaximumRetryAttempts", "TaskCount"];

async fn update_bus(
    place: &Place<'_>,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    const SETTINGS: &[&str] = &["KmsKeyIdentifier", "Description", "DeadLetterConfig"];
    let (was, is) = (given(old, SETTINGS), given(new, SETTINGS));
    if was != is {
        // What isn't said is as it was in the beginning.
        let mut input = Map::from_iter([("Name".to_owned(), json!(made.reference))]);
        input.extend(is);
        place.call(SERVICE, "UpdateEventBus", input.into()).await?;
    }
    if let Some(arn) = made.attributes.get("Arn") {
        TAGGING.change(place, arn, old, new).await?;
    }
    Ok(made.clone())
}

/// A rule's own name: `Ref` has the bus before it, unless that is the default one.
fn name_of(made: &Attributes) -> &str {
    made.reference.rsplit('|').next().unwrap_or_default()
}

fn of_bus(mut input: Map<String, Value>, properties: &Properties) -> Value {
    input.extend(given(properties, &["EventBusName"]));
    input.into()
}

fn targets(properties: &Properties) -> Vec<Value> {
    let targets = properties.get("Targets").and_then(Value::as_array).into_iter().flatten().cloned();
    let fitted = targets.map(|mut target| {
        fit(&mut target, NUMBERS, &[]);
        // An input that is written out is a text all the same.
        if let Some(input) = target.get_mut("Input").filter(|input| !input.is_string()) {
            *input = json!(input.to_string());
        }
        target
    });
    fitted.collect()
}

async fn put(
    place: &Place<'_>,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let mut input = given(new, &["ScheduleExpression", "State", "Description", "RoleArn"]);
    input.insert("Name".to_owned(), json!(name));
    input.extend(text(new, "EventPattern").map(|pattern| ("EventPattern".to_owned(), json!(pattern))));
    if old.is_empty() {
        input.extend(tag_list(new).map(|tags| ("Tags".to_owned(), tags)));
    }
    let put = place.call(SERVICE, "PutRule", of_bus(input, new)).await?;
    let arn = member(&put, "RuleArn");
    if !old.is_empty() {
        TAGGING.change(place, &arn, old, new).await?;
    }
    let is = targets(new);
    let kept = |id: &String| is.iter().any(|target| member(target, "Id") == *id);
    let gone: Vec<String> =
        targets(old).iter().map(|target| member(target, "Id")).filter(|id| !kept(id)).collect();
    remove_targets(place, name, &gone, new).await?;
    for targets in is.chunks(TARGETS_MAX) {
        let input =
            Map::from_iter([("Rule".to_owned(), json!(name)), ("Targets".to_owned(), json!(targets))]);
        let put = place.call(SERVICE, "PutTargets", of_bus(input, new)).await;
        if let Err(error) = put.and_then(|put| all_done("PutTargets", &put)) {
            if old.is_empty() {
                // A rule that is not what it should be, is nobody's.
                let _gone = delete(place, name, new).await;
            }
            return Err(error);
        }
    }
    let bus = text(new, "EventBusName").filter(|bus| bus != "default");
    let bus = bus.map(|bus| bus.rsplit('/').next().unwrap_or_default().to_owned());
    let reference = bus.map_or_else(|| name.to_owned(), |bus| format!("{bus}|{name}"));
    Ok(made(reference, &[("Arn", &arn)]))
}

/// Targets are refused one by one in an answer that is none.
fn all_done(operation: &'static str, answer: &Value) -> Result<(), OperationError> {
    let failed = answer.get("FailedEntries").and_then(Value::as_array).and_then(|entries| entries.first());
    match failed {
        None => Ok(()),
        Some(entry) => {
            let (code, message) = (member(entry, "ErrorCode"), member(entry, "ErrorMessage"));
            Err(OperationError { operation, code, message })
        }
    }
}

async fn remove_targets(
    place: &Place<'_>,
    name: &str,
    ids: &[String],
    properties: &Properties,
) -> Result<(), OperationError> {
    for ids in ids.chunks(TARGETS_MAX) {
        let input = Map::from_iter([("Rule".to_owned(), json!(name)), ("Ids".to_owned(), json!(ids))]);
        let removed = place.call(SERVICE, "RemoveTargets", of_bus(input, properties)).await?;
        all_done("RemoveTargets", &removed)?;
    }
    Ok(())
}

async fn delete(place: &Place<'_>, name: &str, properties: &Properties) -> Result<(), OperationError> {
    let ids: Vec<String> = targets(properties).iter().map(|target| member(target, "Id")).collect();
    match remove_targets(place, name, &ids, properties).await {
        Err(error) if is_gone(&error) => return Ok(()),
        other => other?,
    }
    let input = Map::from_iter([("Name".to_owned(), json!(name))]);
    place.call(SERVICE, "DeleteRule", of_bus(input, properties)).await.map(drop)
}
