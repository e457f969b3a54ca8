//! History events: what happened to an execution, as GetExecutionHistory tells it and the journal stores it.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::json::Payload;

/// One event. Ids count from 1 without gaps, over all branches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// Its number.
    #[serde(rename = "i")]
    pub id: u64,
    /// The event that led to it; 0 where AWS names none.
    #[serde(rename = "p")]
    pub previous_event_id: u64,
    /// When it happened.
    #[serde(rename = "t")]
    pub timestamp: Timestamp,
    /// What happened.
    #[serde(rename = "k")]
    pub kind: EventKind,
}

/// The state types, in the names of entered, exited and aborted events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateType {
    /// Pass.
    Pass,
    /// Wait.
    Wait,
    /// Succeed.
    Succeed,
    /// Fail.
    Fail,
    /// Choice.
    Choice,
    /// Task.
    Task,
    /// Parallel.
    Parallel,
    /// Map.
    Map,
}

/// An error with its cause; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's name, such as `States.Timeout`.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// What caused it.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<str>>,
}

impl Failure {
    /// An error with a cause.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()) }
    }

    /// `States.Timeout`, which has no cause.
    pub fn timeout() -> Self {
        Self { error: Some("States.Timeout".into()), cause: None }
    }
}

/// The action of a service integration, in the words of its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResource {
    /// The service: `sqs`, `aws-sdk:sfn`.
    #[serde(rename = "t")]
    pub resource_type: Arc<str>,
    /// The action with its pattern's suffix: `sendMessage.waitForTaskToken`.
    #[serde(rename = "r")]
    pub resource: Arc<str>,
}

/// What an attempt may take, in seconds; absent where the definition says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTimes {
    /// `TimeoutSeconds`.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// `HeartbeatSeconds`.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_s: Option<u64>,
}

