//! Logging of executions: which events are told, and the port through which they leave.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>

use std::sync::Arc;

use super::event::{EventKind, HistoryEvent, StateType};

/// Which events are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// All.
    All,
    /// Those that tell of an error.
    Error,
    /// Those that end an execution otherwise than well.
    Fatal,
    /// None.
    #[default]
    Off,
}

impl LogLevel {
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-log-level>
    fn tells(self, kind: &EventKind) -> bool {
        match self {
            Self::All => true,
            Self::Error => gravity(kind) != Gravity::None,
            Self::Fatal => gravity(kind) == Gravity::Fatal,
            Self::Off => false,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Gravity {
    Fatal,
    Error,
    None,
}

fn gravity(kind: &EventKind) -> Gravity {
    match kind {
        EventKind::ExecutionFailed(_) | EventKind::ExecutionAborted(_) | EventKind::ExecutionTimedOut(_) => {
            Gravity::Fatal
        }
        EventKind::StateEntered { state_type: StateType::Fail, .. }
        | EventKind::StateAborted(_)
        | EventKind::ParallelStateFailed
        | EventKind::MapStateFailed
        | EventKind::MapRunFailed(_)
        | EventKind::MapRunAborted
        | EventKind::MapRunRedriven { .. }
        | EventKind::MapIterationFailed(_)
        | EventKind::MapIterationAborted(_)
        | EventKind::ActivityFailed(_)
        | EventKind::ActivityTimedOut(_)
        | EventKind::LambdaFunctionFailed(_)
        | EventKind::LambdaFunctionTimedOut(_)
        | EventKind::TaskFailed { .. }
        | EventKind::TaskSubmitFailed { .. }
        | EventKind::TaskTimedOut { .. }
        | EventKind::EvaluationFailed { .. } => Gravity::Error,
        EventKind::ExecutionStarted { .. }
        | EventKind::ExecutionSucceeded { .. }
        | EventKind::ExecutionRedriven { .. }
        | EventKind::StateEntered { .. }
        | EventKind::StateExited { .. }
        | EventKind::ParallelStateStarted
        | EventKind::ParallelStateSucceeded
        | EventKind::MapStateStarted { .. }
        | EventKind::MapStateSucceeded
        | EventKind::MapRunStarted { .. }
        | EventKind::MapRunSucceeded
        | EventKind::MapIterationStarted(_)
        | EventKind::MapIterationSucceeded(_)
        | EventKind::ActivityScheduled { .. }
        | EventKind::ActivityStarted { .. }
        | EventKind::ActivitySucceeded { .. }
        | EventKind::LambdaFunctionScheduled { .. }
        | EventKind::LambdaFunctionStarted
        | EventKind::LambdaFunctionSucceeded { .. }
        | EventKind::TaskScheduled { .. }
        | EventKind::TaskStarted(_)
        | EventKind::TaskSubmitted { .. }
        | EventKind::TaskSucceeded { .. } => Gravity::None,
    }
}

/// `loggingConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// Which events are logged.
    pub level: LogLevel,
    /// Whether payloads are logged.
    pub include_execution_data: bool,
    /// ARNs of log groups; an empty list is shown as one, which none is not.
    pub destinations: Option<Vec<String>>,
}

/// One event on its way to a log group.
#[derive(Debug)]
pub struct LogRecord<'a> {
    /// The log group's ARN.
    pub log_group: &'a Arc<str>,
    /// The execution's ARN.
    pub execution_arn: &'a str,
    /// How often the execution was redriven by then.
    pub redrive_count: u32,
    /// Whether payloads are told.
    pub include_execution_data: bool,
    /// What happened.
    pub event: &'a HistoryEvent,
}

/// Takes log records. A record is handed over when what it tells is durable; one that a crash keeps from that is
/// lost, as AWS does not promise complete logs either.
pub trait Logs: Send + Sync + 'static {
    /// Whether records can be sent to this log group.
    fn takes(&self, log_group_arn: &str) -> bool;

    /// Takes a record, without waiting for anything. Those of one execution come in order.
    fn log(&self, record: &LogRecord<'_>);
}

/// No log group exists.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLogs;

impl Logs for NoLogs {
    fn takes(&self, _: &str) -> bool {
        false
    }

    fn log(&self, _: &LogRecord<'_>) {}
}

/// What of an execution is logged, and where; made of its revision's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogPlan {
    level: LogLevel,
    include_execution_data: bool,
    log_group: Arc<str>,
}

impl LogPlan {
    /// `None` if nothing is logged.
    pub(super) fn new(logging: &Logging) -> Option<Arc<Self>> {
        let destination = logging.destinations.as_ref().and_then(|all| all.first());
        let log_group = destination.filter(|_| logging.level != LogLevel::Off)?;
        Some(Arc::new(Self {
            level: logging.level,
            include_execution_data: logging.include_execution_data,
            log_group: log_group.as_str().into(),
        }))
    }

    /// The events that are told.
    pub(super) fn told<'e>(
        &self,
        events: impl Iterator<Item = &'e HistoryEvent>,
    ) -> impl Iterator<Item = &'e HistoryEvent> {
        let level = self.level;
        events.filter(move |event| level.tells(&event.kind))
    }

    /// Hands `events` over.
    pub(super) fn log<'e>(
        &self,
        logs: &dyn Logs,
        execution_arn: &str,
        redrive_count: u32,
        events: impl Iterator<Item = &'e HistoryEvent>,
    ) {
        for event in self.told(events) {
            logs.log(&LogRecord {
                log_group: &self.log_group,
                execution_arn,
                redrive_count,
                include_execution_data: self.include_execution_data,
                event,
            });
        }
    }
}
