//! Tokens with which roles are assumed ([`Tokens`]): identity pools' own (the classic flow), ID tokens of our user pools,
//! and those of the settings' OpenID Connect providers.
//!
//! A user pool of this server needs no registration as a provider: trust policies name it by the ARN that it would have,
//! and their conditions say which client's tokens are meant.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use serde_json::{Map, Value};

use super::Cognito;
use super::identity_pools::{ISSUER, PROVIDER};
use super::jwt;
use crate::clock::Timestamp;
use crate::identity::{SessionTags, WebIdentity};
use crate::wire::sts::{BadToken, Bearer, Tokens, Verifying};

/// The claims that say more of a session.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
/// As many tags as a session may have.
const TAGS_MAX: usize = 50;
/// The longest key and value of a tag.
const TAG_CHARS_MAX: [usize; 2] = [128, 256];

type Claims = Map<String, Value>;

impl Tokens for Cognito {
    fn verify<'a>(&'a self, token: &'a str, account: &'a str, now: Timestamp) -> Verifying<'a> {
        Box::pin(self.bearer(token, account, now))
    }
}

impl Cognito {
    async fn bearer(&self, token: &str, account: &str, now: Timestamp) -> Result<Bearer, BadToken> {
        let issuer = jwt::unverified_issuer(token).ok_or_else(|| {
            invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        })?;
        let host = issuer.strip_prefix("https://").unwrap_or(&issuer).to_owned();
        let (claims, provider, prefix, audience) = if issuer == ISSUER {
            let claims = self.own(PROVIDER, token).await?.ok_or_else(bad_signature)?;
            let audience = jwt::audience(&claims, |_| true);
            (claims, PROVIDER.to_owned(), PROVIDER.to_owned(), audience)
        } else {
            let provider = format!("arn:aws:iam::{account}:oidc-provider/{host}");
            match own_pool(&host) {
                Some(pool) if self.has_keys(pool).await? => {
                    let claims = self.own(pool, token).await?.ok_or_else(bad_signature)?;
                    if claims.get("token_use").and_then(Value::as_str) != Some("id") {
                        return Err(invalid("Token is not an ID token"));
                    }
                    let audience = jwt::audience(&claims, |_| true);
                    (claims, provider, host, audience)
                }
                Some(_) | None => {
                    let clients = self.0.issuers.clients(&issuer);
                    if clients.is_empty() {
                        let text = format!("No OpenIDConnect provider found in your account for {issuer}");
                        return Err(BadToken::Invalid(text));
                    }
                    let claims = self.0.issuers.claims(token, &issuer).await;
                    let claims = claims.map_err(|_| BadToken::Unreachable)?.ok_or_else(bad_signature)?;
                    let audience = jwt::audience(&claims, |given| clients.iter().any(|it| it == given));
                    (claims, provider, host, audience)
                }
            }
        };
        check_times(&claims, now)?;
        let audience = audience.ok_or_else(|| invalid("Incorrect token audience"))?;
        let subject = claims.get("sub").and_then(Value::as_str).filter(|sub| !sub.is_empty());
        let subject = subject.ok_or_else(|| invalid("Token has no subject"))?.to_owned();
        let methods = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
        let methods = methods.filter_map(|it| it.as_str().map(str::to_owned)).collect();
        let said = said(&claims)?;
        Ok(Bearer { web: WebIdentity { provider, prefix, audience, subject, methods }, issuer, said })
    }

    async fn has_keys(&self, pool: &str) -> Result<bool, BadToken> {
        Ok(self.keys(pool).await.map_err(failed)?.is_some())
    }

    /// The claims of a token that this server has signed as `issuer`.
    async fn own(&self, issuer: &str, token: &str) -> Result<Option<Claims>, BadToken> {
        let keys = self.keys(issuer).await.map_err(failed)?;
        let claims = keys.and_then(|keys| keys.set.claims(token));
        Ok(claims)
    }
}

/// The id of a user pool, of an issuer that is one: `cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC`.
fn own_pool(host: &str) -> Option<&str> {
    let (name, pool) = host.split_once('/')?;
    (name.starts_with("cognito-idp.") && name.ends_with(".amazonaws.com")).then_some(pool)
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), BadToken> {
    let now = now.as_seconds();
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    match time("exp") {
        None => return Err(invalid("Missing a required claim: exp")),
        Some(end) if end <= now => return Err(BadToken::Expired { now, end }),
        Some(_) => {}
    }
    match time("nbf") {
        Some(start) if now < start => Err(invalid("Token is not valid yet")),
        Some(_) | None => Ok(()),
    }
}

/// What a token says of the session: tags, and who is behind it.
fn said(claims: &Claims) -> Result<SessionTags, BadToken> {
    let bad = || invalid("The tags of the token are not valid");
    let mut said = SessionTags::default();
    if let Some(tags) = claims.get(TAGS) {
        let principal = tags.get("principal_tags").and_then(Value::as_object).ok_or_else(bad)?;
        for (key, values) in principal {
            // AWS's tokens have a list of one value.
            let value =
                values.as_array().map_or(Some(values), |list| list.first().filter(|_| list.len() == 1));
            let value = value.and_then(Value::as_str).ok_or_else(bad)?;
            let [key_max, value_max] = TAG_CHARS_MAX;
            if key.is_empty() || key_max < key.chars().count() || value_max < value.chars().count() {
                return Err(bad());
            }
            said.tags.push((key.clone(), value.to_owned()));
        }
        let transitive = tags.get("transitive_tag_keys").and_then(Value::as_array).into_iter().flatten();
        said.transitive =
            transitive.map(|key| key.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(bad)?;
        if TAGS_MAX < said.tags.len() || TAGS_MAX < said.transitive.len() {
            return Err(bad());
        }
    }
    said.source_identity = match claims.get(SOURCE_IDENTITY) {
        None => None,
        Some(Value::String(name)) if (2..=64).contains(&name.len()) => Some(name.clone()),
        Some(_) => return Err(invalid("The source identity of the token is not valid")),
    };
    Ok(said)
}

fn invalid(text: &str) -> BadToken {
    BadToken::Invalid(text.to_owned())
}

fn bad_signature() -> BadToken {
    invalid("Token signature invalid")
}

fn failed(error: super::error::Error) -> BadToken {
    tracing::error!(%error, "a token's keys could not be read");
    BadToken::Failed
}

#[cfg(test)]
mod tests;
