//! What people do who aren't signed in: sign up, confirm it, choose a new password for a forgotten one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, Attribute, Setter};
use super::clients::Found;
use super::codes::{self, Purpose, Sent};
use super::records::{Pool, User, UserSecrets};
use super::users::{self, Known};
use super::{admin, hashing, tables};
use crate::cognito::Cognito;
use crate::cognito::error::{
    CODE_MISMATCH, EXPIRED_CODE, Error, INVALID_PARAMETER, LIMIT_EXCEEDED, NOT_AUTHORIZED, USERNAME_EXISTS,
};
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// A client, its pool, and a user that is named, if there is one.
struct Asked {
    found: Found,
    pool: Pool,
    known: Option<Known>,
}

async fn asked(call: &Call, client: &str, name: &str, secret: Option<&str>) -> Result<Asked, Error> {
    let (client, sought) = (client.to_owned(), name.to_owned());
    let read = move |tx: &Tx<'_>| {
        let found = Found::read(tx, &client)?;
        let (_, pool) = tables::pool(tx, &found.pool)?;
        let known = users::find(tx, &found.pool, &pool, &sought)?;
        Ok::<_, Error>(Asked { found, pool, known })
    };
    let asked = call.state::<Cognito>().0.store.read(read).await?;
    let own = asked.known.as_ref().map_or(name, |known| known.user.username.as_str());
    asked.found.check_secret(secret, &[name, own])?;
    Ok(asked)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SignUp {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
    password: Option<String>,
    #[serde(default)]
    user_attributes: Vec<Attribute>,
}

pub(super) async fn sign_up(call: &Call, input: SignUp) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let asked = asked(call, &input.client_id, &input.username, input.secret_hash.as_deref()).await?;
    let (found, pool) = (asked.found, asked.pool);
    let only_owner =
        pool.settings.get("AdminCreateUserConfig").and_then(|it| it.get("AllowAdminCreateUserOnly"));
    if only_owner.and_then(Value::as_bool) == Some(true) {
        return Err(ApiError::new(NOT_AUTHORIZED, "SignUp is not permitted for this user pool"));
    }
    let mut given = attributes::by_name(input.user_attributes);
    let sub = cognito.0.ids.uuid().to_string();
    let username = admin::named(&pool, &input.username, &sub, &mut given)?;
    let password = input.password.unwrap_or_default();
    admin::check_password(&pool, &password)?;
    let writable = found.client.settings.get("WriteAttributes").and_then(Value::as_array);
    let writable: Vec<String> =
        writable.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    attributes::check(&pool, &given, Setter::Client(&writable), None)?;
    if asked.known.is_some() {
        return Err(exists().into());
    }
    let kept = hashing::keep(cognito, &found.pool, &username, password).await?;
    let mut user = User {
        username,
        sub: sub.clone(),
        is_enabled: true,
        status: "UNCONFIRMED".to_owned(),
        attributes: BTreeMap::new(),
        created: now,
        modified: now,
    };
    attributes::apply(&mut user, given);
    let mut secrets = UserSecrets { password: Some(kept), ..UserSecrets::default() };
    let sent = match attributes::says(&pool, "AutoVerifiedAttributes", "email") {
        true => codes::make(cognito, &user, &mut secrets, Purpose::SignUp, now),
        false => None,
    };
    let known = Known { key: attributes::key(&pool, &user.username), user, secrets };
    let (pool_id, of_pool) = (found.pool.clone(), pool.clone());
    let made = move |tx: &Tx<'_>| {
        if tables::user(tx, &pool_id, &known.key)?.is_some() {
            return Err(exists());
        }
        users::add(tx, &pool_id, &of_pool, &known, false)
    };
    cognito.0.store.write(made).await?;
    let mut answer = json!({"UserConfirmed": false, "UserSub": sub});
    if let Some(sent) = sent {
        answer["CodeDeliveryDetails"] = sent.details();
        sent.hand_on(cognito, &found.pool, &pool).await;
    }
    Ok(answer)
}

fn exists() -> Error {
    Error::new(USERNAME_EXISTS, "User already exists")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Confirm {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
    confirmation_code: String,
    #[serde(default)]
    force_alias_creation: bool,
}

/// What a code that was tried leads to: an error is returned once the try is counted.
type Tried = Result<(), Error>;

pub(super) async fn confirm(call: &Call, input: Confirm) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let asked = asked(call, &input.client_id, &input.username, input.secret_hash.as_deref()).await?;
    let Asked { found, pool, known } = asked;
    let Some(known) = known else {
        return Err(if found.hides_users() { expired() } else { users::nobody() }.into());
    };
    let (pool_id, takes) = (found.pool, input.force_alias_creation);
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &pool_id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        if known.user.status != "UNCONFIRMED" {
            let text = format!("User cannot be confirmed. Current status is {}", known.user.status);
            return Err(Error::new(NOT_AUTHORIZED, text));
        }
        let tried = codes::try_code(&mut known.secrets, Purpose::SignUp, &input.confirmation_code, now);
        if tried.is_ok() {
            known.user.status = "CONFIRMED".to_owned();
            known.user.modified = now;
            known.user.attributes.insert("email_verified".to_owned(), "true".to_owned());
        }
        users::put(tx, &pool_id, &pool, &known, takes)?;
        Ok::<Tried, Error>(tried)
    };
    cognito.0.store.write(changed).await??;
    Ok(json!({}))
}

