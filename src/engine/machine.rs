//! The pure heart of the engine: given a program, an execution's state and one input, what happens next.
//!
//! No clock, no I/O, no randomness of its own: [`Env`] brings time and ids, so the same inputs give the same
//! [`Step`]. A step decides, writes [`Entry`]s and folds them into the state; its [`Effect`]s are for the
//! caller to perform once the entries are durable. A run of states that need nothing from outside is one step.
//!
//! Event order and `previousEventId` follow the histories that Step Functions records; the Amazon States
//! Language is at <https://states-language.net/spec.html>.

mod choice;
mod coverage;
mod exit;
mod fail;
mod failure;
mod fork;
mod map;
mod map_run;
mod parallel;
mod pass;
mod pending;
mod redrive;
mod scope;
mod stepper;
mod succeed;
mod task;
#[cfg(test)]
mod tests;
mod trial;
mod wait;

pub use coverage::Covered;
pub use trial::{Inspector, Mocked, ReadItems, Seen, Stage, Trial};

pub use super::execution::PAYLOAD_BYTES_MAX;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Failure;
use super::execution::{
    BatchBounds, ChildEnd, Ending, Entry, Execution, Fork, FrameId, MapRunAttempt, MapRunKey, MapRunLimits,
    Reading, Sources, Writing,
};
use crate::asl::{Integration, ItemSource, OutputType, Processor, Program, Resource, Transformation};
use crate::clock::{Ids, Timestamp};
use crate::id::ActivityArn;
use crate::json::Payload;

/// Most events of one Standard execution; the last of them says that there may be no more.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const EVENTS_MAX: u64 = 25_000;
/// Most bytes of all variables of an execution.
pub const VARIABLES_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Bounds on the work of an execution and of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most events of the execution.
    pub events_max: Option<u64>,
    /// After so many entries a step gives way: frames that could go on do so by timers that are due at once.
    pub step_entries_max: usize,
    /// The same for bytes of inputs and outputs.
    pub step_bytes_max: usize,
    /// The same for the time that it takes.
    pub step_time_max: Duration,
    /// What all expressions of a step may take together: those of one state can't be told to go on later.
    pub expressions_time_max: Duration,
}

impl Limits {
    /// Of Standard executions.
    pub const STANDARD: Self = Self {
        events_max: Some(EVENTS_MAX),
        step_entries_max: 2_000,
        step_bytes_max: 8 * 1024 * 1024,
        step_time_max: Duration::from_secs(1),
        expressions_time_max: Duration::from_secs(20),
    };
    /// Of Standard executions that may have so many events.
    pub fn standard(events_max: u64) -> Self {
        Self { events_max: Some(events_max), ..Self::STANDARD }
    }

    /// Of Express executions, whose history has no bound.
    pub const EXPRESS: Self = Self { events_max: None, ..Self::STANDARD };
}

/// What a step may know of the world.
pub struct Env<'a> {
    /// The time of everything in this step.
    pub now: Timestamp,
    /// How long the step has taken so far, of which expressions make the most; always nothing where time stands still.
    pub elapsed: &'a dyn Fn() -> Duration,
    /// Tokens, UUIDs and jitter.
    pub ids: &'a Arc<dyn Ids>,
    /// What task tokens begin with; the rest is random.
    pub token_prefix: &'a str,
    /// Whether there is such an activity.
    pub activity_exists: &'a dyn Fn(&ActivityArn) -> bool,
    /// What is wrong with the arguments of a service integration, in AWS's words (`The field 'X' is required but
    /// was missing`); `None` if the call may be made.
    pub refuse_arguments: &'a dyn Fn(&Integration, &Payload) -> Option<String>,
    /// Bounds.
    pub limits: Limits,
    /// Whether the execution's machine is on its way out: then the execution ends where it would enter a state.
    pub is_deleting: bool,
    /// Why no Map Run may start children, if the role doesn't let it.
    pub map_refused: Option<&'a Failure>,
    /// The trial that the step is part of, if it is one.
    pub trial: Option<&'a Trial<'a>>,
}

