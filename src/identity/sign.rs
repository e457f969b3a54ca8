//! Signs this server's requests to services that require Signature Version 4.

use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::canonical::{Payload, canonical_request, push_hex};
use super::head::Head;
use super::mac::mac;
use super::signature::{ALGORITHM, Algorithm, Signature};
use super::verify::{TERMINATOR, derived_key};
use super::{Credential, TargetUri};
use crate::clock::Timestamp;
use crate::id::Region;

/// Signs a request with its whole `body`, in the `Authorization` header, for `service` in `region` at `now`.
///
/// The host, the content type and all `x-amz-` headers are signed. `parts` need a `Host` header or an authority. Sets
/// `X-Amz-Date`, and `X-Amz-Security-Token` for temporary credentials. A bare `;` of the query is sent encoded, as in the
/// canonical query: some receivers take it for a separator.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    credential: &Credential,
    service: &str,
    region: &Region,
    now: Timestamp,
) {
    encode_semicolons(parts);
    let date = now.to_amz_date();
    let is_hash_told = parts.headers.contains_key("x-amz-content-sha256");
    let mut set = |name: &'static str, value: &str| {
        // A value that can't be sent can't be signed: the receiver will report that it is missing.
        if let Ok(value) = HeaderValue::from_str(value) {
            parts.headers.insert(name, value);
        }
    };
    set("x-amz-date", &date);
    if let Some(token) = &credential.session_token {
        set("x-amz-security-token", token.expose());
    }
    if service == "s3" || is_hash_told {
        // S3 requires the body's hash in a header. For other services it is optional, but has to be right.
        let mut hash = String::new();
        push_hex(&mut hash, &Sha256::digest(body));
        set("x-amz-content-sha256", &hash);
    }
    let own = |name: &str| {
        name.starts_with("x-amz-") || matches!(name, "content-type" | "host" | "x-http-method-override")
    };
    let mut signed_headers: Vec<String> =
        parts.headers.keys().map(|name| name.as_str().to_owned()).filter(|name| own(name)).collect();
    if !parts.headers.contains_key("host") {
        signed_headers.push("host".to_owned());
    }
    signed_headers.sort_unstable();

    let day = date.get(..8).unwrap_or_default().to_owned();
    let access_key_id = credential.caller.access_key_id.as_deref().unwrap_or_default().to_owned();
    let signature = Signature {
        algorithm: Algorithm::Hmac,
        access_key_id,
        day,
        region: region.as_str().to_owned(),
        service: service.to_owned(),
        terminator: TERMINATOR.to_owned(),
        signed_headers,
        signature: String::new(),
        date: now,
        token: None,
        expires: None,
    };
    let uri = TargetUri::outbound(parts);
    let Ok(canonical) = canonical_request(Head::new(parts, &uri), Payload::Whole(body), &signature) else {
        // The header isn't text: the receiver will report that the signature is missing.
        return;
    };
    let to_sign = string_to_sign(&signature, &canonical);
    let key = derived_key(credential.secret.expose(), &signature);
    let mut header = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature=",
        signature.access_key_id,
        signature.scope(),
        signature.signed_headers.join(";")
    );
    push_hex(&mut header, &mac(&key, to_sign.as_bytes()));
    if let Ok(mut value) = HeaderValue::from_str(&header) {
        value.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, value);
    }
}

/// Writes each `;` of the query as `%3B`.
fn encode_semicolons(parts: &mut Parts) {
    let Some(query) = parts.uri.query().filter(|query| query.contains(';')) else { return };
    let text = format!("{}?{}", parts.uri.path(), query.replace(';', "%3B"));
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    if let Ok(path_and_query) = text.parse() {
        uri.path_and_query = Some(path_and_query);
    }
    parts.uri = uri.try_into().unwrap_or_default();
}

/// The string to sign for a canonical request.
pub(super) fn string_to_sign(signature: &Signature, canonical: &str) -> String {
    let algorithm = signature.algorithm.name();
    let mut text = format!("{algorithm}\n{}\n{}\n", signature.date.to_amz_date(), signature.scope());
    push_hex(&mut text, &Sha256::digest(canonical.as_bytes()));
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::VirtualClock;
    use crate::id::AccountId;
    use crate::identity::{Authenticator, Keys, Secret};

    #[test]
    fn what_is_signed_here_verifies_here() {
        let account = AccountId::parse("123456789012").unwrap();
        let mut credential = Credential::root(account, "AKID", Secret::new("hush"));
        credential.session_token = Some(Secret::new("token"));
        let now = Timestamp::from_millis(1_700_000_000_000);
        let region = Region::parse("eu-central-1").unwrap();
        let keys = Arc::new(Keys::default());
        keys.insert("AKID", credential.clone());
        let authenticator = Authenticator::new(keys, Arc::new(VirtualClock::new(now)));
        for (target, sent) in [
            ("/a%20b?x=1&a", "/a%20b?x=1&a"),
            ("/", "/"),
            ("/a;v=1?b=2&a=+&a=%2B&&=", "/a;v=1?b=2&a=+&a=%2B&&="),
            ("/?a=1;b=2&c;", "/?a=1%3Bb=2&c%3B"),
            ("/?;", "/?%3B"),
        ] {
            let request = http::Request::post(format!("http://localhost:4566{target}"));
            let request = request.header("x-amz-target", "T.Op").body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            sign(&mut parts, b"body", &credential, "states", &region, now);
            assert_eq!(parts.uri.to_string(), format!("http://localhost:4566{sent}"));
            let uri = TargetUri::take(&mut parts).unwrap();
            let head = Head::new(&parts, &uri);
            let verified = authenticator.authenticate(head, b"body", "states");
            assert_eq!(verified.unwrap().region, region, "{target}");
            assert!(authenticator.authenticate(head, b"other", "states").is_err());
        }
    }
}
