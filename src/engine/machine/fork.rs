//! The middle of another execution as the beginning of this one, and Waits that end before their time.
//!
//! AWS has neither. A fork enters the states around its own again, with the inputs that they had: history shows them as
//! entered, so that it reads like any other. Of what is inside them, branches and iterations that were done keep their
//! output, without events of their own; those that were under way enter the state that they were in.

use std::collections::BTreeMap;

use super::super::event::{EventKind, Iteration, StateType};
use super::super::execution::{At, Fork, FrameId, Next, Note, Phase};
use super::stepper::{Flow, Stepper};
use super::{TimerKey, TimerKind};
use crate::asl::StateKind;

impl Stepper<'_> {
    /// Begins in the middle of another execution.
    pub(super) fn fork(&mut self, fork: &Fork) -> Flow {
        self.begin()?;
        self.take_over(fork, FrameId::ROOT, FrameId::ROOT)
    }

    /// Lets the frame `here` go on as `there` did in the other execution.
    fn take_over(&mut self, fork: &Fork, there: FrameId, here: FrameId) -> Flow {
        let Some(frame) = fork.frames.get(&there) else { return Ok(()) };
        if !frame.variables.is_empty() {
            self.note(here, Note::Forked { variables: frame.variables.clone(), output: None });
        }
        if let Some(next) = fork.next.get(&there) {
            return self.go_to(here, next);
        }
        match (&frame.at, &frame.paused) {
            (Some(at), _) => match at.phase {
                Phase::Composite { .. } => self.take_over_inside(fork, there, here, at),
                Phase::Deciding
                | Phase::Waiting { .. }
                | Phase::Retrying { .. }
                | Phase::Attempting(_)
                | Phase::MapRun(_) => {
                    self.enter(here, at.state, at.input.clone());
                    Ok(())
                }
            },
            (None, Some(paused)) => self.go_to(here, &paused.next),
            (None, None) => self.begin_child(here),
        }
    }

    fn go_to(&mut self, frame: FrameId, next: &Next) -> Flow {
        if let Some(state) = self.program.find(&next.state) {
            self.enter(frame, state, next.input.clone());
        }
        Ok(())
    }

    /// Enters a Parallel or Map that the other execution was inside of.
    fn take_over_inside(&mut self, fork: &Fork, there: FrameId, here: FrameId, at: &At) -> Flow {
        let Phase::Composite { results, begun, items, .. } = &at.phase else { return Ok(()) };
        let program = self.program;
        let state = &program[at.state];
        let (state_type, name) = (StateType::from(&state.kind), state.name.clone());
        self.emit(here, EventKind::StateEntered { state_type, name: name.clone(), input: at.input.clone() })?;
        let map = match &state.kind {
            StateKind::Map(map) => {
                let note = items.clone().map(|items| Note::Items { items });
                self.emit_with(here, EventKind::MapStateStarted { length: results.len() as u64 }, note)?;
                Some(map)
            }
            _ => {
                self.emit(here, EventKind::ParallelStateStarted)?;
                None
            }
        };
        let inside = fork.frames.iter().filter(|(_, frame)| frame.parent == Some(there));
        let inside: BTreeMap<usize, FrameId> = inside.map(|(id, frame)| (frame.index, *id)).collect();
        for index in 0..*begun {
            let child = self.execution.next_frame();
            let note = Note::Child { index };
            match inside.get(&index) {
                Some(open) if map.is_some() => {
                    let iteration = Iteration { name: name.clone(), index: index as u64 };
                    self.emit_with(here, EventKind::MapIterationStarted(iteration), Some(note))?;
                    self.take_over(fork, *open, child)?;
                }
                Some(open) => {
                    self.note(here, note);
                    self.take_over(fork, *open, child)?;
                }
                None => {
                    self.note(here, note);
                    let output = results.get(index).cloned().flatten();
                    self.note(child, Note::Forked { variables: BTreeMap::new(), output });
                    self.note(child, Note::ChildEnded);
                }
            }
        }
        if !inside.is_empty() {
            return Ok(());
        }
        match map {
            Some(map) if *begun < results.len() => self.begin_next_iteration(here, map),
            Some(_) | None => self.join(here),
        }
    }

    /// Ends Waits that go on: that of the state called `only`, or all. `None` if there is none.
    pub(super) fn skip_waits(&mut self, only: Option<&str>) -> Option<Flow> {
        let waiting: Vec<FrameId> =
            self.execution.waiting(self.program, only).map(|(frame, _)| frame).collect();
        if waiting.is_empty() {
            return None;
        }
        let skipped: Flow = waiting.into_iter().try_for_each(|frame| {
            // What came before may have given it up.
            let at = self.execution.frames.get(&frame).and_then(|frame| frame.at.as_ref());
            let Some(stamp) = at.filter(|at| at.is_waiting()).map(|at| at.entered_event) else {
                return Ok(());
            };
            self.cancel(TimerKey { frame, kind: TimerKind::Wait, stamp });
            self.wait_is_over(frame)
        });
        Some(skipped)
    }
}
