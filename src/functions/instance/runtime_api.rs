//! The Runtime API of one instance, on a port of its own: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
//!
//! Of the Extensions API there is what an extension within the runtime's process needs to wait for its end.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::functions::invocation::{
    ANSWER_BYTES_MAX, Invocation, Piece, STREAM_BYTES_MAX, Stream, too_large,
};

const VERSION: &str = "/2018-06-01/runtime/";
const EXTENSION: &str = "/2020-01-01/extension/";
/// Connections of one instance at one time: its runtime has one, or one a thread.
const CONNECTIONS_MAX: usize = 64;
/// The largest report of an error.
pub(super) const ERROR_BYTES_MAX: usize = 256 * 1024;
/// What of a body that is too large is still read.
pub(super) const DISCARDED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Pieces of a streamed answer that wait for whoever reads it.
pub(super) const PIECES_MAX: usize = 16;

/// An event for the instance, and where its answer goes.
pub(super) struct Job {
    pub(super) invocation: Invocation,
    /// When the function must have answered, in milliseconds since 1970.
    pub(super) deadline_ms: i64,
    pub(super) reply: oneshot::Sender<Reported>,
    /// Told when the runtime takes it: what was taken is not given to another instance.
    pub(super) taken: oneshot::Sender<()>,
}

/// What a runtime reports.
#[derive(Debug)]
pub(super) enum Reported {
    /// The handler's answer.
    Answer(Bytes),
    /// The handler's error, as JSON, and its name.
    Failed(Bytes, String),
    /// The answer's beginning; when all of it has been sent is told apart.
    Stream(Stream, oneshot::Receiver<()>),
}

/// What one instance's runtime talks to.
pub(super) struct RuntimeApi {
    pub(super) function: String,
    pub(super) version: String,
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    current: Mutex<Option<(String, Option<oneshot::Sender<Reported>>)>>,
    /// True from the first question for an event on.
    ready: watch::Sender<bool>,
    init_error: Mutex<Option<(Bytes, String)>>,
}

type Answered = Response<Full<Bytes>>;

/// The other end of a connection, to be asked without waiting whether it is still there.
pub(super) struct Peer(Option<std::net::TcpStream>);

impl Peer {
    /// One that never goes before its connection does.
    pub(super) const STAYS: Self = Self(None);

    /// The system closes a process's sockets before it reports the process's end.
    fn has_gone(&self) -> bool {
        let Some(socket) = &self.0 else { return false };
        match socket.peek(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }
}

/// Adds a second handle of the connection, which neither reads from it nor waits for it.
fn with_peer(stream: TcpStream) -> std::io::Result<(TcpStream, Peer)> {
    let stream = stream.into_std()?;
    let peer = Peer(Some(stream.try_clone()?));
    Ok((TcpStream::from_std(stream)?, peer))
}

impl RuntimeApi {
    pub(super) fn new(function: &str, version: &str, jobs: mpsc::Receiver<Job>) -> Self {
        Self {
            function: function.to_owned(),
            version: version.to_owned(),
            jobs: tokio::sync::Mutex::new(jobs),
            current: Mutex::new(None),
            ready: watch::channel(false).0,
            init_error: Mutex::new(None),
        }
    }

    /// Learns when the runtime first asks for an event.
    pub(super) fn ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// What the runtime said of why it can't begin.
    pub(super) fn init_error(&self) -> Option<(Bytes, String)> {
        self.init_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves `listener` for ever; connections end with the future.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                // Out of descriptors, say: the runtime tries again, or is given up at its time.
                accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                    let Ok((stream, _)) = accepted else { tokio::task::yield_now().await; continue };
                    // Without it answers of two packets wait for each other.
                    let _ = stream.set_nodelay(true);
                    let Ok((stream, peer)) = with_peer(stream) else { continue };
                    let api = self.clone();
                    connections.spawn(async move { api.converse(stream, peer).await });
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }

    /// Serves one connection to its end. A runtime that breaks off has ended, which is seen elsewhere.
    pub(super) async fn converse<S>(self: Arc<Self>, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = Arc::new(peer);
        let service = service_fn(move |request| {
            let (api, peer) = (self.clone(), peer.clone());
            async move { Ok::<_, Infallible>(api.answer(request, &peer).await) }
        });
        let _ = hyper::server::conn::http1::Builder::new()
            .pipeline_flush(true)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    /// The next event, for a runtime that is ready for one; `None` if the instance is being ended.
    pub(super) async fn job(&self) -> Option<Job> {
        self.ready.send_if_modified(|ready| !std::mem::replace(ready, true));
        // Whoever asks with several threads is told of one event at a time.
        self.jobs.lock().await.recv().await
    }

    /// No event is taken any more: what waits is for another instance.
    pub(super) async fn close(&self) {
        let mut jobs = self.jobs.lock().await;
        jobs.close();
        while jobs.try_recv().is_ok() {}
    }

    /// The runtime has taken an event.
    pub(super) fn began(&self, request_id: String, reply: oneshot::Sender<Reported>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((request_id, Some(reply)));
    }

    /// Where the answer to the event goes that was taken last; `None` if there is one already.
    pub(super) fn reply(&self) -> Option<oneshot::Sender<Reported>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_mut().and_then(|(_, reply)| reply.take())
    }

