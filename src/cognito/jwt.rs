//! JSON Web Tokens that this server issues ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::error::Error;
use super::keys::SigningKey;

/// Signs `claims` with `key`.
pub(crate) fn signed(key: &SigningKey, claims: &Map<String, Value>) -> Result<String, Error> {
    let header = json!({"kid": key.id, "alg": key.algorithm.name()}).to_string();
    let claims = serde_json::to_string(claims).map_err(|_| Error::Key)?;
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

/// The audience that a token is for and that is wanted: tokens may have several.
pub(crate) fn audience(claims: &Map<String, Value>, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    match claims.get("aud") {
        Some(Value::String(given)) => Some(given.clone()).filter(|given| is_wanted(given)),
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).find(|given| is_wanted(given)).map(str::to_owned)
        }
        _ => None,
    }
}

/// Who says to have issued a token, which nobody has verified yet.
pub(crate) fn unverified_issuer(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&claims).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cognito::keys::{Algorithm, IssuerKeys};

    #[test]
    fn what_a_key_signs_its_set_verifies() {
        let keys = [Algorithm::Rs256, Algorithm::Rs512].map(|algorithm| {
            let made = SigningKey::generate(algorithm.name().to_owned(), algorithm).unwrap();
            SigningKey::of_secret(made.id.clone(), algorithm, &made.secret().unwrap()).unwrap()
        });
        let keys = IssuerKeys::new(keys.into()).unwrap();
        let claims = json!({"iss": "https://issuer", "sub": "s"}).as_object().unwrap().clone();
        for key in keys.iter() {
            let token = signed(key, &claims).unwrap();
            assert_eq!(keys.set.claims(&token), Some(claims.clone()), "{key:?}");
            let (before, after) = token.split_at(token.len() - 10);
            let flipped =
                format!("{before}{}{}", if after.starts_with('A') { 'B' } else { 'A' }, &after[1..]);
            assert_eq!(keys.set.claims(&flipped), None);
            let nothing = format!(
                "{}.{}.",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
                token.split('.').nth(1).unwrap()
            );
            assert_eq!(keys.set.claims(&nothing), None);
        }
        assert!(!format!("{keys:?}").contains(&keys.get(0).unwrap().secret().unwrap()));
    }
}
