//! Converts bodies between text and binary, by `contentHandling` and `binaryMediaTypes`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::apis::ContentHandling;

/// A body as templates and backends see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// UTF-8; templates may read it.
    Text(Bytes),
    /// Bytes; possible only without a template.
    Binary(Bytes),
}

/// Base64 that can't be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is no base64")]
pub(crate) struct NotBase64;

impl Content {
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// Converts the request body for the integration.
pub(crate) fn convert_request(
    body: Bytes,
    is_binary: bool,
    handling: Option<ContentHandling>,
) -> Result<Content, NotBase64> {
    match (is_binary, handling) {
        (true, None | Some(ContentHandling::ConvertToBinary)) => Ok(Content::Binary(body)),
        (true, Some(ContentHandling::ConvertToText)) => Ok(Content::Text(STANDARD.encode(&body).into())),
        (false, None | Some(ContentHandling::ConvertToText)) => Ok(Content::Text(lossy(body))),
        (false, Some(ContentHandling::ConvertToBinary)) => decode(&body).map(Content::Binary),
    }
}

/// Converts the integration's response for the client, whose first accepted type is binary or not.
pub(crate) fn convert_response(
    body: Bytes,
    is_binary: bool,
    accepts_binary: bool,
    handling: Option<ContentHandling>,
) -> Result<Content, NotBase64> {
    match (is_binary, handling, accepts_binary) {
        (false, None, false) | (false, Some(ContentHandling::ConvertToText), _) => {
            Ok(Content::Text(lossy(body)))
        }
        (false, None, true) | (false, Some(ContentHandling::ConvertToBinary), _) => {
            decode(&body).map(Content::Binary)
        }
        (true, None, false) | (true, Some(ContentHandling::ConvertToText), _) => {
            Ok(Content::Text(STANDARD.encode(&body).into()))
        }
        (true, None, true) | (true, Some(ContentHandling::ConvertToBinary), _) => Ok(Content::Binary(body)),
    }
}

/// Replaces invalid bytes by U+FFFD; valid text is not copied.
fn lossy(body: Bytes) -> Bytes {
    if std::str::from_utf8(&body).is_ok() {
        return body;
    }
    String::from_utf8_lossy(&body).into_owned().into()
}

fn decode(body: &Bytes) -> Result<Bytes, NotBase64> {
    STANDARD.decode(body.trim_ascii()).map(Bytes::from).map_err(|_| NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO_TEXT: Option<ContentHandling> = Some(ContentHandling::ConvertToText);
    const TO_BINARY: Option<ContentHandling> = Some(ContentHandling::ConvertToBinary);

    fn text(text: &'static str) -> Result<Content, NotBase64> {
        Ok(Content::Text(text.into()))
    }

    fn binary(bytes: &'static [u8]) -> Result<Content, NotBase64> {
        Ok(Content::Binary(Bytes::from_static(bytes)))
    }

    #[test]
    fn requests() {
        let check = |body: &'static [u8], is_binary, handling, expect| {
            assert_eq!(convert_request(Bytes::from_static(body), is_binary, handling), expect);
        };
        check(b"\xff", true, None, binary(b"\xff"));
        check(b"\xff", true, TO_BINARY, binary(b"\xff"));
        check(b"\xff", true, TO_TEXT, text("/w=="));
        check(b"a\xff", false, None, text("a\u{fffd}"));
        check(b"hi", false, TO_TEXT, text("hi"));
        check(b"aGk=", false, TO_BINARY, binary(b"hi"));
        check(b"no base64!", false, TO_BINARY, Err(NotBase64));
    }

    #[test]
    fn responses() {
        let check = |body: &'static [u8], is_binary, accepts, handling, expect| {
            assert_eq!(convert_response(Bytes::from_static(body), is_binary, accepts, handling), expect);
        };
        check(b"hi", false, false, None, text("hi"));
        check(b"hi", false, false, TO_TEXT, text("hi"));
        check(b"aGk=", false, false, TO_BINARY, binary(b"hi"));
        check(b"aGk=", false, true, None, binary(b"hi"));
        check(b"hi", false, true, TO_TEXT, text("hi"));
        check(b"hi", true, false, None, text("aGk="));
        check(b"hi", true, true, None, binary(b"hi"));
        check(b"hi", true, false, TO_BINARY, binary(b"hi"));
        check(b"hi", true, true, TO_TEXT, text("aGk="));
        check(b"%", false, true, None, Err(NotBase64));
    }
}
