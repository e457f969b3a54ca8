//! Connection-specific header fields: RFC 9110 section 7.6.1.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName};

/// Fields that are connection-specific even if `Connection` doesn't name them.
const ALWAYS: [HeaderName; 3] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// With more fields than this, looking each name up takes less time than comparing it with all of them.
const FEW_NAMES: usize = 16;

/// Removes from a received message the fields that must not be forwarded: those that `Connection` names, and those that
/// are always connection-specific.
///
/// `Connection` itself stays, and so do the fields for which API Gateway has its own rules (`TE`, `Trailer`, `Upgrade`,
/// `Transfer-Encoding`). Fields that determine framing and routing stay even if `Connection` names them.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    remove_fields(headers, &ALWAYS);
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

/// Removes the fields of these names.
pub fn remove_fields(headers: &mut HeaderMap, names: &[HeaderName]) {
    if FEW_NAMES < headers.keys_len() {
        for name in names {
            headers.remove(name);
        }
        return;
    }
    // Most messages have a few fields and none of these; comparing names costs less than hashing each.
    while let Some(name) = headers.keys().find(|name| names.contains(name)).cloned() {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn fields_are_removed_from_few_and_from_many() {
        let names = [CONNECTION, HeaderName::from_static("te")];
        for n in [0, 3, FEW_NAMES, FEW_NAMES + 1, 100] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("te", "a"), ("te", "b"), ("connection", "close"), ("x-mine", "1")] {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            for i in 0..n {
                let name = HeaderName::from_bytes(format!("x-{i}").as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_static("2"));
            }
            remove_fields(&mut headers, &names);
            assert_eq!(headers.len(), n + 1, "{n}");
            assert!(
                !headers.contains_key("te") && !headers.contains_key(CONNECTION) && headers["x-mine"] == "1"
            );
        }
    }

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
