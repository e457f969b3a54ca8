//! Parses recorded histories: the events, and the results of tasks.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::NotReplayable;
use super::divergence::is_alike;
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::rehearsal::{Mock, MockAnswer, Mocks};
use crate::json::Payload;

/// Members of details that don't depend on the definition, or are only for people.
const NOT_COMPARED: [&str; 9] = [
    "inputDetails",
    "outputDetails",
    "assignedVariablesDetails",
    "roleArn",
    "stateMachineAliasArn",
    "stateMachineVersionArn",
    "workerName",
    "cause",
    "region",
];
/// Members that contain JSON as a string.
const DATA: [&str; 3] = ["input", "output", "parameters"];

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) previous: u64,
    at: Timestamp,
    /// Its type.
    pub(super) kind: String,
    /// The details that are compared.
    pub(super) details: Map<String, Value>,
    cause: Option<String>,
}

/// A history, oldest event first.
pub struct History {
    pub(super) events: Vec<Event>,
    /// How far it goes.
    pub(super) end: End,
}

/// How a history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the execution, which ended by itself: its status.
    Whole(&'static str),
    /// With the execution, which was stopped. No definition can repeat that.
    Stopped,
    /// With an execution that was running when it was recorded.
    Running,
    /// With a page after which there were others: a `nextToken` is left over.
    Cut,
}

impl End {
    fn of(events: &[Event], is_cut: bool) -> Self {
        match events.last().map(|event| event.kind.as_str()) {
            Some("ExecutionSucceeded") => Self::Whole("SUCCEEDED"),
            Some("ExecutionFailed") => Self::Whole("FAILED"),
            Some("ExecutionTimedOut") => Self::Whole("TIMED_OUT"),
            Some("ExecutionAborted") => Self::Stopped,
            Some(_) | None if is_cut => Self::Cut,
            Some(_) | None => Self::Running,
        }
    }

    /// Whether it ended by itself. Of all others the rest is unknown.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The execution's status at the end of the history; `None` if the history doesn't go so far.
    pub fn status(self) -> Option<&'static str> {
        match self {
            Self::Whole(status) => Some(status),
            Self::Stopped => Some("ABORTED"),
            Self::Running => Some("RUNNING"),
            Self::Cut => None,
        }
    }
}

/// The result of a Task's attempt.
struct Recorded {
    input: Value,
    mock: Option<Mock>,
}

/// The results of each Task state's attempts, in the order in which they started.
pub(super) struct Outcomes(BTreeMap<String, Vec<Recorded>>);

impl Event {
    /// Parses an event of GetExecutionHistory.
    pub(super) fn read(event: &Value) -> Option<Self> {
        let details = event.as_object()?.iter().find(|(member, _)| member.ends_with("EventDetails"));
        let details = details.and_then(|(_, details)| details.as_object()).cloned().unwrap_or_default();
        let cause = details.get("cause").and_then(Value::as_str).map(str::to_owned);
        let compared = details.into_iter().filter(|(member, _)| !NOT_COMPARED.contains(&&**member));
        let mut details: Map<String, Value> = compared
            .map(|(member, value)| match DATA.contains(&&*member) {
                true => (member, parsed(value)),
                false => (member, value),
            })
            .collect();
        if let Some(Value::Object(assigned)) = details.get_mut("assignedVariables") {
            assigned.values_mut().for_each(|value| *value = parsed(value.take()));
        }
        let kind = event["type"].as_str()?.to_owned();
        if kind == "TaskSubmitted" {
            // This is the service's response; the task's own output comes with its end.
            details.remove("output");
        }
        Some(Self {
            id: event["id"].as_u64()?,
            // AWS sometimes leaves out a zero.
            previous: event["previousEventId"].as_u64().unwrap_or(0),
            at: timestamp(&event["timestamp"])?,
            kind,
            details,
            cause,
        })
    }

    /// The name of its state, or the iteration.
    pub(super) fn name(&self) -> Option<&str> {
        self.details.get("name").and_then(Value::as_str)
    }
}

/// The JSON in a string, or the string if it isn't JSON.
fn parsed(value: Value) -> Value {
    let document = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    document.unwrap_or(value)
}

