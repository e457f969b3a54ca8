//! Signing in: by password, by SRP, by a refresh token.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html>

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::challenges::{self, Challenge, Kind};
use super::clients::Found;
use super::records::{Pool, UserSecrets};
use super::srp::{self, ClientNumber, EXPONENT_BYTES, SALT_BYTES, Verifier};
use super::users::{self, Known};
use super::{admin, attributes, hashing, tables, tokens};
use crate::clock::Timestamp;
use crate::cognito::Cognito;
use crate::cognito::error::{
    Error, INVALID_PARAMETER, NOT_AUTHORIZED, NOT_CONFIRMED, RESET_REQUIRED, unsupported,
};
use crate::cognito::pooled;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

type Parameters = BTreeMap<String, String>;

/// Who signs a user in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Client,
    Owner,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Initiate {
    user_pool_id: Option<String>,
    client_id: String,
    auth_flow: String,
    #[serde(default)]
    auth_parameters: Parameters,
}

/// A client and its pool.
struct Door {
    found: Found,
    pool: Pool,
}

impl Door {
    fn read(tx: &Tx<'_>, client_id: &str) -> Result<Self, Error> {
        let found = Found::read(tx, client_id)?;
        let (_, pool) = tables::pool(tx, &found.pool)?;
        Ok(Self { found, pool })
    }

    /// What is said when somebody can't be let in who may not be there.
    fn wrong(&self) -> Error {
        Error::new(NOT_AUTHORIZED, "Incorrect username or password.")
    }

    fn nobody(&self) -> Error {
        if self.found.hides_users() { self.wrong() } else { users::nobody() }
    }
}

/// The door that a call knocks at; an owner's has to be of the owner's pool.
async fn door(call: &Call, client_id: &str, pool_id: Option<&str>) -> Result<Door, Error> {
    let id = client_id.to_owned();
    let door = call.state::<Cognito>().0.store.read(move |tx| Door::read(tx, &id)).await?;
    if let Some(pool_id) = pool_id {
        if door.found.pool != pool_id {
            return Err(tables::no_client(client_id));
        }
        let (home, id) = (call.home.clone(), pool_id.to_owned());
        call.state::<Cognito>().0.store.read(move |tx| pooled::own::<Pool>(tx, &home, &id)).await?;
    }
    Ok(door)
}

fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, Error> {
    let given = parameters.get(name).map(String::as_str).filter(|it| !it.is_empty());
    given.ok_or_else(|| Error::new(INVALID_PARAMETER, format!("Missing required parameter {name}")))
}

/// InitiateAuth.
pub(super) async fn initiate(call: &Call, input: Initiate) -> Result<Value, ApiError> {
    if input.auth_flow.starts_with("ADMIN_") {
        return Err(ApiError::new(INVALID_PARAMETER, "Initiate Auth method not supported."));
    }
    Ok(begin(call, input, By::Client).await?)
}

/// AdminInitiateAuth.
pub(super) async fn initiate_as_owner(call: &Call, input: Initiate) -> Result<Value, ApiError> {
    Ok(begin(call, input, By::Owner).await?)
}

async fn begin(call: &Call, input: Initiate, by: By) -> Result<Value, Error> {
    let door = door(call, &input.client_id, input.user_pool_id.as_deref()).await?;
    let parameters = input.auth_parameters;
    let flow = match input.auth_flow.as_str() {
        "REFRESH_TOKEN" => "REFRESH_TOKEN_AUTH",
        "ADMIN_NO_SRP_AUTH" => "ADMIN_USER_PASSWORD_AUTH",
        flow => flow,
    };
    match flow {
        "USER_SRP_AUTH" | "USER_PASSWORD_AUTH" | "ADMIN_USER_PASSWORD_AUTH" | "REFRESH_TOKEN_AUTH" => {}
        "CUSTOM_AUTH" => return Err(unsupported("AuthFlow CUSTOM_AUTH")),
        other => return Err(unsupported(&format!("AuthFlow {other}"))),
    }
    if !door.found.allows(flow) {
        let text = match (by, flow) {
            (By::Owner, _) => "Auth flow not enabled for this client".to_owned(),
            (By::Client, "USER_SRP_AUTH") => "USER_SRP_AUTH is not enabled for the client.".to_owned(),
            (By::Client, flow) => format!("{flow} flow not enabled for this client"),
        };
        return Err(Error::new(INVALID_PARAMETER, text));
    }
    match flow {
        "USER_SRP_AUTH" => challenge_password(call, door, &parameters).await,
        "REFRESH_TOKEN_AUTH" => {
            let secret = parameters.get("SECRET_HASH").map(String::as_str);
            refresh(call, door, parameter(&parameters, "REFRESH_TOKEN")?, secret).await
        }
        _ => with_password(call, door, &parameters).await,
    }
}

