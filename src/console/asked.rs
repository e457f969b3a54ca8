//! A request's head, as the console looks at it.

use http::StatusCode;
use http::header::{ACCEPT, HeaderValue, LOCATION};
use http::request::Parts;

use super::PREFIX;
use super::session::{cookie, cookie_name};
use crate::connect::{Response, empty};
use crate::identity::TargetUri;
use crate::wire::CalledFrom;

/// A request's head.
pub(super) struct Asked<'r> {
    pub(super) uri: &'r TargetUri,
    pub(super) parts: &'r Parts,
    pub(super) path: &'r str,
    /// Where it comes from.
    pub(super) from: Option<CalledFrom>,
}

impl Asked<'_> {
    /// Whether a script asks.
    pub(super) fn is_script(&self) -> bool {
        let accept = self.parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        accept.contains("application/json")
            || self.uri.query().last("part").is_some()
            || accept == "text/event-stream"
    }

    pub(super) fn cookie_name(&self) -> String {
        cookie_name(self.uri.authority())
    }

    pub(super) fn cookie(&self) -> Option<&str> {
        cookie(&self.parts.headers, &self.cookie_name())
    }

    /// The header that sets the cookie.
    pub(super) fn set_cookie(&self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let secure = if self.from.is_some_and(|from| from.is_secure) { "; Secure" } else { "" };
        let name = self.cookie_name();
        let text =
            format!("{name}={value}; Path={PREFIX}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::from_str(&text).ok()
    }
}

/// Another page, to go to.
pub(super) fn redirect(location: &str) -> Response {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// A path of the console, to return to; no other address.
pub(super) fn own_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(PREFIX)?;
    let is_plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (is_plain && (rest.is_empty() || rest.starts_with(['/', '?'])) && !rest.starts_with("//")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_returns_to_pages_of_the_console_alone() {
        for (path, is_own) in [
            ("/_stepgate/console", true),
            ("/_stepgate/console/executions?arn=arn:aws:states:us-east-1:1:execution:M:E", true),
            ("/_stepgate/console?x=1", true),
            ("/_stepgate/consoles", false),
            ("/_stepgate/console//evil.example", false),
            ("/_stepgate/console/\\evil.example", false),
            ("//evil.example/_stepgate/console", false),
            ("https://evil.example", false),
            ("/_stepgate/console/\r\nx: y", false),
            ("", false),
        ] {
            assert_eq!(own_path(path).is_some(), is_own, "{path:?}");
        }
    }
}
