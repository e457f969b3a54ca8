//! The other commands: apply, validate, version.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::states;

const TUTORIAL: &str = include_str!("../../config/tutorial.yaml");

/// Runs the binary as a user without settings would.
pub(crate) fn stepgate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(arguments)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env_remove("AWS_ENDPOINT_URL")
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The tutorial's template with other names, so that it can be a separate stack.
fn shop(stage: &str) -> String {
    TUTORIAL
        .replace("StateMachineName: HelloWorld", "StateMachineName: Shop")
        .replace("RoleName: APIGatewayToStepFunctions", "RoleName: ShopGateway")
        .replace("RoleName: StatesExecutionRole", "RoleName: ShopStates")
        .replace("StageName: alpha", &format!("StageName: {stage}"))
}

#[test]
fn apply_deploys_changes_and_leaves_alone() {
    let dir = DataDir::new("apply");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("shop.yaml");
    let file_name = file.to_str().unwrap();
    let apply = |more: &[&str]| stepgate(&[&["apply", file_name, "--endpoint", &endpoint], more].concat());

    fs::write(&file, shop("beta")).unwrap();
    let output = apply(&["--parameter", &format!("Endpoint={endpoint}")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("created AWS::StepFunctions::StateMachine HelloWorld (arn:aws:states:"), "{text}");
    assert!(text.contains("stack shop: 8 created"), "{text}");
    let mut client = Client::new(&server.address);
    let body = json!({ "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:Shop" });
    let answer = client.send("POST", "/beta/execution", &[], body.to_string().as_bytes()).unwrap();
    assert!(answer.json()["executionArn"].is_string(), "{}", answer.text());

    let output = apply(&["--json", "--parameter", &format!("Endpoint={endpoint}")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stack"], "shop");
    let actions = |report: &Value| -> Vec<String> {
        let changes = report["changes"].as_array().unwrap().iter();
        changes.map(|change| change["action"].as_str().unwrap().to_owned()).collect()
    };
    assert!(actions(&report).iter().all(|action| action == "unchanged"), "{report}");
    assert_eq!(report["outputs"]["InvokeUrl"], format!("{endpoint}/alpha/execution"));

    // A new definition changes only the state machine.
    fs::write(&file, shop("beta").replace("Hello World!", "Hello Shop!")).unwrap();
    let report: Value = serde_json::from_slice(&apply(&["--json"]).stdout).unwrap();
    let updated: Vec<&Value> = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] != "unchanged")
        .collect();
    assert_eq!(updated.len(), 1, "{report}");
    assert_eq!((&updated[0]["logicalId"], &updated[0]["action"]), (&json!("HelloWorld"), &json!("updated")));

    // If applying fails, the stack stays as it was.
    fs::write(&file, shop("beta").replace("StartAt: HelloWorld", "StartAt: Nowhere")).unwrap();
    let output = apply(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Resources/HelloWorld: "), "{}", stderr(&output));
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:Shop";
    let machine = states(&mut client, "DescribeStateMachine", json!({ "stateMachineArn": arn }));
    assert!(machine["definition"].as_str().unwrap().contains("Hello Shop!"), "{machine}");
}

#[test]
fn apply_lets_no_stack_lose_its_api_unless_it_is_told_to() {
    let dir = DataDir::new("lost-api");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let project = dir.path().join("my shop");
    fs::create_dir(&project).unwrap();
    let file = project.join("template.yaml");
    let apply = |template: Value, more: &[&str]| {
        fs::write(&file, template.to_string()).unwrap();
        stepgate(&[&["apply", file.to_str().unwrap(), "--endpoint", &endpoint], more].concat())
    };
    let api = json!({ "Type": "AWS::ApiGateway::RestApi", "Properties": { "Name": "pets" } });
    let other = json!({ "Resources": { "A": { "Type": "AWS::StepFunctions::Activity", "Properties": { "Name": "a" } } } });
    let output = apply(json!({ "Resources": { "Pets": api } }), &[]);
    assert!(stdout(&output).contains("stack my-shop: 1 created"), "{}{}", stdout(&output), stderr(&output));

    let refused = apply(other.clone(), &[]);
    assert_eq!(refused.status.code(), Some(1));
    let text = stderr(&refused);
    assert!(text.contains("would lose it: Pets") && text.contains("--force"), "{text}");
    let names = || {
        let apis = Client::new(&server.address).apigateway("GET", "/restapis", &Value::Null).unwrap().json();
        let apis = apis["item"].as_array().cloned().unwrap_or_default();
        apis.iter().map(|api| api["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names().contains(&"pets".to_owned()), "{:?}", names());

    let forced = apply(other, &["--force"]);
    assert!(
        stdout(&forced).contains("stack my-shop: 1 created, 1 deleted"),
        "{}{}",
        stdout(&forced),
        stderr(&forced)
    );
    assert!(!names().contains(&"pets".to_owned()), "{:?}", names());
}

#[test]
fn apply_keeps_what_is_to_be_retained_and_checks_rules() {
    let dir = DataDir::new("retain");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("kept.json");
    let apply = |resources: Value, more: &[&str]| {
        let template = json!({
            "Parameters": { "Env": { "Type": "String", "Default": "dev" } },
            "Rules": { "Known": { "Assertions": [{
                "Assert": { "Fn::Contains": [["dev", "prod"], { "Ref": "Env" }] },
                "AssertDescription": "Env is dev or prod",
            }] } },
            "Resources": resources,
        });
        fs::write(&file, template.to_string()).unwrap();
        stepgate(&[&["apply", file.to_str().unwrap(), "--endpoint", &endpoint], more].concat())
    };
    let activity =
        |name: &str| json!({ "Type": "AWS::StepFunctions::Activity", "Properties": { "Name": name } });
    let retained = |name: &str, policy: &str| {
        let mut resource = activity(name);
        resource[policy] = json!("Retain");
        resource
    };

    let first = json!({
        "Dropped": activity("dropped"),
        "Kept": activity("kept"),
        "Replaced": retained("before", "UpdateReplacePolicy"),
        "Other": activity("other"),
    });
    let refused = apply(first.clone(), &["--parameter", "Env=moon"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("Rules/Known/Assertions/0: Env is dev or prod"),
        "{}",
        stderr(&refused)
    );
    assert!(apply(first.clone(), &[]).status.success());

    // A deletion policy may be added later, without a change of the resource.
    let mut second = first;
    second["Kept"] = retained("kept", "DeletionPolicy");
    assert!(stdout(&apply(second, &[])).contains("4 unchanged"));

    let output = apply(json!({ "Replaced": activity("after"), "Other": activity("other") }), &[]);
    let text = stdout(&output);
    assert!(text.contains("retained AWS::StepFunctions::Activity Kept"), "{text}{}", stderr(&output));
    assert!(text.contains("deleted AWS::StepFunctions::Activity Dropped"), "{text}");
    assert!(text.contains("replaced AWS::StepFunctions::Activity Replaced"), "{text}");
    let mut client = Client::new(&server.address);
    let listed = states(&mut client, "ListActivities", json!({}));
    let names = listed["activities"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    assert_eq!(names, ["after", "before", "kept", "other"]);
}

#[test]
fn apply_warns_of_templates_that_will_fail() {
    let dir = DataDir::new("warn");
    let server = Server::start(&dir, &[]);
    let file = dir.path().join("broken.yaml");
    let with_template = shop("beta").replace(
        "        IntegrationResponses:",
        "        RequestTemplates: { application/json: '$stageVariables.get(arn:aws:states:x)' }\n        IntegrationResponses:",
    );
    fs::write(&file, with_template).unwrap();
    let endpoint = format!("http://{}", server.address);
    let output = stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("WARNING: Resources/StartExecutionMethod/"), "{}", stderr(&output));
}

#[test]
fn apply_says_what_is_wrong() {
    let dir = DataDir::new("apply-errors");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("template.yaml");
    let file = file.to_str().unwrap();
    for (template, words) in [
        ("Resources: [", "not valid YAML or JSON"),
        ("Outputs: {}", "Resources"),
        ("Resources: { Q: { Type: 'AWS::SQS::Queue' } }", "AWS::SQS::Queue belongs to a service"),
        (
            "Resources: { A: { Type: 'AWS::StepFunctions::Activity', Properties: { Nope: 1 } } }",
            "property Nope",
        ),
        (
            "Resources: { A: { Type: 'AWS::StepFunctions::Activity', Properties: { Name: 'a b' } } }",
            "InvalidName",
        ),
    ] {
        fs::write(file, template).unwrap();
        let output = stepgate(&["apply", file, "--endpoint", &endpoint]);
        assert_eq!(output.status.code(), Some(1), "{template}");
        assert!(stderr(&output).contains(words), "{template}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    let absent = stepgate(&["apply", "/nowhere/absent.yaml", "--endpoint", &endpoint]);
    assert!(stderr(&absent).contains("cannot read /nowhere/absent.yaml"), "{}", stderr(&absent));

    let wrong_key = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["apply", file, "--endpoint", &endpoint])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "wrong")
        .output()
        .unwrap();
    assert_eq!(wrong_key.status.code(), Some(1));
    assert!(stderr(&wrong_key).contains("InvalidSignatureException"), "{}", stderr(&wrong_key));

    drop(server);
    let output = stepgate(&["apply", file, "--endpoint", &endpoint]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("start one with `stepgate serve`"), "{}", stderr(&output));
}

#[test]
fn validate_finds_what_is_wrong_without_a_server() {
    let dir = DataDir::new("validate");
    let check = |name: &str, text: &str| {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        let output = stepgate(&["validate", "--json", file.to_str().unwrap()]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    let (code, report) = check("tutorial.yaml", TUTORIAL);
    assert_eq!((code, &report["valid"], &report["findings"]), (Some(0), &json!(true), &json!([])));
    for (name, text) in [
        ("machine.json", "{\"StartAt\": \"A\", \"States\": {}}"),
        ("template.vtl", "#if(true)"),
        ("template.yaml", "Resources: { Q: { Type: 'AWS::SQS::Queue' } }"),
    ] {
        let (code, report) = check(name, text);
        assert_eq!((code, &report["valid"]), (Some(1), &json!(false)), "{name}: {report}");
        assert!(report["findings"][0]["problem"].is_string(), "{name}: {report}");
    }
    let (code, _) = check("machine.json", "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}");
    assert_eq!(code, Some(0));
}

#[test]
fn test_runs_scenarios_without_a_server() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/order.test.yaml");
    let output = stepgate(&["test", example]);
    let told = stdout(&output);
    assert!(output.status.success(), "{told}{}", stderr(&output));
    // As shown in docs/testing.md.
    let shown = "\
  ok    paid at the second attempt, closed after a year (31536006 s)
  ok    not paid (0 s)
  ok    nobody charges it (300 s)
  coverage: states 5/5, choice rules 2/2, catchers 1/1
3 scenarios, 0 failed
";
    assert!(told.ends_with(shown), "{told}");

    let dir = DataDir::new("scenarios");
    let file = dir.path().join("wrong.json");
    let scenarios = |definition: Value, expect: Value| {
        let scenario = json!({ "name": "one", "input": { "a": 1 }, "expect": expect });
        fs::write(&file, json!({ "definition": definition, "scenarios": [scenario] }).to_string()).unwrap();
        stepgate(&["test", "--json", file.to_str().unwrap()])
    };
    let pass = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } });
    let output = scenarios(pass.clone(), json!({ "status": "SUCCEEDED", "output": { "a": 2 } }));
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["scenarios"], &report["failed"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(scenarios(pass, json!({ "states": ["P"] })).status.code(), Some(0));

    let broken = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "Next": "Nowhere" } } });
    let output = scenarios(broken, json!({}));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Nowhere"), "{}", stderr(&output));
}

#[test]
fn test_runs_scenarios_of_a_mapping_template() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/order-request.test.yaml");
    let output = stepgate(&["test", example]);
    let told = stdout(&output);
    assert!(output.status.success(), "{told}{}", stderr(&output));
    assert!(told.contains("  ok    two items\n") && told.ends_with("3 scenarios, 0 failed\n"), "{told}");

    let dir = DataDir::new("template-scenarios");
    let file = dir.path().join("wrong.yaml");
    let test = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        stepgate(&[&["test", file.to_str().unwrap()], more].concat())
    };
    let output = test(
        "template: {text: $input.json('$.id')}\nscenarios:\n  - {name: one, body: {id: 7}, expect: {output: 8}}\n  - {name: two, bdy: 1}\n  - {name: three, body: {id: 7}}\n",
        &["--json"],
    );
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["scenarios"], &report["failed"]), (&json!(3), &json!(2)), "{report}");
    let [one, two, three] = report["files"][0]["scenarios"].as_array().unwrap().as_slice() else {
        panic!("{report}")
    };
    assert_eq!((&one["failures"], &one["output"]), (&json!(["output: expected 8, was 7"]), &json!("7")));
    assert!(two["failures"][0].as_str().unwrap().contains("unknown field `bdy`"), "{report}");
    assert_eq!(three["passed"], true);

    for (text, said) in [
        ("template: nowhere.vtl\nscenarios: []\n", "nowhere.vtl"),
        ("template: {text: '#if(1)'}\nscenarios: []\n", "#if(1)"),
        ("template: {}\nscenarios: []\n", "template"),
    ] {
        let output = test(text, &[]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(said), "{text}: {}", stderr(&output));
    }
}

