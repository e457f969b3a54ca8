//! The outer tower stack: what is true of every request, whoever it is for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::connect::{self, Body, BoxError, HttpService, Request, Response};
use crate::meter;

/// What sits behind the door.
pub(super) trait App: Clone + Send + Sync + 'static {
    /// Answers a request; refusals are answers too.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// Wraps `app` in everything that does not depend on which route is matched. At most `in_flight` requests
/// are answered at one time, whatever listener they came by.
pub(super) fn front_door<A: App>(app: A, in_flight: usize) -> HttpService {
    let admission = Arc::new(Semaphore::new(in_flight.min(Semaphore::MAX_PERMITS)));
    let gauge = metrics::gauge!(meter::REQUESTS_IN_FLIGHT);
    let shed = metrics::counter!(meter::REQUESTS_SHED);
    let handle = service_fn(move |request: Request| {
        let (app, admission, gauge, shed) = (app.clone(), admission.clone(), gauge.clone(), shed.clone());
        async move {
            // Sheds instead of queueing: a caller that is told to come back is better off than one that waits.
            let Ok(permit) = admission.try_acquire_owned() else {
                shed.increment(1);
                return Ok::<_, Infallible>(overloaded());
            };
            let admitted = Admitted::new(permit, gauge);
            let response = app.handle(request).await;
            Ok(response.map(|body| connect::boxed(Held { body, _admitted: admitted })))
        }
    });
    HttpService::new(
        ServiceBuilder::new() // Listed outermost first: the first layer sees the request first.
            .map_response(|response: http::Response<_>| response.map(connect::boxed)) // Re-box once, at the seam.
            .layer(TraceLayer::new_for_http())
            .layer(CatchPanicLayer::custom(panicked)) // Under trace, so that the 500 is logged.
            .service(handle),
    )
}

/// A place among the requests in flight, given back when dropped.
struct Admitted {
    gauge: metrics::Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Admitted {
    fn new(permit: OwnedSemaphorePermit, gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self { gauge, _permit: permit }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}

/// The permit travels with the body: a slow reader still counts as in flight.
struct Held {
    body: Body,
    _admitted: Admitted,
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

fn overloaded() -> Response {
    let mut response =
        refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", "Service Unavailable");
    response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Tells nothing of the panic outside; the hook has logged it.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "Internal server error")
}

/// An answer in AWS's shape that no room gave.
pub(super) fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
    let mut response = json(status, &serde_json::json!({ "message": message }));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

/// A JSON answer.
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

    #[derive(Clone)]
    struct Hello;

    impl App for Hello {
        async fn handle(&self, request: Request) -> Response {
            assert_ne!(request.uri().path(), "/panic", "handler bug");
            Response::new(connect::full("hello"))
        }
    }

    fn get(path: &str) -> Request {
        http::Request::get(path).body(connect::empty()).unwrap()
    }

    #[tokio::test]
    async fn unread_body_still_counts_as_in_flight() {
        let door = front_door(Hello, 1);
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
    async fn panic_becomes_500_and_gives_its_place_back() {
        let door = front_door(Hello, 1);
        let response = door.clone().oneshot(get("/panic")).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        drop(response);
        assert_eq!(door.oneshot(get("/")).await.unwrap().status(), StatusCode::OK);
    }
}
