//! Several nodes on one PostgreSQL server: any of them serves, and what one leaves, the others go on with.
//!
//! `STEPGATE_NODE_KILLS` and `STEPGATE_NODE_PAUSES` are the numbers of nodes that are killed, or paused for longer than their
//! lease, under load (3 and 2 by default).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::postgres::Cluster;
use crate::server::{DataDir, Server};
use crate::{ROLE, states};

/// A lease, in seconds.
const LEASE_S: u32 = 5;

/// How long nothing is asked after an answer that was not the one.
const PAUSE: Duration = Duration::from_millis(20);

/// Nodes, each with a directory of its own.
struct Fleet {
    url: String,
    cluster: &'static Cluster,
    database: String,
    dirs: Vec<DataDir>,
}

impl Fleet {
    fn new(test: &str) -> Option<Self> {
        let cluster = Cluster::shared()?;
        let database = format!("{test}-{}", std::process::id());
        let url = cluster.database(&database);
        Some(Self { url, cluster, database, dirs: Vec::new() })
    }

    /// Starts node `n`, for the first time or again.
    fn start(&mut self, n: usize) -> Server {
        while self.dirs.len() <= n {
            self.dirs.push(DataDir::new("node"));
        }
        let dir = &self.dirs[n];
        let data = dir.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        if 0 < n {
            // All have the same master key.
            std::fs::copy(self.dirs[0].path().join("data/secrets.key"), data.join("secrets.key")).unwrap();
        }
        let config = dir.path().join("stepgate.toml");
        let settings = format!("[store]\nurl = {:?}\nlease_s = {LEASE_S}\nnode = \"node {n}\"\n", self.url);
        std::fs::write(&config, settings).unwrap();
        Server::start(dir, &["--config", config.to_str().unwrap()])
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.database, sql)
    }
}

macro_rules! fleet {
    ($test:literal) => {
        match Fleet::new($test) {
            Some(fleet) => fleet,
            None => return,
        }
    };
}

/// Asks again until `is_so`; the tests' time limit ends what never is.
fn until<T>(mut ask: impl FnMut() -> T, is_so: impl Fn(&T) -> bool) -> T {
    loop {
        let answer = ask();
        if is_so(&answer) {
            return answer;
        }
        thread::sleep(PAUSE);
    }
}

fn create(client: &mut Client, name: &str, definition: &Value) -> String {
    let input = json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE });
    states(client, "CreateStateMachine", input)["stateMachineArn"].as_str().unwrap().to_owned()
}

fn start(client: &mut Client, machine: &str, name: &str) -> String {
    let started = states(client, "StartExecution", json!({ "stateMachineArn": machine, "name": name }));
    started["executionArn"].as_str().unwrap().to_owned()
}

fn status(client: &mut Client, execution: &str) -> String {
    let found = states(client, "DescribeExecution", json!({ "executionArn": execution }));
    found["status"].as_str().unwrap().to_owned()
}

/// The types of an execution's events, whose ids are checked: 1, 2, 3 and so on.
fn history(client: &mut Client, execution: &str) -> Vec<String> {
    let (mut types, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "executionArn": execution });
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let page = states(client, "GetExecutionHistory", input);
        for event in page["events"].as_array().unwrap() {
            types.push(event["type"].as_str().unwrap().to_owned());
            assert_eq!(event["id"], types.len(), "{execution}: {page}");
        }
        token = page["nextToken"].clone();
        if token.is_null() {
            return types;
        }
    }
}

fn waiting(seconds: u32) -> Value {
    json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": seconds, "Next": "Done" }, "Done": { "Type": "Pass", "End": true } } })
}

fn working(activity: &str) -> Value {
    json!({ "StartAt": "Work", "States": {
        "Work": { "Type": "Task", "Resource": activity, "HeartbeatSeconds": 3600, "Next": "Wait" },
        "Wait": { "Type": "Wait", "Seconds": 1, "End": true } } })
}

/// Makes an API whose only method answers `text`; answers its id.
fn make_api(client: &mut Client, text: &str) -> String {
    let call = |client: &mut Client, method: &str, path: &str, input: Value| {
        let answer = client.apigateway(method, path, &input).unwrap();
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer.json()
    };
    let api = call(client, "POST", "/restapis", json!({ "name": "fleet" }));
    let api = api["id"].as_str().unwrap().to_owned();
    let resources = client.apigateway("GET", &format!("/restapis/{api}/resources"), &Value::Null).unwrap();
    let root = resources.json()["item"][0]["id"].as_str().unwrap().to_owned();
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    call(client, "PUT", &method, json!({ "authorizationType": "NONE" }));
    let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
    call(client, "PUT", &format!("{method}/integration"), mock);
    call(client, "PUT", &format!("{method}/responses/200"), json!({}));
    put_text(client, &method, text);
    api
}

