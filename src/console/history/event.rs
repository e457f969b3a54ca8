//! An event of a history without its data, small enough to be kept by the ten thousand.

use serde_json::Value;

use crate::console::aws::{millis, text};

/// What is kept of an event.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Event {
    pub(in super::super) id: u64,
    pub(in super::super) previous: u64,
    /// Milliseconds since the epoch.
    pub(in super::super) at: i64,
    pub(in super::super) kind: Box<str>,
    /// The state that it enters or leaves.
    pub(in super::super) state: Option<Box<str>>,
    /// What is called, or which Map Run it is about.
    pub(in super::super) resource: Option<Box<str>>,
    /// The number of an iteration, or how many items a Map has.
    pub(in super::super) number: Option<u64>,
    pub(in super::super) failure: Option<Failed>,
}

/// An error and its cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Failed {
    pub(in super::super) error: Box<str>,
    pub(in super::super) cause: Box<str>,
}

/// As much of a cause as is kept.
const CAUSE_CHARS_MAX: usize = 2_000;

impl Event {
    /// Reads an event of GetExecutionHistory.
    pub(in super::super) fn read(event: &Value) -> Option<Self> {
        let details = event.as_object()?.iter().find(|(name, _)| name.ends_with("EventDetails"));
        let details = details.map_or(&Value::Null, |(_, details)| details);
        let kind = text(event, "type");
        let some = |member: &str| details.get(member).and_then(Value::as_str).map(Box::from);
        let is_of_state = kind.ends_with("StateEntered") || kind.ends_with("StateExited");
        let resource = match some("mapRunArn") {
            Some(arn) => Some(arn),
            None => match (some("resourceType"), some("resource")) {
                (Some(of), Some(resource)) => Some(format!("{of}:{resource}").into()),
                (_, resource) => resource,
            },
        };
        let is_failure = details.get("error").or_else(|| details.get("cause")).is_some();
        let cause = text(details, "cause").chars().take(CAUSE_CHARS_MAX).collect::<String>();
        Some(Self {
            id: event.get("id")?.as_u64()?,
            previous: event.get("previousEventId").and_then(Value::as_u64).unwrap_or(0),
            at: millis(event, "timestamp")?,
            kind: kind.into(),
            state: if is_of_state { some("name") } else { None },
            resource,
            number: details.get("index").or_else(|| details.get("length")).and_then(Value::as_u64),
            failure: is_failure.then(|| Failed { error: text(details, "error").into(), cause: cause.into() }),
        })
    }
}
