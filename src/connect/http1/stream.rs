//! A connection that passes on only unambiguously framed bytes.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::reading::Refused;
use super::{Lenience, Reading, Side};

/// How many bytes are read at a time while a head arrives in pieces.
const PIECE_BYTES: usize = 4096;
/// How long to keep reading from a client after a refusal, so that it sees the response: closing with unread bytes
/// resets the connection (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_millis(500);
/// The most bytes to read and discard meanwhile.
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// A layer between the socket and the HTTP library.
pub struct StrictStream<S> {
    inner: S,
    side: Side,
    reading: Reading,
    /// An incomplete head, or bytes that may be passed on but did not fit.
    held: Vec<u8>,
    /// The bytes of `held` that were passed on.
    given: usize,
    /// The bytes of `held` that may be passed on.
    good: usize,
    lingering: Option<Lingering>,
}

struct Lingering {
    deadline: Pin<Box<Sleep>>,
    bytes: usize,
}

impl<S> StrictStream<S> {
    /// A connection from a client.
    pub fn of_client(inner: S, lenience: Lenience) -> Self {
        Self::new(inner, Side::Requests, lenience)
    }

    /// A connection to a backend.
    pub fn of_backend(inner: S, lenience: Lenience) -> Self {
        Self::new(inner, Side::Answers, lenience)
    }

    fn new(inner: S, side: Side, lenience: Lenience) -> Self {
        Self {
            inner,
            side,
            reading: Reading::new(side, lenience),
            held: Vec::new(),
            given: 0,
            good: 0,
            lingering: None,
        }
    }

    /// The underlying stream.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Bytes written to a backend while no response is expected begin a request. (If a request's body continues after
    /// its response is complete, this mistakes its rest for a new request. At worst the next response is then refused.)
    fn note_request(&mut self, bytes: &[u8]) {
        if self.side == Side::Answers && !bytes.is_empty() && !self.reading.is_answer_awaited() {
            self.reading.await_answer(bytes.starts_with(b"HEAD "));
        }
    }

    /// Passes on what is held and checked.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let n = buf.remaining().min(self.good - self.given);
        buf.put_slice(&self.held[self.given..self.given + n]);
        self.given += n;
        if self.given == self.good {
            self.held.drain(..self.good);
            (self.given, self.good) = (0, 0);
            if self.held.is_empty() {
                self.held = Vec::new(); // Idle connections hold nothing.
            }
        }
    }

    /// Follows all of `held`.
    fn follow_held(&mut self) {
        self.good = self.reading.follow(&self.held);
        self.end_if_refused();
    }

    /// Discards what is refused. A refused head is replaced by a request that reports the error.
    fn end_if_refused(&mut self) {
        if self.reading.is_spoilt() {
            self.held.truncate(self.good);
        }
        let Some(Refused { fault, is_in_head, is_head_request }) = self.reading.refused() else { return };
        tracing::debug!(%fault, side = ?self.side, "framing refused");
        self.held.truncate(self.good);
        // hyper notices by itself that a body breaks off.
        if self.side == Side::Requests && is_in_head {
            self.held.extend_from_slice(&fault.replacement(is_head_request));
            self.good = self.held.len();
        }
    }

    /// Whether nothing more is read from the connection; an error if the reader has to know why.
    fn is_at_end(&self) -> io::Result<bool> {
        match self.reading.refused() {
            Some(refused) if self.side == Side::Answers => {
                Err(io::Error::new(io::ErrorKind::InvalidData, refused.fault))
            }
            Some(_) => Ok(true),
            None => Ok(self.reading.is_spoilt()),
        }
    }
}

impl<S: AsyncRead + Unpin> StrictStream<S> {
    /// Completes when there is something to read, with `false` if the connection ends before that. Until then only the
    /// beginning of a head is held, and the HTTP library needs no buffers.
    pub async fn arrived(&mut self) -> io::Result<bool> {
        poll_fn(|cx| self.poll_arrived(cx)).await
    }

    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.given == self.good {
            if self.is_at_end()? || !ready!(self.poll_hold(cx))? {
                return Poll::Ready(Ok(false));
            }
            self.follow_held();
        }
        Poll::Ready(Ok(true))
    }

    /// Whether the connection uses HTTP/2.
    pub fn is_http2(&self) -> bool {
        self.reading.is_http2()
    }

    /// Whether every message so far is complete and no byte of the next one has arrived.
    pub fn is_between_messages(&self) -> bool {
        self.held.is_empty() && self.reading.is_between_messages()
    }

    /// Reads a piece after what is held; returns whether there was one.
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // Not into `held`, which would keep its capacity while nothing arrives.
        let mut piece = [0; PIECE_BYTES];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut piece))?;
        self.held.extend_from_slice(piece.filled());
        Poll::Ready(Ok(!piece.filled().is_empty()))
    }

    /// Reads and discards bytes for a while, until the client closes.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let lingering = self
            .lingering
            .get_or_insert_with(|| Lingering { deadline: Box::pin(tokio::time::sleep(LINGER)), bytes: 0 });
        let mut piece = [0; PIECE_BYTES];
        loop {
            if LINGER_BYTES_MAX <= lingering.bytes || lingering.deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut piece = ReadBuf::new(&mut piece);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut piece)) {
                Ok(()) if !piece.filled().is_empty() => lingering.bytes += piece.filled().len(),
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StrictStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.given < this.good {
                this.give(buf);
                return Poll::Ready(Ok(()));
            }
            if this.is_at_end()? {
                return Poll::Ready(Ok(()));
            }
            if !this.held.is_empty() {
                if !ready!(this.poll_hold(cx))? {
                    return Poll::Ready(Ok(())); // The rest of the head never came.
                }
                this.follow_held();
                continue;
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
            let fresh = &buf.filled()[before..];
            if fresh.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let good = this.reading.follow(fresh);
            if good < fresh.len() {
                this.held.extend_from_slice(&fresh[good..]);
                this.end_if_refused();
                buf.set_filled(before + good);
            }
            if 0 < good {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StrictStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.note_request(buf);
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = bufs.iter().find(|buf| !buf.is_empty()) {
            self.note_request(first);
        }
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        if self.side == Side::Requests && self.reading.refused().is_some() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
