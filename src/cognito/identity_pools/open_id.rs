//! The service's own tokens, with which a client assumes a role by itself: the classic flow.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::logins::UNAUTHENTICATED;
use super::{PROVIDER, identities};
use crate::clock::Timestamp;
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER};
use crate::cognito::jwt;
use crate::cognito::keys::Algorithm;
use crate::wire::{ApiError, Call};

/// `iss` of the tokens.
pub(crate) const ISSUER: &str = "https://cognito-identity.amazonaws.com";
/// How long a token is good for, in seconds.
const LIFETIME_S: i64 = 600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    identity_id: String,
    #[serde(default)]
    logins: BTreeMap<String, String>,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let (cognito, now) = (call.state::<Cognito>(), call.time);
    let admitted = identities::admit(cognito, &input.identity_id, input.logins, now).await?;
    if admitted.pool.allows_classic_flow != Some(true) {
        let text = "Basic (classic) flow is not enabled, please use enhanced flow.";
        return Err(ApiError::new(INVALID_PARAMETER, text));
    }
    let methods = match admitted.verified.is_empty() {
        true => vec![UNAUTHENTICATED.to_owned()],
        false => admitted.verified.methods(),
    };
    let token = token(cognito, &input.identity_id, &admitted.pool_id, &methods, now, LIFETIME_S).await?;
    Ok(json!({"IdentityId": input.identity_id, "Token": token}))
}

/// A token for an identity of a pool.
pub(super) async fn token(
    cognito: &Cognito,
    identity: &str,
    pool: &str,
    methods: &[String],
    now: Timestamp,
    lifetime_s: i64,
) -> Result<String, Error> {
    let issued = now.as_seconds();
    let claims = json!({
        "sub": identity,
        "aud": pool,
        "amr": methods,
        "iss": ISSUER,
        "exp": issued.saturating_add(lifetime_s),
        "iat": issued,
    });
    let claims: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
    let keys = cognito.keys_or_new(PROVIDER, Algorithm::Rs512).await?;
    jwt::signed(keys.get(0)?, &claims)
}
