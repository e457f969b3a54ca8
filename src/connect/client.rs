//! The pooled HTTP client.

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::dialer::Dialer;
use super::guarded::Guarded;
use super::opening::{opened, unopened};
use super::strict_connector::StrictConnector;
use super::{
    Body, Call, ClientIdentity, Error, Options, Request, Response, ServerCertificate, remove_hop_by_hop, tls,
};

/// Calls `http` and `https` backends over pooled connections. Clones share their pools.
#[derive(Clone)]
pub struct HttpClient(Arc<Pools>);

/// One pool for each kind of connection. The TLS pools are created on demand: loading the machine's root certificates
/// takes a few megabytes, which a server without TLS backends can save.
struct Pools {
    options: Options,
    plain: Client<StrictConnector<Dialer>, Body>,
    verified: OnceLock<SecureClient>,
    unverified: OnceLock<SecureClient>,
}

/// A pool of TLS connections.
pub(super) type SecureClient = Client<StrictConnector<HttpsConnector<Dialer>>, Body>;

impl HttpClient {
    /// A client without open connections.
    pub fn new(options: Options) -> Self {
        let plain = pool(&options).build(StrictConnector::new(dialer(&options), options.lenience));
        let (verified, unverified) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Pools { options, plain, verified, unverified }))
    }

    /// Sends `request` and returns when the response's head has arrived, together with its body or the first 64 KiB of
    /// it; with [`Call::streams`], as soon as the head has arrived.
    ///
    /// Fields that are meant for this connection only are removed. A larger body is streamed; it ends with
    /// [`Error::Timeout`] or [`Error::TooLarge`] if it exceeds the limits of `call`. The URI must be absolute, `http`
    /// or `https`. `Host` is derived from it unless it is set.
    pub async fn send(&self, request: Request, call: Call) -> Result<Response, Error> {
        self.send_as(None, request, call).await
    }

    /// The same, with a client certificate for servers that ask for one.
    pub async fn send_as(
        &self,
        identity: Option<&ClientIdentity>,
        request: Request,
        call: Call,
    ) -> Result<Response, Error> {
        let answer = self.start(identity, request, call.server_certificate)?;
        let mut deadline = Box::pin(tokio::time::sleep(call.timeout));
        let mut response = tokio::select! {
            biased;
            answer = answer => answer.map_err(Error::from_client)?,
            () = &mut deadline => return Err(Error::Timeout),
        };
        let bytes_max = call.response_bytes_max;
        let announced = http_body::Body::size_hint(response.body()).lower();
        if u64::try_from(bytes_max).is_ok_and(|max| max < announced) {
            return Err(Error::TooLarge { bytes_max });
        }
        remove_hop_by_hop(response.headers_mut());
        let (parts, body) = response.into_parts();
        let body = Guarded::new(body, deadline, bytes_max);
        let body = if call.streams { unopened(body) } else { opened(body).await? };
        Ok(Response::from_parts(parts, body))
    }

    /// Hands the request to its pool. Not async, so that the pools and HTTP/2 are compiled here, not in every room that
    /// awaits [`HttpClient::send`].
    fn start(
        &self,
        identity: Option<&ClientIdentity>,
        request: Request,
        server_certificate: ServerCertificate,
    ) -> Result<ResponseFuture, Error> {
        if request.uri().host().is_none_or(str::is_empty) {
            return Err(invalid(request.uri()));
        }
        match request.uri().scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => Ok(self.0.plain.request(request)),
            Some(scheme) if *scheme == Scheme::HTTPS => {
                Ok(self.0.secure(server_certificate, identity)?.request(request))
            }
            _ => Err(invalid(request.uri())),
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpClient").field(&self.0.options).finish()
    }
}

impl Pools {
    fn secure<'p>(
        &'p self,
        server_certificate: ServerCertificate,
        identity: Option<&'p ClientIdentity>,
    ) -> Result<&'p SecureClient, Error> {
        let cell = match (identity, server_certificate) {
            (Some(identity), _) => identity.client(server_certificate),
            (None, ServerCertificate::Verified) => &self.verified,
            (None, ServerCertificate::Unverified) => &self.unverified,
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(server_certificate, identity)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(dialer(&self.options));
        let connector = StrictConnector::new(connector, self.options.lenience);
        let client = pool(&self.options).build(connector);
        // Two first calls may race. Both clients are equivalent; the loser's is dropped unused.
        Ok(cell.get_or_init(|| client))
    }
}

/// The query may contain secrets, so the error doesn't show it.
fn invalid(uri: &Uri) -> Error {
    let text = uri.to_string();
    Error::InvalidAddress(text.split('?').next().unwrap_or_default().to_owned())
}

fn dialer(options: &Options) -> Dialer {
    Dialer { egress: options.egress.clone(), timeout: options.connect_timeout }
}

