//! GetExecutionHistory: events as clients see them.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::time::EpochSeconds;
use crate::engine::event::{EventKind, Failure, HistoryEvent, Iteration, TaskResource, TaskTimes};
use crate::json::Payload;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetExecutionHistory {
    execution_arn: String,
    max_results: Option<u32>,
    #[serde(default)]
    reverse_order: bool,
    next_token: Option<String>,
    #[serde(default = "yes")]
    include_execution_data: bool,
}

fn yes() -> bool {
    true
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct History {
    events: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn get_execution_history(
    call: &Call,
    input: GetExecutionHistory,
) -> Result<History, ApiError> {
    let page = call
        .engine()
        .executions()
        .history(&input.execution_arn, input.max_results, input.reverse_order, input.next_token.as_deref())
        .await?;
    let data = if input.include_execution_data { Data::Shown } else { Data::Hidden };
    let shown = |event: &HistoryEvent| event_view(event, data);
    Ok(History { events: page.events.iter().map(shown).collect(), next_token: page.next_token })
}

/// One event with its data, as GetExecutionHistory tells it.
pub fn event_json(event: &HistoryEvent) -> Value {
    event_view(event, Data::Shown).into()
}

/// One event. Members that have no value are left out.
fn event_view(event: &HistoryEvent, data: Data) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("timestamp".into(), json!(EpochSeconds(event.timestamp)));
    view.insert("type".into(), event.kind.type_name().into());
    view.insert("id".into(), event.id.into());
    view.insert("previousEventId".into(), event.previous_event_id.into());
    if let Some((member, details)) = details(&event.kind, data) {
        view.insert(member.into(), details.0.into());
    }
    view
}

/// What is told of payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// All.
    Shown,
    /// Their `…Details` only.
    Hidden,
    /// So many bytes.
    Cut {
        /// Of each payload.
        bytes_max: usize,
    },
    /// Nothing.
    Absent,
}

impl Data {
    fn is_shown(self) -> bool {
        match self {
            Self::Shown | Self::Cut { .. } => true,
            Self::Hidden | Self::Absent => false,
        }
    }
}

/// The members of an event's details.
#[derive(Default)]
pub(super) struct Details(pub(super) Map<String, Value>);

impl Details {
    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.insert(member.into(), value.into());
        self
    }

    fn with_some<T: Into<Value>>(self, member: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(member, value),
            None => self,
        }
    }

    /// A payload with its `…Details`.
    fn with_data(self, member: &str, payload: &Payload, data: Data) -> Self {
        let (text, is_truncated) = match data {
            Data::Shown => (Some(payload.text()), false),
            Data::Hidden => (None, false),
            Data::Cut { bytes_max } => {
                let whole = payload.text();
                let end = (0..=whole.len().min(bytes_max)).rev().find(|end| whole.is_char_boundary(*end));
                let text = &whole[..end.unwrap_or(0)];
                (Some(text), text.len() < whole.len())
            }
            Data::Absent => return self,
        };
        self.with_some(member, text).with(&format!("{member}Details"), json!({ "truncated": is_truncated }))
    }

    fn with_failure(self, failure: &Failure) -> Self {
        self.with_some("error", failure.error.as_deref()).with_some("cause", failure.cause.as_deref())
    }

    fn with_times(self, times: TaskTimes) -> Self {
        self.with_some("timeoutInSeconds", times.timeout_s).with_some("heartbeatInSeconds", times.heartbeat_s)
    }

    fn with_resource(self, on: &TaskResource) -> Self {
        self.with("resourceType", &*on.resource_type).with("resource", &*on.resource)
    }

    fn with_credentials(self, role: Option<&str>) -> Self {
        self.with_some("taskCredentials", role.map(|role| json!({ "roleArn": role })))
    }
}

fn failure(failure: &Failure) -> Details {
    Details::default().with_failure(failure)
}

fn iteration(iteration: &Iteration) -> Details {
    Details::default().with("name", &*iteration.name).with("index", iteration.index)
}

