//! Clients at all nodes, who note what they asked and what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use stepgate::clock::{Ids, SeededIds};

use crate::client::{Answer, Client};
use crate::history::{Event, History, Status, What};
use crate::nodes::{NODES, PAUSE, Places};

const HOME: &str = "us-east-1:123456789012";
const ROLE: &str = "arn:aws:iam::123456789012:role/Tests";
/// How many names clients are about at one time.
const RECENT: u64 = 8;
/// How long a client waits between two calls: others use the machine, too.
const PACE: Duration = Duration::from_millis(20);

/// What an execution does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Waits for a second.
    Waits,
    /// Has a worker add three values, one after the other.
    Works,
    /// Runs a child for each of three items, which wait for a second.
    Spreads,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Waits, Self::Works, Self::Spreads];

    fn of(name: &str) -> Self {
        match name.split('-').next() {
            Some("waits") => Self::Waits,
            Some("works") => Self::Works,
            _ => Self::Spreads,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Works => "works",
            Self::Spreads => "spreads",
        }
    }

    fn definition(self) -> Value {
        match self {
            Self::Waits => json!({ "StartAt": "Wait", "States": {
                "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Done" }, "Done": { "Type": "Pass", "End": true } } }),
            // A task that a worker has not been told of, because its node ended, is given to another.
            Self::Works => json!({ "StartAt": "Work", "States": {
                "Work": { "Type": "Task", "Resource": format!("arn:aws:states:{HOME}:activity:Work"),
                    "Parameters": { "name.$": "$$.Execution.Name", "n.$": "$.n" }, "HeartbeatSeconds": 4,
                    "Retry": [{ "ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 99 }],
                    "Next": "More" },
                "More": { "Type": "Choice", "Default": "Work",
                    "Choices": [{ "Variable": "$.n", "NumericGreaterThanEquals": 3, "Next": "Done" }] },
                "Done": { "Type": "Succeed" } } }),
            Self::Spreads => json!({ "StartAt": "Map", "States": {
                "Map": { "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                    "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                        "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 1, "End": true } } } } } }),
        }
    }

    fn arn(self) -> String {
        format!("arn:aws:states:{HOME}:stateMachine:{}", self.prefix())
    }
}

fn execution(name: &str) -> String {
    format!("arn:aws:states:{HOME}:execution:{}:{name}", Kind::of(name).prefix())
}

/// The error's type without its namespace.
fn error_of(answer: &Answer) -> String {
    let typed = answer.json()["__type"].as_str().unwrap_or_default().to_owned();
    typed.rsplit('#').next().unwrap_or_default().to_owned()
}

fn millis(of: &Value) -> u64 {
    (of.as_f64().unwrap() * 1_000.0).round() as u64
}

/// Calls an operation; `None` if nobody knows what became of it.
fn call(client: &mut Client, operation: &str, input: &Value) -> Option<Result<Value, String>> {
    let answer = client.states(operation, input).ok()?;
    match answer.status {
        200 => Some(Ok(answer.json())),
        400 => Some(Err(error_of(&answer))),
        500.. => None,
        _ => panic!("{operation} {input}: {}", answer.text()),
    }
}

/// Makes what the clients use, at a node; the others know of it when this is done.
pub(crate) fn make(clients: &mut [Client]) {
    let activity = call(&mut clients[0], "CreateActivity", &json!({ "name": "Work" }));
    assert!(matches!(activity, Some(Ok(_))), "{activity:?}");
    for kind in Kind::ALL {
        let definition = kind.definition().to_string();
        let input = json!({ "name": kind.prefix(), "definition": definition, "roleArn": ROLE });
        let made = call(&mut clients[0], "CreateStateMachine", &input);
        assert!(matches!(made, Some(Ok(_))), "{made:?}");
    }
    for client in clients {
        let describe = json!({ "activityArn": format!("arn:aws:states:{HOME}:activity:Work") });
        while !matches!(call(client, "DescribeActivity", &describe), Some(Ok(_))) {
            thread::sleep(PAUSE);
        }
    }
}

/// The clients of a test.
pub(crate) struct Load {
    pub(crate) history: Arc<History>,
    places: Places,
    /// Those who start end.
    is_over: Arc<AtomicBool>,
    /// Those who work end, too.
    is_closed: Arc<AtomicBool>,
    names: Arc<AtomicU64>,
    values: Arc<AtomicU64>,
    starters: Vec<JoinHandle<()>>,
    seed: usize,
}

impl Load {
    pub(crate) fn new(places: Places) -> Self {
        let load = Self {
            history: Arc::new(History::new()),
            places,
            is_over: Arc::default(),
            is_closed: Arc::default(),
            names: Arc::default(),
            values: Arc::default(),
            starters: Vec::new(),
            seed: 0,
        };
        for node in 0..NODES {
            let (mut at, history) = (At::new(&load.places, node), load.history.clone());
            let (values, is_closed) = (load.values.clone(), load.is_closed.clone());
            let mut others: Vec<At> = (0..NODES).map(|node| At::new(&load.places, node)).collect();
            thread::spawn(move || {
                while !is_closed.load(Ordering::SeqCst) {
                    work(&mut at, &mut others, &history, &values);
                }
            });
        }
        load
    }

    /// Lets clients start executions at all nodes.
    pub(crate) fn begin(&mut self, round: usize) {
        self.is_over.store(false, Ordering::SeqCst);
        for node in 0..NODES {
            self.seed += 1;
            let (mut at, history) = (At::new(&self.places, node), self.history.clone());
            let (ids, names, is_over) =
                (SeededIds::new(self.seed as u64), self.names.clone(), self.is_over.clone());
            self.starters.push(thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    something(&mut at, &history, &ids, &names, round);
                    thread::sleep(PACE);
                }
            }));
        }
    }

    /// Ends those.
    pub(crate) fn end(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.starters.drain(..).for_each(|starter| starter.join().unwrap());
    }

    /// Asks how each execution stands that anybody was told of, or wanted.
    pub(crate) fn read_all(&self) {
        let names = self.history.names();
        thread::scope(|scope| {
            for own in 0..NODES {
                let (names, history) = (&names, &self.history);
                let mut at: Vec<At> = (0..NODES).map(|node| At::new(&self.places, node)).collect();
                scope.spawn(move || {
                    for name in names.iter().skip(own).step_by(NODES) {
                        describe(&mut at[own], history, name);
                        read(&mut at[(own + 1) % NODES], history, name);
                        if Kind::of(name) == Kind::Spreads {
                            count_children(&mut at[own], name);
                        }
                    }
                });
            }
        });
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.is_closed.store(true, Ordering::SeqCst);
    }
}

/// A client of a node, wherever that is.
struct At {
    places: Places,
    node: usize,
    client: Client,
}

impl At {
    fn new(places: &Places, node: usize) -> Self {
        let (address, ahead_s) = places.lock().unwrap()[node].clone();
        Self { places: places.clone(), node, client: Client::new(&address).ahead(ahead_s) }
    }

    fn call(&mut self, operation: &str, input: &Value) -> Option<Result<Value, String>> {
        let told = call(&mut self.client, operation, input);
        if told.is_none() {
            thread::sleep(PAUSE);
            *self = Self::new(&self.places, self.node);
        }
        told
    }
}

/// Makes one call of one of the names that others use at the same time.
fn something(at: &mut At, history: &History, ids: &SeededIds, names: &AtomicU64, round: usize) {
    let pick = |n: f64| (ids.unit() * n) as u64;
    let newest = names.load(Ordering::SeqCst);
    let n = if pick(2.0) == 0 {
        names.fetch_add(1, Ordering::SeqCst)
    } else {
        newest.saturating_sub(pick(RECENT as f64))
    };
    let kind = match n % 10 {
        0..7 => Kind::Waits,
        7..9 => Kind::Works,
        _ => Kind::Spreads,
    };
    let name = format!("{}-{round}-{n}", kind.prefix());
    match pick(10.0) {
        0..6 => start(at, history, kind, &name, if pick(8.0) == 0 { 2 } else { 1 }),
        6 | 7 => describe(at, history, &name),
        8 => read(at, history, &name),
        // What works has to end by itself, or its history has no values.
        _ if kind == Kind::Waits => stop(at, history, &name),
        _ => read(at, history, &name),
    }
}

fn start(at: &mut At, history: &History, kind: Kind, name: &str, input: u64) {
    let own = json!({ "v": input, "n": 0, "items": [1, 2, 3] }).to_string();
    let asked = json!({ "stateMachineArn": kind.arn(), "name": name, "input": own });
    let from = history.now();
    let what = match at.call("StartExecution", &asked) {
        Some(Ok(told)) => What::Started { input, at: millis(&told["startDate"]) },
        Some(Err(error)) if error == "ExecutionAlreadyExists" => What::StartRefused { input },
        Some(Err(error)) => panic!("{asked}: {error}"),
        None => What::StartUnknown { input },
    };
    history.note(name, at.node, from, what);
}

fn describe(at: &mut At, history: &History, name: &str) {
    let from = history.now();
    let what = match at.call("DescribeExecution", &json!({ "executionArn": execution(name) })) {
        Some(Ok(told)) => {
            let input: Value = serde_json::from_str(told["input"].as_str().unwrap()).unwrap();
            let status = match told["status"].as_str().unwrap() {
                "RUNNING" => Status::Running,
                "SUCCEEDED" => Status::Succeeded,
                "ABORTED" => Status::Aborted,
                _ => Status::Otherwise,
            };
            let at = millis(&told["startDate"]);
            check_times(name, at, told["stopDate"].as_f64().map(|_| millis(&told["stopDate"])), status);
            What::Described { input: input["v"].as_u64().unwrap(), at, status }
        }
        Some(Err(error)) if error == "ExecutionDoesNotExist" => What::Absent,
        Some(Err(error)) => panic!("{name}: {error}"),
        None => return,
    };
    history.note(name, at.node, from, what);
}

/// Executions are of now, and waits take as long as they say, whatever any node's clock shows.
#[allow(clippy::disallowed_methods)] // Clients live in real time.
fn check_times(name: &str, began: u64, ended: Option<u64>, status: Status) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    assert!(began.abs_diff(now) < 600_000, "{name}: began at {began}, which is not about {now}");
    if let (Kind::Waits, Status::Succeeded, Some(ended)) = (Kind::of(name), status, ended) {
        assert!((began + 1_000..began + 60_000).contains(&ended), "{name}: from {began} to {ended}");
    }
}

