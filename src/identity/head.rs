//! What of a request is signed besides its body.

use http::request::Parts;
use http::{HeaderMap, Method};

use super::TargetUri;

/// A request without its body: whoever changes one before it is verified breaks its signature.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method that was sent.
    pub method: &'a Method,
    /// Authority, path and query.
    pub uri: &'a TargetUri,
    /// All headers.
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The head of a request whose target was taken out of `parts`.
    pub fn new(parts: &'a Parts, uri: &'a TargetUri) -> Self {
        Self { method: &parts.method, uri, headers: &parts.headers }
    }
}
