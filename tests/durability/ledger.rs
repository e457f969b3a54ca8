//! What clients requested and what they were told: the server has to agree with it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepgate::clock::{Ids, SeededIds};

/// The machines of the executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pass,
    Wait,
    Parallel,
    Activity,
    Map,
    Spread,
    Retry,
    Callback,
}

/// Machines that other executions start: one fails, one calls back. Each of their executions belongs to another one.
pub(crate) const FAILS: &str = "KillFails";
pub(crate) const CALLS_BACK: &str = "KillCallsBack";

/// Their definitions.
pub(crate) fn started_by_others() -> [(&'static str, Value); 2] {
    let answer = json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.token", "Output": {"worked": true}},
        // A call that is repeated after a kill may learn that the first one succeeded.
        "Catch": [{"ErrorEquals": ["Sfn.TaskTimedOutException"], "Next": "D"}], "Next": "D"});
    [
        (FAILS, json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}})),
        (CALLS_BACK, json!({"StartAt": "A", "States": {"A": answer, "D": {"Type": "Succeed"}}})),
    ]
}

impl Kind {
    pub(crate) const ALL: &[Self] = &[
        Self::Pass,
        Self::Wait,
        Self::Parallel,
        Self::Activity,
        Self::Map,
        Self::Spread,
        Self::Retry,
        Self::Callback,
    ];

    pub(crate) fn machine(self) -> &'static str {
        match self {
            Self::Pass => "KillPass",
            Self::Wait => "KillWait",
            Self::Parallel => "KillParallel",
            Self::Activity => "KillActivity",
            Self::Map => "KillMap",
            Self::Spread => "KillSpread",
            Self::Retry => "KillRetry",
            Self::Callback => "KillCallback",
        }
    }

    pub(crate) fn definition(self) -> Value {
        let started = |machine: &str| format!("arn:aws:states:us-east-1:123456789012:stateMachine:{machine}");
        let branch = |name: &str, seconds: u32| json!({"StartAt": name, "States": {name: {"Type": "Wait", "Seconds": seconds, "End": true}}});
        let activity = "arn:aws:states:us-east-1:123456789012:activity:Work";
        match self {
            Self::Pass => json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}),
            Self::Wait => json!({"StartAt": "W", "States": {
                "W": {"Type": "Wait", "Seconds": 1, "Next": "P"}, "P": {"Type": "Pass", "End": true}}}),
            Self::Parallel => json!({"StartAt": "F", "States": {
                "F": {"Type": "Parallel", "Branches": [branch("A", 1), branch("B", 2)], "End": true}}}),
            Self::Activity => json!({"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 86_400, "End": true}}}),
            Self::Map => json!({"StartAt": "M", "States": {
                "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                      "ItemProcessor": {"StartAt": "W", "States": {
                          "W": {"Type": "Wait", "Seconds": 1, "End": true}}}}}}),
            Self::Spread => json!({"StartAt": "M", "States": {
                "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                      "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                          "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": true}}}}}}),
            Self::Retry => json!({"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync",
                      "Parameters": {"StateMachineArn": started(FAILS)},
                      "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}],
                      "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "D"}], "Next": "D"},
                "D": {"Type": "Succeed"}}}),
            Self::Callback => json!({"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
                      "Parameters": {"StateMachineArn": started(CALLS_BACK),
                                     "Input": {"token.$": "$$.Task.Token"}},
                      "End": true}}}),
        }
    }

    /// Whether the order of its events may vary.
    pub(crate) fn is_concurrent(self) -> bool {
        matches!(self, Self::Parallel | Self::Map)
    }

    /// The event types of a history without a fault; sorted if their order may vary.
    pub(crate) fn history(self) -> Vec<String> {
        let types: &[&str] = match self {
            Self::Pass => &["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
            Self::Wait => &[
                "ExecutionStarted",
                "WaitStateEntered",
                "WaitStateExited",
                "PassStateEntered",
                "PassStateExited",
                "ExecutionSucceeded",
            ],
            Self::Parallel => &[
                "ExecutionStarted",
                "ExecutionSucceeded",
                "ParallelStateEntered",
                "ParallelStateExited",
                "ParallelStateStarted",
                "ParallelStateSucceeded",
                "WaitStateEntered",
                "WaitStateEntered",
                "WaitStateExited",
                "WaitStateExited",
            ],
            Self::Activity => &[
                "ExecutionStarted",
                "TaskStateEntered",
                "ActivityScheduled",
                "ActivityStarted",
                "ActivitySucceeded",
                "TaskStateExited",
                "ExecutionSucceeded",
            ],
            Self::Map => &[
                "ExecutionStarted",
                "ExecutionSucceeded",
                "MapIterationStarted",
                "MapIterationStarted",
                "MapIterationStarted",
                "MapIterationSucceeded",
                "MapIterationSucceeded",
                "MapIterationSucceeded",
                "MapStateEntered",
                "MapStateExited",
                "MapStateStarted",
                "MapStateSucceeded",
                "WaitStateEntered",
                "WaitStateEntered",
                "WaitStateEntered",
                "WaitStateExited",
                "WaitStateExited",
                "WaitStateExited",
            ],
            Self::Spread => &[
                "ExecutionStarted",
                "MapStateEntered",
                "MapStateStarted",
                "MapRunStarted",
                "MapRunSucceeded",
                "MapStateSucceeded",
                "MapStateExited",
                "ExecutionSucceeded",
            ],
            Self::Retry => &[
                "ExecutionStarted",
                "TaskStateEntered",
                "TaskScheduled",
                "TaskStarted",
                "TaskSubmitted",
                "TaskFailed",
                "TaskScheduled",
                "TaskStarted",
                "TaskSubmitted",
                "TaskFailed",
                "TaskStateExited",
                "SucceedStateEntered",
                "SucceedStateExited",
                "ExecutionSucceeded",
            ],
            Self::Callback => &[
                "ExecutionStarted",
                "TaskStateEntered",
                "TaskScheduled",
                "TaskStarted",
                "TaskSubmitted",
                "TaskSucceeded",
                "TaskStateExited",
                "ExecutionSucceeded",
            ],
        };
        types.iter().map(|t| (*t).to_owned()).collect()
    }
}

