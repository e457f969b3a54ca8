//! The middle of an execution, where another one begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{At, Entry, Execution, Frame, FrameId, Next, Phase};
use crate::asl::Program;
use crate::engine::event::EventKind;
use crate::json::Payload;

/// How an execution stood when it was about to enter a state, and what that is entered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Fork {
    pub(crate) frames: BTreeMap<FrameId, Frame>,
    /// How frames go on that were between two states.
    pub(crate) next: BTreeMap<FrameId, Next>,
    /// Frames of which that is not known yet.
    wanted: Vec<FrameId>,
}

impl Fork {
    /// From an execution as it stood before `entry`, in which it enters a state; `input` is in the place of what the state
    /// had then.
    pub(crate) fn before(execution: &Execution, entry: &Entry, input: Option<Payload>) -> Option<Self> {
        let mut next = next_of(entry)?;
        if let Some(input) = input {
            next.input = input;
        }
        let frames = execution.frames.clone();
        // One that has an output and is in no state has left one in the same step.
        let is_between = |frame: &Frame| {
            frame.at.is_none() && frame.paused.is_none() && (frame.output.is_some() || frame.parent.is_none())
        };
        let wanted = frames.iter().filter(|(id, frame)| **id != entry.frame && is_between(frame));
        let wanted = wanted.map(|(id, _)| *id).collect();
        Some(Self { frames, next: BTreeMap::from([(entry.frame, next)]), wanted })
    }

    /// Takes in what was written after the fork; whether all is known.
    pub(crate) fn look_at(&mut self, entry: &Entry) -> bool {
        if let Some(place) = self.wanted.iter().position(|frame| *frame == entry.frame)
            && let Some(next) = next_of(entry)
        {
            self.wanted.swap_remove(place);
            self.next.insert(entry.frame, next);
        }
        self.is_whole()
    }

    /// Whether it is known how every frame goes on.
    pub(crate) fn is_whole(&self) -> bool {
        self.wanted.is_empty()
    }
}

/// Which state a frame goes on with, if `entry` says so.
fn next_of(entry: &Entry) -> Option<Next> {
    match (entry.event.as_ref().map(|event| &event.kind), &entry.note) {
        (Some(EventKind::StateEntered { name, input, .. }), _) => {
            Some(Next { state: name.clone(), input: input.clone() })
        }
        (_, Some(super::Note::Paused { next })) => Some(next.clone()),
        _ => None,
    }
}

impl At {
    /// Whether it is a Wait that goes on.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }
}

impl Execution {
    /// The Waits that go on, with the names of their states; of the state called `only` if one is named.
    pub(crate) fn waiting(
        &self,
        program: &Program,
        only: Option<&str>,
    ) -> impl Iterator<Item = (FrameId, Arc<str>)> {
        self.frames.iter().filter_map(move |(id, frame)| {
            let at = frame.at.as_ref().filter(|at| at.is_waiting())?;
            let name = &program[at.state].name;
            only.is_none_or(|only| only == &**name).then(|| (*id, name.clone()))
        })
    }
}
