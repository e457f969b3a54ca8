//! When a state fails: Retry, then Catch, then its branch, then whatever the branch is part of.

use serde_json::{Map, Value};

use super::super::event::{EventKind, Failure, Iteration, StateType};
use super::super::execution::{FrameId, Note, Phase};
use super::exit::{Assigned, too_large};
use super::stepper::{Flow, Stepper};
use super::{Effect, PAYLOAD_BYTES_MAX, Seen, TaskKey, TimerKey, TimerKind};
use crate::asl::{Catcher, DataError, ErrorEquals, ErrorName, Retrier, StateKind, Transition};
use crate::json::Payload;

impl Stepper<'_> {
    /// The state that `frame` is in failed; `matched` is the error that Retry and Catch are asked about.
    pub(super) fn state_failed(&mut self, frame: FrameId, failure: Failure, matched: &str) -> Flow {
        let Some(state) = self.state_of(frame) else { return Ok(()) };
        self.saw_with(|| Seen::Failed(failure.clone()));
        let program = self.program;
        let (retry, catch, closing): (&[Retrier], &[Catcher], _) = match &program[state].kind {
            StateKind::Task(task) => (&task.retry, &task.catch, None),
            StateKind::Parallel(parallel) => {
                (&parallel.retry, &parallel.catch, Some(EventKind::ParallelStateFailed))
            }
            StateKind::Map(map) => (&map.retry, &map.catch, Some(EventKind::MapStateFailed)),
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_) => return self.frame_failed(frame, failure),
        };
        let is_parallel = matches!(program[state].kind, StateKind::Parallel(_));
        let is_meant = |equals: &ErrorEquals| match is_parallel {
            true => equals.matches_branch(matched),
            false => equals.matches(matched),
        };
        if let Some(index) = retry.iter().position(|retrier| is_meant(&retrier.error_equals)) {
            let at = self.execution.frames.get(&frame).and_then(|f| f.at.as_ref());
            let so_far = at.and_then(|at| at.retries.get(index)).copied().unwrap_or(0);
            let so_far = self.env.trial.map_or(so_far, |trial| trial.retries);
            let is_left = so_far < retry[index].max_attempts;
            // Without the jitter, which is another each time.
            let delay = || retry[index].delay(so_far + 1, 1.0);
            self.saw_with(|| Seen::Retrier { index, delay: is_left.then(delay) });
            if is_left {
                return self.retry_later(frame, index, &retry[index], so_far + 1);
            }
        }
        let before = self.tail(frame);
        if let Some(closing) = &closing {
            self.emit(frame, closing.clone())?;
        }
        match catch.iter().position(|catcher| is_meant(&catcher.error_equals)) {
            Some(index) => {
                self.saw_with(|| Seen::Catcher(index));
                self.caught(frame, &catch[index], &failure, closing.map(|closing| (closing, before)))
            }
            None => self.frame_failed(frame, failure),
        }
    }

    fn retry_later(&mut self, frame: FrameId, index: usize, retrier: &Retrier, attempt: u64) -> Flow {
        let at = self.env.now + retrier.delay(attempt, self.env.ids.unit());
        self.note(frame, Note::Retrying { retrier: index, at });
        let phase = self.execution.frames.get(&frame).and_then(|f| f.at.as_ref()).map(|at| &at.phase);
        let Some(Phase::Retrying { stamp, .. }) = phase else { return Ok(()) };
        let key = TimerKey { frame, kind: TimerKind::Retry, stamp: *stamp };
        self.effects.push(Effect::ArmTimer { key, at });
        Ok(())
    }

    /// The delay before another attempt is over.
    pub(super) fn retry(&mut self, frame: FrameId) -> Flow {
        // Another attempt counts as a transition.
        if self.env.is_deleting {
            self.end_apart(EventKind::ExecutionAborted(Failure::default()));
            return Ok(());
        }
        let Some(state) = self.state_of(frame) else { return Ok(()) };
        let program = self.program;
        match &program[state].kind {
            StateKind::Task(task) => self.schedule(frame, task),
            StateKind::Parallel(parallel) => self.begin_branches(frame, parallel),
            StateKind::Map(map) => self.begin_map(frame, map),
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_) => Ok(()), // They have no Retry.
        }
    }

    /// A catcher takes the failure. `closing` is the event that said that the state failed, and what was the last before it.
    fn caught(
        &mut self,
        frame: FrameId,
        catcher: &Catcher,
        failure: &Failure,
        closing: Option<(EventKind, u64)>,
    ) -> Flow {
        match self.error_output(frame, catcher, failure) {
            Ok((output, assigned)) => self.exit(frame, output, assigned, Transition::Next(catcher.next)),
            // What goes wrong in a Catch is not for the same state's Retry and Catch: it would come back for ever.
            Err(error) => {
                // As others report of a Parallel on AWS, an expression that fails is told as if the state had not failed yet, and
                // then the state fails once more.
                let again = closing.filter(|_| error.name == ErrorName::QueryEvaluationError);
                if let Some((_, before)) = &again {
                    self.note(frame, Note::Tail { event_id: *before });
                }
                let failure = self.failed(frame, error)?;
                if let Some((closing, _)) = again {
                    self.emit(frame, closing)?;
                }
                self.frame_failed(frame, failure)
            }
        }
    }

    /// `{"Error": …, "Cause": …}`, placed into the raw input; what is not known is null, as recorded of
    /// SendTaskFailure without arguments.
    fn error_output(
        &self,
        frame: FrameId,
        catcher: &Catcher,
        failure: &Failure,
    ) -> Result<(Payload, Assigned), DataError> {
        let mut output = Map::new();
        for (name, text) in [("Error", &failure.error), ("Cause", &failure.cause)] {
            output.insert(name.to_owned(), text.as_deref().map_or(Value::Null, Value::from));
        }
        let output = Payload::from_value(Value::Object(output));
        let assigned = match &catcher.assign {
            None => Assigned::new(),
            Some(assign) => {
                let scope = self.scope(frame, output.value()).with_error_output(output.value());
                self.assigned(assign, frame, scope)?
            }
        };
        let output = match &catcher.output {
            None => self.place(frame, &catcher.result_path, output)?,
            Some(template) => {
                let scope = self.scope(frame, output.value()).with_error_output(output.value());
                Payload::from_value(template.evaluate(&scope)?)
            }
        };
        if PAYLOAD_BYTES_MAX < output.len_bytes() {
            return Err(too_large(&self.name_of(frame)));
        }
        Ok((output, assigned))
    }

    /// A frame can't go on: the execution fails, or the state that the branch or iteration is part of.
    pub(super) fn frame_failed(&mut self, frame: FrameId, failure: Failure) -> Flow {
        let Some(parent) = self.execution.frames.get(&frame).and_then(|f| f.parent) else {
            self.end(frame, EventKind::ExecutionFailed(failure));
            return Ok(());
        };
        self.give_up_children(parent, Some(frame), self.tail(frame))?;
        let matched = failure.error.clone().unwrap_or_else(|| "States.TaskFailed".into());
        self.state_failed(parent, failure, &matched)
    }

    /// Gives up whatever runs inside the state that `parent` is in; it goes on below the event `failing`, which
    /// is the last one of the child that `failed`, if one did.
    pub(super) fn give_up_children(
        &mut self,
        parent: FrameId,
        failed: Option<FrameId>,
        failing: u64,
    ) -> Flow {
        for child in self.execution.children(parent) {
            self.give_up(parent, child, failed, failing)?;
        }
        self.keep_work(parent);
        self.note(parent, Note::GivenUp);
        self.note(parent, Note::Tail { event_id: failing });
        Ok(())
    }

    /// Writes what history shows of a child that is given up below the event that failed: first what it is, a
    /// failed or an aborted iteration, then the state it sits in. `failed` is the child that failed itself.
    fn give_up(&mut self, parent: FrameId, child: FrameId, failed: Option<FrameId>, failing: u64) -> Flow {
        let program = self.program;
        let index = self.execution.frames.get(&child).map_or(0, |f| f.index);
        if let Some(StateKind::Map(_)) = self.state_of(parent).map(|state| &program[state].kind) {
            let iteration = Iteration { name: self.name_of(parent), index: index as u64 };
            let kind = match Some(child) == failed {
                true => EventKind::MapIterationFailed(iteration),
                false => EventKind::MapIterationAborted(iteration),
            };
            self.emit_below(parent, failing, kind, None)?;
        }
        for grandchild in self.execution.children(child) {
            self.give_up(child, grandchild, failed, failing)?;
        }
        if self.execution.map_run(child).is_some() {
            self.emit_below(child, failing, EventKind::MapRunAborted, None)?;
        }
        self.forget(child);
        let Some(state) = self.state_of(child) else { return Ok(()) };
        let state_type = StateType::from(&program[state].kind);
        let shows = match state_type {
            StateType::Task => true,
            // The state that failed by itself has said so already.
            StateType::Wait | StateType::Parallel | StateType::Map => Some(child) != failed,
            StateType::Pass | StateType::Succeed | StateType::Fail | StateType::Choice => false,
        };
        if shows {
            self.emit_below(child, failing, EventKind::StateAborted(state_type), None)?;
        }
        Ok(())
    }

    /// Takes back whatever `frame` waits for.
    fn forget(&mut self, frame: FrameId) {
        let Some(state) = self.execution.frames.get(&frame) else { return };
        if let Some(paused) = &state.paused {
            let key = TimerKey { frame, kind: TimerKind::Resume, stamp: paused.stamp };
            return self.cancel(key);
        }
        let Some(at) = &state.at else { return };
        match &at.phase {
            Phase::Waiting { .. } => {
                let key = TimerKey { frame, kind: TimerKind::Wait, stamp: at.entered_event };
                self.cancel(key);
            }
            Phase::Retrying { stamp, .. } => {
                let key = TimerKey { frame, kind: TimerKind::Retry, stamp: *stamp };
                self.cancel(key);
            }
            Phase::Attempting(attempt) => {
                let task = TaskKey { frame, scheduled: attempt.scheduled };
                self.forget_timers(task);
                self.abandon(task);
            }
            Phase::MapRun(_) => self.abort_map_run(frame),
            Phase::Deciding | Phase::Composite { .. } => {}
        }
    }
}