/// What happened; the name of each variant, or of its family, is AWS's event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventKind {
    /// The execution began.
    ExecutionStarted {
        /// Its input.
        input: Payload,
        /// The role it runs under.
        role_arn: Arc<str>,
        /// The version's ARN, if it was started by one or through an alias.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version_arn: Option<Arc<str>>,
        /// The alias's ARN, if it was started through one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alias_arn: Option<Arc<str>>,
    },
    /// The execution ended well.
    ExecutionSucceeded {
        /// Its output.
        output: Payload,
    },
    /// The execution failed.
    ExecutionFailed(Failure),
    /// StopExecution ended it.
    ExecutionAborted(Failure),
    /// The machine's TimeoutSeconds were over.
    ExecutionTimedOut(Failure),
    /// RedriveExecution opened it again.
    ExecutionRedriven {
        /// How often by now.
        redrive_count: u32,
    },
    /// `PassStateEntered` and its like.
    StateEntered {
        /// The state's type.
        state_type: StateType,
        /// The state's name.
        name: Arc<str>,
        /// Its raw input.
        input: Payload,
    },
    /// `PassStateExited` and its like.
    StateExited {
        /// The state's type.
        state_type: StateType,
        /// The state's name.
        name: Arc<str>,
        /// Its output.
        output: Payload,
        /// Variables it assigned, as JSON texts.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        assigned: BTreeMap<Arc<str>, Payload>,
    },
    /// `TaskStateAborted` and its like: the state was left because its branch was given up.
    StateAborted(StateType),
    /// The branches of a Parallel began.
    ParallelStateStarted,
    /// All branches ended well.
    ParallelStateSucceeded,
    /// A branch failed.
    ParallelStateFailed,
    /// The iterations of a Map began.
    MapStateStarted {
        /// How many items there are.
        length: u64,
    },
    /// All iterations ended well.
    MapStateSucceeded,
    /// An iteration failed.
    MapStateFailed,
    /// A Map in DISTRIBUTED mode began to start executions.
    MapRunStarted {
        /// The Map Run's ARN.
        map_run_arn: Arc<str>,
    },
    /// They ended well enough.
    MapRunSucceeded,
    /// They did not, or could not be started.
    MapRunFailed(Failure),
    /// They were given up.
    MapRunAborted,
    /// A Map Run goes on where it stopped.
    MapRunRedriven {
        /// Its ARN.
        map_run_arn: Arc<str>,
        /// How often it was redriven.
        redrive_count: u32,
    },
    /// An iteration began.
    MapIterationStarted(Iteration),
    /// An iteration ended well.
    MapIterationSucceeded(Iteration),
    /// An iteration failed.
    MapIterationFailed(Iteration),
    /// An iteration was given up because another failed.
    MapIterationAborted(Iteration),
    /// A task was queued for workers.
    ActivityScheduled {
        /// The activity's ARN.
        resource: Arc<str>,
        /// The task's input.
        input: Payload,
        /// Its times.
        times: TaskTimes,
    },
    /// A worker took it.
    ActivityStarted {
        /// The worker, if it said its name.
        worker_name: Option<Arc<str>>,
    },
    /// The worker did it.
    ActivitySucceeded {
        /// Its output.
        output: Payload,
    },
    /// The worker failed.
    ActivityFailed(Failure),
    /// The worker took too long.
    ActivityTimedOut(Failure),
    /// A Lambda function is to be called.
    LambdaFunctionScheduled {
        /// The function's ARN.
        resource: Arc<str>,
        /// Its input.
        input: Payload,
        /// Its times.
        times: TaskTimes,
        /// The role of `Credentials`.
        credentials_role: Option<Arc<str>>,
    },
    /// The function is called.
    LambdaFunctionStarted,
    /// It answered.
    LambdaFunctionSucceeded {
        /// Its answer.
        output: Payload,
    },
    /// It failed.
    LambdaFunctionFailed(Failure),
    /// It took too long.
    LambdaFunctionTimedOut(Failure),
    /// A service is to be called.
    TaskScheduled {
        /// The action.
        on: TaskResource,
        /// The region it is called in.
        region: Arc<str>,
        /// What it is called with.
        parameters: Payload,
        /// Its times.
        times: TaskTimes,
        /// The role of `Credentials`.
        credentials_role: Option<Arc<str>>,
    },
    /// The service is called.
    TaskStarted(TaskResource),
    /// The service took the job; its result comes later.
    TaskSubmitted {
        /// The action.
        on: TaskResource,
        /// The service's answer.
        output: Payload,
    },
    /// The result is there.
    TaskSucceeded {
        /// The action.
        on: TaskResource,
        /// The result.
        output: Payload,
    },
    /// The task failed.
    TaskFailed {
        /// The action.
        on: TaskResource,
        /// How.
        failure: Failure,
    },
    /// The service did not take the job.
    TaskSubmitFailed {
        /// The action.
        on: TaskResource,
        /// How.
        failure: Failure,
    },
    /// The task took too long.
    TaskTimedOut {
        /// The action.
        on: TaskResource,
        /// How.
        failure: Failure,
    },
    /// A JSONata expression has no value, or none that its field takes.
    EvaluationFailed {
        /// How.
        failure: Failure,
        /// Its field, seen from the state.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<Arc<str>>,
        /// The state's name.
        state: Arc<str>,
    },
}

/// One iteration of a Map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// The Map state's name.
    pub name: Arc<str>,
    /// The item's place, from 0.
    pub index: u64,
}

/// The names of entered, exited and aborted events by state type.
macro_rules! state_event {
    ($state_type:expr, $suffix:literal) => {
        match $state_type {
            StateType::Pass => concat!("PassState", $suffix),
            StateType::Wait => concat!("WaitState", $suffix),
            StateType::Succeed => concat!("SucceedState", $suffix),
            StateType::Fail => concat!("FailState", $suffix),
            StateType::Choice => concat!("ChoiceState", $suffix),
            StateType::Task => concat!("TaskState", $suffix),
            StateType::Parallel => concat!("ParallelState", $suffix),
            StateType::Map => concat!("MapState", $suffix),
        }
    };
}

