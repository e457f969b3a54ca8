//! Opens TCP connections to addresses that the egress rules allow.

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

use super::{BoxError, Egress};

/// Resolves a name once, checks the resulting addresses and dials them.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    pub(super) egress: Arc<Egress>,
    pub(super) timeout: Duration,
}

impl Dialer {
    async fn dial(self, uri: Uri) -> Result<TokioIo<TcpStream>, BoxError> {
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let own_port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(own_port);
        // Resolve everything, including hosts that only look like a name: `2852039166` is an address.
        let resolved = tokio::net::lookup_host((host, port)).await?.collect();
        let addresses = self.egress.allowed(host, resolved)?;
        let mut connector = HttpConnector::new_with_resolver(Resolved(addresses));
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(self.timeout));
        connector.set_nodelay(true);
        let io = connector.call(named(&uri, port)?).await?;
        let stream = io.inner();
        self.egress.check_connected(host, stream.local_addr()?, stream.peer_addr()?)?;
        Ok(io)
    }
}

/// The connector doesn't resolve a host that is an address, so present every host to it as a name.
fn named(uri: &Uri, port: u16) -> Result<Uri, http::Error> {
    let scheme = uri.scheme().cloned().unwrap_or(Scheme::HTTP);
    Uri::builder().scheme(scheme).authority(format!("resolved.invalid:{port}")).path_and_query("/").build()
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().dial(uri))
    }
}

/// Takes the place of a resolver: returns addresses that were already checked.
#[derive(Clone)]
struct Resolved(Vec<SocketAddr>);

impl Service<Name> for Resolved {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}
