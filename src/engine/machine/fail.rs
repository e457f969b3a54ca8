//! Fail: ends its machine, branch or iteration with an error.

use std::sync::Arc;

use super::super::event::Failure;
use super::super::execution::FrameId;
use super::exit::too_large;
use super::stepper::{Flow, Stepper};
use super::{PAYLOAD_BYTES_MAX, Stage};
use crate::asl::{DataError, Fail, FailText};
use crate::json::Payload;

impl Stepper<'_> {
    pub(super) fn fail(&mut self, frame: FrameId, fail: &Fail, input: &Payload) -> Flow {
        self.saw(Stage::InputPath, input);
        let resolve = |text: &Option<FailText>| -> Result<Option<Arc<str>>, DataError> {
            let Some(text) = text else { return Ok(None) };
            // A literal needs no input parsed.
            Ok(Some(match text {
                FailText::Literal(text) => text.as_str().into(),
                FailText::Computed { .. } | FailText::Query(_) => {
                    let text = text.resolve(&self.scope(frame, input.value()))?;
                    if PAYLOAD_BYTES_MAX < text.len() {
                        return Err(too_large(&self.name_of(frame)));
                    }
                    text.into()
                }
            }))
        };
        match (resolve(&fail.error), resolve(&fail.cause)) {
            (Ok(error), Ok(cause)) => self.frame_failed(frame, Failure { error, cause }),
            (Err(error), _) | (_, Err(error)) => self.fault(frame, error),
        }
    }
}
