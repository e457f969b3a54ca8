//! SIGTERM: requests in flight finish, then the process exits with code 0.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use serde_json::json;

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, states};

#[test]
fn a_request_in_flight_is_answered_before_the_server_ends() {
    let dir = DataDir::new("drain");
    let server = Server::start(&dir, &[]);
    let body = json!({ "stateMachineArn": HELLO_WORLD }).to_string();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!(
        "POST /alpha/execution HTTP/1.1\r\nhost: {}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body, so the request is in flight.
    let mut proceed = [0; 25];
    stream.read_exact(&mut proceed).unwrap();
    assert_eq!(&proceed, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.tell_to_stop();
    while TcpStream::connect(&server.address).is_ok() {
        thread::yield_now(); // Until nobody new is let in.
    }
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("executionArn"), "{answer}");
    assert_eq!(server.wait().code(), Some(0));

    // What was acknowledged was kept.
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let listed = states(&mut client, "ListExecutions", json!({ "stateMachineArn": HELLO_WORLD }));
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1);
}

#[test]
fn long_polls_do_not_hold_a_stop_up() {
    let dir = DataDir::new("polls");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let activity = states(&mut client, "CreateActivity", json!({ "name": "A" }))["activityArn"].clone();
    let address = server.address.clone();
    let poll = thread::spawn(move || {
        Client::new(&address).states("GetActivityTask", &json!({ "activityArn": activity }))
    });
    // The poll, and this request itself.
    while !metrics(&mut client).contains("stepgate_requests_in_flight 2") {
        thread::yield_now();
    }
    assert_eq!(server.terminate().code(), Some(0));
    let answer = poll.join().unwrap().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["taskToken"].as_str().unwrap_or_default().is_empty(), "{}", answer.text());
}

fn metrics(client: &mut Client) -> String {
    client.send("GET", "/_stepgate/metrics", &[], b"").unwrap().text()
}
