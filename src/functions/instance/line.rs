//! The line of one instance: by it, the bootstraps of this server get events and answer them, in place of the Runtime API.
//! It is a socket that the runtime is started with, so that nobody else can have it, and an invocation costs one message
//! each way.
//!
//! A message to the runtime is an event: the length of what is said of it and that of its payload, four bytes each, the
//! least significant first; then the two. What is said is lines of text: the request's id, the deadline in milliseconds since
//! 1970, the ARN, the trace, the client context and the Cognito identity, empty where there is none.
//!
//! A message from the runtime is a letter, the length of the rest in four bytes, and the rest:
//!
//! | | |
//! |---|---|
//! | `N` | ready for the first event; nothing |
//! | `R` | the answer |
//! | `E`, `I` | an error of the handler, of the start: its name, a line end, and what there is to say, as JSON |
//! | `S`, then `D`, then `F` or `B` | a streamed answer: its media type; a part; nothing; an error like `E`, where it breaks off |
//!
//! After `N`, `R`, `E`, `F` and `B` the next event is sent as soon as there is one.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::runtime_api::{
    DISCARDED_BYTES_MAX, ERROR_BYTES_MAX, Job, PIECES_MAX, Reported, RuntimeApi, broken_off, checked_failure,
};
use crate::functions::invocation::{
    ANSWER_BYTES_MAX, Invocation, Piece, STREAM_BYTES_MAX, Stream, too_large,
};

/// Read at a time: most messages fit.
const READ_BYTES: usize = 8 * 1024;
/// The longest media type.
const TYPE_BYTES_MAX: usize = 1024;

/// Serves a line to its end: that of the runtime, or what isn't a message. The instance gets no event after it.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(api: Arc<RuntimeApi>, socket: S) {
    let mut line = Line { socket, read: BytesMut::new() };
    while line.turn(&api).await.is_some() {}
    api.close().await;
}

struct Line<S> {
    socket: S,
    /// What has come and isn't used yet.
    read: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// Takes what is said of one event, and hands the next one over. `None` at the end.
    async fn turn(&mut self, api: &RuntimeApi) -> Option<()> {
        let (kind, length) = self.head().await?;
        match kind {
            b'N' if length == 0 => {}
            b'R' => {
                let answer = self.body(length, ANSWER_BYTES_MAX).await?;
                let _ = api.reply()?.send(answer.map_or_else(failed_as_too_large, Reported::Answer));
            }
            b'E' => {
                let (payload, name) = self.failure(length).await?;
                let _ = api.reply()?.send(Reported::Failed(payload, name));
            }
            b'I' => {
                api.failed_to_begin(self.failure(length).await?);
                return Some(());
            }
            b'S' => {
                let content_type = self.body(length, TYPE_BYTES_MAX).await??;
                self.stream(api.reply()?, &content_type).await?;
            }
            _ => return None,
        }
        let job = api.job().await?;
        self.hand_over(api, job).await
    }

    /// Gives the runtime an event. One that has gone has not taken it.
    async fn hand_over(&mut self, api: &RuntimeApi, job: Job) -> Option<()> {
        let Job { invocation, deadline_ms, reply, taken } = job;
        let head = head(&invocation, deadline_ms)?;
        let parts = [IoSlice::new(&head), IoSlice::new(&invocation.payload)];
        let written = self.socket.write_vectored(&parts).await.ok().filter(|written| 0 < *written)?;
        api.began(invocation.request_id, reply);
        // Who waits may have given up.
        let _ = taken.send(());
        let in_payload = written.saturating_sub(head.len());
        self.socket.write_all(&head[written.min(head.len())..]).await.ok()?;
        self.socket.write_all(&invocation.payload[in_payload..]).await.ok()
    }

    async fn stream(&mut self, reply: oneshot::Sender<Reported>, content_type: &[u8]) -> Option<()> {
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let (over, is_over) = oneshot::channel();
        let content_type = String::from_utf8_lossy(content_type).into_owned();
        let _ = reply.send(Reported::Stream(Stream { content_type, pieces }, is_over));
        // A reader that has left changes nothing for the function: what it sends is dropped.
        let ended = self.pieces(&sender).await;
        if ended.is_none() {
            let _ = sender.send(broken_off()).await;
        }
        drop(sender);
        let _ = over.send(());
        ended.filter(|is_whole| *is_whole).map(drop)
    }