/// A history recorded by the server, of a machine with branches, iterations and a task, replays without differences;
/// with a changed definition, replay shows where they diverge.
#[test]
fn replay_tells_where_a_recorded_execution_would_part() {
    let dir = DataDir::new("replay");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let inner = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let created = json!({"name": "Inner", "definition": inner.to_string(), "roleArn": crate::ROLE});
    let inner = crate::states(&mut client, "CreateStateMachine", created)["stateMachineArn"].clone();
    let definition = json!({"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "Next": "Enough?", "ResultSelector": {"n.$": "States.ArrayLength($[1])"}, "Branches": [
            {"StartAt": "Other", "States": {"Other": {
                "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true,
                "Parameters": {"StateMachineArn": inner, "Input": {"by.$": "$$.Execution.Id"}}}}},
            {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemsPath": "$.items", "End": true, "Iterator": {
                "StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}}}}]},
        "Enough?": {"Type": "Choice", "Default": "Few",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Enough"}]},
        "Enough": {"Type": "Succeed"},
        "Few": {"Type": "Fail", "Error": "TooFew"}}});
    let created = json!({"name": "Outer", "definition": definition.to_string(), "roleArn": crate::ROLE});
    let outer = crate::states(&mut client, "CreateStateMachine", created)["stateMachineArn"].clone();
    let started = json!({"stateMachineArn": outer, "input": json!({"items": [1, 2, 3]}).to_string()});
    let arn = crate::states(&mut client, "StartExecution", started)["executionArn"].clone();
    let named = json!({ "executionArn": arn });
    while crate::states(&mut client, "DescribeExecution", named.clone())["status"] == "RUNNING" {}
    let history = crate::states(&mut client, "GetExecutionHistory", named);
    let file = |name: &str, value: &Value| {
        let file = dir.path().join(name);
        fs::write(&file, value.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let history = file("history.json", &history);
    let replay = |definition: &Value| {
        stepgate(&["replay", &file("machine.json", definition), "--history", &history, "--json"])
    };
    let output = replay(&definition);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));

    let mut changed = definition.clone();
    changed["States"]["Enough?"]["Choices"][0]["NumericGreaterThan"] = json!(3);
    let output = replay(&changed);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let divergence = &report["files"][0]["divergence"];
    assert_eq!(divergence["recorded"], "SucceedStateEntered \"Enough\"", "{report}");
    assert_eq!(divergence["now"], "FailStateEntered \"Few\"", "{report}");
    assert_eq!(report["files"][0]["end"], "FAILED");

    assert_eq!(replay(&json!({"StartAt": "Nowhere", "States": {}})).status.code(), Some(2));
    let output =
        stepgate(&["replay", &file("machine.json", &definition), "--history", &file("no.json", &json!({}))]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no.json: there is no array `events`"), "{}", stderr(&output));
}

#[test]
fn version_is_the_package_s() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(stdout(&stepgate(&["version"])), format!("stepgate {version}\n"));
    let json: Value = serde_json::from_slice(&stepgate(&["version", "--json"]).stdout).unwrap();
    assert_eq!(json, json!({ "name": "stepgate", "version": version }));
}

#[test]
fn arguments_that_make_no_sense_end_with_2() {
    for arguments in [&["nope"][..], &["serve", "--listen", "nowhere"], &["apply"], &["validate"]] {
        assert_eq!(stepgate(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
