//! A request's body while its client sends it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::connect::{BoxError, Error};

/// Fails once the client has sent nothing for a while, so that nobody keeps a request's place by stalling.
pub(super) struct Arriving<B = Incoming> {
    body: B,
    patience: Duration,
    /// Made when first waited for: most bodies are there with their head.
    waiting: Option<Waiting>,
}

struct Waiting {
    deadline: Pin<Box<Sleep>>,
    since_last_frame: bool,
}

/// What the reader of a stalled body is told.
#[derive(Debug, thiserror::Error)]
#[error("the client sent nothing for {0:?}")]
struct Stalled(Duration);

impl<B> Arriving<B> {
    pub(super) fn new(body: B, patience: Duration) -> Self {
        Self { body, patience, waiting: None }
    }

    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = Instant::now() + self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            deadline: Box::pin(tokio::time::sleep_until(until)),
            since_last_frame: true,
        });
        if !waiting.since_last_frame {
            waiting.deadline.as_mut().reset(until);
            waiting.since_last_frame = true;
        }
        waiting.deadline.as_mut().poll(cx)
    }
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
                if let Some(waiting) = &mut self.waiting {
                    waiting.since_last_frame = false;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(|error| Error::Body(error.into()))))
            }
            Poll::Pending => {
                let patience = self.patience;
                self.poll_stalled(cx).map(|()| Some(Err(Error::Body(Stalled(patience).into()))))
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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use http_body_util::channel::Channel;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stalls_is_given_up_after_its_time() {
        let (mut client, body) = Channel::<Bytes, BoxError>::new(2);
        let mut body = Arriving::new(body, PATIENCE);
        client.send_data(Bytes::from_static(b"half")).await.unwrap();
        assert!(body.frame().await.unwrap().is_ok());
        let began = Instant::now();
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Body(_)), "{error}");
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_is_waited_for_as_long_as_it_sends() {
        let (mut client, body) = Channel::<Bytes, BoxError>::new(1);
        let sender = tokio::spawn(async move {
            for _ in 0..10 {
                tokio::time::sleep(PATIENCE - Duration::from_secs(1)).await;
                client.send_data(Bytes::from_static(b"x")).await.unwrap();
            }
        });
        let whole = Arriving::new(body, PATIENCE).collect().await.unwrap().to_bytes();
        assert_eq!(whole, "xxxxxxxxxx");
        sender.await.unwrap();
    }
}
