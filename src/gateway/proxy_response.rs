//! A Lambda function's result in a proxy integration: an HTTP response as JSON.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format>

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

/// A valid result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProxyResponse {
    pub(crate) status: StatusCode,
    /// In the order in which they are sent.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: String,
    pub(crate) is_base64_encoded: bool,
}

/// The result is not an HTTP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl ProxyResponse {
    /// Parses the function's result. Recorded: an unknown member makes it malformed; missing members have defaults, so
    /// `{}` is a response.
    pub(crate) fn parse(answer: &[u8]) -> Result<Self, Malformed> {
        let Ok(Value::Object(members)) = serde_json::from_slice(answer) else { return Err(Malformed) };
        let (mut status, mut body, mut is_base64_encoded) = (StatusCode::OK, String::new(), false);
        let (mut single, mut multiple) = (Map::new(), Map::new());
        for (name, value) in members {
            match (name.as_str(), value) {
                (
                    "statusCode" | "headers" | "multiValueHeaders" | "body" | "isBase64Encoded",
                    Value::Null,
                ) => {}
                ("statusCode", value) => status = status_of(&value).ok_or(Malformed)?,
                ("headers", Value::Object(headers)) => single = headers,
                ("multiValueHeaders", Value::Object(headers)) => multiple = headers,
                ("body", Value::String(text)) => body = text,
                ("isBase64Encoded", Value::Bool(is_encoded)) => is_base64_encoded = is_encoded,
                _ => return Err(Malformed),
            }
        }
        let headers = headers_of(&single, &multiple)?;
        Ok(Self { status, headers, body, is_base64_encoded })
    }
}

/// `headers` and `multiValueHeaders` in the order in which they are sent.
pub(crate) fn headers_of(
    single: &Map<String, Value>,
    multiple: &Map<String, Value>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Malformed> {
    let mut headers = Vec::with_capacity(single.len() + multiple.len());
    for (name, values) in multiple {
        let Value::Array(values) = values else { return Err(Malformed) };
        for value in values {
            headers.push(header(name, value)?);
        }
    }
    // Headers with one value come after those with several, unless they are equal.
    let several = headers.len();
    for (name, value) in single {
        let header = header(name, value)?;
        if !headers.iter().take(several).any(|other| *other == header) {
            headers.push(header);
        }
    }
    Ok(headers)
}

/// An integer, or a string with one. Statuses below 200 are not final.
pub(crate) fn status_of(value: &Value) -> Option<StatusCode> {
    let status = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status))?;
    StatusCode::from_u16(status).ok()
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), Malformed> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) => value.to_string(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => return Err(Malformed),
    };
    let name = HeaderName::try_from(name).map_err(|_| Malformed)?;
    Ok((name, HeaderValue::try_from(text).map_err(|_| Malformed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, headers, body, whether the body is encoded.
    type Shown<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, bool);

    fn check(answer: &str, expect: Option<Shown<'_>>) {
        let found = ProxyResponse::parse(answer.as_bytes()).ok();
        let found = found.map(|it| {
            let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
            let headers: Vec<_> =
                it.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            (it.status.as_u16(), headers, it.body, it.is_base64_encoded)
        });
        let expect = expect.map(|(status, headers, body, is_encoded)| {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            (status, headers, body.to_owned(), is_encoded)
        });
        assert_eq!(found, expect, "{answer}");
    }

    #[test]
    fn what_is_missing_has_its_default() {
        check("{}", Some((200, &[], "", false)));
        check(r#"{"statusCode": 201, "body": "b", "isBase64Encoded": true}"#, Some((201, &[], "b", true)));
        check(r#"{"statusCode": "404", "body": null, "headers": null}"#, Some((404, &[], "", false)));
        check(
            r#"{"headers": {"X-A": "1", "b": true}}"#,
            Some((200, &[("x-a", "1"), ("b", "true")], "", false)),
        );
        let merged: &[_] = &[("set-cookie", "a"), ("set-cookie", "b"), ("set-cookie", "c")];
        check(
            r#"{"headers": {"Set-Cookie": "c"}, "multiValueHeaders": {"set-cookie": ["a", "b"]}}"#,
            Some((200, merged, "", false)),
        );
        check(
            r#"{"headers": {"Set-Cookie": "b"}, "multiValueHeaders": {"set-cookie": ["a", "b"]}}"#,
            Some((200, &[("set-cookie", "a"), ("set-cookie", "b")], "", false)),
        );
    }

    #[test]
    fn anything_else_is_malformed() {
        for answer in [
            "",
            "null",
            "\"text\"",
            "[]",
            "{",
            r#"{"statusCode": 200, "message": "m"}"#,
            r#"{"statusCode": "ok"}"#,
            r#"{"statusCode": 99}"#,
            r#"{"statusCode": 600}"#,
            r#"{"statusCode": 200.5}"#,
            r#"{"body": {"a": 1}}"#,
            r#"{"headers": {"n": 1}}"#,
            r#"{"headers": {"n": ["1"]}}"#,
            r#"{"headers": {"n n": "1"}}"#,
            r#"{"headers": {"n": "1\r\nx: 2"}}"#,
            r#"{"headers": "n"}"#,
            r#"{"multiValueHeaders": {"n": "1"}}"#,
            r#"{"isBase64Encoded": "true"}"#,
        ] {
            check(answer, None);
        }
    }
}
