//! Kills the server with SIGKILL at random moments, and compares the result with what clients were told.
//!
//! `STEPGATE_KILLS` is the number of kills (50 by default); `STEPGATE_SEED` repeats a run's choices. `faults` makes
//! writes fail.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A test prints its seed, and says no by panicking.

#[path = "../support/client.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod client;
mod faults;
mod ledger;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod server;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use client::Client;
use ledger::{Kind, Ledger};
use serde_json::{Value, json};
use server::{DataDir, Server};
use stepgate::clock::{Ids, SeededIds};

const CONNECTIONS: usize = 4;
const ROLE: &str = "arn:aws:iam::123456789012:role/Tests";
const HOME: &str = "us-east-1:123456789012";

#[test]
fn nothing_acknowledged_is_lost_and_nothing_runs_twice() {
    let kills: usize = number("STEPGATE_KILLS").unwrap_or(50);
    let seed: u64 = number("STEPGATE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("STEPGATE_SEED={seed} STEPGATE_KILLS={kills}");
    let dir = DataDir::new("durability");
    let ledger = Arc::new(Mutex::new(Ledger::new(seed)));
    let ids = SeededIds::new(seed);

    let mut server = Server::start(&dir, &[]);
    create_machines(&server.address);
    for kill in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                let (ledger, stop, address) = (ledger.clone(), stop.clone(), server.address.clone());
                thread::spawn(move || start_executions(&address, &ledger, &stop, kill * CONNECTIONS + n))
            })
            .collect();
        let worker = {
            let (ledger, stop, address) = (ledger.clone(), stop.clone(), server.address.clone());
            thread::spawn(move || work(&address, &ledger, &stop))
        };
        // The moment of the kill is random; this is not waiting for anything.
        thread::sleep(Duration::from_micros(10_000 + (ids.unit() * 90_000.0) as u64));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().for_each(|client| client.join().unwrap());
        worker.join().unwrap();
        server = Server::start(&dir, &[]);
    }
    let mut ledger = Arc::into_inner(ledger).unwrap().into_inner().unwrap();
    finish_tasks(&server.address, &mut ledger);
    verify(&server.address, &ledger);
    println!(
        "{} acknowledged executions, {} tokens used after a kill",
        ledger.acknowledged(),
        ledger.tokens_used
    );
    assert!(ledger.acknowledged() > kills, "hardly anything was started: the test shows nothing");
}

fn create_machines(address: &str) {
    let mut client = Client::new(address);
    let activity = client.states("CreateActivity", &json!({"name": "Work"})).unwrap();
    assert_eq!(activity.status, 200, "{}", activity.text());
    let started = ledger::started_by_others();
    let kinds = Kind::ALL.iter().map(|kind| (kind.machine(), kind.definition()));
    for (name, definition) in kinds.chain(started) {
        let input = json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE});
        let made = client.states("CreateStateMachine", &input).unwrap();
        assert_eq!(made.status, 200, "{}", made.text());
    }
}

/// Starts executions through the gateway until the server dies, and records the answers.
fn start_executions(address: &str, ledger: &Mutex<Ledger>, stop: &AtomicBool, salt: usize) {
    let mut client = Client::new(address);
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let kind = Kind::ALL[(salt + n) % Kind::ALL.len()];
        let name = format!("e-{salt}-{n}");
        n += 1;
        ledger.lock().unwrap().sent(kind, &name);
        let body = json!({
            "stateMachineArn": format!("arn:aws:states:{HOME}:stateMachine:{}", kind.machine()),
            "name": name,
            "input": json!({"name": name, "items": [1, 2, 3]}).to_string(),
        });
        match client.send("POST", "/alpha/execution", &[], body.to_string().as_bytes()) {
            Ok(answer) => {
                assert_eq!(answer.status, 200, "{}", answer.text());
                let started = answer.json()["startDate"].as_f64().unwrap();
                ledger.lock().unwrap().acknowledged_at(&name, started);
            }
            Err(_) => return, // Killed: whether it was started is for the server to say afterwards.
        }
    }
}

