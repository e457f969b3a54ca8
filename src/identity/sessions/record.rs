//! Where sessions are kept: a row each, with the secret that its requests are signed with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::SessionError;
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::identity::{
    Caller, Credential, FederatedUser, RoleSession, Secret, SessionTags, UserIdentity, UserSession,
    WebIdentity,
};
use crate::policy::{Policy, PolicyKind};
use crate::store::{
    self, Param, Record as _, Row, SealedColumn, Step, Stored, Tx, Unreadable, record, records,
};

/// The schema, version by version.
pub(super) const STEPS: &[Step] = &[
    Step::Sql("
    CREATE TABLE sts_session (
        access_key_id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, expires BIGINT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX sts_session_expires ON sts_session (expires);
"),
    Step::Sql("ALTER TABLE sts_session ADD COLUMN sealed BLOB"),
    Step::Run(seal_all),
    super::sign_in::TABLE,
];
/// Where sessions are, with what they sign with.
pub(super) const SESSIONS: SealedColumn =
    SealedColumn { table: "sts_session", column: "sealed", key: &["access_key_id"], lookup: None };
/// How many ended sessions are forgotten at a time.
const FORGOTTEN_MAX: i64 = 1_000;

/// A session.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) account: AccountId,
    pub(super) secret: String,
    pub(super) token: String,
    pub(super) issued: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) kind: Kind,
}

/// What it is a session of.
#[derive(Clone)]
pub(super) enum Kind {
    Account,
    Role {
        role_name: String,
        role_id: String,
        role_arn: String,
        session_name: String,
        /// Documents that bound it.
        policies: Option<Vec<String>>,
        /// The token with which it was assumed.
        web: Option<Arc<WebIdentity>>,
        tags: SessionTags,
    },
    User {
        user_name: String,
        user_id: String,
        arn: String,
    },
    Federated {
        name: String,
        /// Name and id of the user who got the keys; `None` for the account.
        user: Option<(String, String)>,
        policies: Vec<String>,
        tags: SessionTags,
    },
}

/// What of it is no column.
struct Sealed {
    secret: String,
    token: String,
    issued: Timestamp,
    kind: Kind,
}

records! {
    /// All kinds.
    pub(super) const RECORDS;
    // The second has `web`, the third tags and users.
    Sealed, "sts session": 1 => SealedV3, 2 => SealedV3, now 3 => SealedV3;
}

record! {
    /// What of a session is no column; the first form knew no users and no tags.
    struct SealedV3 of Sealed {
        "secret" secret: String,
        "token" token: String,
        "issued" issued: i64,
        "kind" kind: KindV2,
    }
}

/// What a session is of.
#[derive(Serialize, Deserialize)]
enum KindV2 {
    #[serde(rename = "Account")]
    Account,
    #[serde(rename = "Role")]
    Role {
        #[serde(rename = "role_name")]
        role_name: String,
        #[serde(rename = "role_id")]
        role_id: String,
        #[serde(rename = "role_arn")]
        role_arn: String,
        #[serde(rename = "session_name")]
        session_name: String,
        #[serde(rename = "policies")]
        policies: Option<Vec<String>>,
        #[serde(rename = "web", default)]
        web: Option<Box<WebV1>>,
        #[serde(rename = "tags", default)]
        tags: TagsV1,
    },
    #[serde(rename = "User")]
    User {
        #[serde(rename = "user_name")]
        user_name: String,
        #[serde(rename = "user_id")]
        user_id: String,
        #[serde(rename = "arn")]
        arn: String,
    },
    #[serde(rename = "Federated")]
    Federated {
        #[serde(rename = "name")]
        name: String,
        #[serde(rename = "user")]
        user: Option<(String, String)>,
        #[serde(rename = "policies")]
        policies: Vec<String>,
        #[serde(rename = "tags")]
        tags: TagsV1,
    },
}

