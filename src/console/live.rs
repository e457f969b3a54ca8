//! Live updates: Server-Sent Events that say when something a page shows has changed. The page then asks for it again, as
//! whoever looks at it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::aws::{Aws, list, text};
use super::failure::Failure;
use crate::clock::Clock;
use crate::gateway::Inspector;

/// How often is looked.
const EVERY: Duration = Duration::from_millis(400);
/// When nothing changes, a line says so often that the stream goes on.
const BEATS: u32 = 25;
/// How long a stream lasts; the browser then asks for another.
const LASTS_MAX: u32 = 1_500;
/// Executions of a list that are watched.
const LISTED: u32 = 25;

/// What is watched.
pub(super) enum Subject {
    /// An execution.
    Execution(String),
    /// The newest executions of a state machine.
    Machine(String),
    /// The last requests to deployed APIs.
    Requests(Arc<Inspector>),
}

/// What a subject is like now: it is another text when anything has changed.
pub(super) struct Seen {
    pub(super) key: String,
    /// Whether nothing more will change.
    pub(super) is_final: bool,
}

impl Subject {
    /// How it is.
    ///
    /// # Errors
    /// If the caller may not see it.
    pub(super) async fn look(&self, aws: &Aws) -> Result<Seen, Failure> {
        match self {
            Self::Execution(arn) => {
                let metadata = json!({"executionArn": arn, "includedData": "METADATA_ONLY"});
                let described = aws.states("DescribeExecution", metadata).await?;
                let last = json!({
                    "executionArn": arn, "maxResults": 1, "reverseOrder": true, "includeExecutionData": false});
                let last = aws.states("GetExecutionHistory", last).await?;
                let id =
                    list(&last, "events").first().and_then(|event| event.get("id")).and_then(Value::as_u64);
                let status = text(&described, "status");
                Ok(Seen { key: key(status, id.unwrap_or(0)), is_final: is_final(status) })
            }
            Self::Machine(arn) => {
                let input = json!({"stateMachineArn": arn, "maxResults": LISTED});
                let listed = aws.states("ListExecutions", input).await?;
                Ok(Seen { key: list_key(list(&listed, "executions")), is_final: false })
            }
            Self::Requests(inspector) => {
                Ok(Seen { key: inspector.newest().to_string(), is_final: !inspector.is_on() })
            }
        }
    }
}

/// The key of an execution.
pub(super) fn key(status: &str, last_event: u64) -> String {
    format!("{status}-{last_event}")
}

/// Whether an execution with this status may still change by itself.
pub(super) fn is_final(status: &str) -> bool {
    !matches!(status, "RUNNING" | "PENDING_REDRIVE")
}

/// The key of a list.
pub(super) fn list_key(executions: &[Value]) -> String {
    use std::fmt::Write as _;

    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for execution in executions.iter().take(LISTED as usize) {
        hash.update(text(execution, "executionArn"));
        hash.update(text(execution, "status"));
        hash.update([0]);
    }
    hash.finalize()[..8].iter().fold(String::new(), |mut key, byte| {
        let _ = write!(key, "{byte:02x}");
        key
    })
}

/// A stream's state between two lines.
pub(super) struct Stream {
    pub(super) aws: Aws,
    pub(super) subject: Subject,
    pub(super) clock: Arc<dyn Clock>,
    /// True once the server stops.
    pub(super) stopping: watch::Receiver<bool>,
    /// Whether who looks is still signed in.
    pub(super) is_signed_in: Box<dyn Fn() -> bool + Send>,
    /// The place among all streams.
    pub(super) _place: OwnedSemaphorePermit,
    seen: String,
    n_looks: u32,
    is_over: bool,
}

impl Stream {
    pub(super) fn new(
        aws: Aws,
        subject: Subject,
        clock: Arc<dyn Clock>,
        stopping: watch::Receiver<bool>,
        is_signed_in: Box<dyn Fn() -> bool + Send>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let seen = String::new();
        Self { aws, subject, clock, stopping, is_signed_in, _place: place, seen, n_looks: 0, is_over: false }
    }

    /// The body of the response.
    pub(super) fn body(self) -> Events {
        Events { next: Box::pin(self.next()) }
    }

    /// The next line, and what the stream is like then; `None` at its end.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if self.is_over || LASTS_MAX < self.n_looks || *self.stopping.borrow() {
                return None;
            }
            if 0 < self.n_looks {
                let sleep = self.clock.sleep_until(self.clock.now() + EVERY);
                tokio::select! {
                    () = sleep => {}
                    _ = self.stopping.changed() => return None,
                }
            }
            self.n_looks += 1;
            if !(self.is_signed_in)() {
                return None;
            }
            let seen = match self.subject.look(&self.aws).await {
                Ok(seen) => seen,
                // A page that is loaded again says what is wrong.
                Err(_) => Seen { key: "failed".to_owned(), is_final: true },
            };
            if seen.key != self.seen {
                let name = if seen.is_final { "end" } else { "change" };
                let line = format!("event: {name}\ndata: {}\n\n", seen.key);
                self.is_over = seen.is_final;
                self.seen = seen.key;
                return Some((line.into(), self));
            }
            if self.n_looks.is_multiple_of(BEATS) {
                return Some((Bytes::from_static(b": still there\n\n"), self));
            }
        }
    }
}

/// The next line, and what the stream is like then; `None` at its end.
type Next = Pin<Box<dyn Future<Output = Option<(Bytes, Stream)>> + Send>>;

/// The lines of a stream as a body.
pub(super) struct Events {
    next: Next,
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match ready!(self.next.as_mut().poll(cx)) {
            Some((line, stream)) => {
                self.next = Box::pin(stream.next());
                Poll::Ready(Some(Ok(Frame::data(line))))
            }
            None => {
                // Polled again, it ends again.
                self.next = Box::pin(std::future::ready(None));
                Poll::Ready(None)
            }
        }
    }
}
