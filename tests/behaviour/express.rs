//! Express executions of a running server: those that are kept for a while, and what they are billed for.

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{ROLE, error_of, states};

fn create(client: &mut Client, name: &str, definition: &Value, tags: Value) -> Value {
    let input = json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE, "type": "EXPRESS",
        "tags": tags});
    states(client, "CreateStateMachine", input)["stateMachineArn"].clone()
}

fn kept(seconds: &str) -> Value {
    json!([{"key": "stepgate:expressHistorySeconds", "value": seconds}])
}

fn pass() -> Value {
    json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"done": true}, "End": true}}})
}

/// The types of all events, page by page.
fn history(client: &mut Client, execution: &Value) -> Vec<Value> {
    let (mut types, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({"executionArn": execution, "maxResults": 3});
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let page = states(client, "GetExecutionHistory", input);
        types.extend(page["events"].as_array().unwrap().iter().map(|event| event["type"].clone()));
        token = page["nextToken"].clone();
        if token.is_null() {
            return types;
        }
    }
}

/// The executions that a machine lists, by name.
fn names(client: &mut Client, machine: &Value, status: &str) -> Vec<Value> {
    let listed =
        states(client, "ListExecutions", json!({"stateMachineArn": machine, "statusFilter": status}));
    listed["executions"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
}

#[test]
fn executions_are_described_listed_and_told_as_long_as_their_machine_keeps_them() {
    let dir = DataDir::new("express-kept");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Keeps", &pass(), kept("3600"));
    let start = |name: &str| json!({"stateMachineArn": machine, "name": name, "input": "{\"n\":1}"});
    let done = states(&mut client, "StartSyncExecution", start("sync"));
    let begun = states(&mut client, "StartExecution", start("async"));
    while names(&mut client, &machine, "SUCCEEDED").len() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(names(&mut client, &machine, "SUCCEEDED"), ["async", "sync"]);
    assert_eq!(names(&mut client, &machine, "FAILED"), [""; 0]);
    for execution in [&done["executionArn"], &begun["executionArn"]] {
        let described = states(&mut client, "DescribeExecution", json!({"executionArn": execution}));
        assert_eq!((&described["status"], &described["stateMachineArn"]), (&json!("SUCCEEDED"), &machine));
        assert_eq!(
            (&described["input"], &described["output"], &described["redriveStatus"]),
            (&json!("{\"n\":1}"), &json!("{\"done\":true}"), &json!("NOT_REDRIVABLE"))
        );
        assert!(described["stopDate"].as_f64() >= described["startDate"].as_f64(), "{described}");
        assert_eq!(
            history(&mut client, execution),
            ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
        );
    }
    // A stop or a redrive is for Standard ones all the same.
    for operation in ["StopExecution", "RedriveExecution"] {
        let answer = client.states(operation, &json!({"executionArn": done["executionArn"]})).unwrap();
        assert_eq!((answer.status, error_of(&answer).as_str()), (400, "InvalidArn"), "{operation}");
    }

    // They end with the process …
    drop(server);
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let of = json!({"executionArn": done["executionArn"]});
    assert_eq!(error_of(&client.states("DescribeExecution", &of).unwrap()), "InvalidArn");
    assert_eq!(names(&mut client, &machine, "SUCCEEDED"), [""; 0]);

    // … and after their time; other machines keep none, as on AWS.
    let short = create(&mut client, "Short", &pass(), kept("1"));
    let done = states(&mut client, "StartSyncExecution", json!({"stateMachineArn": short}));
    let of = json!({"executionArn": done["executionArn"]});
    while client.states("DescribeExecution", &of).unwrap().status == 200 {
        std::thread::yield_now();
    }
    for operation in ["DescribeExecution", "GetExecutionHistory"] {
        let answer = client.states(operation, &of).unwrap();
        assert_eq!((answer.status, error_of(&answer).as_str()), (400, "InvalidArn"), "{operation}");
        assert_eq!(
            answer.json()["message"],
            "Invalid Arn: 'Resource type not valid in this context: express'"
        );
    }
    let none = create(&mut client, "None", &pass(), json!([]));
    let done = states(&mut client, "StartSyncExecution", json!({"stateMachineArn": none}));
    let of = json!({"executionArn": done["executionArn"]});
    assert_eq!(error_of(&client.states("DescribeExecution", &of).unwrap()), "InvalidArn");
    let listed = client.states("ListExecutions", &json!({"stateMachineArn": none})).unwrap();
    assert_eq!((listed.status, error_of(&listed).as_str()), (400, "StateMachineTypeNotSupported"));
}

#[test]
fn synchronous_executions_say_what_they_are_billed_for() {
    let dir = DataDir::new("express-billed");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let each = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": true}}});
    let map = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "End": true,
        "ItemSelector": {"pad.$": "$.pad"}, "ItemProcessor": each}}});
    let machine = create(&mut client, "Billed", &map, json!([]));
    for (n_items, memory) in [(1, 64), (90, 128)] {
        let input = json!({"items": vec![0; n_items], "pad": "x".repeat(200_000)}).to_string();
        let done =
            states(&mut client, "StartSyncExecution", json!({"stateMachineArn": machine, "input": input}));
        let billed = &done["billingDetails"];
        assert_eq!((&done["status"], &billed["billedMemoryUsedInMB"]), (&json!("SUCCEEDED"), &json!(memory)));
        let duration = billed["billedDurationInMilliseconds"].as_u64().unwrap();
        assert!(0 < duration && duration.is_multiple_of(100), "{duration}");
    }
}
