//! Templates with Lambda functions: made, called, changed with and without a replacement, taken back, removed.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::authorizers::get;
use crate::client::{Client, sign};
use crate::commands::{stderr, stepgate};
use crate::server::{DataDir, Server};
use crate::states;

/// A template: an API, a state machine, and the functions that both call.
fn template(greeting: &str, name: Option<&str>) -> Value {
    let source = format!(
        "import os\ndef handler(event, context):\n    body = f\"{greeting} {{os.environ['WHO']}}\"\n    return {{'statusCode': 200, 'headers': {{'content-type': 'text/plain'}}, 'body': body}}\n"
    );
    let node = "exports.handler = async (event) => ({ twice: event.n * 2, by: process.env.AWS_LAMBDA_FUNCTION_VERSION })";
    let mut hello = json!({ "Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "python3.12", "Handler": "index.handler", "Role": { "Fn::GetAtt": "Role.Arn" },
        "Code": { "ZipFile": source }, "Timeout": "20", "Environment": { "Variables": { "WHO": "world" } },
        "Tags": [{ "Key": "team", "Value": greeting }],
    } });
    if let Some(name) = name {
        hello["Properties"]["FunctionName"] = json!(name);
    }
    let uri = json!({ "Fn::Sub":
        "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations" });
    let source_arn =
        json!({ "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/GET/hello" });
    json!({ "Resources": {
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": {
            "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": { "Service": ["lambda.amazonaws.com", "states.amazonaws.com"] } }] },
            "Policies": [{ "PolicyName": "calls", "PolicyDocument": { "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*" }] } }] } },
        "Hello": hello,
        "Twice": { "Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": { "Fn::GetAtt": "Role.Arn" },
            "Code": { "ZipFile": node }, "Timeout": 20, "Description": greeting } },
        "TwiceVersion": { "Type": "AWS::Lambda::Version", "Properties": {
            "FunctionName": { "Ref": "Twice" }, "Description": greeting } },
        "TwiceAlias": { "Type": "AWS::Lambda::Alias", "Properties": {
            "FunctionName": { "Ref": "Twice" }, "Name": "live",
            "FunctionVersion": { "Fn::GetAtt": "TwiceVersion.Version" } } },
        "TwiceEvents": { "Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
            "FunctionName": { "Ref": "Twice" }, "Qualifier": "live", "MaximumRetryAttempts": 0 } },
        "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "Name": "greetings" } },
        "Path": { "Type": "AWS::ApiGateway::Resource", "Properties": { "RestApiId": { "Ref": "Api" },
            "ParentId": { "Fn::GetAtt": "Api.RootResourceId" }, "PathPart": "hello" } },
        "Method": { "Type": "AWS::ApiGateway::Method", "Properties": { "RestApiId": { "Ref": "Api" },
            "ResourceId": { "Ref": "Path" }, "HttpMethod": "GET", "AuthorizationType": "NONE",
            "Integration": { "Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri } } },
        "LetIn": { "Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": { "Fn::GetAtt": "Hello.Arn" }, "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com", "SourceArn": source_arn } },
        "Deployment": { "Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method",
            "Properties": { "RestApiId": { "Ref": "Api" } } },
        "Stage": { "Type": "AWS::ApiGateway::Stage", "Properties": { "RestApiId": { "Ref": "Api" },
            "StageName": "v1", "DeploymentId": { "Ref": "Deployment" } } },
        "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "RoleArn": { "Fn::GetAtt": "Role.Arn" }, "StateMachineType": "EXPRESS",
            "Definition": { "StartAt": "Twice", "States": { "Twice": {
                "Type": "Task", "Resource": "${Twice}", "End": true } } },
            "DefinitionSubstitutions": { "Twice": { "Ref": "TwiceAlias" } } } },
    }, "Outputs": {
        "Api": { "Value": { "Ref": "Api" } }, "Machine": { "Value": { "Ref": "Machine" } },
        "Hello": { "Value": { "Ref": "Hello" } }, "Arn": { "Value": { "Fn::GetAtt": "Hello.Arn" } },
        "Version": { "Value": { "Fn::GetAtt": "TwiceVersion.Version" } },
        "SnapStart": { "Value": { "Fn::GetAtt": ["Hello", "SnapStartResponse.ApplyOn"] } },
        "Events": { "Value": { "Ref": "TwiceEvents" } },
    } })
}

/// A server, and the stack that is applied to it again and again.
struct Stack {
    dir: DataDir,
    server: Server,
}

impl Stack {
    fn new(name: &str) -> Self {
        let dir = DataDir::new(name);
        let server = Server::start(&dir, &[]);
        Self { dir, server }
    }

