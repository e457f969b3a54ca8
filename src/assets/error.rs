//! Refusals, and what fails inside.

use std::borrow::Cow;
use std::io;

use crate::store;
use crate::wire::{ApiError, Code};

/// Why an operation isn't carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The caller is told so.
    #[error(transparent)]
    Refused(ApiError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file can't be read or written.
    #[error("a file can't be read or written")]
    Io(#[from] io::Error),
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
            Error::Io(ref cause) if cause.kind() == io::ErrorKind::StorageFull => {
                let _logged = Self::internal(&error);
                Self::new(Code::ServiceUnavailable, "The disk is full.")
            }
            Error::Store(_) | Error::Io(_) => Self::internal(&error),
        }
    }
}
