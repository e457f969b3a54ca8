//! Logins: tokens of other issuers that say who an identity is. They are verified before anything is looked up.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::PROVIDER;
use super::records::Pool;
use crate::cognito::Cognito;
use crate::cognito::error::{EXTERNAL_SERVICE, Error, INVALID_PARAMETER, NOT_AUTHORIZED};
use crate::cognito::jwt;

/// The longest token; AWS's limit.
const TOKEN_CHARS_MAX: usize = 50_000;
/// The most logins in one call.
const LOGINS_MAX: usize = 10;

/// What verified tokens say.
#[derive(Debug, Default)]
pub(super) struct Verified {
    /// Logins with other issuers.
    pub(super) logins: Vec<Login>,
    /// The identity of one of this service's own tokens, which its developer vouches for.
    pub(super) vouched: Option<Vouched>,
}

impl Verified {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.logins.is_empty() && self.vouched.is_none()
    }

    /// How the bearer was identified, as roles' policies see it.
    pub(super) fn methods(&self) -> Vec<String> {
        let vouched = self.vouched.iter().flat_map(|it| it.methods.iter());
        let mut methods: Vec<String> = vouched.filter(|method| *method != AUTHENTICATED).cloned().collect();
        for login in &self.logins {
            methods.extend([login.provider.clone(), login.bearer.clone()]);
        }
        methods.insert(0, AUTHENTICATED.to_owned());
        methods
    }
}

/// The method of whoever has a login.
pub(super) const AUTHENTICATED: &str = "authenticated";
/// The method of whoever has none.
pub(super) const UNAUTHENTICATED: &str = "unauthenticated";

/// A verified token of another issuer.
#[derive(Debug)]
pub(super) struct Login {
    /// The issuer, as the pool names it.
    pub(super) provider: String,
    /// Whom it identifies.
    pub(super) subject: String,
    /// The provider with the subject: `…:CognitoSignIn:SUB`.
    pub(super) bearer: String,
    /// What the pool's role mappings call the provider.
    pub(super) mapping: String,
    /// Everything that it says.
    pub(super) claims: Map<String, Value>,
}

impl Login {
    /// What is looked up and linked.
    pub(super) fn key(&self) -> Key {
        Key { provider: self.provider.clone(), subject: self.subject.clone() }
    }
}

/// What a login is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) provider: String,
    pub(super) subject: String,
}

/// A verified token of this service's own.
#[derive(Debug)]
pub(super) struct Vouched {
    pub(super) identity: String,
    methods: Vec<String>,
}

/// Verifies every token of `logins`, by provider.
pub(super) async fn verify(
    cognito: &Cognito,
    pool_id: &str,
    pool: &Pool,
    logins: BTreeMap<String, String>,
) -> Result<Verified, Error> {
    if LOGINS_MAX < logins.len() {
        return Err(Error::new(INVALID_PARAMETER, format!("At most {LOGINS_MAX} logins are allowed.")));
    }
    let mut verified = Verified::default();
    for (provider, token) in logins {
        if TOKEN_CHARS_MAX < token.len() {
            return Err(unreadable());
        }
        if provider == PROVIDER {
            verified.vouched = Some(vouched(cognito, pool_id, &token).await?);
        } else {
            verified.logins.push(login(cognito, pool, provider, &token).await?);
        }
    }
    Ok(verified)
}