    fn client(&self) -> Client {
        Client::new(&self.server.address)
    }

    fn try_apply(&self, template: &Value) -> Output {
        let file = self.dir.path().join("stack.json");
        fs::write(&file, template.to_string()).unwrap();
        let endpoint = format!("http://{}", self.server.address);
        stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json", "--force"])
    }

    fn apply(&self, template: &Value) -> Value {
        let output = self.try_apply(template);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What the API's function answers.
    fn greeting(&self, applied: &Value) -> String {
        let path = format!("/_aws/execute-api/{}/v1/hello", applied["outputs"]["Api"].as_str().unwrap());
        let answer = get(&mut self.client(), &path, &[]);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/plain")),
            "{}",
            answer.text()
        );
        answer.text()
    }

    /// What the state machine's function answers to 21.
    fn twice(&self, applied: &Value) -> Value {
        let input = json!({ "stateMachineArn": applied["outputs"]["Machine"], "input": r#"{"n":21}"# });
        let told = states(&mut self.client(), "StartSyncExecution", input);
        assert_eq!(told["status"], "SUCCEEDED", "{told}");
        serde_json::from_str(told["output"].as_str().unwrap()).unwrap()
    }

    fn lambda(&self, path: &str) -> (u16, Value) {
        let mut client = self.client();
        let signed = sign("lambda", "GET", path, client.address(), &[], "");
        let answer = client.send_signed("GET", path, &signed, "").unwrap();
        (answer.status, answer.json())
    }
}

fn action(applied: &Value, id: &str) -> String {
    let changes = applied["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| change["logicalId"] == id);
    change.unwrap_or_else(|| panic!("{id} in {applied}"))["action"].as_str().unwrap().to_owned()
}

#[test]
fn a_template_s_functions_are_made_called_changed_and_removed() {
    let stack = Stack::new("lambda-stacks");
    let made = stack.apply(&template("hello", None));
    assert_eq!(stack.greeting(&made), "hello world");
    assert_eq!(stack.twice(&made), json!({"twice": 42, "by": "1"}));
    let outputs = &made["outputs"];
    let name = outputs["Hello"].as_str().unwrap();
    assert!(name.starts_with("stack-Hello-"), "{name}");
    assert_eq!(outputs["Arn"], format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"));
    assert_eq!((&outputs["Version"], &outputs["SnapStart"]), (&json!("1"), &json!("None")));
    assert!(outputs["Events"].as_str().unwrap().ends_with("|live"), "{outputs}");
    let again = stack.apply(&template("hello", None));
    assert!(again["changes"].as_array().unwrap().iter().all(|c| c["action"] == "unchanged"), "{again}");

    // Changed where it is: the same name, other code, another version behind the alias.
    let changed = stack.apply(&template("bye", None));
    for (id, want) in [
        ("Hello", "updated"),
        ("TwiceVersion", "replaced"),
        ("TwiceAlias", "updated"),
        ("LetIn", "unchanged"),
    ] {
        assert_eq!(action(&changed, id), want, "{id}");
    }
    assert_eq!(
        (stack.greeting(&changed), &changed["outputs"]["Hello"]),
        ("bye world".to_owned(), &json!(name))
    );
    assert_eq!(stack.twice(&changed)["by"], "2");
    let (_, function) = stack.lambda(&format!("/2015-03-31/functions/{name}"));
    assert_eq!(function["Tags"], json!({"team": "bye"}));
    let twice = changed["changes"].as_array().unwrap().iter().find(|c| c["logicalId"] == "Twice").unwrap();
    let twice = twice["physicalId"].as_str().unwrap();
    assert_eq!(
        stack.lambda(&format!("/2015-03-31/functions/{twice}?Qualifier=1")).0,
        404,
        "the old version is gone"
    );

    // Another name is another function, to which the permission goes.
    let renamed = stack.apply(&template("bye", Some("named")));
    assert_eq!(
        (action(&renamed, "Hello"), action(&renamed, "LetIn")),
        ("replaced".to_owned(), "replaced".to_owned())
    );
    assert_eq!(stack.greeting(&renamed), "bye world");
    assert_eq!(stack.lambda(&format!("/2015-03-31/functions/{name}")).0, 404);

    let mut less = template("bye", Some("named"));
    let resources = less["Resources"].as_object_mut().unwrap();
    resources.retain(|id, _| id == "Role");
    less.as_object_mut().unwrap().remove("Outputs");
    let removed = stack.apply(&less);
    assert_eq!(action(&removed, "TwiceAlias"), "deleted");
    let (_, left) = stack.lambda("/2015-03-31/functions");
    assert_eq!(left["Functions"], json!([]));
}

#[test]
fn a_template_that_fails_leaves_functions_as_they_were() {
    let stack = Stack::new("lambda-stacks-undo");
    let made = stack.apply(&template("hello", None));
    let mut wrong = template("bye", None);
    wrong["Resources"]["Broken"] = json!({ "Type": "AWS::Lambda::Function", "DependsOn": ["Hello", "TwiceAlias"],
        "Properties": { "Runtime": "python3.12", "Handler": "index.handler", "Role": { "Fn::GetAtt": "Role.Arn" },
            "Code": { "ZipFile": "x = 1" }, "ReservedConcurrentExecutions": 100_000 } });
    let output = stack.try_apply(&wrong);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("Broken"), "{}", stderr(&output));
    assert_eq!(stack.greeting(&made), "hello world");
    assert_eq!(stack.twice(&made)["by"], "1");
    let (_, left) = stack.lambda("/2015-03-31/functions");
    assert_eq!(left["Functions"].as_array().unwrap().len(), 2, "{left}");
    // What was undone is whole.
    let again = stack.apply(&template("hello", None));
    assert_eq!(action(&again, "Hello"), "unchanged");
}

#[test]
fn what_is_not_supported_is_refused_before_anything_changes() {
    let stack = Stack::new("lambda-stacks-refused");
    let check = |id: &str, resource: Value, want: &str| {
        let mut with = template("hello", None);
        with["Resources"][id] = resource;
        let output = stack.try_apply(&with);
        assert!(!output.status.success() && stderr(&output).contains(want), "{}", stderr(&output));
    };
    check("Signing", json!({ "Type": "AWS::Lambda::CodeSigningConfig" }), "AWS::Lambda::CodeSigningConfig");
    let kafka = json!({ "FunctionName": "f", "Topics": ["t"], "SelfManagedEventSource": {} });
    check(
        "Mapping",
        json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": kafka }),
        "SelfManagedEventSource",
    );
    let vpc = json!({ "Type": "AWS::Lambda::Function", "Properties": { "VpcConfig": {} } });
    check("Inside", vpc, "VpcConfig");
    assert_eq!(stack.lambda("/2015-03-31/functions").1["Functions"], json!([]));
}

#[test]
fn custom_resources_are_answered_with_the_module_of_inline_code() {
    use crate::backend::Backend;
    let backend = Backend::start(|_| (200, Vec::new(), String::new()));
    let stack = Stack::new("lambda-stacks-module");
    let role = json!("arn:aws:iam::123456789012:role/r");
    let function = |runtime: &str, source: &str| {
        json!({ "Type": "AWS::Lambda::Function", "Properties": { "FunctionName": runtime.replace('.', "-"),
            "Runtime": runtime, "Handler": "index.handler", "Role": role, "Timeout": 20, "Code": { "ZipFile": source } } })
    };
    let python = "import cfnresponse\ndef handler(event, context):\n    cfnresponse.send(event, context, cfnresponse.SUCCESS, {'a': 1}, 'p')\n";
    let node = "const r = require('cfn-response');\nexports.handler = (event, context) => { r.send(event, context, r.FAILED, {a: 1}, 'n'); };\n";
    stack.apply(
        &json!({ "Resources": { "P": function("python3.12", python), "N": function("nodejs22.x", node) } }),
    );
    let event = json!({ "StackId": "s", "RequestId": "r", "LogicalResourceId": "L", "ResponseURL": format!("{}/there", backend.url) });
    for (name, status, id) in [("python3-12", "SUCCESS", "p"), ("nodejs22-x", "FAILED", "n")] {
        let mut client = stack.client();
        let (path, body) = (format!("/2015-03-31/functions/{name}/invocations"), event.to_string());
        let signed = sign("lambda", "POST", &path, client.address(), &[], &body);
        let answer = client.send_signed("POST", &path, &signed, &body).unwrap();
        assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, None), "{}", answer.text());
        let told = backend.take();
        assert_eq!((told.len(), told[0].method.as_str()), (1, "PUT"), "{name}");
        let told: Value = serde_json::from_str(&told[0].body).unwrap();
        assert_eq!((&told["Status"], &told["PhysicalResourceId"]), (&json!(status), &json!(id)));
        assert_eq!(
            (&told["StackId"], &told["Data"], &told["NoEcho"]),
            (&json!("s"), &json!({"a": 1}), &json!(false))
        );
    }
}
