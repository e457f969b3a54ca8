//! A connection that only gives what is framed beyond doubt.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::reading::Refused;
use super::{Lenience, Reading, Side};

/// Bytes that are read at a time while a head comes in pieces.
const PIECE_BYTES: usize = 4096;
/// A client that was refused is read from for so long at the most, so that it sees the answer: closing with bytes
/// unread resets the connection (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_millis(500);
/// Most bytes that are read and thrown away meanwhile.
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// A connection between the socket and the HTTP library.
pub struct StrictStream<S> {
    inner: S,
    side: Side,
    reading: Reading,
    /// An incomplete head, or what is good and did not fit.
    held: Vec<u8>,
    /// Bytes of `held` that were given.
    given: usize,
    /// Bytes of `held` that are good to be given.
    good: usize,
    lingering: Option<Lingering>,
}

struct Lingering {
    deadline: Pin<Box<Sleep>>,
    bytes: usize,
}

impl<S> StrictStream<S> {
    /// Of a client.
    pub fn of_client(inner: S, lenience: Lenience) -> Self {
        Self::new(inner, Side::Requests, lenience)
    }

    /// Of a backend.
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

    /// What the stream is of.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// What is written to a backend while no answer is awaited begins a request. (Should a body go on after its
    /// answer is over, its beginning is taken for one: at worst the next answer is refused.)
    fn note_request(&mut self, bytes: &[u8]) {
        if self.side == Side::Answers && !bytes.is_empty() && !self.reading.is_answer_awaited() {
            self.reading.await_answer(bytes.starts_with(b"HEAD "));
        }
    }

    /// Gives what is held and good.
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

    /// What is refused is not held; a head that was is replaced by one that tells.
    fn end_if_refused(&mut self) {
        if self.reading.is_spoilt() {
            self.held.truncate(self.good);
        }
        let Some(Refused { fault, is_in_head, is_head_request }) = self.reading.refused() else { return };
        tracing::debug!(%fault, side = ?self.side, "framing refused");
        self.held.truncate(self.good);
        // hyper finds by itself that a body breaks off.
        if self.side == Side::Requests && is_in_head {
            self.held.extend_from_slice(&fault.telling(is_head_request));
            self.good = self.held.len();
        }
    }

    /// Whether nothing more is read from the connection; an error if its reader must know why.
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
    /// Reads a piece behind what is held; whether there was one.
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let held = self.held.len();
        self.held.resize(held + PIECE_BYTES, 0);
        let mut piece = ReadBuf::new(&mut self.held[held..]);
        let result = Pin::new(&mut self.inner).poll_read(cx, &mut piece);
        let n = piece.filled().len();
        self.held.truncate(held + n);
        ready!(result)?;
        Poll::Ready(Ok(n != 0))
    }

    /// Reads and throws away until the client has closed, for a while.
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
