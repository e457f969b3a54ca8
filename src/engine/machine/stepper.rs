//! One step: takes an input to the frame it is for, then lets every frame go on until it waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::super::event::{EventKind, Failure, HistoryEvent, StateType};
use super::super::execution::{Entry, Execution, ExecutionStatus, FrameId, Next, Note, Phase};
use super::scope::StateScope;
use super::{Effect, Env, Input, Outcome, Step, TaskKey, TimerKey, TimerKind};
use crate::asl::{DataError, ErrorName, Program, StateId, StateKind};
use crate::clock::Timestamp;
use crate::json::Payload;

/// Ends the whole execution at once, whatever frames there are.
pub(super) struct Halt {
    pub(super) frame: FrameId,
    pub(super) failure: Failure,
}

pub(super) type Flow = Result<(), Halt>;

/// A frame that goes on.
pub(super) enum Work {
    Enter { frame: FrameId, state: StateId, input: Payload },
}

pub(super) struct Stepper<'a> {
    pub(super) program: &'a Program,
    pub(super) execution: &'a mut Execution,
    pub(super) env: &'a Env<'a>,
    pub(super) effects: Vec<Effect>,
    entries: Vec<Entry>,
    /// Bytes of inputs and outputs in `entries`.
    n_bytes: usize,
    pub(super) work: VecDeque<Work>,
}

pub(super) fn run(program: &Program, execution: &mut Execution, input: Input, env: &Env<'_>) -> Step {
    if execution.ending().is_some() != matches!(input, Input::Redriven) {
        return Step { entries: Vec::new(), effects: Vec::new(), outcome: Outcome::Stale };
    }
    let mut stepper = Stepper {
        program,
        execution,
        env,
        effects: Vec::new(),
        entries: Vec::new(),
        n_bytes: 0,
        work: VecDeque::new(),
    };
    let flow = match stepper.take(input) {
        None => return Step { entries: Vec::new(), effects: Vec::new(), outcome: Outcome::Stale },
        Some(flow) => flow.and_then(|()| stepper.drain()),
    };
    if let Err(Halt { frame, failure }) = flow {
        stepper.end(frame, EventKind::ExecutionFailed(failure));
    }
    Step { entries: stepper.entries, effects: stepper.effects, outcome: Outcome::Advanced }
}

