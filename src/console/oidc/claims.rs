//! Whom a verified ID token is about, and what its claims let them do.

use serde_json::{Map, Value};

use super::{Granted, Provider};
use crate::clock::Timestamp;

/// How far a provider's clock may be ahead, in seconds.
const AHEAD_S: i64 = 300;
/// The longest name of a session; of somebody who is no role, shorter.
const NAME_CHARS_MAX: usize = 32;

/// What a token has to say.
pub(in super::super) struct Wanted<'w> {
    pub(super) issuer: &'w str,
    pub(super) client_id: &'w str,
    pub(super) nonce: &'w str,
    pub(super) now: Timestamp,
}

/// Somebody whom the provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Person {
    /// The `sub` claim.
    pub(in super::super) subject: String,
    /// As ARNs may have it: the mail address, the user name or the subject.
    pub(in super::super) name: String,
    /// What they may do.
    pub(in super::super) granted: Granted,
}

/// Whom the token is about, if it is for this console and this sign-in.
///
/// # Errors
/// What of it is wrong.
pub(super) fn person(
    claims: &Map<String, Value>,
    wanted: &Wanted<'_>,
    provider: &Provider,
) -> Result<Person, &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("iss") != Some(wanted.issuer) {
        return Err("another issuer made it");
    }
    let audiences = texts(claims.get("aud"));
    if !audiences.contains(&wanted.client_id) {
        return Err("it is for another client");
    }
    // OpenID Connect Core section 3.1.3.7: with several audiences, the one it was issued to.
    let is_ours = match text("azp") {
        Some(party) => party == wanted.client_id,
        None => audiences.len() == 1,
    };
    if !is_ours {
        return Err("it was issued to another client");
    }
    let now = wanted.now.as_seconds();
    // Numbers may have fractions.
    #[allow(clippy::cast_possible_truncation)]
    let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    if time("exp").is_none_or(|end| end <= now) {
        return Err("it has expired");
    }
    if time("iat").is_none_or(|made| now + AHEAD_S < made)
        || time("nbf").is_some_and(|begin| now + AHEAD_S < begin)
    {
        return Err("it is not valid yet");
    }
    if text("nonce") != Some(wanted.nonce) {
        return Err("it belongs to another sign-in");
    }
    let subject = text("sub").ok_or("it is about nobody")?;
    let given = texts(claim(claims, &provider.claim));
    let granted = provider.roles.iter().filter(|(value, _)| given.contains(&value.as_str()));
    let granted = granted.map(|(_, granted)| granted).min_by_key(|granted| match granted {
        Granted::Admin => 0,
        Granted::Developer => 1,
        Granted::Viewer => 2,
        Granted::Role(_) => 3,
    });
    let granted = granted.ok_or("none of its claims gives you a role in this console")?.clone();
    let is_verified = claims.get("email_verified") != Some(&Value::Bool(false));
    let name =
        text("email").filter(|_| is_verified).or_else(|| text("preferred_username")).unwrap_or(subject);
    Ok(Person { subject: subject.to_owned(), name: session_name(name), granted })
}

/// A claim by its name, or by the names of the objects around it: `realm_access.roles`.
fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let (first, rest) = name.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

/// A name that sessions may have: letters, digits and `+=,.@-_`, at least two of them.
fn session_name(name: &str) -> String {
    let is_one = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    let mut made: String =
        name.chars().map(|c| if is_one(c) { c } else { '-' }).take(NAME_CHARS_MAX).collect();
    while made.len() < 2 {
        made.push('-');
    }
    made
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn read(change: Value) -> Result<Person, &'static str> {
        let mut claims = json!({
            "iss": "https://login.example", "aud": "console", "sub": "7", "nonce": "n", "iat": 1_700_000_000,
            "exp": 1_700_000_060, "email": "ann@example.com", "groups": ["staff", "ops"],
        });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let provider = Provider {
            issuer: "https://login.example".to_owned(),
            client_id: "console".to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            claim: "groups".to_owned(),
            roles: vec![
                ("roles".to_owned(), Granted::Role("arn:aws:iam::123456789012:role/R".to_owned())),
                ("staff".to_owned(), Granted::Viewer),
                ("ops".to_owned(), Granted::Developer),
                ("root".to_owned(), Granted::Admin),
            ],
            url: None,
        };
        let wanted =
            Wanted { issuer: &provider.issuer, client_id: &provider.client_id, nonce: "n", now: NOW };
        person(claims.as_object().unwrap(), &wanted, &provider)
    }

    #[test]
    fn a_good_token_says_who_and_what() {
        for (change, name, granted) in [
            (json!({}), "ann@example.com", Granted::Developer),
            (json!({"email_verified": false}), "7-", Granted::Developer),
            (
                json!({"email": null, "preferred_username": "ann m\u{fc}ller"}),
                "ann-m-ller",
                Granted::Developer,
            ),
            (json!({"aud": ["other", "console"], "azp": "console"}), "ann@example.com", Granted::Developer),
            (json!({"groups": "staff"}), "ann@example.com", Granted::Viewer),
            (json!({"groups": ["root", "staff"]}), "ann@example.com", Granted::Admin),
            (
                json!({"groups": ["roles"]}),
                "ann@example.com",
                Granted::Role("arn:aws:iam::123456789012:role/R".to_owned()),
            ),
        ] {
            let found = read(change.clone()).unwrap();
            assert_eq!((found.name.as_str(), found.granted), (name, granted), "{change}");
        }
    }

    #[test]
    fn other_tokens_are_refused() {
        for (change, why) in [
            (json!({"iss": "https://evil.example"}), "another issuer made it"),
            (json!({"iss": null}), "another issuer made it"),
            (json!({"aud": "other"}), "it is for another client"),
            (json!({"aud": null}), "it is for another client"),
            (json!({"aud": ["console", "other"]}), "it was issued to another client"),
            (json!({"azp": "other"}), "it was issued to another client"),
            (json!({"exp": 1_700_000_000}), "it has expired"),
            (json!({"exp": null}), "it has expired"),
            (json!({"exp": "never"}), "it has expired"),
            (json!({"iat": 1_700_000_301}), "it is not valid yet"),
            (json!({"iat": null}), "it is not valid yet"),
            (json!({"nbf": 1_700_000_301}), "it is not valid yet"),
            (json!({"nonce": "m"}), "it belongs to another sign-in"),
            (json!({"nonce": null}), "it belongs to another sign-in"),
            (json!({"sub": ""}), "it is about nobody"),
            (json!({"groups": ["others"]}), "none of its claims gives you a role in this console"),
            (json!({"groups": null}), "none of its claims gives you a role in this console"),
        ] {
            assert_eq!(read(change.clone()), Err(why), "{change}");
        }
    }

    #[test]
    fn claims_may_be_inside_of_others() {
        let claims = json!({"realm": {"roles": ["a"]}, "x.y": ["b"]});
        let claims = claims.as_object().unwrap();
        assert_eq!(texts(claim(claims, "realm.roles")), ["a"]);
        assert_eq!(texts(claim(claims, "x.y")), ["b"]);
        assert_eq!(claim(claims, "realm.roles.x"), None);
    }
}
