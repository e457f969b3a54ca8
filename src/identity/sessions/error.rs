//! Why no session begins, in the words of STS.

use std::sync::Arc;

use crate::identity::iam::IamError;
use crate::policy;
use crate::store;

/// Why a session was not begun.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// `AccessDenied`: the trust policy or the caller's own ones say no, or there is no such role.
    #[error("User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}")]
    NotAuthorized {
        /// Who asked.
        user: Arc<str>,
        /// For which role.
        role: String,
    },
    /// `AccessDenied`: the caller is in a session.
    #[error("Cannot call GetSessionToken with session credentials")]
    SessionOfSession,
    /// `ValidationError`: the ARN is no role's.
    #[error("{0} is invalid")]
    RoleArn(String),
    /// `ValidationError`: longer than the role's sessions may be.
    #[error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")]
    TooLong,
    /// `ValidationError`: longer than sessions that begin with sessions may be.
    #[error(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    )]
    ChainedTooLong,
    /// `MalformedPolicyDocument`: a session policy is none.
    #[error("Syntax errors in policy: {0}")]
    Policy(#[from] policy::Error),
    /// `LimitExceeded`.
    #[error("The number of sessions has reached the maximum limit: {0}")]
    TooMany(usize),
    /// IAM's own reasons.
    #[error(transparent)]
    Iam(#[from] IamError),
    /// A stored record can't be read; our fault.
    #[error("stored record can't be read")]
    Corrupt(#[from] serde_json::Error),
    /// The disk's fault.
    #[error(transparent)]
    Store(#[from] store::Error),
}
