//! Tasks that call an API: AWS's sample project "Make a call to API Gateway", calls that a resource policy lets in, and
//! tokens in headers and bodies.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/sample-apigateway-workflow.html>

use serde_json::{Value, json};

use crate::client::Client;
use crate::commands::{stderr, stepgate};
use crate::iam::deploy;
use crate::roles::{iam, role};
use crate::server::{DataDir, Server};
use crate::states;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/call-api-gateway.yaml");

/// Runs a machine to its end.
fn run(client: &mut Client, machine: &str, input: &Value) -> Value {
    let start = json!({"stateMachineArn": machine, "input": input.to_string()});
    let started = states(client, "StartExecution", start);
    loop {
        let described = states(client, "DescribeExecution", json!({"executionArn": started["executionArn"]}));
        if described["status"] != "RUNNING" {
            return described;
        }
        std::thread::yield_now();
    }
}

/// The state that an execution ended in.
fn last_state(client: &mut Client, described: &Value) -> String {
    let input = json!({"executionArn": described["executionArn"]});
    let history = states(client, "GetExecutionHistory", input);
    let entered = history["events"].as_array().unwrap().iter().rev();
    let mut names = entered.filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str());
    names.next().unwrap().to_owned()
}

#[test]
fn the_sample_project_works_as_aws_prints_it() {
    let dir = DataDir::new("sample-project");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let applied = stepgate(&["apply", SAMPLE, "--endpoint", &endpoint, "--json"]);
    assert!(applied.status.success(), "{}", stderr(&applied));
    let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
    let machine = applied["outputs"]["StateMachineArn"].as_str().unwrap().to_owned();
    let mut client = Client::new(&server.address);
    let turtle = json!({"NewPet": {"type": "turtle", "price": 74.99}});

    let described = run(&mut client, &machine, &turtle);
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["ExistingPets"]["Pets"][0]["type"], "dog", "{output}");
    assert_eq!(output["ResponseBody"]["message"], "success");

    for bad in [json!({"type": "turtle"}), json!({"type": "turtle", "price": "much"}), json!({"price": 1})] {
        let described = run(&mut client, &machine, &json!({ "NewPet": bad }));
        assert_eq!(described["status"], "FAILED", "{described}");
        assert_eq!(last_state(&mut client, &described), "Failure");
    }

    // Without the policy AWS's gateway says no, and the task fails with its status.
    let machine_of = json!({"stateMachineArn": machine});
    let role = states(&mut client, "DescribeStateMachine", machine_of)["roleArn"].clone();
    let role = role.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    iam(&mut client, "DeleteRolePolicy", &[("RoleName", &role), ("PolicyName", "CallPetStore")]);
    let described = run(&mut client, &machine, &turtle);
    assert_eq!(described["error"], "ApiGateway.403", "{described}");
    assert!(
        described["cause"].as_str().unwrap().contains("is not authorized to perform: execute-api:Invoke")
    );
    assert_eq!(last_state(&mut client, &described), "Add Pet to Store");
}

#[test]
fn a_template_s_role_without_a_policy_may_do_nothing() {
    let dir = DataDir::new("sample-project-bare");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let sample = std::fs::read_to_string(SAMPLE).unwrap();
    let (before, rest) = sample.split_once("      Policies:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let template = dir.path().join("bare.yaml");
    // It may be assigned all the same, before it has what delivering logs needs.
    let logging = "      LoggingConfiguration:\n        Level: ALL\n        Destinations:\n          - CloudWatchLogsLogGroup:\n              \
                   LogGroupArn: !Sub arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:bare:*\n";
    let role = "      RoleArn: !GetAtt ApiGatewayWorkflowRole.Arn\n";
    let after = after.replace(role, &format!("{role}{logging}"));
    assert!(after.contains("LoggingConfiguration"));
    std::fs::write(&template, format!("{before}\n{after}")).unwrap();
    let template = template.to_str().unwrap();
    let applied = stepgate(&["apply", template, "--stack-name", "bare", "--endpoint", &endpoint, "--json"]);
    assert!(applied.status.success(), "{}", stderr(&applied));
    let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
    let machine = applied["outputs"]["StateMachineArn"].as_str().unwrap();
    let mut client = Client::new(&server.address);
    let described = run(&mut client, machine, &json!({"NewPet": {"type": "turtle", "price": 74.99}}));
    assert_eq!(described["error"], "ApiGateway.403", "{described}");
    assert_eq!(last_state(&mut client, &described), "Add Pet to Store");
}

fn method(auth: Option<&str>, answer: &str) -> Value {
    let mut method = json!({
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": answer}}},
        },
    });
    if let Some(auth) = auth {
        method["x-amazon-apigateway-auth"] = json!({"type": auth});
    }
    method
}

