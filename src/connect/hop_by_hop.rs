//! Connection-specific header fields: RFC 9110 section 7.6.1.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName};

/// Fields that are connection-specific even if `Connection` doesn't name them.
const ALWAYS: [HeaderName; 3] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// Removes from a received message the fields that must not be forwarded: those that `Connection` names, and those that
/// are always connection-specific.
///
/// `Connection` itself stays, and so do the fields for which API Gateway has its own rules (`TE`, `Trailer`, `Upgrade`,
/// `Transfer-Encoding`). Fields that determine framing and routing stay even if `Connection` names them.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in ALWAYS {
        headers.remove(name);
    }
    if !headers.contains_key(CONNECTION) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .filter(|name| ![CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING].contains(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_connection_names_goes() {
        let fields = [
            ("connection", "close, X-Secret"),
            ("connection", "x-other ,, ,bad name, Host, content-length"),
            ("x-secret", "1"),
            ("x-secret", "2"),
            ("x-other", "3"),
            ("x-mine", "4"),
            ("host", "a"),
            ("content-length", "5"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["connection", "content-length", "host", "x-mine"]);
    }
}
