//! What holds of every signature: it verifies, and stops to as soon as anything that it covers is another.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;

use super::{AuthError, Authenticator, Credential, Keys, Secret, sign};
use crate::clock::{Timestamp, VirtualClock};
use crate::id::{AccountId, Region};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A change that somebody on the way could make.
#[derive(Clone, Copy, Debug)]
enum Change {
    Method,
    Path,
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
    Change::Path,
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

proptest! {
    #[test]
    fn any_change_of_what_was_signed_is_refused(
        path in "(/[a-zA-Z0-9_~%]{1,6}){1,4}/?",
        query in "[a-z]{1,4}=[a-zA-Z0-9_.~-]{0,6}(&[a-z]{1,4}=[a-zA-Z0-9_.~-]{0,6}){0,3}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
        at in any::<usize>(),
        change in proptest::sample::select(CHANGES),
    ) {
        // Only whole escapes make a path.
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
        prop_assert!(authenticator.authenticate(&parts, &body, "execute-api").is_ok());

        let mut changed = body.clone();
        apply(change, &mut parts, &mut changed, at);
        let refused = authenticator.authenticate(&parts, &changed, "execute-api");
        let is_expected = matches!(refused, Err(AuthError::Invalid(_) | AuthError::UnrecognizedClient));
        prop_assert!(is_expected, "{change:?}: {refused:?}");
    }
}
