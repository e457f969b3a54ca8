//! Executions: redriving, logging, and versions.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{ROLE, error_of, states};

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";
const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/Logs:*";

fn create(client: &mut Client, name: &str, definition: &Value, more: Value) -> String {
    let mut input = json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let created = states(client, "CreateStateMachine", input);
    created["stateMachineArn"].as_str().unwrap().to_owned()
}

fn pass(result: &Value) -> Value {
    json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": result, "End": true}}})
}

fn take(client: &mut Client) -> Value {
    states(client, "GetActivityTask", json!({"activityArn": WORK}))["taskToken"].clone()
}

#[test]
fn a_redriven_execution_outlives_a_crash() {
    let dir = DataDir::new("redrive");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    states(&mut client, "CreateActivity", json!({"name": "Work"}));
    let task = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Task", "Resource": WORK, "End": true}}});
    let both = json!({"StartAt": "P", "States": {"P": {
        "Type": "Parallel", "Branches": [task("A"), task("B")], "End": true}}});
    let machine = create(&mut client, "Redrives", &both, json!({}));
    let started = states(&mut client, "StartExecution", json!({"stateMachineArn": machine}));
    let named = json!({"executionArn": started["executionArn"]});
    let done = take(&mut client);
    states(&mut client, "SendTaskSuccess", json!({"taskToken": done, "output": "1"}));
    let failed = take(&mut client);
    states(&mut client, "SendTaskFailure", json!({"taskToken": failed, "error": "E"}));
    let described = states(&mut client, "DescribeExecution", named.clone());
    assert_eq!((&described["status"], &described["redriveStatus"]), (&json!("FAILED"), &json!("REDRIVABLE")));

    let redriven = states(&mut client, "RedriveExecution", named.clone());
    let again = client.states("RedriveExecution", &named).unwrap();
    assert_eq!((again.status, error_of(&again).as_str()), (400, "ExecutionNotRedrivable"));
    assert_eq!(again.json()["message"], "Execution is RUNNING and cannot be redriven");
    server.kill();
    server = Server::start(&dir, &[]);
    client = Client::new(&server.address);
    let described = states(&mut client, "DescribeExecution", named.clone());
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("RUNNING"), &json!(1)));
    assert_eq!((&described["redriveDate"], described.get("stopDate")), (&redriven["redriveDate"], None));
    let token = take(&mut client);
    states(&mut client, "SendTaskSuccess", json!({"taskToken": token, "output": "2"}));
    let described = states(&mut client, "DescribeExecution", named.clone());
    // It is chance which branch ended first.
    let mut output: Vec<u64> = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    output.sort_unstable();
    assert_eq!(output, [1, 2]);
    let history = states(&mut client, "GetExecutionHistory", named);
    let event = history["events"].as_array().unwrap().iter().find(|e| e["type"] == "ExecutionRedriven");
    assert_eq!(event.unwrap()["executionRedrivenEventDetails"], json!({"redriveCount": 1}));
}

/// The records in the log group, in order.
fn records(directory: &Path) -> Vec<Value> {
    let path = directory.join("123456789012/us-east-1/+aws+vendedlogs+states+Logs.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn executions_log_into_files_as_into_log_groups() {
    let dir = DataDir::new("logs");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let logging = |level: &str, data: bool| {
        json!({"level": level, "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}]})
    };
    let all = json!({"loggingConfiguration": logging("ALL", true)});
    let machine = create(&mut client, "LogsAll", &pass(&json!(1)), all);
    let started = states(&mut client, "StartExecution", json!({"stateMachineArn": machine}));
    let fails = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}});
    let errors = json!({"loggingConfiguration": logging("ERROR", false), "type": "EXPRESS"});
    let machine = create(&mut client, "LogsErrors", &fails, errors);
    let express = states(&mut client, "StartSyncExecution", json!({"stateMachineArn": machine}));
    let nowhere = json!({"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:s3:::b"}}]});
    let input = json!({"name": "Nowhere", "definition": pass(&json!(1)).to_string(), "roleArn": ROLE,
        "loggingConfiguration": nowhere});
    let refused = client.states("CreateStateMachine", &input).unwrap();
    assert_eq!(error_of(&refused), "InvalidLoggingConfiguration");
    drop(client);
    assert!(server.terminate().success());

    let records = records(&dir.path().join("data/execution-logs"));
    let told: Vec<(&str, &str)> =
        records.iter().map(|r| (r["id"].as_str().unwrap(), r["type"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("1", "ExecutionStarted"),
            ("2", "PassStateEntered"),
            ("3", "PassStateExited"),
            ("4", "ExecutionSucceeded"),
            ("2", "FailStateEntered"),
            ("3", "ExecutionFailed")
        ]
    );
    assert_eq!(records[3]["details"], json!({"output": "1", "outputDetails": {"truncated": false}}));
    assert_eq!(records[3]["execution_arn"], started["executionArn"]);
    assert_eq!(records[4]["details"], json!({"name": "F"}));
    assert_eq!(records[5]["details"], json!({"error": "E", "cause": "c"}));
    assert_eq!(records[5]["execution_arn"], express["executionArn"]);
    assert_eq!((&records[5]["previous_event_id"], &records[5]["redrive_count"]), (&json!("2"), &json!("0")));
    let at: u64 = records[5]["event_timestamp"].as_str().unwrap().parse().unwrap();
    assert!(1_700_000_000_000 < at);
}