    /// The runtime can't begin, and says why.
    pub(super) fn failed_to_begin(&self, failure: (Bytes, String)) {
        *self.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        self.ready.send_replace(true);
    }

    async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Answered {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        if let Some(rest) = path.strip_prefix(EXTENSION) {
            return self.extension(&parts.method, rest).await;
        }
        let Some(rest) = path.strip_prefix(VERSION) else { return not_found() };
        match (&parts.method, rest) {
            (&Method::GET, "invocation/next") => self.next(peer).await,
            (&Method::POST, "init/error") => self.refuse_to_begin(&parts, body).await,
            (&Method::POST, rest) => {
                let of = |end: &str| rest.strip_prefix("invocation/")?.strip_suffix(end).map(str::to_owned);
                if let Some(id) = of("/response") {
                    self.response(&id, &parts, body).await
                } else if let Some(id) = of("/error") {
                    self.error(&id, &parts, body).await
                } else {
                    not_found()
                }
            }
            _ => not_found(),
        }
    }

    async fn next(&self, peer: &Peer) -> Answered {
        let is_answered = {
            let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            current.as_ref().is_none_or(|(_, reply)| reply.is_none())
        };
        if !is_answered {
            return refused(
                StatusCode::FORBIDDEN,
                "InvalidStateTransition",
                "the invocation has no response yet",
            );
        }
        let Some(job) = self.job().await else { return gone() };
        // A process that ended while it was idle may not have been noticed yet. The event is for another instance then.
        if peer.has_gone() {
            return gone();
        }
        let Job { invocation, deadline_ms, reply, taken } = job;
        let mut response = Response::new(Full::new(invocation.payload));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut add = |name: &'static str, value: &str| {
            // Bytes beyond ASCII may stand in a header; line ends were kept out by whoever called.
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        add("lambda-runtime-aws-request-id", &invocation.request_id);
        add("lambda-runtime-deadline-ms", &deadline_ms.to_string());
        add("lambda-runtime-invoked-function-arn", &invocation.invoked_arn);
        for (name, value) in [
            ("lambda-runtime-trace-id", &invocation.trace_id),
            ("lambda-runtime-client-context", &invocation.client_context),
            ("lambda-runtime-cognito-identity", &invocation.cognito_identity),
        ] {
            if let Some(value) = value {
                add(name, value);
            }
        }
        self.began(invocation.request_id, reply);
        // Who waits may have given up.
        let _ = taken.send(());
        response
    }

    /// Where the answer to invocation `id` goes; `None` if it isn't asked for.
    fn reply_to(&self, id: &str) -> Option<oneshot::Sender<Reported>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_mut().filter(|(current, _)| current == id).and_then(|(_, reply)| reply.take())
    }

    async fn response(&self, id: &str, parts: &Parts, body: Incoming) -> Answered {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if header("lambda-runtime-function-response-mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("streaming"))
        {
            let content_type = header("content-type").unwrap_or("application/octet-stream").to_owned();
            return self.stream(id, content_type, body).await;
        }
        match collect(body, ANSWER_BYTES_MAX).await {
            Ok(Some(bytes)) => {
                let Some(reply) = self.reply_to(id) else { return not_asked() };
                let _ = reply.send(Reported::Answer(bytes));
                accepted()
            }
            Ok(None) => {
                let Some(reply) = self.reply_to(id) else { return not_asked() };
                if let Piece::Failed { error_type, details } = too_large() {
                    let _ = reply.send(Reported::Failed(details.into(), error_type));
                }
                refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the response is too large")
            }
            Err(()) => gone(),
        }
    }

    async fn stream(&self, id: &str, content_type: String, mut body: Incoming) -> Answered {
        let Some(reply) = self.reply_to(id) else { return not_asked() };
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let (over, is_over) = oneshot::channel();
        let _ = reply.send(Reported::Stream(Stream { content_type, pieces }, is_over));
        let mut total = 0;
        // A reader that has left changes nothing for the function: what it sends is dropped.
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                let _ = sender.send(broken_off()).await;
                break;
            };
            match frame.into_data() {
                Ok(data) => {
                    total += data.len();
                    if STREAM_BYTES_MAX < total {
                        let _ = sender.send(too_large()).await;
                        let _ = over.send(());
                        return refused(
                            StatusCode::PAYLOAD_TOO_LARGE,
                            "RequestEntityTooLarge",
                            "the response is too large",
                        );
                    }
                    let _ = sender.send(Piece::Data(data)).await;
                }
                Err(frame) => {
                    let failed = frame.trailers_ref().and_then(failure_of_trailers);
                    if let Some(failed) = failed {
                        let _ = sender.send(failed).await;
                    }
                }
            }
        }
        drop(sender);
        let _ = over.send(());
        accepted()
    }

    async fn error(&self, id: &str, parts: &Parts, body: Incoming) -> Answered {
        let Ok((payload, error_type)) = failure(parts, body).await else { return gone() };
        let Some(reply) = self.reply_to(id) else { return not_asked() };
        let _ = reply.send(Reported::Failed(payload, error_type));
        accepted()
    }

    async fn refuse_to_begin(&self, parts: &Parts, body: Incoming) -> Answered {
        let Ok(failure) = failure(parts, body).await else { return gone() };
        self.failed_to_begin(failure);
        accepted()
    }

    async fn extension(&self, method: &Method, rest: &str) -> Answered {
        match (method, rest) {
            (&Method::POST, "register") => {
                let told = serde_json::json!({
                    "functionName": self.function, "functionVersion": self.version, "handler": ""
                });
                let mut response = json(StatusCode::OK, told.to_string());
                let id = HeaderValue::from_static("00000000-0000-0000-0000-000000000001");
                response.headers_mut().insert("lambda-extension-identifier", id);
                response
            }
            // It is told of nothing but its end, which is that of the process.
            (&Method::GET, "event/next") => std::future::pending().await,
            _ => not_found(),
        }
    }
}

