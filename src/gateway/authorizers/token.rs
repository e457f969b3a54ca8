//! Tokens of user pools: JSON Web Tokens with RS256 signatures.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>

use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Algorithm, Header, Validation, decode};
use serde_json::{Map, Value};

use super::user_pools::SigningKey;
use crate::apis::{JwtAdditionalClaim, JwtIssuer, Pattern};
use crate::clock::Timestamp;
use crate::gateway::refusal::Refusal;

/// The claims of a verified token.
pub(super) type Members = Map<String, Value>;

/// The unverified parts of a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outside {
    /// The id of the key that signed it.
    pub(super) key_id: String,
    /// `iss`.
    pub(super) issuer: String,
    /// The signature algorithm in its header.
    pub(super) algorithm: Algorithm,
}

/// The token in a header's value, after an optional `Bearer `.
pub(super) fn in_header(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim(),
        Some(_) | None => value,
    }
}

/// The longest token, in bytes. Cognito's have up to some four thousand; the RFCs set no limit.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Reads what is needed to verify the token; `None` if it can't be a token of a user pool.
pub(super) fn outside(token: &str) -> Option<Outside> {
    if TOKEN_BYTES_MAX < token.len() {
        return None;
    }
    let read = insecure_decode::<Members>(token).ok()?;
    if !is_plain(&read.header) {
        return None;
    }
    let (key_id, algorithm) = (read.header.kid?, read.header.alg);
    let issuer = read.claims.get("iss")?.as_str()?.to_owned();
    Some(Outside { key_id, issuer, algorithm })
}

/// Whether the token is of a supported kind and requires nothing unknown. The library parses the header but doesn't
/// apply its rules.
///
/// - `crit` names extensions that must be understood (RFC 7515 section 4.1.11), and none is known here. `b64` is one
///   that is often forgotten in `crit` (RFC 7797 section 6).
/// - `typ` distinguishes tokens for other purposes that are signed with the same key (RFC 8725 section 3.11): ID tokens
///   have JWT or none, access tokens may have `at+jwt` (RFC 9068 section 2.1).
/// - `cty` is for a nested token, `enc` and `zip` are for encrypted ones.
///
/// Keys in the header itself (`jwk`, `jku`, `x5c`, `x5u`) prove nothing and are ignored.
fn is_plain(header: &Header) -> bool {
    let is_known_type = header.typ.as_deref().is_none_or(|kind| {
        let kind = kind.to_ascii_lowercase();
        matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt")
    });
    is_known_type
        && header.crit.is_none()
        && header.cty.is_none()
        && header.enc.is_none()
        && header.zip.is_none()
        && !header.extras.inner().contains_key("b64")
}

/// The token's claims, if it is signed with `key`.
pub(super) fn verify(token: &str, key: &SigningKey, algorithm: Algorithm) -> Option<Members> {
    if !key.is_for(algorithm) {
        return None;
    }
    let mut validation = Validation::new(algorithm);
    // Only the signature: the claims are checked with the gateway's own clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode::<Members>(token, &key.decoding, &validation).ok().map(|token| token.claims)
}

/// What a method requires of a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// A token needs one of these. Without scopes, an identity token is required, with scopes an access token.
    pub(super) scopes: &'a [String],
    /// A pattern for `aud`.
    pub(super) audience: Option<&'a Pattern>,
}

/// Whether the claims of a verified token are what is required, at this time.
pub(super) fn check(members: &Members, wanted: Wanted<'_>, now: Timestamp) -> Result<(), Refusal> {
    check_times(members, now)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let token_use = if wanted.scopes.is_empty() { "id" } else { "access" };
    let has_scope =
        || text("scope").split(' ').any(|scope| wanted.scopes.iter().any(|wanted| wanted == scope));
    // Access tokens have a client instead of an audience.
    let audience = || if members.contains_key("aud") { text("aud") } else { text("client_id") };
    let is_wanted = text("token_use") == token_use
        && (wanted.scopes.is_empty() || has_scope())
        && wanted.audience.is_none_or(|pattern| pattern.matches(audience()));
    if is_wanted { Ok(()) } else { Err(Refusal::Unauthorized) }
}

fn check_times(members: &Members, now: Timestamp) -> Result<(), Refusal> {
    let time =
        |name: &str| members.get(name).map(|time| time.as_i64().ok_or(Refusal::Unauthorized)).transpose();
    match time("exp")? {
        None => return Err(Refusal::Unauthorized),
        Some(end) if end <= now.as_seconds() => return Err(Refusal::TokenExpired),
        Some(_) => {}
    }
    if time("nbf")?.is_some_and(|begin| now.as_seconds() < begin) {
        return Err(Refusal::Unauthorized);
    }
    Ok(())
}

/// Checks the claims of a token from `issuer`; with `scopes`, it needs one of them.
pub(super) fn check_issued(
    members: &Members,
    issuer: &JwtIssuer,
    scopes: &[String],
    now: Timestamp,
) -> Result<(), Refusal> {
    check_times(members, now)?;
    let texts = |name: &str| -> Vec<&str> {
        match members.get(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
        }
    };
    let is_for_us = texts("aud").into_iter().any(|aud| issuer.audiences.iter().any(|wanted| wanted == aud));
    let given = texts("scope").into_iter().chain(texts("scp"));
    let has_scope = given.flat_map(|text| text.split(' ')).any(|scope| scopes.iter().any(|it| it == scope));
    let is_as_said = |claim: &JwtAdditionalClaim| match members.get(&claim.claim_name) {
        None | Some(Value::Null) => !claim.required,
        Some(Value::String(text)) => claim.expected_values.is_empty() || claim.expected_values.contains(text),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => false,
    };
    let is_good =
        is_for_us && (scopes.is_empty() || has_scope) && issuer.additional_claims.iter().all(is_as_said);
    if is_good { Ok(()) } else { Err(Refusal::Unauthorized) }
}