/// Which attempt of which task: a result for another is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskKey {
    /// The line of control.
    pub frame: FrameId,
    /// The id of the attempt's scheduled event.
    pub scheduled: u64,
}

/// Which timer; one key is armed at most once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    /// The line of control.
    pub frame: FrameId,
    /// What it is for.
    pub kind: TimerKind,
    /// Tells it from earlier ones of its kind in the frame.
    pub stamp: u64,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimerKind {
    /// The end of a Wait state.
    Wait,
    /// The next attempt of a failed state.
    Retry,
    /// An attempt's TimeoutSeconds.
    TaskTimeout,
    /// An attempt's HeartbeatSeconds.
    Heartbeat,
    /// The machine's TimeoutSeconds.
    Execution,
    /// The next state of a frame that gave way; due at once.
    Resume,
    /// More child executions of a Map Run; due at once.
    MapRun,
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// The execution begins.
    Start,
    /// The execution begins in the middle of another one.
    Forked(Box<Fork>),
    /// A timer is due.
    TimerFired(TimerKey),
    /// A worker took an activity task.
    TaskStarted {
        /// The attempt.
        task: TaskKey,
        /// The worker, if it said its name.
        worker_name: Option<Arc<str>>,
    },
    /// A service took the job; the result comes later.
    TaskSubmitted {
        /// The attempt.
        task: TaskKey,
        /// The service's answer.
        output: Payload,
    },
    /// A task is done.
    TaskSucceeded {
        /// The attempt.
        task: TaskKey,
        /// Its result.
        output: Payload,
    },
    /// A task failed.
    TaskFailed {
        /// The attempt.
        task: TaskKey,
        /// How.
        failure: Failure,
    },
    /// A service did not take the job.
    TaskSubmitFailed {
        /// The attempt.
        task: TaskKey,
        /// How.
        failure: Failure,
    },
    /// A worker is alive.
    TaskHeartbeat {
        /// The attempt.
        task: TaskKey,
    },
    /// Items of a Map Run were read, or could not be.
    ItemsRead {
        /// For whom they were.
        attempt: MapRunAttempt,
        /// An array, and where its items were read; or why there is none.
        read: Result<(Payload, Sources), Failure>,
    },
    /// Items of a Map Run were read, and stand in the store.
    ItemsStored {
        /// For whom they were.
        attempt: MapRunAttempt,
        /// How many there are.
        length: usize,
    },
    /// Some of the items that stand in the store.
    ItemsLoaded {
        /// The run.
        key: MapRunKey,
        /// The place of the first.
        first: usize,
        /// Those from there on, as many as were asked for or there are.
        items: Vec<Payload>,
        /// Where they were read.
        sources: Sources,
    },
    /// The results of a Map Run were written, or could not be.
    ResultsWritten {
        /// For whom they were.
        attempt: MapRunAttempt,
        /// What the Map comes to.
        written: Result<Payload, Failure>,
    },
    /// Child executions of a Map Run have ended.
    ChildrenEnded {
        /// The run as it was when they ended.
        attempt: MapRunAttempt,
        /// How; what is known already changes nothing.
        ends: Vec<ChildEnd>,
    },
    /// UpdateMapRun.
    MapRunUpdated {
        /// The run.
        key: MapRunKey,
        /// Its limits from now on.
        limits: MapRunLimits,
    },
    /// Waits end now: those of the state of this name, or all.
    WaitsSkipped(Option<Arc<str>>),
    /// StopExecution.
    Stopped(Failure),
    /// RedriveExecution, of an execution that ended otherwise than well.
    Redriven,
}

