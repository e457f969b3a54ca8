//! A function's streamed response out of the event stream in which Lambda's InvokeWithResponseStream wraps it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use serde_json::Value;

use crate::connect::{Body, BoxError, Response, boxed};
use crate::gateway::{BackendStream, FunctionFailed};
use crate::wire::event_stream::{Event, EventReader, NoEvent};

/// What the function writes. An error of the service stays as it is.
pub(super) fn written(response: Response) -> BackendStream {
    let (parts, body) = response.into_parts();
    let body = if parts.status.is_success() {
        boxed(Written { body, reader: EventReader::default(), is_over: false })
    } else {
        body
    };
    BackendStream { status: parts.status, headers: parts.headers, body }
}

struct Written {
    body: Body,
    reader: EventReader,
    is_over: bool,
}

/// What a message means.
enum Meaning {
    Data(Bytes),
    End,
    Failure(BoxError),
}

fn meaning(event: Event) -> Meaning {
    if event.is_exception {
        return Meaning::Failure(FunctionFailed(String::from_utf8_lossy(&event.payload).into_owned()).into());
    }
    match event.name.as_str() {
        "PayloadChunk" => Meaning::Data(event.payload),
        "InvokeComplete" => {
            let told: Value = serde_json::from_slice(&event.payload).unwrap_or_default();
            match told.get("ErrorCode").and_then(Value::as_str) {
                None => Meaning::End,
                Some(_) => {
                    let details = told.get("ErrorDetails").and_then(Value::as_str).unwrap_or_default();
                    Meaning::Failure(FunctionFailed(details.to_owned()).into())
                }
            }
        }
        // Events that come later to the protocol.
        _ => Meaning::Data(Bytes::new()),
    }
}

impl http_body::Body for Written {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while !self.is_over {
            match self.reader.next_event() {
                Ok(Some(event)) => match meaning(event) {
                    Meaning::Data(data) if data.is_empty() => {}
                    Meaning::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Meaning::End => self.is_over = true,
                    Meaning::Failure(error) => {
                        self.is_over = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                Ok(None) => match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    Some(Ok(frame)) => self.reader.push(&frame.into_data().unwrap_or_default()),
                    // Without its last message it broke off.
                    None => {
                        self.is_over = true;
                        return Poll::Ready(Some(Err(NoEvent.into())));
                    }
                    Some(Err(error)) => {
                        self.is_over = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                Err(error) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::connect::{collect, full};

    /// A message: header names and values as texts.
    fn message(kind: &str, name: &str, payload: &str) -> Vec<u8> {
        let mut headers = Vec::new();
        for (key, value) in [(":message-type", kind), (":event-type", name)] {
            headers.push(u8::try_from(key.len()).unwrap());
            headers.extend(key.as_bytes());
            headers.push(7);
            headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            headers.extend(value.as_bytes());
        }
        let length = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
        let mut out = [length(16 + headers.len() + payload.len()), length(headers.len())].concat();
        out.extend(crc32fast::hash(&out).to_be_bytes());
        out.extend(headers);
        out.extend(payload.as_bytes());
        out.extend(crc32fast::hash(&out).to_be_bytes());
        out
    }

    fn stream(messages: &[Vec<u8>]) -> Body {
        written(Response::new(full(messages.concat()))).body
    }

    #[tokio::test]
    async fn chunks_are_the_response_and_the_last_message_its_end() {
        let chunk = |text: &str| message("event", "PayloadChunk", text);
        let end = || message("event", "InvokeComplete", "{}");
        let whole = stream(&[chunk("a"), chunk("bc"), message("event", "Later", "x"), end(), chunk("d")]);
        assert_eq!(collect(whole, 100).await.unwrap(), "abc");
        assert!(stream(&[chunk("a")]).collect().await.is_err());
        assert!(stream(&[b"HTTP/1.1 200 OK".to_vec()]).collect().await.is_err());
    }

    #[tokio::test]
    async fn a_function_that_fails_says_so() {
        let failed = r#"{"ErrorCode":"Error","ErrorDetails":"{\"errorMessage\":\"no\"}"}"#;
        let mut body =
            stream(&[message("event", "PayloadChunk", "a"), message("event", "InvokeComplete", failed)]);
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        let error = body.frame().await.unwrap().unwrap_err();
        let details = FunctionFailed(r#"{"errorMessage":"no"}"#.to_owned());
        assert_eq!(error.downcast_ref(), Some(&details));
        let mut body = stream(&[message("exception", "ServiceException", "{}")]);
        assert!(body.frame().await.unwrap().unwrap_err().is::<FunctionFailed>());
    }
}
