//! `stepgate exec`: forks and skipped Waits, against a running server.

use serde_json::{Value, json};

use crate::client::Client;
use crate::commands::{stderr, stdout, stepgate};
use crate::server::{DataDir, Server};
use crate::{ROLE, error_of, states};

/// Branches that wait for an hour, and what they are given and come to.
fn waiting() -> Value {
    let branch = |name: &str| {
        let done = format!("{name}Done");
        json!({"StartAt": name, "States": {name: {"Type": "Wait", "Seconds": 3600, "Next": &done},
            &done: {"Type": "Pass", "Parameters": {"by": name, "in.$": "$"}, "End": true}}})
    };
    json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [branch("A"), branch("B")], "Next": "D"}, "D": {"Type": "Succeed"}}})
}

fn events(client: &mut Client, arn: &str) -> Vec<String> {
    let history = states(client, "GetExecutionHistory", json!({"executionArn": arn}));
    let events = history["events"].as_array().unwrap().iter();
    events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn executions_are_skipped_and_forked_from_the_command_line_and_outlive_a_kill() {
    let dir = DataDir::new("exec");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let create = json!({"name": "Waits", "definition": waiting().to_string(), "roleArn": ROLE});
    let machine = states(&mut client, "CreateStateMachine", create)["stateMachineArn"].clone();
    let start = json!({"stateMachineArn": machine, "name": "old", "input": "{\"n\":1}"});
    let old = states(&mut client, "StartExecution", start)["executionArn"].as_str().unwrap().to_owned();

    let exec = |server: &Server, arguments: &[&str]| {
        let endpoint = format!("http://{}", server.address);
        stepgate(&[&["exec"], arguments, &["--endpoint", &endpoint]].concat())
    };
    let refused = exec(&server, &["skip", &old, "--state", "Z"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = stderr(&refused);
    assert!(
        told.contains(
            "the server refused: ValidationException: The execution does not wait in the state 'Z'."
        ),
        "{told}"
    );
    let skipped = exec(&server, &["skip", &old, "--state", "A"]);
    assert_eq!((skipped.status.code(), stdout(&skipped).as_str()), (Some(0), "A\n"));
    server.kill();
    server = Server::start(&dir, &[]);
    let skipped = exec(&server, &["skip", &old, "--json"]);
    assert_eq!(stdout(&skipped), "{\"stateNames\":[\"B\"]}\n", "{}", stderr(&skipped));
    client = Client::new(&server.address);
    let described = states(&mut client, "DescribeExecution", json!({"executionArn": old}));
    let output =
        |described: &Value| serde_json::from_str::<Value>(described["output"].as_str().unwrap()).unwrap();
    assert_eq!(output(&described), json!([{"by": "A", "in": {"n": 1}}, {"by": "B", "in": {"n": 1}}]));

    // In the middle of a branch: the other one was done by then.
    let forked = exec(&server, &["fork", &old, "--from", "BDone", "--input", "{\"n\":2}", "--name", "new"]);
    let new = stdout(&forked).trim_end().to_owned();
    assert_eq!(new, old.replace(":old", ":new"), "{}", stderr(&forked));
    server.kill();
    server = Server::start(&dir, &[]);
    client = Client::new(&server.address);
    let described = states(&mut client, "DescribeExecution", json!({"executionArn": new}));
    assert_eq!(output(&described), json!([{"by": "A", "in": {"n": 1}}, {"by": "B", "in": {"n": 2}}]));
    assert_eq!(described["input"], "{\"n\":1}");
    let expect = ["ExecutionStarted", "ParallelStateEntered", "ParallelStateStarted", "PassStateEntered"];
    assert_eq!(events(&mut client, &new)[..4], expect);

    let nowhere = exec(&server, &["fork", &old, "--from", "Nope"]);
    assert!(stderr(&nowhere).contains("The state machine has no state 'Nope'."), "{}", stderr(&nowhere));
    let no_arn = exec(&server, &["fork", "old", "--from", "A"]);
    assert!(stderr(&no_arn).contains("named by its ARN"), "{}", stderr(&no_arn));
    // Regions are apart: there is no such execution elsewhere.
    let elsewhere = exec(&server, &["skip", &old.replace("us-east-1", "eu-west-1")]);
    assert!(stderr(&elsewhere).contains("ExecutionDoesNotExist"), "{}", stderr(&elsewhere));
}

#[test]
fn members_of_both_operations_are_checked_as_those_of_any() {
    let dir = DataDir::new("exec-members");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    for (operation, input) in [
        ("ForkExecution", json!({"executionArn": "x"})),
        ("ForkExecution", json!({"executionArn": "x", "stateName": "A", "eventId": 0})),
        ("SkipWait", json!({})),
    ] {
        let answer = client.states(operation, &input).unwrap();
        assert_eq!(
            (answer.status, error_of(&answer).as_str()),
            (400, "ValidationException"),
            "{operation} {input}"
        );
    }
    let answer = client.states("SkipWait", &json!({"executionArn": "x"})).unwrap();
    assert_eq!(error_of(&answer), "InvalidArn");
    let tag = json!([{"key": "stepgate:historyEventsMax", "value": "many"}]);
    let create = json!({"name": "T", "definition": waiting().to_string(), "roleArn": ROLE, "tags": tag});
    let answer = client.states("CreateStateMachine", &create).unwrap();
    assert_eq!(error_of(&answer), "ValidationException");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Invalid value many of the tag stepgate:historyEventsMax."), "{message}");
}
