//! Fields: RFC 9110 sections 5 and 10.1.1, RFC 9113 section 8.2.

use http::header::{COOKIE, EXPECT};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::refusal::Refused;
use crate::connect::http1::{Point, Relaxed};

/// Names that software which turns `-` into `_` (CGI and its successors) can't distinguish from fields that frame a
/// message.
const LOOK_ALIKES: [&str; 4] =
    ["content_length", "transfer_encoding", "content_encoding", "x_http_method_override"];

pub(super) fn check(version: Version, headers: &HeaderMap, relaxed: Relaxed) -> Result<(), Refused> {
    for (name, value) in headers {
        let name = name.as_str();
        // Nearly all names have neither; looking at all bytes of a short text takes less than looking for one twice.
        let is_odd = name.bytes().fold(false, |is_odd, byte| is_odd | matches!(byte, b'_' | b'"'));
        if is_odd && name.contains('_') && !relaxed.has(Point::LookAlikes) && is_look_alike(name) {
            return Err(Refused::bad_request("A header field's name can be taken for another's"));
        }
        // The library accepts quotes in names, although these are not tokens. HTTP/1's names were checked before.
        if is_odd && name.contains('"') {
            return Err(Refused::bad_request("A header field's name is no token"));
        }
        // "A field value MUST NOT start or end with an ASCII whitespace character"; in HTTP/1 it can't.
        if version == Version::HTTP_2 && value.as_bytes().trim_ascii().len() != value.len() {
            return Err(Refused::bad_request("A header field's value begins or ends with white space"));
        }
    }
    let continues = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    // "A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore that expectation."
    if version != Version::HTTP_10 && !headers.get_all(EXPECT).iter().all(continues) {
        return Err(Refused::new(StatusCode::EXPECTATION_FAILED, "The expectation can't be met"));
    }
    Ok(())
}

fn is_look_alike(name: &str) -> bool {
    LOOK_ALIKES.iter().any(|other| {
        name.len() == other.len()
            && name.bytes().zip(other.bytes()).all(|(a, b)| a == b || a == b'-' && b == b'_')
    })
}

/// HTTP/2 lets a client split its cookies; "these MUST be concatenated … using the two-octet delimiter of 0x3b, 0x20
/// … before being passed into a non-HTTP/2 context" (RFC 9113 section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let all: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(b"; ".as_slice())) {
        headers.insert(COOKIE, joined);
    }
}
