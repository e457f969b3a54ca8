//! Properties of all signatures: a signature verifies, and no longer does once anything that it covers is changed.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;

use super::{AuthError, Authenticated, Authenticator, Credential, Head, Keys, Secret, TargetUri, sign};
use crate::clock::{Timestamp, VirtualClock};
use crate::id::{AccountId, Region};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A change that an attacker on the way could make.
#[derive(Clone, Copy, Debug)]
enum Change {
    Method,
    MethodOverride,
    Path,
    Target,
    QueryValue,
    QueryName,
    Body,
    Host,
    Date,
    ContentType,
    OwnHeader,
    SecondOwnHeader,
    Token,
    Region,
    Key,
    Signature,
}

const CHANGES: &[Change] = &[
    Change::Method,
    Change::MethodOverride,
    Change::Path,
    Change::Target,
    Change::QueryValue,
    Change::QueryName,
    Change::Body,
    Change::Host,
    Change::Date,
    Change::ContentType,
    Change::OwnHeader,
    Change::SecondOwnHeader,
    Change::Token,
    Change::Region,
    Change::Key,
    Change::Signature,
];

fn set(parts: &mut http::request::Parts, name: &'static str, value: &str) {
    parts.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
}

fn in_header(parts: &mut http::request::Parts, change: impl Fn(&str) -> String) {
    let header = parts.headers["authorization"].to_str().unwrap().to_owned();
    set(parts, "authorization", &change(&header));
}

fn apply(change: Change, parts: &mut http::request::Parts, body: &mut Vec<u8>, at: usize) {
    let target = parts.uri.to_string();
    match change {
        Change::Method => parts.method = Method::DELETE,
        Change::MethodOverride => set(parts, "x-http-method-override", "DELETE"),
        // Another API, with the signed host still in its header.
        Change::Target => {
            parts.uri = Uri::try_from(format!("http://other.execute-api.localhost:4566{target}")).unwrap();
        }
        Change::Path => {
            let (path, query) = target.split_once('?').unwrap();
            parts.uri = Uri::try_from(format!("{path}x?{query}")).unwrap();
        }
        Change::QueryValue => parts.uri = Uri::try_from(format!("{target}0")).unwrap(),
        Change::QueryName => parts.uri = Uri::try_from(format!("{target}&more")).unwrap(),
        Change::Body => match at.checked_rem(body.len()) {
            Some(at) => body[at] ^= 1,
            None => body.push(0),
        },
        Change::Host => set(parts, "host", "other.localhost"),
        Change::Date => set(parts, "x-amz-date", "20231114T221321Z"),
        Change::ContentType => set(parts, "content-type", "text/html"),
        Change::OwnHeader => set(parts, "x-amz-target", "Other"),
        Change::SecondOwnHeader => set(parts, "x-amz-meta", "1"),
        Change::Token => set(parts, "x-amz-security-token", "token2"),
        Change::Region => in_header(parts, |header| header.replace("eu-central-1", "us-east-1")),
        Change::Key => in_header(parts, |header| header.replace("AKID", "OTHER")),
        Change::Signature => in_header(parts, |header| {
            let last = if header.ends_with('0') { "1" } else { "0" };
            format!("{}{last}", &header[..header.len() - 1])
        }),
    }
}

fn authenticate(
    authenticator: &Authenticator,
    parts: &http::request::Parts,
    body: &[u8],
) -> Result<Authenticated, AuthError> {
    let mut parts = parts.clone();
    let uri = TargetUri::take(&mut parts).unwrap();
    authenticator.authenticate(Head::new(&parts, &uri), body, "execute-api")
}

proptest! {
    #[test]
    fn any_change_of_what_was_signed_is_refused(
        path in "(/[a-zA-Z0-9_~%]{1,6}){1,4}/?",
        query in "[a-z]{1,4}=[a-zA-Z0-9_.~-]{0,6}(&[a-z]{1,4}=[a-zA-Z0-9_.~-]{0,6}){0,3}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
        at in any::<usize>(),
        change in proptest::sample::select(CHANGES),
    ) {
        // A path may contain only complete escapes.
        let path = path.replace('%', "%2F");
        let account = AccountId::parse("123456789012").unwrap();
        let keys = Arc::new(Keys::default());
        let mut credential = Credential::root(account, "AKID", Secret::new("hush"));
        credential.session_token = Some(Secret::new("token"));
        keys.insert("AKID", credential.clone());
        let mut other = credential.clone();
        other.secret = Secret::new("other");
        keys.insert("OTHER", other);
        let authenticator = Authenticator::new(keys, Arc::new(VirtualClock::new(NOW)));
        let request = http::Request::post(format!("{path}?{query}"))
            .header("host", "abc.execute-api.localhost:4566")
            .header("content-type", "application/json")
            .header("x-amz-target", "T.Op");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let region = Region::parse("eu-central-1").unwrap();
        sign(&mut parts, &body, &credential, "execute-api", &region, NOW);
        prop_assert!(authenticate(&authenticator, &parts, &body).is_ok());

        let mut changed = body.clone();
        apply(change, &mut parts, &mut changed, at);
        let refused = authenticate(&authenticator, &parts, &changed);
        let is_expected = matches!(refused, Err(AuthError::Invalid(_) | AuthError::UnrecognizedClient));
        prop_assert!(is_expected, "{change:?}: {refused:?}");
    }
}

