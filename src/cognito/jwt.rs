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
