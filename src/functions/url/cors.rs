//! Cross-origin resource sharing, as a URL's configuration has it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors>. What is configured takes the place of
//! what the function itself answers. A page of another origin gets an answer without these headers, which its browser keeps
//! from it.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::connect::{self, Response};
use crate::functions::model::Cors;

/// The answer to a browser that asks what a page may do.
pub(super) fn preflight(cors: &Cors, asked: &HeaderMap) -> Response {
    let mut response = Response::new(connect::empty());
    let headers = response.headers_mut();
    if add_origin(cors, asked.get(ORIGIN), headers) {
        put(headers, ACCESS_CONTROL_ALLOW_METHODS, list(cors.allow_methods.as_ref()));
        put(headers, ACCESS_CONTROL_ALLOW_HEADERS, list(cors.allow_headers.as_ref()));
        put(headers, ACCESS_CONTROL_MAX_AGE, cors.max_age_s.map(|seconds| seconds.to_string()));
    }
    response
}

/// Adds to an answer what its reader needs.
pub(super) fn add(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS]
    {
        headers.remove(name);
    }
    if add_origin(cors, origin, headers) {
        put(headers, ACCESS_CONTROL_EXPOSE_HEADERS, list(cors.expose_headers.as_ref()));
    }
}

/// Whether the origin may read the answer; if so, it is told.
fn add_origin(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) -> bool {
    let Some(origin) = origin else { return false };
    let of = |allowed: &String| allowed == "*" || allowed.as_bytes() == origin.as_bytes();
    if !cors.allow_origins.iter().flatten().any(of) {
        return false;
    }
    // With credentials browsers take no star, and answers differ by origin.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if cors.allow_credentials == Some(true) {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

fn list(items: Option<&Vec<String>>) -> Option<String> {
    items.filter(|items| !items.is_empty()).map(|items| items.join(","))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origin: &str) -> Cors {
        let list = |items: &[&str]| Some(items.iter().map(|item| (*item).to_owned()).collect());
        Cors {
            allow_credentials: Some(true),
            allow_headers: list(&["x-a", "x-b"]),
            allow_methods: list(&["GET", "PUT"]),
            allow_origins: list(&["https://other.example", origin]),
            expose_headers: list(&["x-c"]),
            max_age_s: Some(60),
        }
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn a_page_of_an_allowed_origin_is_told_what_it_may() {
        let asked = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://a.example"))]);
        for allowed in ["https://a.example", "*"] {
            let response = preflight(&cors(allowed), &asked);
            let headers = response.headers();
            assert_eq!(text(headers, "access-control-allow-origin"), Some("https://a.example"));
            assert_eq!(text(headers, "access-control-allow-methods"), Some("GET,PUT"));
            assert_eq!(text(headers, "access-control-allow-headers"), Some("x-a,x-b"));
            assert_eq!(text(headers, "access-control-max-age"), Some("60"));
            assert_eq!(text(headers, "access-control-allow-credentials"), Some("true"));
        }
        assert_eq!(preflight(&cors("https://b.example"), &asked).headers().len(), 0);
    }

    #[test]
    fn what_is_configured_takes_the_place_of_what_the_function_says() {
        let origin = HeaderValue::from_static("https://a.example");
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        add(&cors("https://a.example"), Some(&origin), &mut headers);
        assert_eq!(text(&headers, "access-control-allow-origin"), Some("https://a.example"));
        assert_eq!(text(&headers, "access-control-expose-headers"), Some("x-c"));
        add(&cors("https://b.example"), Some(&origin), &mut headers);
        assert_eq!(text(&headers, "access-control-allow-origin"), None);
        add(&cors("*"), None, &mut headers);
        assert_eq!(text(&headers, "access-control-allow-origin"), None);
    }
}
