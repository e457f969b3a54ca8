//! How roles and policies are stored.

use std::collections::BTreeMap;

use super::{Policy, Role, Tag};
use crate::store::{record, records};

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Role, "iam role": now 1 => RoleV1;
    Policy, "iam policy": now 1 => PolicyV1;
}

record! {
    /// A role.
    struct RoleV1 of Role {
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
        "tags" tags: Vec<TagV1>,
    }

    /// A tag.
    struct TagV1 of Tag {
        "key" key: String,
        "value" value: String,
    }

    /// A managed policy.
    struct PolicyV1 of Policy {
        "name" name: String,
        "path" path: String,
        "policy_id" policy_id: String,
        "arn" arn: String,
        "create_date" create_date: i64,
        "document" document: String,
        "description" description: Option<String>,
    }
}
