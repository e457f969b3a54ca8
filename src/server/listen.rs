//! Accepts connections, plain or TLS, HTTP/1.1 or HTTP/2, until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use http::Method;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tower::{Service as _, ServiceExt};

use super::connections::{Arriving, Connections, Leaving, Open, Place, State, Streams, Watched};
use super::error::Error;
use super::tls;
use crate::connect::http1::{FIELDS_MAX, HEAD_BYTES_MAX, Lenience, StrictStream};
use crate::connect::{self, HttpService};
use crate::gateway::ClientCertificateFacts;

/// The most bytes of an HTTP/2 stream's response that wait in memory for its window to open.
const SEND_BYTES_MAX: usize = 64 * 1024;
/// The number of connections that may wait to be accepted. Beyond it, the system doesn't answer the first packet, and
/// the client tries again after a second.
const BACKLOG: u32 = 4096;
/// Writing waits once a socket has this many unsent bytes. Otherwise the system would accept megabytes at once and then
/// nothing until a third of them is gone, which looks like a client that has stopped reading; and it would hold them
/// for ten thousand slow clients. Bytes that are sent but not acknowledged are not limited, so distant clients are as
/// fast as ever.
const UNSENT_BYTES_MAX: u32 = 64 * 1024;

/// The peer of a connection; accompanies each request from here to `dispatch`.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// The client's address.
    pub(super) address: SocketAddr,
    /// The name that it asked for in its TLS handshake.
    pub(super) server_name: Option<Arc<str>>,
    /// Its verified certificate.
    pub(super) certificate: Option<Arc<ClientCertificateFacts>>,
    /// Whether the connection is encrypted.
    pub(super) is_secure: bool,
    /// Whether the connection has a slot that is reserved for the AWS APIs and the server's own pages.
    pub(super) is_reserved: bool,
}

/// A bound socket and the service behind it.
pub(super) struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<tls::ByName>>,
    service: HttpService,
    connections: Arc<Connections>,
    is_control: bool,
    /// The framing rules that are relaxed for clients.
    lenience: Lenience,
}

