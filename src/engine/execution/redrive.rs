//! What an execution keeps for a redrive, and how it is taken up again.
//!
//! What is given up inside a Parallel or Map stays with that state until it is tried again or left; what stands when
//! the execution ends otherwise than well stays with the execution. So a redrive goes on exactly where it stopped, and
//! what was done is not done again.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>

use std::collections::BTreeMap;

use super::frame::SetAside;
use super::{Execution, Frame, FrameId, Phase};
use crate::asl::ErrorName;
use crate::clock::Timestamp;

impl Execution {
    /// Sets aside what runs inside the state that `top` is in.
    pub(super) fn give_up_below(&mut self, top: FrameId) {
        let frames = self.take_below(top);
        let Some(at) = self.frames.get_mut(&top).and_then(|frame| frame.at.as_mut()) else { return };
        let phase = std::mem::replace(&mut at.phase, Phase::Deciding);
        at.set_aside = Some(Box::new(SetAside { phase, frames }));
    }

    /// A Map Run has failed: it stays with its state until that is tried again or left.
    pub(super) fn set_map_run_aside(&mut self, id: FrameId) {
        let Some(at) = self.frames.get_mut(&id).and_then(|frame| frame.at.as_mut()) else { return };
        let phase = std::mem::replace(&mut at.phase, Phase::Deciding);
        at.set_aside = Some(Box::new(SetAside { phase, frames: BTreeMap::new() }));
    }

    fn take_below(&mut self, top: FrameId) -> BTreeMap<FrameId, Frame> {
        // Children have higher numbers than their parents, so one pass in order finds every descendant.
        let mut found = vec![top];
        for (id, frame) in self.frames.range(FrameId(top.0 + 1)..) {
            if frame.parent.is_some_and(|parent| found.binary_search(&parent).is_ok()) {
                found.push(*id);
            }
        }
        found[1..].iter().filter_map(|id| Some((*id, self.frames.remove(id)?))).collect()
    }

    /// Opens the execution again: every state that was entered and not left is to be decided anew, with its retries
    /// uncounted. A Parallel or Map keeps what is done of it, unless the limit on data was what failed it: as on AWS
    /// it then begins from the start.
    pub(super) fn take_up_again(&mut self, redrive_count: u32, now: Timestamp) {
        let Some(ending) = self.ending.take() else { return };
        self.redrive_count = redrive_count;
        self.redriven = Some(now);
        self.frames = std::mem::take(&mut self.unsuccessful);
        if ending.failure.error.as_deref() == Some(ErrorName::DataLimitExceeded.as_str()) {
            self.take_below(FrameId::ROOT);
            if let Some(at) = self.frames.get_mut(&FrameId::ROOT).and_then(|frame| frame.at.as_mut()) {
                at.set_aside = None;
                at.phase = Phase::Deciding;
            }
        }
        let mut open: Vec<FrameId> = self.frames.keys().copied().collect();
        while let Some(id) = open.pop() {
            let Some(at) = self.frames.get_mut(&id).and_then(|frame| frame.at.as_mut()) else { continue };
            at.retries.clear();
            at.retry_count = 0;
            match (at.set_aside.take(), &at.phase) {
                (Some(set_aside), _) => {
                    at.phase = set_aside.phase;
                    open.extend(set_aside.frames.keys());
                    self.frames.extend(set_aside.frames);
                }
                (None, Phase::Composite { .. } | Phase::MapRun(_)) => {}
                (
                    None,
                    Phase::Deciding | Phase::Waiting { .. } | Phase::Retrying { .. } | Phase::Attempting(_),
                ) => at.phase = Phase::Deciding,
            }
        }
    }
}