/// Parses RFC 3339 as the AWS CLI writes it, or seconds since the epoch as the API does.
fn timestamp(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse_rfc3339(text),
        Value::Number(seconds) => Some(Timestamp::from_millis((seconds.as_f64()? * 1_000.0).round() as i64)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl History {
    /// Parses a response of GetExecutionHistory.
    ///
    /// # Errors
    /// For what is none, or can't be replayed.
    pub fn read(value: &Value) -> Result<Self, NotReplayable> {
        let events = value["events"].as_array().ok_or(NotReplayable::NoEvents)?;
        let read = |(n, event)| Event::read(event).ok_or(NotReplayable::NoEvent(n));
        let events = events.iter().enumerate().map(read).collect::<Result<Vec<Event>, _>>()?;
        if events.first().is_none_or(|first| first.kind != "ExecutionStarted") {
            return Err(NotReplayable::NotFromTheStart);
        }
        if (1..).zip(&events).any(|(id, event)| event.id != id) {
            return Err(NotReplayable::Gaps);
        }
        if events.iter().any(|event| event.kind == "ExecutionRedriven") {
            return Err(NotReplayable::Redriven);
        }
        if events.iter().any(|event| event.kind.ends_with("Entered") && !event.details.contains_key("input"))
        {
            return Err(NotReplayable::NoData);
        }
        // The AWS CLI has a word of its own for the token that it made.
        let is_cut = ["nextToken", "NextToken"].iter().any(|token| !value[*token].is_null());
        let end = End::of(&events, is_cut);
        Ok(Self { events, end })
    }

    fn event(&self, id: u64) -> Option<&Event> {
        self.events.get(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    /// The nearest event at or before `event` for whose type `is_wanted` is true.
    fn before(&self, event: &Event, is_wanted: impl Fn(&str) -> bool) -> Option<&Event> {
        let mut event = self.event(event.id)?;
        while !is_wanted(&event.kind) {
            // Ids have to decrease on the way back, even in an invalid file.
            event = self.event(event.previous).filter(|previous| previous.id < event.id)?;
        }
        Some(event)
    }

    pub(super) fn input(&self) -> Payload {
        let input = self.events.first().and_then(|event| event.details.get("input"));
        Payload::from_value(input.cloned().unwrap_or_default())
    }

    pub(super) fn started(&self) -> Timestamp {
        self.events.first().map_or(Timestamp::EPOCH, |event| event.at)
    }

    /// How far it goes.
    pub fn end(&self) -> End {
        self.end
    }

    /// How many events it has.
    pub fn n_events(&self) -> usize {
        self.events.len()
    }

    /// The states in the order in which they were entered.
    pub(super) fn states(&self) -> Vec<String> {
        let entered = self.events.iter().filter(|event| event.kind.ends_with("StateEntered"));
        entered.filter_map(Event::name).map(str::to_owned).collect()
    }

    /// The results of the tasks.
    pub(super) fn outcomes(&self) -> Outcomes {
        let mut outcomes: BTreeMap<String, Vec<(u64, Recorded)>> = BTreeMap::new();
        for event in &self.events {
            if is_scheduled(&event.kind)
                && let Some(state) =
                    self.before(event, |kind| kind == "TaskStateEntered").and_then(Event::name)
            {
                let input = ["input", "parameters"].iter().find_map(|member| event.details.get(*member));
                let recorded = Recorded { input: input.cloned().unwrap_or_default(), mock: None };
                outcomes.entry(state.to_owned()).or_default().push((event.id, recorded));
            }
            if let Some(answer) = answer(event)
                && let Some(scheduled) = self.before(event, is_scheduled)
            {
                let attempts = outcomes.values_mut().flatten();
                let attempt = attempts.into_iter().find(|(id, _)| *id == scheduled.id);
                if let Some((_, recorded)) = attempt {
                    recorded.mock = Some(Mock { after: event.at.since(scheduled.at), answer });
                }
            }
        }
        let unnumbered = |attempts: Vec<(u64, Recorded)>| attempts.into_iter().map(|(_, it)| it).collect();
        Outcomes(outcomes.into_iter().map(|(state, attempts)| (state, unnumbered(attempts))).collect())
    }
}

fn is_scheduled(kind: &str) -> bool {
    matches!(kind, "TaskScheduled" | "ActivityScheduled" | "LambdaFunctionScheduled")
}

/// The result of an attempt, if the event contains one.
fn answer(event: &Event) -> Option<MockAnswer> {
    let text = |member: &str| event.details.get(member).and_then(Value::as_str).map(Into::into);
    match event.kind.as_str() {
        "TaskSucceeded" | "ActivitySucceeded" | "LambdaFunctionSucceeded" => {
            let output = event.details.get("output").cloned().unwrap_or_default();
            Some(MockAnswer::Result(Payload::from_value(output)))
        }
        "TaskTimedOut" | "ActivityTimedOut" | "LambdaFunctionTimedOut" => Some(MockAnswer::Never),
        "TaskFailed"
        | "TaskStartFailed"
        | "TaskSubmitFailed"
        | "ActivityFailed"
        | "ActivityScheduleFailed"
        | "LambdaFunctionFailed"
        | "LambdaFunctionScheduleFailed"
        | "LambdaFunctionStartFailed" => {
            let cause = event.cause.as_deref().map(Into::into);
            Some(MockAnswer::Error(Failure { error: text("error"), cause }))
        }
        _ => None,
    }
}

impl Mocks for Outcomes {
    /// For parallel iterations, the result of the one that started with the same input; otherwise the next result.
    fn next(&mut self, state: &str, input: &Payload) -> Option<Mock> {
        let attempts = self.0.get_mut(state).filter(|attempts| !attempts.is_empty())?;
        let same = attempts.iter().position(|attempt| is_alike(&attempt.input, input.value()));
        let Recorded { mock, .. } = attempts.remove(same.unwrap_or(0));
        Some(mock.unwrap_or(Mock { after: Duration::ZERO, answer: MockAnswer::Never }))
    }
}
