//! Why IAM refuses an operation, in AWS's words.

use crate::store;

/// Why an operation failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// `NoSuchEntity`: there is no such role.
    #[error("The role with name {0} cannot be found.")]
    NoRole(String),
    /// `NoSuchEntity`: there is no such inline policy.
    #[error("The role policy with name {0} cannot be found.")]
    NoRolePolicy(String),
    /// `NoSuchEntity`: there is no such managed policy, or it isn't attached.
    #[error("Policy {0} was not found.")]
    NoPolicy(String),
    /// `NoSuchEntity`, in the words of AttachRolePolicy.
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    /// `EntityAlreadyExists`: there is a role of this name.
    #[error("Role with name {0} already exists.")]
    RoleExists(String),
    /// `EntityAlreadyExists`: there is a policy of this name.
    #[error("A policy called {0} already exists. Duplicate names are not allowed.")]
    PolicyExists(String),
    /// `DeleteConflict`: managed policies are attached to the role.
    #[error("Cannot delete entity, must detach all policies first.")]
    RoleHasAttachedPolicies,
    /// `DeleteConflict`: the role has inline policies.
    #[error("Cannot delete entity, must delete policies first.")]
    RoleHasPolicies,
    /// `DeleteConflict`: the policy is attached to a role.
    #[error("Cannot delete a policy attached to entities.")]
    PolicyAttached,
    /// `AccessDenied`: the policy belongs to AWS.
    #[error("Policy {0} is managed by AWS and can't be changed.")]
    NotYourPolicy(String),
    /// `MalformedPolicyDocument`: not JSON.
    #[error("This policy contains invalid Json")]
    InvalidJson,
    /// `MalformedPolicyDocument`: not a JSON object.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// `LimitExceeded`: the account's roles; the number is the limit.
    #[error("Cannot exceed quota for RolesPerAccount: {0}")]
    TooManyRoles(usize),
    /// `LimitExceeded`: the role's attached policies; the number is the limit.
    #[error("Cannot exceed quota for PoliciesPerRole: {0}")]
    TooManyAttached(usize),
    /// `LimitExceeded`: the role's tags; the number is the limit.
    #[error("The number of tags has reached the maximum limit: {0}")]
    TooManyTags(usize),
    /// `InvalidInput`: a tag key occurs twice.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTags,
    /// The store failed: a server error.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The purpose of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A trust policy: who may assume the role.
    Trust,
    /// What may be done.
    Permissions,
}

/// Refuses text that is not a JSON object. The statements are not checked.
pub(super) fn check_document(kind: DocumentKind, document: &str) -> Result<(), IamError> {
    match (serde_json::from_str::<serde_json::Value>(document), kind) {
        (Ok(serde_json::Value::Object(_)), _) => Ok(()),
        (Ok(_), _) | (Err(_), DocumentKind::Permissions) => Err(IamError::Syntax),
        (Err(_), DocumentKind::Trust) => Err(IamError::InvalidJson),
    }
}
