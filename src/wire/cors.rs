//! Browsers: which services they may call from pages of other origins, and what they are told before they do.
//!
//! AWS answers every origin alike: whoever calls has to sign, or calls an operation that takes no signature.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Service, Services};
use crate::connect::{Response, empty};

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,POST,DELETE");
/// What clients of AWS's send; anything else is allowed by `*`, which doesn't cover `Authorization`.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "*,Authorization,Date,X-Amz-Date,X-Amz-Security-Token,X-Amz-Target,content-type,x-amz-content-sha256,\
     x-amz-user-agent,x-amzn-platform-id,x-amzn-trace-id",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-amzn-errortype,x-amzn-requestid,x-amzn-errormessage,x-amzn-trace-id,x-amz-apigw-id,date",
);
/// Two days.
const MAX_AGE: HeaderValue = HeaderValue::from_static("172800");
const ANY: HeaderValue = HeaderValue::from_static("*");
/// What names the operations of services whose paths are all alike.
const TARGET: &str = "x-amz-target";

/// Whether a browser asks before it sends.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a browser that asks; `None` if it may not send what it asks for. `by_path` is the service that the path
/// is of.
pub(super) fn preflight(
    services: &Services,
    by_path: Option<&'static Service>,
    headers: &HeaderMap,
) -> Option<Response> {
    let takes = |service: &Service| service.special.cors;
    let is_taken = match by_path {
        Some(service) => takes(service),
        None => names_target(headers) && services.iter().any(takes),
    };
    is_taken.then(|| {
        let mut response = Response::new(empty());
        let headers = response.headers_mut();
        allow_origin(headers);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        response
    })
}

/// Lets a browser's page read the answer of a service that it may call.
pub(super) fn open(service: Option<&Service>, request: &HeaderMap, response: &mut Response) {
    if service.is_some_and(|service| service.special.cors) && request.contains_key(ORIGIN) {
        allow_origin(response.headers_mut());
    }
}

fn allow_origin(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

fn names_target(headers: &HeaderMap) -> bool {
    let asked = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let mut names = asked.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    names.any(|name| HeaderName::try_from(name.trim()).is_ok_and(|name| name == TARGET))
}
