//! A frame: one line of control within an execution. The whole is frame 0; every branch of a Parallel and
//! every iteration of a Map is a frame of its own, in the same record.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::Next;
use super::map_run::MapRun;
use crate::asl::StateId;
use crate::clock::Timestamp;
use crate::engine::event::HistoryEvent;
use crate::json::Payload;

/// The number of a frame; never used twice within an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameId(pub(crate) u32);

impl FrameId {
    /// The whole execution.
    pub const ROOT: Self = Self(0);

    /// From a number that [`FrameId::as_u32`] gave.
    pub fn from_u32(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub fn as_u32(self) -> u32 {
        self.0
    }
}

/// One line of control.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) parent: Option<FrameId>,
    /// The branch's or item's place.
    pub(crate) index: usize,
    /// The event that the next one names as its previous.
    pub(crate) tail: u64,
    pub(crate) variables: BTreeMap<Arc<str>, Payload>,
    /// The state it is in; `None` between two states and before the first.
    pub(crate) at: Option<At>,
    /// The output of the last state of a branch or iteration; a machine's own stands in its last event only.
    pub(crate) output: Option<Payload>,
    /// It gave way and goes on by a timer.
    pub(crate) paused: Option<Paused>,
}

/// How a frame that gave way goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Paused {
    pub(crate) next: Next,
    /// Tells this pause from the ones before.
    pub(crate) stamp: u64,
}

impl Frame {
    pub(super) fn new(parent: Option<FrameId>, index: usize, tail: u64) -> Self {
        Self { parent, index, tail, variables: BTreeMap::new(), at: None, output: None, paused: None }
    }
}

/// A state that was entered and not yet left.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct At {
    pub(crate) state: StateId,
    pub(crate) entered_event: u64,
    /// The event before that.
    pub(crate) entered_after: u64,
    pub(crate) entered: Timestamp,
    /// The raw input.
    pub(crate) input: Payload,
    /// Retries so far, for each retrier.
    pub(crate) retries: Vec<u64>,
    /// Retries so far, all together: `$$.State.RetryCount`.
    pub(crate) retry_count: u64,
    pub(crate) phase: Phase,
    /// What was given up inside it, which a redrive takes up again.
    pub(crate) set_aside: Option<Box<SetAside>>,
}

/// How a Parallel or Map stood when it was given up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetAside {
    pub(super) phase: Phase,
    /// All that ran inside, at any depth.
    pub(super) frames: BTreeMap<FrameId, Frame>,
}

impl At {
    /// `entered` is the StateEntered event.
    pub(super) fn new(state: StateId, entered: &HistoryEvent, input: Payload) -> Self {
        Self {
            state,
            entered_event: entered.id,
            entered_after: entered.previous_event_id,
            entered: entered.timestamp,
            input,
            retries: Vec::new(),
            retry_count: 0,
            phase: Phase::Deciding,
            set_aside: None,
        }
    }
}

/// How far a state is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// The machine is about to decide; never seen between two steps.
    Deciding,
    /// A Wait.
    Waiting { until: Timestamp },
    /// A failed state before its next attempt; `stamp` tells this delay from the ones before.
    Retrying { at: Timestamp, stamp: u64 },
    /// A Task that is being worked on.
    Attempting(Attempt),
    /// A Parallel or Map whose frames run; results stand at their branch's place. `begun` counts frames.
    Composite {
        results: Vec<Option<Payload>>,
        open: usize,
        begun: usize,
        /// A Map's items, if they can't be borrowed from its input.
        items: Option<Payload>,
    },
    /// A Map in DISTRIBUTED mode that waits for its child executions.
    MapRun(Box<MapRun>),
}

impl Phase {
    /// A Parallel or Map that has just begun.
    pub(super) fn composite(length: usize) -> Self {
        // A Map's items are bounded by the payload limit, so this is no way to ask for memory.
        Self::Composite { results: vec![None; length], open: 0, begun: 0, items: None }
    }
}

/// One attempt of a Task. The id of its scheduled event is its stamp: no other attempt has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) scheduled: u64,
    pub(crate) token: Arc<str>,
    pub(crate) timeout_at: Option<Timestamp>,
    pub(crate) heartbeat_s: Option<u64>,
    pub(crate) heartbeat_at: Option<Timestamp>,
    /// A worker took it.
    pub(crate) started: bool,
    /// The service took the job.
    pub(crate) submitted: bool,
}
