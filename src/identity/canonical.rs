//! The canonical request: client and server each compute it from the request and sign a hash of it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write as _;

use http::HeaderValue;
use http::header::HOST;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::error::Invalid;
use super::head::Head;
use super::query::{ENCODED, Query};
use super::signature::{self, Signature};
use super::target_uri::normalized;

/// The characters that are encoded in paths; slashes stay.
const ENCODED_PATH: &AsciiSet = &ENCODED.remove(b'/');
/// Takes the place of the body's hash if the body isn't signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The header that changes the method of a request.
const METHOD_OVERRIDE: &str = "x-http-method-override";

/// What a signature says of a body.
#[derive(Clone, Copy)]
pub(super) enum Payload<'a> {
    /// The hash of this one.
    Whole(&'a [u8]),
    /// These words, or a hash that whoever reads the body compares.
    Said(&'a str),
}

/// Writes the canonical request.
///
/// Fails if `host`, or a header that AWS acts on, isn't signed, or if a signed header is missing.
pub(super) fn canonical_request(
    head: Head<'_>,
    payload: Payload<'_>,
    signature: &Signature,
) -> Result<String, Invalid> {
    let is_signed = |name: &str| signature.signed_headers.iter().any(|signed| signed == name);
    if !is_signed("host") && !is_signed(":authority") {
        return Err(Invalid::HostUnsigned);
    }
    let own = head.headers.keys().map(http::HeaderName::as_str);
    let mut own = own.filter(|name| name.starts_with("x-amz-") || *name == METHOD_OVERRIDE);
    // The canonical request contains the hash itself, so this header need not be signed.
    if let Some(unsigned) = own.find(|name| *name != CONTENT_SHA256 && !is_signed(name)) {
        return Err(Invalid::HeaderUnsigned(unsigned.to_owned()));
    }

    let mut out = String::with_capacity(512);
    out.push_str(head.method.as_str());
    out.push('\n');
    // Only S3 uses the path as it was sent.
    if signature.service == "s3" {
        out.push_str(head.uri.path());
    } else {
        out.extend(utf8_percent_encode(&normalized(head.uri.path()), ENCODED_PATH));
    }
    out.push('\n');
    push_query(&mut out, head.uri.query(), signature.expires.is_some());
    out.push('\n');
    for name in &signature.signed_headers {
        push_header(&mut out, head, name)?;
    }
    out.push('\n');
    out.push_str(&signature.signed_headers.join(";"));
    out.push('\n');
    match (payload, content_sha256(head)) {
        (Payload::Said(said), _) => out.push_str(said),
        (Payload::Whole(_), Some(UNSIGNED_PAYLOAD)) => out.push_str(UNSIGNED_PAYLOAD),
        (Payload::Whole(body), said) => {
            let mut hash = String::with_capacity(64);
            push_hex(&mut hash, &Sha256::digest(body));
            // A backend may rely on the hash in the header, so it has to be right.
            if said.is_some_and(|said| !said.eq_ignore_ascii_case(&hash)) {
                return Err(Invalid::ContentSha256);
            }
            out.push_str(&hash);
        }
    }
    Ok(out)
}

const CONTENT_SHA256: &str = "x-amz-content-sha256";

fn content_sha256(head: Head<'_>) -> Option<&str> {
    let in_query = || head.uri.query().last("X-Amz-Content-Sha256");
    match head.headers.get(CONTENT_SHA256) {
        // A value that isn't text isn't a valid hash either.
        Some(value) => Some(value.to_str().unwrap_or_default()),
        None => in_query(),
    }
}

/// Appends bytes in lower-case hexadecimal.
pub(super) fn push_hex(out: &mut String, bytes: &[u8]) {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 0xf));
    }
}

/// Appends the query's parameters, encoded in one way and sorted. Leaves out the signature itself if it is in the
/// query.
fn push_query(out: &mut String, query: &Query, is_presigned: bool) {
    let pairs = query.pairs().iter().filter(|(name, _)| !is_presigned || name != signature::SIGNATURE);
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let mut pairs: Vec<(String, String)> =
        pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        // Writing to a string can't fail.
        let _ = write!(out, "{separator}{name}={value}");
    }
}

fn push_header(out: &mut String, head: Head<'_>, name: &str) -> Result<(), Invalid> {
    out.push_str(name);
    out.push(':');
    if name == HOST.as_str() || name == ":authority" {
        out.push_str(head.uri.authority());
        out.push('\n');
        return Ok(());
    }
    let mut values = head.headers.get_all(name).iter().peekable();
    // Anybody could add such a header if it were accepted without a value.
    if values.peek().is_none() {
        return Err(Invalid::HeaderAbsent(name.to_owned()));
    }
    let mut is_first = true;
    for value in values {
        if !std::mem::take(&mut is_first) {
            out.push(',');
        }
        // Bytes that aren't valid UTF-8 could be exchanged for others without a change of the text.
        let text = text(value).ok_or_else(|| Invalid::HeaderNotText(name.to_owned()))?;
        push_collapsed(out, text);
    }
    out.push('\n');
    Ok(())
}

fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

/// Appends `value` without surrounding white space, and with single spaces inside.
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
    fn queries_are_sorted_and_encoded_one_way() {
        for (query, expect) in [
            ("b=2&a=1", "a=1&b=2"),
            ("a", "a="),
            ("a=x%20y&a=%61", "a=a&a=x%20y"),
            // A plus is a space everywhere.
            ("k=a+b&k=%7e&k=a%2Bb", "k=a%20b&k=a%2Bb&k=~"),
            ("X-Amz-Signature=1&z=", "z="),
            ("X-Amz-%53ignature=1", ""),
            ("", ""),
        ] {
            let mut out = String::new();
            push_query(&mut out, &Query::parse(query), true);
            assert_eq!(out, expect, "{query}");
        }
        let mut out = String::new();
        push_query(&mut out, &Query::parse("X-Amz-Signature=1"), false);
        assert_eq!(out, "X-Amz-Signature=1", "signed in the header, it is a parameter like others");
    }
}
