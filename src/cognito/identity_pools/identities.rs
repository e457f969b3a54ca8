//! Identities: got with logins or without, listed, unlinked, deleted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::logins::{self, Key, Login, Verified};
use super::records::{Identity, Pool};
use super::tables;
use crate::clock::Timestamp;
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER, LIMIT_EXCEEDED, NOT_AUTHORIZED, RESOURCE_CONFLICT};
use crate::cognito::pooled;
use crate::id::AccountRegion;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// An identity that has just been made.
pub(super) fn new_identity(now: Timestamp) -> Identity {
    Identity { created: now, modified: now, had_login: false, is_disabled: false }
}

/// The pool with this id.
pub(super) async fn pool_of(cognito: &Cognito, id: &str) -> Result<(AccountRegion, Pool), Error> {
    let id = id.to_owned();
    cognito.0.store.read(move |tx| tables::pool(tx, &id)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetId {
    account_id: Option<String>,
    identity_pool_id: String,
    #[serde(default)]
    logins: BTreeMap<String, String>,
}

pub(super) async fn get_id(call: &Call, input: GetId) -> Result<Value, ApiError> {
    let cognito = call.state::<Cognito>();
    let pool_id = input.identity_pool_id;
    let (home, pool) = pool_of(cognito, &pool_id).await?;
    if input.account_id.is_some_and(|given| given != home.account.as_str()) {
        let text = format!("IdentityPool '{pool_id}' not found.");
        return Err(ApiError::new(crate::cognito::error::RESOURCE_NOT_FOUND, text));
    }
    let verified = logins::verify(cognito, &pool_id, &pool, input.logins).await?;
    if let Some(vouched) = &verified.vouched {
        return Ok(json!({"IdentityId": vouched.identity}));
    }
    if verified.is_empty() && !pool.allows_guests {
        return Err(no_guests().into());
    }
    let (now, id) = (call.time, format!("{}:{}", home.region, cognito.0.ids.uuid()));
    let keys: Vec<Key> = verified.logins.iter().map(Login::key).collect();
    let id = cognito.0.store.write(move |tx| got(tx, &pool_id, &keys, id.clone(), now)).await?;
    Ok(json!({"IdentityId": id}))
}

/// The identity that the logins belong to, or a new one.
fn got(tx: &Tx<'_>, pool: &str, logins: &[Key], id: String, now: Timestamp) -> Result<String, Error> {
    let known = owner(tx, pool, logins)?;
    let is_new = known.is_none();
    let id = known.unwrap_or(id);
    if is_new {
        let identity = Identity { had_login: !logins.is_empty(), ..new_identity(now) };
        tables::put_identity(tx, pool, &id, &identity)?;
    }
    link_all(tx, pool, logins, &id, now)?;
    Ok(id)
}

/// The one identity that any of the logins belong to.
fn owner(tx: &Tx<'_>, pool: &str, logins: &[Key]) -> Result<Option<String>, Error> {
    let mut owner: Option<String> = None;
    for login in logins {
        let found = tables::identity_of_login(tx, pool, &login.provider, &login.subject)?;
        match (&owner, found) {
            (_, None) => {}
            (None, Some(found)) => owner = Some(found),
            (Some(owner), Some(found)) if *owner == found => {}
            (Some(_), Some(_)) => {
                let text = "Logins are linked to different identities.";
                return Err(Error::new(RESOURCE_CONFLICT, text));
            }
        }
    }
    Ok(owner)
}

/// Links the logins that belong to nobody yet.
fn link_all(tx: &Tx<'_>, pool: &str, logins: &[Key], id: &str, now: Timestamp) -> Result<(), Error> {
    let mut linked = false;
    for login in logins {
        if tables::identity_of_login(tx, pool, &login.provider, &login.subject)?.is_none() {
            tables::link(tx, pool, &login.provider, &login.subject, id)?;
            linked = true;
        }
    }
    if linked {
        if tables::LOGINS_MAX < tables::logins(tx, id)?.len() {
            let text = format!("An identity has at most {} logins.", tables::LOGINS_MAX);
            return Err(Error::new(LIMIT_EXCEEDED, text));
        }
        let (_, before) = tables::identity(tx, id)?;
        let identity = Identity { modified: now, had_login: true, ..before };
        tables::put_identity(tx, pool, id, &identity)?;
    }
    Ok(())
}

fn no_guests() -> Error {
    Error::new(NOT_AUTHORIZED, "Unauthenticated access is not supported for this identity pool.")
}

fn forbidden(id: &str) -> Error {
    Error::new(NOT_AUTHORIZED, format!("Access to Identity '{id}' is forbidden."))
}

/// An identity whose bearer may act for it.
pub(super) struct Admitted {
    pub(super) home: AccountRegion,
    pub(super) pool_id: String,
    pub(super) pool: Pool,
    pub(super) verified: Verified,
}

/// Lets whoever has the logins act for the identity; without logins, whoever knows an identity that never had any.
/// Logins that belong to nobody yet are linked to it.
pub(super) async fn admit(
    cognito: &Cognito,
    id: &str,
    logins: BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Admitted, Error> {
    let sought = id.to_owned();
    let read = move |tx: &Tx<'_>| {
        let (pool_id, identity) = tables::identity(tx, &sought)?;
        let (home, pool) = tables::pool(tx, &pool_id)?;
        Ok::<_, Error>((pool_id, identity, home, pool))
    };
    let (pool_id, identity, home, pool) = cognito.0.store.read(read).await?;
    if identity.is_disabled {
        return Err(forbidden(id));
    }
    let verified = logins::verify(cognito, &pool_id, &pool, logins).await?;
    if verified.is_empty() {
        if identity.had_login {
            return Err(forbidden(id));
        }
        if !pool.allows_guests {
            return Err(no_guests());
        }
    } else {
        let is_vouched = verified.vouched.as_ref().map(|vouched| vouched.identity == id);
        if is_vouched == Some(false) {
            return Err(forbidden(id));
        }
        if !verified.logins.is_empty() {
            let (pool_id, id) = (pool_id.clone(), id.to_owned());
            let keys: Vec<Key> = verified.logins.iter().map(Login::key).collect();
            let is_vouched = is_vouched == Some(true);
            cognito.0.store.write(move |tx| match_logins(tx, &pool_id, &id, &keys, is_vouched, now)).await?;
        }
    }
    Ok(Admitted { home, pool_id, pool, verified })
}

/// Links logins to the identity whose they are; those of an identity that has some must include one of them.
fn match_logins(
    tx: &Tx<'_>,
    pool: &str,
    id: &str,
    logins: &[Key],
    is_vouched: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let mut owns_one = is_vouched;
    for login in logins {
        match tables::identity_of_login(tx, pool, &login.provider, &login.subject)? {
            Some(owner) if owner == id => owns_one = true,
            Some(_) => return Err(no_match()),
            None => {}
        }
    }
    let (_, identity) = tables::identity(tx, id)?;
    if identity.had_login && !owns_one {
        return Err(no_match());
    }
    link_all(tx, pool, logins, id, now)
}

fn no_match() -> Error {
    let text =
        "Logins don't match. Please include at least one valid login for this identity or identity pool.";
    Error::new(NOT_AUTHORIZED, text)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unlink {
    identity_id: String,
    logins: BTreeMap<String, String>,
    logins_to_remove: Vec<String>,
}

pub(super) async fn unlink(call: &Call, input: Unlink) -> Result<(), ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    if input.logins.is_empty() {
        return Err(forbidden(&input.identity_id).into());
    }
    let admitted = admit(cognito, &input.identity_id, input.logins, now).await?;
    let (id, pool) = (input.identity_id, admitted.pool_id);
    let removed = move |tx: &Tx<'_>| {
        let (_, before) = tables::identity(tx, &id)?;
        for (provider, subject) in tables::logins(tx, &id)? {
            if input.logins_to_remove.contains(&provider) {
                tables::unlink(tx, &pool, &provider, &subject)?;
            }
        }
        tables::put_identity(tx, &pool, &id, &Identity { modified: now, ..before })
    };
    Ok(cognito.0.store.write(removed).await?)
}

/// An identity as answers have it.
fn view(tx: &Tx<'_>, id: &str, identity: &Identity) -> Result<Value, Error> {
    let mut providers: Vec<String> =
        tables::logins(tx, id)?.into_iter().map(|(provider, _)| provider).collect();
    providers.dedup();
    let mut view = json!({
        "IdentityId": id,
        "CreationDate": identity.created.as_seconds_f64(),
        "LastModifiedDate": identity.modified.as_seconds_f64(),
    });
    if !providers.is_empty() {
        view["Logins"] = json!(providers);
    }
    Ok(view)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    identity_id: String,
}

pub(super) async fn describe(call: &Call, input: Described) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), input.identity_id);
    let read = move |tx: &Tx<'_>| {
        let (pool, identity) = tables::identity(tx, &id)?;
        pooled::own::<Pool>(tx, &home, &pool)?;
        view(tx, &id, &identity)
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    identity_pool_id: String,
    max_results: usize,
    next_token: Option<String>,
    #[serde(default)]
    hide_disabled: bool,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let (home, max) = (call.home.clone(), input.max_results);
    let (pool, after) = (input.identity_pool_id, input.next_token.unwrap_or_default());
    let read = move |tx: &Tx<'_>| {
        pooled::own::<Pool>(tx, &home, &pool)?;
        let mut found = tables::identities(tx, &pool, &after, max)?;
        let more = max < found.len();
        found.truncate(max);
        let next = found.last().filter(|_| more).map(|(id, _)| id.clone());
        let shown = found.iter().filter(|(_, identity)| !(input.hide_disabled && identity.is_disabled));
        let shown = shown.map(|(id, identity)| view(tx, id, identity)).collect::<Result<Vec<_>, _>>()?;
        let mut answer = json!({"IdentityPoolId": pool, "Identities": shown});
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok::<_, Error>(answer)
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    identity_ids_to_delete: Vec<String>,
}

pub(super) async fn delete(call: &Call, input: Delete) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let deleted = move |tx: &Tx<'_>| {
        for id in &input.identity_ids_to_delete {
            // Of what isn't there, nothing is left to do.
            let Ok((pool, _)) = tables::identity(tx, id) else { continue };
            pooled::own::<Pool>(tx, &home, &pool)
                .map_err(|_| Error::new(INVALID_PARAMETER, format!("Identity '{id}' not found.")))?;
            tables::delete_identity(tx, id)?;
        }
        Ok::<_, Error>(json!({"UnprocessedIdentityIds": []}))
    };
    Ok(call.state::<Cognito>().0.store.write(deleted).await?)
}
