//! Pass: hands its input on, perhaps changed.

use super::super::execution::FrameId;
use super::Stage;
use super::exit::Assigned;
use super::stepper::{Flow, Stepper};
use crate::asl::{DataError, Pass};
use crate::json::Payload;

impl Stepper<'_> {
    pub(super) fn pass(&mut self, frame: FrameId, pass: &Pass, input: Payload) -> Flow {
        match self.pass_output(frame, pass, input) {
            Ok((output, assigned)) => self.exit(frame, output, assigned, pass.next),
            Err(error) => self.fault(frame, error),
        }
    }

    fn pass_output(
        &self,
        frame: FrameId,
        pass: &Pass,
        input: Payload,
    ) -> Result<(Payload, Assigned), DataError> {
        // A Pass that changes nothing never looks inside; what InputPath can't find fails it, also beside a Result.
        let effective = self.select(frame, &pass.input_path, input)?;
        let result = match (&pass.result, &pass.parameters) {
            (None, None) => effective.clone(),
            _ => Payload::from_value(pass.result(&self.scope(frame, effective.value()))?.into_owned()),
        };
        // A Result takes the place of what the input would have become, which is not looked at then.
        if pass.result.is_some() {
            self.saw(Stage::Result, &result);
        } else {
            self.saw(Stage::InputPath, &effective);
            self.saw(Stage::Parameters, &result);
        }
        self.saw(Stage::ResultSelector, &result);
        let assigned = match &pass.assign {
            None => Assigned::new(),
            Some(assign) => self.assigned(assign, frame, self.scope(frame, result.value()))?,
        };
        let placed = self.place(frame, &pass.result_path, result)?;
        self.saw(Stage::ResultPath, &placed);
        Ok((self.hand_on(frame, &pass.output_path, pass.output.as_ref(), placed)?, assigned))
    }
}
