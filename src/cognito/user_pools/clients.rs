//! Clients of user pools: what they may do, and their secrets.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::records::{Client, ClientSecret, Pool};
use super::tables;
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER, LIMIT_EXCEEDED, NOT_AUTHORIZED, unsupported};
use crate::cognito::pooled;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most clients of a pool; AWS's quota.
const CLIENTS_MAX: usize = 1_000;
/// The flows of a client that names none.
const USUAL_FLOWS: [&str; 3] = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"];

type Members = Map<String, Value>;

/// Members that aren't kept among the settings.
const APART: &[&str] = &["UserPoolId", "ClientName", "GenerateSecret", "ClientId", "ClientSecret"];

/// A client with its pool, found by its id.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) pool: String,
    pub(super) client: Client,
    pub(super) secret: Option<String>,
}

impl Found {
    pub(super) fn read(tx: &Tx<'_>, id: &str) -> Result<Self, Error> {
        let (pool, client, secret) = tables::client(tx, id)?;
        Ok(Self { id: id.to_owned(), pool, client, secret: secret.secret })
    }

    /// Whether the client may sign users in like this: `USER_SRP_AUTH` and the like.
    pub(super) fn allows(&self, flow: &str) -> bool {
        let flows = self.client.settings.get("ExplicitAuthFlows").and_then(Value::as_array);
        let flows: Vec<&str> = flows.into_iter().flatten().filter_map(Value::as_str).collect();
        if flows.is_empty() {
            return USUAL_FLOWS.iter().any(|it| it.strip_prefix("ALLOW_") == Some(flow));
        }
        // Clients from before the names had `ALLOW_` may always use SRP and refresh.
        let is_old = flows.iter().all(|it| !it.starts_with("ALLOW_"));
        flows.iter().any(|it| it.strip_prefix("ALLOW_").unwrap_or(it) == flow)
            || (is_old && matches!(flow, "USER_SRP_AUTH" | "REFRESH_TOKEN_AUTH"))
            || (flow == "ADMIN_USER_PASSWORD_AUTH" && flows.contains(&"ADMIN_NO_SRP_AUTH"))
    }

    /// Whether nobody is to learn which users there are.
    pub(super) fn hides_users(&self) -> bool {
        self.client.settings.get("PreventUserExistenceErrors").is_some_and(|it| it == "ENABLED")
    }

    /// Whether tokens can be revoked; AWS's default for new clients.
    pub(super) fn revokes(&self) -> bool {
        self.client.settings.get("EnableTokenRevocation").and_then(Value::as_bool).unwrap_or(true)
    }

    /// How long a kind of token is good for, in seconds.
    pub(super) fn validity_s(&self, kind: &str) -> i64 {
        let settings = &self.client.settings;
        let (usual_count, usual_unit) = if kind == "RefreshToken" { (30, "days") } else { (60, "minutes") };
        let given =
            settings.get(&format!("{kind}Validity")).and_then(Value::as_i64).filter(|count| 0 < *count);
        let unit =
            settings.get("TokenValidityUnits").and_then(|units| units.get(kind)).and_then(Value::as_str);
        let unit = match (unit, given) {
            (Some(unit), _) => unit,
            (None, Some(_)) if kind != "RefreshToken" => "hours",
            (None, _) => usual_unit,
        };
        let seconds = match unit {
            "seconds" => 1,
            "minutes" => 60,
            "hours" => 3_600,
            _ => 86_400,
        };
        given.unwrap_or(usual_count).saturating_mul(seconds)
    }

