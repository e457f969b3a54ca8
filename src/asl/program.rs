//! The checked form of a state machine: what the engine runs.

use std::ops::Index;
use std::sync::Arc;

use serde_json::Value;

use crate::id::{ActivityArn, Arn};

use super::choice::Choice;
use super::data_flow::{DataFlow, InOut, PathField, ResultPath};
use super::fail::FailText;
use super::number::{Count, Percentage, Seconds};
use super::path_expr::PathExpr;
use super::retry::{Catcher, Retrier};
use super::template::Template;
use super::wait::WaitUntil;

/// A checked state machine. Names of states are unique over the whole machine, nested ones included.
#[derive(Clone, Debug)]
pub struct Program {
    /// `Comment`.
    pub comment: Option<String>,
    /// `StartAt`: the first state.
    pub start_at: StateId,
    /// `TimeoutSeconds` of the whole execution; `None` is no limit but the service's.
    pub timeout_seconds: Option<u64>,
    /// Every state, nested ones too.
    pub(super) states: Vec<State>,
}

impl Program {
    /// The state called `name`, wherever it is nested.
    pub fn find(&self, name: &str) -> Option<StateId> {
        self.ids().find(|id| &*self[*id].name == name)
    }

    /// Every state, nested ones too, in the order of the definition.
    pub fn ids(&self) -> impl Iterator<Item = StateId> + use<> {
        (0..self.states.len()).map(StateId::from_index)
    }
}

/// A state of one [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(u32);

impl StateId {
    /// The id of the state at `index` of the arena.
    pub(super) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("a definition of 1 MiB holds fewer than 2^32 states"))
    }
}

impl Index<StateId> for Program {
    type Output = State;
    fn index(&self, id: StateId) -> &State {
        &self.states[id.0 as usize]
    }
}

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name, at most 80 characters.
    pub name: Arc<str>,
    /// Its `Comment`.
    pub comment: Option<String>,
    /// What it does.
    pub kind: StateKind,
}

/// What a state does, by its `Type`.
#[derive(Clone, Debug)]
pub enum StateKind {
    /// Hands its input on, perhaps changed.
    Pass(Pass),
    /// Waits for a time.
    Wait(Wait),
    /// Ends its machine, branch or iteration well.
    Succeed(Succeed),
    /// Ends its machine, branch or iteration with an error.
    Fail(Fail),
    /// Picks the next state.
    Choice(Choice),
    /// Has work done outside.
    Task(Box<Task>),
    /// Runs branches side by side.
    Parallel(Box<Parallel>),
    /// Runs one processor for each item.
    Map(Box<Map>),
}

impl StateKind {
    /// The `Type` field's word.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Pass(_) => "Pass",
            Self::Wait(_) => "Wait",
            Self::Succeed(_) => "Succeed",
            Self::Fail(_) => "Fail",
            Self::Choice(_) => "Choice",
            Self::Task(_) => "Task",
            Self::Parallel(_) => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}

/// Where a state that is done goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `Next`.
    Next(StateId),
    /// `End: true`: the machine, branch or iteration is done.
    End,
}

/// A Pass state. The result is `result` or else the effective input (`InputPath`, then `Parameters`).
#[derive(Clone, Debug)]
pub struct Pass {
    /// `InputPath`.
    pub input_path: PathField,
    /// `Parameters`; not evaluated when there is a `result`.
    pub parameters: Option<Template>,
    /// `Result`: a literal.
    pub result: Option<Value>,
    /// `ResultPath`.
    pub result_path: ResultPath,
    /// `OutputPath`.
    pub output_path: PathField,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

/// A Wait state.
#[derive(Clone, Debug)]
pub struct Wait {
    /// How long, or until when.
    pub until: WaitUntil,
    /// Filters.
    pub flow: InOut,
    /// `Assign`: sees the effective input as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

/// A Succeed state.
#[derive(Clone, Debug)]
pub struct Succeed {
    /// Filters.
    pub flow: InOut,
}

/// A Fail state.
#[derive(Clone, Debug)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<FailText>,
    /// `Cause` or `CausePath`.
    pub cause: Option<FailText>,
}

/// A Task state.
#[derive(Clone, Debug)]
pub struct Task {
    /// Who does the work.
    pub resource: Resource,
    /// The way of data.
    pub flow: DataFlow,
    /// `TimeoutSeconds` or `TimeoutSecondsPath` of one attempt; `None` waits as long as the service lets it.
    pub timeout: Option<Seconds>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Seconds>,
    /// `Credentials`: evaluates to `{"RoleArn": …}`.
    pub credentials: Option<Template>,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

/// Who does a task's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Workers that poll for it.
    Activity(ActivityArn),
    /// A Lambda function by its ARN.
    Lambda(Arn),
    /// A service: `arn:aws:states:::SERVICE:ACTION[.sync|.sync:2|.waitForTaskToken]`.
    Integration(Integration),
}

/// A service integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// `lambda`, `sqs`, …, or `aws-sdk:sfn`: what history events call the resource type.
    pub service: String,
    /// `invoke`, `sendMessage`, … without the pattern.
    pub action: String,
    /// When the task is done.
    pub pattern: Pattern,
    /// The resource as written.
    pub text: String,
}

/// When a service integration is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// With the service's response.
    RequestResponse,
    /// `.sync`: when the job has ended.
    Sync,
    /// `.sync:2`: the same, with the job's output as JSON rather than text.
    Sync2,
    /// `.waitForTaskToken`: when somebody sends the token back.
    WaitForTaskToken,
}

/// A Parallel state.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// The first state of each branch, in order; at least one.
    pub branches: Vec<StateId>,
    /// The way of data; each branch gets the effective input.
    pub flow: DataFlow,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

/// A Map state in INLINE mode.
#[derive(Clone, Debug)]
pub struct Map {
    /// The first state of the item processor.
    pub processor: StateId,
    /// `ItemsPath`: effective input → the array to iterate over.
    pub items_path: PathExpr,
    /// `ItemSelector` (or `Parameters` of old definitions): the input of an iteration, with `$` the effective
    /// input and `$$.Map.Item`; `None` hands each item on as it is.
    pub item_selector: Option<Template>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`; `None` and zero are no limit.
    pub max_concurrency: Option<Count>,
    /// `ToleratedFailureCount` or its path.
    pub tolerated_failure_count: Option<Count>,
    /// `ToleratedFailurePercentage` or its path.
    pub tolerated_failure_percentage: Option<Percentage>,
    /// The way of data; its `parameters` are `None`.
    pub flow: DataFlow,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}