fn stop(at: &mut At, history: &History, name: &str) {
    let from = history.now();
    let what = match at.call("StopExecution", &json!({ "executionArn": execution(name) })) {
        Some(Ok(_)) => What::Stopped,
        Some(Err(error)) if error == "ExecutionDoesNotExist" => What::Absent,
        Some(Err(error)) => panic!("{name}: {error}"),
        None => What::StopUnknown,
    };
    history.note(name, at.node, from, what);
}

fn read(at: &mut At, history: &History, name: &str) {
    let from = history.now();
    let (mut events, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut asked = json!({ "executionArn": execution(name), "maxResults": 1000 });
        if !token.is_null() {
            asked["nextToken"] = token;
        }
        let page = match at.call("GetExecutionHistory", &asked) {
            Some(Ok(page)) => page,
            Some(Err(error)) if error == "ExecutionDoesNotExist" => {
                return history.note(name, at.node, from, What::Absent);
            }
            Some(Err(error)) => panic!("{name}: {error}"),
            None => return,
        };
        for event in page["events"].as_array().unwrap() {
            let output = event["activitySucceededEventDetails"]["output"].as_str();
            let output = output.and_then(|output| serde_json::from_str::<Value>(output).ok());
            events.push(Event {
                id: event["id"].as_u64().unwrap(),
                kind: event["type"].as_str().unwrap().to_owned(),
                value: output.and_then(|output| output["value"].as_u64()),
            });
        }
        token = page["nextToken"].clone();
        if token.is_null() {
            return history.note(name, at.node, from, What::Read(events));
        }
    }
}

