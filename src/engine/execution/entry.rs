//! What the journal stores: history events, and notes of what history does not show but the state needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::map_run::{BatchBounds, MapRunLimits, Reading, Sources, Writing};
use super::{ExecutionStatus, FrameId};
use crate::clock::Timestamp;
use crate::engine::event::{Failure, HistoryEvent};
use crate::json::Payload;

/// One entry of the journal: an event, a note, or an event with a note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The line of control that it belongs to.
    #[serde(rename = "f")]
    pub frame: FrameId,
    /// The event, if history shows one.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub event: Option<HistoryEvent>,
    /// The note, if state needs one.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// A fact that history does not show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Note {
    /// A Wait state lasts until then.
    Waiting {
        /// When it is over.
        until: Timestamp,
    },
    /// A failed state is tried again.
    Retrying {
        /// Which of its retriers says so.
        retrier: usize,
        /// When.
        at: Timestamp,
    },
    /// With a scheduled event: the attempt's token and times.
    Attempt {
        /// Names the attempt to the outside.
        token: Arc<str>,
        /// When it has taken too long.
        timeout_at: Option<Timestamp>,
        /// How long it may be silent once it has started, in seconds.
        heartbeat_s: Option<u64>,
    },
    /// The next heartbeat is due then.
    Heartbeat {
        /// When.
        due: Timestamp,
    },
    /// With MapStateStarted, if reading the items copies them: a path with several matches.
    Items {
        /// The items, so that they are read once.
        items: Payload,
    },
    /// With MapRunStarted: the run's settings.
    MapRun {
        /// What can be changed later.
        limits: MapRunLimits,
        /// Bounds of a batch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<BatchBounds>,
        /// What its items are read with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reading: Option<Reading>,
        /// What its results are written with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writing: Option<Writing>,
    },
    /// The items of this frame's Map Run were read.
    MapItems {
        /// The items, an array.
        items: Payload,
        /// Where they were read.
        #[serde(default, skip_serializing_if = "Sources::is_empty")]
        sources: Sources,
    },
    /// The items of this frame's Map Run were read, and stand in a table of their own.
    MapItemsStored {
        /// How many there are.
        length: usize,
    },
    /// The next child execution of this frame's Map Run begins.
    MapChild {
        /// How many items it gets.
        n_items: usize,
    },
    /// The next child executions of this frame's Map Run begin, each with one item.
    MapChildren {
        /// How many.
        n: usize,
    },
    /// A child of this frame's Map Run begins again, after a redrive.
    MapChildRedriven {
        /// Its place.
        index: usize,
    },
    /// A child execution of this frame's Map Run has ended.
    MapChildEnded {
        /// Its place.
        index: usize,
        /// How.
        status: ExecutionStatus,
        /// Its output, as long as all outputs together may be a result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Payload>,
    },
    /// Child executions of this frame's Map Run have ended alike, and no output is kept of them.
    MapChildrenEnded {
        /// How.
        status: ExecutionStatus,
        /// Their places: the first and the last of each run of neighbours.
        places: Vec<(usize, usize)>,
    },
    /// No child of this frame's Map Run begins any more, and its results are written.
    MapRunClosing {
        /// Why it fails, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// UpdateMapRun changed this frame's Map Run.
    MapRunUpdated {
        /// To this.
        limits: MapRunLimits,
    },
    /// A branch or iteration of this frame's state begins, in the next frame number.
    Child {
        /// Its place.
        index: usize,
    },
    /// This frame is one that another execution had, whose fork this is.
    Forked {
        /// The variables that it had.
        #[serde(rename = "v", default, skip_serializing_if = "BTreeMap::is_empty")]
        variables: BTreeMap<Arc<str>, Payload>,
        /// What it had come to, if it was done.
        #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
        output: Option<Payload>,
    },
    /// This frame, a branch or iteration, ended well, with the output of its last state.
    ChildEnded,
    /// What still runs inside this frame's state is given up.
    GivenUp,
    /// This frame goes on below another event: the one that failed inside its state.
    Tail {
        /// That event.
        event_id: u64,
    },
    /// This frame gave way to others after a long run of states, or its turn had not come when it was given up.
    Paused {
        /// How it goes on.
        next: Next,
    },
}

/// The state that a frame enters next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Next {
    /// Its name.
    pub state: Arc<str>,
    /// Its raw input.
    pub input: Payload,
}