/// Claims in the form of `$context.authorizer.claims`: all are strings, `exp` and `iat` in Java's date format, lists
/// joined by commas.
pub(super) fn texts(members: &Members) -> Vec<(String, String)> {
    let one = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    let text = |(name, value): (&String, &Value)| {
        let text = match (name.as_str(), value) {
            (_, Value::Null) => return None,
            ("exp" | "iat", Value::Number(seconds)) => {
                match seconds.as_i64().and_then(|it| it.checked_mul(1_000)) {
                    Some(millis) => Timestamp::from_millis(millis).to_java_date(),
                    None => seconds.to_string(),
                }
            }
            (_, Value::Array(list)) => list.iter().map(one).collect::<Vec<_>>().join(","),
            (_, other) => one(other),
        };
        Some((name.clone(), text))
    };
    members.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn check_claims(change: Value, scopes: &[&str], audience: Option<&str>) -> Result<(), Refusal> {
        let mut members = json!({"token_use": "id", "exp": 1_700_000_001, "aud": "client"});
        members.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let audience = audience.map(|pattern| Pattern::compile(pattern).unwrap());
        let wanted = Wanted { scopes: &scopes, audience: audience.as_ref() };
        check(members.as_object().unwrap(), wanted, NOW)
    }

    #[test]
    fn a_method_gets_the_token_it_wants() {
        let access =
            |scope: &str| json!({"token_use": "access", "scope": scope, "aud": null, "client_id": "c"});
        let none = json!({});
        for (change, scopes, audience, expect) in [
            (none.clone(), &[][..], None, Ok(())),
            (none.clone(), &[], Some("cli.*"), Ok(())),
            (none.clone(), &[], Some("cli"), Err(Refusal::Unauthorized)),
            (json!({"exp": 1_700_000_000}), &[], None, Err(Refusal::TokenExpired)),
            (json!({"exp": null}), &[], None, Err(Refusal::Unauthorized)),
            (json!({"exp": "soon"}), &[], None, Err(Refusal::Unauthorized)),
            (json!({"nbf": 1_700_000_001}), &[], None, Err(Refusal::Unauthorized)),
            (access("a b"), &[], None, Err(Refusal::Unauthorized)),
            (access("a b"), &["b", "c"], None, Ok(())),
            (access("a b"), &["c"], None, Err(Refusal::Unauthorized)),
            (access("ab"), &["a"], None, Err(Refusal::Unauthorized)),
            (none, &["a"], None, Err(Refusal::Unauthorized)),
        ] {
            assert_eq!(check_claims(change.clone(), scopes, audience), expect, "{change} {scopes:?}");
        }
    }

    #[test]
    fn claims_are_texts() {
        let claims = json!({
            "sub": "s", "email_verified": true, "auth_time": 1_700_000_000, "exp": 1_700_000_000, "none": null,
            "cognito:groups": ["a", "b"], "identities": [{"userId": 1}],
        });
        let texts = texts(claims.as_object().unwrap());
        let texts: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let expect = [
            ("sub", "s"),
            ("email_verified", "true"),
            ("auth_time", "1700000000"),
            ("exp", "Tue Nov 14 22:13:20 UTC 2023"),
            ("cognito:groups", "a,b"),
            ("identities", r#"{"userId":1}"#),
        ];
        assert_eq!(texts, expect);
    }

    #[test]
    fn what_is_no_token_has_no_outside() {
        for text in ["", "a", "a.b", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30."] {
            assert_eq!(outside(text), None, "{text}");
        }
        for (value, token) in
            [("t", "t"), (" t ", "t"), ("Bearer t", "t"), ("bearer  t", "t"), ("Basic t", "Basic t")]
        {
            assert_eq!(in_header(value), token);
        }
    }

    #[test]
    fn an_issuers_token_says_what_is_wanted() {
        let issuer: JwtIssuer = serde_json::from_value(json!({
            "issuer": "https://a", "audiences": ["us", "them"], "additionalClaims": [
                {"claimName": "tier", "format": "SINGLE_STRING", "expectedValues": ["gold"]},
                {"claimName": "tenant", "format": "SINGLE_STRING", "required": true},
            ],
        }))
        .unwrap();
        let check = |change: Value, scopes: &[&str]| {
            let mut members =
                json!({"exp": 1_700_000_001, "aud": "us", "tenant": "t", "scope": "a b", "scp": ["c"]});
            members.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            check_issued(members.as_object().unwrap(), &issuer, &scopes, NOW)
        };
        for (change, scopes) in [
            (json!({}), &[][..]),
            (json!({"aud": ["others", "them"]}), &[]),
            (json!({"tier": "gold"}), &["b"]),
            (json!({"scope": null}), &["c"]),
            (json!({"scp": "x c"}), &["c"]),
        ] {
            assert_eq!(check(change.clone(), scopes), Ok(()), "{change} {scopes:?}");
        }
        for (change, scopes) in [
            (json!({"aud": "others"}), &[][..]),
            (json!({"aud": null}), &[]),
            (json!({"tier": "silver"}), &[]),
            (json!({"tier": ["gold"]}), &[]),
            (json!({"tenant": null}), &[]),
            (json!({"nbf": 1_700_000_001}), &[]),
            (json!({"exp": null}), &[]),
            (json!({}), &["d"]),
        ] {
            assert_eq!(check(change.clone(), scopes), Err(Refusal::Unauthorized), "{change} {scopes:?}");
        }
        assert_eq!(check(json!({"exp": 1_700_000_000}), &[]), Err(Refusal::TokenExpired));
    }
}
