//! The loop of a rehearsal: whatever is due next is taken in, until the execution has ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Mock, MockAnswer, Rehearsal, RehearsalError, Rehearsed};
use crate::asl::{self, Pattern, Processor, Program, Resource};
use crate::clock::{Ids, SeededIds, Timestamp};
use crate::engine::event::EventKind;
use crate::engine::execution::{ChildEnd, Ending, Entry, Execution, ExecutionStart, FrameId, MapRunKey};
use crate::engine::machine::{
    self, ChildStart, Covered, Effect, Env, Input, Limits, TaskKey, TaskRun, TimerKey,
};
use crate::json::Payload;

/// Makes tokens and jitter the same every time.
const SEED: u64 = 1;

/// What is due at a time. Of what is due together, what was asked for first comes first.
type Due = BTreeMap<(Timestamp, u64), What>;

enum What {
    Timer(TimerKey),
    Task(TaskKey, MockAnswer),
    Child(MapRunKey, ChildEnd),
}

struct Drive<'a> {
    rehearsal: Rehearsal<'a>,
    execution: Execution,
    now: Timestamp,
    ids: Arc<dyn Ids>,
    entries: Vec<Entry>,
    due: Due,
    n_due: u64,
    /// The states in the order in which they were entered.
    states: Vec<Arc<str>>,
    /// What the children of Map Runs used.
    covered: Covered,
    /// What they run, by label.
    processors: BTreeMap<Arc<str>, Arc<Program>>,
}

pub(super) fn run(rehearsal: Rehearsal<'_>) -> Rehearsed {
    let (program, start) = (rehearsal.program, rehearsal.start.clone());
    let mut drive = Drive {
        execution: Execution::new(start.clone()),
        now: start.started,
        ids: Arc::new(SeededIds::new(SEED)),
        entries: Vec::new(),
        due: Due::new(),
        n_due: 0,
        states: Vec::new(),
        covered: Covered::default(),
        processors: BTreeMap::new(),
        rehearsal,
    };
    let ending = drive.go_on();
    let prefix = drive.rehearsal.token_prefix;
    let read = |env: &Env<'_>| Covered::read(program, start, &drive.entries, env);
    let mut covered = with_env(prefix, &drive.ids, drive.now, read);
    covered.merge(&drive.covered);
    let events = drive.entries.into_iter().filter_map(|entry| entry.event).collect();
    Rehearsed { ending, states: drive.states, events, covered }
}

fn with_env<T>(
    token_prefix: &str,
    ids: &Arc<dyn Ids>,
    now: Timestamp,
    with: impl FnOnce(&Env<'_>) -> T,
) -> T {
    with(&Env {
        now,
        elapsed: &|| Duration::ZERO,
        ids,
        token_prefix,
        activity_exists: &|_| true,
        refuse_arguments: &|_, _| None,
        limits: Limits::STANDARD,
        is_deleting: false,
        map_refused: None,
        trial: None,
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
                What::Child(key, end) => {
                    self.step(Input::ChildrenEnded { attempt: key.first(), ends: vec![end] })?;
                }
            }
        }
    }

    fn step(&mut self, input: Input) -> Result<(), RehearsalError> {
        let (program, execution) = (self.rehearsal.program, &mut self.execution);
        let prefix = self.rehearsal.token_prefix;
        let step = with_env(prefix, &self.ids, self.now, |env| machine::step(program, execution, input, env));
        let entered = step.entries.iter().filter_map(|entry| match &entry.event.as_ref()?.kind {
            EventKind::StateEntered { name, .. } => Some(name.clone()),
            _ => None,
        });
        self.states.extend(entered);
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
                Effect::StartChild(child) => self.begin_child(*child)?,
                Effect::ReadItems(request) => {
                    return Err(RehearsalError::ItemReader {
                        state: self.name_of(request.attempt.key.frame),
                    });
                }
                Effect::EndMapRun { key, .. } => {
                    self.forget(|what| matches!(what, What::Child(of, _) if *of == key));
                }
                Effect::WriteResults(request) => {
                    return Err(RehearsalError::ResultWriter {
                        state: self.name_of(request.attempt.key.frame),
                    });
                }
                Effect::StartMapRun(_) | Effect::CountItems { .. } => {}
                // Nobody reads items or redrives a rehearsal; a child that was stopped to have its results written
                // goes on to its end.
                Effect::LoadItems { .. }
                | Effect::StopChildren(_)
                | Effect::RedriveMapRun { .. }
                | Effect::RedriveChild { .. }
                | Effect::Redriven { .. } => {}
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

    /// Lets a child execution of a Map Run live its whole life; its parent hears of its end when it is time.
    fn begin_child(&mut self, child: ChildStart) -> Result<(), RehearsalError> {
        let ChildStart { key, index, n_items: _, processor, input } = child;
        let program = self.processor(&processor);
        let parent = &self.rehearsal.start;
        let name: Arc<str> = format!("{}-{index}", parent.name).into();
        let start = ExecutionStart {
            arn: format!("{}/{}:{name}", parent.arn, processor.label).into(),
            name,
            input,
            state_machine_arn: format!("{}/{}", parent.state_machine_arn, processor.label).into(),
            state_machine_name: format!("{}/{}", parent.state_machine_name, processor.label).into(),
            started: self.now,
            ..parent.clone()
        };
        let rehearsal = Rehearsal {
            program: &program,
            start,
            mocks: &mut *self.rehearsal.mocks,
            token_prefix: self.rehearsal.token_prefix,
        };
        let Rehearsed { ending, states, covered, events: _ } = run(rehearsal);
        self.states.extend(states);
        self.covered.merge(&covered.within(&program, self.rehearsal.program));
        let ending = ending?;
        let end = ChildEnd { index, status: ending.status, output: ending.output };
        self.at(ending.stopped, What::Child(key, end));
        Ok(())
    }

    fn processor(&mut self, processor: &Processor) -> Arc<Program> {
        let compile = || {
            let compiled = asl::compile(&processor.definition, processor.kind);
            Arc::new(compiled.expect("the machine that it is part of was compiled"))
        };
        self.processors.entry(processor.label.clone()).or_insert_with(compile).clone()
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
