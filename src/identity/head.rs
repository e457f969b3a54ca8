//! What of a request is signed besides its body.

use http::request::Parts;
use http::{HeaderMap, Method, Uri};

/// A request without its body, as the client sent it: whoever changes one before it is verified breaks its signature.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query; over HTTP/2 the authority as well.
    pub uri: &'a Uri,
    /// All headers.
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}
