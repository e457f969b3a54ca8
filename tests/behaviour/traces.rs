//! The trace that an execution belongs to, in what its tasks send.

use serde_json::{Value, json};

use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::iam::deploy;
use crate::server::{DataDir, Server};
use crate::{ROLE, states};

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
const CONNECTION: &str = "arn:aws:events:us-east-1:123456789012:connection/key/1";

fn answer(_: &Received) -> Reply {
    (200, vec![("content-type", "application/json")], "{\"ok\":true}".to_owned())
}

/// An API whose only method calls `uri`.
fn api(client: &mut Client, uri: &str) -> String {
    let integration = json!({"type": "http", "httpMethod": "POST", "uri": uri, "responses": {"default": {"statusCode": "200"}}});
    let definition = json!({
        "openapi": "3.0.1", "info": {"title": "traced"},
        "paths": {"/a": {"post": {
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": integration,
        }}},
    });
    deploy(client, &definition)
}

/// Starts an execution, asynchronously of a Standard machine, and answers when it has succeeded.
fn run(client: &mut Client, machine: &Value, kind: &str, trace: Option<&str>) {
    let mut input = json!({"stateMachineArn": machine});
    if let Some(trace) = trace {
        input["traceHeader"] = json!(trace);
    }
    let described = match kind {
        "EXPRESS" => states(client, "StartSyncExecution", input),
        _ => {
            let started = states(client, "StartExecution", input);
            loop {
                let of = json!({"executionArn": started["executionArn"]});
                let described = states(client, "DescribeExecution", of);
                if described["status"] != "RUNNING" {
                    break described;
                }
                std::thread::yield_now();
            }
        }
    };
    assert_eq!((&described["status"], described["traceHeader"].as_str()), (&json!("SUCCEEDED"), trace));
}

#[test]
fn http_endpoints_and_apis_are_called_within_the_trace() {
    let (dir, backend) = (DataDir::new("traces"), Backend::start(answer));
    let path = dir.path().join("stepgate.toml");
    let settings = "[connections.key]\nauthorization = { type = \"API_KEY\", name = \"X-Key\", value = \"hush\" }\n\
                    allow_http = true\n";
    std::fs::write(&path, settings).unwrap();
    let server = Server::start(&dir, &["--config", path.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let api = api(&mut client, &format!("{}/api", backend.url));
    let endpoint = format!("{}/endpoint", backend.url);
    let http =
        json!({"ApiEndpoint": endpoint, "Method": "POST", "Authentication": {"ConnectionArn": CONNECTION}});
    let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let invoke = json!({"ApiEndpoint": host, "Method": "POST", "Stage": "v1", "Path": "a"});
    for (name, parameters, target) in [("http", http, "/endpoint"), ("apigateway", invoke, "/api")] {
        for kind in ["STANDARD", "EXPRESS"] {
            let task = json!({"Type": "Task", "Resource": format!("arn:aws:states:::{name}:invoke"),
                "Parameters": parameters, "End": true});
            let definition = json!({"StartAt": "T", "States": {"T": task}}).to_string();
            let input = json!({"name": format!("{name}{kind}"), "definition": definition, "roleArn": ROLE,
                "type": kind, "tracingConfiguration": {"enabled": true}});
            let machine = states(&mut client, "CreateStateMachine", input)["stateMachineArn"].clone();
            for trace in [Some(TRACE), None] {
                run(&mut client, &machine, kind, trace);
                let received = backend.take();
                let [request] = &received[..] else { panic!("{received:?}") };
                assert_eq!(request.target, target);
                let told = request.header("x-amzn-trace-id");
                match (trace, name) {
                    (Some(trace), _) => assert_eq!(told, trace, "{name} {kind}"),
                    (None, "http") => assert_eq!(told, "", "{name} {kind}"),
                    // An API begins a trace for a request that has none.
                    (None, _) => assert!(told.starts_with("Root=1-") && told != TRACE, "{told}"),
                }
            }
        }
    }
}