impl Stepper<'_> {
    /// `None` if the input is for something that is over.
    fn take(&mut self, input: Input) -> Option<Flow> {
        match input {
            Input::Start => {
                // An execution starts once.
                (self.execution.event_count() == 0).then(|| self.start())
            }
            Input::Forked(fork) => (self.execution.event_count() == 0).then(|| self.fork(&fork)),
            Input::WaitsSkipped(only) => self.skip_waits(only.as_deref()),
            Input::TimerFired(key) => self.timer_fired(key),
            Input::TaskStarted { task, worker_name } => {
                let attempt = self.attempt(task)?;
                (!attempt.started).then(|| self.task_started(task, worker_name))
            }
            Input::TaskSubmitted { task, output } => {
                let attempt = self.attempt(task)?;
                (!attempt.submitted).then(|| self.task_submitted(task, output))
            }
            Input::TaskSucceeded { task, output } => {
                self.attempt(task)?;
                Some(self.task_succeeded(task, output))
            }
            Input::TaskFailed { task, failure } => {
                self.attempt(task)?;
                Some(self.task_failed(task, failure))
            }
            Input::TaskSubmitFailed { task, failure } => {
                let attempt = self.attempt(task)?;
                (!attempt.submitted).then(|| self.task_submit_failed(task, failure))
            }
            Input::TaskHeartbeat { task } => {
                let heartbeat_s = self.attempt(task)?.heartbeat_s;
                if let Some(seconds) = heartbeat_s {
                    self.arm_heartbeat(task, seconds);
                }
                Some(Ok(()))
            }
            Input::ItemsRead { attempt, read } => {
                self.execution.map_run_in(attempt)?.reading.as_ref()?;
                Some(self.items_read(attempt.key, read))
            }
            Input::ItemsStored { attempt, length } => {
                self.execution.map_run_in(attempt)?.reading.as_ref()?;
                Some(self.items_stored(attempt.key, length))
            }
            Input::ItemsLoaded { key, first, items, sources } => {
                self.items_loaded(key, first, (&items, &sources))
            }
            Input::ResultsWritten { attempt, written } => self.results_written(attempt, written),
            Input::ChildrenEnded { attempt, ends } => self.children_ended(attempt, ends),
            Input::MapRunUpdated { key, limits } => {
                self.execution.map_run_of(key)?;
                Some(self.map_run_updated(key, limits))
            }
            Input::Stopped(failure) => {
                self.end_apart(EventKind::ExecutionAborted(failure));
                Some(Ok(()))
            }
            Input::Redriven => {
                let ended = self.execution.ending()?.status;
                (ended != ExecutionStatus::Succeeded).then(|| self.redrive())
            }
        }
    }

    fn start(&mut self) -> Flow {
        self.begin()?;
        let input = self.execution.start().input.clone();
        self.enter(FrameId::ROOT, self.program.start_at, input);
        Ok(())
    }

    /// Writes that the execution has begun.
    pub(super) fn begin(&mut self) -> Flow {
        let start = self.execution.start();
        let started = start.started;
        let kind = EventKind::ExecutionStarted {
            input: start.input.clone(),
            role_arn: start.role_arn.clone(),
            version_arn: start.version_arn.clone(),
            alias_arn: start.alias_arn.clone(),
        };
        self.emit(FrameId::ROOT, kind)?;
        self.arm_execution_timeout(started);
        Ok(())
    }

    /// The machine's TimeoutSeconds run from `since`: the start, or the last redrive.
    pub(super) fn arm_execution_timeout(&mut self, since: Timestamp) {
        if let Some(seconds) = self.program.timeout_seconds {
            let key = TimerKey {
                frame: FrameId::ROOT,
                kind: TimerKind::Execution,
                stamp: self.execution.redrive_count().into(),
            };
            self.effects.push(Effect::ArmTimer { key, at: since + Duration::from_secs(seconds) });
        }
    }

    fn timer_fired(&mut self, key: TimerKey) -> Option<Flow> {
        if key.kind == TimerKind::Execution {
            if key.stamp != u64::from(self.execution.redrive_count()) {
                return None;
            }
            self.end_apart(EventKind::ExecutionTimedOut(Failure::timeout()));
            return Some(Ok(()));
        }
        if key.kind == TimerKind::Resume {
            return self.resume(key);
        }
        let at = self.execution.frames.get(&key.frame)?.at.as_ref()?;
        match (key.kind, &at.phase) {
            (TimerKind::Wait, Phase::Waiting { .. }) if at.entered_event == key.stamp => {
                Some(self.wait_is_over(key.frame))
            }
            (TimerKind::Retry, Phase::Retrying { stamp, .. }) if *stamp == key.stamp => {
                Some(self.retry(key.frame))
            }
            // Another timer of the attempt, or of another attempt, may have timed it out already.
            (TimerKind::TaskTimeout, Phase::Attempting(attempt)) if attempt.scheduled == key.stamp => {
                attempt.timeout_at.filter(|due| *due <= self.env.now)?;
                Some(self.time_out_what_is_due())
            }
            (TimerKind::Heartbeat, Phase::Attempting(attempt)) if attempt.scheduled == key.stamp => {
                // A heartbeat that came while the timer was on its way has moved it.
                attempt.heartbeat_at.filter(|due| *due <= self.env.now)?;
                Some(self.time_out_what_is_due())
            }
            (TimerKind::MapRun, Phase::MapRun(run)) if run.stamp() == key.stamp && run.has_room() => {
                Some(self.begin_map_children(key.frame, None))
            }
            (
                TimerKind::Wait
                | TimerKind::Retry
                | TimerKind::TaskTimeout
                | TimerKind::Heartbeat
                | TimerKind::Execution
                | TimerKind::Resume
                | TimerKind::MapRun,
                _,
            ) => None,
        }
    }

    /// A frame that gave way goes on.
    fn resume(&mut self, key: TimerKey) -> Option<Flow> {
        let paused = self.execution.frames.get(&key.frame)?.paused.as_ref()?;
        if paused.stamp != key.stamp {
            return None;
        }
        let (state, input) = (self.program.find(&paused.next.state)?, paused.next.input.clone());
        self.enter(key.frame, state, input);
        Some(Ok(()))
    }

    /// Lets `frame` go on in `state` before the step is over.
    pub(super) fn enter(&mut self, frame: FrameId, state: StateId, input: Payload) {
        self.work.push_back(Work::Enter { frame, state, input });
    }

    fn drain(&mut self) -> Flow {
        loop {
            if self.env.limits.step_entries_max <= self.entries.len()
                || self.env.limits.step_bytes_max <= self.n_bytes
                || self.is_late()
            {
                self.give_way();
                return Ok(());
            }
            let Some(Work::Enter { frame, state, input }) = self.work.pop_front() else { return Ok(()) };
            if self.env.is_deleting {
                self.end_apart(EventKind::ExecutionAborted(Failure::default()));
                return Ok(());
            }
            // Its branch may have been given up by the one before it.
            if self.execution.frames.contains_key(&frame) {
                self.enter_now(frame, state, input)?;
            }
        }
    }

    /// The step has become long: whatever could go on does so in steps of its own, so that a loop can neither
    /// hold its caller up nor make a batch that no journal takes.
    fn give_way(&mut self) {
        while let Some(Work::Enter { frame, state, input }) = self.work.pop_front() {
            if !self.execution.frames.contains_key(&frame) {
                continue;
            }
            let state = self.program[state].name.clone();
            self.note(frame, Note::Paused { next: Next { state, input } });
            let paused = self.execution.frames.get(&frame).and_then(|frame| frame.paused.as_ref());
            let Some(stamp) = paused.map(|paused| paused.stamp) else { continue };
            let key = TimerKey { frame, kind: TimerKind::Resume, stamp };
            self.effects.push(Effect::ArmTimer { key, at: self.env.now });
        }
    }

    /// Whether the step has taken so long that others should have their turn.
    pub(super) fn is_late(&self) -> bool {
        self.env.limits.step_time_max <= (self.env.elapsed)()
    }

    fn enter_now(&mut self, frame: FrameId, id: StateId, input: Payload) -> Flow {
        let program = self.program;
        let state = &program[id];
        let state_type = StateType::from(&state.kind);
        self.emit(
            frame,
            EventKind::StateEntered { state_type, name: state.name.clone(), input: input.clone() },
        )?;
        match &state.kind {
            StateKind::Pass(pass) => self.pass(frame, pass, input),
            StateKind::Wait(wait) => self.wait(frame, wait, &input),
            StateKind::Succeed(succeed) => self.succeed(frame, succeed, input),
            StateKind::Fail(fail) => self.fail(frame, fail, &input),
            StateKind::Choice(choice) => self.choice(frame, choice, input),
            StateKind::Task(task) => self.schedule(frame, task),
            StateKind::Parallel(parallel) => self.begin_branches(frame, parallel),
            StateKind::Map(map) => self.begin_map(frame, map),
        }
    }

    /// Writes an event that follows from the frame's last one.
    pub(super) fn emit(&mut self, frame: FrameId, kind: EventKind) -> Result<u64, Halt> {
        self.emit_with(frame, kind, None)
    }

    /// Writes an event with a note.
    pub(super) fn emit_with(
        &mut self,
        frame: FrameId,
        kind: EventKind,
        note: Option<Note>,
    ) -> Result<u64, Halt> {
        let previous = self.tail(frame);
        self.emit_below(frame, previous, kind, note)
    }

    /// Writes an event that follows from the one named.
    pub(super) fn emit_below(
        &mut self,
        frame: FrameId,
        previous_event_id: u64,
        kind: EventKind,
        note: Option<Note>,
    ) -> Result<u64, Halt> {
        let id = self.execution.event_count() + 1;
        if let Some(max) = self.env.limits.events_max
            && max <= id
        {
            let cause = format!("The execution reached the maximum number of history events ({max}).");
            return Err(Halt { frame, failure: Failure::new("States.Runtime", cause) });
        }
        self.write(frame, id, previous_event_id, kind, note);
        Ok(id)
    }

    /// Writes a note alone.
    pub(super) fn note(&mut self, frame: FrameId, note: Note) {
        self.push(Entry { frame, event: None, note: Some(note) });
    }

    fn write(&mut self, frame: FrameId, id: u64, previous: u64, kind: EventKind, note: Option<Note>) {
        let event = HistoryEvent { id, previous_event_id: previous, timestamp: self.env.now, kind };
        self.push(Entry { frame, event: Some(event), note });
    }

    fn push(&mut self, entry: Entry) {
        self.n_bytes += match entry.event.as_ref().map(|event| &event.kind) {
            Some(
                EventKind::StateEntered { input: payload, .. }
                | EventKind::StateExited { output: payload, .. },
            ) => payload.len_bytes(),
            // Few of the others are in a long step, or large.
            Some(_) | None => 0,
        };
        self.execution.apply(self.program, &entry);
        self.entries.push(entry);
    }

    /// The frame's last event.
    pub(super) fn tail(&self, frame: FrameId) -> u64 {
        self.execution.frames.get(&frame).map_or(0, |frame| frame.tail)
    }

    /// Forgets a timer; one that was asked for in this very step is not asked for any more.
    pub(super) fn cancel(&mut self, key: TimerKey) {
        let before = self.effects.len();
        self.effects.retain(|effect| !matches!(effect, Effect::ArmTimer { key: armed, .. } if *armed == key));
        if self.effects.len() == before {
            self.effects.push(Effect::CancelTimer(key));
        }
    }

    /// Gives a task up; one that was asked for in this very step is never begun.
    pub(super) fn abandon(&mut self, task: TaskKey) {
        let before = self.effects.len();
        self.effects.retain(|effect| !matches!(effect, Effect::RunTask(run) if run.task == task));
        if self.effects.len() == before {
            self.effects.push(Effect::AbandonTask(task));
        }
    }

    /// Ends the execution below the frame's last event. The last event there may be is this one, so the limit
    /// does not stop it.
    pub(super) fn end(&mut self, frame: FrameId, kind: EventKind) {
        self.keep_work(FrameId::ROOT);
        let previous = self.tail(frame);
        let id = self.execution.event_count() + 1;
        self.write(frame, id, previous, kind, None);
        self.ended();
    }

    /// Ends the execution from outside: such an event names no previous one.
    pub(super) fn end_apart(&mut self, kind: EventKind) {
        let id = self.execution.event_count() + 1;
        self.write(FrameId::ROOT, id, 0, kind, None);
        self.ended();
    }

    fn ended(&mut self) {
        self.work.clear();
        // Timers and tasks end with the execution: what was asked for in this step is not asked for any more.
        // What became of Map Runs is told all the same.
        self.effects.retain(|effect| {
            matches!(
                effect,
                Effect::Redriven { .. }
                    | Effect::StartMapRun(_)
                    | Effect::CountItems { .. }
                    | Effect::EndMapRun { .. }
                    | Effect::RedriveMapRun { .. }
            )
        });
        self.effects.extend(self.execution.ending().cloned().map(Effect::Ended));
    }

    /// A data fault of the state that `frame` is in. `States.Runtime` ends the execution at once; the rest fail
    /// the state, which may retry or catch them.
    pub(super) fn fault(&mut self, frame: FrameId, error: DataError) -> Flow {
        let name = error.name;
        let failure = self.failed(frame, error)?;
        self.state_failed(frame, failure, name.as_str())
    }

    /// A data fault as a failure, in AWS's words; that an expression failed is written down.
    ///
    /// # Errors
    /// `States.Runtime`, which nothing retries or catches.
    pub(super) fn failed(&mut self, frame: FrameId, mut error: DataError) -> Result<Failure, Halt> {
        let (name, location) = (error.name, error.location.take());
        let failure = self.failure_of(frame, error)?;
        if name == ErrorName::QueryEvaluationError {
            let kind = EventKind::EvaluationFailed {
                failure: failure.clone(),
                location,
                state: self.name_of(frame),
            };
            self.emit_below(frame, self.before_evaluation(frame), kind, None)?;
        }
        Ok(failure)
    }

    /// What an EvaluationFailed names as its previous event. A state whose expressions fail at once is passed over, as
    /// recorded; not so a Wait.
    fn before_evaluation(&self, frame: FrameId) -> u64 {
        let tail = self.tail(frame);
        let at = self.execution.frames.get(&frame).and_then(|frame| frame.at.as_ref());
        match at {
            Some(at)
                if at.entered_event == tail && !matches!(self.program[at.state].kind, StateKind::Wait(_)) =>
            {
                at.entered_after
            }
            Some(_) | None => tail,
        }
    }

    fn failure_of(&self, frame: FrameId, error: DataError) -> Result<Failure, Halt> {
        let cause = match error.name {
            // Recorded without the opening words.
            ErrorName::DataLimitExceeded => error.cause,
            ErrorName::Runtime
            | ErrorName::ResultPathMatchFailure
            | ErrorName::ParameterPathFailure
            | ErrorName::IntrinsicFailure
            | ErrorName::QueryEvaluationError => self.located(frame, &error.cause),
        };
        let failure = Failure::new(error.name.as_str(), cause);
        match error.name {
            ErrorName::Runtime => Err(Halt { frame, failure }),
            ErrorName::ResultPathMatchFailure
            | ErrorName::ParameterPathFailure
            | ErrorName::IntrinsicFailure
            | ErrorName::QueryEvaluationError
            | ErrorName::DataLimitExceeded => Ok(failure),
        }
    }

    fn located(&self, frame: FrameId, cause: &str) -> String {
        // There is one state only in a trial, and AWS doesn't name it.
        if self.env.trial.is_some() {
            return cause.to_owned();
        }
        let Some(at) = self.execution.frames.get(&frame).and_then(|frame| frame.at.as_ref()) else {
            return cause.to_owned();
        };
        let (name, id) = (&self.program[at.state].name, at.entered_event);
        format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{id}). {cause}"
        )
    }

    /// What expressions of the frame's state see, with `input` as `$`.
    pub(super) fn scope<'s>(&'s self, frame: FrameId, input: &'s serde_json::Value) -> StateScope<'s> {
        StateScope::new(self.execution, self.program, self.env, frame, input)
    }

    /// The attempt that `task` names, if it is still the current one.
    pub(super) fn attempt(&self, task: TaskKey) -> Option<&super::super::execution::Attempt> {
        match &self.execution.frames.get(&task.frame)?.at.as_ref()?.phase {
            Phase::Attempting(attempt) if attempt.scheduled == task.scheduled => Some(attempt),
            _ => None,
        }
    }

    /// The raw input of the frame's state.
    pub(super) fn raw_input(&self, frame: FrameId) -> Payload {
        let at = self.execution.frames.get(&frame).and_then(|frame| frame.at.as_ref());
        at.map_or_else(Payload::default, |at| at.input.clone())
    }

    /// The state that the frame is in.
    pub(super) fn state_of(&self, frame: FrameId) -> Option<StateId> {
        self.execution.frames.get(&frame)?.at.as_ref().map(|at| at.state)
    }

    /// The state's name, shared.
    pub(super) fn name_of(&self, frame: FrameId) -> Arc<str> {
        self.state_of(frame).map_or_else(|| Arc::from(""), |state| self.program[state].name.clone())
    }
}