fn expired() -> Error {
    Error::new(EXPIRED_CODE, "Invalid code provided, please request a code again.")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Resend {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
}

/// What people are told of whom nobody is to learn whether they are there: an address like theirs.
fn pretended(name: &str) -> Value {
    let email = if attributes::is_email(name) { name.to_owned() } else { format!("{name}@example.com") };
    json!({"CodeDeliveryDetails": codes::details(&email)})
}

/// How often codes may be asked for is bounded like guesses of passwords.
fn count(cognito: &Cognito, pool: &str, key: &str) -> Result<(), Error> {
    let counted = cognito.0.guesses.begin(pool, &format!("code {key}"), cognito.0.clock.monotonic());
    counted.map_err(|_| Error::new(LIMIT_EXCEEDED, "Attempt limit exceeded, please try after some time."))
}

async fn send(
    call: &Call,
    asked: Asked,
    name: &str,
    purpose: Purpose,
    check: impl Fn(&User) -> Result<(), Error> + Send + 'static,
) -> Result<Value, Error> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let Asked { found, pool, known } = asked;
    let key = known.as_ref().map_or(name, |known| known.key.as_str()).to_owned();
    count(cognito, &found.pool, &key)?;
    let Some(known) = known else {
        return if found.hides_users() { Ok(pretended(name)) } else { Err(users::nobody()) };
    };
    let (maker, pool_id, of_pool) = (cognito.clone(), found.pool.clone(), pool.clone());
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &pool_id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        check(&known.user)?;
        let sent = codes::make(&maker, &known.user, &mut known.secrets, purpose, now);
        let sent = sent.ok_or_else(admin::no_address)?;
        users::put(tx, &pool_id, &of_pool, &known, false)?;
        Ok::<Sent, Error>(sent)
    };
    let sent = cognito.0.store.write(changed).await?;
    let answer = json!({"CodeDeliveryDetails": sent.details()});
    sent.hand_on(cognito, &found.pool, &pool).await;
    Ok(answer)
}

pub(super) async fn resend(call: &Call, input: Resend) -> Result<Value, ApiError> {
    let asked = asked(call, &input.client_id, &input.username, input.secret_hash.as_deref()).await?;
    let check = |user: &User| match user.status.as_str() {
        "UNCONFIRMED" => Ok(()),
        _ => Err(Error::new(INVALID_PARAMETER, "User is already confirmed.")),
    };
    Ok(send(call, asked, &input.username, Purpose::SignUp, check).await?)
}

pub(super) async fn forgot_password(call: &Call, input: Resend) -> Result<Value, ApiError> {
    let asked = asked(call, &input.client_id, &input.username, input.secret_hash.as_deref()).await?;
    let check = |user: &User| {
        if user.status == "FORCE_CHANGE_PASSWORD" || !user.is_enabled {
            return Err(Error::new(NOT_AUTHORIZED, "User password cannot be reset in the current state."));
        }
        // Whoever gets the code may take the account over, so the address has to be proven.
        let is_verified = user.attributes.get("email_verified").is_some_and(|it| it == "true");
        if is_verified { Ok(()) } else { Err(admin::no_address()) }
    };
    Ok(send(call, asked, &input.username, Purpose::ForgotPassword, check).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewPassword {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
    confirmation_code: String,
    password: String,
}

pub(super) async fn confirm_forgot_password(call: &Call, input: NewPassword) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let asked = asked(call, &input.client_id, &input.username, input.secret_hash.as_deref()).await?;
    let Asked { found, pool, known } = asked;
    admin::check_password(&pool, &input.password)?;
    let Some(known) = known else {
        let mismatch = || Error::new(CODE_MISMATCH, "Invalid verification code provided, please try again.");
        return Err(if found.hides_users() { mismatch() } else { users::nobody() }.into());
    };
    let kept = hashing::keep(cognito, &found.pool, &known.user.username, input.password).await?;
    let pool_id = found.pool.clone();
    let guessed = known.key.clone();
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &pool_id, &known.key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: known.key.clone(), user, secrets };
        let tried =
            codes::try_code(&mut known.secrets, Purpose::ForgotPassword, &input.confirmation_code, now);
        if tried.is_ok() {
            known.user.status = "CONFIRMED".to_owned();
            known.user.modified = now;
            known.secrets.password = Some(kept.clone());
            known.secrets.password_expires = None;
        }
        users::put(tx, &pool_id, &pool, &known, false)?;
        Ok::<Tried, Error>(tried)
    };
    cognito.0.store.write(changed).await??;
    cognito.0.guesses.succeeded(&found.pool, &guessed);
    Ok(json!({}))
}