/// What is said of a session when it begins.
#[derive(Default, Serialize, Deserialize)]
struct TagsV1 {
    #[serde(rename = "tags")]
    tags: Vec<(String, String)>,
    #[serde(rename = "transitive")]
    transitive: Vec<String>,
    #[serde(rename = "source_identity")]
    source_identity: Option<String>,
}

impl From<SessionTags> for TagsV1 {
    fn from(SessionTags { tags, transitive, source_identity }: SessionTags) -> Self {
        Self { tags, transitive, source_identity }
    }
}

impl From<TagsV1> for SessionTags {
    fn from(TagsV1 { tags, transitive, source_identity }: TagsV1) -> Self {
        Self { tags, transitive, source_identity }
    }
}

record! {
    /// What a token of an identity provider said.
    struct WebV1 of WebIdentity {
        "provider" provider: String,
        "prefix" prefix: String,
        "audience" audience: String,
        "subject" subject: String,
        "methods" methods: Vec<String>,
    }
}

impl Stored<KindV2> for Kind {
    fn to_stored(&self) -> KindV2 {
        match self.clone() {
            Self::Account => KindV2::Account,
            Self::Role { role_name, role_id, role_arn, session_name, policies, web, tags } => {
                let web = web.map(|web| Box::new(web.to_stored()));
                KindV2::Role { role_name, role_id, role_arn, session_name, policies, web, tags: tags.into() }
            }
            Self::User { user_name, user_id, arn } => KindV2::User { user_name, user_id, arn },
            Self::Federated { name, user, policies, tags } => {
                KindV2::Federated { name, user, policies, tags: tags.into() }
            }
        }
    }

    fn from_stored(form: KindV2) -> Result<Self, Unreadable> {
        Ok(match form {
            KindV2::Account => Self::Account,
            KindV2::Role { role_name, role_id, role_arn, session_name, policies, web, tags } => {
                let web = web.map(|web| WebIdentity::from_stored(*web)).transpose()?.map(Arc::new);
                Self::Role { role_name, role_id, role_arn, session_name, policies, web, tags: tags.into() }
            }
            KindV2::User { user_name, user_id, arn } => Self::User { user_name, user_id, arn },
            KindV2::Federated { name, user, policies, tags } => {
                Self::Federated { name, user, policies, tags: tags.into() }
            }
        })
    }
}

impl Record {
    /// The key of the session, ready to sign.
    pub(super) fn credential(&self, access_key_id: &str) -> Result<Credential, SessionError> {
        let mut caller = match &self.kind {
            Kind::Account => Caller::root(self.account.clone()),
            Kind::User { user_name, user_id, arn } => {
                let session = Some(UserSession { issued: self.issued, policies: None });
                let (name, id) = (user_name.as_str().into(), user_id.as_str().into());
                Caller::user(self.account.clone(), UserIdentity { name, id, tags: Vec::new(), session }, arn)
            }
            Kind::Federated { name, user, policies, tags } => {
                let user = user.as_ref().map(|(name, id)| UserIdentity {
                    name: name.as_str().into(),
                    id: id.as_str().into(),
                    tags: Vec::new(),
                    session: None,
                });
                let policies = compiled(policies)?;
                let federated = FederatedUser { user, policies, issued: self.issued, tags: tags.clone() };
                Caller::federated(self.account.clone(), federated, name)
            }
            Kind::Role { role_name, role_id, role_arn, session_name, policies, web, tags } => {
                let role = RoleSession {
                    role_name: role_name.as_str().into(),
                    role_id: role_id.as_str().into(),
                    role_arn: role_arn.as_str().into(),
                    issued: self.issued,
                    policies: policies.as_deref().map(compiled).transpose()?,
                    service: None,
                    web: web.clone(),
                    tags: tags.clone(),
                };
                Caller::session(self.account.clone(), role, session_name)
            }
        };
        caller.access_key_id = Some(access_key_id.into());
        Ok(Credential {
            caller,
            secret: Secret::new(&self.secret),
            session_token: Some(Secret::new(&self.token)),
            expires: Some(self.expires),
        })
    }
}

