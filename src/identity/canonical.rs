//! The canonical request: what both sides compute from a request and sign a hash of.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::HOST;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::error::Invalid;
use super::head::Head;
use super::signature::Signature;

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for paths, where slashes separate.
const ENCODED_PATH: &AsciiSet = &ENCODED.remove(b'/');
/// What stands for the body's hash when the body isn't signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Writes the canonical request.
///
/// Fails if `host`, or a header of AWS's own, isn't among the signed ones.
pub(super) fn canonical_request(
    head: Head<'_>,
    body: &[u8],
    signature: &Signature,
) -> Result<String, Invalid> {
    let is_signed = |name: &str| signature.signed_headers.iter().any(|signed| signed == name);
    if !is_signed("host") && !is_signed(":authority") {
        return Err(Invalid::HostUnsigned);
    }
    let own = head.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    let mut own = own.filter(|name| *name != CONTENT_SHA256);
    if let Some(unsigned) = own.find(|name| !is_signed(name)) {
        return Err(Invalid::HeaderUnsigned(unsigned.to_owned()));
    }

    let mut out = String::with_capacity(512);
    out.push_str(head.method.as_str());
    out.push('\n');
    // S3 alone takes the path as it was sent.
    if signature.service == "s3" {
        out.push_str(head.uri.path());
    } else {
        out.extend(utf8_percent_encode(&normalized(head.uri.path()), ENCODED_PATH));
    }
    out.push('\n');
    push_query(&mut out, head.uri.query().unwrap_or_default());
    out.push('\n');
    for name in &signature.signed_headers {
        push_header(&mut out, head, name);
    }
    out.push('\n');
    out.push_str(&signature.signed_headers.join(";"));
    out.push('\n');
    match content_sha256(head) {
        Some(UNSIGNED_PAYLOAD) => out.push_str(UNSIGNED_PAYLOAD),
        // Whatever hash the client names, ours is the one that its body has.
        Some(_) | None => push_hex(&mut out, &Sha256::digest(body)),
    }
    Ok(out)
}

const CONTENT_SHA256: &str = "x-amz-content-sha256";

fn content_sha256(head: Head<'_>) -> Option<&str> {
    let in_query = || {
        let query = head.uri.query()?;
        query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Content-Sha256="))
    };
    head.headers.get(CONTENT_SHA256).and_then(|value| value.to_str().ok()).or_else(in_query)
}

/// Appends bytes in lower-case hexadecimal.
pub(super) fn push_hex(out: &mut String, bytes: &[u8]) {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 0xf));
    }
}

/// The path without empty and dot segments, as RFC 3986 resolves them; a slash at the end stays.
fn normalized(path: &str) -> Cow<'_, str> {
    if !path.is_empty() && !path.contains("//") && !path.contains("/.") {
        return Cow::Borrowed(path);
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    Cow::Owned(format!("/{}{end}", segments.join("/")))
}

/// Appends the query's parameters, encoded one way and sorted, without the signature itself.
fn push_query(out: &mut String, query: &str) {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recoded(name), recoded(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        // Writing to a String can't fail.
        let _ = write!(out, "{separator}{name}={value}");
    }
}

/// Decodes and encodes again, so that equal values are equal texts. A `+` is a plus sign here.
fn recoded(text: &str) -> String {
    let decoded: Cow<'_, [u8]> = percent_decode_str(text).into();
    percent_encoding::percent_encode(&decoded, ENCODED).to_string()
}

fn push_header(out: &mut String, head: Head<'_>, name: &str) {
    out.push_str(name);
    out.push(':');
    let mut values = head.headers.get_all(name).iter().peekable();
    if values.peek().is_none() && (name == HOST.as_str() || name == ":authority") {
        // HTTP/2 has no Host header.
        out.push_str(head.uri.authority().map_or("", http::uri::Authority::as_str));
    }
    let mut is_first = true;
    for value in values {
        if !std::mem::take(&mut is_first) {
            out.push(',');
        }
        push_collapsed(out, &String::from_utf8_lossy(value.as_bytes()));
    }
    out.push('\n');
}

/// Appends `value` without white space around it and with single spaces inside.
fn push_collapsed(out: &mut String, value: &str) {
    for (index, word) in value.split_ascii_whitespace().enumerate() {
        if 0 < index {
            out.push(' ');
        }
        out.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized_as_rfc_3986_says() {
        for (path, expect) in [
            ("/", "/"),
            ("", "/"),
            ("//", "/"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/..", "/"),
            ("/restapis/a%2Fb", "/restapis/a%2Fb"),
        ] {
            assert_eq!(normalized(path), expect, "{path}");
        }
    }

    #[test]
    fn queries_are_sorted_and_encoded_one_way() {
        for (query, expect) in [
            ("b=2&a=1", "a=1&b=2"),
            ("a", "a="),
            ("a=x%20y&a=%61", "a=a&a=x%20y"),
            ("k=a+b&k=%7e", "k=a%2Bb&k=~"),
            ("X-Amz-Signature=1&z=", "z="),
            ("", ""),
        ] {
            let mut out = String::new();
            push_query(&mut out, query);
            assert_eq!(out, expect, "{query}");
        }
    }
}
