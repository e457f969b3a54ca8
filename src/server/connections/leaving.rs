//! A response's body while its client reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::open::InFlight;
use crate::connect::{Body, BoxError, hint_with};

/// The largest piece handed over at once. hyper keeps what it has taken in memory, however slow the client is, and for
/// HTTP/2 nothing else can see how much that is. So it never has more than this of a stream.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// Hands over the body piece by piece, and records how long each piece stays. The request is in flight until the last
/// one is gone.
pub(in super::super) struct Leaving {
    body: Body,
    rest: Bytes,
    in_flight: InFlight,
}

impl Leaving {
    pub(in super::super) fn new(body: Body, mut in_flight: InFlight, is_head: bool) -> Self {
        in_flight.handed(0);
        if is_head {
            in_flight.is_whole();
        }
        Self { body, rest: Bytes::new(), in_flight }
    }

    fn hand_over(&mut self, mut data: Bytes) -> Frame<Bytes> {
        let piece = data.split_to(PIECE_BYTES_MAX.min(data.len()));
        self.rest = data;
        self.in_flight.handed(piece.len());
        Frame::data(piece)
    }
}

impl http_body::Body for Leaving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.in_flight.taken();
        let frame = if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.hand_over(data),
                    Err(trailers) => trailers,
                },
                end @ (Some(Err(_)) | None) => {
                    self.in_flight.is_whole();
                    return Poll::Ready(end);
                }
            }
        } else {
            let rest = std::mem::take(&mut self.rest);
            self.hand_over(rest)
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        hint_with(self.body.size_hint(), self.rest.len())
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if self.is_end_stream() {
            self.in_flight.is_whole();
        }
    }
}