fn pool(options: &Options) -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(options.idle_timeout)
        .pool_max_idle_per_host(options.idle_per_host_max);
    builder
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};
    use std::time::Duration;

    use bytes::Bytes;
    use http_body::Frame;
    use http_body_util::BodyExt;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;

    use super::*;
    use crate::connect::{Egress, boxed, collect, empty, full};

    /// A server that echoes the body with the request's target and host. `/silent` never answers, `/stall` stops after
    /// one frame, `/away` redirects. Returns its address and the number of connections that it has accepted.
    async fn echo_server() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(echo)),
                );
            }
        });
        (address, accepted)
    }

    async fn echo(request: http::Request<Incoming>) -> Result<Response, Infallible> {
        let target = request.uri().to_string();
        let host = request.headers()["host"].clone();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let response = http::Response::builder().header("x-target", &target).header("x-host", host);
        Ok(match target.as_str() {
            "/silent" => std::future::pending().await,
            "/stall" => response.body(boxed(Stalled(body))),
            "/away" => response.status(302).header("location", "/elsewhere").body(empty()),
            _ => response.body(full(body)),
        }
        .unwrap())
    }

    /// A body that yields its bytes and then neither ends nor continues.
    struct Stalled(Bytes);

    impl http_body::Body for Stalled {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let rest = std::mem::take(&mut self.0);
            if rest.is_empty() { Poll::Pending } else { Poll::Ready(Some(Ok(Frame::data(rest)))) }
        }
    }

    fn request(uri: String, body: Body) -> Request {
        http::Request::post(uri).body(body).unwrap()
    }

    fn client() -> HttpClient {
        HttpClient::new(Options::default())
    }

    #[tokio::test]
    async fn one_connection_serves_many_calls() {
        let (address, accepted) = echo_server().await;
        let client = client();
        for i in 0..5 {
            let uri = format!("http://{address}/path?n={i}");
            let response = client.send(request(uri, full("hello")), Call::default()).await.unwrap();
            assert_eq!(response.headers()["x-target"], format!("/path?n={i}"));
            assert_eq!(response.headers()["x-host"], address);
            assert_eq!(collect(response.into_body(), 100).await.unwrap(), "hello");
        }
        assert_eq!(accepted.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn redirects_are_the_callers_business() {
        let (address, _) = echo_server().await;
        let response =
            client().send(request(format!("http://{address}/away"), empty()), Call::default()).await.unwrap();
        assert_eq!(response.status(), 302);
    }

    #[tokio::test]
    async fn addresses_that_cannot_be_called_are_refused() {
        for bad in ["/path", "ftp://host/", "arn:aws"] {
            let request = request(bad.to_owned(), empty());
            let error = client().send(request, Call::default()).await.unwrap_err();
            assert!(matches!(error, Error::InvalidAddress(_)), "{bad}: {error:?}");
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let request = request(format!("http://{address}/"), empty());
        let error = client().send(request, Call::default()).await.unwrap_err();
        assert!(matches!(error, Error::Connect(_)), "{error:?}");
    }

    #[tokio::test]
    async fn only_whom_the_rules_allow_is_dialled() {
        let (address, accepted) = echo_server().await;
        let port = address.rsplit_once(':').unwrap().1;
        let client = |allow: &[&str], deny: &[&str]| {
            let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            let egress = Arc::new(Egress::new(&texts(allow), &texts(deny)).unwrap());
            HttpClient::new(Options { egress, ..Options::default() })
        };
        let denied = client(&[], &["127.0.0.0/8", "::1"]);
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
            let error =
                denied.send(request(format!("http://{host}:{port}/"), empty()), Call::default()).await;
            assert!(matches!(error, Err(Error::Refused(_) | Error::Connect(_))), "{host}: {error:?}");
        }
        let error =
            denied.send(request(format!("https://127.0.0.1:{port}/"), empty()), Call::default()).await;
        assert!(matches!(error, Err(Error::Refused(_))), "{error:?}");
        let link_local = client(&[], &[]);
        let uri = "http://169.254.169.254/latest/meta-data".to_owned();
        let error = link_local.send(request(uri, empty()), Call::default()).await;
        assert!(matches!(error, Err(Error::Refused(_))), "{error:?}");
        assert_eq!(accepted.load(Ordering::SeqCst), 0);
        let allowed = client(&[&address], &["0.0.0.0/0"]);
        let uri = format!("http://{address}/");
        assert_eq!(allowed.send(request(uri, empty()), Call::default()).await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn plain_text_in_place_of_tls_is_a_tls_failure() {
        let (address, _) = echo_server().await;
        let call = Call { server_certificate: ServerCertificate::Unverified, ..Call::default() };
        let request = request(format!("https://{address}/"), empty());
        let error = client().send(request, call).await.unwrap_err();
        assert!(matches!(error, Error::Tls(_)), "{error:?}");
    }

    #[tokio::test]
    async fn timeout_covers_head_and_body() {
        let (address, _) = echo_server().await;
        let call = Call { timeout: Duration::from_millis(50), ..Call::default() };
        let error = client().send(request(format!("http://{address}/silent"), empty()), call).await;
        assert!(matches!(error, Err(Error::Timeout)));

        // A short body is awaited completely, a long one only in part.
        let request = |body: Body| request(format!("http://{address}/stall"), body);
        assert!(matches!(client().send(request(full("x")), call).await, Err(Error::Timeout)));
        let response = client().send(request(full(vec![b'x'; 100_000])), call).await.unwrap();
        assert!(matches!(collect(response.into_body(), 1_000_000).await, Err(Error::Timeout)));
    }

    #[tokio::test]
    async fn response_limit_is_inclusive() {
        let (address, _) = echo_server().await;
        let call = Call { response_bytes_max: 5, ..Call::default() };
        let uri = format!("http://{address}/");
        let response = client().send(request(uri.clone(), full("12345")), call).await.unwrap();
        assert_eq!(collect(response.into_body(), 100).await.unwrap(), "12345");
        let error = client().send(request(uri, full("123456")), call).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { bytes_max: 5 }));
    }
}
