//! Roles.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::AccountId;

/// A tag of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its key, unique regardless of case.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The input for creating a role.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// Its name.
    pub name: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// The trust policy, which says who may assume the role: JSON.
    pub assume_role_policy_document: String,
    /// Text for people.
    pub description: Option<String>,
    /// The longest session, in seconds.
    pub max_session_duration: i32,
    /// The ARN of the policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Whether it has all the policies that its creator means it to have, or is about to get them: a template's role. Others
    /// are complete when they get their first policy.
    pub is_complete: bool,
}

/// See [Role](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// `AROA` and 17 more characters.
    pub role_id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub create_date: Timestamp,
    /// The trust policy, which says who may assume the role: JSON.
    pub assume_role_policy_document: String,
    /// Text for people.
    pub description: Option<String>,
    /// The longest session, in seconds.
    pub max_session_duration: i32,
    /// The ARN of the policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// Inline policies: JSON by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies, in the order in which they were attached.
    pub attached: Vec<String>,
    /// Whether it has, or had, policies, or was made complete without any.
    pub had_policies: bool,
    /// Tags, in the order in which they were given.
    pub tags: Vec<Tag>,
}

impl Role {
    pub(super) fn create(account: &AccountId, role_id: String, now: Timestamp, new: NewRole) -> Self {
        let arn = format!("arn:aws:iam::{account}:role{}{}", new.path, new.name);
        Self {
            name: new.name,
            path: new.path,
            role_id,
            arn,
            create_date: now,
            assume_role_policy_document: new.assume_role_policy_document,
            description: new.description,
            max_session_duration: new.max_session_duration,
            permissions_boundary: new.permissions_boundary,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            had_policies: new.is_complete,
            tags: new.tags,
        }
    }
}
