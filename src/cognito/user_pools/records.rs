//! User pools and what is in them, and how they are stored.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::password::Kept;
use super::srp::Verifier;
use crate::clock::Timestamp;
use crate::store::{record, records};

/// A pool without its id and home. Settings are kept as they were given, since most are only shown again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) settings: Map<String, Value>,
    /// Custom attributes: names with `custom:` or `dev:`, as SchemaAttributes.
    pub(super) schema: Vec<Map<String, Value>>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

/// A client of a pool without its id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) settings: Map<String, Value>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

/// What of a client is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientSecret {
    pub(super) secret: Option<String>,
}

/// A user without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) username: String,
    pub(super) sub: String,
    pub(super) is_enabled: bool,
    /// As AWS calls it: `CONFIRMED` and the like.
    pub(super) status: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

/// What of a user is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UserSecrets {
    pub(super) password: Option<Kept>,
    /// Until when a password that an administrator gave is good.
    pub(super) password_expires: Option<Timestamp>,
    /// Codes that were sent, by what they are for.
    pub(super) codes: BTreeMap<String, Code>,
}

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) code: String,
    pub(super) expires: Timestamp,
    /// How often another one was tried.
    pub(super) wrong: u32,
}

/// A group of a pool without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) description: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) precedence: Option<i64>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

/// A sign-in, which its refresh token continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignIn {
    pub(super) pool: String,
    pub(super) username: String,
    pub(super) client: String,
    pub(super) time: Timestamp,
    pub(super) expires: Timestamp,
    /// SHA-256 of the refresh token.
    pub(super) hash: String,
}

records! {
    /// The service's kinds.
    pub(crate) const RECORDS;
    Pool, "cognito user pool": now 1 => PoolV1;
    Client, "cognito client": now 1 => ClientV1;
    ClientSecret, "cognito client secret": now 1 => ClientSecretV1;
    User, "cognito user": now 1 => UserV1;
    UserSecrets, "cognito user secrets": now 1 => UserSecretsV1;
    Group, "cognito group": now 1 => GroupV1;
    SignIn, "cognito sign-in": now 1 => SignInV1;
}

record! {
    /// A pool.
    struct PoolV1 of Pool {
        "name" name: String,
        "settings" settings: Map<String, Value>,
        "schema" schema: Vec<Map<String, Value>>,
        "tags" tags: BTreeMap<String, String>,
        "created" created: i64,
        "modified" modified: i64,
    }

    /// A client.
    struct ClientV1 of Client {
        "name" name: String,
        "settings" settings: Map<String, Value>,
        "created" created: i64,
        "modified" modified: i64,
    }

    /// A client's secret.
    struct ClientSecretV1 of ClientSecret {
        "secret" secret: Option<String>,
    }

    /// A user.
    struct UserV1 of User {
        "username" username: String,
        "sub" sub: String,
        "is_enabled" is_enabled: bool,
        "status" status: String,
        "attributes" attributes: BTreeMap<String, String>,
        "created" created: i64,
        "modified" modified: i64,
    }

    /// A user's password and codes.
    struct UserSecretsV1 of UserSecrets {
        "password" password: Option<KeptV1>,
        "password_expires" password_expires: Option<i64>,
        "codes" codes: BTreeMap<String, CodeV1>,
    }

    /// A password: Argon2id, and a verifier for SRP.
    struct KeptV1 of Kept {
        "salt" salt: String,
        "hash" hash: String,
        "memory_kib" memory_kib: u32,
        "passes" passes: u32,
        "srp" srp: VerifierV1,
    }

    /// A verifier.
    struct VerifierV1 of Verifier {
        "salt" salt: String,
        "verifier" verifier: String,
    }

    /// A code.
    struct CodeV1 of Code {
        "code" code: String,
        "expires" expires: i64,
        "wrong" wrong: u32,
    }

    /// A group.
    struct GroupV1 of Group {
        "description" description: Option<String>,
        "role_arn" role_arn: Option<String>,
        "precedence" precedence: Option<i64>,
        "created" created: i64,
        "modified" modified: i64,
    }

    /// A sign-in.
    struct SignInV1 of SignIn {
        "pool" pool: String,
        "username" username: String,
        "client" client: String,
        "time" time: i64,
        "expires" expires: i64,
        "hash" hash: String,
    }
}
