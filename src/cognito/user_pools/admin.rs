//! What a pool's owner does with users.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, Attribute, Setter};
use super::codes::{self, Purpose};
use super::password::Policy;
use super::records::{Pool, User, UserSecrets};
use super::users::{self, Known};
use super::{hashing, tables};
use crate::cognito::Cognito;
use crate::cognito::error::{
    Error, INVALID_PARAMETER, INVALID_PASSWORD, NOT_AUTHORIZED, UNSUPPORTED_USER_STATE, USERNAME_EXISTS,
};
use crate::cognito::pooled;
use crate::id::AccountRegion;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// A user of a pool.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) user_pool_id: String,
    pub(super) username: String,
}

/// The pool and the user, at home.
pub(super) fn own(tx: &Tx<'_>, home: &AccountRegion, named: &Named) -> Result<(Pool, Known), Error> {
    let pool = pooled::own::<Pool>(tx, home, &named.user_pool_id)?;
    let known = users::expect(tx, &named.user_pool_id, &pool, &named.username)?;
    Ok((pool, known))
}

/// Changes a user of the caller's.
async fn change(
    call: &Call,
    named: Named,
    change: impl Fn(&Tx<'_>, &Pool, &mut Known) -> Result<(), Error> + Send + 'static,
) -> Result<Value, ApiError> {
    let (home, now) = (call.home.clone(), call.time);
    let changed = move |tx: &Tx<'_>| {
        let (pool, mut known) = own(tx, &home, &named)?;
        change(tx, &pool, &mut known)?;
        known.user.modified = now;
        users::put(tx, &named.user_pool_id, &pool, &known, false)
    };
    call.state::<Cognito>().0.store.write(changed).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    user_pool_id: String,
    username: String,
    #[serde(default)]
    user_attributes: Vec<Attribute>,
    temporary_password: Option<String>,
    #[serde(default)]
    force_alias_creation: bool,
    message_action: Option<String>,
}

/// A password that nobody has chosen: of every kind of character.
fn temporary(cognito: &Cognito) -> String {
    let ids = &cognito.0.ids;
    let some = |alphabet: &[u8], count| ids.pick_from(alphabet, count);
    let (upper, lower) = (some(b"ABCDEFGHJKLMNPQRSTUVWXYZ", 3), some(b"abcdefghijkmnopqrstuvwxyz", 4));
    let (digits, symbols) = (some(b"23456789", 3), some(b"!#%+-_", 2));
    format!("{upper}{lower}{digits}{symbols}{}", some(b"abcdefghijkmnopqrstuvwxyz", 8))
}

/// What a new user is called, and what follows from the name: in pools whose names are addresses, an address.
pub(super) fn named(
    pool: &Pool,
    name: &str,
    sub: &str,
    given: &mut std::collections::BTreeMap<String, String>,
) -> Result<String, Error> {
    let by_email = attributes::says(pool, "UsernameAttributes", "email");
    let by_phone = attributes::says(pool, "UsernameAttributes", "phone_number");
    if by_email || by_phone {
        let kind = match (attributes::is_email(name), attributes::is_phone(name)) {
            (true, _) if by_email => "email",
            (_, true) if by_phone => "phone_number",
            _ => {
                let text = match (by_email, by_phone) {
                    (true, true) => "Username should be either an email or a phone number.",
                    (true, false) => "Username should be an email.",
                    _ => "Username should be a phone number.",
                };
                return Err(Error::new(INVALID_PARAMETER, text));
            }
        };
        given.insert(kind.to_owned(), name.to_owned());
        return Ok(sub.to_owned());
    }
    for (kind, is) in
        [("email", attributes::is_email as fn(&str) -> bool), ("phone_number", attributes::is_phone)]
    {
        if attributes::says(pool, "AliasAttributes", kind) && is(name) {
            let (kind, article) =
                if kind == "email" { ("email", "email") } else { ("phone number", "phone number") };
            let text = format!(
                "Username cannot be of {kind} format, since user pool is configured for {article} alias."
            );
            return Err(Error::new(INVALID_PARAMETER, text));
        }
    }
    Ok(name.to_owned())
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    if input.message_action.as_deref() == Some("RESEND") {
        return Err(crate::cognito::error::unsupported("MessageAction RESEND").into());
    }
    let (cognito, home, now) = (call.state::<Cognito>(), call.home.clone(), call.time);
    let (pool_id, sub) = (input.user_pool_id, cognito.0.ids.uuid().to_string());
    let pool = {
        let (home, id) = (home.clone(), pool_id.clone());
        cognito.0.store.read(move |tx| pooled::own::<Pool>(tx, &home, &id)).await?
    };
    let mut given = attributes::by_name(input.user_attributes);
    given.remove("sub");
    let username = named(&pool, &input.username, &sub, &mut given)?;
    let is_made = input.temporary_password.is_none();
    let password = input.temporary_password.unwrap_or_else(|| temporary(cognito));
    if !is_made {
        Policy::of(&Value::Object(pool.settings.clone())).check(&password)?;
    }
    attributes::check(&pool, &given, Setter::Owner, None)?;
    let kept = hashing::keep(cognito, &pool_id, &username, password.clone()).await?;
    let days = pool.settings.get("AdminCreateUserConfig").and_then(|it| it.get("UnusedAccountValidityDays"));
    let of_policy = pool
        .settings
        .get("Policies")
        .and_then(|it| it["PasswordPolicy"].get("TemporaryPasswordValidityDays"));
    let days = of_policy.or(days).and_then(Value::as_u64).filter(|days| 0 < *days).unwrap_or(7);
    let mut user = User {
        username,
        sub,
        is_enabled: true,
        status: "FORCE_CHANGE_PASSWORD".to_owned(),
        attributes: Default::default(),
        created: now,
        modified: now,
    };
    attributes::apply(&mut user, given);
    let secrets = UserSecrets {
        password: Some(kept),
        password_expires: Some(now + Duration::from_secs(days.saturating_mul(86_400))),
        ..UserSecrets::default()
    };
    let takes = input.force_alias_creation;
    let known = Known { key: attributes::key(&pool, &user.username), user, secrets };
    let told = (input.message_action.is_none()).then(|| known.user.username.clone());
    let of_pool = pool_id.clone();
    let made = move |tx: &Tx<'_>| {
        let pool = pooled::own::<Pool>(tx, &home, &of_pool)?;
        if tables::user(tx, &of_pool, &known.key)?.is_some() {
            return Err(Error::new(USERNAME_EXISTS, "User account already exists"));
        }
        users::add(tx, &of_pool, &pool, &known, takes)?;
        Ok::<_, Error>(json!({"User": users::view(&known.user, "Attributes")}))
    };
    let answer = cognito.0.store.write(made).await?;
    if let (Some(username), true) = (told, is_made) {
        // Nobody else knows it: AWS would send it.
        tracing::info!(pool = pool_id, username, "the temporary password is {password}");
    }
    Ok(answer)
}

