//! A response body that enforces its call's limits while it is streamed.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use super::Error;

/// Fails when the call's timeout expires or its byte limit is exceeded.
pub(super) struct Guarded {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
    bytes_left: usize,
    bytes_max: usize,
}

impl Guarded {
    pub(super) fn new(body: Incoming, deadline: Pin<Box<Sleep>>, bytes_max: usize) -> Self {
        Self { body, deadline, bytes_left: bytes_max, bytes_max }
    }
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(Error::Answer(error.into())))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return self.deadline.as_mut().poll(cx).map(|()| Some(Err(Error::Timeout))),
        };
        let n_bytes = frame.data_ref().map_or(0, Bytes::len);
        match self.bytes_left.checked_sub(n_bytes) {
            Some(left) => {
                self.bytes_left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => Poll::Ready(Some(Err(Error::TooLarge { bytes_max: self.bytes_max }))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
