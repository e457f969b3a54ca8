//! The machine driven by hand: definition and inputs in, event sequences out.

mod edges;
mod fork;
mod groups;
mod jsonata;
mod laws;
mod map_run;
mod redrive;
mod sequences;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::event::{EventKind, Failure};
use super::super::execution::{Ending, Entry, Execution, ExecutionStart};
use super::*;
use crate::asl;
use crate::clock::SeededIds;

/// An execution with everything around it: a clock, a journal, the effects not yet performed.
pub(super) struct Drive {
    pub(super) program: asl::Program,
    pub(super) execution: Execution,
    pub(super) journal: Vec<Entry>,
    pub(super) timers: std::collections::BTreeMap<TimerKey, Timestamp>,
    pub(super) tasks: Vec<TaskRun>,
    /// Children of Map Runs that go on.
    pub(super) children: Vec<ChildStart>,
    pub(super) now: Timestamp,
    pub(super) limits: Limits,
    /// Express executions have none.
    pub(super) keep_journal: bool,
    /// Whether the machine is on its way out.
    pub(super) is_deleting: bool,
    pub(super) map_refused: Option<Failure>,
    ids: Arc<dyn Ids>,
}

impl Drive {
    pub(super) fn new(definition: &Value, input: &str) -> Self {
        let program = asl::compile(&definition.to_string(), asl::StateMachineType::Standard)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let now = Timestamp::from_millis(1_700_000_000_000);
        let start = ExecutionStart {
            arn: "arn:aws:states:us-east-1:123456789012:execution:M:E".into(),
            name: "E".into(),
            input: Payload::from_text(input).unwrap(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
            state_machine_name: "M".into(),
            version_arn: None,
            alias_arn: None,
            region: "us-east-1".into(),
            started: now,
            is_synchronous: false,
        };
        Self {
            program,
            execution: Execution::new(start),
            journal: Vec::new(),
            timers: std::collections::BTreeMap::new(),
            tasks: Vec::new(),
            children: Vec::new(),
            now,
            limits: Limits::STANDARD,
            keep_journal: true,
            is_deleting: false,
            map_refused: None,
            ids: Arc::new(SeededIds::new(1)),
        }
    }

    /// Takes `input` in, and performs the effects.
    pub(super) fn step(&mut self, input: Input) -> Outcome {
        self.take(input).outcome
    }

    /// The same; answers what was to be done.
    pub(super) fn effects(&mut self, input: Input) -> Vec<Effect> {
        self.take(input).effects
    }

    fn take(&mut self, input: Input) -> Step {
        let exists = |arn: &ActivityArn| &*arn.name != "Missing";
        let refuse = |_: &Integration, arguments: &Payload| {
            arguments
                .value()
                .get("Refused")
                .map(|_| "The field \"Refused\" is not supported by Step Functions".to_owned())
        };
        let env = Env {
            now: self.now,
            elapsed: &|| Duration::ZERO,
            ids: &self.ids,
            token_prefix: "",
            activity_exists: &exists,
            refuse_arguments: &refuse,
            limits: self.limits,
            is_deleting: self.is_deleting,
            map_refused: self.map_refused.as_ref(),
            trial: None,
        };
        let before = self.execution.clone();
        let step = step(&self.program, &mut self.execution, input, &env);
        if step.outcome == Outcome::Stale {
            assert!(step.entries.is_empty() && step.effects.is_empty() && self.execution == before);
            return step;
        }
        if !self.keep_journal {
            self.journal.clear();
        }
        self.journal.extend(step.entries.iter().cloned());
        for effect in step.effects.iter().cloned() {
            match effect {
                Effect::ArmTimer { key, at } => {
                    self.timers.insert(key, at);
                }
                Effect::CancelTimer(key) => {
                    self.timers.remove(&key);
                }
                Effect::RunTask(run) => self.tasks.push(run),
                Effect::AbandonTask(task) => self.tasks.retain(|run| run.task != task),
                Effect::StartChild(child) => self.children.push(*child),
                Effect::EndMapRun { key, .. } => self.children.retain(|child| child.key != key),
                Effect::StartMapRun(_)
                | Effect::ReadItems(_)
                | Effect::CountItems { .. }
                | Effect::LoadItems { .. }
                | Effect::StopChildren(_)
                | Effect::WriteResults(_)
                | Effect::RedriveMapRun { .. }
                | Effect::RedriveChild { .. }
                | Effect::Redriven { .. } => {}
                Effect::Ended(_) => {
                    self.timers.clear();
                    self.tasks.clear();
                    self.children.clear();
                }
            }
        }
        if self.keep_journal {
            assert_eq!(self.fold(), self.execution, "the state is not what its journal tells");
        }
        step
    }

    pub(super) fn fold(&self) -> Execution {
        let mut folded = Execution::new(self.execution.start().clone());
        for entry in &self.journal {
            // Entries come back from the store as text.
            let text = serde_json::to_string(entry).unwrap();
            folded.apply(&self.program, &serde_json::from_str(&text).unwrap());
        }
        folded
    }

    /// Lets the earliest timer fire; false if none is armed.
    pub(super) fn fire(&mut self) -> bool {
        let Some((key, at)) = self.timers.iter().map(|(k, at)| (*k, *at)).min_by_key(|(_, at)| *at) else {
            return false;
        };
        self.timers.remove(&key);
        self.now = self.now.max(at);
        self.step(Input::TimerFired(key));
        true
    }

    pub(super) fn start(&mut self) {
        self.step(Input::Start);
    }

    pub(super) fn succeed(&mut self, index: usize, output: &str) {
        let task = self.tasks.remove(index).task;
        self.step(Input::TaskSucceeded { task, output: Payload::from_text(output).unwrap() });
    }

    pub(super) fn fail(&mut self, index: usize, error: &str, cause: &str) {
        let task = self.tasks.remove(index).task;
        self.step(Input::TaskFailed { task, failure: Failure::new(error, cause) });
    }

    pub(super) fn ending(&self) -> &Ending {
        self.execution.ending().expect("the execution has ended")
    }

    pub(super) fn output(&self) -> &str {
        self.ending().output.as_ref().expect("it succeeded").text()
    }

    /// `3<2 PassStateExited`, a line an event.
    pub(super) fn history(&self) -> Vec<String> {
        let events = self.journal.iter().filter_map(|entry| entry.event.as_ref());
        events.map(|e| format!("{}<{} {}", e.id, e.previous_event_id, e.kind.type_name())).collect()
    }

    #[track_caller]
    pub(super) fn expect(&self, history: &[&str]) {
        assert_eq!(self.history(), history);
    }

    pub(super) fn last(&self) -> &EventKind {
        let events = self.journal.iter().rev().filter_map(|entry| entry.event.as_ref());
        &events.into_iter().next().expect("there is an event").kind
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now = self.now + by;
    }
}

/// The activity that tasks in tests go to.
pub(super) const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";

pub(super) fn failure(error: &str) -> Failure {
    Failure { error: Some(Arc::from(error)), cause: None }
}
