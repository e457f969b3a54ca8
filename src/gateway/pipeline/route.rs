//! Finds the method for the path and verb.
//!
//! API Gateway knows no 404 and no 405: what it does not find lacks an authentication token, and if there is
//! an `Authorization` header, that is complained about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use tower::service_fn;

use super::{Answered, Next, Refused, Routed, Staged};
use crate::gateway::compile::Match;
use crate::gateway::context::Context;
use crate::gateway::refusal::Refusal;

/// `Staged → Routed`.
pub(crate) fn over(next: impl Next<Routed, Answered>) -> impl Next<Staged, Answered> {
    service_fn(move |staged: Staged| {
        let mut next = next.clone();
        async move { next.call(find(staged)?).await }
    })
}

fn find(staged: Staged) -> Result<Routed, Refused> {
    let Staged { mut context, stage, body } = staged;
    match stage.routes.find(&context.target.path, &context.method) {
        Some(Match { method, parameters }) => {
            context.route = Some(method.clone());
            context.path_parameters = parameters;
            Ok(Routed { context, stage, method, body })
        }
        None => {
            let refusal = missing(&context);
            Err(Refused { context, refusal })
        }
    }
}

fn missing(context: &Context) -> Refusal {
    let header = context.headers.get(AUTHORIZATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let has_date = context.headers.contains_key("x-amz-date") || context.headers.contains_key("date");
    match header.and_then(|header| complaint(&header, has_date)) {
        Some(message) => Refusal::IncompleteSignature(message),
        None => Refusal::MissingAuthenticationToken,
    }
}

/// What is wrong with an `Authorization` header as a signature; `None` if it has all parts of one.
fn complaint(header: &str, has_date: bool) -> Option<String> {
    // `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
    let (_, pairs) = header.split_once(' ').unwrap_or(("", header));
    let pairs: Vec<&str> = pairs.split(',').map(str::trim).filter(|pair| !pair.is_empty()).collect();
    if pairs.iter().any(|pair| !pair.contains('=')) || pairs.is_empty() {
        let hash = STANDARD.encode(Sha256::digest(header.as_bytes()));
        return Some(format!(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and \
             encoded with Base64): '{hash}'."
        ));
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
        let found = complaint(header, has_date);
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
