//! Signatures of requests: `method NUL uri NUL header lines`. What is signed is verified, anything else is refused.

use std::sync::Arc;

use http::request::Parts;
use stepgate::clock::{Timestamp, VirtualClock};
use stepgate::id::{AccountId, Region};
use stepgate::identity::{Authenticator, Credential, Head, Keys, Secret, TargetUri, sign};

const NOW: Timestamp = Timestamp::from_millis(1_760_104_536_000);

pub(crate) fn execute(text: &str) {
    let Some(mut parts) = request(text) else { return };
    let account = AccountId::parse("123456789012").expect("an account");
    let region = Region::parse("us-east-1").expect("a region");
    let credential = Credential::root(account, "AKIDEXAMPLE", Secret::new("secret"));
    let keys = Arc::new(Keys::default());
    keys.insert("AKIDEXAMPLE", credential.clone());
    let authenticator = Authenticator::new(keys, Arc::new(VirtualClock::new(NOW)));
    let answer = |parts: &Parts, body: &[u8], service: &str| {
        let mut parts = parts.clone();
        let uri = TargetUri::take(&mut parts).ok()?;
        Some(authenticator.authenticate(Head::new(&parts, &uri), body, service).is_ok())
    };

    assert_ne!(answer(&parts, b"body", "execute-api"), Some(true), "nobody knows the secret");
    for name in ["authorization", "x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256"] {
        parts.headers.remove(name);
    }
    // Only what clients of SigV4 send as it is comes out as it went in.
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/=&;".contains(&b));
    let query = parts.uri.query().unwrap_or_default();
    let is_presigned = query.contains("X-Amz-");
    if is_presigned || !is_plain(query) || !is_plain(parts.uri.path()) {
        return;
    }
    if parts.headers.get_all("host").iter().count() != 1 {
        return;
    }
    sign(&mut parts, b"body", &credential, "execute-api", &region, NOW);
    let verified = answer(&parts, b"body", "execute-api");
    assert_ne!(verified, Some(false), "what was signed is verified");
    assert_ne!(answer(&parts, b"other", "execute-api"), Some(true));
    assert_ne!(answer(&parts, b"body", "states"), Some(true));
}

fn request(text: &str) -> Option<Parts> {
    let mut pieces = text.splitn(3, '\0');
    let (method, uri, headers) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let mut request = http::Request::new(());
    *request.method_mut() = method.parse().ok()?;
    *request.uri_mut() = uri.parse().ok()?;
    for line in headers.lines() {
        let (name, value) = line.split_once(':')?;
        let name = http::HeaderName::from_bytes(name.as_bytes()).ok()?;
        request.headers_mut().append(name, http::HeaderValue::from_bytes(value.trim().as_bytes()).ok()?);
    }
    Some(request.into_parts().0)
}

pub(crate) const WORDS: &[&str] = &[
    "\0",
    "\n",
    ": ",
    "/",
    "//",
    "/./",
    "/../",
    "%2F",
    "%",
    "%zz",
    "?",
    "&",
    "=",
    "+",
    "%20",
    "%2B",
    ",",
    ";",
    "  ",
    "host: h\n",
    "authorization: ",
    "AWS4-HMAC-SHA256 ",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    "host;x-amz-date",
    "AKIDEXAMPLE/20251010/us-east-1/execute-api/aws4_request",
    "x-amz-date: 20251010T135536Z\n",
    "20251010T135536Z",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "X-Amz-Credential=",
    "X-Amz-Date=",
    "X-Amz-Expires=",
    "X-Amz-SignedHeaders=host",
    "X-Amz-Signature=",
    "X-Amz-Security-Token=",
    "x-amz-security-token: t\n",
    "x-amz-content-sha256: UNSIGNED-PAYLOAD\n",
    "content-type: application/json\n",
    "GET",
    "POST",
    "é",
];
