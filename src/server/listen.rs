//! Accepting connections: plain or TLS, HTTP/1.1 or HTTP/2, until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::arriving::Arriving;
use super::error::Error;
use super::tls;
use crate::connect::{self, HttpService, Request, Response};
use crate::gateway::ClientCertificateFacts;
use crate::meter;

/// A TLS handshake that takes longer is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Most header fields of one request.
const HEADERS_MAX: usize = 200;
/// Most bytes of one request's head: room for API Gateway's 10,240 bytes of header values, and no more.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Who is at the other end of a connection; travels with each request from here to `dispatch`.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// The client's address.
    pub(super) address: SocketAddr,
    /// The name that it asked for in its TLS handshake.
    pub(super) server_name: Option<Arc<str>>,
    /// The certificate that it proved to have.
    pub(super) certificate: Option<Arc<ClientCertificateFacts>>,
    /// Whether the connection is encrypted.
    pub(super) is_secure: bool,
}

/// How long a listener waits for its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a request's headers, all of them.
    pub(super) headers: Duration,
    /// For the next piece of a request's body.
    pub(super) body: Duration,
    /// For requests in flight to end, once told to stop.
    pub(super) drain: Duration,
}

/// A bound socket and what answers there.
pub(super) struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<tls::ByName>>,
    service: HttpService,
}

impl Listener {
    /// Binds `address`.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub(super) async fn bind(
        address: SocketAddr,
        tls: Option<Arc<tls::ByName>>,
        service: HttpService,
    ) -> Result<Self, Error> {
        let tcp = TcpListener::bind(address).await.map_err(|reason| Error::Bind { address, reason })?;
        Ok(Self { tcp, tls, service })
    }

    /// The address really bound, with the port the system chose if 0 was asked for.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.tcp.local_addr().ok()
    }

    /// Accepts until `stop` turns true, then lets connections finish what they began, for at most
    /// `patience.drain`.
    pub(super) async fn serve(self, patience: Patience, mut stop: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        let gauge = metrics::gauge!(meter::CONNECTIONS);
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, mostly: waiting lets connections close, spinning does not.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let connection = Connection {
                service: self.service.clone(),
                watcher: graceful.watcher(),
                patience,
                peer: Peer { address, server_name: None, certificate: None, is_secure: false },
            };
            let (tls, gauge) = (self.tls.clone(), gauge.clone());
            tokio::spawn(async move {
                gauge.increment(1.0);
                connection.open(stream, tls).await;
                gauge.decrement(1.0);
            });
        }
        drop(self.tcp);
        if tokio::time::timeout(patience.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                drain_s = patience.drain.as_secs(),
                "requests were still in flight when the drain time was over"
            );
        }
    }
}

struct Connection {
    service: HttpService,
    watcher: Watcher,
    patience: Patience,
    peer: Peer,
}

impl Connection {
    async fn open(mut self, stream: TcpStream, tls: Option<Arc<tls::ByName>>) {
        // Answers are written whole: waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        match tls {
            None => self.speak(stream).await,
            Some(by_name) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake(stream, &by_name)).await
            {
                Ok(Ok(stream)) => {
                    let (_, connection) = stream.get_ref();
                    self.peer.is_secure = true;
                    self.peer.server_name = connection.server_name().map(Into::into);
                    let certificate = connection.peer_certificates().and_then(<[_]>::first);
                    let facts = certificate.and_then(|der| ClientCertificateFacts::from_der(der));
                    self.peer.certificate = facts.map(Arc::new);
                    self.speak(stream).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, peer = %self.peer.address, "TLS handshake failed"),
                Err(_) => tracing::debug!(peer = %self.peer.address, "TLS handshake timed out"),
            },
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience.headers)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .half_close(true)
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
            .keep_alive_interval(Some(Duration::from_secs(30)));
        let (peer, service, body) = (self.peer, self.service, self.patience.body);
        let address = peer.address;
        let service = service_fn(move |request: http::Request<Incoming>| {
            let mut request = request.map(|arriving| connect::boxed(Arriving::new(arriving, body)));
            request.extensions_mut().insert(peer.clone());
            answer(service.clone(), request)
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, peer = %address, "connection ended early");
        }
    }
}

/// Which settings hold is known once the client has said which name it wants.
async fn handshake(stream: TcpStream, by_name: &tls::ByName) -> io::Result<TlsStream<TcpStream>> {
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let config = by_name.config(start.client_hello().server_name()).map_err(io::Error::other)?;
    start.into_stream(config).await
}

type Answer = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// Boxed under a name of its own: the compiler can't see through the nested futures that this one is `Send`.
fn answer(service: HttpService, request: Request) -> Answer {
    Box::pin(service.oneshot(request))
}
