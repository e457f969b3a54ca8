//! The loop of a rehearsal: whatever is due next is taken in, until the execution has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Mock, MockAnswer, Rehearsal, RehearsalError, Rehearsed};
use crate::asl::{Pattern, Resource};
use crate::clock::{SeededIds, Timestamp};
use crate::engine::event::EventKind;
use crate::engine::execution::{Ending, Entry, Execution, FrameId};
use crate::engine::machine::{self, Covered, Effect, Env, Input, Limits, TaskKey, TaskRun, TimerKey};
use crate::json::Payload;

/// Makes tokens and jitter the same every time.
const SEED: u64 = 1;

/// What is due at a time. Of what is due together, what was asked for first comes first.
type Due = BTreeMap<(Timestamp, u64), What>;

enum What {
    Timer(TimerKey),
    Task(TaskKey, MockAnswer),
}

struct Drive<'a> {
    rehearsal: Rehearsal<'a>,
    execution: Execution,
    now: Timestamp,
    ids: SeededIds,
    entries: Vec<Entry>,
    due: Due,
    n_due: u64,
}

pub(super) fn run(rehearsal: Rehearsal<'_>) -> Rehearsed {
    let (program, start) = (rehearsal.program, rehearsal.start.clone());
    let mut drive = Drive {
        execution: Execution::new(start.clone()),
        now: start.started,
        ids: SeededIds::new(SEED),
        entries: Vec::new(),
        due: Due::new(),
        n_due: 0,
        rehearsal,
    };
    let ending = drive.go_on();
    let prefix = drive.rehearsal.token_prefix;
    let covered =
        with_env(prefix, &drive.ids, drive.now, |env| Covered::read(program, start, &drive.entries, env));
    let events: Vec<_> = drive.entries.into_iter().filter_map(|entry| entry.event).collect();
    let entered = events.iter().filter_map(|event| match &event.kind {
        EventKind::StateEntered { name, .. } => Some(name.clone()),
        _ => None,
    });
    Rehearsed { ending, states: entered.collect(), events, covered }
}

fn with_env<T>(token_prefix: &str, ids: &SeededIds, now: Timestamp, with: impl FnOnce(&Env<'_>) -> T) -> T {
    with(&Env {
        now,
        ids,
        token_prefix,
        activity_exists: &|_| true,
        refuse_arguments: &|_, _| None,
        limits: Limits::STANDARD,
    })
}

impl Drive<'_> {
    fn go_on(&mut self) -> Result<Ending, RehearsalError> {
        self.step(Input::Start)?;
        loop {
            if let Some(ending) = self.execution.ending() {
                return Ok(ending.clone());
            }
            let Some(((at, _), what)) = self.due.pop_first() else {
                return Err(RehearsalError::Hangs { state: self.somewhere() });
            };
            self.now = self.now.max(at);
            match what {
                What::Timer(key) => self.step(Input::TimerFired(key))?,
                What::Task(task, MockAnswer::Result(output)) => {
                    self.step(Input::TaskSucceeded { task, output })?;
                }
                What::Task(task, MockAnswer::Error(failure)) => {
                    self.step(Input::TaskFailed { task, failure })?;
                }
                What::Task(_, MockAnswer::Never) => {}
            }
        }
    }

    fn step(&mut self, input: Input) -> Result<(), RehearsalError> {
        let (program, execution) = (self.rehearsal.program, &mut self.execution);
        let prefix = self.rehearsal.token_prefix;
        let step = with_env(prefix, &self.ids, self.now, |env| machine::step(program, execution, input, env));
        self.entries.extend(step.entries);
        for effect in step.effects {
            match effect {
                Effect::ArmTimer { key, at } => {
                    self.forget(|what| matches!(what, What::Timer(armed) if *armed == key));
                    self.at(at, What::Timer(key));
                }
                Effect::CancelTimer(key) => {
                    self.forget(|what| matches!(what, What::Timer(armed) if *armed == key));
                }
                Effect::RunTask(run) => self.begin(run)?,
                Effect::AbandonTask(task) => {
                    self.forget(|what| matches!(what, What::Task(begun, _) if *begun == task));
                }
                Effect::Ended(_) => self.due.clear(),
                Effect::Redriven { .. } => {} // Nobody redrives a rehearsal.
            }
        }
        Ok(())
    }

    fn at(&mut self, at: Timestamp, what: What) {
        self.n_due += 1;
        self.due.insert((at, self.n_due), what);
    }

    fn forget(&mut self, which: impl Fn(&What) -> bool) {
        self.due.retain(|_, what| !which(what));
    }

    /// Hands an attempt to its mock.
    fn begin(&mut self, run: TaskRun) -> Result<(), RehearsalError> {
        let state = self.name_of(run.task.frame);
        let Some(Mock { after, answer }) = self.rehearsal.mocks.next(&state, &run.input) else {
            return Err(RehearsalError::NoMock { state });
        };
        self.at(self.now + after, What::Task(run.task, answer));
        let task = run.task;
        match &run.resource {
            Resource::Activity(_) => self.step(Input::TaskStarted { task, worker_name: None }),
            // The job is taken; the mock tells how it ends.
            Resource::Integration(integration) if integration.pattern != Pattern::RequestResponse => {
                self.step(Input::TaskSubmitted { task, output: Payload::default() })
            }
            Resource::Integration(_) | Resource::Lambda(_) => Ok(()),
        }
    }

    fn name_of(&self, frame: FrameId) -> Arc<str> {
        let at = self.execution.frames.get(&frame).and_then(|frame| frame.at.as_ref());
        at.map_or_else(|| Arc::from(""), |at| self.rehearsal.program[at.state].name.clone())
    }

    /// The innermost state that the execution is in.
    fn somewhere(&self) -> Arc<str> {
        self.execution.frames.keys().last().map_or_else(|| Arc::from(""), |frame| self.name_of(*frame))
    }
}
