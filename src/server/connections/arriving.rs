//! A request's body while its client sends it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::open::Open;
use super::pace::Pace;
use super::reason::Reason;
use crate::connect::{BoxError, Error};

/// Fails once the client is slower than allowed, so that nobody can occupy a slot by stalling or trickling. Only the
/// time in which somebody waits for the body counts: what the server does meanwhile is not the client's fault.
pub(in super::super) struct Arriving<B: http_body::Body = Incoming> {
    body: B,
    pace: Pace,
    credit_ms: u64,
    /// Created on the first wait, because most bodies arrive together with their head.
    waiting: Option<Waiting>,
    open: Arc<Open>,
}

struct Waiting {
    /// When the credit may run out. It may fire too early, never too late: the bytes received meanwhile are credited
    /// then.
    deadline: Pin<Box<Sleep>>,
    /// Since when the server has been waiting for the client, if it is.
    since: Option<Instant>,
}

/// The error for the reader of such a body.
#[derive(Debug, thiserror::Error)]
#[error("the client sends too slowly: it was waited for longer than {:?}", .0.patience)]
struct TooSlow(Pace);

impl<B: http_body::Body> Arriving<B> {
    pub(in super::super) fn new(body: B, open: Arc<Open>) -> Self {
        let pace = open.body_pace();
        Self { body, pace, credit_ms: pace.patience_ms(), waiting: None, open }
    }

    fn came(&mut self, n: usize) {
        if let Some(since) = self.waiting.as_mut().and_then(|waiting| waiting.since.take()) {
            self.credit_ms = self.credit_ms.saturating_sub(ms(since.elapsed()));
        }
        self.credit_ms = self.pace.earn(self.credit_ms, n);
        self.open.carried(n);
    }

    /// Ready when the credit has run out.
    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let credit = Duration::from_millis(self.credit_ms);
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            deadline: Box::pin(tokio::time::sleep_until(now + credit)),
            since: None,
        });
        let since = *waiting.since.get_or_insert(now);
        loop {
            ready!(waiting.deadline.as_mut().poll(cx));
            if since + credit <= now {
                return Poll::Ready(());
            }
            waiting.deadline.as_mut().reset(since + credit);
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl<B> http_body::Body for Arriving<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    self.came(frame.data_ref().map_or(0, Bytes::len));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(|error| Error::Body(error.into()))))
            }
            Poll::Pending => {
                ready!(self.poll_too_slow(cx));
                Reason::Body.counted();
                Poll::Ready(Some(Err(Error::Body(TooSlow(self.pace).into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: http_body::Body> Drop for Arriving<B> {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.open.left_unread();
        }
    }
}
