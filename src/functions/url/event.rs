//! A request as a function's event, in the payload format 2.0.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload>. AWS's examples of URLs
//! without authorization have the account `anonymous` and no member `authorizer`; cookies are in a list of their own and
//! not among the headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Version};
use serde_json::{Map, Value, json};

use super::UrlPeer;
use crate::clock::{Ids, Timestamp};
use crate::identity::{Caller, TargetUri};

/// What is known of a request.
pub(super) struct Seen<'a> {
    pub(super) parts: &'a Parts,
    pub(super) uri: &'a TargetUri,
    /// The path below the URL.
    pub(super) path: &'a str,
    pub(super) host: String,
    pub(super) id: &'a str,
    pub(super) peer: UrlPeer,
    pub(super) signer: Option<&'a Caller>,
    pub(super) request_id: &'a str,
    pub(super) now: Timestamp,
    pub(super) trace_id: String,
}

/// The event.
pub(super) fn of(seen: &Seen<'_>, body: &Bytes) -> Value {
    let headers = &seen.parts.headers;
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| drop(event.insert(name.to_owned(), value));
    put("version", json!("2.0"));
    put("routeKey", json!("$default"));
    put("rawPath", json!(seen.path));
    put("rawQueryString", json!(seen.uri.raw_query().unwrap_or_default()));
    let cookies = cookies(headers);
    if !cookies.is_empty() {
        put("cookies", json!(cookies));
    }
    put("headers", told_headers(seen).into());
    let query: Map<String, Value> =
        seen.uri.query().grouped().map(|(name, values)| (name.to_owned(), values.join(",").into())).collect();
    if !query.is_empty() {
        put("queryStringParameters", query.into());
    }
    put("requestContext", request_context(seen));
    let is_encoded = !body.is_empty() && is_binary(headers, body);
    if !body.is_empty() {
        put(
            "body",
            if is_encoded { json!(STANDARD.encode(body)) } else { json!(String::from_utf8_lossy(body)) },
        );
    }
    put("isBase64Encoded", json!(is_encoded));
    event.into()
}

/// The trace that the client has begun, or a new one.
pub(super) fn trace_id(headers: &HeaderMap, now: Timestamp, ids: &dyn Ids) -> String {
    /// Longer ones are none.
    const BYTES_MAX: usize = 256;
    let given = headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
    if let Some(given) = given.filter(|given| given.len() <= BYTES_MAX) {
        return given.to_owned();
    }
    let digits = ids.uuid().simple().to_string();
    format!("Root=1-{:08x}-{}", now.as_seconds(), digits.get(..24).unwrap_or_default())
}

/// `a=1; b=2` → `a=1`, `b=2`.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines =
        headers.get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut cookies = Vec::new();
    for line in lines {
        let parts = line.split(';').map(str::trim).filter(|cookie| !cookie.is_empty());
        cookies.extend(parts.map(str::to_owned));
    }
    cookies
}

/// Every header with its values in one text, and those that Lambda adds about the connection.
fn told_headers(seen: &Seen<'_>) -> Map<String, Value> {
    let headers = &seen.parts.headers;
    let mut told = Map::new();
    for name in headers.keys().filter(|name| **name != COOKIE && !is_of_the_connection(name)) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let values: Vec<_> = values.collect();
        told.insert(name.as_str().to_owned(), values.join(",").into());
    }
    let before = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let forwarded: Vec<String> = before.map(str::to_owned).chain([seen.peer.ip.to_string()]).collect();
    let is_secure = seen.peer.is_secure;
    let port = seen.uri.port().unwrap_or(if is_secure { 443 } else { 80 });
    for (name, value) in [
        ("host", seen.host.clone()),
        ("x-amzn-trace-id", seen.trace_id.clone()),
        ("x-forwarded-for", forwarded.join(", ")),
        ("x-forwarded-port", port.to_string()),
        ("x-forwarded-proto", if is_secure { "https" } else { "http" }.to_owned()),
    ] {
        told.insert(name.to_owned(), value.into());
    }
    told
}

/// Headers that were for this server alone.
fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(name.as_str(), "connection" | "keep-alive" | "te" | "transfer-encoding" | "upgrade")
}

