//! The README's first minute: the curl command, execution names, and the AWS APIs afterwards.

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, create_waiting_machine, error_of, post_execution, states};

const README: &str = include_str!("../../README.md");

/// The body and URL in the README's curl command.
fn readme_curl() -> (&'static str, &'static str) {
    let line = README.lines().find(|line| line.starts_with("curl -X POST -d '")).unwrap();
    let (body, url) = line.strip_prefix("curl -X POST -d '").unwrap().split_once("' ").unwrap();
    (body, url)
}

#[test]
fn the_readme_s_curl_line_starts_an_execution_that_succeeds() {
    let dir = DataDir::new("tutorial");
    let server = Server::start(&dir, &[]);
    let (body, url) = readme_curl();
    assert_eq!(url, "http://127.0.0.1:4566/alpha/execution");
    let said = server.output("Curl").replace(&server.address, "127.0.0.1:4566");
    assert_eq!(said, format!("curl -X POST -d '{body}' {url}"), "the server prints the README's line");

    let mut client = Client::new(&server.address);
    let answer = post_execution(&mut client, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("x-amzn-requestid").is_some());
    let started = answer.json();
    let arn = "arn:aws:states:us-east-1:123456789012:execution:HelloWorld:MyExecution";
    assert_eq!(started["executionArn"], arn);
    assert!(started["startDate"].is_f64(), "{started}");

    let described = states(&mut client, "DescribeExecution", json!({ "executionArn": arn }));
    assert_eq!(described["status"], "SUCCEEDED");
    assert_eq!(described["output"], "\"Hello World!\"");
    assert_eq!(described["input"], "{}");
    assert_eq!(described["startDate"], started["startDate"]);
    let history = states(&mut client, "GetExecutionHistory", json!({ "executionArn": arn }));
    let types: Vec<&Value> = history["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
}

#[test]
fn a_name_belongs_to_one_execution() {
    let dir = DataDir::new("names");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let (body, _) = readme_curl();
    assert!(post_execution(&mut client, body).json()["executionArn"].is_string());
    let again = post_execution(&mut client, body);
    // The tutorial's method always answers 200: its only integration response is the default.
    assert_eq!(
        (again.status, error_of(&again).as_str()),
        (200, "ExecutionAlreadyExists"),
        "{}",
        again.text()
    );

    let nameless = json!({ "input": "{}", "stateMachineArn": HELLO_WORLD }).to_string();
    let mut start =
        || post_execution(&mut client, &nameless).json()["executionArn"].as_str().unwrap().to_owned();
    assert_ne!(start(), start());
}

#[test]
fn a_start_that_is_repeated_while_the_execution_runs_is_answered_alike() {
    let dir = DataDir::new("idempotency");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create_waiting_machine(&mut client, "Waiting");
    let mut start = |input: &str| {
        let body = json!({ "input": input, "name": "once", "stateMachineArn": machine }).to_string();
        post_execution(&mut client, &body)
    };
    let first = start("{\"a\": 1}");
    assert!(first.json()["executionArn"].is_string(), "{}", first.text());
    assert_eq!(start("{\"a\": 1}").json(), first.json());
    assert_eq!(error_of(&start("{\"a\": 2}")), "ExecutionAlreadyExists");

    let arn = first.json()["executionArn"].clone();
    states(&mut client, "StopExecution", json!({ "executionArn": arn }));
    let described = states(&mut client, "DescribeExecution", json!({ "executionArn": arn }));
    assert_eq!(described["status"], "ABORTED");
    let body = json!({ "input": "{\"a\": 1}", "name": "once", "stateMachineArn": machine }).to_string();
    assert_eq!(error_of(&post_execution(&mut client, &body)), "ExecutionAlreadyExists");
}

#[test]
fn many_clients_start_executions_of_their_own_at_one_time() {
    const CLIENTS: usize = 8;
    const STARTS: usize = 25;
    let dir = DataDir::new("many");
    let server = Server::start(&dir, &[]);
    let body = json!({ "input": "{}", "stateMachineArn": HELLO_WORLD }).to_string();
    let mut arns: Vec<String> = std::thread::scope(|scope| {
        let start = || {
            let mut client = Client::new(&server.address);
            let arn =
                |_| post_execution(&mut client, &body).json()["executionArn"].as_str().unwrap().to_owned();
            (0..STARTS).map(arn).collect::<Vec<_>>()
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(start)).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    arns.sort();
    arns.dedup();
    assert_eq!(arns.len(), CLIENTS * STARTS);
}
