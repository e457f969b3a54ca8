//! What a node that is killed had begun outside of steps: children of Map Runs, and asynchronous Express executions.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::nodes::{Database, Fleet, NODES, until};
use crate::server::postgres::Cluster;

const HOME: &str = "us-east-1:123456789012";
const ROLE: &str = "arn:aws:iam::123456789012:role/Tests";
const PATIENCE: Duration = Duration::from_secs(60);

fn fleet(test: &str) -> Option<Fleet> {
    Cluster::shared().map(|cluster| Fleet::start(test, Database::Shared(cluster), [0; NODES]))
}

fn call(client: &mut Client, operation: &str, input: Value) -> Value {
    let answer = client.states(operation, &input).unwrap();
    assert_eq!(answer.status, 200, "{operation} {input}: {}", answer.text());
    answer.json()
}

fn create(client: &mut Client, name: &str, kind: &str, definition: &Value) -> String {
    let input = json!({ "name": name, "type": kind, "definition": definition.to_string(), "roleArn": ROLE });
    call(client, "CreateStateMachine", input)["stateMachineArn"].as_str().unwrap().to_owned()
}

/// How many executions of a machine there are with this status.
fn count(client: &mut Client, of: &Value, status: &str) -> usize {
    let mut asked = of.clone();
    asked["statusFilter"] = json!(status);
    asked["maxResults"] = json!(1000);
    call(client, "ListExecutions", asked)["executions"].as_array().unwrap().len()
}

/// A Map Run whose node is killed in its midst goes on at others, and each item is one child.
fn map_run(fleet: &mut Fleet, kind: &str) {
    const ITEMS: usize = 12;
    let wait =
        json!({ "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 1, "End": true } } });
    let mut processor = wait;
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": kind });
    let definition = json!({ "StartAt": "Map", "States": { "Map": { "Type": "Map", "End": true,
        "MaxConcurrency": 3, "ItemProcessor": processor } } });
    let machine = create(&mut fleet.client(0), &format!("Map{kind}"), "STANDARD", &definition);
    let input = json!((0..ITEMS).collect::<Vec<_>>()).to_string();
    let started = json!({ "stateMachineArn": machine, "name": "map", "input": input });
    let started = call(&mut fleet.client(0), "StartExecution", started);
    let arn = json!({ "executionArn": started["executionArn"] });
    let run = || -> Value {
        let runs = call(&mut fleet.client(1), "ListMapRuns", arn.clone());
        json!({ "mapRunArn": runs["mapRuns"][0]["mapRunArn"] })
    };
    until("the run has begun", PATIENCE, || !run()["mapRunArn"].is_null());
    let run = run();
    let counts = |client: &mut Client| call(client, "DescribeMapRun", run.clone())["executionCounts"].clone();
    until("some children have ended", PATIENCE, || {
        2 <= counts(&mut fleet.client(1))["succeeded"].as_u64().unwrap()
    });
    // Whoever has the run now.
    let owner = "SELECT l.name FROM map_run r JOIN store_shard s ON s.shard = r.shard
                 JOIN store_lease l ON l.node = s.node WHERE r.status = 0";
    let owner = fleet.sql(owner);
    let owner: usize = owner.strip_prefix("node-").unwrap().parse().unwrap();
    fleet.kill(owner);
    let other = (owner + 1) % NODES;
    let mut client = fleet.client(other);
    let mut status = String::new();
    until("it has ended", PATIENCE, || {
        status = call(&mut client, "DescribeExecution", arn.clone())["status"].as_str().unwrap().to_owned();
        status != "RUNNING"
    });
    assert_eq!(status, "SUCCEEDED");
    let counts = counts(&mut client);
    assert_eq!((&counts["total"], &counts["succeeded"]), (&json!(ITEMS), &json!(ITEMS)), "{counts}");
    let mut asked = run;
    asked["maxResults"] = json!(1000);
    let children = call(&mut client, "ListExecutions", asked);
    let names: Vec<&str> = children["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|child| child["name"].as_str().unwrap())
        .collect();
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (ITEMS, ITEMS), "{children}");
    fleet.begin(owner);
}

#[test]
fn map_runs_go_on_elsewhere() {
    let Some(mut fleet) = fleet("map-runs") else { return };
    map_run(&mut fleet, "STANDARD");
    map_run(&mut fleet, "EXPRESS");
}

#[test]
fn asynchronous_express_executions_go_on_elsewhere() {
    const STARTED: usize = 8;
    let Some(mut fleet) = fleet("express") else { return };
    let pass = json!({ "StartAt": "Done", "States": { "Done": { "Type": "Pass", "End": true } } });
    let seen = create(&mut fleet.client(0), "Seen", "STANDARD", &pass);
    // What it does is seen by the execution that it starts, whose name is its own: so it counts once.
    let express = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 3, "Next": "Tell" },
        "Tell": { "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
            "Parameters": { "StateMachineArn": seen, "Name.$": "$.name" } } } });
    let machine = create(&mut fleet.client(0), "Express", "EXPRESS", &express);
    let mut client = fleet.client(0);
    for n in 0..STARTED {
        let input = json!({ "name": format!("seen-{n}") }).to_string();
        call(&mut client, "StartExecution", json!({ "stateMachineArn": machine, "input": input }));
    }
    assert_eq!(fleet.sql("SELECT COUNT(*) FROM express_begun"), STARTED.to_string());
    fleet.kill(0);
    let of = json!({ "stateMachineArn": format!("arn:aws:states:{HOME}:stateMachine:Seen") });
    let mut client = fleet.client(1);
    until("all were gone on with", PATIENCE, || count(&mut client, &of, "SUCCEEDED") == STARTED);
    until("none is left", PATIENCE, || fleet.sql("SELECT COUNT(*) FROM express_begun") == "0");
}
