//! The refusal of a request that breaks a rule.

use http::StatusCode;

use crate::connect::Response;
use crate::server::front_door;

/// What its client is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The response, in the shape of API Gateway's errors. For most of these refusals, AWS has no message.
    pub(super) fn into_response(self) -> Response {
        let code = match self.status {
            StatusCode::BAD_REQUEST => "BadRequestException",
            StatusCode::NOT_IMPLEMENTED => "NotImplementedException",
            StatusCode::MISDIRECTED_REQUEST => "MisdirectedRequestException",
            StatusCode::EXPECTATION_FAILED => "ExpectationFailedException",
            StatusCode::HTTP_VERSION_NOT_SUPPORTED => "HttpVersionNotSupportedException",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "RequestHeaderFieldsTooLargeException",
            _ => "InternalFailure",
        };
        front_door::refusal(self.status, code, &self.message)
    }
}
