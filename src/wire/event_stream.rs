//! Answers of many messages: `application/vnd.amazon.eventstream`.
//!
//! <https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html> describes the encoding, which all services
//! share: lengths, their sum, headers, payload, the sum of all.

mod reading;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;
use tokio::sync::mpsc;

pub(super) use self::reading::{Event, EventReader, NoEvent};
use crate::connect::{Body, BoxError, boxed, full};

/// The most bytes of a payload in one message.
const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a message beside headers and payload: two lengths and two sums.
const FRAME_BYTES: usize = 16;
/// What a header's value is: a text.
const TEXT: u8 = 7;

/// One message, or several where one payload is too long for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message(Bytes);

impl Message {
    /// An event of this type with a payload.
    pub(super) fn event(event_type: &str, content_type: &str, payload: &[u8]) -> Self {
        let mut headers = BytesMut::new();
        for (name, value) in
            [(":event-type", event_type), (":content-type", content_type), (":message-type", "event")]
        {
            // Names and values are texts of this program, shorter than their lengths' types.
            headers.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
            headers.put_slice(name.as_bytes());
            headers.put_u8(TEXT);
            headers.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
            headers.put_slice(value.as_bytes());
        }
        let mut out = BytesMut::with_capacity(FRAME_BYTES + headers.len() + payload.len());
        let mut rest = payload;
        loop {
            let (part, after) = rest.split_at(rest.len().min(PAYLOAD_BYTES_MAX));
            let start = out.len();
            let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            out.put_u32(length(FRAME_BYTES + headers.len() + part.len()));
            out.put_u32(length(headers.len()));
            out.put_u32(crc32fast::hash(&out[start..]));
            out.put_slice(&headers);
            out.put_slice(part);
            out.put_u32(crc32fast::hash(&out[start..]));
            rest = after;
            if rest.is_empty() {
                return Self(out.freeze());
            }
        }
    }
}

/// A body of messages that are all there.
pub(super) fn whole(messages: Vec<Message>) -> Body {
    let mut all = BytesMut::new();
    messages.iter().for_each(|message| all.put_slice(&message.0));
    full(all.freeze())
}

/// A body of what `receiver` has, as `message` writes it: the end as well, and whether what it writes is the last.
pub(super) fn from<T, F>(receiver: mpsc::Receiver<T>, message: F) -> Body
where
    T: Send + 'static,
    F: FnMut(Option<T>) -> (Message, bool) + Send + Unpin + 'static,
{
    boxed(Messages { receiver, message, is_over: false })
}

struct Messages<T, F> {
    receiver: mpsc::Receiver<T>,
    message: F,
    is_over: bool,
}

impl<T, F: FnMut(Option<T>) -> (Message, bool) + Unpin> http_body::Body for Messages<T, F> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let item = std::task::ready!(self.receiver.poll_recv(context));
        let (Message(bytes), is_last) = (self.message)(item);
        self.is_over = is_last;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_lengths_and_sums() {
        let Message(bytes) = Message::event("PayloadChunk", "application/octet-stream", b"abc");
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(usize::try_from(word(0)).unwrap(), bytes.len());
        let headers = usize::try_from(word(4)).unwrap();
        assert_eq!(bytes.len(), FRAME_BYTES + headers + 3);
        assert_eq!(word(8), crc32fast::hash(&bytes[..8]));
        assert_eq!(word(bytes.len() - 4), crc32fast::hash(&bytes[..bytes.len() - 4]));
        assert_eq!(&bytes[12..24], b"\x0b:event-type");
        assert_eq!(&bytes[bytes.len() - 7..bytes.len() - 4], b"abc");
    }

    #[test]
    fn a_long_payload_is_several_messages() {
        let Message(bytes) = Message::event("e", "c", &vec![7; PAYLOAD_BYTES_MAX + 1]);
        let first = usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
        let rest = usize::try_from(u32::from_be_bytes(bytes[first..first + 4].try_into().unwrap())).unwrap();
        assert_eq!(first + rest, bytes.len());
        assert_eq!(bytes[bytes.len() - 5], 7);
    }
}
