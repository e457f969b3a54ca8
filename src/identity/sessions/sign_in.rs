//! Sign-ins to the console, where several nodes have to know them: a row each, found by a digest of what the cookie says.

use super::{SessionError, Sessions};
use crate::clock::Timestamp;
use crate::identity::Secret;
use crate::store::{
    Changed, Param, Record as _, Row, SealedColumn, Step, Stored, Tx, Unreadable, record, records,
};

/// The schema, which follows that of sessions.
pub(super) const TABLE: Step = Step::Expand(
    "CREATE TABLE console_sign_in (id TEXT NOT NULL PRIMARY KEY, began BIGINT NOT NULL, used BIGINT NOT NULL, sealed BLOB NOT NULL)",
);
/// What is kept of one, which is as good as the key that it was begun with.
pub(super) const SIGN_INS: SealedColumn =
    SealedColumn { table: "console_sign_in", column: "sealed", key: &["id"], lookup: None };
/// What other nodes are told when one has ended.
const ENDED: &str = "console sign-in";
/// The most at one time; beyond, the one that was used longest ago goes.
const SIGN_INS_MAX: i64 = 10_000;

/// A sign-in to the console.
#[derive(Clone)]
pub struct SignIn {
    /// The region that lists show.
    pub region: String,
    /// What each form has to send.
    pub csrf: String,
    /// An access key's id; without a secret, the name of somebody whom a provider knows.
    pub name: String,
    /// The key's secret.
    pub secret: Option<Secret>,
    /// The key's session token.
    pub token: Option<Secret>,
    /// The provider's word for who it is.
    pub subject: Option<String>,
    /// Which of the console's roles the provider gives.
    pub role: Option<String>,
}

records! {
    /// All kinds.
    pub(super) const RECORDS;
    SignIn, "console sign-in": now 1 => SignInV1;
}

record! {
    /// What of a sign-in is no column.
    struct SignInV1 of SignIn {
        "region" region: String,
        "csrf" csrf: String,
        "name" name: String,
        "secret" secret: Option<String>,
        "token" token: Option<String>,
        "subject" subject: Option<String>,
        "role" role: Option<String>,
    }
}

impl Stored<String> for Secret {
    fn to_stored(&self) -> String {
        self.expose().to_owned()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Ok(Self::new(&form))
    }
}

impl Sessions {
    /// Whether others have to know sign-ins to the console.
    pub fn are_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Tells of sign-ins that have ended at other nodes.
    pub fn sign_ins_ended(&self) -> Changed {
        self.store.watch(ENDED, &[])
    }

    /// Keeps a sign-in, and forgets those that began, or were used last, before these times.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_in(
        &self,
        id: String,
        now: Timestamp,
        sign_in: SignIn,
        (began, used): (Timestamp, Timestamp),
    ) -> Result<(), SessionError> {
        let work = move |tx: &Tx<'_>| {
            let over = "DELETE FROM console_sign_in WHERE began < ?1 OR used < ?2";
            tx.execute(over, &[began.as_millis().into(), used.as_millis().into()])?;
            let n = tx.query_one("SELECT COUNT(*) FROM console_sign_in", &[], |row| row.int(0))?;
            if SIGN_INS_MAX <= n.unwrap_or(0) {
                let oldest = "SELECT id FROM console_sign_in ORDER BY used LIMIT 1";
                if let Some(oldest) = tx.query_one(oldest, &[], |row| row.text(0))? {
                    tx.execute("DELETE FROM console_sign_in WHERE id = ?1", &[Param::Text(&oldest)])?;
                }
            }
            let sealed = tx.seal(&SIGN_INS, &[&id], sign_in.encode()?.as_bytes())?;
            let sql = "INSERT INTO console_sign_in (id, began, used, sealed) VALUES (?1, ?2, ?2, ?3)";
            tx.execute(sql, &[Param::Text(&id), now.as_millis().into(), Param::Blob(&sealed)])?;
            Ok(())
        };
        self.store.write(work).await
    }

    /// A sign-in: when it began, when it was used last, and what it is; `None` if there is none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find_sign_in(
        &self,
        id: String,
    ) -> Result<Option<(Timestamp, Timestamp, SignIn)>, SessionError> {
        let read = move |tx: &Tx<'_>| {
            let sql = "SELECT began, used, sealed FROM console_sign_in WHERE id = ?1";
            let of = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, row.blob(2)?));
            let Some((began, used, sealed)) = tx.query_one(sql, &[Param::Text(&id)], of)? else {
                return Ok(None);
            };
            let sign_in = SignIn::decode(&tx.unseal(&SIGN_INS, &[&id], &sealed)?)?;
            Ok(Some((Timestamp::from_millis(began), Timestamp::from_millis(used), sign_in)))
        };
        self.store.read(read).await
    }

    /// Notes that a sign-in was used.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_in_was_used(&self, id: String, now: Timestamp) -> Result<(), SessionError> {
        let work = move |tx: &Tx<'_>| {
            let sql = "UPDATE console_sign_in SET used = ?2 WHERE id = ?1 AND used < ?2";
            tx.execute(sql, &[Param::Text(&id), now.as_millis().into()])?;
            Ok(())
        };
        self.store.write(work).await
    }

    /// Ends a sign-in, at all nodes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_out(&self, id: String) -> Result<(), SessionError> {
        let work = move |tx: &Tx<'_>| {
            tx.execute("DELETE FROM console_sign_in WHERE id = ?1", &[Param::Text(&id)])?;
            tx.announce(ENDED);
            Ok(())
        };
        self.store.write(work).await
    }
}
