//! RedriveExecution: what was entered and not left goes on, wherever it stands.
//!
//! Order and previous ids of a redriven history are not recorded anywhere we know of. Here ExecutionRedriven follows
//! from the event that ended the execution, and each branch goes on below its own last event, as after a retry.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states>

use super::super::event::EventKind;
use super::super::execution::{FrameId, Next, Note, Phase};
use super::Effect;
use super::stepper::{Flow, Stepper, Work};
use crate::asl::{DataError, StateId, StateKind};
use crate::json::Payload;

impl Stepper<'_> {
    /// Opens the execution again.
    pub(super) fn redrive(&mut self) -> Flow {
        let count = self.execution.redrive_count() + 1;
        self.effects.push(Effect::Redriven { count, at: self.env.now });
        let closing = self.execution.event_count();
        self.emit_below(FrameId::ROOT, closing, EventKind::ExecutionRedriven { redrive_count: count }, None)?;
        self.arm_execution_timeout(self.env.now);
        let frames: Vec<FrameId> = self.execution.frames.keys().copied().collect();
        for frame in frames {
            self.go_on(frame)?;
        }
        Ok(())
    }

    fn go_on(&mut self, id: FrameId) -> Flow {
        // One before it may have given it up, by failing again.
        let Some(frame) = self.execution.frames.get(&id) else { return Ok(()) };
        let Some(at) = &frame.at else {
            let has_begun = frame.output.is_some();
            return match &frame.paused {
                Some(paused) => {
                    let (state, input) = (self.program.find(&paused.next.state), paused.next.input.clone());
                    if let Some(state) = state {
                        self.enter(id, state, input);
                    }
                    Ok(())
                }
                None if has_begun => Ok(()), // Whatever comes next was written down.
                None => self.begin_child(id),
            };
        };
        let (state, input) = (at.state, at.input.clone());
        let is_joined = match &at.phase {
            Phase::Deciding => None,
            Phase::Composite { results, open: 0, begun, .. } => Some(results.len() <= *begun),
            // Its branches go on themselves.
            Phase::Composite { .. }
            | Phase::Waiting { .. }
            | Phase::Retrying { .. }
            | Phase::Attempting(_) => {
                return Ok(());
            }
            Phase::MapRun(_) => return self.redrive_map_run(id),
        };
        let program = self.program;
        match (&program[state].kind, is_joined) {
            (StateKind::Map(map), Some(false)) => self.begin_next_iteration(id, map),
            (StateKind::Map(_) | StateKind::Parallel(_), Some(_)) => self.join(id),
            (StateKind::Task(task), _) => self.schedule(id, task),
            (StateKind::Parallel(parallel), None) => self.begin_branches(id, parallel),
            (StateKind::Map(map), None) => self.begin_map(id, map),
            (StateKind::Wait(wait), _) => self.wait(id, wait, &input),
            (StateKind::Choice(choice), _) => self.choice(id, choice, input),
            (StateKind::Pass(pass), _) => self.pass(id, pass, input),
            (StateKind::Succeed(succeed), _) => self.succeed(id, succeed, input),
            // AWS: it is entered again, and fails again.
            (StateKind::Fail(_), _) => {
                self.enter(id, state, input);
                Ok(())
            }
        }
    }

    /// Begins a branch or iteration whose turn had not come.
    pub(super) fn begin_child(&mut self, id: FrameId) -> Flow {
        let Some(frame) = self.execution.frames.get(&id) else { return Ok(()) };
        let (Some(parent), index) = (frame.parent, frame.index) else { return Ok(()) };
        match self.first_of(parent, index) {
            Ok(Some((state, input))) => {
                self.enter(id, state, input);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => {
                self.give_up_children(parent, None, self.tail(parent))?;
                self.fault(parent, error)
            }
        }
    }

    /// The first state of a branch or iteration, and its input.
    fn first_of(&self, parent: FrameId, index: usize) -> Result<Option<(StateId, Payload)>, DataError> {
        let Some(state) = self.state_of(parent) else { return Ok(None) };
        match &self.program[state].kind {
            StateKind::Parallel(parallel) => {
                let Some(start_at) = parallel.branches.get(index) else { return Ok(None) };
                Ok(Some((*start_at, self.branch_input(parent, parallel)?)))
            }
            StateKind::Map(map) => Ok(Some((map.processor, self.next(parent, map, index)?))),
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_)
            | StateKind::Task(_) => Ok(None), // Only the two above have children.
        }
    }

    /// Writes down which states the frames within `top` were about to enter, which nothing else tells.
    pub(super) fn keep_work(&mut self, top: FrameId) {
        if self.env.limits.events_max.is_none() {
            return; // Express executions are not redriven.
        }
        let mut kept = Vec::new();
        for Work::Enter { frame, state, input } in &self.work {
            // One that has not begun begins with what its parent gives it.
            let has_begun = self.execution.frames.get(frame).is_some_and(|frame| frame.output.is_some());
            if has_begun && self.is_within(*frame, top) {
                let next = Next { state: self.program[*state].name.clone(), input: input.clone() };
                kept.push((*frame, next));
            }
        }
        for (frame, next) in kept {
            self.note(frame, Note::Paused { next });
        }
    }

    fn is_within(&self, mut frame: FrameId, top: FrameId) -> bool {
        while frame != top {
            match self.execution.frames.get(&frame).and_then(|frame| frame.parent) {
                Some(parent) => frame = parent,
                None => return false,
            }
        }
        true
    }
}
