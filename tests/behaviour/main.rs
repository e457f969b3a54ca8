//! Stepgate's behaviour, tested with real server processes over real sockets.

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.

mod addresses;
mod api_tasks;
mod audit_log;
mod authorizers;
mod aws_calls;
#[path = "../support/backend.rs"]
mod backend;
mod canaries;
#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
mod cloudformation;
mod cognito;
mod commands;
mod connections;
mod console;
mod control_tls;
mod data_directory;
mod dev;
mod disk;
mod doctor;
mod documents;
mod domains;
mod event_sources;
mod exec_commands;
mod executions;
mod express;
mod fn_commands;
#[path = "../support/frames.rs"]
mod frames;
mod function_urls;
mod functions;
#[path = "../support/functions.rs"]
mod functions_support;
mod iam;
mod iam_stacks;
mod key_rotation;
mod lambda;
mod lambda_calls;
mod lambda_events;
mod lambda_memory;
mod lambda_packages;
mod lambda_stacks;
#[path = "../support/land.rs"]
mod land;
mod languages;
mod machine_commands;
mod maps;
mod migrate;
mod nodes;
mod orders;
mod pages;
mod plans;
mod refusals;
mod restart;
mod role_uses;
mod roles;
#[path = "../support/server.rs"]
#[allow(dead_code)]
mod server;
mod services;
mod slow_clients;
mod stacks;
mod stages;
mod stop;
mod streaming;
mod streams;
mod targets;
mod tasks;
mod tls;
mod traces;
mod tutorial;
mod writers;

use serde_json::{Value, json};

use client::{Answer, Client};

const HELLO_WORLD: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld";
const ROLE: &str = "arn:aws:iam::123456789012:role/Tests";

/// What curl sends on its own: `-d` declares everything as a form.
const CURL: &[(&str, &str)] =
    &[("user-agent", "curl/8.5.0"), ("accept", "*/*"), ("content-type", "application/x-www-form-urlencoded")];

/// Starts an execution through the tutorial's API.
fn post_execution(client: &mut Client, body: &str) -> Answer {
    client.send("POST", "/alpha/execution", CURL, body.as_bytes()).unwrap()
}

/// A successful call of Step Functions.
fn states(client: &mut Client, operation: &str, input: Value) -> Value {
    let answer = client.states(operation, &input).unwrap();
    assert_eq!(answer.status, 200, "{operation} {input}: {}", answer.text());
    answer.json()
}

/// Creates a state machine that waits for an hour, and returns its ARN.
fn create_waiting_machine(client: &mut Client, name: &str) -> String {
    let definition = json!({
        "StartAt": "Wait",
        "States": { "Wait": { "Type": "Wait", "Seconds": 3600, "End": true } }
    });
    let input = json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE });
    let created = states(client, "CreateStateMachine", input);
    created["stateMachineArn"].as_str().unwrap().to_owned()
}

/// The error type without its namespace.
fn error_of(answer: &Answer) -> String {
    let json = answer.json();
    let typed = json["__type"].as_str().unwrap_or_default();
    typed.rsplit('#').next().unwrap_or_default().to_owned()
}