/// A signed request of somebody with the key and the token.
fn signed(request: http::request::Builder, body: &[u8]) -> (Authenticator, http::request::Parts) {
    let account = AccountId::parse("123456789012").unwrap();
    let mut credential = Credential::root(account, "AKID", Secret::new("hush"));
    credential.session_token = Some(Secret::new("c2Vzc2lvbi+/"));
    let keys = Arc::new(Keys::default());
    keys.insert("AKID", credential.clone());
    let (mut parts, ()) = request.header("host", "h").body(()).unwrap().into_parts();
    sign(&mut parts, body, &credential, "execute-api", &Region::parse("eu-central-1").unwrap(), NOW);
    (Authenticator::new(keys, Arc::new(VirtualClock::new(NOW))), parts)
}

fn refused(authenticator: &Authenticator, parts: &http::request::Parts, body: &[u8]) -> String {
    authenticate(authenticator, parts, body).unwrap_err().to_string()
}

#[test]
fn what_could_be_read_in_two_ways_is_no_signature() {
    let (authenticator, parts) = signed(http::Request::get("/a?b=1"), b"");
    assert!(authenticate(&authenticator, &parts, b"").is_ok());
    let several = "Only one auth mechanism allowed";

    let mut twice = parts.clone();
    let header = twice.headers["authorization"].clone();
    twice.headers.append("authorization", header);
    assert!(refused(&authenticator, &twice, b"").starts_with(several));

    let mut both = parts.clone();
    both.uri = Uri::from_static("/a?b=1&X-Amz-Algorithm=AWS4-HMAC-SHA256");
    assert!(refused(&authenticator, &both, b"").starts_with(several));

    let mut presigned = parts.clone();
    presigned.headers.remove("authorization");
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&X-Amz-%53ignature=1";
    presigned.uri = Uri::try_from(format!("/a?{query}")).unwrap();
    assert!(refused(&authenticator, &presigned, b"").starts_with(several));

    let mut absent = parts.clone();
    in_header(&mut absent, |header| header.replace("SignedHeaders=host", "SignedHeaders=accept;host"));
    assert!(refused(&authenticator, &absent, b"").starts_with("'accept' is a 'SignedHeader'"));

    let mut bytes = parts.clone();
    bytes.headers.insert("accept", HeaderValue::from_bytes(b"\xff").unwrap());
    in_header(&mut bytes, |header| header.replace("SignedHeaders=host", "SignedHeaders=accept;host"));
    assert_eq!(refused(&authenticator, &bytes, b""), "The signed header 'accept' is not UTF-8.");

    let mut other_hash = parts.clone();
    set(&mut other_hash, "x-amz-content-sha256", &"0".repeat(64));
    assert!(refused(&authenticator, &other_hash, b"").contains("does not match what was computed"));
    let mut no_hash = parts;
    set(&mut no_hash, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    assert!(refused(&authenticator, &no_hash, b"").starts_with("The request signature we calculated"));
}

#[test]
fn a_told_hash_is_that_of_the_body_or_of_none() {
    for (told, body, is_good) in [
        ("UNSIGNED-PAYLOAD", b"signed or not".as_slice(), true),
        // Whatever token the caller has put there, the right one is signed.
        ("other", b"body", true),
    ] {
        let request = http::Request::post("/a").header("x-amz-content-sha256", told);
        let (authenticator, parts) = signed(request, body);
        assert_eq!(authenticate(&authenticator, &parts, body).is_ok(), is_good, "{told}");
        assert!(authenticate(&authenticator, &parts, b"changed").is_err(), "{told}");
    }
}

#[test]
fn a_refusal_shows_no_token() {
    let (authenticator, mut parts) = signed(http::Request::get("/a"), b"");
    parts.method = Method::DELETE;
    let text = refused(&authenticator, &parts, b"");
    assert!(text.contains("x-amz-security-token:********\n") && !text.contains("c2Vzc2lvbi"), "{text}");
}
