//! Large bodies of the AWS APIs: what they take is of the memory that all bodies share, and what doesn't fit is refused.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::super::harness::{Answer, World};
use super::super::lambda;
use crate::connect::{Body, Request, boxed, full};

const MIB: usize = 1024 * 1024;
const PACKAGE_BYTES_MAX: usize = lambda::SERVICE.body_bytes_max;

/// Says how long it is, and is never to be read.
struct Unread(u64);

impl http_body::Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("this body was read");
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

/// A call of API Gateway with a key that is known here, and a signature that isn't that of the call.
fn unsigned(body: Body) -> Request {
    unsigned_of("test", body)
}

fn unsigned_of(key: &str, body: Body) -> Request {
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20231114/us-east-1/apigateway/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature={}",
        "0".repeat(64)
    );
    let request = http::Request::post("/restapis?mode=import").header("host", "localhost:4566");
    let request = request.header("x-amz-date", "20231114T221320Z");
    request.header("authorization", signature).body(body).unwrap()
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("x-amzn-errortype"))
}

#[tokio::test(start_paused = true)]
async fn a_body_without_room_is_refused_before_it_is_read() {
    let world = World::new().await;
    let unread = |bytes: usize| boxed(Unread(bytes as u64));
    // The largest that there may be, and one more.
    let answer = world.send_as_it_is(unsigned(full(vec![b' '; 10 * MIB]))).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = world.send_as_it_is(unsigned(unread(10 * MIB + 1))).await;
    assert_eq!(told(&answer), (413, "RequestEntityTooLargeException"), "{answer:?}");

    // A package of the largest size takes all there is.
    let package = full(vec![b' '; PACKAGE_BYTES_MAX]);
    let one = world.api.bodies.collect_for_aws(package, PACKAGE_BYTES_MAX).await.unwrap();
    // Small ones take none.
    let answer = world.send_as_it_is(unsigned(full(vec![b' '; 64 * 1024]))).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = world.send_as_it_is(unsigned(unread(64 * 1024 + 1))).await;
    assert_eq!(told(&answer), (503, "ServiceUnavailableException"), "{answer:?}");
    drop(one);
    let answer = world.send_as_it_is(unsigned(full(vec![b' '; 64 * 1024 + 1]))).await;
    assert_eq!(answer.status, 403, "{answer:?}");
}

/// Nobody reserves memory or makes this server read who isn't known here.
#[tokio::test]
async fn a_body_with_an_unknown_key_is_refused_unread() {
    let world = World::new().await;
    let answer = world.send_as_it_is(unsigned_of("AKIAUNKNOWN", boxed(Unread(10 * MIB as u64)))).await;
    assert_eq!(told(&answer), (403, "UnrecognizedClientException"), "{answer:?}");
    // A small one is read, so that the client sees the answer.
    let answer = world.send_as_it_is(unsigned_of("AKIAUNKNOWN", full(vec![b' '; 64 * 1024]))).await;
    assert_eq!(told(&answer), (403, "UnrecognizedClientException"), "{answer:?}");
}

#[tokio::test]
async fn values_that_would_take_all_memory_are_too_large() {
    let world = World::new().await;
    // What is unknown to an operation is passed over, but read.
    let body = |item: &str, n: usize| format!("{{\"name\": \"Act\", \"unknown\": [{}1]}}", item.repeat(n));
    let answer = world.states("CreateActivity", &body("\"0123456789\",", 70_000)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let many = body("{\"a\":1},", 116_000);
    assert!(many.len() <= MIB);
    let answer = world.states("CreateActivity", &many).await;
    assert_eq!(told(&answer), (413, "RequestEntityTooLargeException"), "{answer:?}");
    assert!(answer.body.contains("more memory than this server has"), "{answer:?}");
    // It is all there for the next.
    let answer = world.states("CreateActivity", &body("\"0123456789\",", 70_000)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
