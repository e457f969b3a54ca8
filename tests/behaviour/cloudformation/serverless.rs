//! A template of the Serverless Application Model with code and documents beside it: applied, called, changed, and
//! deployed through CloudFormation's API.

use std::fs;

use serde_json::{Value, json};

use crate::authorizers::get;
use crate::client::Client;
use crate::commands::{stderr, stepgate};
use crate::server::{DataDir, Server};

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, Handler: app.handler, Timeout: 20}
  Api: {Cors: "'*'"}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Events:
        Get: {Type: Api, Properties: {Path: "/hello/{name}", Method: get}}
  Guard:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: |
        def handler(event, context):
            word = event['headers'].get('X-Word')
            effect = 'Allow' if word == 'please' else 'Deny'
            statement = {'Action': 'execute-api:Invoke', 'Effect': effect, 'Resource': event['methodArn']}
            return {'principalId': 'me', 'policyDocument': {'Version': '2012-10-17', 'Statement': [statement]}}
      Handler: index.handler
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      Auth:
        DefaultAuthorizer: Word
        Authorizers:
          Word:
            FunctionArn: !GetAtt Guard.Arn
            FunctionPayloadType: REQUEST
            Identity: {Headers: [x-word], ReauthorizeEvery: 0}
  Orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: orders.asl.yaml
      DefinitionSubstitutions: {Hello: !GetAtt Hello.Arn}
      Policies:
        - LambdaInvokePolicy: {FunctionName: !Ref Hello}
      Events:
        Post: {Type: Api, Properties: {Path: /orders, Method: post, RestApiId: !Ref Shop, UnescapeMappingTemplate: true}}
Outputs:
  Hello: {Value: !Ref ServerlessRestApi}
  Shop: {Value: !Ref Shop}
  Stage: {Value: !Ref Shop.Stage}
  Orders: {Value: !Ref Orders}
"#;

#[test]
fn a_serverless_application_is_applied_and_called() {
    let dir = DataDir::new("serverless");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let folder = dir.path().join("app");
    fs::create_dir_all(folder.join("hello")).unwrap();
    let code = |word: &str| {
        format!(
            "def handler(event, context):\n    name = (event.get('pathParameters') or {{}}).get('name', 'nobody')\n    return {{'statusCode': 200, 'body': '{word} ' + name}}\n"
        )
    };
    fs::write(folder.join("hello/app.py"), code("hello")).unwrap();
    let definition = "StartAt: Hello\nStates:\n  Hello: {Type: Task, Resource: \"${Hello}\", End: true}\n";
    fs::write(folder.join("orders.asl.yaml"), definition).unwrap();
    let file = folder.join("template.yaml");
    fs::write(&file, TEMPLATE).unwrap();
    let apply = || -> Value {
        let output = stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let made = apply();
    let output = |name: &str| made["outputs"][name].as_str().unwrap().to_owned();
    assert_eq!(output("Stage"), "live");
    let mut client = Client::new(&server.address);
    let path = format!("/_aws/execute-api/{}/Prod/hello/you", output("Hello"));
    let answer = get(&mut client, &path, &[]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello you"));
    let preflight = client.send("OPTIONS", &path, &[], b"").unwrap();
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-methods")),
        (200, Some("GET,OPTIONS")),
        "{}",
        preflight.text()
    );

    let orders = format!("/_aws/execute-api/{}/live/orders", output("Shop"));
    let mut post = |word: &str| {
        let headers = [("content-type", "application/json"), ("x-word", word)];
        client.send("POST", &orders, &headers, br#"{"who": "it's me"}"#).unwrap()
    };
    assert_eq!(post("now").status, 403);
    let started = post("please");
    assert_eq!(started.status, 200, "{}", started.text());
    let execution = started.json()["executionArn"].as_str().unwrap().to_owned();
    let ended = loop {
        let told = client.states("DescribeExecution", &json!({"executionArn": execution})).unwrap().json();
        if told["status"] != "RUNNING" {
            break told;
        }
    };
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["input"], r#"{"who":"it's me"}"#);

    // Only the function changes; nothing is deployed for that.
    fs::write(folder.join("hello/app.py"), code("good day")).unwrap();
    let changed = apply();
    let changes = changed["changes"].as_array().unwrap().iter();
    let changes: Vec<&Value> = changes.filter(|it| it["action"] != "unchanged").collect();
    assert_eq!(changes.len(), 1, "{changed}");
    assert_eq!((&changes[0]["logicalId"], &changes[0]["action"]), (&json!("Hello"), &json!("updated")));
    assert_eq!(get(&mut client, &path, &[]).text(), "good day you");
}
