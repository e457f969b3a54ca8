//! How roles and policies are stored.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::PolicyVersion;
use super::{Group, InstanceProfile, Policy, Role, Tag, User};
use crate::store::{record, records};

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Role, "iam role": 1 => RoleV2, now 2 => RoleV2;
    Policy, "iam policy": 1 => PolicyV2, now 2 => PolicyV2;
    User, "iam user": now 1 => UserV1;
    Group, "iam group": now 1 => GroupV1;
    InstanceProfile, "iam instance profile": now 1 => InstanceProfileV1;
}

record! {
    /// A role; the first form didn't say whether it had had policies.
    struct RoleV2 of Role {
        "name" name: String,
        "path" path: String,
        "role_id" role_id: String,
        "arn" arn: String,
        "create_date" create_date: i64,
        "assume_role_policy_document" assume_role_policy_document: String,
        "description" description: Option<String>,
        "max_session_duration" max_session_duration: i32,
        "permissions_boundary" permissions_boundary: Option<String>,
        "inline" inline: BTreeMap<String, String>,
        "attached" attached: Vec<String>,
        #[serde(default)]
        "had_policies" had_policies: bool,
        "tags" tags: Vec<TagV1>,
    }

    /// A tag.
    struct TagV1 of Tag {
        "key" key: String,
        "value" value: String,
    }

    /// A user.
    struct UserV1 of User {
        "name" name: String,
        "path" path: String,
        "user_id" user_id: String,
        "arn" arn: String,
        "create_date" create_date: i64,
        "permissions_boundary" permissions_boundary: Option<String>,
        "inline" inline: BTreeMap<String, String>,
        "attached" attached: Vec<String>,
        "groups" groups: BTreeSet<String>,
        "tags" tags: Vec<TagV1>,
    }

    /// A group.
    struct GroupV1 of Group {
        "name" name: String,
        "path" path: String,
        "group_id" group_id: String,
        "arn" arn: String,
        "create_date" create_date: i64,
        "inline" inline: BTreeMap<String, String>,
        "attached" attached: Vec<String>,
    }

    /// An instance profile.
    struct InstanceProfileV1 of InstanceProfile {
        "name" name: String,
        "path" path: String,
        "profile_id" profile_id: String,
        "arn" arn: String,
        "create_date" create_date: i64,
        "role" role: Option<String>,
    }

    /// A version of a policy.
    struct PolicyVersionV1 of PolicyVersion {
        "number" number: u32,
        "document" document: String,
        "create_date" create_date: i64,
    }

    /// A managed policy; the first form had one version, which was its document.
    struct PolicyV2 of Policy {
        "name" name: String,
        "path" path: String,
        "policy_id" policy_id: String,
        "arn" arn: String,
        "create_date" create_date: i64,
        "document" first: String,
        "description" description: Option<String>,
        #[serde(default)]
        "versions" versions: Vec<PolicyVersionV1>,
        #[serde(default)]
        "default_version" default_version: u32,
        #[serde(default)]
        "last_version" last_version: u32,
        #[serde(default)]
        "update_date" update_date: i64,
        #[serde(default)]
        "tags" tags: Vec<TagV1>,
    }
}
