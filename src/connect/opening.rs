//! Waits for the beginning of a body before its head is passed on.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::guarded::Guarded;
use super::{Body, Error, boxed, empty, full};

/// A smaller body is awaited completely.
const OPENING_BYTES: usize = 64 * 1024;

/// Waits for the end of `body`, or for its first 64 KiB.
///
/// If the backend breaks off before that, nothing has been sent to the client yet, so it can still get an error.
pub(super) async fn opened(mut body: Guarded) -> Result<Body, Error> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    loop {
        if http_body::Body::is_end_stream(&body) {
            break;
        }
        let Some(frame) = body.frame().await else { break };
        // Trailers are for this connection only: it is unknown whether the next recipient accepts them.
        let Ok(data) = frame?.into_data() else { continue };
        if first.is_empty() {
            first = data;
        } else {
            more.extend_from_slice(&data);
        }
        if OPENING_BYTES <= first.len() + more.len() {
            return Ok(boxed(Opened { beginning: [first, more.freeze()], rest: body }));
        }
    }
    Ok(match (first.is_empty(), more.is_empty()) {
        (true, _) => empty(),
        (false, true) => full(first),
        (false, false) => {
            let mut whole = BytesMut::with_capacity(first.len() + more.len());
            whole.extend_from_slice(&first);
            whole.extend_from_slice(&more);
            full(whole.freeze())
        }
    })
}

/// `body` as it comes, however little of it is there.
pub(super) fn unopened(body: Guarded) -> Body {
    if http_body::Body::is_end_stream(&body) {
        return empty();
    }
    boxed(Opened { beginning: [Bytes::new(), Bytes::new()], rest: body })
}

/// A body whose beginning has arrived.
struct Opened {
    beginning: [Bytes; 2],
    rest: Guarded,
}

impl http_body::Body for Opened {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(there) = self.beginning.iter_mut().find(|piece| !piece.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(there)))));
        }
        loop {
            return match std::task::ready!(Pin::new(&mut self.rest).poll_frame(cx)) {
                Some(Ok(frame)) if frame.is_trailers() => continue,
                other => Poll::Ready(other),
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.beginning.iter().all(Bytes::is_empty) && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let there: u64 = self.beginning.iter().map(|piece| piece.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + there);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + there);
        }
        hint
    }
}