fn request_context(seen: &Seen<'_>) -> Value {
    let account = seen.signer.map_or("anonymous", |signer| signer.account.as_str());
    let headers = &seen.parts.headers;
    let agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let protocol = match seen.parts.version {
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let mut context = json!({
        "accountId": account,
        "apiId": seen.id,
        "domainName": seen.host,
        "domainPrefix": seen.id,
        "http": {
            "method": seen.parts.method.as_str(),
            "path": seen.path,
            "protocol": protocol,
            "sourceIp": seen.peer.ip.to_string(),
            "userAgent": agent.unwrap_or_default(),
        },
        "requestId": seen.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": seen.now.to_clf(),
        "timeEpoch": seen.now.as_millis(),
    });
    if let Some(signer) = seen.signer {
        context["authentication"] = Value::Null;
        context["authorizer"] = json!({"iam": {
            "accessKey": signer.access_key_id.as_deref(),
            "accountId": account,
            "callerId": &*signer.user_id,
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": &*signer.arn,
            "userId": &*signer.user_id,
        }});
    }
    context
}

/// Whether a body is put in base64: unless its type is one of text, and it is text. AWS says that binary types are
/// encoded and not which those are. Here text is `text/*`, JSON, XML, JavaScript, forms, and what says nothing of itself;
/// a compressed body is none.
fn is_binary(headers: &HeaderMap, body: &Bytes) -> bool {
    if headers.contains_key(CONTENT_ENCODING) || std::str::from_utf8(body).is_err() {
        return true;
    }
    let Some(given) = headers.get(CONTENT_TYPE) else { return false };
    let given = String::from_utf8_lossy(given.as_bytes()).to_ascii_lowercase();
    let essence = given.split(';').next().unwrap_or_default().trim();
    let is_text = essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || TEXT_TYPES.contains(&essence);
    !is_text
}

const TEXT_TYPES: &[&str] = &[
    "application/json",
    "application/xml",
    "application/javascript",
    "application/x-www-form-urlencoded",
    "application/graphql",
];

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::clock::SeededIds;
    use crate::id::AccountId;

    fn event(target: &str, headers: &[(&str, &str)], body: &'static [u8], signer: Option<&Caller>) -> Value {
        let mut request = http::Request::post(target).header("host", "abc.lambda-url.localhost:4566");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let now = Timestamp::from_millis(1_583_348_638_390);
        let seen = Seen {
            parts: &parts,
            uri: &uri,
            path: uri.path(),
            host: "abc.lambda-url.localhost".into(),
            id: "abc",
            peer: UrlPeer { ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), is_secure: true },
            signer,
            request_id: "r",
            now,
            trace_id: trace_id(&parts.headers, now, &SeededIds::new(1)),
        };
        of(&seen, &Bytes::from_static(body))
    }

    #[test]
    fn a_request_is_an_event_of_format_2() {
        let headers = [
            ("cookie", "a=1; b=2"),
            ("cookie", "c=3"),
            ("X-Two", "1"),
            ("x-two", "2"),
            ("user-agent", "agent"),
            ("x-forwarded-for", "198.51.100.7"),
            ("x-amzn-trace-id", "Root=1-2-3"),
        ];
        let found = event("/my/path%20x?p=1&p=2&q=a%20b", &headers, b"", None);
        let want = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/my/path%20x",
            "rawQueryString": "p=1&p=2&q=a%20b",
            "cookies": ["a=1", "b=2", "c=3"],
            "headers": {"host": "abc.lambda-url.localhost", "x-two": "1,2", "user-agent": "agent",
                "x-amzn-trace-id": "Root=1-2-3", "x-forwarded-for": "198.51.100.7, 192.0.2.1",
                "x-forwarded-port": "4566", "x-forwarded-proto": "https"},
            "queryStringParameters": {"p": "1,2", "q": "a b"},
            "requestContext": {"accountId": "anonymous", "apiId": "abc", "domainName": "abc.lambda-url.localhost",
                "domainPrefix": "abc", "http": {"method": "POST", "path": "/my/path%20x", "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "agent"}, "requestId": "r", "routeKey": "$default",
                "stage": "$default", "time": "04/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_i64},
            "isBase64Encoded": false,
        });
        assert_eq!(found, want);
    }

    #[test]
    fn bodies_that_are_no_text_are_encoded() {
        let check = |headers: &[(&str, &str)], body: &'static [u8], expect: &str, is_encoded: bool| {
            let found = event("/", headers, body, None);
            assert_eq!((&found["body"], &found["isBase64Encoded"]), (&json!(expect), &json!(is_encoded)));
        };
        check(&[("content-type", "application/json; charset=utf-8")], b"{}", "{}", false);
        check(&[("content-type", "Text/Plain")], b"x", "x", false);
        check(&[("content-type", "application/vnd.x+json")], b"{}", "{}", false);
        check(&[], b"x", "x", false);
        check(&[("content-type", "application/octet-stream")], b"x", "eA==", true);
        check(&[("content-type", "text/plain")], b"\xff", "/w==", true);
        check(&[("content-type", "text/plain"), ("content-encoding", "gzip")], b"x", "eA==", true);
        assert_eq!(event("/", &[], b"", None).get("body"), None);
    }

    #[test]
    fn who_has_signed_is_told() {
        let signer = Caller::root(AccountId::parse("210987654321").unwrap());
        let found = event("/", &[], b"", Some(&signer));
        let context = &found["requestContext"];
        assert_eq!(context["accountId"], "210987654321");
        let iam = &context["authorizer"]["iam"];
        assert_eq!(
            (&iam["userArn"], &iam["callerId"]),
            (&json!("arn:aws:iam::210987654321:root"), &json!("210987654321"))
        );
        assert_eq!(context["authentication"], Value::Null);
    }

    #[test]
    fn traces_begin_here_unless_the_client_has_begun_one() {
        let found = event("/", &[], b"", None);
        let trace = found["headers"]["x-amzn-trace-id"].as_str().unwrap();
        assert!(trace.starts_with("Root=1-5e5ffb9e-") && trace.len() == 16 + 24, "{trace}");
        let long = "x".repeat(257);
        let found = event("/", &[("x-amzn-trace-id", &long)], b"", None);
        assert_ne!(found["headers"]["x-amzn-trace-id"], long);
    }
}