/// Takes a task at one node, and answers it at another.
fn work(at: &mut At, others: &mut [At], history: &History, values: &AtomicU64) {
    let asked = json!({ "activityArn": format!("arn:aws:states:{HOME}:activity:Work"), "workerName": "w" });
    let Some(Ok(task)) = at.call("GetActivityTask", &asked) else { return };
    let Some(token) = task["taskToken"].as_str() else { return };
    let input: Value = serde_json::from_str(task["input"].as_str().unwrap()).unwrap();
    let value = values.fetch_add(1, Ordering::SeqCst) + 1;
    let output = json!({ "n": input["n"].as_u64().unwrap() + 1, "value": value }).to_string();
    let other = &mut others[value as usize % NODES];
    let from = history.now();
    let what = match other.call("SendTaskSuccess", &json!({ "taskToken": token, "output": output })) {
        Some(Ok(_)) => What::Appended { value },
        Some(Err(error)) if ["TaskTimedOut", "TaskDoesNotExist"].contains(&error.as_str()) => {
            What::AppendRefused { value }
        }
        Some(Err(error)) => panic!("{error}"),
        None => What::AppendUnknown { value },
    };
    history.note(input["name"].as_str().unwrap(), other.node, from, what);
}

/// Each item of a Map Run that has ended is one execution.
fn count_children(at: &mut At, name: &str) {
    // It may never have been started.
    let Some(Ok(runs)) = at.call("ListMapRuns", &json!({ "executionArn": execution(name) })) else { return };
    let of = json!({ "mapRunArn": runs["mapRuns"][0]["mapRunArn"] });
    let (Some(Ok(run)), Some(Ok(children))) =
        (at.call("DescribeMapRun", &of), at.call("ListExecutions", &of))
    else {
        return;
    };
    let counts = &run["executionCounts"];
    let is_so = (&counts["total"], &counts["succeeded"]) == (&json!(3), &json!(3))
        && children["executions"].as_array().map(Vec::len) == Some(3);
    if !is_so {
        let asked = json!({ "executionArn": execution(name) });
        let history = at.call("GetExecutionHistory", &asked);
        panic!("{name}: {run}\n{children}\n{history:?}");
    }
}