/// A machine of one task that calls an API.
fn machine(client: &mut Client, name: &str, role: &str, resource: &str, parameters: &Value) -> String {
    let task = json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
    let definition = json!({"StartAt": "T", "States": {"T": task}}).to_string();
    let input = json!({"name": name, "definition": definition, "roleArn": role});
    states(client, "CreateStateMachine", input)["stateMachineArn"].as_str().unwrap().to_owned()
}

fn host(api: &str) -> String {
    format!("{api}.execute-api.us-east-1.amazonaws.com")
}

#[test]
fn a_resource_policy_lets_state_machines_in() {
    let dir = DataDir::new("api-tasks-policy");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let role = role(&mut client, "Tasks", &["states.amazonaws.com"]);
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "execute-api:Invoke",
        "Resource": "execute-api:/v1/GET/*",
        "Condition": {"StringEquals": {"aws:SourceArn":
            "arn:aws:states:us-east-1:123456789012:stateMachine:Known"}},
    });
    let definition = json!({
        "openapi": "3.0.1", "info": {"title": "policed"},
        "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [statement]},
        "paths": {"/a": {"get": method(None, "\"in\""), "post": method(None, "\"in\"")}},
    });
    let api = deploy(&mut client, &definition);
    for (name, verb, auth, error) in [
        ("Known", "GET", "RESOURCE_POLICY", None),
        ("Known", "POST", "RESOURCE_POLICY", Some("ApiGateway.403")),
        ("Known", "GET", "NO_AUTH", Some("ApiGateway.403")),
        ("Unknown", "GET", "RESOURCE_POLICY", Some("ApiGateway.403")),
    ] {
        let parameters =
            json!({"ApiEndpoint": host(&api), "Method": verb, "Stage": "v1", "Path": "a", "AuthType": auth});
        let machine = machine(&mut client, name, &role, "arn:aws:states:::apigateway:invoke", &parameters);
        let described = run(&mut client, &machine, &json!({}));
        assert_eq!(described["error"].as_str(), error, "{name} {verb} {auth}: {described}");
        states(&mut client, "DeleteStateMachine", json!({"stateMachineArn": machine}));
    }
}

#[test]
fn a_token_is_sent_in_headers_and_bodies() {
    let dir = DataDir::new("api-tasks-token");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let role = role(&mut client, "Tasks", &["states.amazonaws.com"]);
    // Answers by itself: the API's integration sends the token back.
    let back = |token: &str| {
        json!({
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {
                "type": "aws", "httpMethod": "POST",
                "uri": "arn:aws:apigateway:us-east-1:states:action/SendTaskSuccess",
                "credentials": "arn:aws:iam::123456789012:role/Elsewhere",
                "passthroughBehavior": "never",
                "requestTemplates": {"application/json": format!(
                    "{{\"taskToken\": \"{token}\", \"output\": \"{{\\\"from\\\": \\\"api\\\"}}\"}}"
                )},
                "responses": {"default": {"statusCode": "200"}},
            },
        })
    };
    let definition = json!({
        "openapi": "3.0.1", "info": {"title": "tokens"},
        "paths": {
            "/header": {"post": back("$input.params('Task-Token')")},
            "/body": {"post": back("$input.path('$.token')")},
        },
    });
    let api = deploy(&mut client, &definition);
    for (path, more) in [
        ("header", json!({"Headers": {"Task-Token.$": "States.Array($$.Task.Token)"}, "RequestBody": {}})),
        ("body", json!({"RequestBody": {"token.$": "$$.Task.Token"}})),
    ] {
        let mut parameters =
            json!({"ApiEndpoint": host(&api), "Method": "POST", "Stage": "v1", "Path": path});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let resource = "arn:aws:states:::apigateway:invoke.waitForTaskToken";
        let machine = machine(&mut client, path, &role, resource, &parameters);
        let described = run(&mut client, &machine, &json!({}));
        let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
        assert_eq!(output, json!({"from": "api"}), "{path}: {described}");
    }
}
