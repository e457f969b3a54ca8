//! Starts the executions, then crashes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stepgate::asl::StateMachineType;
use stepgate::clock::{Clock, SystemClock};
use stepgate::engine::{CreateStateMachine, Engine, Logging, StartExecution};
use stepgate::id::{AccountId, AccountRegion, Region};

use crate::engine::{self, MACHINE};
use crate::{DUE, DUE_EVERY_MS, bounded, resident_mib};

/// How many starts are in progress at a time.
const AT_ONCE: usize = 512;
/// How long the other executions wait.
const LONG: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// When the first one is due, after all have been started.
const FIRST_DUE: Duration = Duration::from_secs(60);

const DEFINITION: &str = r#"{"StartAt": "W", "States": {
    "W": {"Type": "Wait", "TimestampPath": "$.until", "End": true}}}"#;

pub(crate) async fn run(dir: &Path, n: usize) {
    let clock = SystemClock::new();
    let engine = engine::open(dir).await;
    let create = CreateStateMachine {
        encryption: None,
        home: AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        },
        name: "Wait".to_owned(),
        definition: DEFINITION.to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/bench".to_owned(),
        kind: StateMachineType::Standard,
        logging: Logging::default(),
        tracing: false,
        tags: Vec::new(),
        publish: None,
    };
    engine.state_machines().create(create).await.unwrap();
    let begun = clock.monotonic();
    let far = clock.now() + LONG;
    start(&engine, n.saturating_sub(DUE), move |i| (format!("far-{i}"), far)).await;
    let first = clock.now() + FIRST_DUE;
    start(&engine, DUE.min(n), move |i| {
        let at = first + Duration::from_millis(DUE_EVERY_MS.unsigned_abs() * i as u64);
        // The name says when it should end.
        (format!("due-{}", at.as_millis()), at)
    })
    .await;
    let took = (clock.monotonic() - begun).as_secs_f64();
    println!("started in {took:.1} s, {:.0} a second", n as f64 / took);
    bounded("resident memory at the most", resident_mib().1, 1024.0, "MiB");
    // A crash: nothing is closed.
    std::process::abort();
}

async fn start(
    engine: &Engine,
    n: usize,
    which: impl Fn(usize) -> (String, stepgate::clock::Timestamp) + Clone + Send + 'static,
) {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (engine, next, which) = (engine.clone(), next.clone(), which.clone());
            tokio::spawn(async move {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if n <= i {
                        return;
                    }
                    let (name, until) = which(i);
                    let start = StartExecution {
                        state_machine_arn: MACHINE.to_owned(),
                        name: Some(name),
                        input: Some(format!("{{\"until\": \"{until}\", \"order\": {i}}}")),
                        trace_header: None,
                    };
                    engine.start_execution(start).await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}
