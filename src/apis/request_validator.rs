//! Request validators: which parts of a request are checked before the backend is called.

use super::ids::RequestValidatorId;

/// See [RequestValidator](https://docs.aws.amazon.com/apigateway/latest/api/API_RequestValidator.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestValidator {
    /// Id.
    pub id: RequestValidatorId,
    /// The owner's name for it.
    pub name: Option<String>,
    /// Whether bodies are checked against the method's request models.
    pub validate_request_body: bool,
    /// Whether required parameters are checked.
    pub validate_request_parameters: bool,
}
