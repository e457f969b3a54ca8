//! Where user pools, clients, users, groups and sign-ins are kept.

use std::collections::BTreeMap;

use super::arn;
use super::records::{Client, ClientSecret, Group, Pool, SignIn, User, UserSecrets};
use crate::clock::Timestamp;
use crate::cognito::error::{Error, RESOURCE_NOT_FOUND};
use crate::cognito::pooled::{self, Pooled, Table, table};
use crate::cognito::tables::{CLIENT_SECRETS, USER_SECRETS, decoded, one_more};
use crate::id::AccountRegion;
use crate::store::{self, Param, Record, Row, Tx};

/// How many ended sign-ins are forgotten at a time.
const FORGOTTEN_MAX: i64 = 100;

impl Pooled for Pool {
    const TABLE: Table = table!("cognito_user_pool");
    const IN_ARN: &'static str = ":userpool/";

    fn missing(id: &str) -> Error {
        Error::new(RESOURCE_NOT_FOUND, format!("User pool {id} does not exist."))
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
    pooled::find(tx, id)?.ok_or_else(|| Pool::missing(id))
}

/// Deletes a pool with everything in it.
pub(super) fn delete_pool(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
    for sql in [
        "DELETE FROM cognito_sign_in WHERE pool = ?1",
        "DELETE FROM cognito_membership WHERE pool = ?1",
        "DELETE FROM cognito_group WHERE pool = ?1",
        "DELETE FROM cognito_alias WHERE pool = ?1",
        "DELETE FROM cognito_user WHERE pool = ?1",
        "DELETE FROM cognito_client WHERE pool = ?1",
        "DELETE FROM cognito_key WHERE issuer = ?1",
        "DELETE FROM cognito_user_pool WHERE id = ?1",
    ] {
        tx.execute(sql, &[Param::Text(id)])?;
    }
    Ok(())
}

// === clients ===

/// The client with this id, and its pool's.
pub(super) fn client(tx: &Tx<'_>, id: &str) -> Result<(String, Client, ClientSecret), Error> {
    let sql = "SELECT record, pool, sealed FROM cognito_client WHERE id = ?1";
    let found = tx.query_one(sql, &[Param::Text(id)], |row| {
        Ok((row.text(1)?, decoded::<Client>(row)?, row.blob(2)?))
    })?;
    let (pool, client, sealed) = found.ok_or_else(|| no_client(id))?;
    let secret = ClientSecret::decode(&tx.unseal(&CLIENT_SECRETS, &[id], &sealed)?)?;
    Ok((pool, client, secret))
}

pub(super) fn no_client(id: &str) -> Error {
    Error::new(RESOURCE_NOT_FOUND, format!("User pool client {id} does not exist."))
}

pub(super) fn put_client(
    tx: &Tx<'_>,
    pool: &str,
    id: &str,
    client: &Client,
    secret: &ClientSecret,
) -> Result<(), Error> {
    let sealed = tx.seal(&CLIENT_SECRETS, &[id], secret.encode()?.as_bytes())?;
    let sql = "INSERT INTO cognito_client (id, pool, record, sealed) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (id) DO UPDATE SET record = excluded.record, sealed = excluded.sealed";
    let record = client.encode()?;
    tx.execute(sql, &[Param::Text(id), Param::Text(pool), Param::Text(&record), Param::Blob(&sealed)])?;
    Ok(())
}

pub(super) fn clients(
    tx: &Tx<'_>,
    pool: &str,
    after: &str,
    max: usize,
) -> Result<Vec<(String, Client)>, Error> {
    let sql = "SELECT record, id FROM cognito_client WHERE pool = ?1 AND ?2 < id ORDER BY id LIMIT ?3";
    let params = [Param::Text(pool), Param::Text(after), one_more(max)];
    Ok(tx.query(sql, &params, |row| Ok((row.text(1)?, decoded(row)?)))?)
}

pub(super) fn delete_client(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM cognito_client WHERE id = ?1", &[Param::Text(id)])?;
    Ok(())
}

// === users ===

/// The user with this key.
pub(super) fn user(tx: &Tx<'_>, pool: &str, key: &str) -> Result<Option<(User, UserSecrets)>, Error> {
    let sql = "SELECT record, sealed FROM cognito_user WHERE pool = ?1 AND user_key = ?2";
    let found =
        tx.query_one(sql, &[pool, key].map(Param::Text), |row| Ok((decoded::<User>(row)?, row.blob(1)?)))?;
    let Some((user, sealed)) = found else { return Ok(None) };
    let secrets = UserSecrets::decode(&tx.unseal(&USER_SECRETS, &[pool, key], &sealed)?)?;
    Ok(Some((user, secrets)))
}

/// Adds a user who is not there, if `is_new`, or changes one who is.
pub(super) fn put_user(
    tx: &Tx<'_>,
    pool: &str,
    key: &str,
    (user, secrets): (&User, &UserSecrets),
    is_new: bool,
) -> Result<(), Error> {
    let sealed = tx.seal(&USER_SECRETS, &[pool, key], secrets.encode()?.as_bytes())?;
    let sql = match is_new {
        true => "INSERT INTO cognito_user (pool, user_key, record, sealed) VALUES (?1, ?2, ?3, ?4)",
        false => "UPDATE cognito_user SET record = ?3, sealed = ?4 WHERE pool = ?1 AND user_key = ?2",
    };
    let record = user.encode()?;
    tx.execute(sql, &[Param::Text(pool), Param::Text(key), Param::Text(&record), Param::Blob(&sealed)])?;
    Ok(())
}

/// Users after the key `after`.
pub(super) fn users(tx: &Tx<'_>, pool: &str, after: &str, max: usize) -> Result<Vec<(String, User)>, Error> {
    let sql = "SELECT record, user_key FROM cognito_user WHERE pool = ?1 AND ?2 < user_key ORDER BY user_key LIMIT ?3";
    let params = [Param::Text(pool), Param::Text(after), one_more(max)];
    Ok(tx.query(sql, &params, |row| Ok((row.text(1)?, decoded(row)?)))?)
}

pub(super) fn n_users(tx: &Tx<'_>, pool: &str) -> Result<i64, store::Error> {
    let sql = "SELECT COUNT(*) FROM cognito_user WHERE pool = ?1";
    Ok(tx.query_one(sql, &[Param::Text(pool)], |row| row.int(0))?.unwrap_or(0))
}

pub(super) fn delete_user(tx: &Tx<'_>, pool: &str, key: &str) -> Result<(), Error> {
    for sql in [
        "DELETE FROM cognito_sign_in WHERE pool = ?1 AND user_key = ?2",
        "DELETE FROM cognito_membership WHERE pool = ?1 AND user_key = ?2",
        "DELETE FROM cognito_alias WHERE pool = ?1 AND user_key = ?2",
        "DELETE FROM cognito_user WHERE pool = ?1 AND user_key = ?2",
    ] {
        tx.execute(sql, &[pool, key].map(Param::Text))?;
    }
    Ok(())
}

/// The key of the user who is also known as this: `email:ann@example.com`.
pub(super) fn alias(tx: &Tx<'_>, pool: &str, alias: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT user_key FROM cognito_alias WHERE pool = ?1 AND alias = ?2";
    Ok(tx.query_one(sql, &[pool, alias].map(Param::Text), |row| row.text(0))?)
}

/// Makes these, and nothing else, the aliases of a user. If the user `takes` them, whoever has one loses it.
pub(super) fn set_aliases(
    tx: &Tx<'_>,
    pool: &str,
    key: &str,
    aliases: &[String],
    takes: bool,
) -> Result<(), Error> {
    let sql = "DELETE FROM cognito_alias WHERE pool = ?1 AND user_key = ?2";
    tx.execute(sql, &[pool, key].map(Param::Text))?;
    let sql = match takes {
        true => {
            "INSERT INTO cognito_alias (pool, alias, user_key) VALUES (?1, ?2, ?3)
               ON CONFLICT (pool, alias) DO UPDATE SET user_key = excluded.user_key"
        }
        false => "INSERT INTO cognito_alias (pool, alias, user_key) VALUES (?1, ?2, ?3)",
    };
    for alias in aliases {
        tx.execute(sql, &[pool, alias, key].map(Param::Text))?;
    }
    Ok(())
}

// === groups ===

pub(super) fn group(tx: &Tx<'_>, pool: &str, name: &str) -> Result<Option<Group>, Error> {
    let sql = "SELECT record FROM cognito_group WHERE pool = ?1 AND name = ?2";
    Ok(tx.query_one(sql, &[pool, name].map(Param::Text), decoded)?)
}

/// Adds a group that is not there.
pub(super) fn add_group(tx: &Tx<'_>, pool: &str, name: &str, group: &Group) -> Result<(), Error> {
    let sql = "INSERT INTO cognito_group (pool, name, record) VALUES (?1, ?2, ?3)";
    tx.execute(sql, &[pool, name, &group.encode()?].map(Param::Text))?;
    Ok(())
}

/// Changes a group that is there.
pub(super) fn put_group(tx: &Tx<'_>, pool: &str, name: &str, group: &Group) -> Result<(), Error> {
    let sql = "UPDATE cognito_group SET record = ?3 WHERE pool = ?1 AND name = ?2";
    tx.execute(sql, &[pool, name, &group.encode()?].map(Param::Text))?;
    Ok(())
}

fn named_group(row: &Row<'_>) -> Result<(String, Group), store::Error> {
    Ok((row.text(1)?, decoded(row)?))
}

pub(super) fn groups(
    tx: &Tx<'_>,
    pool: &str,
    after: &str,
    max: usize,
) -> Result<Vec<(String, Group)>, Error> {
    let sql = "SELECT record, name FROM cognito_group WHERE pool = ?1 AND ?2 < name ORDER BY name LIMIT ?3";
    let params = [Param::Text(pool), Param::Text(after), one_more(max)];
    Ok(tx.query(sql, &params, named_group)?)
}

pub(super) fn delete_group(tx: &Tx<'_>, pool: &str, name: &str) -> Result<(), Error> {
    for sql in [
        "DELETE FROM cognito_membership WHERE pool = ?1 AND name = ?2",
        "DELETE FROM cognito_group WHERE pool = ?1 AND name = ?2",
    ] {
        tx.execute(sql, &[pool, name].map(Param::Text))?;
    }
    Ok(())
}

pub(super) fn join(tx: &Tx<'_>, pool: &str, name: &str, key: &str) -> Result<(), Error> {
    let sql = "INSERT INTO cognito_membership (pool, name, user_key) VALUES (?1, ?2, ?3)
               ON CONFLICT (pool, name, user_key) DO NOTHING";
    tx.execute(sql, &[pool, name, key].map(Param::Text))?;
    Ok(())
}

pub(super) fn leave(tx: &Tx<'_>, pool: &str, name: &str, key: &str) -> Result<(), Error> {
    let sql = "DELETE FROM cognito_membership WHERE pool = ?1 AND name = ?2 AND user_key = ?3";
    tx.execute(sql, &[pool, name, key].map(Param::Text))?;
    Ok(())
}

/// The groups of a user after the name `after`.
pub(super) fn groups_of(
    tx: &Tx<'_>,
    pool: &str,
    key: &str,
    after: &str,
    max: usize,
) -> Result<Vec<(String, Group)>, Error> {
    let sql = "SELECT g.record, g.name FROM cognito_membership m
               JOIN cognito_group g ON g.pool = m.pool AND g.name = m.name
               WHERE m.pool = ?1 AND m.user_key = ?2 AND ?3 < g.name ORDER BY g.name LIMIT ?4";
    let [pool, key, after] = [pool, key, after].map(Param::Text);
    Ok(tx.query(sql, &[pool, key, after, one_more(max)], named_group)?)
}

/// The users of a group after the key `after`.
pub(super) fn users_in(
    tx: &Tx<'_>,
    pool: &str,
    name: &str,
    after: &str,
    max: usize,
) -> Result<Vec<(String, User)>, Error> {
    let sql = "SELECT u.record, u.user_key FROM cognito_membership m
               JOIN cognito_user u ON u.pool = m.pool AND u.user_key = m.user_key
               WHERE m.pool = ?1 AND m.name = ?2 AND ?3 < u.user_key ORDER BY u.user_key LIMIT ?4";
    let [pool, name, after] = [pool, name, after].map(Param::Text);
    Ok(tx.query(sql, &[pool, name, after, one_more(max)], |row| Ok((row.text(1)?, decoded(row)?)))?)
}

// === sign-ins ===

/// How long a sign-in is kept after its refresh token has ended: its last access token may be in use for a day.
const KEPT_MS: i64 = 25 * 3_600_000;

pub(super) fn sign_in(tx: &Tx<'_>, id: &str) -> Result<Option<SignIn>, Error> {
    let sql = "SELECT record FROM cognito_sign_in WHERE id = ?1";
    Ok(tx.query_one(sql, &[Param::Text(id)], decoded)?)
}

/// Keeps a sign-in, and forgets some that have ended.
pub(super) fn put_sign_in(
    tx: &Tx<'_>,
    id: &str,
    key: &str,
    sign_in: &SignIn,
    now: Timestamp,
) -> Result<(), Error> {
    let forget = "DELETE FROM cognito_sign_in WHERE id IN (SELECT id FROM cognito_sign_in WHERE expires < ?1 LIMIT ?2)";
    tx.execute(forget, &[Param::Int(now.as_millis().saturating_sub(KEPT_MS)), Param::Int(FORGOTTEN_MAX)])?;
    let sql = "INSERT INTO cognito_sign_in (id, pool, user_key, expires, record) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (id) DO UPDATE SET record = excluded.record";
    let record = sign_in.encode()?;
    let [id, pool, key, record] = [id, &sign_in.pool, key, &record].map(Param::Text);
    tx.execute(sql, &[id, pool, key, Param::Int(sign_in.expires.as_millis()), record])?;
    Ok(())
}

pub(super) fn end_sign_in(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM cognito_sign_in WHERE id = ?1", &[Param::Text(id)])?;
    Ok(())
}

/// Ends all of a user's sign-ins.
pub(super) fn end_sign_ins(tx: &Tx<'_>, pool: &str, key: &str) -> Result<(), Error> {
    let sql = "DELETE FROM cognito_sign_in WHERE pool = ?1 AND user_key = ?2";
    tx.execute(sql, &[pool, key].map(Param::Text))?;
    Ok(())
}
