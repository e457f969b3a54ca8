//! Addresses presigned in S3's older way, which botocore still makes in some regions.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::Head;
use super::query::Query;

/// The parameters that are part of what is signed.
const SUBRESOURCES: &[&str] = &[
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Whether a query has such a signature.
pub fn is_signed(query: &Query) -> bool {
    ["AWSAccessKeyId", "Signature", "Expires"].iter().all(|name| query.last(name).is_some())
}

/// The number of seconds since the epoch until which the address is valid.
pub(super) fn expires(query: &Query) -> Option<i64> {
    query.last("Expires")?.parse().ok()
}

/// What is signed. `bucket` is the bucket that the host names, if it names one.
pub(super) fn string_to_sign(head: Head<'_>, bucket: Option<&str>) -> String {
    let query = head.uri.query();
    let header = |headers: &HeaderMap, name: &str| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut out = format!(
        "{}\n{}\n{}\n{}\n",
        head.method,
        header(head.headers, "content-md5").unwrap_or_default(),
        header(head.headers, "content-type").unwrap_or_default(),
        query.last("Expires").unwrap_or_default(),
    );
    // The session's token is signed as a header, wherever it is sent.
    let mut own: Vec<(String, String)> = head
        .headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-amz-"))
        .map(|name| {
            let values = head.headers.get_all(name).iter();
            let values: Vec<String> =
                values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).collect();
            (name.as_str().to_owned(), values.join(","))
        })
        .collect();
    if let Some(token) = query.last("x-amz-security-token") {
        own.push(("x-amz-security-token".to_owned(), token.to_owned()));
    }
    own.sort_unstable();
    for (name, value) in own {
        // Writing to a string can't fail.
        let _ = writeln!(out, "{name}:{value}");
    }
    if let Some(bucket) = bucket {
        let _ = write!(out, "/{bucket}");
    }
    out.push_str(head.uri.path());
    let mut signed: Vec<&(String, String)> =
        query.pairs().iter().filter(|(name, _)| SUBRESOURCES.contains(&name.as_str())).collect();
    signed.sort_unstable();
    let raw = head.uri.raw_query().unwrap_or_default();
    for (index, (name, value)) in signed.into_iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(name);
        let has_value = raw.split('&').any(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            !value.is_empty() && percent_decode_str(key).decode_utf8_lossy() == name.as_str()
        });
        if has_value {
            let _ = write!(out, "={value}");
        }
    }
    out
}

/// Whether the address is signed with `secret`.
pub(super) fn is_right(secret: &str, to_sign: &str, query: &Query) -> bool {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(to_sign.as_bytes());
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    let given = query.last("Signature").unwrap_or_default();
    bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}
