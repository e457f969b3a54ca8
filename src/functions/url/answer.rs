//! What a function answers, as a response.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload> and, for streamed ones,
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>.

use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::Frame;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::connect::{self, BoxError, Response};
use crate::functions::invocation::{Answer, PAYLOAD_BYTES_MAX, Payload, Piece, Stream};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The type of streams that begin with a status and headers.
const PRELUDE_TYPE: &str = "application/vnd.awslambda.http-integration-response";
/// What ends that beginning.
const PRELUDE_END: [u8; 8] = [0; 8];
/// The longest beginning.
const PRELUDE_BYTES_MAX: usize = 64 * 1024;

/// The response of a URL that isn't streamed; `None` if the function failed or its answer is none.
pub(super) async fn buffered(answer: Answer) -> Option<Response> {
    if answer.function_error.is_some() {
        return None;
    }
    let has_prelude =
        matches!(&answer.payload, Payload::Stream(stream) if stream.content_type == PRELUDE_TYPE);
    let (bytes, broken) = answer.payload.collect(PAYLOAD_BYTES_MAX).await;
    if broken.is_some() {
        return None;
    }
    if has_prelude {
        let (head, rest) = split_prelude(&bytes)?;
        return with_head(head, connect::full(bytes.slice(rest..)));
    }
    interpreted(&bytes)
}

/// The response of a streamed URL: what the function writes goes on as it comes. An answer that isn't streamed is passed
/// on as it is, without a look at its members.
pub(super) async fn streamed(answer: Answer) -> Option<Response> {
    if answer.function_error.is_some() {
        return None;
    }
    let Stream { content_type, mut pieces } = match answer.payload {
        Payload::Whole(bytes) => return Some(response(StatusCode::OK, JSON, connect::full(bytes))),
        Payload::Stream(stream) => stream,
    };
    if content_type != PRELUDE_TYPE {
        let content_type = HeaderValue::try_from(content_type).ok();
        let content_type =
            content_type.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream"));
        return Some(response(StatusCode::OK, content_type, connect::boxed(Pieces { first: None, pieces })));
    }
    let mut begun = BytesMut::new();
    loop {
        if let Some((head, rest)) = split_prelude(&begun) {
            let first = begun.freeze().slice(rest..);
            return with_head(head, connect::boxed(Pieces { first: Some(first), pieces }));
        }
        match pieces.recv().await {
            Some(Piece::Data(bytes)) if begun.len() < PRELUDE_BYTES_MAX => begun.extend_from_slice(&bytes),
            Some(Piece::Data(_) | Piece::Failed { .. }) | None => return None,
        }
    }
}

fn response(status: StatusCode, content_type: HeaderValue, body: connect::Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The beginning of a stream, and where what follows it starts.
fn split_prelude(bytes: &[u8]) -> Option<(Map<String, Value>, usize)> {
    let within = &bytes[..bytes.len().min(PRELUDE_BYTES_MAX)];
    let end = within.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END)?;
    let head = match serde_json::from_slice(&bytes[..end]) {
        Ok(Value::Object(head)) => head,
        // A beginning that says nothing that can be read says nothing.
        Ok(_) | Err(_) => Map::new(),
    };
    Some((head, end + PRELUDE_END.len()))
}

/// A response of the status, headers and cookies in `head`.
fn with_head(head: Map<String, Value>, body: connect::Body) -> Option<Response> {
    let status = head.get("statusCode").map_or(Some(StatusCode::OK), status_of)?;
    let mut response = response(status, HeaderValue::from_static("application/octet-stream"), body);
    add_headers(&head, response.headers_mut())?;
    Some(response)
}

