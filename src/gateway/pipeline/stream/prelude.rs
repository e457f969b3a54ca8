//! How a function begins a streamed response: its status and headers as JSON, then eight NUL bytes.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>

use bytes::{Bytes, BytesMut};
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

use crate::connect::{Body, Error};
use crate::gateway::backends::FunctionFailed;
use crate::gateway::proxy_response::{Malformed, headers_of, status_of};
use crate::gateway::refusal::{Breakage, Refusal};

/// What separates the prelude from the body.
const DELIMITER: [u8; 8] = [0; 8];
/// The delimiter has to end within so many bytes.
const PRELUDE_BYTES_MAX: usize = 16 * 1024;

/// Status and headers of a streamed response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prelude {
    pub(crate) status: StatusCode,
    /// In the order in which they are sent.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Prelude {
    /// AWS documents four members, and not what happens to others. They are ignored: libraries that build a response
    /// for function URLs, where that is so, write more.
    fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let Ok(Value::Object(mut members)) = serde_json::from_slice(text) else { return Err(Malformed) };
        let mut member = |name: &str| members.remove(name).filter(|value| !value.is_null());
        let mut object = |name: &str| match member(name) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(Malformed),
        };
        let mut headers = headers_of(&object("headers")?, &object("multiValueHeaders")?)?;
        let status = member("statusCode").map_or(Ok(StatusCode::OK), |it| status_of(&it).ok_or(Malformed))?;
        let cookies = match member("cookies") {
            None => Vec::new(),
            Some(Value::Array(cookies)) => cookies,
            Some(_) => return Err(Malformed),
        };
        for cookie in cookies {
            let value = cookie.as_str().and_then(|text| HeaderValue::try_from(text).ok());
            headers.push((SET_COOKIE, value.ok_or(Malformed)?));
        }
        Ok(Self { status, headers })
    }
}

