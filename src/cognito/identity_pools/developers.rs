//! Identities of developers' own logins: whoever has the developer's credentials vouches for them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::identities::new_identity;
use super::logins::AUTHENTICATED;
use super::records::{Identity, Pool};
use super::{open_id, tables};
use crate::cognito::Cognito;
use crate::cognito::error::{
    DEVELOPER_USER, Error, INVALID_PARAMETER, RESOURCE_CONFLICT, RESOURCE_NOT_FOUND,
};
use crate::cognito::pooled;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// How long a token is good for unless the developer says otherwise, in seconds.
const LIFETIME_S: i64 = 900;
/// How many users a page has unless the caller says otherwise.
const PAGE: usize = 60;

fn check_provider(pool: &Pool, provider: &str) -> Result<(), Error> {
    match &pool.developer_provider {
        Some(own) if own == provider => Ok(()),
        _ => Err(Error::new(INVALID_PARAMETER, "Developer provider name is not that of the identity pool.")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Token {
    identity_pool_id: String,
    identity_id: Option<String>,
    logins: BTreeMap<String, String>,
    token_duration: Option<i64>,
}

pub(super) async fn token(call: &Call, input: Token) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let (home, pool_id) = (call.home.clone(), input.identity_pool_id);
    let mut logins = input.logins.into_iter();
    let (Some((provider, user)), None) = (logins.next(), logins.next()) else {
        return Err(ApiError::new(INVALID_PARAMETER, "Exactly one developer login has to be given."));
    };
    let (given, made) = (input.identity_id, format!("{}:{}", home.region, cognito.0.ids.uuid()));
    let methods = [AUTHENTICATED.to_owned(), provider.clone(), format!("{provider}:{pool_id}:{user}")];
    let pool = pool_id.clone();
    let linked = move |tx: &Tx<'_>| {
        check_provider(&pooled::own::<Pool>(tx, &home, &pool)?, &provider)?;
        let known = tables::identity_of_login(tx, &pool, &provider, &user)?;
        let id = match (known, given.clone()) {
            (Some(known), None) => return Ok(known),
            (Some(known), Some(given)) if known == given => return Ok(known),
            (Some(_), Some(_)) => {
                let text = "The developer user is registered with another identity.";
                return Err(Error::new(DEVELOPER_USER, text));
            }
            (None, Some(given)) => {
                let (of, before) = tables::identity(tx, &given)?;
                if of != pool || before.is_disabled {
                    return Err(Error::new(RESOURCE_NOT_FOUND, format!("Identity '{given}' not found.")));
                }
                let identity = Identity { modified: now, had_login: true, ..before };
                tables::put_identity(tx, &pool, &given, &identity)?;
                given
            }
            (None, None) => {
                let identity = Identity { had_login: true, ..new_identity(now) };
                tables::put_identity(tx, &pool, &made, &identity)?;
                made.clone()
            }
        };
        tables::link(tx, &pool, &provider, &user, &id)?;
        Ok::<_, Error>(id)
    };
    let id = cognito.0.store.write(linked).await?;
    let lifetime = input.token_duration.unwrap_or(LIFETIME_S);
    let token = open_id::token(cognito, &id, &pool_id, &methods, now, lifetime).await?;
    Ok(json!({"IdentityId": id, "Token": token}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LookUp {
    identity_pool_id: String,
    identity_id: Option<String>,
    developer_user_identifier: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn look_up(call: &Call, input: LookUp) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let max = input.max_results.filter(|max| 0 < *max).unwrap_or(PAGE);
    let found = move |tx: &Tx<'_>| {
        let pool = pooled::own::<Pool>(tx, &home, &input.identity_pool_id)?;
        let provider = pool.developer_provider.unwrap_or_default();
        let nothing = || Error::new(RESOURCE_NOT_FOUND, "No such developer user or identity.");
        let (pool_id, user) = (&input.identity_pool_id, input.developer_user_identifier.as_deref());
        let of_user = match user {
            Some(user) => Some(tables::identity_of_login(tx, pool_id, &provider, user)?.ok_or_else(nothing)?),
            None => None,
        };
        let id = match (of_user, input.identity_id) {
            (Some(of_user), Some(given)) if of_user != given => {
                let text = "The developer user and the identity don't belong together.";
                return Err(Error::new(RESOURCE_CONFLICT, text));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                let text = "Either IdentityId or DeveloperUserIdentifier has to be given.";
                return Err(Error::new(INVALID_PARAMETER, text));
            }
        };
        if tables::identity(tx, &id)?.0 != *pool_id {
            return Err(nothing());
        }
        let after = input.next_token.unwrap_or_default();
        let mut users = tables::subjects(tx, &id, &provider, &after, max)?;
        let more = max < users.len();
        users.truncate(max);
        let next = users.last().filter(|_| more).cloned();
        let mut answer = json!({"IdentityId": id, "DeveloperUserIdentifierList": users});
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok::<_, Error>(answer)
    };
    Ok(call.state::<Cognito>().0.store.read(found).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Merge {
    source_user_identifier: String,
    destination_user_identifier: String,
    developer_provider_name: String,
    identity_pool_id: String,
}

pub(super) async fn merge(call: &Call, input: Merge) -> Result<Value, ApiError> {
    let (home, now) = (call.home.clone(), call.time);
    let merged = move |tx: &Tx<'_>| {
        let (pool_id, provider) = (&input.identity_pool_id, &input.developer_provider_name);
        check_provider(&pooled::own::<Pool>(tx, &home, pool_id)?, provider)?;
        let of = |user: &str| {
            let found = tables::identity_of_login(tx, pool_id, provider, user)?;
            found.ok_or_else(|| Error::new(RESOURCE_NOT_FOUND, format!("No developer user '{user}'.")))
        };
        let (from, to) = (of(&input.source_user_identifier)?, of(&input.destination_user_identifier)?);
        if from == to {
            return Err(Error::new(INVALID_PARAMETER, "Both users have the same identity."));
        }
        let has_public =
            |id: &str| Ok::<_, Error>(tables::logins(tx, id)?.iter().any(|(of, _)| of != provider));
        if has_public(&from)? && has_public(&to)? {
            let text = "Both identities have logins of public providers.";
            return Err(Error::new(RESOURCE_CONFLICT, text));
        }
        tables::move_logins(tx, &from, &to)?;
        let (_, gone) = tables::identity(tx, &from)?;
        tables::put_identity(tx, pool_id, &from, &Identity { modified: now, is_disabled: true, ..gone })?;
        let (_, kept) = tables::identity(tx, &to)?;
        tables::put_identity(tx, pool_id, &to, &Identity { modified: now, ..kept })?;
        Ok::<_, Error>(json!({"IdentityId": to}))
    };
    Ok(call.state::<Cognito>().0.store.write(merged).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unlink {
    identity_id: String,
    identity_pool_id: String,
    developer_provider_name: String,
    developer_user_identifier: String,
}

pub(super) async fn unlink(call: &Call, input: Unlink) -> Result<(), ApiError> {
    let (home, now) = (call.home.clone(), call.time);
    let unlinked = move |tx: &Tx<'_>| {
        let (pool_id, provider) = (&input.identity_pool_id, &input.developer_provider_name);
        check_provider(&pooled::own::<Pool>(tx, &home, pool_id)?, provider)?;
        let user = &input.developer_user_identifier;
        if tables::identity_of_login(tx, pool_id, provider, user)?.as_ref() != Some(&input.identity_id) {
            let text = format!("No developer user '{user}' of this identity.");
            return Err(Error::new(RESOURCE_NOT_FOUND, text));
        }
        tables::unlink(tx, pool_id, provider, user)?;
        let (_, before) = tables::identity(tx, &input.identity_id)?;
        tables::put_identity(tx, pool_id, &input.identity_id, &Identity { modified: now, ..before })
    };
    Ok(call.state::<Cognito>().0.store.write(unlinked).await?)
}