/// The name and members of an event's details; some events have none.
pub(super) fn details(kind: &EventKind, data: Data) -> Option<(&'static str, Details)> {
    let new = Details::default;
    Some(match kind {
        EventKind::ExecutionStarted { input, role_arn, version_arn, alias_arn } => (
            "executionStartedEventDetails",
            new()
                .with_data("input", input, data)
                .with("roleArn", &**role_arn)
                .with_some("stateMachineAliasArn", alias_arn.as_deref())
                .with_some("stateMachineVersionArn", version_arn.as_deref()),
        ),
        EventKind::ExecutionSucceeded { output } => {
            ("executionSucceededEventDetails", new().with_data("output", output, data))
        }
        EventKind::ExecutionFailed(of) => ("executionFailedEventDetails", failure(of)),
        EventKind::ExecutionAborted(of) => ("executionAbortedEventDetails", failure(of)),
        EventKind::ExecutionTimedOut(of) => ("executionTimedOutEventDetails", failure(of)),
        EventKind::ExecutionRedriven { redrive_count } => {
            ("executionRedrivenEventDetails", new().with("redriveCount", *redrive_count))
        }
        EventKind::StateEntered { name, input, .. } => {
            ("stateEnteredEventDetails", new().with("name", &**name).with_data("input", input, data))
        }
        EventKind::StateExited { name, output, assigned, .. } => {
            let exited = new().with("name", &**name).with_data("output", output, data);
            let variables: Map<String, Value> =
                assigned.iter().map(|(name, value)| (name.to_string(), value.text().into())).collect();
            let exited = match variables.is_empty() {
                true => exited,
                false => {
                    exited.with_some("assignedVariables", data.is_shown().then_some(variables)).with_some(
                        "assignedVariablesDetails",
                        (data != Data::Absent).then(|| json!({ "truncated": false })),
                    )
                }
            };
            ("stateExitedEventDetails", exited)
        }
        EventKind::MapStateStarted { length } => {
            ("mapStateStartedEventDetails", new().with("length", *length))
        }
        EventKind::MapRunStarted { map_run_arn } => {
            ("mapRunStartedEventDetails", new().with("mapRunArn", &**map_run_arn))
        }
        EventKind::MapRunRedriven { map_run_arn, redrive_count } => (
            "mapRunRedrivenEventDetails",
            new().with("mapRunArn", &**map_run_arn).with("redriveCount", *redrive_count),
        ),
        EventKind::MapRunFailed(of) => ("mapRunFailedEventDetails", failure(of)),
        EventKind::EvaluationFailed { failure: of, location, state } => (
            "evaluationFailedEventDetails",
            failure(of).with_some("location", location.as_deref()).with("state", &**state),
        ),
        EventKind::MapIterationStarted(of) => ("mapIterationStartedEventDetails", iteration(of)),
        EventKind::MapIterationSucceeded(of) => ("mapIterationSucceededEventDetails", iteration(of)),
        EventKind::MapIterationFailed(of) => ("mapIterationFailedEventDetails", iteration(of)),
        EventKind::MapIterationAborted(of) => ("mapIterationAbortedEventDetails", iteration(of)),
        EventKind::ActivityScheduled { resource, input, times } => (
            "activityScheduledEventDetails",
            new().with("resource", &**resource).with_data("input", input, data).with_times(*times),
        ),
        EventKind::ActivityStarted { worker_name } => {
            ("activityStartedEventDetails", new().with_some("workerName", worker_name.as_deref()))
        }
        EventKind::ActivitySucceeded { output } => {
            ("activitySucceededEventDetails", new().with_data("output", output, data))
        }
        EventKind::ActivityFailed(of) => ("activityFailedEventDetails", failure(of)),
        EventKind::ActivityTimedOut(of) => ("activityTimedOutEventDetails", failure(of)),
        EventKind::LambdaFunctionScheduled { resource, input, times, credentials_role } => (
            "lambdaFunctionScheduledEventDetails",
            new()
                .with("resource", &**resource)
                .with_data("input", input, data)
                .with_some("timeoutInSeconds", times.timeout_s)
                .with_credentials(credentials_role.as_deref()),
        ),
        EventKind::LambdaFunctionSucceeded { output } => {
            ("lambdaFunctionSucceededEventDetails", new().with_data("output", output, data))
        }
        EventKind::LambdaFunctionFailed(of) => ("lambdaFunctionFailedEventDetails", failure(of)),
        EventKind::LambdaFunctionTimedOut(of) => ("lambdaFunctionTimedOutEventDetails", failure(of)),
        EventKind::TaskScheduled { on, region, parameters, times, credentials_role } => (
            "taskScheduledEventDetails",
            new()
                .with_resource(on)
                .with("region", &**region)
                .with_some("parameters", data.is_shown().then(|| parameters.text()))
                .with_times(*times)
                .with_credentials(credentials_role.as_deref()),
        ),
        EventKind::TaskStarted(on) => ("taskStartedEventDetails", new().with_resource(on)),
        EventKind::TaskSubmitted { on, output } => {
            ("taskSubmittedEventDetails", new().with_resource(on).with_data("output", output, data))
        }
        EventKind::TaskSucceeded { on, output } => {
            ("taskSucceededEventDetails", new().with_resource(on).with_data("output", output, data))
        }
        EventKind::TaskFailed { on, failure } => {
            ("taskFailedEventDetails", new().with_resource(on).with_failure(failure))
        }
        EventKind::TaskSubmitFailed { on, failure } => {
            ("taskSubmitFailedEventDetails", new().with_resource(on).with_failure(failure))
        }
        EventKind::TaskTimedOut { on, failure } => {
            ("taskTimedOutEventDetails", new().with_resource(on).with_failure(failure))
        }
        EventKind::StateAborted(_)
        | EventKind::ParallelStateStarted
        | EventKind::ParallelStateSucceeded
        | EventKind::ParallelStateFailed
        | EventKind::MapStateSucceeded
        | EventKind::MapStateFailed
        | EventKind::MapRunSucceeded
        | EventKind::MapRunAborted
        | EventKind::LambdaFunctionStarted => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::engine::event::StateType;

    fn check(kind: EventKind, data: Data, want: &Value) {
        let timestamp = Timestamp::from_millis(1_700_000_000_125);
        let event = HistoryEvent { id: 3, previous_event_id: 2, timestamp, kind };
        assert_eq!(&Value::Object(event_view(&event, data)), want);
    }

    #[test]
    fn events_look_as_recorded() {
        let output = Payload::from_text(r#"{"a":1}"#).unwrap();
        let exited = EventKind::StateExited {
            state_type: StateType::Pass,
            name: "S".into(),
            output,
            assigned: [("x".into(), Payload::from_text("42").unwrap())].into(),
        };
        let want = json!({
            "timestamp": 1_700_000_000.125, "type": "PassStateExited", "id": 3, "previousEventId": 2,
            "stateExitedEventDetails": {
                "name": "S", "output": "{\"a\":1}", "outputDetails": {"truncated": false},
                "assignedVariables": {"x": "42"}, "assignedVariablesDetails": {"truncated": false}}});
        check(exited.clone(), Data::Shown, &want);
        let want = json!({
            "timestamp": 1_700_000_000.125, "type": "PassStateExited", "id": 3, "previousEventId": 2,
            "stateExitedEventDetails": {
                "name": "S", "outputDetails": {"truncated": false}, "assignedVariablesDetails": {"truncated": false}}});
        check(exited, Data::Hidden, &want);
    }

    #[test]
    fn what_has_no_value_is_left_out() {
        let head =
            |name: &str| json!({"timestamp": 1_700_000_000.125, "type": name, "id": 3, "previousEventId": 2});
        let mut want = head("ExecutionAborted");
        want["executionAbortedEventDetails"] = json!({});
        check(EventKind::ExecutionAborted(Failure::default()), Data::Shown, &want);
        let mut want = head("ActivityStarted");
        want["activityStartedEventDetails"] = json!({});
        check(EventKind::ActivityStarted { worker_name: None }, Data::Shown, &want);
        check(EventKind::MapStateSucceeded, Data::Shown, &head("MapStateSucceeded"));
    }
}
