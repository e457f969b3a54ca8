//! What API Gateway does to headers on their way through: which it drops, which it remaps, and how it spells them.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>

use http::HeaderName;

/// Whether a client's header is dropped before mappings, templates, logs and backends see it.
pub(crate) fn is_dropped_from_client(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "content-length"
            | "content-md5"
            | "expect"
            | "max-forwards"
            | "proxy-authenticate"
            | "server"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "www-authenticate"
    )
}

/// Whether HTTP_PROXY drops a client's header unless it is mapped.
pub(crate) fn is_dropped_to_proxy_backend(name: &str) -> bool {
    is_dropped_from_client(name) || matches!(name, "host" | "content-encoding" | "via" | "keep-alive")
}

/// The kinds of integration that AWS's tables of header rules distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// HTTP and MOCK.
    Plain,
    /// HTTP_PROXY.
    HttpProxy,
    /// AWS and AWS_PROXY.
    Aws,
}

/// Whether a mapping or override of this request header makes the request fail.
pub(crate) fn is_illegal_target(name: &str, rules: Rules) -> bool {
    let always = matches!(
        name,
        "content-length" | "transfer-encoding" | "x-amzn-trace-id" | "x-amzn-apigateway-api-id"
    );
    let for_aws = matches!(name, "authorization" | "connection" | "expect" | "proxy-authenticate" | "te");
    always || rules == Rules::Aws && for_aws
}

/// What happens to a header that a mapping sets on the response, or that a proxied backend sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResponseHeader {
    /// It is kept.
    Pass,
    /// It is dropped.
    Drop,
    /// It is renamed to `x-amzn-Remapped-…`.
    Remap(HeaderName),
}

/// Applies AWS's tables of remapped response headers, as recorded.
pub(crate) fn response_header(name: &HeaderName, rules: Rules) -> ResponseHeader {
    match (name.as_str(), rules) {
        ("transfer-encoding", _) => ResponseHeader::Drop,
        ("connection" | "date" | "server", _) => remap(name),
        // The remapped header shows the backend's own length; the server computes the Content-Length that it sends.
        ("content-length", _) => remap(name),
        (
            "via" | "host" | "keep-alive" | "expect" | "proxy-authenticate" | "te" | "trailer",
            Rules::HttpProxy,
        ) => ResponseHeader::Drop,
        (
            "authorization" | "content-md5" | "expect" | "host" | "max-forwards" | "proxy-authenticate"
            | "trailer" | "upgrade" | "user-agent" | "www-authenticate",
            Rules::Plain | Rules::Aws,
        ) => remap(name),
        (
            "authorization" | "user-agent" | "content-md5" | "max-forwards" | "upgrade" | "www-authenticate",
            _,
        ) => remap(name),
        _ => ResponseHeader::Pass,
    }
}

fn remap(name: &HeaderName) -> ResponseHeader {
    HeaderName::try_from(format!("x-amzn-remapped-{name}"))
        .map_or(ResponseHeader::Drop, ResponseHeader::Remap)
}

/// The conventional spelling of a name that the HTTP library has converted to lower case: `content-type` →
/// `Content-Type`, and AWS's own `x-amzn-ErrorType`, `x-amzn-RequestId`.
pub(crate) fn spelling(name: &str) -> String {
    match name {
        "x-amzn-errortype" => return "x-amzn-ErrorType".to_owned(),
        "x-amzn-requestid" => return "x-amzn-RequestId".to_owned(),
        "x-amz-apigw-id" => return name.to_owned(),
        _ => {}
    }
    if let Some(rest) = name.strip_prefix("x-amzn-remapped-") {
        return format!("x-amzn-Remapped-{}", spelling(rest));
    }
    let mut upper = true;
    name.chars()
        .map(|c| {
            let c = if upper { c.to_ascii_uppercase() } else { c };
            upper = c == '-';
            c
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_people_write_them() {
        for (name, expect) in [
            ("content-type", "Content-Type"),
            ("x-api-key", "X-Api-Key"),
            ("x-amzn-errortype", "x-amzn-ErrorType"),
            ("x-amzn-remapped-date", "x-amzn-Remapped-Date"),
            ("etag", "Etag"),
        ] {
            assert_eq!(spelling(name), expect);
        }
    }

    #[test]
    fn recorded_remaps() {
        let plain = [
            "authorization",
            "connection",
            "content-length",
            "content-md5",
            "date",
            "expect",
            "host",
            "max-forwards",
            "proxy-authenticate",
            "server",
            "trailer",
            "upgrade",
            "user-agent",
            "www-authenticate",
        ];
        for name in plain {
            let header = HeaderName::from_static(name);
            for rules in [Rules::Plain, Rules::Aws] {
                let expect = HeaderName::try_from(format!("x-amzn-remapped-{name}")).unwrap();
                assert_eq!(response_header(&header, rules), ResponseHeader::Remap(expect), "{name}");
            }
        }
        for name in ["connection", "content-length", "date", "server"] {
            let header = HeaderName::from_static(name);
            assert!(matches!(response_header(&header, Rules::HttpProxy), ResponseHeader::Remap(_)), "{name}");
        }
        let te = http::header::TRANSFER_ENCODING;
        assert_eq!(response_header(&te, Rules::Plain), ResponseHeader::Drop);
        assert_eq!(response_header(&http::header::CONTENT_TYPE, Rules::Plain), ResponseHeader::Pass);
    }

    #[test]
    fn illegal_targets_depend_on_the_integration() {
        assert!(is_illegal_target("content-length", Rules::Plain));
        assert!(is_illegal_target("x-amzn-trace-id", Rules::HttpProxy));
        assert!(!is_illegal_target("authorization", Rules::Plain));
        assert!(is_illegal_target("authorization", Rules::Aws));
        assert!(!is_illegal_target("x-mine", Rules::Aws));
    }
}
