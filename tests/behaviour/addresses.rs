//! The forms of an API's address.

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{CURL, HELLO_WORLD};

#[test]
fn every_form_of_an_address_reaches_the_api() {
    let dir = DataDir::new("addresses");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = server.output("RestApiId").to_owned();
    let body = format!("{{\"stateMachineArn\": \"{HELLO_WORLD}\"}}");
    let forms = [
        (server.address.clone(), "/alpha/execution".to_owned()),
        (format!("{api}.execute-api.localhost:4566"), "/alpha/execution".to_owned()),
        (format!("{api}.execute-api.us-east-1.amazonaws.com"), "/alpha/execution".to_owned()),
        (server.address.clone(), format!("/restapis/{api}/alpha/_user_request_/execution")),
        (server.address.clone(), format!("/_aws/execute-api/{api}/alpha/execution")),
    ];
    for (host, path) in &forms {
        let headers = [CURL, &[("host", host)]].concat();
        let answer = client.send("POST", path, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{host}{path}: {}", answer.text());
        assert!(answer.json()["executionArn"].is_string(), "{host}{path}: {}", answer.text());
    }
}

#[test]
fn an_address_of_nothing_is_forbidden() {
    let dir = DataDir::new("nowhere");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = server.output("RestApiId").to_owned();
    let own = server.address.clone();
    let host = format!("{api}.execute-api.localhost");
    let other = "zzzzzzzzzz.execute-api.localhost";
    for (host, method, path, message) in [
        (own.as_str(), "POST", "/nope/execution", "Forbidden"),
        (other, "POST", "/alpha/execution", "Forbidden"),
        (&own, "POST", "/restapis/zzzzzzzzzz/alpha/_user_request_/execution", "Forbidden"),
        (&host, "POST", "/nope/execution", "Forbidden"),
        (&host, "POST", "/alpha/nope", "Missing Authentication Token"),
        (&host, "GET", "/alpha/execution", "Missing Authentication Token"),
        (&own, "POST", "/alpha", "Missing Authentication Token"),
    ] {
        let answer = client.send(method, path, &[("host", host)], b"").unwrap();
        assert_eq!(answer.status, 403, "{method} {host}{path}: {}", answer.text());
        assert_eq!(answer.json()["message"], message, "{method} {host}{path}");
    }
}
