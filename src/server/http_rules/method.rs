//! Methods: RFC 9110 section 9.

use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::refusal::Refused;

/// AWS, "Set up a proxy integration with a proxy resource": ANY stands for these.
const METHODS: [Method; 7] =
    [Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::PATCH, Method::POST, Method::PUT];
/// The same, for `Allow`.
pub(super) const ALLOWED: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
/// The header that names another method for routing.
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Only known methods are forwarded, whatever names them. CONNECT in particular has no content (section 9.3.6): what a
/// client sends as its content would be a backend's next request.
pub(super) fn check(method: &Method, headers: &HeaderMap) -> Result<(), Refused> {
    if !METHODS.contains(method) {
        return Err(not_implemented());
    }
    let mut overriding = headers.get_all(METHOD_OVERRIDE).iter();
    let Some(other) = overriding.next() else { return Ok(()) };
    if overriding.next().is_some() {
        return Err(Refused::bad_request("X-HTTP-Method-Override is repeated"));
    }
    let is_known =
        METHODS.iter().any(|known| other.as_bytes().eq_ignore_ascii_case(known.as_str().as_bytes()));
    if is_known { Ok(()) } else { Err(not_implemented()) }
}

fn not_implemented() -> Refused {
    Refused::new(StatusCode::NOT_IMPLEMENTED, "The method is not implemented")
}
