//! Choice: picks the next state.

use super::super::execution::FrameId;
use super::Stage;
use super::exit::Assigned;
use super::stepper::{Flow, Stepper};
use crate::asl::{Choice, DataError, StateId, Transition};
use crate::json::Payload;

impl Stepper<'_> {
    pub(super) fn choice(&mut self, frame: FrameId, choice: &Choice, input: Payload) -> Flow {
        match self.choose(frame, choice, input) {
            Ok((next, output, assigned)) => self.exit(frame, output, assigned, Transition::Next(next)),
            Err(error) => self.fault(frame, error),
        }
    }

    fn choose(
        &self,
        frame: FrameId,
        choice: &Choice,
        input: Payload,
    ) -> Result<(StateId, Payload, Assigned), DataError> {
        let effective = self.select(frame, &choice.flow.input_path, input)?;
        self.saw(Stage::InputPath, &effective);
        let decision = choice.decide(&self.scope(frame, effective.value()))?;
        let assigned = match decision.assign {
            None => Assigned::new(),
            Some(assign) => self.assigned(assign, frame, self.scope(frame, effective.value()))?,
        };
        let (next, output) = (decision.next, decision.output);
        Ok((next, self.hand_on(frame, &choice.flow.output_path, output, effective.clone())?, assigned))
    }
}
