//! Data directories that earlier versions have written: all of it is found, and what was begun ends.
//!
//! `tests/data/stores` has one for each form that records have had, and what the version that wrote it answered.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::harness::World;
use crate::identity::{Credential, Secret};

const REGION: &str = "us-east-1";
/// How long a test may take in real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is in a data directory, as the version that wrote it saw it.
#[derive(Deserialize)]
struct Found {
    /// When it was written, in milliseconds.
    made: i64,
    reads: Vec<Read>,
    /// Executions that are open, and their outputs when what they wait for is done.
    open: BTreeMap<String, String>,
    /// Tokens of tasks that workers have, and what the workers answer.
    tokens: Vec<(String, String)>,
    /// How many tasks of each activity nobody has taken.
    waiting: BTreeMap<String, usize>,
}

/// A request and its answer.
#[derive(Deserialize)]
struct Read {
    service: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// The keys that sign it, unless they are the account's.
    keys: Option<SessionKeys>,
    status: u16,
    answer: String,
}

#[derive(Deserialize)]
struct SessionKeys {
    id: String,
    secret: String,
    token: String,
}

fn stores() -> Vec<PathBuf> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/stores");
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut stores: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "zip")).collect();
    stores.sort();
    stores
}

impl World {
    /// The APIs on a copy of a store, at the time when it was made.
    async fn of_store(path: &Path) -> (Self, Found) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-stores-{}-{n}", std::process::id()));
        zip::ZipArchive::new(File::open(path).unwrap()).unwrap().extract(&dir).unwrap();
        let found: Found = serde_json::from_slice(&fs::read(dir.join("found.json")).unwrap()).unwrap();
        (Self::open(dir, Timestamp::from_millis(found.made)).await, found)
    }

    async fn states_there(&self, operation: &str, input: Value) -> Value {
        let target = format!("AWSStepFunctions.{operation}");
        let body = input.to_string();
        let request = http::Request::post("/").header("x-amz-target", target).body(body.as_str()).unwrap();
        let answer = self.send_to(REGION, &self.credential, "states", request).await;
        assert_eq!(answer.status, 200, "{operation} {input}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    async fn succeed(&self, token: &str, output: &str) {
        self.states_there("SendTaskSuccess", json!({ "taskToken": token, "output": output })).await;
    }
}

/// What of `expected` isn't in `found`. Members that a later version adds may be there as well.
fn missing(expected: &Value, found: &Value, at: &str, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                missing(value, found.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"), differences);
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (n, (expected, found)) in expected.iter().zip(found).enumerate() {
                missing(expected, found, &format!("{at}/{n}"), differences);
            }
        }
        _ if expected == found => {}
        _ => differences.push(format!("{at}: {expected} became {found}")),
    }
}

/// An answer as it is compared: no request has the id of another.
fn comparable(answer: &str) -> Value {
    serde_json::from_str(answer).unwrap_or_else(|_| {
        let (before, id) = answer.split_once("<RequestId>").unwrap_or((answer, ""));
        let after = id.split_once("</RequestId>").map_or("", |(_, after)| after);
        // Earlier versions didn't count those that have a policy as their boundary.
        let (before, boundaries) =
            before.split_once("<PermissionsBoundaryUsageCount>").unwrap_or((before, ""));
        let counted = boundaries.split_once("</PermissionsBoundaryUsageCount>").map_or("", |(_, rest)| rest);
        json!(format!("{before}{counted}{after}"))
    })
}

#[tokio::test]
async fn everything_in_them_is_found() {
    assert!(!stores().is_empty());
    for path in stores() {
        let (world, found) = World::of_store(&path).await;
        let mut differences = Vec::new();
        for read in &found.reads {
            let credential = match &read.keys {
                None => world.credential.clone(),
                Some(keys) => Credential {
                    session_token: Some(Secret::new(&keys.token)),
                    ..Credential::root(
                        world.caller().account.clone(),
                        keys.id.as_str(),
                        Secret::new(&keys.secret),
                    )
                },
            };
            let mut request = http::Request::builder().method(read.method.as_str()).uri(read.path.as_str());
            for (name, value) in &read.headers {
                request = request.header(name, value);
            }
            let request = request.body(read.body.as_str()).unwrap();
            let answer = world.send_to(REGION, &credential, &read.service, request).await;
            let at = format!("{} {} {}", read.method, read.path, read.body);
            if answer.status != read.status {
                differences.push(format!("{at}: {} {}", answer.status, answer.body));
                continue;
            }
            missing(&comparable(&read.answer), &comparable(&answer.body), &at, &mut differences);
        }
        assert!(differences.is_empty(), "{}:\n{}", path.display(), differences.join("\n"));
    }
}

#[tokio::test]
async fn executions_that_were_open_end() {
    for path in stores() {
        let finished = tokio::time::timeout(PATIENCE, finish(&path)).await;
        assert!(finished.is_ok(), "{}: executions are still open", path.display());
    }
}

async fn finish(path: &Path) {
    let (world, found) = World::of_store(path).await;
    for (token, output) in &found.tokens {
        world.succeed(token, output).await;
    }
    // Everything that is waited for is due.
    world.clock.advance(Duration::from_secs(7_000));
    for (activity, n) in &found.waiting {
        for _ in 0..*n {
            let task = world.states_there("GetActivityTask", json!({ "activityArn": activity })).await;
            world.succeed(task["taskToken"].as_str().unwrap(), "\"done\"").await;
        }
    }
    for (arn, output) in &found.open {
        let ended = loop {
            let execution = world.states_there("DescribeExecution", json!({ "executionArn": arn })).await;
            if execution["status"] != "RUNNING" {
                break execution;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(output)), "{ended}");
    }
}