fn put_text(client: &mut Client, method: &str, text: &str) {
    let response = json!({ "responseTemplates": { "application/json": text } });
    let path = format!("{method}/integration/responses/200");
    let answer = client.apigateway("PUT", &path, &response).unwrap();
    assert!(answer.status < 300, "{}", answer.text());
}

/// Deploys the API to the stage `dev`; answers the deployment's id.
fn deploy(client: &mut Client, api: &str) -> String {
    let path = format!("/restapis/{api}/deployments");
    let answer = client.apigateway("POST", &path, &json!({ "stageName": "dev" })).unwrap();
    assert!(answer.status < 300, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn call(client: &mut Client, api: &str) -> Answer {
    client.send("GET", &format!("/restapis/{api}/dev/_user_request_/"), &[], b"").unwrap()
}

#[test]
fn what_is_deployed_at_one_node_is_served_by_all() {
    let mut fleet = fleet!("deployed");
    let (first, second) = (fleet.start(0), fleet.start(1));
    let (mut a, mut b) = (Client::new(&first.address), Client::new(&second.address));
    let api = make_api(&mut a, "one");
    let revision = deploy(&mut a, &api);
    // The node that answered has it in force; the others as soon as they have seen it.
    let own = call(&mut a, &api);
    assert_eq!((own.text().as_str(), own.header("x-stepgate-revision")), ("one", Some(revision.as_str())));
    let others = until(|| call(&mut b, &api), |answer| answer.status == 200);
    assert_eq!(others.header("x-stepgate-revision"), Some(revision.as_str()));
    // Changed at the other node, whose cache the first one doesn't know of.
    let resources = b.apigateway("GET", &format!("/restapis/{api}/resources"), &Value::Null).unwrap().json();
    let root = resources["item"][0]["id"].as_str().unwrap();
    put_text(&mut b, &format!("/restapis/{api}/resources/{root}/methods/GET"), "two");
    let revision = deploy(&mut b, &api);
    assert_eq!(call(&mut b, &api).text(), "two");
    let seen = until(|| call(&mut a, &api), |answer| answer.header("x-stepgate-revision") == Some(&revision));
    assert_eq!(seen.text(), "two");
    // And gone.
    let gone = b.apigateway("DELETE", &format!("/restapis/{api}"), &Value::Null).unwrap();
    assert_eq!(gone.status, 202);
    until(|| call(&mut a, &api).status, |status| *status == 403);
}

#[test]
fn executions_are_everybodys() {
    let mut fleet = fleet!("everybodys");
    let servers = [fleet.start(0), fleet.start(1), fleet.start(2)];
    let [mut a, mut b, mut c] = servers.each_ref().map(|server| Client::new(&server.address));
    let machine = create(&mut a, "Waiting", &waiting(3600));
    let stopped = start(&mut b, &machine, "stopped");
    assert_eq!(status(&mut c, &stopped), "RUNNING");
    assert_eq!(history(&mut a, &stopped), ["ExecutionStarted", "WaitStateEntered"]);
    states(&mut c, "StopExecution", json!({ "executionArn": stopped }));
    assert_eq!((status(&mut a, &stopped), status(&mut b, &stopped)), ("ABORTED".into(), "ABORTED".into()));
    assert_eq!(history(&mut b, &stopped).last().unwrap(), "ExecutionAborted");
    // A name is unique over all nodes, and its start is idempotent.
    let twice = start(&mut a, &machine, "twice");
    assert_eq!(start(&mut b, &machine, "twice"), twice);
    let other = json!({ "stateMachineArn": machine, "name": "twice", "input": "[1]" });
    assert_eq!(crate::error_of(&c.states("StartExecution", &other).unwrap()), "ExecutionAlreadyExists");

    // A worker at one node gets what was started at another, and answers to a third.
    let activity = states(&mut a, "CreateActivity", json!({ "name": "Work" }))["activityArn"].clone();
    let activity = activity.as_str().unwrap();
    until(
        || b.states("DescribeActivity", &json!({ "activityArn": activity })).unwrap().status,
        |s| *s == 200,
    );
    let machine = create(&mut a, "Working", &working(activity));
    let mut worker = Client::new(&servers[1].address);
    let poll = json!({ "activityArn": activity, "workerName": "w" });
    let polling = thread::spawn(move || states(&mut worker, "GetActivityTask", poll));
    let execution = start(&mut a, &machine, "worked");
    let token = polling.join().unwrap()["taskToken"].clone();
    for _ in 0..2 {
        for client in [&mut a, &mut b, &mut c] {
            states(client, "SendTaskHeartbeat", json!({ "taskToken": token }));
        }
    }
    states(&mut c, "SendTaskSuccess", json!({ "taskToken": token, "output": "{}" }));
    let again = a.states("SendTaskSuccess", &json!({ "taskToken": token, "output": "{}" })).unwrap();
    assert_eq!(crate::error_of(&again), "TaskTimedOut");
    until(|| status(&mut b, &execution), |status| status == "SUCCEEDED");
    let expect = [
        "ExecutionStarted",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "WaitStateEntered",
        "WaitStateExited",
        "ExecutionSucceeded",
    ];
    for client in [&mut a, &mut b, &mut c] {
        assert_eq!(history(client, &execution), expect);
    }

    // A parent that waits for its child, whichever node ends that.
    let child = create(&mut b, "Child", &waiting(3600));
    let parent = json!({ "StartAt": "Child", "States": { "Child": { "Type": "Task", "End": true,
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": { "StateMachineArn": child, "Name": "child" } } } });
    let parent = create(&mut b, "Parent", &parent);
    let parent = start(&mut a, &parent, "parent");
    let child = child.replace(":stateMachine:", ":execution:") + ":child";
    let describe = json!({ "executionArn": child });
    until(|| c.states("DescribeExecution", &describe).unwrap().status, |status| *status == 200);
    states(&mut c, "StopExecution", describe);
    until(|| status(&mut b, &parent), |status| status == "FAILED");

    // And what the nodes are.
    let told = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["nodes", "--json", "--endpoint", &format!("http://{}", servers[2].address)])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    let nodes = told["nodes"].as_array().unwrap();
    let names: Vec<&Value> = nodes.iter().map(|node| &node["name"]).collect();
    assert_eq!(names, ["node 0", "node 1", "node 2"]);
    let shards: usize = nodes.iter().map(|node| node["shards"].as_array().unwrap().len()).sum();
    assert_eq!(shards, 64, "{told}");
}

#[test]
fn a_quota_is_exact_over_nodes() {
    let mut fleet = fleet!("quota");
    let (first, second) = (fleet.start(0), fleet.start(1));
    let (mut a, mut b) = (Client::new(&first.address), Client::new(&second.address));
    let api = make_api(&mut a, "counted");
    let resources = a.apigateway("GET", &format!("/restapis/{api}/resources"), &Value::Null).unwrap().json();
    let root = resources["item"][0]["id"].as_str().unwrap();
    let patch =
        json!({ "patchOperations": [{ "op": "replace", "path": "/apiKeyRequired", "value": "true" }] });
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    assert_eq!(a.apigateway("PATCH", &method, &patch).unwrap().status, 200);
    deploy(&mut a, &api);
    let key = json!({ "name": "k", "value": "a-key-of-the-fleet-0123456789", "enabled": true });
    let key = a.apigateway("POST", "/apikeys", &key).unwrap().json()["id"].clone();
    let plan = json!({ "name": "p", "apiStages": [{ "apiId": api, "stage": "dev" }],
        "quota": { "limit": 90, "period": "MONTH" } });
    let plan = a.apigateway("POST", "/usageplans", &plan).unwrap().json()["id"].clone();
    let path = format!("/usageplans/{}/keys", plan.as_str().unwrap());
    let put = a.apigateway("POST", &path, &json!({ "keyId": key, "keyType": "API_KEY" })).unwrap();
    assert_eq!(put.status, 201, "{}", put.text());
    let path = format!("/restapis/{api}/dev/_user_request_/");
    let get = |client: &mut Client| {
        let key = [("x-api-key", "a-key-of-the-fleet-0123456789")];
        client.send("GET", &path, &key, b"").unwrap().status
    };
    until(|| get(&mut b), |status| *status == 200);
    // One request is made by now.
    let (mut n, mut refused) = (1, BTreeSet::new());
    while refused.len() < 2 {
        for (node, client) in [(0, &mut a), (1, &mut b)] {
            match get(client) {
                200 => n += 1,
                429 => drop(refused.insert(node)),
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(n, 90);
}

/// What clients were told of the executions that they started.
#[derive(Default)]
struct Told {
    started: Mutex<BTreeMap<String, String>>,
}

impl Told {
    /// Starts executions at `address` until told to stop. A start without an answer may count or not.
    fn start_at(&self, address: &str, machine: &str, prefix: &str, is_over: &AtomicBool) {
        let mut client = Client::new(address);
        for n in 0.. {
            if is_over.load(Ordering::SeqCst) {
                return;
            }
            let name = format!("{prefix}-{n}");
            let input = json!({ "stateMachineArn": machine, "name": name });
            match client.states("StartExecution", &input) {
                Ok(answer) if answer.status == 200 => {
                    let arn = answer.json()["executionArn"].as_str().unwrap().to_owned();
                    self.started.lock().unwrap().insert(name, arn);
                }
                Ok(_) => {}
                Err(_) => client = Client::new(address),
            }
        }
    }
}

/// Ends one node after the other under load by `end`, which gives a server that goes on; then everything that was told has
/// ended once.
fn disturbed(fleet: &mut Fleet, n: usize, end: impl Fn(&mut Fleet, Server, usize) -> Server) {
    let mut servers = [Some(fleet.start(0)), Some(fleet.start(1))];
    let mut client = Client::new(&servers[0].as_ref().unwrap().address);
    let machine = create(&mut client, "Waiting", &waiting(1));
    let told = Arc::new(Told::default());
    for round in 0..n {
        let is_over = Arc::new(AtomicBool::new(false));
        let before = told.started.lock().unwrap().len();
        let clients: Vec<_> = servers
            .iter()
            .enumerate()
            .map(|(node, server)| {
                let (told, is_over, machine) = (told.clone(), is_over.clone(), machine.clone());
                let address = server.as_ref().unwrap().address.clone();
                let prefix = format!("{round}-{node}");
                thread::spawn(move || told.start_at(&address, &machine, &prefix, &is_over))
            })
            .collect();
        until(|| told.started.lock().unwrap().len(), |started| before + 50 <= *started);
        let victim = round % 2;
        let server = servers[victim].take().unwrap();
        let server = end(fleet, server, victim);
        is_over.store(true, Ordering::SeqCst);
        clients.into_iter().for_each(|client| client.join().unwrap());
        servers[victim] = Some(server);
    }
    let started = told.started.lock().unwrap().clone();
    let mut clients = servers.each_ref().map(|server| Client::new(&server.as_ref().unwrap().address));
    let expect =
        ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "PassStateEntered", "PassStateExited"];
    for (n, arn) in started.values().enumerate() {
        let client = &mut clients[n % 2];
        until(|| status(client, arn), |status| status != "RUNNING");
        let types = history(client, arn);
        assert_eq!(types[..5], expect, "{arn}");
        assert_eq!(types[5..], ["ExecutionSucceeded"], "{arn}");
    }
    // Nothing that nobody was told of is left half done either.
    for rows in ["execution WHERE status = 0", "timer", "task"] {
        until(|| fleet.sql(&format!("SELECT COUNT(*) FROM {rows}")), |n| n == "0");
    }
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn what_a_killed_node_leaves_another_ends() {
    let mut fleet = fleet!("killed");
    disturbed(&mut fleet, number("STEPGATE_NODE_KILLS").unwrap_or(3), |fleet, mut server, node| {
        server.kill();
        // The other one takes over what it had before it comes again.
        let of = format!("SELECT COUNT(*) FROM store_lease WHERE name = 'node {node}' AND holder <> ''");
        until(|| fleet.sql(&of), |living| living == "0");
        fleet.start(node)
    });
}

#[test]
fn a_node_that_was_paused_for_too_long_writes_nothing() {
    let mut fleet = fleet!("paused");
    disturbed(&mut fleet, number("STEPGATE_NODE_PAUSES").unwrap_or(2), |fleet, server, node| {
        let pid = server.process_id().to_string();
        let signal =
            |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        signal("-STOP");
        let of = format!("SELECT COUNT(*) FROM store_lease WHERE name = 'node {node}' AND holder <> ''");
        until(|| fleet.sql(&of), |living| living == "0");
        signal("-CONT");
        assert_eq!(server.wait().code(), Some(1));
        fleet.start(node)
    });
}

#[test]
fn a_node_that_is_stopped_leaves_everything_at_once() {
    let mut fleet = fleet!("stopped");
    disturbed(&mut fleet, 2, |fleet, server, node| {
        assert!(server.terminate().success());
        assert_eq!(fleet.sql("SELECT COUNT(*) FROM store_lease WHERE holder <> ''"), "1");
        fleet.start(node)
    });
}
