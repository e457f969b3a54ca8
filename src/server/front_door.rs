//! The outer tower stack: what applies to every request, whatever its target.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, StatusCode, Version};
use http_body::{Frame, SizeHint};
use tower::{ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;
use tracing::Level;

use super::admission::{Admission, Admitted, Class};
use super::http_rules;
use super::listen::Peer;
use crate::connect::http1::Relaxed;
use crate::connect::{self, Body, BoxError, HttpService, Request, Response};

/// The application behind the front door.
pub(super) trait App: Send + Sync + 'static {
    /// Answers a request; refusals are responses too.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// The admission class of a request, needed only when slots are scarce. Returns the request.
    fn class(&self, request: Request) -> (Class, Request);
}

/// Wraps `app` in everything that does not depend on the route. Every request takes a slot of `admission`, whatever its
/// listener. HTTP's rules apply, except those in `relaxed`.
pub(super) fn front_door<A: App>(app: A, admission: Admission, relaxed: Relaxed) -> HttpService {
    // The tower stack is cloned for every request; what is shared is cloned with one count.
    let shared = Arc::new((app, admission));
    let handle = service_fn(move |request: Request| {
        let shared = shared.clone();
        // Boxed, because a request's future has thousands of bytes and each layer would move them all.
        Box::pin(async move {
            let (app, admission) = &*shared;
            let request = match http_rules::admit(request, relaxed) {
                Ok(request) => request,
                Err(refused) => return Ok::<_, Infallible>(refused.map(Held::nowhere)),
            };
            let is_reserved = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_reserved);
            let (admitted, request) = match admission.admit().filter(|_| !is_reserved) {
                Some(admitted) => (Some(admitted), request),
                None => {
                    let (class, request) = app.class(request);
                    (admission.admit_kept(class), request)
                }
            };
            let Some(admitted) = admitted else {
                let refused = overloaded(is_reserved && request.version() != Version::HTTP_2);
                return Ok(refused.map(Held::nowhere));
            };
            let response = http_rules::answer(app.handle(request).await);
            Ok(response.map(|body| Held { body, _admitted: Some(admitted) }))
        })
    });
    let guarded = ServiceBuilder::new().layer(CatchPanicLayer::custom(panicked)).service(handle);
    if !is_traced() {
        return HttpService::new(ServiceBuilder::new().map_response(reboxed).service(guarded));
    }
    // Where a 500 is produced, it is logged with the reason; this layer could only log that there was one.
    let trace = TraceLayer::new_for_http().make_span_with(span).on_failure(());
    HttpService::new(ServiceBuilder::new().map_response(reboxed).layer(trace).service(guarded))
}

/// Boxes the layers' body, once, at the seam.
fn reboxed<B>(response: http::Response<B>) -> Response
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    response.map(connect::boxed)
}

/// Whether anything of a trace would be logged, which the settings decide before anybody listens. Tracing reads the clock six
/// times a request, also if nothing is.
fn is_traced() -> bool {
    tracing::enabled!(Level::DEBUG)
        || tracing::enabled!(target: "tower_http::trace::on_request", Level::DEBUG)
        || tracing::enabled!(target: "tower_http::trace::on_response", Level::DEBUG)
}

/// The span for log lines about a request. It leaves out the query: in a presigned URL, that is as good as a password.
fn span(request: &Request) -> tracing::Span {
    let (method, path, version) = (request.method(), request.uri().path(), request.version());
    tracing::debug_span!("request", %method, path, ?version)
}

/// The permit travels with the body, so a slow reader still counts as in flight.
struct Held {
    body: Body,
    _admitted: Option<Admitted>,
}

impl Held {
    /// The body of a refusal, which takes no place.
    fn nowhere(body: Body) -> Self {
        Self { body, _admitted: None }
    }
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// On a reserved connection, the client should reconnect to get a regular one; then `is_last` is true.
fn overloaded(is_last: bool) -> Response {
    let mut response =
        refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", "Service Unavailable");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    if is_last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reveals nothing about the panic; the hook has logged it.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "Internal server error")
}

/// A response in AWS's shape that comes from the server itself.
pub(super) fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
    let mut response = json(status, &serde_json::json!({ "message": message }));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(connect::full(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    struct Hello;

    impl App for Hello {
        async fn handle(&self, request: Request) -> Response {
            assert_ne!(request.uri().path(), "/panic", "handler bug");
            Response::new(connect::full("hello"))
        }

        fn class(&self, request: Request) -> (Class, Request) {
            let class = if request.uri().path() == "/health" { Class::Page } else { Class::Data };
            (class, request)
        }
    }

    fn get(path: &str) -> Request {
        http::Request::get(path).header("host", "a").body(connect::empty()).unwrap()
    }

    #[tokio::test]
    async fn unread_body_still_counts_as_in_flight() {
        let door = front_door(Hello, Admission::new(1, 1), Relaxed::default());
        let first = door.clone().oneshot(get("/")).await.unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let second = door.clone().oneshot(get("/")).await.unwrap();
        assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(second.headers()["x-amzn-errortype"], "ServiceUnavailableException");
        drop(first);
        let third = door.oneshot(get("/")).await.unwrap();
        assert_eq!(third.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn pages_are_answered_while_every_place_is_taken() {
        let door = front_door(Hello, Admission::new(1, 1), Relaxed::default());
        let _unread = door.clone().oneshot(get("/")).await.unwrap();
        let page = door.clone().oneshot(get("/health")).await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let beyond = door.oneshot(get("/health")).await.unwrap();
        assert_eq!(beyond.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn a_reserved_connection_serves_pages_only() {
        let door = front_door(Hello, Admission::new(1, 1), Relaxed::default());
        let ask = |path| {
            let mut request = get(path);
            request.extensions_mut().insert(Peer::reserved());
            request
        };
        let refused = door.clone().oneshot(ask("/")).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["connection"], "close");
        assert_eq!(door.clone().oneshot(ask("/health")).await.unwrap().status(), StatusCode::OK);
        // The shared slots are unaffected.
        assert_eq!(door.oneshot(get("/")).await.unwrap().status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn panic_becomes_500_and_gives_its_place_back() {
        let door = front_door(Hello, Admission::new(1, 1), Relaxed::default());
        let response = door.clone().oneshot(get("/panic")).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        drop(response);
        assert_eq!(door.oneshot(get("/")).await.unwrap().status(), StatusCode::OK);
    }
}