    /// Hands the parts of a streamed answer on; false if there are too many.
    async fn pieces(&mut self, sender: &mpsc::Sender<Piece>) -> Option<bool> {
        let mut total = 0;
        loop {
            let (kind, mut left) = self.head().await?;
            match kind {
                b'D' => {
                    total += left;
                    if STREAM_BYTES_MAX < total {
                        let _ = sender.send(too_large()).await;
                        return Some(false);
                    }
                    while 0 < left {
                        self.fill(1).await?;
                        let part = self.read.split_to(left.min(self.read.len())).freeze();
                        left -= part.len();
                        let _ = sender.send(Piece::Data(part)).await;
                    }
                }
                b'F' if left == 0 => return Some(true),
                b'B' => {
                    let (details, error_type) = self.failure(left).await?;
                    let details = String::from_utf8_lossy(&details).into_owned();
                    let _ = sender.send(Piece::Failed { error_type, details }).await;
                    return Some(true);
                }
                _ => return None,
            }
        }
    }

    /// A message's letter, and the length of the rest.
    async fn head(&mut self) -> Option<(u8, usize)> {
        self.fill(5).await?;
        let head = self.read.split_to(5);
        let length = u32::from_le_bytes(head[1..].try_into().ok()?);
        Some((head[0], usize::try_from(length).ok()?))
    }

    /// The rest of a message; `None` within if it has more than `max` bytes, which are read to their end within reason.
    async fn body(&mut self, length: usize, max: usize) -> Option<Option<Bytes>> {
        if length <= max {
            self.fill(length).await?;
            return Some(Some(self.read.split_to(length).freeze()));
        }
        if DISCARDED_BYTES_MAX < length {
            return None;
        }
        let mut left = length;
        while 0 < left {
            self.fill(1).await?;
            let n = left.min(self.read.len());
            drop(self.read.split_to(n));
            left -= n;
        }
        Some(None)
    }

    /// What a runtime says of an error, and the error's name.
    async fn failure(&mut self, length: usize) -> Option<(Bytes, String)> {
        let told = self.body(length, ERROR_BYTES_MAX).await?.unwrap_or_default();
        let end = told.iter().position(|byte| *byte == b'\n');
        let name = String::from_utf8_lossy(&told[..end.unwrap_or(0)]).into_owned();
        let payload = told.slice(end.map_or(0, |end| end + 1)..);
        Some(checked_failure(Some(name).filter(|name| !name.is_empty()), Some(payload)))
    }

    /// Reads until there are `n` bytes.
    async fn fill(&mut self, n: usize) -> Option<()> {
        while self.read.len() < n {
            self.read.reserve((n - self.read.len()).max(READ_BYTES));
            if self.socket.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
        Some(())
    }
}

fn failed_as_too_large() -> Reported {
    match too_large() {
        Piece::Failed { error_type, details } => Reported::Failed(details.into(), error_type),
        Piece::Data(_) => Reported::Failed(Bytes::new(), String::new()),
    }
}

/// The lengths, and what is said of an event.
fn head(invocation: &Invocation, deadline_ms: i64) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(&[0; 4]);
    head.extend_from_slice(&u32::try_from(invocation.payload.len()).ok()?.to_le_bytes());
    let deadline = deadline_ms.to_string();
    let lines: [&str; 6] = [
        &invocation.request_id,
        &deadline,
        &invocation.invoked_arn,
        invocation.trace_id.as_deref().unwrap_or_default(),
        invocation.client_context.as_deref().unwrap_or_default(),
        invocation.cognito_identity.as_deref().unwrap_or_default(),
    ];
    for (n, line) in lines.into_iter().enumerate() {
        if 0 < n {
            head.push(b'\n');
        }
        // Line ends were kept out by whoever called; one that wasn't would make two of a line.
        head.extend(line.bytes().filter(|byte| *byte != b'\n'));
    }
    let length = u32::try_from(head.len() - 8).ok()?;
    head[..4].copy_from_slice(&length.to_le_bytes());
    Some(head)
}
