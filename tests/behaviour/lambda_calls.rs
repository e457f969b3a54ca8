//! Who calls functions, and how: methods that map what they say, state machines that wait for them, event files, people.

use std::fs;

use serde_json::{Value, json};

use crate::authorizers::call;
use crate::client::Client;
use crate::commands::{stderr, stdout, stepgate};
use crate::functions_support::{Following, PATIENCE, make, permit, uri};
use crate::server::{DataDir, Server};
use crate::{ROLE, states};

const HANDLER: &str = r#"
def handler(event, context):
    print("called", event)
    if event.get("fail"):
        raise ValueError("no order " + event["fail"])
    return {"order": event.get("id")}
"#;

/// A method that calls `f` with what its query says, without the proxy.
fn method(extra: &Value) -> Value {
    let mut integration = json!({
        "type": "aws", "httpMethod": "POST", "uri": uri("f"),
        "requestTemplates": {"application/json": "{\"id\": \"$input.params('id')\", \"fail\": \"$input.params('fail')\"}"},
        "responses": {
            "default": {"statusCode": "200"},
            "no order [0-9]+": {"statusCode": "404", "responseTemplates": {
                "application/json": "{\"error\": $input.json('$.errorMessage'), \"type\": $input.json('$.errorType')}"}},
            "no.*": {"statusCode": "502"},
        },
    });
    integration.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"get": {
        "responses": {"200": {}, "404": {}, "502": {}, "202": {}}, "x-amazon-apigateway-integration": integration,
    }})
}

#[test]
fn methods_map_what_a_function_takes_and_says() {
    let dir = DataDir::new("calls-aws");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", HANDLER)]);
    let later = json!({
        "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
        "responses": {"default": {"statusCode": "202", "responseTemplates": {"application/json": "{}"}}},
    });
    let definition = json!({"openapi": "3.0.1", "info": {"title": "t"},
        "paths": {"/now": method(&json!({})), "/later": method(&later)}});
    let api = call(&mut client, "POST", "/restapis?mode=import", &definition);
    let api = api["id"].as_str().unwrap();
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    permit(&mut client, "f", &format!("{api}/*"));
    let mut get = |path: &str| {
        let answer = client.send("GET", &format!("/_aws/execute-api/{api}/v1/{path}"), &[], b"").unwrap();
        (answer.status, answer.text())
    };
    assert_eq!(get("now?id=7"), (200, r#"{"order": "7"}"#.to_owned()));
    let (status, told) = get("now?fail=12");
    assert_eq!(
        (status, serde_json::from_str(&told).unwrap()),
        (404, json!({"error": "no order 12", "type": "ValueError"}))
    );
    // The whole message must match.
    assert_eq!(get("now?fail=x").0, 502);

    let following = Following::start(&["logs", "-f", "f"], &server.address);
    assert_eq!(get("later?id=later"), (202, "{}".to_owned()));
    following.until_log("called {'id': 'later'");
}

#[test]
fn a_state_machine_waits_for_the_token_that_a_function_was_given() {
    let dir = DataDir::new("calls-token");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let code = "def handler(event, context): print('token ' + event['token'])\n";
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", code)]);
    let definition = json!({"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
        "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}}}});
    let machine = json!({"name": "M", "definition": definition.to_string(), "roleArn": ROLE});
    let machine = states(&mut client, "CreateStateMachine", machine)["stateMachineArn"].clone();
    let following = Following::start(&["logs", "-f", "f"], &server.address);
    let started = states(&mut client, "StartExecution", json!({"stateMachineArn": machine}));
    let line = following.until_log("token ");
    let describe = json!({"executionArn": started["executionArn"]});
    assert_eq!(states(&mut client, "DescribeExecution", describe.clone())["status"], "RUNNING");
    let token = line.strip_prefix("token ").unwrap();
    states(&mut client, "SendTaskSuccess", json!({"taskToken": token, "output": "{\"done\":1}"}));
    #[allow(clippy::disallowed_methods)] // A test waits in real time.
    let begun = std::time::Instant::now();
    loop {
        let told = states(&mut client, "DescribeExecution", describe.clone());
        if told["status"] != "RUNNING" {
            assert_eq!((&told["status"], &told["output"]), (&json!("SUCCEEDED"), &json!("{\"done\":1}")));
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}");
    }
}

/// What `sam local generate-event apigateway aws-proxy` writes, without most of its headers.
const SAM_EVENT: &str = r#"{
  "body": "eyJ0ZXN0IjoiYm9keSJ9", "resource": "/{proxy+}", "path": "/path/to/resource", "httpMethod": "POST",
  "isBase64Encoded": true, "queryStringParameters": {"foo": "bar"}, "multiValueQueryStringParameters": {"foo": ["bar"]},
  "pathParameters": {"proxy": "/path/to/resource"}, "stageVariables": {"baz": "qux"},
  "headers": {"Accept-Language": "en-US,en;q=0.8", "Host": "1234567890.execute-api.us-east-1.amazonaws.com"},
  "requestContext": {"accountId": "123456789012", "resourceId": "123456", "stage": "prod", "apiId": "1234567890",
    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "resourcePath": "/{proxy+}", "httpMethod": "POST",
    "identity": {"sourceIp": "127.0.0.1", "userAgent": "Custom User Agent String", "accessKey": null}}
}
"#;

#[test]
fn event_files_of_sam_are_sent_as_they_are() {
    let dir = DataDir::new("calls-files");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let code = "import base64, json\ndef handler(event, context):\n    body = json.loads(base64.b64decode(event['body']))\n    return {'statusCode': 200, 'body': json.dumps([event['httpMethod'], event['pathParameters']['proxy'], body])}\n";
    make(&mut Client::new(&server.address), "f", "python3.12", "app.handler", &[("app.py", code)]);
    let file = dir.path().join("event.json");
    fs::write(&file, SAM_EVENT).unwrap();
    let payload = format!("@{}", file.display());
    let output = stepgate(&["fn", "invoke", "f", "--payload", &payload, "--endpoint", &endpoint]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!(["POST", "/path/to/resource", {"test": "body"}]));
    for (wrong, says) in
        [(format!("@{}", dir.path().join("none.json").display()), "none.json"), ("{".into(), "json")]
    {
        let output = stepgate(&["fn", "invoke", "f", "--payload", &wrong, "--endpoint", &endpoint]);
        assert!(!output.status.success() && stderr(&output).contains(says), "{}", stderr(&output));
    }
}
