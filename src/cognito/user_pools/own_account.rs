//! What people do who are signed in: whoever has a user's access token is the user.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, Attribute, Setter};
use super::clients::Found;
use super::codes::{self, Purpose};
use super::records::Pool;
use super::users::{self, Known};
use super::{admin, hashing, tables, tokens};
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER, LIMIT_EXCEEDED, NOT_AUTHORIZED};
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The longest token that is looked at.
const TOKEN_CHARS_MAX: usize = 16_384;

/// The bearer of an access token.
struct Bearer {
    pool_id: String,
    pool: Pool,
    found: Found,
    known: Known,
}

/// Verifies an access token: signature, issuer, kind, time, and that its sign-in hasn't ended.
async fn bearer(call: &Call, token: &str) -> Result<Bearer, Error> {
    let cognito = call.state::<Cognito>();
    let invalid = || Error::new(NOT_AUTHORIZED, "Invalid Access Token");
    if TOKEN_CHARS_MAX < token.len() {
        return Err(invalid());
    }
    let pool_id = claimed_pool(token).ok_or_else(invalid)?;
    let keys = cognito.keys(&pool_id).await?.ok_or_else(invalid)?;
    let claims = keys.set.claims(token).ok_or_else(invalid)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("token_use") != "access" || text("iss") != tokens::issuer(&pool_id) {
        return Err(invalid());
    }
    match claims.get("exp").and_then(Value::as_i64) {
        Some(end) if call.time.as_seconds() < end => {}
        Some(_) => return Err(Error::new(NOT_AUTHORIZED, "Access Token has expired")),
        None => return Err(invalid()),
    }
    let (username, client, sign_in) = (text("username"), text("client_id"), text("origin_jti"));
    let read = move |tx: &Tx<'_>| {
        let (_, pool) = tables::pool(tx, &pool_id)?;
        let found = Found::read(tx, &client)?;
        let known = users::expect(tx, &pool_id, &pool, &username)?;
        if tables::sign_in(tx, &sign_in)?.is_none() {
            return Err(Error::new(NOT_AUTHORIZED, "Access Token has been revoked"));
        }
        Ok(Bearer { pool_id, pool, found, known })
    };
    let bearer = cognito.0.store.read(read).await?;
    if !bearer.known.user.is_enabled {
        return Err(Error::new(NOT_AUTHORIZED, "User is disabled."));
    }
    Ok(bearer)
}

/// The pool that a token says it is of.
fn claimed_pool(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    tokens::pool_of(claims.get("iss")?.as_str()?).map(str::to_owned)
}