async fn login(cognito: &Cognito, pool: &Pool, provider: String, token: &str) -> Result<Login, Error> {
    let Source { issuer, audiences, kind } = source(cognito, pool, &provider)?;
    let own = match provider.rsplit_once('/') {
        Some((_, id)) if kind == Kind::UserPool => cognito.keys(id).await?,
        _ => None,
    };
    if !token.split('.').all(|part| !part.is_empty()) || token.split('.').count() != 3 {
        return Err(unreadable());
    }
    let claims =
        match own {
            Some(keys) => keys.set.claims(token),
            None => cognito.0.issuers.claims(token, &issuer).await.map_err(|_| {
                Error::new(EXTERNAL_SERVICE, format!("The keys of {provider} can't be reached."))
            })?,
        };
    let claims = claims.ok_or_else(|| refused("Token signature invalid."))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&issuer) {
        return Err(refused("Issuer doesn't match providerName"));
    }
    check_expiry(cognito, &claims)?;
    let audience = jwt::audience(&claims, |given| audiences.iter().any(|it| it == given))
        .ok_or_else(|| refused("Incorrect token audience."))?;
    if kind == Kind::UserPool && text("token_use") != Some("id") {
        return Err(refused("Not an ID token."));
    }
    let subject = text("sub").filter(|sub| !sub.is_empty()).ok_or_else(|| refused("No subject."))?.to_owned();
    let (bearer, mapping) = match kind {
        Kind::UserPool => (format!("{provider}:CognitoSignIn:{subject}"), format!("{provider}:{audience}")),
        Kind::OpenId => (format!("{provider}:OIDC:{subject}"), provider.clone()),
    };
    Ok(Login { provider, subject, bearer, mapping, claims })
}

/// What a provider's tokens have to be.
struct Source {
    issuer: String,
    /// One of these has to be its audience.
    audiences: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    UserPool,
    OpenId,
}

/// Where a login of the pool comes from.
fn source(cognito: &Cognito, pool: &Pool, provider: &str) -> Result<Source, Error> {
    let issuer = format!("https://{provider}");
    let clients = pool.user_pools.iter().filter(|it| it.provider.as_deref() == Some(provider));
    let clients: Vec<String> = clients.filter_map(|it| it.client_id.clone()).collect();
    if !clients.is_empty() {
        return Ok(Source { issuer, audiences: clients, kind: Kind::UserPool });
    }
    if let Some(applications) = pool.login_providers.get(provider) {
        let audiences = applications.split(';').map(str::to_owned).collect();
        return Ok(Source { issuer, audiences, kind: Kind::OpenId });
    }
    let mut arns = pool.open_id_arns.iter();
    if arns.any(|arn| arn.rsplit_once(":oidc-provider/").is_some_and(|(_, it)| it == provider)) {
        let audiences = cognito.0.issuers.clients(&issuer).to_vec();
        return Ok(Source { issuer, audiences, kind: Kind::OpenId });
    }
    Err(Error::new(NOT_AUTHORIZED, "Token is not from a supported provider of this identity pool."))
}

/// A token of this service's own, for an identity of this pool.
async fn vouched(cognito: &Cognito, pool_id: &str, token: &str) -> Result<Vouched, Error> {
    let keys = cognito.keys(PROVIDER).await?;
    let claims = keys.and_then(|keys| keys.set.claims(token)).ok_or_else(unreadable)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("iss") != super::open_id::ISSUER {
        return Err(refused("Issuer doesn't match providerName"));
    }
    check_expiry(cognito, &claims)?;
    if text("aud") != pool_id {
        return Err(refused("Incorrect token audience."));
    }
    let methods = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
    let methods: Vec<String> = methods.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    if methods.first().map(String::as_str) != Some(AUTHENTICATED) {
        return Err(refused("The token is of nobody who is authenticated."));
    }
    Ok(Vouched { identity: text("sub").to_owned(), methods })
}

fn check_expiry(cognito: &Cognito, claims: &Map<String, Value>) -> Result<(), Error> {
    let now = cognito.0.clock.now().as_seconds();
    match claims.get("exp").and_then(Value::as_i64) {
        Some(end) if now < end => Ok(()),
        Some(end) => Err(refused(&format!("Token expired: {now} >= {end}"))),
        None => Err(refused("Token has no expiry.")),
    }
}

fn refused(reason: &str) -> Error {
    Error::new(NOT_AUTHORIZED, format!("Invalid login token. {reason}"))
}

fn unreadable() -> Error {
    refused("Can't parse as OpenID Connect token.")
}
