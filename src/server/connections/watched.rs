//! A client's socket that reports incoming bytes to its connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::open::Open;
use super::reason::Reason;

/// Below TLS, so that it also sees the handshake, and counts what only looks like progress: empty records, pings,
/// settings, frames of one byte.
pub(in super::super) struct Watched<S> {
    stream: S,
    open: Arc<Open>,
    n_read: u64,
}

impl<S> Watched<S> {
    pub(in super::super) fn new(stream: S, open: Arc<Open>) -> Self {
        Self { stream, open, n_read: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let n = buf.filled().len() - before;
        if n == 0 {
            return polled;
        }
        self.n_read += u64::try_from(n).unwrap_or(u64::MAX);
        self.open.received();
        if self.open.allowance() < self.n_read {
            Reason::Flood.counted();
            buf.set_filled(before); // A failed read has read nothing.
            return Poll::Ready(Err(io::Error::other("too many bytes for what was asked")));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.open.writes();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open.writes();
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.open.wrote();
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
