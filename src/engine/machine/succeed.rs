//! Succeed: ends its machine, branch or iteration well.

use super::super::execution::FrameId;
use super::Stage;
use super::exit::Assigned;
use super::stepper::{Flow, Stepper};
use crate::asl::{Succeed, Transition};
use crate::json::Payload;

impl Stepper<'_> {
    pub(super) fn succeed(&mut self, frame: FrameId, succeed: &Succeed, input: Payload) -> Flow {
        let output = self
            .select(frame, &succeed.flow.input_path, input)
            .inspect(|effective| self.saw(Stage::InputPath, effective))
            .and_then(|effective| {
                self.hand_on(frame, &succeed.flow.output_path, succeed.flow.output.as_ref(), effective)
            });
        match output {
            Ok(output) => self.exit(frame, output, Assigned::new(), Transition::End),
            Err(error) => self.fault(frame, error),
        }
    }
}
