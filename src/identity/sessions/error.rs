//! Why a session can't be started, in the words of STS.

use std::sync::Arc;

use crate::identity::iam::IamError;
use crate::policy;
use crate::store;

/// Why a session was not started.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// `AccessDenied`: the trust policy or the caller's own policies don't allow it, or there is no such role.
    #[error("User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}")]
    NotAuthorized {
        /// The caller's ARN.
        user: Arc<str>,
        /// The role's ARN.
        role: String,
    },
    /// `AccessDenied`: the caller is in a session.
    #[error("Cannot call GetSessionToken with session credentials")]
    SessionOfSession,
    /// `ValidationError`: not the ARN of a role.
    #[error("{0} is invalid")]
    RoleArn(String),
    /// `ValidationError`: longer than the role's maximum session duration.
    #[error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")]
    TooLong,
    /// `ValidationError`: longer than the limit for role chaining.
    #[error(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    )]
    ChainedTooLong,
    /// `MalformedPolicyDocument`: an invalid session policy.
    #[error("Syntax errors in policy: {0}")]
    Policy(#[from] policy::Error),
    /// `LimitExceeded`: the number of sessions; the number is the limit.
    #[error("The number of sessions has reached the maximum limit: {0}")]
    TooMany(usize),
    /// An error of IAM.
    #[error(transparent)]
    Iam(#[from] IamError),
    /// The store failed: a server error.
    #[error(transparent)]
    Store(#[from] store::Error),
}
