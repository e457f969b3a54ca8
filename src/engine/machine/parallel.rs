//! Parallel: runs branches side by side, each in a frame of its own.

use super::super::event::EventKind;
use super::super::execution::{FrameId, Note};
use super::exit::too_large_to_give;
use super::stepper::{Flow, Stepper};
use super::{PAYLOAD_BYTES_MAX, Stage};
use crate::asl::{DataError, Parallel, PathField};
use crate::json::Payload;

impl Stepper<'_> {
    /// Starts every branch of the Parallel that `frame` is in, also for a retry.
    pub(super) fn begin_branches(&mut self, frame: FrameId, parallel: &Parallel) -> Flow {
        let input = match self.branch_input(frame, parallel) {
            Ok(input) => input,
            Err(error) => return self.fault(frame, error),
        };
        if let Some(mock) = self.env.trial.and_then(|trial| trial.mock) {
            return self.try_parallel(frame, parallel, mock);
        }
        self.emit(frame, EventKind::ParallelStateStarted)?;
        for (index, start_at) in parallel.branches.iter().enumerate() {
            let child = self.execution.next_frame();
            self.note(frame, Note::Child { index });
            self.enter(child, *start_at, input.clone());
        }
        Ok(())
    }

    pub(super) fn branch_input(&self, frame: FrameId, parallel: &Parallel) -> Result<Payload, DataError> {
        let effective = self.select(frame, &parallel.flow.input_path, self.raw_input(frame))?;
        // Only what it has is shown of a Parallel, as recorded.
        if !matches!(parallel.flow.input_path, PathField::Whole) {
            self.saw(Stage::InputPath, &effective);
        }
        match &parallel.flow.parameters {
            None => Ok(effective),
            Some(parameters) => {
                let value = parameters.evaluate(&self.scope(frame, effective.value()))?;
                let input = Payload::from_value(value);
                self.saw(Stage::Parameters, &input);
                if PAYLOAD_BYTES_MAX < input.len_bytes() {
                    return Err(too_large_to_give(&self.name_of(frame)));
                }
                Ok(input)
            }
        }
    }
}
