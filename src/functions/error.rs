//! Why a function isn't called, or isn't kept.

use super::package::PackageError;
use super::runtime::RuntimeError;
use crate::store;

/// What can go wrong before a function runs. A function that fails has answered: see
/// [`Answer::function_error`](super::Answer::function_error).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It is there already, or is changed at the same time.
    #[error("{0}")]
    Conflict(String),
    /// A value is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Not allowed to whoever calls.
    #[error("{0}")]
    Denied(String),
    /// The revision isn't the latest.
    #[error(
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve \
         the latest Revision Id"
    )]
    Revision,
    /// The package can't be used.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The runtime does not run here.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Too many invocations at one time.
    #[error("Rate Exceeded.")]
    Throttled(Throttle),
    /// The policy is too long.
    #[error("The final policy size ({0}) is bigger than the limit (20480).")]
    PolicyLength(usize),
    /// The store has all that it may have.
    #[error("Code storage limit exceeded.")]
    CodeStorage,
    /// An event is too large.
    #[error("Request must be smaller than {0} bytes for the InvokeFunction operation")]
    EventTooLarge(usize),
    /// An event isn't JSON.
    #[error("Could not parse request body into json: {0}")]
    NotJson(String),
    /// The server is stopping.
    #[error("the server is being closed")]
    Closed,
    /// What is stored can't be read.
    #[error("what is stored of a function can't be read")]
    Record(#[from] serde_json::Error),
    /// A file or process.
    #[error("an instance can't be kept or started")]
    Io(#[from] std::io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// The function's own.
    Function,
    /// The server's.
    Account,
}

impl Throttle {
    /// AWS's word for it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Function => "ReservedFunctionConcurrentInvocationLimitExceeded",
            Self::Account => "ConcurrentInvocationLimitExceeded",
        }
    }
}
