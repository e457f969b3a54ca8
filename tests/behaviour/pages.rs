//! The server's own pages.

use serde_json::json;

use crate::client::Client;
use crate::post_execution;
use crate::server::{DataDir, Server};

#[test]
fn health_and_metrics_tell_how_the_server_is() {
    let dir = DataDir::new("pages");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let health = client.send("GET", "/_stepgate/health", &[], b"").unwrap();
    assert_eq!(health.status, 200);
    assert_eq!(health.json(), json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));

    post_execution(&mut client, &json!({ "stateMachineArn": crate::HELLO_WORLD }).to_string());
    client.states("ListStateMachines", &json!({})).unwrap();
    let metrics = client.send("GET", "/_stepgate/metrics", &[], b"").unwrap();
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"));
    let text = metrics.text();
    for part in [
        "stepgate_executions_started_total 1",
        "stepgate_gateway_requests_total{",
        "stepgate_api_calls_total{service=\"states\",operation=\"ListStateMachines\",code=\"ok\"} 1",
        "stepgate_store_commit_seconds_bucket{",
        "stepgate_requests_in_flight 1",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn other_pages_and_ways_are_refused() {
    let dir = DataDir::new("no-pages");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    for (method, path, status) in [
        ("GET", "/_stepgate/nope", 404),
        ("POST", "/_stepgate/health", 404),
        ("GET", "/_stepgate/stacks/tutorial", 404),
        ("POST", "/_stepgate/stacks/tutorial", 403),
        ("POST", "/_stepgate/stacks/not%20a%20name", 400),
    ] {
        let answer = client.send(method, path, &[], b"{}").unwrap();
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.json()["message"].is_string(), "{method} {path}: {}", answer.text());
    }
}
