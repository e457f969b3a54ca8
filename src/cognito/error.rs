//! Refusals, in the words of Cognito.

use std::borrow::Cow;

use crate::identity::SessionError;
use crate::store;
use crate::wire::{ApiError, Code};

pub(crate) const INVALID_PARAMETER: Code = Code::model("InvalidParameterException", 400);
pub(crate) const LIMIT_EXCEEDED: Code = Code::model("LimitExceededException", 400);
pub(crate) const NOT_AUTHORIZED: Code = Code::model("NotAuthorizedException", 400);
pub(crate) const RESOURCE_CONFLICT: Code = Code::model("ResourceConflictException", 400);
pub(crate) const RESOURCE_NOT_FOUND: Code = Code::model("ResourceNotFoundException", 400);
pub(crate) const POOL_CONFIGURATION: Code = Code::model("InvalidIdentityPoolConfigurationException", 400);
pub(crate) const EXTERNAL_SERVICE: Code = Code::model("ExternalServiceException", 400);
pub(crate) const USER_NOT_FOUND: Code = Code::model("UserNotFoundException", 400);
pub(crate) const USERNAME_EXISTS: Code = Code::model("UsernameExistsException", 400);
pub(crate) const ALIAS_EXISTS: Code = Code::model("AliasExistsException", 400);
pub(crate) const GROUP_EXISTS: Code = Code::model("GroupExistsException", 400);
pub(crate) const INVALID_PASSWORD: Code = Code::model("InvalidPasswordException", 400);
pub(crate) const CODE_MISMATCH: Code = Code::model("CodeMismatchException", 400);
pub(crate) const EXPIRED_CODE: Code = Code::model("ExpiredCodeException", 400);
pub(crate) const NOT_CONFIRMED: Code = Code::model("UserNotConfirmedException", 400);
pub(crate) const RESET_REQUIRED: Code = Code::model("PasswordResetRequiredException", 400);
pub(crate) const UNSUPPORTED_USER_STATE: Code = Code::model("UnsupportedUserStateException", 400);
pub(crate) const DEVELOPER_USER: Code = Code::model("DeveloperUserAlreadyRegisteredException", 400);

/// Why an operation isn't carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The caller is told so.
    #[error(transparent)]
    Refused(ApiError),
    /// The operating system has no randomness, or a key can't be used.
    #[error("a key can't be made or used")]
    Key,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A role can't be assumed.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Error {
    /// A refusal with a text.
    pub(crate) fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(ApiError::new(code, text))
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refused) => refused,
            Error::Key | Error::Store(_) => internal(&error),
            Error::Session(error) => match error {
                SessionError::Iam(_) | SessionError::Store(_) => internal(&error),
                other => other.into(),
            },
        }
    }
}

/// A server error, by Cognito's name; it is logged.
fn internal(error: &dyn std::error::Error) -> ApiError {
    let _logged = ApiError::internal(error);
    ApiError::new(Code::model("InternalErrorException", 500), "Something went wrong")
}

/// A member that AWS takes and this server does not.
pub(crate) fn unsupported(member: &str) -> Error {
    Error::new(INVALID_PARAMETER, format!("{member} is not supported by this server."))
}