/// What a runtime says of an error, and the error's name.
async fn failure(parts: &Parts, body: Incoming) -> Result<(Bytes, String), ()> {
    let name = parts.headers.get("lambda-runtime-function-error-type");
    let name = name.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    Ok(checked_failure(name, collect(body, ERROR_BYTES_MAX).await?))
}

/// The same, whatever of it is missing or no JSON.
pub(super) fn checked_failure(name: Option<String>, payload: Option<Bytes>) -> (Bytes, String) {
    let name = name.unwrap_or_else(|| "Runtime.Unknown".to_owned());
    let is_json = |bytes: &Bytes| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    let payload = payload.filter(|bytes| !bytes.is_empty() && is_json(bytes));
    let payload = payload.unwrap_or_else(|| serde_json::json!({ "errorType": name }).to_string().into());
    (payload, name)
}

fn failure_of_trailers(trailers: &HeaderMap) -> Option<Piece> {
    let text =
        |name: &str| trailers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let error_type = text("lambda-runtime-function-error-type")?;
    let details = text("lambda-runtime-function-error-body").and_then(|body| STANDARD.decode(body).ok());
    let details = details.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    Some(Piece::Failed { error_type, details })
}

pub(super) fn broken_off() -> Piece {
    let error_type = "Runtime.TruncatedResponse".to_owned();
    let details = serde_json::json!({ "errorType": error_type, "errorMessage": "the response broke off" });
    Piece::Failed { error_type, details: details.to_string() }
}

/// A body of at most `max` bytes; `None` if it has more, which is read to its end for the connection's sake, within
/// reason.
async fn collect(mut body: Incoming, max: usize) -> Result<Option<Bytes>, ()> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if DISCARDED_BYTES_MAX < announced {
        return Ok(None);
    }
    let mut n_bytes = 0;
    let (mut whole, mut more) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ())?.into_data() else { continue };
        n_bytes += data.len();
        if DISCARDED_BYTES_MAX < n_bytes {
            return Ok(None);
        }
        if max < n_bytes {
            (whole, more) = (Bytes::new(), BytesMut::new());
            continue;
        }
        if whole.is_empty() && more.is_empty() {
            whole = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&std::mem::take(&mut whole));
        }
        more.extend_from_slice(&data);
    }
    Ok((n_bytes <= max).then(|| if more.is_empty() { whole } else { more.freeze() }))
}

fn json(status: StatusCode, body: String) -> Answered {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn accepted() -> Answered {
    json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.to_owned())
}

fn refused(status: StatusCode, error: &str, message: &str) -> Answered {
    json(status, serde_json::json!({ "errorType": error, "errorMessage": message }).to_string())
}

fn not_asked() -> Answered {
    refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

fn not_found() -> Answered {
    refused(StatusCode::NOT_FOUND, "NotFound", "no such operation of the Runtime API")
}

fn gone() -> Answered {
    refused(StatusCode::GONE, "Gone", "the instance is being ended")
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_peer_is_gone_as_soon_as_its_process_has_closed_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut runtime = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut stream, peer) = with_peer(listener.accept().await.unwrap().0).unwrap();
        assert!(!peer.has_gone());
        // What it sends early is no end.
        std::io::Write::write_all(&mut runtime, b"x").unwrap();
        assert!(!peer.has_gone());
        stream.readable().await.unwrap();
        assert_eq!(stream.try_read(&mut [0; 8]).unwrap(), 1);
        stream.write_all(b"y").await.unwrap();
        assert!(!peer.has_gone());
        // Nothing is awaited from here on: the runtime's own reading has noticed nothing yet.
        drop(runtime);
        assert!(peer.has_gone());
    }
}