fn compiled(documents: &[String]) -> Result<Vec<Arc<Policy>>, SessionError> {
    let compile = |document: &String| {
        Policy::parse(document, PolicyKind::Identity).map(|policy| Arc::new(policy.named("session policy")))
    };
    Ok(documents.iter().map(compile).collect::<Result<_, _>>()?)
}

pub(super) fn put(tx: &Tx<'_>, access_key_id: &str, record: &Record) -> Result<(), SessionError> {
    let Record { account, secret, token, issued, expires, kind } = record.clone();
    let stored = Sealed { secret, token, issued, kind }.encode()?;
    let sealed = tx.seal(&SESSIONS, &[access_key_id], stored.as_bytes())?;
    let sql = "INSERT INTO sts_session (access_key_id, account, expires, sealed) VALUES (?1, ?2, ?3, ?4)";
    let expires = Param::Int(expires.as_millis());
    tx.execute(
        sql,
        &[Param::Text(access_key_id), Param::Text(account.as_str()), expires, Param::Blob(&sealed)],
    )?;
    Ok(())
}

/// Sessions that end after `time`, by the ids of their keys.
pub(super) fn since(tx: &Tx<'_>, time: Timestamp, max: usize) -> Result<Vec<(String, Record)>, SessionError> {
    unknown(tx, time, max, |_| false)
}

/// Those of them that are not known: only these are decrypted.
pub(super) fn unknown(
    tx: &Tx<'_>,
    time: Timestamp,
    max: usize,
    is_known: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Record)>, SessionError> {
    let sql = "SELECT access_key_id, account, expires, sealed FROM sts_session WHERE ?1 < expires LIMIT ?2";
    let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
    let rows = tx.query(sql, &[Param::Int(time.as_millis()), max], |row| {
        Ok((row.text(0)?, row.text(1)?, row.int(2)?, row.blob(3)?))
    })?;
    let mut sessions = Vec::with_capacity(rows.len());
    for (id, account, expires, sealed) in rows.into_iter().filter(|(id, ..)| !is_known(id)) {
        let stored = tx.unseal(&SESSIONS, &[&id], &sealed)?;
        let Sealed { secret, token, issued, kind } = Sealed::decode(&stored)?;
        let Some(account) = AccountId::parse(&account) else { continue };
        let expires = Timestamp::from_millis(expires);
        sessions.push((id, Record { account, secret, token, issued, expires, kind }));
    }
    Ok(sessions)
}

/// Encrypts sessions that an earlier version has stored in plain text; their number is limited.
fn seal_all(tx: &Tx<'_>) -> Result<(), store::Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?));
    for (id, record) in tx.query("SELECT access_key_id, record FROM sts_session", &[], read)? {
        let sealed = tx.seal(&SESSIONS, &[&id], record.as_bytes())?;
        let sql = "UPDATE sts_session SET sealed = ?2 WHERE access_key_id = ?1";
        tx.execute(sql, &[Param::Text(&id), Param::Blob(&sealed)])?;
    }
    tx.execute("ALTER TABLE sts_session DROP COLUMN record", &[])?;
    Ok(())
}

pub(super) fn count(tx: &Tx<'_>) -> Result<usize, store::Error> {
    let count = tx.query_one("SELECT COUNT(*) FROM sts_session", &[], |row| row.int(0))?;
    Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
}

/// Deletes sessions that had ended at `time`, and says which keys they had.
pub(super) fn forget(tx: &Tx<'_>, time: Timestamp) -> Result<Vec<String>, store::Error> {
    let sql = "SELECT access_key_id FROM sts_session WHERE expires <= ?1 LIMIT ?2";
    let ids = tx.query(sql, &[Param::Int(time.as_millis()), Param::Int(FORGOTTEN_MAX)], |row| row.text(0))?;
    for id in &ids {
        tx.execute("DELETE FROM sts_session WHERE access_key_id = ?1", &[Param::Text(id)])?;
    }
    Ok(ids)
}