pub(super) async fn get(call: &Call, named: Named) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = move |tx: &Tx<'_>| {
        let (_, known) = own(tx, &home, &named)?;
        Ok::<_, Error>(users::view(&known.user, "UserAttributes"))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn delete(call: &Call, named: Named) -> Result<(), ApiError> {
    let home = call.home.clone();
    let deleted = move |tx: &Tx<'_>| {
        let (_, known) = own(tx, &home, &named)?;
        tables::delete_user(tx, &named.user_pool_id, &known.key)
    };
    Ok(call.state::<Cognito>().0.store.write(deleted).await?)
}

pub(super) async fn confirm(call: &Call, named: Named) -> Result<Value, ApiError> {
    change(call, named, |_, _, known| {
        if known.user.status != "UNCONFIRMED" {
            let text = format!("User cannot be confirmed. Current status is {}", known.user.status);
            return Err(Error::new(NOT_AUTHORIZED, text));
        }
        known.user.status = "CONFIRMED".to_owned();
        Ok(())
    })
    .await
}

pub(super) async fn enable(call: &Call, named: Named) -> Result<Value, ApiError> {
    change(call, named, |_, _, known| {
        known.user.is_enabled = true;
        Ok(())
    })
    .await
}

pub(super) async fn disable(call: &Call, named: Named) -> Result<Value, ApiError> {
    let pool_id = named.user_pool_id.clone();
    change(call, named, move |tx, _, known| {
        known.user.is_enabled = false;
        tables::end_sign_ins(tx, &pool_id, &known.key)
    })
    .await
}

pub(super) async fn sign_out(call: &Call, named: Named) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let ended = move |tx: &Tx<'_>| {
        let (_, known) = own(tx, &home, &named)?;
        tables::end_sign_ins(tx, &named.user_pool_id, &known.key)
    };
    call.state::<Cognito>().0.store.write(ended).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetPassword {
    user_pool_id: String,
    username: String,
    password: String,
    #[serde(default)]
    permanent: bool,
}

pub(super) async fn set_password(call: &Call, input: SetPassword) -> Result<Value, ApiError> {
    let (cognito, home, now) = (call.state::<Cognito>(), call.home.clone(), call.time);
    let named = Named { user_pool_id: input.user_pool_id, username: input.username };
    let (pool, known, named) = {
        let home = home.clone();
        let read = move |tx: &Tx<'_>| own(tx, &home, &named).map(|(pool, known)| (pool, known, named));
        cognito.0.store.read(read).await?
    };
    Policy::of(&Value::Object(pool.settings.clone())).check(&input.password)?;
    let kept = hashing::keep(cognito, &named.user_pool_id, &known.user.username, input.password).await?;
    let status = if input.permanent { "CONFIRMED" } else { "FORCE_CHANGE_PASSWORD" };
    change(call, named, move |_, _, known| {
        known.user.status = status.to_owned();
        known.secrets.password = Some(kept.clone());
        known.secrets.password_expires =
            (status != "CONFIRMED").then(|| now + Duration::from_secs(7 * 86_400));
        known.secrets.codes.clear();
        Ok(())
    })
    .await
}

