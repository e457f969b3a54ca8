//! Request targets: RFC 9112 section 3.2, RFC 9113 section 8.3.1, RFC 9110 section 7.4.

use http::uri::Scheme;
use http::{Method, StatusCode, Uri};

use super::refusal::Refused;
use crate::connect::http1::{Point, Relaxed};

pub(super) fn check(method: &Method, uri: &Uri, is_secure: bool, relaxed: Relaxed) -> Result<(), Refused> {
    let Some(scheme) = uri.scheme() else {
        // Without a scheme, only CONNECT has an authority.
        let is_origin_form = uri.authority().is_none() && uri.path().starts_with('/');
        let is_asterisk_form = *method == Method::OPTIONS && uri.path() == "*";
        return if is_origin_form || is_asterisk_form {
            Ok(())
        } else {
            Err(Refused::bad_request("The request target has none of its forms"))
        };
    };
    if ![Scheme::HTTP, Scheme::HTTPS].contains(scheme) {
        return Err(Refused::bad_request("The request target is neither http nor https"));
    }
    // HTTP/2 sends `*` with a scheme, too.
    let is_asterisk_form = *method == Method::OPTIONS && uri.path() == "*";
    if !uri.path().starts_with('/') && !is_asterisk_form {
        return Err(Refused::bad_request("The request target's path does not begin with /"));
    }
    // "a request for an "https" resource MUST be rejected unless it has been received over a connection that has
    // been secured"
    if *scheme == Scheme::HTTPS && !is_secure && !relaxed.has(Point::HttpsOverPlain) {
        let message = "The request is for https, and the connection is not secured";
        return Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    Ok(())
}
