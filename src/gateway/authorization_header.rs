//! AWS's errors about an `Authorization` header that is not a signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use sha2::{Digest as _, Sha256};

/// What is wrong with a request's `Authorization` header as a signature; `None` if it has all parts of one, or if there
/// is no such header.
pub(crate) fn complaint(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(AUTHORIZATION)?;
    let has_date = headers.contains_key("x-amz-date") || headers.contains_key(DATE);
    about(&String::from_utf8_lossy(header.as_bytes()), has_date)
}

/// The error for a header that is not a list of pairs. The header may be somebody's secret, so its hash is shown.
pub(crate) fn no_pairs(header: &[u8]) -> String {
    let hash = STANDARD.encode(Sha256::digest(header));
    format!(
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with \
         Base64): '{hash}'."
    )
}

fn about(header: &str, has_date: bool) -> Option<String> {
    // `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
    let (_, pairs) = header.split_once(' ').unwrap_or(("", header));
    let pairs: Vec<&str> = pairs.split(',').map(str::trim).filter(|pair| !pair.is_empty()).collect();
    if pairs.iter().any(|pair| !pair.contains('=')) || pairs.is_empty() {
        return Some(no_pairs(header.as_bytes()));
    }
    let has = |name: &str| {
        pairs.iter().any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    };
    let mut complaints: Vec<String> = ["Credential", "Signature", "SignedHeaders"]
        .iter()
        .filter(|name| !has(name))
        .map(|name| format!("Authorization header requires '{name}' parameter."))
        .collect();
    if !has_date {
        complaints.push(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
        );
    }
    if complaints.is_empty() {
        return None;
    }
    let hash = STANDARD.encode(Sha256::digest(header.as_bytes()));
    complaints.push(format!("(Hashed with SHA-256 and encoded with Base64) Authorization={hash}"));
    Some(complaints.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, has_date: bool, expect: Option<&str>) {
        let found = about(header, has_date);
        match (found, expect) {
            (None, None) => {}
            (Some(found), Some(expect)) => assert!(found.starts_with(expect), "{header}: {found}"),
            (found, expect) => panic!("{header}: {found:?} in place of {expect:?}"),
        }
    }

    #[test]
    fn what_is_no_signature_is_complained_about() {
        check("Bearer abc", true, Some("Invalid key=value pair (missing equal-sign)"));
        check("abc", true, Some("Invalid key=value pair"));
        check("", true, Some("Invalid key=value pair"));
        check(
            "Bearer abc=",
            true,
            Some("Authorization header requires 'Credential' parameter. Authorization"),
        );
        let whole = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c";
        check(whole, true, None);
        check(whole, false, Some("Authorization header requires existence of either"));
    }
}
