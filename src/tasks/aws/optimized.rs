//! What the optimized integrations take, and what EventBridge's adds.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html>

use serde_json::{Map, Value, json};

use crate::asl::Integration;
use crate::engine::TaskCall;
use crate::engine::event::Failure;
use crate::json::Payload;

/// An action: the members that it must have, and those that it may have.
type Action = (&'static str, &'static [&'static str], &'static [&'static str]);

const ACTIONS: [Action; 8] = [
    (
        "dynamodb:getItem",
        &["TableName", "Key"],
        &["ConsistentRead", "ProjectionExpression", NAMES, CAPACITY, "AttributesToGet"],
    ),
    (
        "dynamodb:putItem",
        &["TableName", "Item"],
        &[CONDITION, NAMES, VALUES, RETURN, FAILURE, CAPACITY, METRICS, "Expected", OPERATOR],
    ),
    (
        "dynamodb:updateItem",
        &["TableName", "Key"],
        &[
            "UpdateExpression",
            CONDITION,
            NAMES,
            VALUES,
            RETURN,
            FAILURE,
            CAPACITY,
            METRICS,
            "AttributeUpdates",
            "Expected",
            OPERATOR,
        ],
    ),
    (
        "dynamodb:deleteItem",
        &["TableName", "Key"],
        &[CONDITION, NAMES, VALUES, RETURN, FAILURE, CAPACITY, METRICS, "Expected", OPERATOR],
    ),
    ("events:putEvents", &["Entries"], &["EndpointId"]),
    (
        "lambda:invoke",
        &["FunctionName"],
        &["Payload", "InvocationType", "LogType", "ClientContext", "Qualifier"],
    ),
    (
        "sns:publish",
        &["Message"],
        &[
            "TopicArn",
            "TargetArn",
            "PhoneNumber",
            "Subject",
            "MessageStructure",
            ATTRIBUTES,
            DEDUPLICATION,
            GROUP,
        ],
    ),
    (
        "sqs:sendMessage",
        &["QueueUrl", "MessageBody"],
        &["DelaySeconds", ATTRIBUTES, "MessageSystemAttributes", DEDUPLICATION, GROUP],
    ),
];

const ATTRIBUTES: &str = "MessageAttributes";
const CAPACITY: &str = "ReturnConsumedCapacity";
const CONDITION: &str = "ConditionExpression";
const DEDUPLICATION: &str = "MessageDeduplicationId";
const FAILURE: &str = "ReturnValuesOnConditionCheckFailure";
const GROUP: &str = "MessageGroupId";
const METRICS: &str = "ReturnItemCollectionMetrics";
const NAMES: &str = "ExpressionAttributeNames";
const OPERATOR: &str = "ConditionalOperator";
const RETURN: &str = "ReturnValues";
const VALUES: &str = "ExpressionAttributeValues";

/// What is wrong with the arguments. A member that is null is there, as recorded: the service will say what it lacks.
pub(crate) fn refuse(integration: &Integration, arguments: &Payload) -> Option<String> {
    let name = format!("{}:{}", integration.service, integration.action);
    let (_, required, optional) = ACTIONS.iter().find(|(action, ..)| *action == name)?;
    let none = Map::new();
    let members = arguments.value().as_object().unwrap_or(&none);
    let is_known = |key: &str| required.contains(&key) || optional.contains(&key);
    if let Some(unknown) = members.keys().find(|key| !is_known(key)) {
        return Some(format!("The field \"{unknown}\" is not supported by Step Functions"));
    }
    let missing = required.iter().find(|name| !members.contains_key(**name))?;
    Some(format!("The field '{missing}' is required but was missing"))
}

/// Says in each event's resources where it comes from.
pub(super) fn name_sources(input: &mut Value, call: &TaskCall) {
    let entries = input.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten();
    for entry in entries.filter_map(Value::as_object_mut) {
        let resources = entry.entry("Resources").or_insert_with(|| json!([]));
        if let Some(resources) = resources.as_array_mut() {
            resources.extend([json!(&*call.execution_arn), json!(&*call.state_machine_arn)]);
        }
    }
}

/// Fails if EventBridge did not take every event.
pub(super) fn check_entries(output: &Value) -> Result<(), Failure> {
    match output.get("FailedEntryCount").and_then(Value::as_u64) {
        Some(1..) => Err(Failure::new("EventBridge.FailedEntry", output.to_string())),
        Some(0) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::Pattern;

    #[test]
    fn arguments_that_fit_no_member_are_refused() {
        for (service, action, arguments, reason) in [
            ("sqs", "sendMessage", json!({"QueueUrl": "q", "MessageBody": null}), None),
            (
                "sqs",
                "sendMessage",
                json!({"QueueUrl": "q"}),
                Some("The field 'MessageBody' is required but was missing"),
            ),
            (
                "dynamodb",
                "getItem",
                json!({"TableName": "t", "Key": {}, "Item": {}}),
                Some("The field \"Item\" is not supported by Step Functions"),
            ),
            ("events", "putEvents", json!([1]), Some("The field 'Entries' is required but was missing")),
        ] {
            let integration = Integration {
                service: service.to_owned(),
                action: action.to_owned(),
                pattern: Pattern::RequestResponse,
                text: String::new(),
            };
            assert_eq!(refuse(&integration, &arguments.into()).as_deref(), reason, "{service}:{action}");
        }
    }

    #[test]
    fn an_event_that_is_not_taken_fails_its_task() {
        let taken = json!({"Entries": [{"EventId": "e"}], "FailedEntryCount": 0});
        assert_eq!(check_entries(&taken), Ok(()));
        let refused = json!({"Entries": [{"ErrorCode": "MalformedDetail"}], "FailedEntryCount": 1});
        assert_eq!(
            check_entries(&refused),
            Err(Failure::new("EventBridge.FailedEntry", refused.to_string()))
        );
    }
}