/// An answer that is a response says a status. Any other is the body of one.
fn interpreted(answer: &Bytes) -> Option<Response> {
    let members = match serde_json::from_slice(answer) {
        Ok(Value::Object(members)) if members.contains_key("statusCode") => members,
        Ok(_) => return Some(response(StatusCode::OK, JSON, connect::full(answer.clone()))),
        // What a runtime of the package's own answers need not be JSON; a response it is not.
        Err(_) => return None,
    };
    let status = status_of(members.get("statusCode")?)?;
    let is_encoded = match members.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_encoded)) => *is_encoded,
        Some(_) => return None,
    };
    let body = match members.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if is_encoded => STANDARD.decode(text).ok()?.into(),
        Some(Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        // A body that isn't text is no body: AWS documents a text alone.
        Some(_) => return None,
    };
    let mut response = response(status, JSON, connect::full(body));
    add_headers(&members, response.headers_mut())?;
    Some(response)
}

/// An integer, or a text with one. Statuses below 200 are not final.
fn status_of(value: &Value) -> Option<StatusCode> {
    let status = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status))?;
    StatusCode::from_u16(status).ok()
}

/// Adds the members `headers` and `cookies`; the framing is the server's own.
fn add_headers(members: &Map<String, Value>, headers: &mut HeaderMap) -> Option<()> {
    match members.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) => {
            for (name, value) in given {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    Value::Null => continue,
                    Value::Array(_) | Value::Object(_) => return None,
                };
                let name = HeaderName::try_from(name).ok()?;
                if name != CONTENT_LENGTH {
                    headers.insert(name, HeaderValue::try_from(text).ok()?);
                }
            }
        }
        Some(_) => return None,
    }
    match members.get("cookies") {
        None | Some(Value::Null) => {}
        Some(Value::Array(cookies)) => {
            for cookie in cookies {
                headers.append(SET_COOKIE, HeaderValue::try_from(cookie.as_str()?).ok()?);
            }
        }
        Some(_) => return None,
    }
    // The connection is the server's own.
    connect::remove_hop_by_hop(headers);
    for name in [CONNECTION, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    Some(())
}