/// The user that is named, if there is one, and whether the caller knows the client's secret.
async fn user_of(
    call: &Call,
    door: &Door,
    parameters: &Parameters,
) -> Result<(String, Option<Known>), Error> {
    let name = parameter(parameters, "USERNAME")?.to_owned();
    let (pool_id, pool, sought) = (door.found.pool.clone(), door.pool.clone(), name.clone());
    let known =
        call.state::<Cognito>().0.store.read(move |tx| users::find(tx, &pool_id, &pool, &sought)).await?;
    let own = known.as_ref().map_or(name.as_str(), |known| known.user.username.as_str());
    let secret = parameters.get("SECRET_HASH").map(String::as_str);
    door.found.check_secret(secret, &[&name, own])?;
    Ok((name, known))
}

async fn with_password(call: &Call, door: Door, parameters: &Parameters) -> Result<Value, Error> {
    let cognito = call.state::<Cognito>();
    let (name, known) = user_of(call, &door, parameters).await?;
    let password = parameter(parameters, "PASSWORD")?.to_owned();
    let key = known.as_ref().map_or(name.as_str(), |known| known.key.as_str()).to_owned();
    count_guess(cognito, &door.found.pool, &key)?;
    let kept = known.as_ref().and_then(|known| known.secrets.password.clone());
    let is_it = hashing::check(cognito, kept, password).await?;
    let Some(known) = known else { return Err(door.nobody()) };
    if !is_it {
        return Err(door.wrong());
    }
    cognito.0.guesses.succeeded(&door.found.pool, &key);
    proven(call, door, known).await
}

fn count_guess(cognito: &Cognito, pool: &str, key: &str) -> Result<(), Error> {
    let now = cognito.0.clock.monotonic();
    let counted = cognito.0.guesses.begin(pool, key, now);
    counted.map_err(|_| Error::new(NOT_AUTHORIZED, "Password attempts exceeded"))
}

/// Lets a user in who has proven the password; some have to choose another one first.
async fn proven(call: &Call, door: Door, known: Known) -> Result<Value, Error> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    check_state(&known, now)?;
    if known.user.status == "FORCE_CHANGE_PASSWORD" {
        let of = Challenge::new(&door.found.id, Some(known.key.clone()), Kind::NewPassword, now);
        let missing = attributes::missing(&door.pool, &known.user);
        let missing: Vec<String> = missing.iter().map(|name| format!("userAttributes.{name}")).collect();
        let own = serde_json::to_string(&known.user.attributes).unwrap_or_default();
        return Ok(json!({
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": challenges::seal(cognito, &door.found.pool, &of).await?,
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": known.user.username,
                "requiredAttributes": json!(missing).to_string(),
                "userAttributes": own,
            },
        }));
    }
    signed_in(cognito, &door, &known, now).await
}

async fn signed_in(cognito: &Cognito, door: &Door, known: &Known, now: Timestamp) -> Result<Value, Error> {
    let result = tokens::begin(cognito, &door.found, known, now).await?;
    Ok(json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
}

/// Refuses users who may not sign in at present.
fn check_state(known: &Known, now: Timestamp) -> Result<(), Error> {
    if !known.user.is_enabled {
        return Err(Error::new(NOT_AUTHORIZED, "User is disabled."));
    }
    match known.user.status.as_str() {
        "UNCONFIRMED" => Err(Error::new(NOT_CONFIRMED, "User is not confirmed.")),
        "RESET_REQUIRED" => Err(Error::new(RESET_REQUIRED, "Password reset required for the user")),
        "FORCE_CHANGE_PASSWORD" if known.secrets.password_expires.is_some_and(|end| end <= now) => {
            let text = "Temporary password has expired and must be reset by an administrator.";
            Err(Error::new(NOT_AUTHORIZED, text))
        }
        _ => Ok(()),
    }
}

/// The first half of SRP: salt and the server's number. If nobody is to learn which users there are, users who aren't get
/// a salt too, the same each time.
async fn challenge_password(call: &Call, door: Door, parameters: &Parameters) -> Result<Value, Error> {
    let cognito = call.state::<Cognito>();
    let (name, known) = user_of(call, &door, parameters).await?;
    let number = ClientNumber::parse(parameter(parameters, "SRP_A")?);
    let number = number.map_err(|_| Error::new(INVALID_PARAMETER, "Invalid SRP_A parameter."))?;
    if known.is_none() && !door.found.hides_users() {
        return Err(users::nobody());
    }
    let (user_id, verifier) = match known.as_ref() {
        Some(Known { user, secrets: UserSecrets { password: Some(kept), .. }, .. }) => {
            (user.username.clone(), kept.srp.clone())
        }
        _ => invented(cognito, &door, &name).await?,
    };
    let mut exponent = [0; EXPONENT_BYTES];
    cognito.0.ids.fill(&mut exponent);
    let own = verifier.verifier.clone();
    let server = hashing::off(cognito, move || srp::server_number(&own, &exponent)).await?;
    let server = server.map_err(|_| Error::Key)?;
    let kind = Kind::Password { number: number.to_hex(), exponent: STANDARD.encode(exponent) };
    let key = known.filter(|known| known.secrets.password.is_some()).map(|known| known.key);
    let of = Challenge::new(&door.found.id, key, kind, call.time);
    Ok(json!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": verifier.salt,
            "SECRET_BLOCK": challenges::seal(cognito, &door.found.pool, &of).await?,
            "SRP_B": server,
            "USERNAME": user_id,
            "USER_ID_FOR_SRP": user_id,
        },
    }))
}

