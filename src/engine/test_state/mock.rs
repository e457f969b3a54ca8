//! What a test says that the work of its state comes to.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html>

use serde_json::Value;

use super::{invalid, response_model};
use crate::asl::StateKind;
use crate::engine::Error;
use crate::engine::event::Failure;
use crate::engine::machine::Mocked;
use crate::json::Payload;

/// A mock: a result or an error.
#[derive(Clone, Debug, Default)]
pub struct Mock {
    /// The result, as JSON.
    pub result: Option<String>,
    /// The error.
    pub error: Option<MockedError>,
    /// How a result is held against the model of the API that would give it.
    pub validation: FieldValidation,
}

/// An error that stands for the state's own.
#[derive(Clone, Debug, Default)]
pub struct MockedError {
    /// Its name.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

/// `fieldValidationMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// What is required must be there, and what is there must fit.
    #[default]
    Strict,
    /// What is there must fit.
    Present,
    /// Anything goes.
    None,
}

impl Mock {
    pub(super) fn check_members(&self) -> Result<(), Error> {
        match (&self.result, &self.error) {
            (Some(_), Some(_)) | (None, None) => Err(invalid(
                "A test mock should have only one of the following fields: [result, errorOutput].",
            )),
            // AWS's wording is not recorded.
            (None, Some(MockedError { error: None, .. })) => {
                Err(invalid("The field 'error' is required when mock.errorOutput is specified."))
            }
            (Some(_), None) | (None, Some(_)) => Ok(()),
        }
    }

    /// What the work of `state` comes to.
    pub(super) fn check(&self, state: &StateKind) -> Result<Mocked, Error> {
        let Some(result) = &self.result else {
            let MockedError { error, cause } = self.error.clone().unwrap_or_default();
            return Ok(Err(Failure { error: error.map(Into::into), cause: cause.map(Into::into) }));
        };
        let result =
            Payload::from_text(result.as_str()).map_err(|_| invalid("Mocked result must be valid JSON"))?;
        match state {
            StateKind::Map(map) => {
                let writer = map.distributed.as_ref().and_then(|distributed| distributed.writer.as_ref());
                match writer.and_then(|writer| writer.export.as_ref()) {
                    None => {
                        array(&result)?;
                    }
                    // It comes to where its results were written.
                    Some(_) if result.value().is_object() => {}
                    Some(_) => return Err(invalid("Mocked result must be a JSON object.")),
                }
            }
            StateKind::Parallel(parallel) => {
                if array(&result)?.len() != parallel.branches.len() {
                    return Err(invalid(
                        "Mocked result must contain the same number of items as number of Parallel branches.",
                    ));
                }
            }
            StateKind::Task(task) => {
                response_model::check(&task.resource, result.value(), self.validation)
                    .map_err(|problem| invalid(format!("Mock result schema validation error: {problem}")))?;
            }
            // They take no mock.
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_) => {}
        }
        Ok(Ok(result))
    }
}

fn array(result: &Payload) -> Result<&Vec<Value>, Error> {
    result.value().as_array().ok_or_else(|| invalid("Mocked result must be an array."))
}
