//! Connections to backends with strict framing.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tower::Service;

use super::http1::{Lenience, StrictStream};

/// Puts a [`StrictStream`] over each connection of `inner`, above TLS.
#[derive(Clone, Debug)]
pub(super) struct StrictConnector<C> {
    inner: C,
    lenience: Lenience,
}

impl<C> StrictConnector<C> {
    pub(super) const fn new(inner: C, lenience: Lenience) -> Self {
        Self { inner, lenience }
    }
}

/// The stream in the form that the HTTP client needs.
type Strict<T> = TokioIo<StrictStream<TokioIo<T>>>;

impl<C> Service<Uri> for StrictConnector<C>
where
    C: Service<Uri, Future: Send + 'static>,
    C::Response: Connection + rt::Read + rt::Write + Unpin,
{
    type Response = Strict<C::Response>;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, lenience) = (self.inner.call(uri), self.lenience);
        Box::pin(async move {
            let stream = connecting.await?;
            Ok(TokioIo::new(StrictStream::of_backend(TokioIo::new(stream), lenience)))
        })
    }
}

impl<T: Connection> Connection for StrictStream<TokioIo<T>> {
    fn connected(&self) -> Connected {
        self.get_ref().inner().connected()
    }
}
