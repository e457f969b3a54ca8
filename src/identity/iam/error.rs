//! Why IAM refuses an operation, in AWS's words.

use super::Holder;
use crate::policy::{self, Policy, PolicyKind};
use crate::store;

/// Why an operation failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// `NoSuchEntity`: there is no such role.
    #[error("The role with name {0} cannot be found.")]
    NoRole(String),
    /// `NoSuchEntity`: there is no such user.
    #[error("The user with name {0} cannot be found.")]
    NoUser(String),
    /// `NoSuchEntity`: there is no such group.
    #[error("The group with name {0} cannot be found.")]
    NoGroup(String),
    /// `NoSuchEntity`: there is no such instance profile.
    #[error("Instance Profile {0} cannot be found.")]
    NoProfile(String),
    /// `NoSuchEntity`: the user has no such key.
    #[error("The Access Key with id {0} cannot be found.")]
    NoAccessKey(String),
    /// `NoSuchEntity`: there is no such inline policy.
    #[error("The {} policy with name {} cannot be found.", .0.noun(), .1)]
    NoInlinePolicy(Holder, String),
    /// `NoSuchEntity`: there is no boundary to remove.
    #[error("The {} with name {} does not have a permissions boundary.", .0.noun(), .1)]
    NoBoundary(Holder, String),
    /// `NoSuchEntity`: the policy has no such version.
    #[error("Policy {0} version {1} does not exist or is not attachable.")]
    NoVersion(String, String),
    /// `NoSuchEntity`: there is no such managed policy, or it isn't attached.
    #[error("Policy {0} was not found.")]
    NoPolicy(String),
    /// `NoSuchEntity`, in the words of AttachRolePolicy.
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    /// `EntityAlreadyExists`: there is a role of this name.
    #[error("Role with name {0} already exists.")]
    RoleExists(String),
    /// `EntityAlreadyExists`: there is a user of this name.
    #[error("User with name {0} already exists.")]
    UserExists(String),
    /// `EntityAlreadyExists`: there is a group of this name.
    #[error("Group with name {0} already exists.")]
    GroupExists(String),
    /// `EntityAlreadyExists`: there is an instance profile of this name.
    #[error("Instance Profile {0} already exists.")]
    ProfileExists(String),
    /// `EntityAlreadyExists`: there is a policy of this name.
    #[error("A policy called {0} already exists. Duplicate names are not allowed.")]
    PolicyExists(String),
    /// `DeleteConflict`: it still has something.
    #[error("Cannot delete entity, {0}.")]
    Conflict(&'static str),
    /// `DeleteConflict`: the policy has versions besides the default.
    #[error(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default \
         version is deleted with the policy."
    )]
    PolicyHasVersions,
    /// `DeleteConflict`: the version is the one that counts.
    #[error("Cannot delete the default version of a policy.")]
    DefaultVersion,
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
    /// `MalformedPolicyDocument`: the document says something that a policy can't.
    #[error("{0}")]
    Malformed(String),
    /// `LimitExceeded`: a quota of AWS, and its value.
    #[error("Cannot exceed quota for {0}: {1}")]
    TooMany(&'static str, usize),
    /// `LimitExceeded`: the attached policies; the number is the limit.
    #[error("Cannot exceed quota for PoliciesPer{}: {}", .0.title(), .1)]
    TooManyAttached(Holder, usize),
    /// `LimitExceeded`: the inline policies together; the number is the limit.
    #[error("Maximum policy size of {} bytes exceeded for {}", .1, .0.noun())]
    InlineTooLarge(Holder, usize),
    /// `LimitExceeded`: the policy's versions; the number is the limit.
    #[error(
        "A managed policy can have up to {0} versions. Before you create a new version, you must delete an existing version."
    )]
    TooManyVersions(usize),
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

/// The largest trust policy, in characters; white space doesn't count.
const TRUST_CHARS_MAX: usize = 2_048;

/// Refuses what is not a policy, in AWS's words as far as they are known.
pub(super) fn check_document(kind: DocumentKind, document: &str) -> Result<(), IamError> {
    let of_policy = match kind {
        DocumentKind::Trust => PolicyKind::Trust,
        DocumentKind::Permissions => PolicyKind::Identity,
    };
    if kind == DocumentKind::Trust && TRUST_CHARS_MAX < super::holder::counted(document) {
        return Err(IamError::TooMany("ACLSizePerRole", TRUST_CHARS_MAX));
    }
    match Policy::parse(document, of_policy) {
        Ok(policy) => match policy.odd_action() {
            Some(_) => Err(IamError::Malformed(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
            )),
            None => Ok(()),
        },
        Err(error) => Err(malformed(kind, &error)),
    }
}

fn malformed(kind: DocumentKind, error: &policy::Error) -> IamError {
    let said = |text: &str| IamError::Malformed(text.to_owned());
    match (error, kind) {
        (policy::Error::Json(_), DocumentKind::Trust) => IamError::InvalidJson,
        (policy::Error::Json(_) | policy::Error::Type { .. } | policy::Error::UnknownElement(_), _) => {
            IamError::Syntax
        }
        (policy::Error::TooLarge(max), _) => IamError::TooMany("PolicySize", *max),
        (policy::Error::Excess(element @ ("Principal" | "NotPrincipal")), DocumentKind::Permissions) => {
            IamError::Malformed(format!("Policy document should not specify a {}.", element.to_lowercase()))
        }
        (policy::Error::Excess(element), DocumentKind::Trust) => {
            IamError::Malformed(format!("Has prohibited field {element}"))
        }
        (policy::Error::Missing("Action"), _) => said("Policy statement must contain actions."),
        (policy::Error::Missing("Resource"), _) => said("Policy statement must contain resources."),
        (policy::Error::Missing("Principal"), DocumentKind::Trust) => {
            said("AssumeRolepolicy must contain a principal.")
        }
        (
            policy::Error::Word { .. }
            | policy::Error::Excess(_)
            | policy::Error::Missing(_)
            | policy::Error::UnknownOperator(_)
            | policy::Error::Operand { .. }
            | policy::Error::Variable(_),
            _,
        ) => IamError::Syntax,
    }
}