impl EventKind {
    /// AWS's event type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ExecutionStarted { .. } => "ExecutionStarted",
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Self::ExecutionFailed(_) => "ExecutionFailed",
            Self::ExecutionAborted(_) => "ExecutionAborted",
            Self::ExecutionTimedOut(_) => "ExecutionTimedOut",
            Self::ExecutionRedriven { .. } => "ExecutionRedriven",
            Self::StateEntered { state_type, .. } => state_event!(state_type, "Entered"),
            Self::StateExited { state_type, .. } => state_event!(state_type, "Exited"),
            Self::StateAborted(state_type) => state_event!(state_type, "Aborted"),
            Self::ParallelStateStarted => "ParallelStateStarted",
            Self::ParallelStateSucceeded => "ParallelStateSucceeded",
            Self::ParallelStateFailed => "ParallelStateFailed",
            Self::MapStateStarted { .. } => "MapStateStarted",
            Self::MapStateSucceeded => "MapStateSucceeded",
            Self::MapStateFailed => "MapStateFailed",
            Self::MapRunStarted { .. } => "MapRunStarted",
            Self::MapRunSucceeded => "MapRunSucceeded",
            Self::MapRunFailed(_) => "MapRunFailed",
            Self::MapRunAborted => "MapRunAborted",
            Self::MapRunRedriven { .. } => "MapRunRedriven",
            Self::MapIterationStarted(_) => "MapIterationStarted",
            Self::MapIterationSucceeded(_) => "MapIterationSucceeded",
            Self::MapIterationFailed(_) => "MapIterationFailed",
            Self::MapIterationAborted(_) => "MapIterationAborted",
            Self::ActivityScheduled { .. } => "ActivityScheduled",
            Self::ActivityStarted { .. } => "ActivityStarted",
            Self::ActivitySucceeded { .. } => "ActivitySucceeded",
            Self::ActivityFailed(_) => "ActivityFailed",
            Self::ActivityTimedOut(_) => "ActivityTimedOut",
            Self::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            Self::LambdaFunctionStarted => "LambdaFunctionStarted",
            Self::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            Self::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
            Self::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
            Self::TaskScheduled { .. } => "TaskScheduled",
            Self::TaskStarted(_) => "TaskStarted",
            Self::TaskSubmitted { .. } => "TaskSubmitted",
            Self::TaskSucceeded { .. } => "TaskSucceeded",
            Self::TaskFailed { .. } => "TaskFailed",
            Self::TaskSubmitFailed { .. } => "TaskSubmitFailed",
            Self::TaskTimedOut { .. } => "TaskTimedOut",
            Self::EvaluationFailed { .. } => "EvaluationFailed",
        }
    }

    /// Whether the next event of the same branch names this one as its previous. Closing events of Map,
    /// Parallel and of what they give up do not: what follows hangs below the last event inside.
    pub(super) fn advances(&self) -> bool {
        !matches!(
            self,
            Self::ExecutionStarted { .. } // The first state's event names none.
                // What is redriven goes on below its own last event.
                | Self::ExecutionFailed(_)
                | Self::ExecutionAborted(_)
                | Self::ExecutionTimedOut(_)
                | Self::ExecutionRedriven { .. }
                | Self::StateAborted(_)
                | Self::ParallelStateSucceeded
                | Self::MapStateSucceeded
                | Self::MapRunAborted
                | Self::MapIterationStarted(_) // The iteration hangs below it, the Map does not.
                | Self::MapIterationSucceeded(_)
                | Self::MapIterationFailed(_)
                | Self::MapIterationAborted(_)
        )
    }
}

impl From<&crate::asl::StateKind> for StateType {
    fn from(kind: &crate::asl::StateKind) -> Self {
        use crate::asl::StateKind;
        match kind {
            StateKind::Pass(_) => Self::Pass,
            StateKind::Wait(_) => Self::Wait,
            StateKind::Succeed(_) => Self::Succeed,
            StateKind::Fail(_) => Self::Fail,
            StateKind::Choice(_) => Self::Choice,
            StateKind::Task(_) => Self::Task,
            StateKind::Parallel(_) => Self::Parallel,
            StateKind::Map(_) => Self::Map,
        }
    }
}
