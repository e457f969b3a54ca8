//! APIs with a minimum compression size.

use bytes::Bytes;

use crate::apis::{HttpMethod, Integration, IntegrationType};
use crate::gateway::compression::Coding;
use crate::gateway::fixture::{
    Answer, Fixture, api, code, fixture, house_of, integration, live, method, mock, strings, with,
};
use crate::gateway::pipeline::PAYLOAD_BYTES_MAX;
use crate::gateway::stack::Options;

const ECHO: &str = "arn:aws:apigateway:us-east-1:states:action/StartExecution";

fn house_from(bytes_min: Option<u32>, backend: Integration) -> Fixture {
    let mut api = with(api("abc"), "/", HttpMethod::Post, method(backend));
    api.api.minimum_compression_size = bytes_min;
    house_of(api)
}

fn echoing(bytes_min: Option<u32>) -> Fixture {
    house_from(bytes_min, integration(IntegrationType::Aws, ECHO))
}

async fn post(fixture: &Fixture, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let mut request = http::Request::post("/dev").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    fixture.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn answers_of_the_size_are_compressed_as_accepted() {
    let text = "0123456789".repeat(10);
    for (bytes_min, accept, expect) in [
        (None, "gzip", None),
        (Some(100), "gzip", Some(Coding::Gzip)),
        (Some(100), "deflate, gzip;q=0.9", Some(Coding::Deflate)),
        (Some(101), "gzip", None),
        (Some(0), "br, *", None),
        (Some(0), "gzip", Some(Coding::Gzip)),
    ] {
        let answer = post(&echoing(bytes_min), &[("accept-encoding", accept)], text.clone()).await;
        assert_eq!(answer.header("content-encoding"), expect.map(Coding::name), "{bytes_min:?} {accept}");
        let body = expect.map_or_else(|| answer.bytes.clone(), |coding| inflated(coding, &answer.bytes));
        assert_eq!(body, text);
    }
    let empty = post(&echoing(Some(0)), &[("accept-encoding", "gzip")], "").await;
    assert_eq!((empty.header("content-encoding"), &*empty.body), (None, ""));
}

#[tokio::test]
async fn large_answers_are_compressed_aside() {
    let text = "0123456789".repeat(100_000);
    let answer = post(&echoing(Some(0)), &[("accept-encoding", "gzip")], text.clone()).await;
    assert_eq!(inflated(Coding::Gzip, &answer.bytes), text);
}

#[tokio::test]
async fn an_answer_with_a_coding_or_a_compressed_format_is_left_alone() {
    for (name, value) in [("content-encoding", "br"), ("content-type", "image/png")] {
        let mut backend = mock(r#"{"statusCode": 200}"#, "bytes, supposedly");
        let header = format!("method.response.header.{name}");
        backend.responses.get_mut(&code(200)).unwrap().parameters =
            strings(&[(&header, &format!("'{value}'"))]);
        let answer = post(&house_from(Some(0), backend), &[("accept-encoding", "gzip")], "{}").await;
        assert_eq!((answer.header(name), &*answer.body), (Some(value), "bytes, supposedly"));
    }
}

#[tokio::test]
async fn requests_are_decompressed_before_they_are_mapped() {
    let text = r#"{"a": 1}"#;
    let small = |coding: Coding| coding.compress(text.as_bytes()).unwrap();
    let unsupported = r#"{"message":"Unsupported Media Type"}"#;
    for (coding, body, expect) in [
        ("gzip", small(Coding::Gzip), (200, text)),
        ("deflate", small(Coding::Deflate), (200, text)),
        ("identity", text.into(), (200, text)),
        ("br", text.into(), (415, unsupported)),
        ("gzip", text.into(), (415, unsupported)),
        ("deflate", small(Coding::Gzip), (415, unsupported)),
    ] {
        let answer = post(&echoing(Some(1000)), &[("content-encoding", coding)], body).await;
        assert_eq!((answer.status, &*answer.body), expect, "{coding}");
    }
    // Without a minimum size, bodies are passed on as they are.
    let answer = post(&echoing(None), &[("content-encoding", "br")], text).await;
    assert_eq!((answer.status, &*answer.body), (200, text));
}

fn inflated(coding: Coding, bytes: &Bytes) -> Bytes {
    coding.inflating(bytes.clone()).finish(PAYLOAD_BYTES_MAX, |_| true).unwrap()
}

#[tokio::test]
async fn a_body_that_grows_beyond_the_limit_is_refused() {
    for (bytes, status) in [(PAYLOAD_BYTES_MAX, 200), (PAYLOAD_BYTES_MAX + 1, 413)] {
        let bomb = Coding::Gzip.compress(&vec![b' '; bytes]).unwrap();
        let fixture = house_from(Some(1000), mock(r#"{"statusCode": 200}"#, "read"));
        let answer = post(&fixture, &[("content-encoding", "gzip")], bomb).await;
        assert_eq!(answer.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn a_body_that_grows_takes_of_the_memory_that_all_share() {
    const MIB: usize = 1024 * 1024;
    let mut api = with(api("abc"), "/", HttpMethod::Post, method(integration(IntegrationType::Aws, ECHO)));
    api.api.minimum_compression_size = Some(1000);
    // Room for 10 MiB of bodies.
    let options = Options { body_memory_bytes: Some(60 * MIB), ..Options::default() };
    let fixture = fixture(options, [live(api)]);
    let text = vec![b' '; 3 * MIB];
    let bomb = Coding::Gzip.compress(&text).unwrap();
    assert!(bomb.len() < 64 * 1024);
    let bulkhead = fixture.gateway.inner.bulkhead.clone();
    let mut taken = bulkhead.growing();
    assert!(taken.fits(8 * MIB));
    let gzip = [("content-encoding", "gzip")];
    assert_eq!(post(&fixture, &gzip, bomb.clone()).await.status, 503);
    assert_eq!(post(&fixture, &gzip, Coding::Gzip.compress(&text[..MIB / 2]).unwrap()).await.status, 200);
    drop(taken);
    assert_eq!(post(&fixture, &gzip, bomb).await.status, 200);
    // All of it is given back.
    let mut all = bulkhead.growing();
    assert!(all.fits(10 * MIB));
}
