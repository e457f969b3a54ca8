//! Users: found by their names, stored with what else they are known by.

use serde_json::{Value, json};

use super::attributes;
use super::records::{Pool, User, UserSecrets};
use super::tables;
use crate::cognito::error::{ALIAS_EXISTS, Error, USER_NOT_FOUND, USERNAME_EXISTS};
use crate::store::Tx;

/// A user who was found.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// What it is stored under.
    pub(super) key: String,
    pub(super) user: User,
    pub(super) secrets: UserSecrets,
}

/// A user of a pool by any of the names that it has.
pub(super) fn find(tx: &Tx<'_>, pool_id: &str, pool: &Pool, name: &str) -> Result<Option<Known>, Error> {
    let key = attributes::key(pool, name);
    if let Some((user, secrets)) = tables::user(tx, pool_id, &key)? {
        return Ok(Some(Known { key, user, secrets }));
    }
    for alias in attributes::aliases_named(pool, name) {
        if let Some(key) = tables::alias(tx, pool_id, &alias)?
            && let Some((user, secrets)) = tables::user(tx, pool_id, &key)?
        {
            return Ok(Some(Known { key, user, secrets }));
        }
    }
    Ok(None)
}

/// The same, who has to be there.
pub(super) fn expect(tx: &Tx<'_>, pool_id: &str, pool: &Pool, name: &str) -> Result<Known, Error> {
    find(tx, pool_id, pool, name)?.ok_or_else(nobody)
}

pub(super) fn nobody() -> Error {
    Error::new(USER_NOT_FOUND, "User does not exist.")
}

/// Adds a user who is not there. Another user's alias is refused, or taken over if `takes`.
pub(super) fn add(tx: &Tx<'_>, pool_id: &str, pool: &Pool, known: &Known, takes: bool) -> Result<(), Error> {
    store(tx, pool_id, pool, known, (true, takes))
}

/// Changes a user who is there. Another user's alias is refused, or taken over if `takes`.
pub(super) fn put(tx: &Tx<'_>, pool_id: &str, pool: &Pool, known: &Known, takes: bool) -> Result<(), Error> {
    store(tx, pool_id, pool, known, (false, takes))
}

fn store(
    tx: &Tx<'_>,
    pool_id: &str,
    pool: &Pool,
    known: &Known,
    (is_new, takes): (bool, bool),
) -> Result<(), Error> {
    let aliases = attributes::aliases(pool, &known.user);
    for alias in &aliases {
        let owner = tables::alias(tx, pool_id, alias)?;
        if owner.is_some_and(|owner| owner != known.key) && !takes {
            let kind = alias.split(':').next().unwrap_or_default();
            let text = format!("An account with the given {kind} already exists.");
            let code = if attributes::says(pool, "UsernameAttributes", kind) {
                USERNAME_EXISTS
            } else {
                ALIAS_EXISTS
            };
            return Err(Error::new(code, text));
        }
    }
    tables::put_user(tx, pool_id, &known.key, (&known.user, &known.secrets), is_new)?;
    tables::set_aliases(tx, pool_id, &known.key, &aliases, takes)
}

/// A user as the owner's answers have it; `attributes` is what the list is called.
pub(super) fn view(user: &User, attributes: &str) -> Value {
    json!({
        "Username": user.username,
        attributes: attributes::listed(user),
        "UserCreateDate": user.created.as_seconds_f64(),
        "UserLastModifiedDate": user.modified.as_seconds_f64(),
        "Enabled": user.is_enabled,
        "UserStatus": user.status,
    })
}
