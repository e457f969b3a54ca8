//! Identity pools and identities, and how they are stored.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::store::{record, records};

/// A pool without its id and home.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) allows_guests: bool,
    pub(super) allows_classic_flow: Option<bool>,
    /// Application ids of public providers, by provider.
    pub(super) login_providers: BTreeMap<String, String>,
    pub(super) developer_provider: Option<String>,
    pub(super) open_id_arns: Vec<String>,
    pub(super) user_pools: Vec<UserPoolClient>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) roles: BTreeMap<String, String>,
    pub(super) role_mappings: BTreeMap<String, RoleMapping>,
}

/// A client of a user pool whose tokens are logins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserPoolClient {
    /// The pool: `cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE`.
    pub(super) provider: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) checks_token: Option<bool>,
}

/// How bearers of a provider's tokens get their role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleMapping {
    /// `Token` or `Rules`.
    pub(super) kind: String,
    /// `AuthenticatedRole` or `Deny`.
    pub(super) otherwise: Option<String>,
    pub(super) rules: Option<Vec<Rule>>,
}

/// The role for tokens with a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) claim: String,
    pub(super) match_type: String,
    pub(super) value: String,
    pub(super) role_arn: String,
}

/// An identity without its id and pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// Whether it has ever had a login: without one, nobody gets credentials for it any more.
    pub(super) had_login: bool,
    /// Disabled by a merge into another one.
    pub(super) is_disabled: bool,
}

records! {
    /// The service's kinds.
    pub(crate) const RECORDS;
    Pool, "cognito identity pool": now 1 => PoolV1;
    Identity, "cognito identity": now 1 => IdentityV1;
}

record! {
    /// A pool.
    struct PoolV1 of Pool {
        "name" name: String,
        "allows_guests" allows_guests: bool,
        "allows_classic_flow" allows_classic_flow: Option<bool>,
        "login_providers" login_providers: BTreeMap<String, String>,
        "developer_provider" developer_provider: Option<String>,
        "open_id_arns" open_id_arns: Vec<String>,
        "user_pools" user_pools: Vec<UserPoolClientV1>,
        "tags" tags: BTreeMap<String, String>,
        "roles" roles: BTreeMap<String, String>,
        "role_mappings" role_mappings: BTreeMap<String, RoleMappingV1>,
    }

    /// A client of a user pool.
    struct UserPoolClientV1 of UserPoolClient {
        "provider" provider: Option<String>,
        "client_id" client_id: Option<String>,
        "checks_token" checks_token: Option<bool>,
    }

    /// How roles are chosen.
    struct RoleMappingV1 of RoleMapping {
        "kind" kind: String,
        "otherwise" otherwise: Option<String>,
        "rules" rules: Option<Vec<RuleV1>>,
    }

    /// A rule.
    struct RuleV1 of Rule {
        "claim" claim: String,
        "match_type" match_type: String,
        "value" value: String,
        "role_arn" role_arn: String,
    }

    /// An identity.
    struct IdentityV1 of Identity {
        "created" created: i64,
        "modified" modified: i64,
        "had_login" had_login: bool,
        "is_disabled" is_disabled: bool,
    }
}
