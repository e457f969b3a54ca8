//! Fields that are for one connection only: RFC 9110 section 7.6.1.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName};

/// Fields of a connection whether or not `Connection` names them.
const ALWAYS: [HeaderName; 3] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// Removes from a received message what is not to be forwarded: the fields that `Connection` names, and those
/// that always belong to it.
///
/// `Connection` itself stays, as do the fields that API Gateway has rules of its own for (`TE`, `Trailer`,
/// `Upgrade`, `Transfer-Encoding`). What framing and routing go by stays whoever names it.
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