/// Calls an API with a key whose plan has a quota, and counts what was let through.
#[derive(Clone, Default)]
pub(crate) struct Quota {
    path: String,
    pub(crate) passed: Arc<AtomicUsize>,
}

pub(crate) const KEY: &str = "a-key-of-the-fleet-0123456789";

impl Quota {
    /// Makes the API and the plan.
    pub(crate) fn make(client: &mut Client, limit: usize) -> Self {
        let mut call = |method: &str, path: &str, input: Value| {
            let answer = client.apigateway(method, path, &input).unwrap();
            assert!(answer.status < 300, "{method} {path}: {}", answer.text());
            if answer.body.is_empty() { Value::Null } else { answer.json() }
        };
        let text = |of: &Value| of.as_str().unwrap().to_owned();
        let api = text(&call("POST", "/restapis", json!({ "name": "counted" }))["id"]);
        let root = text(&call("GET", &format!("/restapis/{api}/resources"), Value::Null)["item"][0]["id"]);
        let method = format!("/restapis/{api}/resources/{root}/methods/GET");
        call("PUT", &method, json!({ "authorizationType": "NONE", "apiKeyRequired": true }));
        let mock =
            json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
        call("PUT", &format!("{method}/integration"), mock);
        call("PUT", &format!("{method}/responses/200"), json!({}));
        call("PUT", &format!("{method}/integration/responses/200"), json!({}));
        call("POST", &format!("/restapis/{api}/deployments"), json!({ "stageName": "dev" }));
        let key =
            call("POST", "/apikeys", json!({ "name": "k", "value": KEY, "enabled": true }))["id"].clone();
        let plan = json!({ "name": "p", "apiStages": [{ "apiId": api, "stage": "dev" }],
            "quota": { "limit": limit, "period": "MONTH" } });
        let plan = text(&call("POST", "/usageplans", plan)["id"]);
        call("POST", &format!("/usageplans/{plan}/keys"), json!({ "keyId": key, "keyType": "API_KEY" }));
        Self { path: format!("/restapis/{api}/dev/_user_request_/"), passed: Arc::default() }
    }

    /// One request; its status, if there was one.
    pub(crate) fn ask(&self, client: &mut Client) -> Option<u16> {
        let answer = client.send("GET", &self.path, &[("x-api-key", KEY)], b"").ok()?;
        if answer.status == 200 {
            self.passed.fetch_add(1, Ordering::SeqCst);
        }
        Some(answer.status)
    }
}