    /// Whether the caller knows the client's secret, if it has one: `SecretHash` of one of the names that the user has.
    pub(super) fn check_secret(&self, given: Option<&str>, names: &[&str]) -> Result<(), Error> {
        let Some(secret) = &self.secret else {
            return match given {
                None => Ok(()),
                Some(_) => {
                    let text = format!(
                        "Client {} is not configured with a secret but SecretHash was received",
                        self.id
                    );
                    Err(Error::new(NOT_AUTHORIZED, text))
                }
            };
        };
        let Some(given) = given else {
            let text =
                format!("Client {} is configured with secret but SECRET_HASH was not received", self.id);
            return Err(Error::new(NOT_AUTHORIZED, text));
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let is_hash = |name: &&&str| {
            let hash = STANDARD.encode(hmac::sign(&key, format!("{name}{}", self.id).as_bytes()));
            verify_slices_are_equal(hash.as_bytes(), given.as_bytes()).is_ok()
        };
        match names.iter().find(is_hash) {
            Some(_) => Ok(()),
            None => Err(Error::new(
                NOT_AUTHORIZED,
                format!("Unable to verify secret hash for client {}", self.id),
            )),
        }
    }
}

impl Found {
    /// Whether the caller knows the client's secret itself, if it has one.
    pub(super) fn check_own_secret(&self, given: Option<&str>) -> Result<(), Error> {
        let is_it = match (&self.secret, given) {
            (None, None) => true,
            (Some(own), Some(given)) => verify_slices_are_equal(own.as_bytes(), given.as_bytes()).is_ok(),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if is_it { Ok(()) } else { Err(Error::new(NOT_AUTHORIZED, "Invalid client secret.")) }
    }
}

/// Refuses what belongs to the hosted pages, which this server doesn't have.
fn check(members: &Members) -> Result<(), Error> {
    if members.get("AllowedOAuthFlowsUserPoolClient").and_then(Value::as_bool) == Some(true) {
        return Err(unsupported("AllowedOAuthFlowsUserPoolClient"));
    }
    let is_other = |it: &Value| it != "COGNITO";
    let providers = members.get("SupportedIdentityProviders").and_then(Value::as_array);
    if providers.is_some_and(|all| all.iter().any(is_other)) {
        return Err(unsupported("SupportedIdentityProviders other than COGNITO"));
    }
    if members.get("AnalyticsConfiguration").and_then(Value::as_object).is_some_and(|it| !it.is_empty()) {
        return Err(unsupported("AnalyticsConfiguration"));
    }
    if members.get("RefreshTokenRotation").is_some_and(|it| it["Feature"] == "ENABLED") {
        return Err(unsupported("RefreshTokenRotation"));
    }
    let flows = members.get("ExplicitAuthFlows").and_then(Value::as_array);
    let flows: Vec<&str> = flows.into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(flow) = flows.iter().find(|it| **it == "ALLOW_USER_AUTH") {
        return Err(unsupported(&format!("ExplicitAuthFlows with {flow}")));
    }
    let has_new = flows.iter().any(|it| it.starts_with("ALLOW_"));
    if has_new && !flows.iter().all(|it| it.starts_with("ALLOW_")) {
        return Err(Error::new(
            INVALID_PARAMETER,
            "Cannot use both new and old explicit auth flows in the same client.",
        ));
    }
    Ok(())
}

fn kept(members: Members) -> Members {
    members.into_iter().filter(|(name, _)| !APART.contains(&name.as_str())).collect()
}

/// A client as answers have it.
fn view(pool: &str, id: &str, client: Client, secret: Option<String>) -> Value {
    let mut view = json!({
        "UserPoolId": pool,
        "ClientName": client.name,
        "ClientId": id,
        "LastModifiedDate": client.modified.as_seconds_f64(),
        "CreationDate": client.created.as_seconds_f64(),
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": false,
        "EnableTokenRevocation": true,
        "EnablePropagateAdditionalUserContextData": false,
        "AuthSessionValidity": 3,
    });
    if let Some(members) = view.as_object_mut() {
        members.extend(client.settings);
        if let Some(secret) = secret {
            members.insert("ClientSecret".to_owned(), secret.into());
        }
    }
    view
}

fn text(members: &Members, name: &str) -> String {
    members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) async fn create(call: &Call, members: Members) -> Result<Value, ApiError> {
    check(&members)?;
    let ids = &call.state::<Cognito>().0.ids;
    let (id, made) = (ids.lower_alphanumeric(26), ids.lower_alphanumeric(51));
    let wants_secret = members.get("GenerateSecret").and_then(Value::as_bool) == Some(true);
    let given = members.get("ClientSecret").and_then(Value::as_str).map(str::to_owned);
    let secret = ClientSecret { secret: given.or_else(|| wants_secret.then_some(made)) };
    let (home, pool, now) = (call.home.clone(), text(&members, "UserPoolId"), call.time);
    let client =
        Client { name: text(&members, "ClientName"), settings: kept(members), created: now, modified: now };
    let put = move |tx: &Tx<'_>| {
        pooled::own::<Pool>(tx, &home, &pool)?;
        if CLIENTS_MAX <= tables::clients(tx, &pool, "", CLIENTS_MAX)?.len() {
            return Err(Error::new(LIMIT_EXCEEDED, "Exceeded user pool client limit."));
        }
        tables::put_client(tx, &pool, &id, &client, &secret)?;
        Ok::<_, Error>(json!({"UserPoolClient": view(&pool, &id, client.clone(), secret.secret.clone())}))
    };
    Ok(call.state::<Cognito>().0.store.write(put).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    user_pool_id: String,
    client_id: String,
}

/// The client of a pool, at home.
fn own(tx: &Tx<'_>, home: &crate::id::AccountRegion, named: &Named) -> Result<Found, Error> {
    pooled::own::<Pool>(tx, home, &named.user_pool_id)?;
    let found = Found::read(tx, &named.client_id)?;
    if found.pool == named.user_pool_id { Ok(found) } else { Err(tables::no_client(&named.client_id)) }
}

pub(super) async fn describe(call: &Call, named: Named) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = move |tx: &Tx<'_>| {
        let Found { id, pool, client, secret } = own(tx, &home, &named)?;
        Ok::<_, Error>(json!({"UserPoolClient": view(&pool, &id, client, secret)}))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn update(call: &Call, members: Members) -> Result<Value, ApiError> {
    check(&members)?;
    let named = Named { user_pool_id: text(&members, "UserPoolId"), client_id: text(&members, "ClientId") };
    let (home, now) = (call.home.clone(), call.time);
    let changed = move |tx: &Tx<'_>| {
        let Found { id, pool, client: before, secret } = own(tx, &home, &named)?;
        let name = members.get("ClientName").and_then(Value::as_str).map(str::to_owned);
        let client = Client {
            name: name.unwrap_or(before.name),
            settings: kept(members.clone()),
            created: before.created,
            modified: now,
        };
        let secret = ClientSecret { secret };
        tables::put_client(tx, &pool, &id, &client, &secret)?;
        Ok::<_, Error>(json!({"UserPoolClient": view(&pool, &id, client, secret.secret)}))
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}

pub(super) async fn delete(call: &Call, named: Named) -> Result<(), ApiError> {
    let home = call.home.clone();
    let deleted = move |tx: &Tx<'_>| {
        own(tx, &home, &named)?;
        tables::delete_client(tx, &named.client_id)
    };
    Ok(call.state::<Cognito>().0.store.write(deleted).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    user_pool_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let (home, max) = (call.home.clone(), input.max_results.unwrap_or(60));
    let read = move |tx: &Tx<'_>| {
        let pool = input.user_pool_id;
        pooled::own::<Pool>(tx, &home, &pool)?;
        let mut found = tables::clients(tx, &pool, &input.next_token.unwrap_or_default(), max)?;
        let more = max < found.len();
        found.truncate(max);
        let next = found.last().filter(|_| more).map(|(id, _)| id.clone());
        let short = |(id, client): (String, Client)| json!({"ClientId": id, "UserPoolId": pool, "ClientName": client.name});
        let mut answer = json!({"UserPoolClients": found.into_iter().map(short).collect::<Vec<_>>()});
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok::<_, Error>(answer)
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}
