//! Invalid input gets a clear error, on data plane and control plane, and the server continues.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::client::{Client, sign};
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, error_of, post_execution, states};

/// Sends raw bytes, and reads until the server closes.
fn raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(n) => answer.extend_from_slice(&chunk[..n]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn bad_bodies_are_refused_in_the_service_s_words() {
    let dir = DataDir::new("bodies");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, error) in [
        ("{\"input\": ", "SerializationException"),
        ("not json", "SerializationException"),
        (deep.as_str(), "SerializationException"),
        ("{}", "ValidationException"),
        ("{\"stateMachineArn\": \"nope\"}", "InvalidArn"),
        ("{\"stateMachineArn\": 1}", "SerializationException"),
        (
            "{\"stateMachineArn\": \"arn:aws:states:us-east-1:123456789012:stateMachine:None\"}",
            "StateMachineDoesNotExist",
        ),
    ] {
        let answer = post_execution(&mut client, body);
        let shown = &body[..body.len().min(60)];
        // The tutorial's only integration response maps every response to 200, as on AWS.
        assert_eq!(answer.status, 200, "{shown}: {}", answer.text());
        assert_eq!(error_of(&answer), error, "{shown}: {}", answer.text());
    }
    let bad_input = json!({ "stateMachineArn": HELLO_WORLD, "input": "{" }).to_string();
    assert_eq!(error_of(&post_execution(&mut client, &bad_input)), "InvalidExecutionInput");
    let bad_name = json!({ "stateMachineArn": HELLO_WORLD, "name": "a b" }).to_string();
    assert_eq!(error_of(&post_execution(&mut client, &bad_name)), "InvalidName");
    let listed = states(&mut client, "ListExecutions", json!({ "stateMachineArn": HELLO_WORLD }));
    assert_eq!(listed["executions"], json!([]), "a refused start leaves nothing behind");
}

#[test]
fn a_body_of_more_than_ten_megabytes_is_too_long() {
    let dir = DataDir::new("large");
    let server = Server::start(&dir, &[]);
    // The head is enough: nobody has to send a body that won't be read.
    let head = format!(
        "POST /alpha/execution HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: 10485761\r\n\r\n",
        server.address
    );
    let answer = raw(&server.address, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHTTP content length exceeded 10485760 bytes."), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("content-type: text/plain\r\n"), "{answer}");

    // Sent in chunks, it is refused once the limit is exceeded.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!(
        "POST /alpha/execution HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reading = stream.try_clone().unwrap();
    let answer = std::thread::spawn(move || {
        let mut answer = [0; 12];
        reading.read_exact(&mut answer).map(|()| String::from_utf8_lossy(&answer).into_owned())
    });
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..200 {
        if stream.write_all(&chunk).is_err() {
            break; // Refused already.
        }
    }
    assert_eq!(answer.join().unwrap().unwrap(), "HTTP/1.1 413");

    let mut client = Client::new(&server.address);
    assert_eq!(client.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
}

#[test]
fn a_client_that_stops_sending_its_body_is_not_waited_for() {
    let dir = DataDir::new("stalled");
    let config = dir.path().join("impatient.toml");
    std::fs::write(&config, "[limits]\nbody_read_timeout_s = 1\n").unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let begun = format!(
        "POST /alpha/execution HTTP/1.1\r\nhost: {}\r\ncontent-length: 100\r\n\r\n{{\"input\": \"",
        server.address
    );
    // Reading to the end shows that the connection is closed, too.
    let answer = raw(&server.address, begun.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn heads_that_are_too_large_or_no_http_are_refused() {
    let dir = DataDir::new("heads");
    let server = Server::start(&dir, &[]);
    let many: String = (0..300).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(100_000));
    for (request, status) in [
        (format!("GET /alpha/execution HTTP/1.1\r\nhost: a\r\n{many}\r\n"), "HTTP/1.1 431 "),
        (format!("GET /alpha/execution HTTP/1.1\r\nhost: a\r\n{long}\r\n"), "HTTP/1.1 431 "),
        ("nonsense\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
    ] {
        let answer = raw(&server.address, request.as_bytes());
        assert!(answer.starts_with(status), "{}: {answer}", &request[..request.len().min(60)]);
    }
    let mut client = Client::new(&server.address);
    assert_eq!(client.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
}

#[test]
fn calls_that_are_not_signed_or_not_known_are_refused() {
    let dir = DataDir::new("calls");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let unsigned = [("x-amz-target", "AWSStepFunctions.ListStateMachines")];
    let answer = client.send("POST", "/", &unsigned, b"{}").unwrap();
    assert_eq!(error_of(&answer), "MissingAuthenticationTokenException", "{}", answer.text());
    assert!((400..500).contains(&answer.status));
    let answer = client.send("GET", "/restapis", &[], b"").unwrap();
    assert_eq!(
        (answer.status, &*answer.json()["message"].as_str().unwrap().to_owned()),
        (403, "Missing Authentication Token")
    );

    let answer = client.states("Nope", &json!({})).unwrap();
    assert_eq!((answer.status, &*error_of(&answer)), (400, "UnknownOperationException"), "{}", answer.text());
    let answer = client.apigateway("GET", "/restapis/zzzzzzzzzz", &json!(null)).unwrap();
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert_eq!(answer.header("x-amzn-errortype"), Some("NotFoundException"));

    // The signature is for a different body.
    let target = [("x-amz-target", "AWSStepFunctions.ListStateMachines")];
    let signed = sign("states", "POST", "/", &server.address, &target, "{}");
    let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let answer = client.send("POST", "/", &headers, b"{ }").unwrap();
    assert_eq!(error_of(&answer), "InvalidSignatureException", "{}", answer.text());
    // The hash in the header must be the body's as well.
    let answer = client.send("POST", "/", &headers, b"{}").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}
