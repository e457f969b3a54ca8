//! `aws-sdk:sfn:*`: a task calls the operations that clients call, in the words of AWS's SDK.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::aws;
use crate::asl::{Integration, Pattern};
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::{TaskCall, TaskResult};
use crate::gateway::AwsOperation;
use crate::json::Payload;
use crate::wire::client::{AwsClient, JsonError, json_output};
use crate::wire::{Operation, Shape, Structure, states};

/// What is wrong with the arguments, or with the action.
pub(super) fn refuse(integration: &Integration, arguments: &Payload) -> Option<String> {
    let Some(operation) = operation(integration) else {
        return Some(format!("The action '{}' is not supported by this server", integration.action));
    };
    let none = Map::new();
    let members = arguments.value().as_object().unwrap_or(&none);
    let has = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    let known = operation.input.members;
    if let Some(unknown) = members.keys().find(|key| !known.iter().any(|m| pascal(m.name) == **key)) {
        return Some(format!("The field \"{unknown}\" is not supported by Step Functions"));
    }
    let missing = known.iter().find(|member| member.required && !has(&pascal(member.name)))?;
    Some(format!("The field '{}' is required but was missing", pascal(missing.name)))
}

/// Makes a call and says how it went.
pub(super) async fn call(client: &AwsClient, integration: &Integration, call: TaskCall) -> TaskResult {
    let Some(operation) = operation(integration) else {
        let cause = format!("The action '{}' is not supported by this server", integration.action);
        return TaskResult::Failed(Failure::new("States.Runtime", cause));
    };
    let input = Value::Object(taken(operation.input, call.input.value())).to_string();
    let named = AwsOperation::Json(operation.name.to_owned());
    let request = aws::request(states::SERVICE.name, &call, HeaderMap::new(), named, Vec::new(), input);
    let response = match client.send(request).await {
        Ok(response) => response,
        Err(error) => return TaskResult::Failed(aws::not_sent(&call, "Sfn", &error)),
    };
    match json_output(&response) {
        Err(error) => TaskResult::Failed(failed(&error)),
        Ok(output) => {
            let output = Payload::from_value(given(output));
            match integration.pattern {
                Pattern::RequestResponse => TaskResult::Succeeded(output),
                Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken => TaskResult::Submitted(output),
            }
        }
    }
}

fn operation(integration: &Integration) -> Option<&'static Operation> {
    let name = pascal(&integration.action);
    states::SERVICE.operation(&name)
}

/// The first letter in upper case.
fn pascal(name: &str) -> String {
    with_first(name, char::to_ascii_uppercase)
}

fn with_first(name: &str, change: impl Fn(&char) -> char) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| change(&first)).into_iter().chain(chars).collect()
}

/// A structure's members under the names of the API. Where it takes text, any other value stands for its JSON.
fn taken(structure: &Structure, arguments: &Value) -> Map<String, Value> {
    let none = Map::new();
    let members = arguments.as_object().unwrap_or(&none);
    let named = structure.members.iter().filter_map(|member| {
        let value = members.get(&pascal(member.name)).filter(|value| !value.is_null())?;
        Some((member.name.to_owned(), taken_as(&member.shape, value)))
    });
    named.collect()
}

fn taken_as(shape: &Shape, value: &Value) -> Value {
    match (shape, value) {
        (Shape::Structure(structure), Value::Object(_)) => taken(structure, value).into(),
        (Shape::List(item, _), Value::Array(items)) => {
            items.iter().map(|value| taken_as(item, value)).collect()
        }
        (Shape::String(..) | Shape::ByteString(_), Value::Object(_) | Value::Array(_)) => {
            Payload::from_value(value.clone()).text().into()
        }
        _ => value.clone(), // The call checks it.
    }
}

/// Members that are maps: their keys are names of the user's.
const MAPS: [&str; 2] = ["assignedVariables", "variableReferences"];