#[test]
fn an_alias_shares_its_starts_between_two_versions_by_weight() {
    let dir = DataDir::new("aliases");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Versioned", &pass(&json!(1)), json!({"publish": true}));
    let changed =
        json!({"stateMachineArn": machine, "definition": pass(&json!(2)).to_string(), "publish": true});
    let second = states(&mut client, "UpdateStateMachine", changed)["stateMachineVersionArn"].clone();
    let first = json!(format!("{machine}:1"));
    assert_eq!(second, format!("{machine}:2"));
    let route = |arn: &Value, weight: u8| json!({"stateMachineVersionArn": arn, "weight": weight});
    let routing = json!({"name": "live", "routingConfiguration": [route(&first, 80), route(&second, 20)]});
    let alias = states(&mut client, "CreateStateMachineAlias", routing)["stateMachineAliasArn"].clone();

    let mut n_first = 0;
    for _ in 0..200 {
        let started = states(&mut client, "StartExecution", json!({"stateMachineArn": alias}));
        let named = json!({"executionArn": started["executionArn"]});
        let described = states(&mut client, "DescribeExecution", named.clone());
        let version = &described["stateMachineVersionArn"];
        let is_first = *version == first;
        n_first += u32::from(is_first);
        assert!(is_first || *version == second);
        assert_eq!(described["output"], if is_first { "1" } else { "2" });
        assert_eq!(
            (&described["stateMachineAliasArn"], &described["stateMachineArn"]),
            (&alias, &json!(machine))
        );
        let history = states(&mut client, "GetExecutionHistory", named);
        let details = &history["events"][0]["executionStartedEventDetails"];
        assert_eq!((&details["stateMachineVersionArn"], &details["stateMachineAliasArn"]), (version, &alias));
    }
    // Five standard deviations around 160.
    assert!((130..=190).contains(&n_first), "{n_first} of 200");
    let mut n_listed = 0;
    for version in [&first, &second] {
        let listed =
            states(&mut client, "ListExecutions", json!({"stateMachineArn": version, "maxResults": 1000}));
        n_listed += listed["executions"].as_array().unwrap().len();
    }
    assert_eq!(n_listed, 200);

    let described = states(&mut client, "DescribeStateMachine", json!({"stateMachineArn": alias}));
    assert_eq!(described["stateMachineArn"], first);
    let all = json!({"stateMachineAliasArn": alias, "routingConfiguration": [route(&second, 100)]});
    states(&mut client, "UpdateStateMachineAlias", all);
    let described = states(&mut client, "DescribeStateMachine", json!({"stateMachineArn": alias}));
    assert_eq!(described["stateMachineArn"], second);
    for _ in 0..20 {
        let started = states(&mut client, "StartExecution", json!({"stateMachineArn": alias}));
        let described =
            states(&mut client, "DescribeExecution", json!({"executionArn": started["executionArn"]}));
        assert_eq!(described["stateMachineVersionArn"], second);
    }
    let refused =
        client.states("DeleteStateMachineVersion", &json!({"stateMachineVersionArn": second})).unwrap();
    assert_eq!(error_of(&refused), "ConflictException");
}

#[test]
fn a_machine_is_created_again_only_as_it_was() {
    let dir = DataDir::new("create-again");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let input = |more: Value| {
        let mut input = json!({"name": "Again", "definition": pass(&json!(1)).to_string(), "roleArn": ROLE});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let published = json!({"publish": true, "versionDescription": "first"});
    let made = states(&mut client, "CreateStateMachine", input(published.clone()));
    assert_eq!(states(&mut client, "CreateStateMachine", input(published)), made);
    for other in
        [json!({}), json!({"publish": true}), json!({"publish": true, "versionDescription": "other"})]
    {
        let refused = client.states("CreateStateMachine", &input(other)).unwrap();
        assert_eq!(error_of(&refused), "StateMachineAlreadyExists");
    }
}

#[test]
fn a_page_token_leads_on_in_its_own_listing_only() {
    let dir = DataDir::new("tokens");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let (one, other) = (
        create(&mut client, "One", &pass(&json!(1)), json!({})),
        create(&mut client, "Other", &pass(&json!(1)), json!({})),
    );
    for machine in [&one, &other] {
        for _ in 0..2 {
            states(&mut client, "StartExecution", json!({"stateMachineArn": machine}));
        }
    }
    let list = |more: Value| {
        let mut input = json!({"stateMachineArn": one, "maxResults": 1});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let token = states(&mut client, "ListExecutions", list(json!({})))["nextToken"].clone();
    assert!(states(&mut client, "ListExecutions", list(json!({"nextToken": token})))["nextToken"].is_null());
    for (operation, input) in [
        ("ListExecutions", list(json!({"nextToken": token, "stateMachineArn": other}))),
        ("ListExecutions", list(json!({"nextToken": token, "statusFilter": "SUCCEEDED"}))),
        ("ListStateMachines", json!({"nextToken": token})),
    ] {
        let refused = client.states(operation, &input).unwrap();
        assert_eq!(error_of(&refused), "InvalidToken", "{operation} {input}");
    }
}