/// Changes the bearer.
async fn change(
    call: &Call,
    bearer: Bearer,
    change: impl Fn(&Tx<'_>, &mut Known) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let now = call.time;
    let Bearer { pool_id, pool, known, .. } = bearer;
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &pool_id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        change(tx, &mut known)?;
        known.user.modified = now;
        users::put(tx, &pool_id, &pool, &known, false)
    };
    call.state::<Cognito>().0.store.write(changed).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Token {
    access_token: String,
}

pub(super) async fn get(call: &Call, input: Token) -> Result<Value, ApiError> {
    let bearer = bearer(call, &input.access_token).await?;
    let user = &bearer.known.user;
    let readable = bearer.found.client.settings.get("ReadAttributes").and_then(Value::as_array);
    let mut list = attributes::listed(user);
    list.retain(|it| {
        it.name == "sub" || readable.is_none_or(|names| names.iter().any(|name| *name == it.name))
    });
    Ok(json!({"Username": user.username, "UserAttributes": list}))
}

pub(super) async fn delete(call: &Call, input: Token) -> Result<(), ApiError> {
    let bearer = bearer(call, &input.access_token).await?;
    let deleted = move |tx: &Tx<'_>| tables::delete_user(tx, &bearer.pool_id, &bearer.known.key);
    Ok(call.state::<Cognito>().0.store.write(deleted).await?)
}

pub(super) async fn sign_out(call: &Call, input: Token) -> Result<Value, ApiError> {
    let bearer = bearer(call, &input.access_token).await?;
    let ended = move |tx: &Tx<'_>| tables::end_sign_ins(tx, &bearer.pool_id, &bearer.known.key);
    call.state::<Cognito>().0.store.write(ended).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangePassword {
    access_token: String,
    previous_password: Option<String>,
    proposed_password: String,
}

pub(super) async fn change_password(call: &Call, input: ChangePassword) -> Result<Value, ApiError> {
    let cognito = call.state::<Cognito>();
    let bearer = bearer(call, &input.access_token).await?;
    let now = cognito.0.clock.monotonic();
    if cognito.0.guesses.begin(&bearer.pool_id, &bearer.known.key, now).is_err() {
        let text = "Attempt limit exceeded, please try after some time.";
        return Err(ApiError::new(LIMIT_EXCEEDED, text));
    }
    let previous = input.previous_password.unwrap_or_default();
    let kept = bearer.known.secrets.password.clone();
    if !hashing::check(cognito, kept, previous).await? {
        return Err(ApiError::new(NOT_AUTHORIZED, "Incorrect username or password."));
    }
    cognito.0.guesses.succeeded(&bearer.pool_id, &bearer.known.key);
    admin::check_password(&bearer.pool, &input.proposed_password)?;
    let username = bearer.known.user.username.clone();
    let kept = hashing::keep(cognito, &bearer.pool_id, &username, input.proposed_password).await?;
    let changed = move |_: &Tx<'_>, known: &mut Known| {
        known.secrets.password = Some(kept.clone());
        Ok(())
    };
    change(call, bearer, changed).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    access_token: String,
    user_attributes: Vec<Attribute>,
}

pub(super) async fn update(call: &Call, input: Update) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>().clone(), call.time);
    let bearer = bearer(call, &input.access_token).await?;
    let given = attributes::by_name(input.user_attributes);
    let writable = bearer.found.client.settings.get("WriteAttributes").and_then(Value::as_array);
    let writable: Vec<String> =
        writable.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    attributes::check(&bearer.pool, &given, Setter::Client(&writable), Some(&bearer.known.user.attributes))?;
    let (pool_id, pool) = (bearer.pool_id.clone(), bearer.pool.clone());
    let verifies = attributes::says(&pool, "AutoVerifiedAttributes", "email");
    let Bearer { known, .. } = bearer;
    let (maker, id, of_pool) = (cognito.clone(), pool_id.clone(), pool.clone());
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        let before = known.user.attributes.get("email").cloned();
        attributes::apply(&mut known.user, given.clone());
        known.user.modified = now;
        let is_new = known.user.attributes.get("email") != before.as_ref();
        let sent = match is_new && verifies {
            true => codes::make(&maker, &known.user, &mut known.secrets, Purpose::VerifyEmail, now),
            false => None,
        };
        users::put(tx, &id, &of_pool, &known, false)?;
        Ok::<_, Error>(sent)
    };
    let sent = cognito.0.store.write(changed).await?;
    let details: Vec<Value> = sent.iter().map(codes::Sent::details).collect();
    if let Some(sent) = sent {
        sent.hand_on(&cognito, &pool_id, &pool).await;
    }
    Ok(json!({"CodeDeliveryDetailsList": details}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAttributes {
    access_token: String,
    user_attribute_names: Vec<String>,
}

pub(super) async fn delete_attributes(call: &Call, input: DeleteAttributes) -> Result<Value, ApiError> {
    let bearer = bearer(call, &input.access_token).await?;
    let gone = input.user_attribute_names.into_iter().map(|name| (name, String::new())).collect();
    attributes::check(&bearer.pool, &gone, Setter::Client(&[]), Some(&bearer.known.user.attributes))?;
    let changed = move |_: &Tx<'_>, known: &mut Known| {
        known.user.attributes.retain(|name, _| !gone.contains_key(name));
        Ok(())
    };
    change(call, bearer, changed).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendCode {
    access_token: String,
    attribute_name: String,
}

fn only_email(name: &str) -> Result<(), Error> {
    match name {
        "email" => Ok(()),
        "phone_number" => Err(Error::new(
            INVALID_PARAMETER,
            "Verification of phone_number is not supported by this server: it sends no SMS.",
        )),
        _ => Err(Error::new(INVALID_PARAMETER, "Invalid attribute name.")),
    }
}

pub(super) async fn send_code(call: &Call, input: SendCode) -> Result<Value, ApiError> {
    only_email(&input.attribute_name)?;
    let (cognito, now) = (call.state::<Cognito>().clone(), call.time);
    let bearer = bearer(call, &input.access_token).await?;
    let counted = format!("code {}", bearer.known.key);
    if cognito.0.guesses.begin(&bearer.pool_id, &counted, cognito.0.clock.monotonic()).is_err() {
        return Err(ApiError::new(LIMIT_EXCEEDED, "Attempt limit exceeded, please try after some time."));
    }
    let Bearer { pool_id, pool, known, .. } = bearer;
    let (maker, id, of_pool) = (cognito.clone(), pool_id.clone(), pool.clone());
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        let sent = codes::make(&maker, &known.user, &mut known.secrets, Purpose::VerifyEmail, now);
        let sent = sent.ok_or_else(|| Error::new(INVALID_PARAMETER, "The user has no email address."))?;
        users::put(tx, &id, &of_pool, &known, false)?;
        Ok::<_, Error>(sent)
    };
    let sent = cognito.0.store.write(changed).await?;
    let answer = json!({"CodeDeliveryDetails": sent.details()});
    sent.hand_on(&cognito, &pool_id, &pool).await;
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Verify {
    access_token: String,
    attribute_name: String,
    code: String,
}

pub(super) async fn verify(call: &Call, input: Verify) -> Result<Value, ApiError> {
    only_email(&input.attribute_name)?;
    let now = call.time;
    let bearer = bearer(call, &input.access_token).await?;
    let Bearer { pool_id, pool, known, .. } = bearer;
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &pool_id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        let tried = codes::try_code(&mut known.secrets, Purpose::VerifyEmail, &input.code, now);
        if tried.is_ok() {
            known.user.attributes.insert("email_verified".to_owned(), "true".to_owned());
            known.user.modified = now;
        }
        users::put(tx, &pool_id, &pool, &known, false)?;
        Ok::<Result<(), Error>, Error>(tried)
    };
    call.state::<Cognito>().0.store.write(changed).await??;
    Ok(json!({}))
}
