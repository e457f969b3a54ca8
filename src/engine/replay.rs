//! Replays recorded executions under another definition: tasks answer as they did, and the first event that is another
//! is found.

mod divergence;
mod history;

use serde_json::Value;

use self::history::Event;
use super::event::HistoryEvent;
use super::execution::ExecutionStart;
use super::rehearsal::{Rehearsal, Rehearsed};
use crate::asl::Program;

pub use self::divergence::Divergence;
pub use self::history::{End, History};

/// Replaces parts of strings that are specific to one execution, on both sides, so that they are not compared.
const OWN: &str = "stepgate-replay";

/// Why a history can't be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReplayable {
    /// It is no response of GetExecutionHistory.
    #[error("there is no array `events`")]
    NoEvents,
    /// One of them is no event.
    #[error("events[{0}] is no history event")]
    NoEvent(usize),
    /// The newest event is the first, or there is none.
    #[error("the first event is not ExecutionStarted: the oldest event has to be first")]
    NotFromTheStart,
    /// Pages are missing.
    #[error("event ids are not 1, 2, 3, …: all pages of the history have to be there")]
    Gaps,
    /// The execution was redriven.
    #[error("histories of redriven executions can't be replayed")]
    Redriven,
    /// Inputs and outputs are not there.
    #[error("the history has no execution data: it has to be read with --include-execution-data")]
    NoData,
}

/// How an execution goes under another definition.
pub struct Replayed {
    /// The first event that is another, if one is.
    pub divergence: Option<Divergence>,
    /// The states in the order in which they were entered then.
    pub recorded: Vec<String>,
    /// The states in the order in which they are entered now.
    pub now: Vec<String>,
    /// How the execution ends now, or why it doesn't.
    pub end: String,
    /// The events that happen now, as GetExecutionHistory has them.
    pub events: Vec<Value>,
}

/// Replays a history under a definition. `written` is the form that GetExecutionHistory gives an event.
pub fn replay(program: &Program, history: &History, written: fn(&HistoryEvent) -> Value) -> Replayed {
    let start = ExecutionStart {
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:{OWN}:{OWN}").into(),
        name: OWN.into(),
        input: history.input(),
        role_arn: "arn:aws:iam::123456789012:role/replay".into(),
        state_machine_arn: format!("arn:aws:states:us-east-1:123456789012:stateMachine:{OWN}").into(),
        state_machine_name: OWN.into(),
        version_arn: None,
        alias_arn: None,
        region: "us-east-1".into(),
        started: history.started(),
        is_synchronous: false,
    };
    let mut outcomes = history.outcomes();
    let Rehearsed { ending, events, states, .. } =
        Rehearsal { program, start, mocks: &mut outcomes, token_prefix: OWN }.run();
    // Written and parsed again, so that both sides have the same form.
    let events: Vec<Value> = events.iter().map(written).collect();
    let now: Vec<Event> = events.iter().filter_map(Event::read).collect();
    let end = match &ending {
        Ok(ending) => ending.status.as_str().to_owned(),
        Err(error) => error.to_string(),
    };
    Replayed {
        divergence: divergence::divergence(&history.events, &now, history.end.is_whole(), &end),
        recorded: history.states(),
        now: states.iter().map(|name| name.to_string()).collect(),
        end,
        events,
    }
}
