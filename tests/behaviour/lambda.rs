//! Lambda functions that run here: made, called and permitted through the API, by state machines and by APIs, and gone
//! with the server.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::authorizers::{call, get};
use crate::client::Client;
use crate::functions_support::{self, invoke, lambda, permit, uri, zipped};
use crate::server::{DataDir, Server};
use crate::{ROLE, states};

const HANDLER: &str = r#"
import os
def handler(event, context):
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError(event["fail"])
    return {"event": event, "pids": [os.getpid(), os.getppid()]}
def proxy(event, context):
    return {"statusCode": 201, "headers": {"x-path": event["path"]}, "body": event["httpMethod"]}
def allow(event, context):
    effect = "Allow" if event["authorizationToken"] == "yes" else "Deny"
    return {"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}]}}
"#;

fn make(client: &mut Client, name: &str, handler: &str) {
    functions_support::make(client, name, "python3.12", &format!("app.{handler}"), &[("app.py", HANDLER)]);
}

fn is_there(pid: &Value) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Waits until none of these processes is there.
fn are_gone(pids: &[Value]) {
    for _ in 0..500 {
        if !pids.iter().any(is_there) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{pids:?} are still there");
}

#[test]
fn a_function_is_called_through_the_api() {
    let dir = DataDir::new("lambda");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "handler");
    let answer = invoke(&mut client, "f", &[("x-amz-log-type", "Tail")], &json!({"a": 1}));
    assert_eq!((answer.status, &answer.json()["event"]), (200, &json!({"a": 1})));
    assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
    let log = STANDARD.decode(answer.header("x-amz-log-result").unwrap()).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("REPORT RequestId: "));
    let failed = invoke(&mut client, "f", &[], &json!({"fail": "why"}));
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(failed.json()["errorMessage"], "why");
    let event = invoke(&mut client, "f", &[("x-amz-invocation-type", "Event")], &json!({}));
    assert_eq!((event.status, event.body.len()), (202, 0));
    let dry = invoke(&mut client, "f", &[("x-amz-invocation-type", "DryRun")], &json!({}));
    assert_eq!(dry.status, 204);

    let missing = invoke(&mut client, "g", &[], &json!({}));
    assert_eq!(
        (missing.status, missing.header("x-amzn-errortype")),
        (404, Some("ResourceNotFoundException"))
    );
    let text = "Function not found: arn:aws:lambda:us-east-1:123456789012:function:g:$LATEST";
    assert_eq!(missing.json()["message"], text);
    let refused = json!({"FunctionName": "j", "Runtime": "java21", "Handler": "h", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(zipped(&[("app.py", b"")]))}});
    let refused = lambda(&mut client, "POST", "/2015-03-31/functions", &[], &refused.to_string());
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (400, Some("InvalidParameterValueException"))
    );
    assert!(
        refused.text().contains("put aws-lambda-java-runtime-interface-client into the package"),
        "{}",
        refused.text()
    );
    let signing = lambda(&mut client, "POST", "/2020-04-22/code-signing-configs", &[], "{}");
    assert_eq!(
        (signing.status, signing.header("x-amzn-errortype")),
        (400, Some("UnsupportedOperationException"))
    );

    let reserved = lambda(
        &mut client,
        "PUT",
        "/2017-10-31/functions/f/concurrency",
        &[],
        r#"{"ReservedConcurrentExecutions":0}"#,
    );
    assert_eq!(reserved.status, 200, "{}", reserved.text());
    let throttled = invoke(&mut client, "f", &[], &json!({}));
    assert_eq!((throttled.status, &throttled.json()["message"]), (429, &json!("Rate Exceeded.")));
    assert_eq!(throttled.json()["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
}

#[test]
fn a_streamed_answer_is_a_stream_of_events() {
    let dir = DataDir::new("lambda-stream");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "handler");
    let path = "/2021-11-15/functions/f/response-streaming-invocations";
    let answer = lambda(&mut client, "POST", path, &[], r#"{"a":1}"#);
    assert_eq!(answer.header("content-type"), Some("application/vnd.amazon.eventstream"));
    let text = answer.text();
    let chunk = text.find("PayloadChunk").unwrap();
    assert!(chunk < text.find("\"event\"").unwrap() && text.contains("InvokeComplete"), "{text}");
}

#[test]
fn state_machines_call_functions_in_process() {
    let dir = DataDir::new("lambda-states");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "handler");
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let definition = json!({"StartAt": "Direct", "States": {
        "Direct": {"Type": "Task", "Resource": arn, "ResultSelector": {"a.$": "$.event"}, "Next": "Invoke"},
        "Invoke": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "ResultSelector": {"b.$": "$.Payload.event", "v.$": "$.ExecutedVersion"}, "Next": "Fails"},
        "Fails": {"Type": "Task", "Resource": arn, "Parameters": {"fail": "no"}, "End": true,
            "Catch": [{"ErrorEquals": ["ValueError"], "ResultPath": "$.error", "Next": "Done"}]},
        "Done": {"Type": "Succeed"},
    }});
    let input = json!({"name": "M", "definition": definition.to_string(), "roleArn": ROLE});
    let machine = states(&mut client, "CreateStateMachine", input)["stateMachineArn"].clone();
    let started =
        states(&mut client, "StartExecution", json!({"stateMachineArn": machine, "input": "{\"x\":1}"}));
    let describe = json!({"executionArn": started["executionArn"]});
    let mut told = Value::Null;
    for _ in 0..1000 {
        told = states(&mut client, "DescribeExecution", describe.clone());
        if told["status"] != "RUNNING" {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(told["status"], "SUCCEEDED", "{told}");
    let output: Value = serde_json::from_str(told["output"].as_str().unwrap()).unwrap();
    assert_eq!((&output["b"], &output["v"]), (&json!({"a": {"x": 1}}), &json!("$LATEST")));
    assert_eq!(output["error"]["Error"], "ValueError");
    let history = states(&mut client, "GetExecutionHistory", describe);
    let types: Vec<&str> =
        history["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert!(
        types.contains(&"LambdaFunctionSucceeded") && types.contains(&"LambdaFunctionFailed"),
        "{types:?}"
    );
}

#[test]
fn apis_call_functions_that_let_them_in() {
    let dir = DataDir::new("lambda-apis");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "proxy", "proxy");
    make(&mut client, "who", "allow");
    let definition = json!({"swagger": "2.0", "info": {"title": "t"},
        "securityDefinitions": {"who": {"type": "apiKey", "name": "x-token", "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": uri("who"),
                "authorizerResultTtlInSeconds": 0}}},
        "paths": {"/a": {"get": {"x-amazon-apigateway-integration": {
                "type": "aws_proxy", "httpMethod": "POST", "uri": uri("proxy")}}},
            "/b": {"get": {"security": [{"who": []}], "x-amazon-apigateway-integration": {
                "type": "aws_proxy", "httpMethod": "POST", "uri": uri("proxy")}}}}});
    let api = call(&mut client, "POST", "/restapis?mode=import", &definition);
    let api = api["id"].as_str().unwrap();
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    let path = |path: &str| format!("/_aws/execute-api/{api}/v1/{path}");
    assert_eq!(get(&mut client, &path("a"), &[]).status, 500, "nobody has let it in");
    permit(&mut client, "proxy", &format!("{api}/*/GET/a"));
    let answer = get(&mut client, &path("a"), &[]);
    assert_eq!((answer.status, answer.header("x-path"), answer.text().as_str()), (201, Some("/a"), "GET"));
    assert_eq!(
        get(&mut client, &path("b"), &[("x-token", "yes")]).status,
        500,
        "the authorizer is not let in"
    );
    permit(&mut client, "who", &format!("{api}/authorizers/*"));
    assert_eq!(get(&mut client, &path("b"), &[("x-token", "no")]).status, 403);
    assert_eq!(
        get(&mut client, &path("b"), &[("x-token", "yes")]).status,
        500,
        "the other resource is let in alone"
    );
}

