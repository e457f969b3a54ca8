//! How fast a streamed body is passed on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock::Clock;
use crate::connect::{Body, BoxError, hint_with};
use crate::gateway::context::StreamTimes;

/// The bytes of a response that are passed on as they come.
const FREE_BYTES: usize = 10 * 1024 * 1024;
/// The rate of what follows: 2 MB a second.
const BYTES_PER_SECOND: u32 = 2 * 1024 * 1024;
/// What is passed on at once at that rate.
const PIECE_BYTES: usize = 64 * 1024;
/// How far a reader that was late may catch up, so that late timers don't make the rate lower.
const LATENESS: Duration = Duration::from_millis(100);

/// A body with AWS's limit on bandwidth, which records when it begins and ends.
pub(crate) struct Paced {
    rest: Bytes,
    body: Body,
    free: usize,
    /// When the next piece is due.
    due: Instant,
    pause: Option<Pin<Box<Sleep>>>,
    record: Record,
}

/// Where the times go, and what they are counted from.
pub(crate) struct Record {
    pub(crate) times: Arc<StreamTimes>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: Duration,
}

impl Paced {
    /// `first`, and then `body`.
    pub(crate) fn new(first: Bytes, body: Body, record: Record) -> Self {
        Self { rest: first, body, free: FREE_BYTES, due: Instant::now(), pause: None, record }
    }

    /// Takes what may be passed on now; the next poll waits for the rest.
    fn take_piece(&mut self) -> Bytes {
        if 0 < self.free {
            let piece = self.rest.split_to(self.rest.len().min(self.free));
            self.free -= piece.len();
            return piece;
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        let now = Instant::now();
        let earliest = now.checked_sub(LATENESS).unwrap_or(now);
        let n_bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        self.due = self.due.max(earliest) + Duration::from_secs(1) * n_bytes / BYTES_PER_SECOND;
        self.pause = (now < self.due).then(|| Box::pin(sleep_until(self.due)));
        piece
    }
}

impl Record {
    /// The time since then.
    pub(crate) fn since(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                // Trailers are for the backend's connection only.
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                end @ (Some(Err(_)) | None) => {
                    self.record.times.ended.get_or_init(|| self.record.since());
                    return Poll::Ready(end);
                }
            }
        }
        self.record.times.first_content.get_or_init(|| self.record.since());
        Poll::Ready(Some(Ok(Frame::data(self.take_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        hint_with(self.body.size_hint(), self.rest.len())
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        // A client that leaves ends the stream, too.
        self.record.times.ended.get_or_init(|| self.record.since());
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::clock::VirtualClock;
    use crate::connect::full;
    use crate::gateway::fixture::NOW;

    fn paced(bytes: usize) -> (Paced, Arc<StreamTimes>) {
        let times = Arc::new(StreamTimes::default());
        let clock = Arc::new(VirtualClock::new(NOW));
        let record = Record { times: times.clone(), clock, started: Duration::ZERO };
        (Paced::new(Bytes::new(), full(vec![7; bytes]), record), times)
    }

    /// How long it takes to read, and how much there is.
    async fn read(mut body: Paced) -> (Duration, usize) {
        let (started, mut n_bytes) = (Instant::now(), 0);
        while let Some(frame) = body.frame().await {
            n_bytes += frame.unwrap().into_data().unwrap().len();
        }
        (started.elapsed(), n_bytes)
    }

    #[tokio::test(start_paused = true)]
    async fn ten_megabytes_are_free_and_the_rest_takes_its_time() {
        let (body, times) = paced(FREE_BYTES);
        assert_eq!(read(body).await, (Duration::ZERO, FREE_BYTES));
        assert!(times.first_content.get().is_some() && times.ended.get().is_some());

        let more = 4 * 1024 * 1024;
        let (passed, n_bytes) = read(paced(FREE_BYTES + more).0).await;
        assert_eq!(n_bytes, FREE_BYTES + more);
        let expect = Duration::from_secs(2);
        assert!(expect - 2 * LATENESS < passed && passed < expect + 2 * LATENESS, "{passed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_was_late_does_not_get_it_all_at_once() {
        let (mut body, _) = paced(FREE_BYTES + 4 * 1024 * 1024);
        body.frame().await.unwrap().unwrap();
        body.frame().await.unwrap().unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        let (passed, _) = read(body).await;
        assert!(Duration::from_millis(1_700) < passed, "{passed:?}");
    }

    #[test]
    fn one_that_is_dropped_has_ended() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (body, times) = paced(1);
            assert_eq!(times.ended.get(), None);
            drop(body);
            assert!(times.ended.get().is_some() && times.first_content.get().is_none());
        });
    }
}