/// The body of a streamed response. One that fails half way is broken off: its status has been sent.
struct Pieces {
    first: Option<Bytes>,
    pieces: mpsc::Receiver<Piece>,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        Poll::Ready(match std::task::ready!(self.pieces.poll_recv(context)) {
            Some(Piece::Data(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::Failed { error_type, .. }) => {
                Some(Err(format!("the function failed while it answered: {error_type}").into()))
            }
            None => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, headers but for the body's length, body.
    type Shown = (u16, Vec<(String, String)>, String);

    async fn shown(response: Option<Response>) -> Option<Shown> {
        let (parts, body) = response?.into_parts();
        let body = connect::collect(body, 1_000_000).await.unwrap();
        let headers = parts.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Some((parts.status.as_u16(), headers.collect(), String::from_utf8(body.to_vec()).unwrap()))
    }

    fn whole(payload: &str) -> Answer {
        Answer {
            executed_version: "$LATEST".into(),
            function_error: None,
            payload: Payload::Whole(Bytes::copy_from_slice(payload.as_bytes())),
            log_tail: String::new(),
        }
    }

    fn stream(content_type: &str, pieces: &[&[u8]]) -> Answer {
        let (sender, receiver) = mpsc::channel(pieces.len() + 1);
        for piece in pieces {
            sender.try_send(Piece::Data(Bytes::copy_from_slice(piece))).unwrap();
        }
        let stream = Stream { content_type: content_type.into(), pieces: receiver };
        Answer { payload: Payload::Stream(stream), ..whole("") }
    }

    fn expect(status: u16, headers: &[(&str, &str)], body: &str) -> Option<Shown> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Some((status, headers, body.to_owned()))
    }

    #[tokio::test]
    async fn an_answer_is_a_response_or_the_body_of_one() {
        let json = [("content-type", "application/json")];
        for (payload, want) in [
            (r#""Hello""#, expect(200, &json, r#""Hello""#)),
            (r#"{"message":1}"#, expect(200, &json, r#"{"message":1}"#)),
            ("null", expect(200, &json, "null")),
            (r#"{"statusCode":201}"#, expect(201, &json, "")),
            (r#"{"statusCode":"404","body":"no"}"#, expect(404, &json, "no")),
            (r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#, expect(200, &json, "hi")),
            (
                r#"{"statusCode":200,"body":"x","headers":{"Content-Type":"text/plain","X-N":5,"x-b":true,
                    "content-length":"99","connection":"close"},"cookies":["a=1; Path=/","b=2"]}"#,
                expect(
                    200,
                    &[
                        ("content-type", "text/plain"),
                        ("x-n", "5"),
                        ("x-b", "true"),
                        ("set-cookie", "a=1; Path=/"),
                        ("set-cookie", "b=2"),
                    ],
                    "x",
                ),
            ),
            (r#"{"statusCode":"x"}"#, None),
            (r#"{"statusCode":100}"#, None),
            (r#"{"statusCode":600}"#, None),
            (r#"{"statusCode":200,"body":{"a":1}}"#, None),
            (r#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#, None),
            (r#"{"statusCode":200,"headers":{"a b":"c"}}"#, None),
            (r#"{"statusCode":200,"headers":{"a":"x\ny"}}"#, None),
            (r#"{"statusCode":200,"headers":[]}"#, None),
            (r#"{"statusCode":200,"cookies":[1]}"#, None),
            ("not json", None),
        ] {
            assert_eq!(shown(buffered(whole(payload)).await).await, want, "{payload}");
        }
        let failed = Answer { function_error: Some("Unhandled"), ..whole("{}") };
        assert!(buffered(failed).await.is_none());
    }

    #[tokio::test]
    async fn a_stream_may_begin_with_its_head() {
        let head = br#"{"statusCode":418,"headers":{"content-type":"text/html"},"cookies":["a=1"]}"#;
        let want = expect(418, &[("content-type", "text/html"), ("set-cookie", "a=1")], "tea");
        // However it is cut.
        let whole: Vec<u8> = [&head[..], &PRELUDE_END, b"tea"].concat();
        for cut in 0..whole.len() {
            let (one, two) = whole.split_at(cut);
            let answer = || stream(PRELUDE_TYPE, &[one, two]);
            assert_eq!(shown(streamed(answer()).await).await, want, "{cut}");
            assert_eq!(shown(buffered(answer()).await).await, want, "{cut}");
        }
        let plain = expect(200, &[("content-type", "text/event-stream")], "ab");
        assert_eq!(shown(streamed(stream("text/event-stream", &[b"a", b"b"])).await).await, plain);
        assert!(streamed(stream(PRELUDE_TYPE, &[b"{}"])).await.is_none(), "the head never ends");
        let long = vec![b'x'; PRELUDE_BYTES_MAX + 1];
        assert!(buffered(stream(PRELUDE_TYPE, &[&long, &PRELUDE_END])).await.is_none());
    }

    #[tokio::test]
    async fn a_streamed_url_passes_on_what_is_no_stream() {
        let json = [("content-type", "application/json")];
        let want = expect(200, &json, r#"{"statusCode":404}"#);
        assert_eq!(shown(streamed(whole(r#"{"statusCode":404}"#)).await).await, want);
    }

    #[tokio::test]
    async fn a_stream_that_fails_is_broken_off() {
        let (sender, receiver) = mpsc::channel(2);
        sender.try_send(Piece::Data(Bytes::from_static(b"a"))).unwrap();
        sender.try_send(Piece::Failed { error_type: "E".into(), details: String::new() }).unwrap();
        let answer = Answer {
            payload: Payload::Stream(Stream { content_type: "text/plain".into(), pieces: receiver }),
            ..whole("")
        };
        let body = streamed(answer).await.unwrap().into_body();
        assert!(connect::collect(body, 10).await.is_err());
    }
}