/// A verifier for a user who isn't there: the same whenever the name is asked for.
async fn invented(cognito: &Cognito, door: &Door, name: &str) -> Result<(String, Verifier), Error> {
    let keys = cognito.keys(&door.found.pool).await?.ok_or(Error::Key)?;
    let (salt, password) = keys.invent(name);
    let (pool, user) = (hashing::pool_name(&door.found.pool).to_owned(), name.to_owned());
    let mut bytes = [0; SALT_BYTES];
    bytes.copy_from_slice(&salt[..SALT_BYTES]);
    let made = hashing::off(cognito, move || Verifier::new(&pool, &user, &password, &bytes)).await?;
    Ok((name.to_owned(), made))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Respond {
    user_pool_id: Option<String>,
    client_id: String,
    challenge_name: String,
    session: Option<String>,
    #[serde(default)]
    challenge_responses: Parameters,
}

/// RespondToAuthChallenge and AdminRespondToAuthChallenge.
pub(super) async fn respond(call: &Call, input: Respond) -> Result<Value, ApiError> {
    let door = door(call, &input.client_id, input.user_pool_id.as_deref()).await?;
    let parameters = input.challenge_responses;
    let answered = match input.challenge_name.as_str() {
        "PASSWORD_VERIFIER" => claimed(call, door, &parameters).await,
        "NEW_PASSWORD_REQUIRED" => new_password(call, door, &parameters, input.session).await,
        other => Err(unsupported(&format!("ChallengeName {other}"))),
    };
    Ok(answered?)
}

/// The second half of SRP.
async fn claimed(call: &Call, door: Door, parameters: &Parameters) -> Result<Value, Error> {
    let cognito = call.state::<Cognito>();
    let (_, known) = user_of(call, &door, parameters).await?;
    let sealed = parameter(parameters, "PASSWORD_CLAIM_SECRET_BLOCK")?;
    let signature = parameter(parameters, "PASSWORD_CLAIM_SIGNATURE")?;
    let time = parameter(parameters, "TIMESTAMP")?.to_owned();
    let of = challenges::open(cognito, &door.found.pool, &door.found.id, sealed, call.time).await?;
    let Kind::Password { number, exponent } = of.kind else { return Err(door.wrong()) };
    let guessed = of.user.clone().unwrap_or_else(|| parameters.get("USERNAME").cloned().unwrap_or_default());
    count_guess(cognito, &door.found.pool, &guessed)?;
    let known = known.filter(|known| of.user.as_ref() == Some(&known.key));
    let kept = known.as_ref().and_then(|known| known.secrets.password.clone());
    let (Some(known), Some(kept)) = (known, kept) else { return Err(door.wrong()) };
    let number = ClientNumber::parse(&number).map_err(|_| Error::Key)?;
    let exponent = STANDARD.decode(exponent).ok().and_then(|it| it.try_into().ok()).ok_or(Error::Key)?;
    let key = hashing::off(cognito, move || srp::shared_key(&number, &kept.srp.verifier, &exponent)).await?;
    let key = key.map_err(|_| door.wrong())?;
    let blob = STANDARD.decode(sealed).map_err(|_| door.wrong())?;
    let signature = STANDARD.decode(signature).map_err(|_| door.wrong())?;
    let pool = hashing::pool_name(&door.found.pool);
    if !srp::is_claimed(&key, pool, &known.user.username, &blob, &time, &signature) {
        return Err(door.wrong());
    }
    cognito.0.guesses.succeeded(&door.found.pool, &known.key);
    proven(call, door, known).await
}

/// A password in place of the one that an administrator gave.
async fn new_password(
    call: &Call,
    door: Door,
    parameters: &Parameters,
    session: Option<String>,
) -> Result<Value, Error> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let (_, known) = user_of(call, &door, parameters).await?;
    let missing = || Error::new(INVALID_PARAMETER, "Missing required parameter Session");
    let session = session.ok_or_else(missing)?;
    let of = challenges::open(cognito, &door.found.pool, &door.found.id, &session, now).await?;
    let known = known.filter(|known| of.kind == Kind::NewPassword && of.user.as_ref() == Some(&known.key));
    let invalid = || Error::new(NOT_AUTHORIZED, "Invalid session for the user.");
    let known = known.ok_or_else(invalid)?;
    let password = parameter(parameters, "NEW_PASSWORD")?.to_owned();
    admin::check_password(&door.pool, &password)?;
    let given: BTreeMap<String, String> = parameters
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("userAttributes.")?.to_owned(), value.clone())))
        .collect();
    let setter = attributes::Setter::Client(&[]);
    attributes::check(&door.pool, &given, setter, Some(&known.user.attributes))?;
    let kept = hashing::keep(cognito, &door.found.pool, &known.user.username, password).await?;
    let (pool_id, pool, key) = (door.found.pool.clone(), door.pool.clone(), known.key);
    let changed = move |tx: &Tx<'_>| {
        let (user, secrets) = tables::user(tx, &pool_id, &key)?.ok_or_else(users::nobody)?;
        let mut known = Known { key: key.clone(), user, secrets };
        // Once only.
        if known.user.status != "FORCE_CHANGE_PASSWORD" {
            return Err(Error::new(
                NOT_AUTHORIZED,
                "Invalid session for the user, session can only be used once.",
            ));
        }
        attributes::apply(&mut known.user, given.clone());
        if let Some(name) = attributes::missing(&pool, &known.user).first() {
            return Err(Error::new(INVALID_PARAMETER, format!("Missing required attribute {name}")));
        }
        known.user.status = "CONFIRMED".to_owned();
        known.user.modified = now;
        known.secrets.password = Some(kept.clone());
        known.secrets.password_expires = None;
        users::put(tx, &pool_id, &pool, &known, false)?;
        Ok(known)
    };
    let known = cognito.0.store.write(changed).await?;
    check_state(&known, now)?;
    signed_in(cognito, &door, &known, now).await
}

