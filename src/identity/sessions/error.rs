//! Why a session can't be started, in the words of STS.

use std::sync::Arc;

use crate::identity::iam::IamError;
use crate::policy;
use crate::store;

/// Why a session was not started.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// `AccessDenied`: the trust policy or the caller's own policies don't allow it, or there is no such role.
    #[error("User: {user} is not authorized to perform: {action} on resource: {role}")]
    NotAuthorized {
        /// The caller's ARN.
        user: Arc<str>,
        /// What is not allowed: `sts:AssumeRole`.
        action: &'static str,
        /// The role's ARN.
        role: String,
    },
    /// `AccessDenied`: the trust policy doesn't allow the bearer of a token, or there is no such role.
    #[error("Not authorized to perform sts:AssumeRoleWithWebIdentity")]
    NotForBearer,
    /// `AccessDenied`: the caller is in a session.
    #[error("Cannot call {0} with session credentials")]
    SessionOfSession(&'static str),
    /// `AccessDenied`: a tag that the caller's session hands down.
    #[error(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling \
         session."
    )]
    TransitiveTag,
    /// `AccessDenied`: somebody else is behind the caller's session.
    #[error("The source identity of the calling session can't be changed.")]
    SourceIdentity,
    /// `InvalidParameterValue`: a tag key occurs twice.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTags,
    /// `InvalidParameterValue`: a transitive key that is no tag's.
    #[error("The specified transitive tag key must be included in the requested tags.")]
    NoSuchTag,
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
