//! Refusals of functions as AWS's errors.

use crate::functions::Error;
use crate::wire::{ApiError, Code};

pub(super) const INVALID: Code = Code::model("InvalidParameterValueException", 400);
const MISSING: Code = Code::model("ResourceNotFoundException", 404);
const CONFLICT: Code = Code::model("ResourceConflictException", 409);
const REVISION: Code = Code::model("PreconditionFailedException", 412);
const POLICY: Code = Code::model("PolicyLengthExceededException", 400);
const STORAGE: Code = Code::model("CodeStorageExceededException", 400);
const THROTTLED: Code = Code::TooManyRequests;
const CONTENT: Code = Code::model("InvalidRequestContentException", 400);
const TOO_LARGE: Code = Code::model("RequestTooLargeException", 413);
const SERVICE: Code = Code::model("ServiceException", 500);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::NotFound(_) => MISSING,
            Error::Conflict(_) => CONFLICT,
            Error::Invalid(_) | Error::Package(_) | Error::Runtime(_) => INVALID,
            Error::Denied(_) => Code::AccessDenied,
            Error::Revision => REVISION,
            Error::PolicyLength(_) => POLICY,
            Error::CodeStorage => STORAGE,
            Error::NotJson(_) => CONTENT,
            Error::EventTooLarge(_) => TOO_LARGE,
            Error::Throttled(bound) => {
                return Self::new(THROTTLED, error.to_string())
                    .with("Reason", bound.reason())
                    .with("Type", "User");
            }
            Error::Closed => return Self::new(SERVICE, error.to_string()).with("Type", "Service"),
            Error::Record(_) | Error::Io(_) | Error::Store(_) => {
                // It is logged. State machines know it by Lambda's own name, and try again.
                let _logged = Self::internal(&error);
                let text = "The service encountered an internal error.";
                return Self::new(SERVICE, text.to_owned()).with("Type", "Service");
            }
        };
        Self::new(code, error.to_string()).with("Type", "User")
    }
}

/// A value that this service takes and this server does not.
pub(super) fn unsupported(member: &str) -> ApiError {
    ApiError::new(INVALID, format!("{member} is not supported by this server.")).with("Type", "User")
}

/// A value that is wrong.
pub(super) fn invalid(text: String) -> ApiError {
    ApiError::new(INVALID, text).with("Type", "User")
}

/// Something that isn't there.
pub(super) fn missing(text: &str) -> ApiError {
    ApiError::new(MISSING, text.to_owned()).with("Type", "User")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::Throttle;

    #[test]
    fn each_kind_has_its_code_and_keeps_its_text() {
        for (error, name, text) in [
            (Error::NotFound("gone".into()), "ResourceNotFoundException", "gone"),
            (Error::Conflict("there".into()), "ResourceConflictException", "there"),
            (Error::Throttled(Throttle::Function), "TooManyRequestsException", "Rate Exceeded."),
            (
                Error::Io(std::io::ErrorKind::StorageFull.into()),
                "ServiceException",
                "The service encountered an internal error.",
            ),
            (
                Error::EventTooLarge(6),
                "RequestTooLargeException",
                "Request must be smaller than 6 bytes for the InvokeFunction operation",
            ),
        ] {
            let error = ApiError::from(error);
            assert_eq!((error.code.name, error.message.as_deref()), (name, Some(text)));
        }
    }
}
