//! Where pools, identities and their logins are kept.

use std::collections::BTreeMap;

use super::arn;
use super::records::{Identity, Pool};
use crate::cognito::error::{Error, RESOURCE_NOT_FOUND};
use crate::cognito::pooled::{self, Pooled, Table, table};
use crate::cognito::tables::{decoded, one_more};
use crate::id::AccountRegion;
use crate::store::{self, Param, Record, Tx};

impl Pooled for Pool {
    const TABLE: Table = table!("cognito_identity_pool");
    const IN_ARN: &'static str = ":identitypool/";

    fn missing(id: &str) -> Error {
        Error::new(RESOURCE_NOT_FOUND, format!("IdentityPool '{id}' not found."))
    }

    fn arn(home: &AccountRegion, id: &str) -> String {
        arn(home, id)
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.tags
    }
}

/// The pool with this id, wherever its home is.
pub(super) fn pool(tx: &Tx<'_>, id: &str) -> Result<(AccountRegion, Pool), Error> {
    pooled::find(tx, id)?.ok_or_else(|| {
        // People who forget to make their pool here get this from Amplify, so it says whose pools are looked at.
        let text =
            format!("IdentityPool '{id}' not found. This server's Cognito Identity has pools of its own.");
        Error::new(RESOURCE_NOT_FOUND, text)
    })
}

pub(super) fn n_pools(tx: &Tx<'_>, at: &AccountRegion) -> Result<usize, store::Error> {
    let sql = "SELECT COUNT(*) FROM cognito_identity_pool WHERE account = ?1 AND region = ?2";
    let count =
        tx.query_one(sql, &[at.account.as_str(), at.region.as_str()].map(Param::Text), |row| row.int(0))?;
    Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
}

/// Deletes a pool with all its identities.
pub(super) fn delete_pool(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
    for sql in [
        "DELETE FROM cognito_login WHERE pool = ?1",
        "DELETE FROM cognito_identity WHERE pool = ?1",
        "DELETE FROM cognito_identity_pool WHERE id = ?1",
    ] {
        tx.execute(sql, &[Param::Text(id)])?;
    }
    Ok(())
}

/// The identity with this id, and its pool's id.
pub(super) fn identity(tx: &Tx<'_>, id: &str) -> Result<(String, Identity), Error> {
    let sql = "SELECT record, pool FROM cognito_identity WHERE id = ?1";
    let found = tx.query_one(sql, &[Param::Text(id)], |row| Ok((row.text(1)?, decoded(row)?)))?;
    found.ok_or_else(|| Error::new(RESOURCE_NOT_FOUND, format!("Identity '{id}' not found.")))
}

pub(super) fn put_identity(tx: &Tx<'_>, pool: &str, id: &str, identity: &Identity) -> Result<(), Error> {
    let sql = "INSERT INTO cognito_identity (id, pool, record) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO UPDATE SET record = excluded.record";
    tx.execute(sql, &[id, pool, &identity.encode()?].map(Param::Text))?;
    Ok(())
}

/// Identities of a pool after the id `after`, one more than `max` if there are so many.
pub(super) fn identities(
    tx: &Tx<'_>,
    pool: &str,
    after: &str,
    max: usize,
) -> Result<Vec<(String, Identity)>, Error> {
    let sql = "SELECT record, id FROM cognito_identity WHERE pool = ?1 AND ?2 < id ORDER BY id LIMIT ?3";
    let params = [Param::Text(pool), Param::Text(after), one_more(max)];
    Ok(tx.query(sql, &params, |row| Ok((row.text(1)?, decoded(row)?)))?)
}

pub(super) fn delete_identity(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM cognito_login WHERE identity = ?1", &[Param::Text(id)])?;
    tx.execute("DELETE FROM cognito_identity WHERE id = ?1", &[Param::Text(id)])?;
    Ok(())
}

/// The identity that a login belongs to.
pub(super) fn identity_of_login(
    tx: &Tx<'_>,
    pool: &str,
    provider: &str,
    subject: &str,
) -> Result<Option<String>, Error> {
    let sql = "SELECT identity FROM cognito_login WHERE pool = ?1 AND provider = ?2 AND subject = ?3";
    Ok(tx.query_one(sql, &[pool, provider, subject].map(Param::Text), |row| row.text(0))?)
}

/// The most logins of an identity; AWS's quota.
pub(super) const LOGINS_MAX: usize = 20;

/// The logins of an identity: provider and subject.
pub(super) fn logins(tx: &Tx<'_>, identity: &str) -> Result<Vec<(String, String)>, Error> {
    let sql =
        "SELECT provider, subject FROM cognito_login WHERE identity = ?1 ORDER BY provider, subject LIMIT ?2";
    let params = [Param::Text(identity), one_more(LOGINS_MAX)];
    Ok(tx.query(sql, &params, |row| Ok((row.text(0)?, row.text(1)?)))?)
}

/// The subjects of a provider's logins of an identity, after `after`.
pub(super) fn subjects(
    tx: &Tx<'_>,
    identity: &str,
    provider: &str,
    after: &str,
    max: usize,
) -> Result<Vec<String>, Error> {
    let sql = "SELECT subject FROM cognito_login WHERE identity = ?1 AND provider = ?2 AND ?3 < subject
               ORDER BY subject LIMIT ?4";
    let [identity, provider, after] = [identity, provider, after].map(Param::Text);
    Ok(tx.query(sql, &[identity, provider, after, one_more(max)], |row| row.text(0))?)
}

/// Links a login that belongs to no identity yet.
pub(super) fn link(
    tx: &Tx<'_>,
    pool: &str,
    provider: &str,
    subject: &str,
    identity: &str,
) -> Result<(), Error> {
    let sql = "INSERT INTO cognito_login (pool, provider, subject, identity) VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, &[pool, provider, subject, identity].map(Param::Text))?;
    Ok(())
}

pub(super) fn unlink(tx: &Tx<'_>, pool: &str, provider: &str, subject: &str) -> Result<(), Error> {
    let sql = "DELETE FROM cognito_login WHERE pool = ?1 AND provider = ?2 AND subject = ?3";
    tx.execute(sql, &[pool, provider, subject].map(Param::Text))?;
    Ok(())
}

/// Gives the logins of one identity to another.
pub(super) fn move_logins(tx: &Tx<'_>, from: &str, to: &str) -> Result<(), Error> {
    let sql = "UPDATE cognito_login SET identity = ?2 WHERE identity = ?1";
    tx.execute(sql, &[from, to].map(Param::Text))?;
    Ok(())
}