/// Takes activity tasks; completes some at once, and keeps the other tokens until after the kill.
fn work(address: &str, ledger: &Mutex<Ledger>, stop: &AtomicBool) {
    let mut client = Client::new(address);
    let activity = json!({"activityArn": format!("arn:aws:states:{HOME}:activity:Work")});
    while !stop.load(Ordering::Relaxed) {
        let Ok(answer) = client.states("GetActivityTask", &activity) else { return };
        assert_eq!(answer.status, 200, "{}", answer.text());
        let task = answer.json();
        let Some(token) = task["taskToken"].as_str() else { continue };
        let input: Value = serde_json::from_str(task["input"].as_str().unwrap()).unwrap();
        let name = input["name"].as_str().unwrap().to_owned();
        let keep = ledger.lock().unwrap().task(&name, token);
        if keep {
            continue;
        }
        let output = json!({"taskToken": token, "output": "{\"worked\": true}"});
        let Ok(answer) = client.states("SendTaskSuccess", &output) else { return };
        assert_eq!(answer.status, 200, "{}", answer.text());
        ledger.lock().unwrap().completed(&name);
    }
}

/// Uses every token that was handed out before a kill, and takes the remaining tasks.
fn finish_tasks(address: &str, ledger: &mut Ledger) {
    let mut client = Client::new(address);
    for (name, token) in ledger.open_tokens() {
        let output = json!({"taskToken": token, "output": "{\"worked\": true}"});
        let answer = client.states("SendTaskSuccess", &output).unwrap();
        // A call whose answer a kill swallowed may have been carried out; then the task is over.
        let over = answer.status == 400 && answer.text().contains("TaskTimedOut");
        assert!(answer.status == 200 || over && !ledger.kept(&name), "{name}: {}", answer.text());
        ledger.tokens_used += 1;
        ledger.completed(&name);
    }
    let activity = format!("arn:aws:states:{HOME}:activity:Work");
    for name in running_work(&mut client) {
        let arn = format!("arn:aws:states:{HOME}:execution:{}:{name}", Kind::Activity.machine());
        if types(&mut client, &arn, Kind::Activity).last().is_some_and(|last| last == "ActivityStarted") {
            // Handed out, but the kill swallowed the answer, so nobody has the token. Such a task would time out; it is
            // stopped here, so that the test need not wait.
            assert!(!ledger.has_token(&name), "{name}: its token was used and it still runs");
            let stopped = client.states("StopExecution", &json!({"executionArn": arn})).unwrap();
            assert_eq!(stopped.status, 200, "{}", stopped.text());
            ledger.stopped(&name);
            continue;
        }
        let answer = client.states("GetActivityTask", &json!({"activityArn": activity})).unwrap();
        let task = answer.json();
        let token = task["taskToken"].as_str().expect("a task in line is handed out");
        let output = json!({"taskToken": token, "output": "{\"worked\": true}"});
        assert_eq!(client.states("SendTaskSuccess", &output).unwrap().status, 200);
    }
}

