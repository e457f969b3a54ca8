//! APIs with a minimum compression size.

use bytes::Bytes;

use crate::gateway::api::{HttpMethod, Integration, IntegrationType};
use crate::gateway::compression::Coding;
use crate::gateway::fixture::{Answer, House, api, code, house_of, integration, method, mock, strings, with};

const ECHO: &str = "arn:aws:apigateway:us-east-1:states:action/StartExecution";

fn house_from(bytes_min: Option<u32>, backend: Integration) -> House {
    let mut api = with(api("abc"), "/", HttpMethod::Post, method(backend));
    api.api.minimum_compression_size = bytes_min;
    house_of(api)
}

fn echoing(bytes_min: Option<u32>) -> House {
    house_from(bytes_min, integration(IntegrationType::Aws, ECHO))
}

async fn post(house: &House, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let mut request = http::Request::post("/dev").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send(request.body(body.into()).unwrap()).await
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
        let body = expect.map_or_else(
            || answer.bytes.clone(),
            |coding| coding.decompress(&answer.bytes, usize::MAX - 1).unwrap(),
        );
        assert_eq!(body, text);
    }
    let empty = post(&echoing(Some(0)), &[("accept-encoding", "gzip")], "").await;
    assert_eq!((empty.header("content-encoding"), &*empty.body), (None, ""));
}

#[tokio::test]
async fn large_answers_are_compressed_aside() {
    let text = "0123456789".repeat(100_000);
    let answer = post(&echoing(Some(0)), &[("accept-encoding", "gzip")], text.clone()).await;
    assert_eq!(Coding::Gzip.decompress(&answer.bytes, text.len()).unwrap(), text);
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

#[tokio::test]
async fn a_body_that_grows_beyond_the_limit_is_refused() {
    let bomb = Coding::Gzip.compress(&vec![b' '; 10 * 1024 * 1024 + 1]).unwrap();
    let answer = post(&echoing(Some(1000)), &[("content-encoding", "gzip")], bomb).await;
    assert_eq!(answer.status, 413);
}
