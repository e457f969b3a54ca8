//! Replays of executions out of what clients have: the text of a definition, and a response of GetExecutionHistory.

use serde_json::Value;

use super::event_json;
use crate::asl::{self, StateMachineType};
use crate::engine::replay::{History, replay};

pub use crate::asl::{Position, locate};
pub use crate::engine::replay::{Divergence, End, Replayed};

/// A replay.
pub struct Replay {
    /// How the execution goes now.
    pub replayed: Replayed,
    /// How the recording ends.
    pub recorded_end: End,
    /// How many events it has.
    pub n_events: usize,
}

/// Why there is no replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The definition has errors, of which this is the first.
    #[error("an execution is replayed under a definition without errors: {0}")]
    Definition(String),
    /// The history is none, or of an execution that can't be replayed.
    #[error("the execution can't be replayed: {0}")]
    History(#[from] crate::engine::replay::NotReplayable),
}

/// Replays a history under the definition of a standard state machine.
///
/// # Errors
/// If the definition has errors, or the history can't be replayed.
pub fn replay_under(definition: &str, history: &Value) -> Result<Replay, ReplayError> {
    let program = asl::compile(definition, StateMachineType::Standard).map_err(|wrong| {
        ReplayError::Definition(wrong.0.first().map(|it| it.message.clone()).unwrap_or_default())
    })?;
    let history = History::read(history)?;
    let replayed = replay(&program, &history, event_json);
    Ok(Replay { replayed, recorded_end: history.end(), n_events: history.n_events() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_replayed_says_why() {
        let said = |definition: &str| replay_under(definition, &json!({})).err().unwrap().to_string();
        assert!(said("{}").starts_with("an execution is replayed under a definition without errors: "));
        let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
        assert_eq!(said(definition), "the execution can't be replayed: there is no array `events`");
    }
}
