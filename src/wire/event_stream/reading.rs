//! Reads messages out of the bytes of an event stream.

use bytes::{Buf, Bytes, BytesMut};

use super::{FRAME_BYTES, PAYLOAD_BYTES_MAX, TEXT};

/// The most bytes of a message's headers: AWS's limit.
const HEADERS_BYTES_MAX: usize = 128 * 1024;
/// The two lengths and their sum.
const PRELUDE_BYTES: usize = 12;
/// The sum at a message's end.
const SUM_BYTES: usize = 4;

/// The messages of a stream that arrives piece by piece.
#[derive(Debug, Default)]
pub(in super::super) struct EventReader {
    buffer: BytesMut,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Event {
    /// The type of the event, or of the exception.
    pub(in super::super) name: String,
    /// Whether the sender reports an error in place of an event.
    pub(in super::super) is_exception: bool,
    /// What it says.
    pub(in super::super) payload: Bytes,
}

/// What arrived is no event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event stream is malformed")]
pub(in super::super) struct NoEvent;

impl EventReader {
    /// Takes the next piece.
    pub(in super::super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if it is there completely.
    ///
    /// # Errors
    /// [`NoEvent`] as soon as what arrived can't be a message, its lengths and sums included.
    pub(in super::super) fn next_event(&mut self) -> Result<Option<Event>, NoEvent> {
        let Some((total, headers)) = self.lengths()? else { return Ok(None) };
        if self.buffer.len() < total {
            return Ok(None);
        }
        let message = self.buffer.split_to(total).freeze();
        let summed = message.slice(..total - SUM_BYTES);
        if message.slice(total - SUM_BYTES..).get_u32() != crc32fast::hash(&summed) {
            return Err(NoEvent);
        }
        let payload = summed.slice(PRELUDE_BYTES + headers..);
        event(summed.slice(PRELUDE_BYTES..PRELUDE_BYTES + headers), payload).map(Some)
    }

    /// The length of the message that has begun and of its headers, within their limits.
    fn lengths(&self) -> Result<Option<(usize, usize)>, NoEvent> {
        let Some(mut prelude) = self.buffer.get(..PRELUDE_BYTES) else { return Ok(None) };
        let sum = crc32fast::hash(prelude.get(..8).unwrap_or_default());
        let length = |bytes: u32| usize::try_from(bytes).map_err(|_| NoEvent);
        let (total, headers) = (length(prelude.get_u32())?, length(prelude.get_u32())?);
        let payload = total.checked_sub(FRAME_BYTES).and_then(|rest| rest.checked_sub(headers));
        let fits = headers <= HEADERS_BYTES_MAX && payload.is_some_and(|bytes| bytes <= PAYLOAD_BYTES_MAX);
        if !fits || prelude.get_u32() != sum {
            return Err(NoEvent);
        }
        Ok(Some((total, headers)))
    }
}

fn event(mut headers: Bytes, payload: Bytes) -> Result<Event, NoEvent> {
    let mut event = Event { name: String::new(), is_exception: false, payload };
    while headers.has_remaining() {
        let (name, value) = header(&mut headers).ok_or(NoEvent)?;
        match (name.as_str(), value) {
            (":event-type" | ":exception-type" | ":error-code", Some(value)) => event.name = value,
            (":message-type", Some(value)) => event.is_exception = value != "event",
            _ => {}
        }
    }
    Ok(event)
}

/// A header's name, and its value if that is a text.
fn header(bytes: &mut Bytes) -> Option<(String, Option<String>)> {
    let name = text(bytes, |bytes| bytes.try_get_u8().ok().map(usize::from))?;
    let kind = bytes.try_get_u8().ok()?;
    if kind == TEXT {
        return Some((name, Some(text(bytes, |bytes| bytes.try_get_u16().ok().map(usize::from))?)));
    }
    // Booleans are their kind; then integers by size, bytes, a time, an id.
    let skipped = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 => usize::from(bytes.try_get_u16().ok()?),
        9 => 16,
        _ => return None,
    };
    (skipped <= bytes.len()).then(|| bytes.advance(skipped))?;
    Some((name, None))
}

fn text(bytes: &mut Bytes, length: impl Fn(&mut Bytes) -> Option<usize>) -> Option<String> {
    let length = length(bytes)?;
    if bytes.len() < length {
        return None;
    }
    String::from_utf8(bytes.split_to(length).to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::*;

    fn stream() -> Vec<u8> {
        let (Message(first), Message(second)) =
            (Message::event("PayloadChunk", "a/b", b"abc"), Message::event("InvokeComplete", "a/b", b"{}"));
        [first, second].concat()
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<(String, Bytes)>, NoEvent> {
        let (mut reader, mut events) = (EventReader::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            while let Some(event) = reader.next_event()? {
                assert!(!event.is_exception);
                events.push((event.name, event.payload));
            }
        }
        Ok(events)
    }

    #[test]
    fn messages_are_found_however_they_are_cut() {
        let bytes = stream();
        for piece in 1..=bytes.len() {
            let events = read(&bytes, piece).unwrap();
            let expect: [(String, Bytes); 2] = [
                ("PayloadChunk".to_owned(), Bytes::from_static(b"abc")),
                ("InvokeComplete".to_owned(), Bytes::from_static(b"{}")),
            ];
            assert_eq!(events, expect, "{piece}");
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let bytes = stream();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            // A length that grew makes it wait, unless the sum of the lengths gives it away first, as it does.
            assert_eq!(read(&changed, bytes.len()), Err(NoEvent), "{at}");
        }
    }

    #[test]
    fn lengths_have_limits() {
        let prelude = |total: u32, headers: u32| {
            let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
            read(&bytes, 100)
        };
        let (headers, payload) =
            (u32::try_from(HEADERS_BYTES_MAX).unwrap(), u32::try_from(PAYLOAD_BYTES_MAX).unwrap());
        assert_eq!(prelude(16 + headers + payload, headers), Ok(Vec::new()));
        for (total, headers) in [
            (16 + headers + payload + 1, headers),
            (16 + headers + 1, headers + 1),
            (15, 0),
            (16, 1),
            (u32::MAX, u32::MAX),
        ] {
            assert_eq!(prelude(total, headers), Err(NoEvent), "{total} {headers}");
        }
    }
}