/// Reads the prelude of `body`; what came with it of the body is returned beside the rest.
///
/// Nothing has been sent to the client until then, so whatever goes wrong is a [`Refusal`].
pub(crate) async fn read_prelude(mut body: Body) -> Result<(Prelude, Bytes, Body), Refusal> {
    let malformed = || Refusal::IntegrationBroken(Breakage::MalformedProxyResponse);
    let mut read = BytesMut::new();
    loop {
        let data = match body.frame().await {
            None => return Err(malformed()),
            Some(Err(error)) => return Err(refusal(&*error)),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        // The delimiter may have begun in what was there before.
        let from = read.len().saturating_sub(DELIMITER.len() - 1);
        read.extend_from_slice(&data);
        let window = read.get(from..read.len().min(PRELUDE_BYTES_MAX)).unwrap_or_default();
        if let Some(at) = window.windows(DELIMITER.len()).position(|bytes| bytes == DELIMITER) {
            let mut prelude = read.split_to(from + at + DELIMITER.len());
            prelude.truncate(from + at);
            let prelude = Prelude::parse(&prelude).map_err(|Malformed| malformed())?;
            return Ok((prelude, read.freeze(), body));
        }
        if PRELUDE_BYTES_MAX <= read.len() {
            return Err(malformed());
        }
    }
}

fn refusal(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Refusal {
    if let Some(Error::Timeout) = error.downcast_ref() {
        return Refusal::IntegrationTimeout;
    }
    match error.downcast_ref() {
        Some(FunctionFailed(details)) => {
            let details: Value = serde_json::from_str(details).unwrap_or_default();
            let message = details.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
            Refusal::IntegrationBroken(Breakage::FunctionError(message.to_owned()))
        }
        None => Refusal::IntegrationBroken(Breakage::MalformedAnswer),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fed::fed;
    use super::*;
    use crate::connect::BoxError;

    fn body(pieces: Vec<Result<Vec<u8>, BoxError>>) -> Body {
        let (sender, body) = fed();
        pieces.into_iter().for_each(|piece| sender.send(piece.map(Bytes::from)).unwrap());
        body
    }

    async fn read(bytes: &[u8], piece: usize) -> Result<(Prelude, Vec<u8>), Refusal> {
        let pieces = bytes.chunks(piece.max(1)).map(|piece| Ok(piece.to_vec())).collect();
        let (prelude, first, rest) = read_prelude(body(pieces)).await?;
        let mut all = first.to_vec();
        all.extend_from_slice(&rest.collect().await.unwrap().to_bytes());
        Ok((prelude, all))
    }

    const MALFORMED: Refusal = Refusal::IntegrationBroken(Breakage::MalformedProxyResponse);

    #[tokio::test]
    async fn a_prelude_is_found_however_it_is_cut() {
        let text =
            b"{\"statusCode\":201,\"headers\":{\"X-A\":\"1\"},\"multiValueHeaders\":{\"x-b\":[\"2\",\"3\"]},\
            \"cookies\":[\"a=1\",\"b=2\"],\"else\":0}\0\0\0\0\0\0\0\0\0body";
        for piece in 1..=text.len() {
            let (prelude, body) = read(text, piece).await.unwrap();
            let headers: Vec<_> = prelude
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            assert_eq!(prelude.status, 201);
            assert_eq!(
                headers,
                [("x-b", "2"), ("x-b", "3"), ("x-a", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
            );
            assert_eq!(body, b"\0body", "{piece}");
        }
        let (prelude, body) = read(b"{}\0\0\0\0\0\0\0\0", 100).await.unwrap();
        assert_eq!((prelude.status, prelude.headers.len(), body.len()), (StatusCode::OK, 0, 0));
    }

    #[tokio::test]
    async fn anything_else_is_malformed() {
        for text in [
            "",
            "{}",
            "hello\0\0\0\0\0\0\0\0",
            "\0\0\0\0\0\0\0\0{}",
            "[]\0\0\0\0\0\0\0\0",
            "{}\0\0\0\0\0\0\0",
            "{\"statusCode\":99}\0\0\0\0\0\0\0\0",
            "{\"headers\":[]}\0\0\0\0\0\0\0\0",
            "{\"headers\":{\"a\":\"\\r\\n\"}}\0\0\0\0\0\0\0\0",
            "{\"cookies\":\"a\"}\0\0\0\0\0\0\0\0",
            "{\"cookies\":[1]}\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(read(text.as_bytes(), 100).await.unwrap_err(), MALFORMED, "{text:?}");
        }
    }

    #[tokio::test]
    async fn it_ends_within_sixteen_kilobytes() {
        let text = |bytes: usize| {
            let mut text = format!("{{\"else\":\"{}\"}}", "x".repeat(bytes - 11)).into_bytes();
            assert_eq!(text.len(), bytes);
            text.extend_from_slice(&DELIMITER);
            text
        };
        for piece in [1, 1000, 100_000] {
            assert!(read(&text(PRELUDE_BYTES_MAX - 8), piece).await.is_ok());
            assert_eq!(read(&text(PRELUDE_BYTES_MAX - 7), piece).await.unwrap_err(), MALFORMED, "{piece}");
        }
    }

    #[tokio::test]
    async fn what_breaks_off_before_says_why() {
        for (error, expect) in [
            (BoxError::from(Error::Timeout), Refusal::IntegrationTimeout),
            (
                FunctionFailed(r#"{"errorType":"Error","errorMessage":"no"}"#.to_owned()).into(),
                Refusal::IntegrationBroken(Breakage::FunctionError("no".to_owned())),
            ),
            ("broken".into(), Refusal::IntegrationBroken(Breakage::MalformedAnswer)),
        ] {
            let refused = read_prelude(body(vec![Ok(b"{}".to_vec()), Err(error)])).await;
            assert_eq!(refused.err(), Some(expect));
        }
    }
}
