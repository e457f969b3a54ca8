//! Responses that come from Lambda and not from the function.
//!
//! AWS documents the statuses (<https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html>) and little of the texts.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::connect::{self, Response};
use crate::functions::error::Error;
use crate::identity::AuthError;

/// What AWS tells those who may not call.
const FORBIDDEN: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
                         https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";

fn refused(status: StatusCode, error: &'static str, message: &str) -> Response {
    let mut response = Response::new(connect::full(json!({ "Message": message }).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(error));
    response
}

/// Policies don't allow the call.
pub(super) fn forbidden() -> Response {
    refused(StatusCode::FORBIDDEN, "AccessDeniedException", FORBIDDEN)
}

/// The signature isn't there or isn't right. Which it is, everybody may know: it says nothing of the function.
pub(super) fn unauthenticated(error: &AuthError) -> Response {
    match error {
        AuthError::MissingToken => forbidden(),
        AuthError::Incomplete(incomplete) => {
            refused(StatusCode::FORBIDDEN, "IncompleteSignatureException", &incomplete.to_string())
        }
        AuthError::UnrecognizedClient => {
            let text = "The security token included in the request is invalid.";
            refused(StatusCode::FORBIDDEN, "UnrecognizedClientException", text)
        }
        AuthError::ExpiredToken => {
            let text = "The security token included in the request is expired";
            refused(StatusCode::FORBIDDEN, "ExpiredTokenException", text)
        }
        AuthError::Invalid(invalid) => {
            refused(StatusCode::FORBIDDEN, "InvalidSignatureException", &invalid.to_string())
        }
    }
}

/// No function has this URL.
pub(super) fn no_such_url() -> Response {
    refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", "There is no such function URL.")
}

/// The request is larger than an event may be.
pub(super) fn too_large() -> Response {
    let text = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", text)
}

/// The server can't do it now.
pub(super) fn unavailable() -> Response {
    refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", "Service Unavailable")
}

/// The function has failed, or its answer is no response.
pub(super) fn bad_gateway() -> Response {
    let mut response = Response::new(connect::full("Internal Server Error"));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The function wasn't called.
pub(super) fn of(error: &Error) -> Response {
    match error {
        Error::NotFound(_) => no_such_url(),
        Error::EventTooLarge(_) => too_large(),
        Error::Throttled(_) => {
            refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &error.to_string())
        }
        Error::Denied(_) => forbidden(),
        Error::Closed => unavailable(),
        // The version or its runtime is not what it was.
        Error::Runtime(_) | Error::Io(_) => bad_gateway(),
        Error::Conflict(_)
        | Error::Invalid(_)
        | Error::Revision
        | Error::Package(_)
        | Error::PolicyLength(_)
        | Error::CodeStorage
        | Error::NotJson(_)
        | Error::Record(_)
        | Error::Store(_) => {
            tracing::error!(%error, "a function URL could not be served");
            refused(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", "Internal Server Error")
        }
    }
}

/// Says by which id the log has the call.
pub(super) fn mark(headers: &mut HeaderMap, request_id: &str, trace_id: &str) {
    for (name, value) in [("x-amzn-requestid", request_id), ("x-amzn-trace-id", trace_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}
