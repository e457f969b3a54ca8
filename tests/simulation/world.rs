//! The world around one execution: a clock that moves when nothing is left to do, a scheduler that picks among what is
//! due, a store that fails, and a process that dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepgate::asl::{Program, Resource, StateMachineType};
use stepgate::clock::{Ids, SeededIds, Timestamp};
use stepgate::engine::event::{EventKind, Failure, HistoryEvent};
use stepgate::engine::execution::{ChildEnd, Entry, Execution, ExecutionStart, ExecutionStatus, MapRunKey};
use stepgate::engine::machine::{
    self, ChildStart, Effect, Env, Input, Limits, Outcome, TaskKey, TaskRun, TimerKey, TimerKind,
};
use stepgate::json::Payload;

use crate::generate::{ACTIVITY, FUNCTION};
use crate::random::Random;
use crate::reference;
use crate::work::work;

/// The start time of every execution.
pub(crate) const START: i64 = 1_700_000_000_000;
/// The most steps of one run.
const STEPS_MAX: usize = 50_000;

/// What is on disk.
#[derive(Default)]
struct Disk {
    batches: Vec<String>,
    timers: BTreeMap<TimerKey, i64>,
    /// Tasks that nobody has taken yet, and calls that nobody has answered.
    tasks: BTreeMap<TaskKey, Handed>,
}

#[derive(Clone, Copy, PartialEq)]
enum Handed {
    No,
    Out,
}

/// What a worker or a client does at some time.
#[derive(Clone)]
enum Deed {
    Take(TaskKey),
    Beat(TaskKey),
    Finish(TaskKey, Result<Value, &'static str>),
    Stop,
    Child(MapRunKey, ChildEnd),
}

/// How often things go wrong, in per cent.
#[derive(Clone, Copy)]
struct Weather {
    write_fails: usize,
    crash: usize,
    repeated: usize,
}

pub(crate) struct World<'a> {
    seed: u64,
    random: Random,
    program: Program,
    machine: &'a Value,
    input: &'a Value,
    ids: Arc<dyn Ids>,
    now: i64,
    disk: Disk,
    /// The folded state, if the process has it in memory.
    memory: Option<Execution>,
    deeds: Vec<(i64, Deed)>,
    /// Old timers and tasks: results that come from them must have no effect.
    old_timers: Vec<TimerKey>,
    old_tasks: Vec<TaskKey>,
    old_children: Vec<(MapRunKey, usize)>,
    taken: BTreeSet<TaskKey>,
    limits: Limits,
    weather: Weather,
    stop_at: Option<i64>,
}

impl<'a> World<'a> {
    pub(crate) fn new(seed: u64, machine: &'a Value, input: &'a Value) -> Self {
        let mut random = Random::new(seed ^ 0x5EED);
        let program = stepgate::asl::compile(&machine.to_string(), StateMachineType::Standard)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}\n{machine:#}"));
        let mut limits = Limits::STANDARD;
        if random.percent(50) {
            limits.step_entries_max = 1 + random.below(20);
        }
        let weather = match random.below(3) {
            0 => Weather { write_fails: 0, crash: 0, repeated: 0 },
            1 => Weather { write_fails: 5, crash: 3, repeated: 5 },
            _ => Weather { write_fails: 25, crash: 25, repeated: 25 },
        };
        let stop_at = random.percent(8).then(|| START + 501 + 1_000 * random.below(20) as i64);
        Self {
            seed,
            random,
            program,
            machine,
            input,
            ids: Arc::new(SeededIds::new(seed)),
            now: START,
            disk: Disk::default(),
            memory: None,
            deeds: stop_at.map(|at| (at, Deed::Stop)).into_iter().collect(),
            old_timers: Vec::new(),
            old_tasks: Vec::new(),
            old_children: Vec::new(),
            taken: BTreeSet::new(),
            limits,
            weather,
            stop_at,
        }
    }

