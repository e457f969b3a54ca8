//! What Task states can call: deployed APIs, the Step Functions API, other executions.

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, ROLE, states};

/// Runs a machine with one task and describes how it ended.
pub(crate) fn run(client: &mut Client, name: &str, resource: &str, parameters: &Value) -> Value {
    let task = json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "End": true});
    let definition = json!({"StartAt": "T", "States": {"T": task}}).to_string();
    let machine = states(
        client,
        "CreateStateMachine",
        json!({"name": name, "definition": definition, "roleArn": ROLE}),
    );
    let started = states(client, "StartExecution", json!({"stateMachineArn": machine["stateMachineArn"]}));
    loop {
        let described = states(client, "DescribeExecution", json!({"executionArn": started["executionArn"]}));
        if described["status"] != "RUNNING" {
            return described;
        }
        std::thread::yield_now();
    }
}

pub(crate) fn output(described: &Value) -> Value {
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    serde_json::from_str(described["output"].as_str().unwrap()).unwrap()
}

#[test]
fn a_task_calls_a_deployed_api_which_starts_an_execution() {
    let dir = DataDir::new("task-api");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let apis = client.apigateway("GET", "/restapis", &Value::Null).unwrap().json();
    let id = apis["item"][0]["id"].as_str().unwrap().to_owned();
    let endpoint = format!("{id}.execute-api.us-east-1.amazonaws.com");
    let call = |stage: &str| {
        json!({"ApiEndpoint": endpoint, "Method": "POST", "Stage": stage, "Path": "execution", "AuthType": "IAM_ROLE",
            "RequestBody": {"input": "{}", "name": "FromATask", "stateMachineArn": HELLO_WORLD}})
    };
    let answer = output(&run(&mut client, "Calls", "apigateway:invoke", &call("alpha")));
    assert_eq!((&answer["StatusCode"], &answer["StatusText"]), (&json!(200), &json!("OK")));
    let arn = &answer["ResponseBody"]["executionArn"];
    assert_eq!(*arn, HELLO_WORLD.replace(":stateMachine:", ":execution:") + ":FromATask");
    assert_eq!(answer["Headers"]["content-type"], json!(["application/json"]));

    let failed = run(&mut client, "CallsNothing", "apigateway:invoke", &call("nope"));
    assert_eq!(failed["error"], "ApiGateway.403", "{failed}");
    assert_eq!(failed["cause"], "{\"message\":\"Forbidden\"}");
}

#[test]
fn a_task_calls_the_step_functions_api() {
    let dir = DataDir::new("task-sfn");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let named = json!({"StateMachineArn": HELLO_WORLD});
    let answer = output(&run(&mut client, "Describes", "aws-sdk:sfn:describeStateMachine", &named));
    assert_eq!((&answer["Name"], &answer["Status"]), (&json!("HelloWorld"), &json!("ACTIVE")));
    assert!(answer["CreationDate"].as_str().unwrap().ends_with('Z'), "{answer}");
    let unknown = json!({"StateMachineArn": format!("{HELLO_WORLD}2")});
    let failed = run(&mut client, "DescribesNothing", "aws-sdk:sfn:describeStateMachine", &unknown);
    assert_eq!(failed["error"], "Sfn.StateMachineDoesNotExistException", "{failed}");
}

#[test]
fn a_task_waits_for_the_execution_that_it_starts() {
    let dir = DataDir::new("task-nested");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let named = json!({"StateMachineArn": HELLO_WORLD, "Input": {"a": 1}});
    let answer = output(&run(&mut client, "Waits", "states:startExecution.sync:2", &named));
    assert_eq!(
        (&answer["Status"], &answer["Output"], &answer["Input"]),
        (&json!("SUCCEEDED"), &json!("Hello World!"), &json!({"a": 1}))
    );
}

#[test]
fn a_task_without_a_service_says_what_is_missing() {
    let dir = DataDir::new("task-none");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let failed = run(&mut client, "Sends", "sqs:sendMessage", &json!({"QueueUrl": "q", "MessageBody": "b"}));
    assert_eq!((&failed["status"], &failed["error"]), (&json!("FAILED"), &json!("States.Runtime")));
    let cause = failed["cause"].as_str().unwrap();
    assert!(
        cause.contains("arn:aws:states:::sqs:sendMessage") && cause.contains("[services.sqs] endpoint"),
        "{cause}"
    );
}
