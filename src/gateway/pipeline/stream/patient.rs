//! The time limits of a streamed body.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connect::{Body, BoxError, Error};

/// A body that fails with [`Error::Timeout`] at its deadline, and when its sender is silent for too long.
///
/// Only a sender that is waited for is silent: the time in which nobody reads does not count.
pub(crate) struct Patient {
    body: Body,
    deadline: Pin<Box<Sleep>>,
    silence_max: Duration,
    silence: Pin<Box<Sleep>>,
    is_silent: bool,
}

impl Patient {
    pub(crate) fn new(body: Body, deadline: Instant, silence_max: Duration) -> Self {
        let sleep = || Box::pin(sleep_until(deadline));
        Self { body, deadline: sleep(), silence_max, silence: sleep(), is_silent: false }
    }
}

impl http_body::Body for Patient {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let timed_out = || Poll::Ready(Some(Err(Error::Timeout.into())));
        // Before the body, because one that always has more would never be asked for its time.
        if self.deadline.as_mut().poll(cx).is_ready() {
            return timed_out();
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.is_silent = false;
            return Poll::Ready(frame);
        }
        if !self.is_silent {
            self.is_silent = true;
            let until = Instant::now() + self.silence_max;
            self.silence.as_mut().reset(until);
        }
        if self.silence.as_mut().poll(cx).is_ready() { timed_out() } else { Poll::Pending }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio::time::{advance, sleep};

    use super::super::fed::fed;
    use super::*;

    fn is_timeout(frame: Option<Result<Frame<Bytes>, BoxError>>) -> bool {
        let Some(Err(error)) = frame else { return false };
        matches!(error.downcast_ref(), Some(Error::Timeout))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn silence_ends_at_its_limit_and_not_before() {
        let (sender, body) = fed();
        let mut body = Patient::new(body, Instant::now() + 900 * SECOND, 30 * SECOND);
        tokio::spawn(async move {
            for text in ["a", "b"] {
                sleep(30 * SECOND - Duration::from_millis(2)).await;
                sender.send(Ok(text.into())).unwrap();
            }
            sleep(31 * SECOND).await;
            drop(sender);
        });
        let started = Instant::now();
        for text in ["a", "b"] {
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), text);
        }
        assert!(is_timeout(body.frame().await));
        let passed = started.elapsed();
        assert!(89 * SECOND < passed && passed < 91 * SECOND, "{passed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_waits_makes_no_silence() {
        let (sender, body) = fed();
        let mut body = Patient::new(body, Instant::now() + 900 * SECOND, 30 * SECOND);
        sender.send(Ok("a".into())).unwrap();
        body.frame().await.unwrap().unwrap();
        advance(100 * SECOND).await;
        sender.send(Ok("b".into())).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_never_pauses_has_the_same_deadline() {
        let (sender, body) = fed();
        let mut body = Patient::new(body, Instant::now() + 2 * SECOND, 30 * SECOND);
        sender.send(Ok("a".into())).unwrap();
        sender.send(Ok("b".into())).unwrap();
        body.frame().await.unwrap().unwrap();
        advance(2 * SECOND).await;
        assert!(is_timeout(body.frame().await));
    }
}
