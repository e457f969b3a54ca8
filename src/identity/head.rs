//! The signed parts of a request other than its body.

use http::request::Parts;
use http::{HeaderMap, Method};

use super::TargetUri;

/// A request without its body. Changing any of it before verification invalidates the signature.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method as it was sent.
    pub method: &'a Method,
    /// Authority, path and query.
    pub uri: &'a TargetUri,
    /// All headers.
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The head of a request whose target, `uri`, was taken from `parts`.
    pub fn new(parts: &'a Parts, uri: &'a TargetUri) -> Self {
        Self { method: &parts.method, uri, headers: &parts.headers }
    }
}
