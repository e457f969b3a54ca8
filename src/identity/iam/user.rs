//! Users and groups.

use std::collections::{BTreeMap, BTreeSet};

use super::Tag;
use crate::clock::Timestamp;
use crate::id::AccountId;

/// The input for creating a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// The ARN of the policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// See [User](https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// `AIDA` and 17 more characters.
    pub user_id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub create_date: Timestamp,
    /// The ARN of the policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// Inline policies: JSON by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies, in the order in which they were attached.
    pub attached: Vec<String>,
    /// The names of the groups that it is in.
    pub groups: BTreeSet<String>,
    /// Tags, in the order in which they were given.
    pub tags: Vec<Tag>,
}

/// See [Group](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Group.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// `AGPA` and 17 more characters.
    pub group_id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub create_date: Timestamp,
    /// Inline policies: JSON by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies, in the order in which they were attached.
    pub attached: Vec<String>,
}

/// The ARN of a user, group or the like.
pub(super) fn arn(account: &AccountId, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:{kind}{path}{name}")
}

impl User {
    pub(super) fn create(account: &AccountId, user_id: String, now: Timestamp, new: NewUser) -> Self {
        Self {
            arn: arn(account, "user", &new.path, &new.name),
            name: new.name,
            path: new.path,
            user_id,
            create_date: now,
            permissions_boundary: new.permissions_boundary,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            groups: BTreeSet::new(),
            tags: new.tags,
        }
    }
}

impl Group {
    pub(super) fn create(
        account: &AccountId,
        group_id: String,
        now: Timestamp,
        name: String,
        path: String,
    ) -> Self {
        Self {
            arn: arn(account, "group", &path, &name),
            name,
            path,
            group_id,
            create_date: now,
            inline: BTreeMap::new(),
            attached: Vec::new(),
        }
    }
}