struct Sent {
    kind: Kind,
    acknowledged: Option<f64>,
    token: Option<String>,
    kept: bool,
    completed: bool,
    stopped: bool,
}

/// Every name sent, in order.
pub(crate) struct Ledger {
    sent: BTreeMap<String, Sent>,
    ids: SeededIds,
    pub(crate) tokens_used: usize,
}

impl Ledger {
    pub(crate) fn new(seed: u64) -> Self {
        Self { sent: BTreeMap::new(), ids: SeededIds::new(!seed), tokens_used: 0 }
    }

    pub(crate) fn sent(&mut self, kind: Kind, name: &str) {
        let sent =
            Sent { kind, acknowledged: None, token: None, kept: false, completed: false, stopped: false };
        assert!(self.sent.insert(name.to_owned(), sent).is_none(), "{name} is sent twice");
    }

    pub(crate) fn acknowledged_at(&mut self, name: &str, started: f64) {
        self.sent.get_mut(name).unwrap().acknowledged = Some(started);
    }

    /// Records a task that was handed out; true if its token should be kept until after the kill.
    pub(crate) fn task(&mut self, name: &str, token: &str) -> bool {
        let kept = self.ids.unit() < 0.3;
        let sent = self.sent.get_mut(name).expect("a task of an execution that was asked for");
        assert!(sent.token.is_none(), "{name}: its task was handed out twice");
        sent.token = Some(token.to_owned());
        sent.kept = kept;
        kept
    }

    pub(crate) fn completed(&mut self, name: &str) {
        self.sent.get_mut(name).unwrap().completed = true;
    }

    /// Tokens of tasks that nobody was told are complete.
    pub(crate) fn open_tokens(&self) -> Vec<(String, String)> {
        let open = self.sent.iter().filter(|(_, sent)| !sent.completed);
        open.filter_map(|(name, sent)| Some((name.clone(), sent.token.clone()?))).collect()
    }

    /// Whether the token was kept and not used before.
    pub(crate) fn kept(&self, name: &str) -> bool {
        self.sent[name].kept
    }

    pub(crate) fn has_token(&self, name: &str) -> bool {
        self.sent[name].token.is_some()
    }

    pub(crate) fn stopped(&mut self, name: &str) {
        self.sent.get_mut(name).unwrap().stopped = true;
    }

    pub(crate) fn was_stopped(&self, name: &str) -> bool {
        self.sent[name].stopped
    }

    pub(crate) fn was_sent(&self, kind: Kind, name: &str) -> bool {
        self.sent.get(name).is_some_and(|sent| sent.kind == kind)
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.sent.values().filter(|sent| sent.acknowledged.is_some()).count()
    }

    pub(crate) fn executions(&self) -> impl Iterator<Item = (Kind, &str, Option<f64>)> {
        self.sent.iter().map(|(name, sent)| (sent.kind, name.as_str(), sent.acknowledged))
    }
}
