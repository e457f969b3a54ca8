//! An execution without a server: the same machine, a clock that jumps to whatever is due next, and mocks for tasks.

mod drive;

use std::sync::Arc;
use std::time::Duration;

use super::event::{Failure, HistoryEvent};
use super::execution::{Ending, ExecutionStart};
use super::machine::Covered;
use crate::asl::Program;
use crate::json::Payload;

/// What an attempt of a Task comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Mock {
    /// How long it takes.
    pub after: Duration,
    /// How it ends.
    pub answer: MockAnswer,
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq)]
pub enum MockAnswer {
    /// Well.
    Result(Payload),
    /// With an error.
    Error(Failure),
    /// Not at all: TimeoutSeconds or HeartbeatSeconds see to it.
    Never,
}

/// Stands in for whoever does the tasks.
pub trait Mocks {
    /// What the next attempt of the Task state `state`, which is begun with `input`, comes to; `None` if nobody
    /// knows.
    fn next(&mut self, state: &str, input: &Payload) -> Option<Mock>;
}

/// What is rehearsed.
pub struct Rehearsal<'a> {
    /// The machine.
    pub program: &'a Program,
    /// What it is started with; also says what time it is at first.
    pub start: ExecutionStart,
    /// Who does its tasks.
    pub mocks: &'a mut dyn Mocks,
    /// What task tokens begin with.
    pub token_prefix: &'a str,
}

/// How a rehearsal went.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// How the execution ended, or why it came to no end.
    pub ending: Result<Ending, RehearsalError>,
    /// Its history.
    pub events: Vec<HistoryEvent>,
    /// The states in the order in which they were entered.
    pub states: Vec<Arc<str>>,
    /// What of the definition was used.
    pub covered: Covered,
}

/// Why a rehearsal has no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// A Task was begun that nobody answers.
    #[error("the Task state {state:?} was begun and has no mock")]
    NoMock {
        /// Its name.
        state: Arc<str>,
    },
    /// A Map's results are written, which there is no bucket for.
    #[error("the Map state {state:?} writes its results with a ResultWriter, which needs a server")]
    ResultWriter {
        /// Its name.
        state: Arc<str>,
    },
    /// A Map reads its items from a bucket, which there is none of.
    #[error("the Map state {state:?} reads its items with an ItemReader, which needs a server")]
    ItemReader {
        /// Its name.
        state: Arc<str>,
    },
    /// Nothing more would ever happen.
    #[error(
        "the execution waits for ever, in {state:?}: a mock never answers, and the state has no TimeoutSeconds"
    )]
    Hangs {
        /// A state that it is in.
        state: Arc<str>,
    },
}

impl Rehearsal<'_> {
    /// Runs the execution to its end, or as far as it comes; the same every time.
    pub fn run(self) -> Rehearsed {
        drive::run(self)
    }
}
