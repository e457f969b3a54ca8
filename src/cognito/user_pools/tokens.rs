//! Tokens of a sign-in: RS256, with AWS's claims.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html>

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::clients::Found;
use super::groups::GROUPS_OF_USER_MAX;
use super::records::{Group, SignIn};
use super::tables;
use super::users::Known;
use crate::clock::Timestamp;
use crate::cognito::Cognito;
use crate::cognito::error::{Error, NOT_AUTHORIZED, RESOURCE_NOT_FOUND};
use crate::cognito::jwt;
use crate::cognito::keys::IssuerKeys;
use crate::store::Tx;

/// What an access token of a sign-in through the API may be used for.
const SCOPE: &str = "aws.cognito.signin.user.admin";

/// The issuer of a pool's tokens.
pub(super) fn issuer(pool_id: &str) -> String {
    let region = pool_id.split('_').next().unwrap_or_default();
    format!("https://cognito-idp.{region}.amazonaws.com/{pool_id}")
}

/// The id of a pool by its tokens' issuer.
pub(super) fn pool_of(issuer_given: &str) -> Option<&str> {
    let id = issuer_given.rsplit('/').next()?;
    (issuer(id) == issuer_given).then_some(id)
}

/// A refresh token: the sign-in's id, and a secret of which a hash is kept.
fn refresh_token(id: &str, secret: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(id), secret)
}

fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// The sign-in that a refresh token continues.
pub(super) fn continued(tx: &Tx<'_>, token: &str, now: Timestamp) -> Result<(String, SignIn), Error> {
    let invalid = || Error::new(NOT_AUTHORIZED, "Invalid Refresh Token");
    let (id, secret) = token.split_once('.').ok_or_else(invalid)?;
    let id = URL_SAFE_NO_PAD.decode(id).ok().and_then(|id| String::from_utf8(id).ok()).ok_or_else(invalid)?;
    let Some(sign_in) = tables::sign_in(tx, &id)? else {
        return Err(Error::new(NOT_AUTHORIZED, "Refresh Token has been revoked"));
    };
    if hash(secret) != sign_in.hash {
        return Err(invalid());
    }
    if sign_in.expires <= now {
        return Err(Error::new(NOT_AUTHORIZED, "Refresh Token has expired"));
    }
    Ok((id, sign_in))
}

/// Begins a sign-in of a user, and issues its tokens.
pub(super) async fn begin(
    cognito: &Cognito,
    found: &Found,
    known: &Known,
    now: Timestamp,
) -> Result<Value, Error> {
    let (id, secret) = (cognito.0.ids.uuid().to_string(), cognito.0.ids.alphanumeric(128));
    let lifetime = u64::try_from(found.validity_s("RefreshToken")).unwrap_or(0);
    let sign_in = SignIn {
        pool: found.pool.clone(),
        username: known.user.username.clone(),
        client: found.id.clone(),
        time: now,
        expires: now + Duration::from_secs(lifetime),
        hash: hash(&secret),
    };
    let (key, kept, with) = (known.key.clone(), sign_in.clone(), id.clone());
    cognito.0.store.write(move |tx| tables::put_sign_in(tx, &with, &key, &kept, now)).await?;
    let mut result = issue(cognito, found, known, &id, sign_in.time, now).await?;
    result["RefreshToken"] = refresh_token(&id, &secret).into();
    Ok(result)
}

/// Issues an ID token and an access token of a sign-in.
pub(super) async fn issue(
    cognito: &Cognito,
    found: &Found,
    known: &Known,
    sign_in: &str,
    signed_in: Timestamp,
    now: Timestamp,
) -> Result<Value, Error> {
    let no_pool = || Error::new(RESOURCE_NOT_FOUND, format!("User pool {} does not exist.", found.pool));
    let keys: Arc<IssuerKeys> = cognito.keys(&found.pool).await?.ok_or_else(no_pool)?;
    let (pool, key) = (found.pool.clone(), known.key.clone());
    let groups =
        cognito.0.store.read(move |tx| tables::groups_of(tx, &pool, &key, "", GROUPS_OF_USER_MAX)).await?;
    let event = cognito.0.ids.uuid().to_string();
    let common = |kind: &str| {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), known.user.sub.clone().into());
        if !groups.is_empty() {
            let names: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
            claims.insert("cognito:groups".to_owned(), json!(names));
        }
        claims.insert("iss".to_owned(), issuer(&found.pool).into());
        claims.insert("origin_jti".to_owned(), sign_in.into());
        claims.insert("event_id".to_owned(), event.as_str().into());
        claims.insert("token_use".to_owned(), kind.into());
        claims.insert("auth_time".to_owned(), signed_in.as_seconds().into());
        claims.insert("iat".to_owned(), now.as_seconds().into());
        claims.insert("jti".to_owned(), cognito.0.ids.uuid().to_string().into());
        claims
    };
    let ends = |kind: &str| now.as_seconds().saturating_add(found.validity_s(kind));

    let mut id = common("id");
    id.insert("aud".to_owned(), found.id.clone().into());
    id.insert("cognito:username".to_owned(), known.user.username.clone().into());
    id.insert("exp".to_owned(), ends("IdToken").into());
    put_roles(&mut id, &groups);
    let readable = found.client.settings.get("ReadAttributes").and_then(Value::as_array);
    for (name, value) in &known.user.attributes {
        if readable.is_none_or(|list| list.iter().any(|it| it == name)) {
            let value = match name.as_str() {
                "email_verified" | "phone_number_verified" => Value::Bool(value == "true"),
                "address" => json!({"formatted": value}),
                _ => value.as_str().into(),
            };
            id.insert(name.clone(), value);
        }
    }

    let mut access = common("access");
    access.insert("client_id".to_owned(), found.id.clone().into());
    access.insert("scope".to_owned(), SCOPE.into());
    access.insert("username".to_owned(), known.user.username.clone().into());
    access.insert("exp".to_owned(), ends("AccessToken").into());
    Ok(json!({
        "AccessToken": jwt::signed(keys.get(1)?, &access)?,
        "ExpiresIn": found.validity_s("AccessToken"),
        "TokenType": "Bearer",
        "IdToken": jwt::signed(keys.get(0)?, &id)?,
    }))
}

/// The roles of a user's groups; the preferred one is that of the group that comes first, if only one does.
fn put_roles(claims: &mut Map<String, Value>, groups: &[(String, Group)]) {
    let mut with_roles: Vec<(i64, &str)> = groups
        .iter()
        .filter_map(|(_, group)| Some((group.precedence.unwrap_or(i64::MAX), group.role_arn.as_deref()?)))
        .collect();
    with_roles.sort_by_key(|(precedence, _)| *precedence);
    if with_roles.is_empty() {
        return;
    }
    let roles: Vec<&str> = with_roles.iter().map(|(_, role)| *role).collect();
    claims.insert("cognito:roles".to_owned(), json!(roles));
    if let [(first, role), rest @ ..] = with_roles.as_slice()
        && rest.iter().all(|(precedence, other)| precedence != first || other == role)
    {
        claims.insert("cognito:preferred_role".to_owned(), (*role).into());
    }
}