    /// Runs to the end, and checks the result and the history.
    pub(crate) fn live(mut self) {
        self.insist(Input::Start);
        for _ in 0..STEPS_MAX {
            let execution = self.execution();
            if execution.ending().is_some() {
                self.disturb();
                return self.judge();
            }
            self.memory = Some(execution);
            self.disturb();
            let timers = self.disk.timers.iter().map(|(key, at)| (*at, Some(*key), 0));
            let deeds = self.deeds.iter().enumerate().map(|(i, (at, _))| (*at, None, i));
            let all: Vec<_> = timers.chain(deeds).collect();
            let next = all.iter().map(|(at, ..)| *at).min().expect("an open execution waits for something");
            self.now = self.now.max(next);
            let due: Vec<_> = all.into_iter().filter(|(at, ..)| *at <= self.now).collect();
            match due[self.random.below(due.len())] {
                (_, Some(key), _) => {
                    let outcome = self.insist(Input::TimerFired(key));
                    // A timer without effect is deleted, as with the step that it causes.
                    if outcome == Outcome::Stale {
                        panic!("an armed timer meant nothing: {key:?}");
                    }
                }
                (_, None, i) => {
                    let (_, deed) = self.deeds.swap_remove(i);
                    self.perform(deed);
                }
            }
        }
        panic!("it never ends");
    }

    fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::Take(task) => {
                if self.disk.tasks.get(&task) != Some(&Handed::No) {
                    return;
                }
                self.insist(Input::TaskStarted { task, worker_name: None });
                assert!(self.taken.insert(task), "{task:?} was handed to two");
            }
            Deed::Beat(task) => {
                self.insist(Input::TaskHeartbeat { task });
            }
            Deed::Finish(task, result) => {
                let is_awaited = self.disk.tasks.contains_key(&task);
                let input = match result {
                    Ok(output) => Input::TaskSucceeded { task, output: Payload::from_value(output) },
                    Err(error) => Input::TaskFailed { task, failure: Failure::new(error, "of work") },
                };
                let outcome = self.insist(input);
                assert_eq!(outcome == Outcome::Advanced, is_awaited, "{task:?}");
            }
            Deed::Child(key, end) => {
                let index = end.index;
                self.insist(Input::ChildrenEnded { attempt: key.first(), ends: vec![end] });
                self.old_children.push((key, index));
            }
            Deed::Stop => {
                self.insist(Input::Stopped(Failure::new("Stop", "of client")));
            }
        }
    }

    /// Sends something that is stale.
    fn disturb(&mut self) {
        if !self.random.percent(self.weather.repeated) {
            return;
        }
        let input = match self.random.below(5) {
            0 => Some(Input::Start),
            4 if !self.old_children.is_empty() => {
                let (key, index) = self.old_children[self.random.below(self.old_children.len())];
                let ends = vec![ChildEnd { index, status: ExecutionStatus::Failed, output: None }];
                Some(Input::ChildrenEnded { attempt: key.first(), ends })
            }
            1 if !self.old_timers.is_empty() => {
                let key = self.old_timers[self.random.below(self.old_timers.len())];
                (!self.disk.timers.contains_key(&key)).then_some(Input::TimerFired(key))
            }
            _ if !self.old_tasks.is_empty() => {
                let task = self.old_tasks[self.random.below(self.old_tasks.len())];
                Some(match self.random.below(3) {
                    0 => Input::TaskSucceeded { task, output: Payload::default() },
                    1 => Input::TaskHeartbeat { task },
                    _ => Input::TaskFailed { task, failure: Failure::new("Stale", "") },
                })
            }
            _ => None,
        };
        if let Some(input) = input {
            let outcome = self.insist(input.clone());
            assert_eq!(outcome, Outcome::Stale, "{input:?}");
        }
    }

    /// Sends an input until it is answered: a sender without an answer repeats it.
    fn insist(&mut self, input: Input) -> Outcome {
        let mut was_written = false;
        loop {
            match self.step(input.clone()) {
                Ok(Outcome::Stale) if was_written => return Outcome::Advanced,
                Ok(outcome) => return outcome,
                Err(written) => {
                    let repeats = matches!(input, Input::TaskHeartbeat { .. });
                    assert!(!was_written || !written || repeats, "taken in twice: {input:?}");
                    was_written |= written;
                }
            }
        }
    }

    /// One step with its commit.
    ///
    /// # Errors
    /// The process died, or the store failed: whether it was written anyway.
    fn step(&mut self, input: Input) -> Result<Outcome, bool> {
        let mut execution = self.execution();
        let before = execution.clone();
        let exists = |_: &_| true;
        let refuse = |_: &_, _: &_| None;
        let env = Env {
            now: Timestamp::from_millis(self.now),
            elapsed: &|| Duration::ZERO,
            ids: &self.ids,
            token_prefix: "",
            activity_exists: &exists,
            refuse_arguments: &refuse,
            limits: self.limits,
            is_deleting: false,
            map_refused: None,
            trial: None,
        };
        let step = machine::step(&self.program, &mut execution, input.clone(), &env);
        if step.outcome == Outcome::Stale {
            assert!(step.entries.is_empty() && step.effects.is_empty(), "{step:?}");
            assert_eq!(execution, before, "what is stale changed something");
            self.memory = Some(execution);
            return Ok(Outcome::Stale);
        }
        if self.random.percent(self.weather.write_fails) {
            return Err(false);
        }
        self.commit(&step.entries, step.effects);
        if let Input::TimerFired(key) = &input
            && execution.ending().is_none()
        {
            // Its row is deleted with the step, unless the step has armed it again.
            if self.disk.timers.get(key).is_some_and(|at| *at <= self.now) {
                self.disk.timers.remove(key);
                self.old_timers.push(*key);
            }
        }
        if let Input::TaskStarted { task, .. } = &input {
            self.disk.tasks.insert(*task, Handed::Out);
        }
        if let Input::TaskSucceeded { task, .. } | Input::TaskFailed { task, .. } = &input {
            self.disk.tasks.remove(task);
            self.old_tasks.push(*task);
        }
        self.check(&execution);
        if self.random.percent(self.weather.crash) {
            let folded = self.folded();
            assert_eq!(folded, execution, "the journal tells another state");
            return Err(true);
        }
        self.memory = Some(execution);
        Ok(Outcome::Advanced)
    }

    /// Stores the result of the step and what workers will do about it.
    fn commit(&mut self, entries: &[Entry], effects: Vec<Effect>) {
        if !entries.is_empty() {
            self.disk.batches.push(serde_json::to_string(entries).expect("entries are JSON"));
        }
        for effect in effects {
            match effect {
                Effect::ArmTimer { key, at } => {
                    self.disk.timers.insert(key, at.as_millis());
                }
                Effect::CancelTimer(key) => {
                    self.disk.timers.remove(&key);
                    self.old_timers.push(key);
                }
                Effect::RunTask(run) => self.schedule(run),
                Effect::AbandonTask(task) => {
                    self.disk.tasks.remove(&task);
                    self.old_tasks.push(task);
                }
                Effect::Ended(_) => {
                    self.end_children(|_| true);
                    self.old_timers.extend(std::mem::take(&mut self.disk.timers).into_keys());
                    self.old_tasks.extend(std::mem::take(&mut self.disk.tasks).into_keys());
                }
                Effect::StartChild(child) => self.begin_child(*child),
                Effect::EndMapRun { key, .. } => self.end_children(|of| of == key),
                Effect::StartMapRun(_) => {}
                Effect::ReadItems(_) | Effect::CountItems { .. } | Effect::LoadItems { .. } => {
                    panic!("no items are read")
                }
                Effect::StopChildren(_) | Effect::WriteResults(_) => panic!("no results are written"),
                Effect::Redriven { .. } | Effect::RedriveMapRun { .. } | Effect::RedriveChild { .. } => {
                    panic!("nobody redrives it")
                }
            }
        }
    }

    fn schedule(&mut self, run: TaskRun) {
        let (resource, is_activity) = match &run.resource {
            Resource::Activity(arn) => (arn.to_string(), true),
            Resource::Lambda(arn) => (arn.to_string(), false),
            Resource::Integration(_) => panic!("there are none"),
        };
        let name = resource.trim_start_matches(ACTIVITY).trim_start_matches(FUNCTION);
        let may_hang = state(self.machine, name).expect("its state").get("TimeoutSeconds").is_some();
        let work = work(self.seed, &resource, self.now, may_hang);
        let handed = if is_activity { Handed::No } else { Handed::Out };
        assert!(self.disk.tasks.insert(run.task, handed).is_none(), "scheduled twice: {:?}", run.task);
        if is_activity {
            self.deeds.extend(work.taken.map(|at| (self.now + at, Deed::Take(run.task))));
            self.deeds.extend(work.beats.iter().map(|at| (self.now + at, Deed::Beat(run.task))));
        }
        self.deeds.extend(work.done.map(|at| (self.now + at, Deed::Finish(run.task, work.result))));
    }

    /// A child execution runs as the reference says.
    fn begin_child(&mut self, child: ChildStart) {
        let processor: Value = serde_json::from_str(&child.processor.definition).expect("a machine");
        let end = reference::child(self.seed, &processor, child.input.value(), self.now);
        let (status, output) = match end.outcome {
            reference::Outcome::Succeeded(output) => (ExecutionStatus::Succeeded, Some(output)),
            reference::Outcome::Failed(..) => (ExecutionStatus::Failed, None),
            reference::Outcome::TimedOut => (ExecutionStatus::TimedOut, None),
        };
        let end_of = ChildEnd { index: child.index, status, output: output.map(Payload::from_value) };
        self.deeds.push((end.at, Deed::Child(child.key, end_of)));
    }

    /// Children for which nobody waits are stopped, and their ends have no effect.
    fn end_children(&mut self, which: impl Fn(MapRunKey) -> bool) {
        let is_over = |deed: &Deed| matches!(deed, Deed::Child(key, _) if which(*key));
        for (_, deed) in self.deeds.extract_if(.., |(_, deed)| is_over(deed)) {
            if let Deed::Child(key, end) = deed {
                self.old_children.push((key, end.index));
            }
        }
    }

    /// Checks that the timers and tasks on disk are those for which the state in memory waits.
    fn check(&self, execution: &Execution) {
        let pending: BTreeMap<TimerKey, i64> = machine::pending(&self.program, execution)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::ArmTimer { key, at } => Some((key, at.as_millis())),
                _ => None,
            })
            .collect();
        let at = |(key, at): (&TimerKey, &i64)| {
            (*key, if matches!(key.kind, TimerKind::Resume | TimerKind::MapRun) { 0 } else { *at })
        };
        let (pending, rows): (Vec<_>, Vec<_>) =
            (pending.iter().map(at).collect(), self.disk.timers.iter().map(at).collect());
        assert_eq!(rows, pending, "timers on disk are not what the state waits for");
        let awaited: Vec<TaskKey> = execution.attempts().map(|(task, _)| task).collect();
        let rows: Vec<TaskKey> = self.disk.tasks.keys().copied().collect();
        assert_eq!(rows, awaited, "tasks on disk are not what the state waits for");
    }

    fn execution(&mut self) -> Execution {
        match self.memory.take() {
            Some(execution) => execution,
            None => self.folded(),
        }
    }

    fn folded(&self) -> Execution {
        let mut execution = Execution::new(self.start());
        for entry in self.entries() {
            execution.apply(&self.program, &entry);
        }
        execution
    }

    fn entries(&self) -> Vec<Entry> {
        let read = |text: &String| serde_json::from_str::<Vec<Entry>>(text).expect("entries were written");
        self.disk.batches.iter().flat_map(read).collect()
    }

    fn start(&self) -> ExecutionStart {
        ExecutionStart {
            arn: "arn:aws:states:us-east-1:123456789012:execution:M:E".into(),
            name: "E".into(),
            input: Payload::from_value(self.input.clone()),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
            state_machine_name: "M".into(),
            version_arn: None,
            alias_arn: None,
            region: "us-east-1".into(),
            started: Timestamp::from_millis(START),
            is_synchronous: false,
        }
    }

    /// Checks the history's invariants, and compares the result with the reference.
    fn judge(&self) {
        let execution = self.folded();
        let events: Vec<HistoryEvent> = self.entries().into_iter().filter_map(|entry| entry.event).collect();
        let mut before = START;
        let mut ends = 0;
        for (event, id) in events.iter().zip(1..) {
            assert_eq!(event.id, id, "ids have a gap");
            assert!(event.previous_event_id < event.id, "{event:?} follows from a later one");
            assert!(before <= event.timestamp.as_millis(), "{event:?} is earlier than the one before");
            before = event.timestamp.as_millis();
            ends += usize::from(matches!(
                event.kind,
                EventKind::ExecutionSucceeded { .. }
                    | EventKind::ExecutionFailed(_)
                    | EventKind::ExecutionAborted(_)
                    | EventKind::ExecutionTimedOut(_)
            ));
            let has_children =
                |parent: &HistoryEvent| !matches!(parent.kind, EventKind::ExecutionSucceeded { .. });
            let previous =
                event.previous_event_id.checked_sub(1).and_then(|i| events.get(usize::try_from(i).ok()?));
            assert!(previous.is_none_or(has_children), "{event:?} follows from the end");
        }
        assert_eq!(ends, 1, "it ended {ends} times");
        assert!(self.disk.timers.is_empty() && self.disk.tasks.is_empty(), "something is left behind");

        let ending = execution.ending().expect("it has ended");
        let text =
            |text: &Option<std::sync::Arc<str>>| text.as_deref().map_or(Value::Null, |text| json!(text));
        let (error, cause) = (text(&ending.failure.error), text(&ending.failure.cause));
        let at = ending.stopped.as_millis();
        let Some(expected) = reference::ends(self.seed, self.machine, self.input, START) else { return };
        let fits = |end: &reference::End| {
            if let Some(stop) = self.stop_at
                && stop <= end.at
            {
                // If the stop comes at the same time, either may be first.
                if ending.status == ExecutionStatus::Aborted {
                    return at == stop;
                }
                if stop < end.at {
                    return false;
                }
            }
            at == end.at
                && match (&end.outcome, ending.status) {
                    (reference::Outcome::Succeeded(output), ExecutionStatus::Succeeded) => {
                        let actual = ending.output.as_ref().expect("it succeeded").value();
                        reference::is_same(actual, output)
                    }
                    (reference::Outcome::Failed(e, c), ExecutionStatus::Failed) => {
                        error == *e && (reference::is_same(&cause, c) || e == "States.Runtime")
                    }
                    (reference::Outcome::TimedOut, ExecutionStatus::TimedOut) => true,
                    _ => false,
                }
        };
        assert!(
            expected.iter().any(fits),
            "it ended otherwise than the reference says\nended: {ending:?} after {} ms\nexpected: {expected:?}",
            at - START
        );
    }
}

/// The state with that name, at any depth.
fn state<'m>(machine: &'m Value, name: &str) -> Option<&'m Value> {
    let states = machine["States"].as_object()?;
    if let Some(state) = states.get(name) {
        return Some(state);
    }
    states.values().find_map(|inner| {
        let branches = inner["Branches"].as_array().into_iter().flatten();
        branches.chain(inner.get("ItemProcessor")).find_map(|machine| state(machine, name))
    })
}