/// What the outside must do once the step is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Fire `key` at `at`; a timer of the same key is moved.
    ArmTimer {
        /// Which.
        key: TimerKey,
        /// When.
        at: Timestamp,
    },
    /// Forget the timer.
    CancelTimer(TimerKey),
    /// Have a task done.
    RunTask(TaskRun),
    /// Nobody waits for the task any more.
    AbandonTask(TaskKey),
    /// A Map Run has begun.
    StartMapRun(Box<MapRunStart>),
    /// Read the items of a Map Run.
    ReadItems(Box<ItemsRequest>),
    /// A Map Run has so many items, as is known now that they were read.
    CountItems {
        /// The run.
        key: MapRunKey,
        /// Items.
        length: usize,
    },
    /// Load items of a Map Run from the store.
    LoadItems {
        /// The run.
        key: MapRunKey,
        /// The place of the first.
        first: usize,
        /// How many are wanted at the most.
        n: usize,
    },
    /// Start a child execution.
    StartChild(Box<ChildStart>),
    /// Stop the children of a Map Run that still run; their ends are told as ever.
    StopChildren(MapRunAttempt),
    /// Write the results of a Map Run.
    WriteResults(Box<ResultsRequest>),
    /// A Map Run is open again: children that ended otherwise than well wait for their turn.
    RedriveMapRun {
        /// The run.
        key: MapRunKey,
        /// How often by now.
        count: u32,
    },
    /// Let a child execution go on that ended otherwise than well.
    RedriveChild {
        /// Its run.
        attempt: MapRunAttempt,
        /// Its place.
        index: usize,
    },
    /// A Map Run is over; children that still run are stopped.
    EndMapRun {
        /// The run.
        key: MapRunKey,
        /// How it ended.
        status: MapRunStatus,
    },
    /// The execution, which had ended, is open again.
    Redriven {
        /// How often by now.
        count: u32,
        /// Since when.
        at: Timestamp,
    },
    /// The execution has ended: its timers and tasks are forgotten.
    Ended(Ending),
}

/// A task to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRun {
    /// The attempt.
    pub task: TaskKey,
    /// Names the attempt to workers and callbacks.
    pub token: Arc<str>,
    /// Who does it.
    pub resource: Resource,
    /// What it is done with.
    pub input: Payload,
    /// The role of `Credentials`.
    pub credentials_role: Option<Arc<str>>,
}

/// A Map Run that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRunStart {
    /// Which.
    pub key: MapRunKey,
    /// The last part of its ARN.
    pub id: Arc<str>,
    /// What its children run.
    pub processor: Arc<Processor>,
    /// Its limits.
    pub limits: MapRunLimits,
    /// Bounds of a child's batch.
    pub batch: Option<BatchBounds>,
    /// How many items there are; 0 if they are yet to be read.
    pub length: usize,
}

/// Items to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsRequest {
    /// For whom.
    pub attempt: MapRunAttempt,
    /// From what.
    pub source: ItemSource,
    /// With what.
    pub reading: Reading,
}

/// Results to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultsRequest {
    /// Of which run, and for whom.
    pub attempt: MapRunAttempt,
    /// With what.
    pub writing: Writing,
    /// How a result is put.
    pub transformation: Transformation,
    /// How results stand in a file.
    pub output_type: OutputType,
    /// The first item that no child has had.
    pub next_item: usize,
    /// The items, unless they stand in the store.
    pub items: Option<Payload>,
}

/// A child execution to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildStart {
    /// Of which run.
    pub key: MapRunKey,
    /// Its place among the children.
    pub index: usize,
    /// How many items it gets.
    pub n_items: usize,
    /// What it runs.
    pub processor: Arc<Processor>,
    /// Its input.
    pub input: Payload,
}

/// How a Map Run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapRunStatus {
    /// It goes on.
    Running,
    /// Its children ended well enough.
    Succeeded,
    /// They did not.
    Failed,
    /// It was given up.
    Aborted,
}

/// Whether an input meant anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken in.
    Advanced,
    /// It was for something that is over; nothing changed.
    Stale,
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// For the journal, in order; already folded into the execution.
    pub entries: Vec<Entry>,
    /// For afterwards.
    pub effects: Vec<Effect>,
    /// Whether there was anything to do.
    pub outcome: Outcome,
}

/// Takes `input` in. Never fails: what goes wrong inside a workflow is part of its history.
pub fn step(program: &Program, execution: &mut Execution, input: Input, env: &Env<'_>) -> Step {
    stepper::run(program, execution, input, env)
}

/// Everything an execution waits for, as the effects that would bring it about: what recovery re-arms.
pub fn pending(program: &Program, execution: &Execution) -> Vec<Effect> {
    pending::pending(program, execution)
}