/// Names of the open executions of the worker machine.
fn running_work(client: &mut Client) -> Vec<String> {
    let machine = format!("arn:aws:states:{HOME}:stateMachine:{}", Kind::Activity.machine());
    let running = json!({"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1000});
    let answer = client.states("ListExecutions", &running).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let page = answer.json();
    let executions = page["executions"].as_array().unwrap();
    executions.iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
}

/// Checks that every acknowledged execution exists, ended as it should and ran once, and that no others exist.
fn verify(address: &str, ledger: &Ledger) {
    let mut client = Client::new(address);
    for kind in Kind::ALL {
        let mut found = 0;
        for name in list(&mut client, kind.machine()) {
            assert!(ledger.was_sent(*kind, &name), "{name} was never asked for, or is listed twice");
            found += 1;
        }
        println!("{}: {found} executions", kind.machine());
    }
    for (kind, name, acknowledged) in ledger.executions() {
        let arn = format!("arn:aws:states:{HOME}:execution:{}:{name}", kind.machine());
        let described = wait_for_end(&mut client, &arn);
        let Some(described) = described else {
            assert!(acknowledged.is_none(), "{name} was acknowledged and is gone");
            continue;
        };
        let want = if ledger.was_stopped(name) { "ABORTED" } else { "SUCCEEDED" };
        assert_eq!(described["status"], want, "{described}");
        if let Some(started) = acknowledged {
            assert_eq!(described["startDate"].as_f64(), Some(started), "{name}");
        }
        if !ledger.was_stopped(name) {
            assert_eq!(types(&mut client, &arn, kind), kind.history(), "{name}");
        }
    }
    // Each item of a Map Run is one execution.
    for name in list(&mut client, Kind::Spread.machine()) {
        let arn = format!("arn:aws:states:{HOME}:execution:{}:{name}", Kind::Spread.machine());
        let runs = client.states("ListMapRuns", &json!({"executionArn": arn})).unwrap().json();
        assert_eq!(runs["mapRuns"].as_array().map(Vec::len), Some(1), "{runs}");
        let run = json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]});
        let counts = &client.states("DescribeMapRun", &run).unwrap().json()["executionCounts"];
        assert_eq!((&counts["total"], &counts["succeeded"]), (&json!(3), &json!(3)), "{arn}: {counts}");
        let children = client.states("ListExecutions", &run).unwrap().json();
        assert_eq!(children["executions"].as_array().map(Vec::len), Some(3), "{children}");
    }
    // No attempt started two executions: each failing execution belongs to one of two attempts, each calling one to one
    // task.
    for (machine, kind, n_each) in [(ledger::FAILS, Kind::Retry, 2), (ledger::CALLS_BACK, Kind::Callback, 1)]
    {
        let parents = list(&mut client, kind.machine()).len();
        assert_eq!(list(&mut client, machine).len(), parents * n_each, "{machine}");
    }
}

fn list(client: &mut Client, machine: &str) -> Vec<String> {
    let machine = format!("arn:aws:states:{HOME}:stateMachine:{machine}");
    let mut names = Vec::new();
    let mut input = json!({"stateMachineArn": machine, "maxResults": 1000});
    loop {
        let answer = client.states("ListExecutions", &input).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        let listed = page["executions"].as_array().unwrap();
        names.extend(listed.iter().map(|e| e["name"].as_str().unwrap().to_owned()));
        match page["nextToken"].as_str() {
            Some(token) => input["nextToken"] = json!(token),
            None => break,
        }
    }
    let n_listed = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), n_listed, "an execution is listed twice");
    names
}

/// The execution once it has ended; `None` if it doesn't exist.
#[allow(clippy::disallowed_methods)] // A deadline for a server that would never end it.
fn wait_for_end(client: &mut Client, arn: &str) -> Option<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = client.states("DescribeExecution", &json!({"executionArn": arn})).unwrap();
        if answer.status == 400 && answer.text().contains("ExecutionDoesNotExist") {
            return None;
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        let described = answer.json();
        if described["status"] != "RUNNING" {
            return Some(described);
        }
        assert!(Instant::now() < deadline, "{arn} never ended");
        thread::yield_now();
    }
}

/// The history's event types, after checking its ids.
fn types(client: &mut Client, arn: &str, kind: Kind) -> Vec<String> {
    let answer =
        client.states("GetExecutionHistory", &json!({"executionArn": arn, "maxResults": 1000})).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let history = answer.json();
    let events = history["events"].as_array().unwrap();
    let ids: Vec<u64> = events.iter().map(|e| e["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>(), "{arn}");
    let mut types: Vec<String> = events.iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect();
    if kind.is_concurrent() {
        types.sort(); // Branches end in any order.
    }
    types
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}
