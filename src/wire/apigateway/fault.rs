//! Turns the gateway's errors into AWS's.

use crate::apis::error::Error;
use crate::wire::{ApiError, Code};

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::BadRequest(_) => Code::BadRequest,
            Error::NotFound(_) => Code::NotFound,
            Error::Conflict(_) => Code::ConflictException,
            Error::LimitExceeded(_) => Code::LimitExceeded,
            Error::AccessDenied(_) => Code::AccessDenied,
            Error::Store(_)
            | Error::Corrupt(_)
            | Error::Certificate(_)
            | Error::Sdk(_)
            | Error::Unfinished => {
                return Self::internal(&error);
            }
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::error::{AccessDenied, BadRequest, Conflict, LimitExceeded, NotFound};

    #[test]
    fn each_kind_has_its_code_and_keeps_its_text() {
        for (error, code, message) in [
            (
                Error::from(BadRequest::Timeout(29_000)),
                Code::BadRequest,
                "Timeout should be between 50 ms and 29000 ms",
            ),
            (NotFound::Stage.into(), Code::NotFound, "Invalid stage identifier specified"),
            (Conflict::Stage.into(), Code::ConflictException, "Stage already exists"),
            (
                LimitExceeded::StageVariables.into(),
                Code::LimitExceeded,
                "Maximum number of stage variables for this stage has been reached.",
            ),
            (AccessDenied::PassRole.into(), Code::AccessDenied, "Cross-account pass role is not allowed."),
        ] {
            let error = ApiError::from(error);
            assert_eq!((error.code, error.message.as_deref()), (code, Some(message)));
        }
    }
}