/// New tokens of a sign-in.
async fn refresh(call: &Call, door: Door, token: &str, secret_hash: Option<&str>) -> Result<Value, Error> {
    let (result, known) = refreshed(call, &door, token).await?;
    door.found.check_secret(secret_hash, &[&known.user.username, &known.user.sub])?;
    Ok(json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
}

async fn refreshed(call: &Call, door: &Door, token: &str) -> Result<(Value, Known), Error> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let (token, pool, client) = (token.to_owned(), door.pool.clone(), door.found.id.clone());
    let read = move |tx: &Tx<'_>| {
        let (id, sign_in) = tokens::continued(tx, &token, now)?;
        if sign_in.client != client {
            return Err(Error::new(NOT_AUTHORIZED, "Invalid Refresh Token"));
        }
        let known = users::expect(tx, &sign_in.pool, &pool, &sign_in.username)?;
        Ok((id, sign_in, known))
    };
    let (id, sign_in, known) = cognito.0.store.read(read).await?;
    check_state(&known, now)?;
    let result = tokens::issue(cognito, &door.found, &known, &id, sign_in.time, now).await?;
    Ok((result, known))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTokens {
    refresh_token: String,
    client_id: String,
    client_secret: Option<String>,
}

/// GetTokensFromRefreshToken.
pub(super) async fn get_tokens(call: &Call, input: GetTokens) -> Result<Value, ApiError> {
    let door = door(call, &input.client_id, None).await?;
    if !door.found.allows("REFRESH_TOKEN_AUTH") {
        return Err(ApiError::new(INVALID_PARAMETER, "REFRESH_TOKEN_AUTH flow not enabled for this client"));
    }
    door.found.check_own_secret(input.client_secret.as_deref())?;
    let (result, _) = refreshed(call, &door, &input.refresh_token).await?;
    Ok(json!({"AuthenticationResult": result}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Revoke {
    token: String,
    client_id: String,
    client_secret: Option<String>,
}

/// RevokeToken: ends a sign-in. A token that is none is as good as revoked.
pub(super) async fn revoke(call: &Call, input: Revoke) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let door = door(call, &input.client_id, None).await?;
    if !door.found.revokes() {
        let code = crate::wire::Code::model("UnsupportedOperationException", 400);
        return Err(ApiError::new(code, "Token revocation is not enabled for this client."));
    }
    door.found.check_own_secret(input.client_secret.as_deref())?;
    let client = door.found.id;
    let ended = move |tx: &Tx<'_>| match tokens::continued(tx, &input.token, now) {
        Ok((id, sign_in)) if sign_in.client == client => tables::end_sign_in(tx, &id),
        Ok(_) => Err(Error::new(NOT_AUTHORIZED, "Invalid Refresh Token")),
        Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    };
    cognito.0.store.write(ended).await?;
    Ok(json!({}))
}