#[test]
fn a_full_disk_fails_calls_and_passes() {
    let dir = DataDir::new("lambda-disk");
    // The tutorial is deployed before the disk becomes small.
    assert!(Server::start(&dir, &[]).terminate().success());
    let server = Server::start_with_small_disk(&dir, 6_000);
    let mut client = Client::new(&server.address);
    // A package that finds no place is the server's fault, by the name that state machines try again for.
    let zeros = "\0".repeat(8 << 20);
    let files = [("app.py", "def handler(event, context): return event\n"), ("zeros", zeros.as_str())];
    functions_support::make(&mut client, "g", "python3.12", "app.handler", &files);
    let failed = invoke(&mut client, "g", &[], &json!(1));
    assert_eq!((failed.status, failed.header("x-amzn-errortype")), (500, Some("ServiceException")));
    server.make_space();
    assert_eq!(invoke(&mut client, "g", &[], &json!(1)).json(), 1);
}

#[test]
fn functions_stay_and_their_processes_do_not() {
    let dir = DataDir::new("lambda-restart");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "handler");
    let pids = |client: &mut Client| {
        let told = invoke(client, "f", &[], &json!({})).json();
        told["pids"].as_array().unwrap().clone()
    };
    let killed = pids(&mut client);
    assert!(killed.iter().all(is_there));
    server.kill();
    are_gone(&killed);

    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let stopped = pids(&mut client);
    assert!(server.terminate().success());
    are_gone(&stopped);
}