pub(super) async fn reset_password(call: &Call, named: Named) -> Result<Value, ApiError> {
    let (cognito, home, now) = (call.state::<Cognito>(), call.home.clone(), call.time);
    let (pool_id, ids) = (named.user_pool_id.clone(), cognito.clone());
    let changed = move |tx: &Tx<'_>| {
        let (pool, mut known) = own(tx, &home, &named)?;
        if known.user.status == "FORCE_CHANGE_PASSWORD" {
            let text = "User password cannot be reset in the current state.";
            return Err(Error::new(UNSUPPORTED_USER_STATE, text));
        }
        let sent = codes::make(&ids, &known.user, &mut known.secrets, Purpose::ForgotPassword, now);
        let sent = sent.ok_or_else(no_address)?;
        known.user.status = "RESET_REQUIRED".to_owned();
        users::put(tx, &named.user_pool_id, &pool, &known, false)?;
        Ok((pool, sent))
    };
    let (pool, sent) = cognito.0.store.write(changed).await?;
    sent.hand_on(cognito, &pool_id, &pool).await;
    Ok(json!({}))
}

/// There is nowhere to send a code to.
pub(super) fn no_address() -> Error {
    let text = "Cannot reset password for the user as there is no registered/verified email or phone_number";
    Error::new(INVALID_PARAMETER, text)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateAttributes {
    user_pool_id: String,
    username: String,
    user_attributes: Vec<Attribute>,
}

pub(super) async fn update_attributes(call: &Call, input: UpdateAttributes) -> Result<Value, ApiError> {
    let given = attributes::by_name(input.user_attributes);
    let named = Named { user_pool_id: input.user_pool_id, username: input.username };
    change(call, named, move |_, pool, known| {
        attributes::check(pool, &given, Setter::Owner, Some(&known.user.attributes))?;
        attributes::apply(&mut known.user, given.clone());
        Ok(())
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAttributes {
    user_pool_id: String,
    username: String,
    user_attribute_names: Vec<String>,
}

pub(super) async fn delete_attributes(call: &Call, input: DeleteAttributes) -> Result<Value, ApiError> {
    let named = Named { user_pool_id: input.user_pool_id, username: input.username };
    change(call, named, move |_, _, known| {
        known.user.attributes.retain(|name, _| !input.user_attribute_names.contains(name));
        Ok(())
    })
    .await
}

/// What a pool's own check of a password says, for whoever chooses one.
pub(super) fn check_password(pool: &Pool, password: &str) -> Result<(), Error> {
    if password.chars().count() > 256 {
        return Err(Error::new(INVALID_PASSWORD, "Password did not conform with policy: Password too long"));
    }
    Policy::of(&Value::Object(pool.settings.clone())).check(password)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    user_pool_id: String,
    attributes_to_get: Option<Vec<String>>,
    limit: Option<usize>,
    pagination_token: Option<String>,
    filter: Option<String>,
}

/// How many users are looked at for a page of those that a filter lets through.
const LOOKED_AT_MAX: usize = 1_000;

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let max = input.limit.filter(|max| 0 < *max).unwrap_or(60);
    let filter = input.filter.as_deref().map(super::filter::Filter::parse).transpose()?;
    let read = move |tx: &Tx<'_>| {
        pooled::own::<Pool>(tx, &home, &input.user_pool_id)?;
        let after = input.pagination_token.unwrap_or_default();
        let looked_at = if filter.is_some() { LOOKED_AT_MAX } else { max };
        let mut found = tables::users(tx, &input.user_pool_id, &after, looked_at)?;
        let mut more = looked_at < found.len();
        found.truncate(looked_at);
        let mut last = found.last().map(|(key, _)| key.clone());
        let fits = |user: &User| filter.as_ref().is_none_or(|filter| filter.lets_through(user));
        found.retain(|(_, user)| fits(user));
        if max < found.len() {
            found.truncate(max);
            (more, last) = (true, found.last().map(|(key, _)| key.clone()));
        }
        let shown = found.iter().map(|(_, user)| {
            let mut view = users::view(user, "Attributes");
            if let (Some(wanted), Some(list)) = (&input.attributes_to_get, view["Attributes"].as_array_mut())
            {
                list.retain(|it| it["Name"].as_str().is_some_and(|name| wanted.iter().any(|it| it == name)));
            }
            view
        });
        let mut answer = json!({"Users": shown.collect::<Vec<_>>()});
        if let Some(last) = last.filter(|_| more) {
            answer["PaginationToken"] = last.into();
        }
        Ok::<_, Error>(answer)
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}