/// An answer in the words of the SDK: Pascal case, and dates as ISO 8601 rather than in seconds.
fn given(answer: Value) -> Value {
    match answer {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let is_date = name.ends_with("Date") || name == "timestamp";
                let value = match value.as_f64().filter(|_| is_date) {
                    Some(seconds) => date(seconds).into(),
                    None if MAPS.contains(&name.as_str()) => value,
                    None => given(value),
                };
                (pascal(&name), value)
            };
            members.into_iter().map(member).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(given).collect(),
        other => other,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "dates are far from the limits of either")]
fn date(seconds: f64) -> String {
    Timestamp::from_millis((seconds * 1000.0).round() as i64).to_iso8601()
}

/// An error as SDK v2 puts it.
fn failed(JsonError { code, message, status, request_id }: &JsonError) -> Failure {
    // The service's model doesn't have this one.
    let name =
        if code == "AccessDeniedException" { "Sfn" } else { code.strip_suffix("Exception").unwrap_or(code) };
    let message = message.as_deref().unwrap_or("null");
    let status = status.as_u16();
    let cause = format!(
        "{message} (Service: Sfn, Status Code: {status}, Request ID: {request_id}) (SDK Attempt Count: 1)"
    );
    Failure::new(format!("Sfn.{name}Exception"), cause)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(action: &str) -> Integration {
        Integration {
            service: "aws-sdk:sfn".to_owned(),
            action: action.to_owned(),
            pattern: Pattern::RequestResponse,
            text: format!("arn:aws:states:::aws-sdk:sfn:{action}"),
        }
    }

    #[test]
    fn arguments_are_turned_into_the_members_of_the_api() {
        let tagged = json!({"Name": "A", "Tags": [{"Key": "k", "Value": "v"}]});
        let input = taken(operation(&of("createActivity")).unwrap().input, &tagged);
        assert_eq!(Value::from(input), json!({"name": "A", "tags": [{"key": "k", "value": "v"}]}));
        // Recorded: what takes text takes JSON.
        let started = json!({"StateMachineArn": "arn", "Input": {"Key": "value"}, "Name": null});
        let input = taken(operation(&of("startExecution")).unwrap().input, &started);
        assert_eq!(Value::from(input), json!({"stateMachineArn": "arn", "input": "{\"Key\":\"value\"}"}));
    }

    #[test]
    fn arguments_that_fit_no_member_are_refused() {
        for (action, arguments, reason) in [
            ("startExecution", json!({"StateMachineArn": "arn"}), None),
            (
                "startExecution",
                json!({"Input": {}}),
                Some("The field 'StateMachineArn' is required but was missing"),
            ),
            ("listActivities", json!({"a": 1}), Some("The field \"a\" is not supported by Step Functions")),
            ("launchRocket", json!({}), Some("The action 'launchRocket' is not supported by this server")),
        ] {
            assert_eq!(refuse(&of(action), &arguments.into()).as_deref(), reason, "{action}");
        }
    }

    #[test]
    fn answers_speak_as_the_sdk_does() {
        let answer = json!({"executionArn": "arn", "startDate": 1_700_000_000.125, "items": [{"name": "x"}], "n": 1.5});
        assert_eq!(
            given(answer),
            json!({"ExecutionArn": "arn", "StartDate": "2023-11-14T22:13:20.125Z", "Items": [{"Name": "x"}], "N": 1.5})
        );
        assert_eq!(given(json!({"assignedVariables": {"x": "1"}})), json!({"AssignedVariables": {"x": "1"}}));
        let failure = failed(&JsonError {
            code: "InvalidToken".to_owned(),
            message: Some("Invalid Token: 'Invalid token'".to_owned()),
            status: http::StatusCode::BAD_REQUEST,
            request_id: "id".to_owned(),
        });
        assert_eq!(
            failure,
            Failure::new(
                "Sfn.InvalidTokenException",
                "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)"
            )
        );
    }
}
