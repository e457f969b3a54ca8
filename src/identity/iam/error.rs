//! Why IAM refuses, in its words.

use crate::store;

/// Why an operation was not carried out. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// `NoSuchEntity`.
    #[error("The role with name {0} cannot be found.")]
    NoRole(String),
    /// `NoSuchEntity`: no such inline policy.
    #[error("The role policy with name {0} cannot be found.")]
    NoRolePolicy(String),
    /// `NoSuchEntity`: no such managed policy, or it isn't attached.
    #[error("Policy {0} was not found.")]
    NoPolicy(String),
    /// `NoSuchEntity`, as AttachRolePolicy words it.
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    /// `EntityAlreadyExists`.
    #[error("Role with name {0} already exists.")]
    RoleExists(String),
    /// `EntityAlreadyExists`.
    #[error("A policy called {0} already exists. Duplicate names are not allowed.")]
    PolicyExists(String),
    /// `DeleteConflict`: managed policies are attached.
    #[error("Cannot delete entity, must detach all policies first.")]
    RoleHasAttachedPolicies,
    /// `DeleteConflict`: there are inline policies.
    #[error("Cannot delete entity, must delete policies first.")]
    RoleHasPolicies,
    /// `DeleteConflict`: the policy is attached.
    #[error("Cannot delete a policy attached to entities.")]
    PolicyAttached,
    /// `AccessDenied`: the policy belongs to AWS.
    #[error("Policy {0} is managed by AWS and can't be changed.")]
    NotYourPolicy(String),
    /// `MalformedPolicyDocument`: no JSON.
    #[error("This policy contains invalid Json")]
    InvalidJson,
    /// `MalformedPolicyDocument`: no JSON object.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// `LimitExceeded`.
    #[error("Cannot exceed quota for RolesPerAccount: {0}")]
    TooManyRoles(usize),
    /// `LimitExceeded`.
    #[error("Cannot exceed quota for PoliciesPerRole: {0}")]
    TooManyAttached(usize),
    /// `LimitExceeded`.
    #[error("The number of tags has reached the maximum limit: {0}")]
    TooManyTags(usize),
    /// `InvalidInput`.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTags,
    /// A stored record can't be read; our fault.
    #[error("stored record can't be read")]
    Corrupt(#[from] serde_json::Error),
    /// The disk's fault.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What a policy document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Who may assume a role.
    Trust,
    /// What may be done.
    Permissions,
}

/// Refuses what is no JSON object. What the statements say is not looked at.
pub(super) fn check_document(kind: DocumentKind, document: &str) -> Result<(), IamError> {
    match (serde_json::from_str::<serde_json::Value>(document), kind) {
        (Ok(serde_json::Value::Object(_)), _) => Ok(()),
        (Ok(_), _) | (Err(_), DocumentKind::Permissions) => Err(IamError::Syntax),
        (Err(_), DocumentKind::Trust) => Err(IamError::InvalidJson),
    }
}