impl Listener {
    /// Binds `address`; `connections` are shared by all listeners. On a listener that serves only the control plane
    /// (`is_control`), reserved slots are as good as others.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub(super) fn bind(
        address: SocketAddr,
        tls: Option<Arc<tls::ByName>>,
        service: HttpService,
        connections: Arc<Connections>,
        is_control: bool,
        lenience: Lenience,
    ) -> Result<Self, Error> {
        let tcp = bind(address).map_err(|reason| Error::Bind { address, reason })?;
        // Accepted sockets inherit this.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(error) = socket2::SockRef::from(&tcp).set_tcp_notsent_lowat(UNSENT_BYTES_MAX) {
            tracing::debug!(%error, "cannot set TCP_NOTSENT_LOWAT");
        }
        Ok(Self { tcp, tls, service, connections, is_control, lenience })
    }

    /// Whether it speaks TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// The bound address, with the port that the system chose if it was 0.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.tcp.local_addr().ok()
    }

    /// Accepts connections until `stop` turns true. Accepted connections continue.
    pub(super) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut is_failing = false;
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    is_failing = false;
                    self.begin(stream, address);
                    // Connections that had to make room should be gone before the next one takes another handle.
                    tokio::task::yield_now().await;
                }
                // The client has already left.
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Usually out of file handles: waiting lets connections close, spinning does not.
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(%error, "cannot accept connections; those that idle are closed");
                    }
                    self.connections.make_room().await;
                }
            }
        }
    }

    fn begin(&self, stream: TcpStream, address: SocketAddr) {
        let state = if self.tls.is_some() { State::Handshake } else { State::Head };
        let place = match self.connections.admit(address, state) {
            Ok(place) => place,
            Err(reason) => {
                tracing::debug!(peer = %address, ?reason, "connection refused");
                return;
            }
        };
        let open = place.open().clone();
        let is_reserved = open.is_reserved() && !self.is_control;
        let peer = Peer { address, server_name: None, certificate: None, is_secure: false, is_reserved };
        let connection = Connection {
            service: self.service.clone(),
            connections: self.connections.clone(),
            lenience: self.lenience,
            place,
            peer,
        };
        let task = tokio::spawn(connection.wait(stream, self.tls.clone()));
        open.runs_as(task.abort_handle());
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted server takes its port over from lingering connections of the previous one.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether accepting failed only for one connection, so that the next may succeed.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

struct Connection {
    service: HttpService,
    connections: Arc<Connections>,
    lenience: Lenience,
    place: Place,
    peer: Peer,
}

impl Connection {
    /// Waits for the first byte: there may be thousands of silent clients, and each should take only the memory that
    /// waiting needs.
    async fn wait(self, stream: TcpStream, tls: Option<Arc<tls::ByName>>) {
        let mut first = [0];
        // Not `readable()`, which is true for a new socket.
        let came = tokio::select! {
            came = stream.peek(&mut first) => came,
            () = self.place.open().told_to_close() => return,
        };
        match came {
            Ok(0) => {}
            Ok(_) => self.begin(stream, tls).await,
            Err(error) => tracing::debug!(%error, peer = %self.peer.address, "connection ended at once"),
        }
    }

    /// Boxed, so that the waiting future stays small.
    fn begin(self, stream: TcpStream, tls: Option<Arc<tls::ByName>>) -> Speech {
        let stream = self.watched(stream);
        match tls {
            None => Box::pin(self.speak(stream)),
            Some(by_name) => Box::pin(self.shake_hands(stream, by_name)),
        }
    }

    async fn shake_hands(mut self, stream: Watched<TcpStream>, by_name: Arc<tls::ByName>) {
        let stream = match handshake(stream, by_name).await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, peer = %self.peer.address, "TLS handshake failed");
                return;
            }
        };
        self.place.open().shook_hands();
        let (_, connection) = stream.get_ref();
        self.peer.is_secure = true;
        self.peer.server_name = connection.server_name().map(Into::into);
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        let facts = certificate.and_then(|der| ClientCertificateFacts::from_der(der));
        self.peer.certificate = facts.map(Arc::new);
        self.speak(stream).await;
    }

    fn watched(&self, stream: TcpStream) -> Watched<TcpStream> {
        // Responses are written as a whole, so waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        Watched::new(stream, self.place.open().clone())
    }

    /// Boxed where no other future has room for it. What reads and writes messages has large buffers: it is made when a
    /// head is whole, and given up while the connection idles.
    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let mut stream = StrictStream::of_client(stream, self.lenience);
        loop {
            let arrived = tokio::select! {
                biased;
                arrived = stream.arrived() => arrived,
                () = self.place.open().told_to_close() => Ok(false),
            };
            match arrived {
                Ok(true) => {}
                Ok(false) => {
                    // There is nobody to tell if it fails.
                    let _ = stream.shutdown().await;
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, peer = %self.peer.address, "connection ended while it idled");
                    return;
                }
            }
            self.place.open().wakes();
            if stream.is_http2() {
                return Box::pin(self.speak_http2(stream)).await;
            }
            match Box::pin(self.speak_http1(stream)).await {
                Some(resting) => stream = resting,
                None => return,
            }
        }
    }

    /// Returns the stream if the connection idles.
    async fn speak_http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: StrictStream<S>,
    ) -> Option<StrictStream<S>> {
        let open = self.place.open();
        let mut builder = http1::Builder::new();
        builder
            .header_read_timeout(None) // The sweep's business, as all of a connection's time.
            .max_headers(FIELDS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .half_close(true);
        let mut connection = builder.serve_connection(TokioIo::new(stream), self.answering());
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut connection => break ended,
                () = open.told_to_close() => {
                    Pin::new(&mut connection).graceful_shutdown();
                    break connection.await;
                }
                () = open.told_to_rest() => {
                    if open.rests() {
                        let http1::Parts { io, read_buf, .. } = connection.into_parts();
                        let stream = io.into_inner();
                        // Whole messages are handed on, and the connection has just looked at all that there is.
                        let is_between = read_buf.is_empty() && stream.is_between_messages();
                        return is_between.then_some(stream);
                    }
                }
            }
        };
        self.note_end(ended);
        None
    }

    async fn speak_http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: StrictStream<S>) {
        let (open, rules) = (self.place.open(), self.connections.rules());
        let mut builder = http2::Builder::new(Streams::new(open.clone()));
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
            .max_concurrent_streams(rules.streams)
            .max_pending_accept_reset_streams(usize::try_from(rules.resets).unwrap_or(usize::MAX))
            .max_send_buf_size(SEND_BYTES_MAX)
            .keep_alive_interval(Some(rules.ping_interval))
            .keep_alive_timeout(rules.ping_timeout);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), self.answering()));
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = open.told_to_close() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        self.note_end(ended);
    }

    /// What answers the requests of this connection.
    fn answering(
        &self,
    ) -> impl hyper::service::Service<
        http::Request<Incoming>,
        Response = http::Response<Leaving>,
        Error = Infallible,
        Future: Send + 'static,
    > + Send
    + use<> {
        let (service, peer, open) = (self.service.clone(), self.peer.clone(), self.place.open().clone());
        service_fn(move |request| answer(service.clone(), peer.clone(), open.clone(), request))
    }

    fn note_end(&self, ended: hyper::Result<()>) {
        if let Err(error) = ended {
            tracing::debug!(%error, peer = %self.peer.address, "connection ended early");
        }
    }
}

/// Everything that happens on a connection.
type Speech = Pin<Box<dyn Future<Output = ()> + Send>>;
type Handshake = Pin<Box<dyn Future<Output = io::Result<TlsStream<Watched<TcpStream>>>> + Send>>;

/// The TLS configuration is known once the client has named the host. Boxed, so that its memory is free after the
/// handshake.
fn handshake(stream: Watched<TcpStream>, by_name: Arc<tls::ByName>) -> Handshake {
    Box::pin(async move {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let config = by_name.config(start.client_hello().server_name()).map_err(io::Error::other)?;
        start.into_stream(config).await
    })
}

/// Answers a request, which is in flight until its client has read the response.
async fn answer(
    mut service: HttpService,
    peer: Peer,
    open: Arc<Open>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Leaving>, Infallible> {
    let in_flight = open.begin(request.version());
    let is_head = request.method() == Method::HEAD;
    let mut request = request.map(|body| connect::boxed(Arriving::new(body, open)));
    request.extensions_mut().insert(peer);
    // What the service returns is boxed already.
    let response = service.ready().await?.call(request).await?;
    Ok(response.map(|body| Leaving::new(body, in_flight, is_head)))
}

#[cfg(test)]
impl Peer {
    /// A peer on a reserved connection.
    pub(super) fn reserved() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        Self { address, server_name: None, certificate: None, is_secure: false, is_reserved: true }
    }
}

#[cfg(test)]
mod tests;
