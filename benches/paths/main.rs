//! Measures the paths that a request can take, each compared with a bare hyper echo server in the same run.
//!
//! `cargo bench --bench paths` starts the release binary on core 0 and sends requests from core 1. It prints requests
//! per second and server CPU per request, both also as ratios to the echo server, and the commit latency in units of
//! the machine's own fdatasync. `-- --seconds 5 --rounds 3 --connections 1,64` changes the run, `-- --only HTTP_PROXY`
//! the paths. Compare ratios within one run; absolute numbers depend on the machine.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

mod echo;
mod fdatasync;
mod load;
mod process;
mod signed;

use std::time::Duration;

use load::{Outcome, Target};
use process::Served;

/// The parameters of a run.
struct Plan {
    seconds: f64,
    rounds: usize,
    connections: Vec<usize>,
    /// Measure only paths with this in their name.
    only: Option<String>,
}

const BODY: &str = r#"{"orderId":"0f9b6d2e-5a57-4d6f","customer":{"id":12345678,"name":"Ada"},"items":[{"sku":"SKU-00137","qty":2},{"sku":"SKU-00274","qty":1}],"total":123.45}"#;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|a| a == "--echo") {
        return echo::serve();
    }
    let plan = plan(&arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    process::pin_this_process();
    runtime.block_on(measure(&plan));
}

fn plan(arguments: &[String]) -> Plan {
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let numbers = value("--connections").unwrap_or_else(|| "1,64".to_owned());
    Plan {
        seconds: value("--seconds").map_or(2.0, |s| s.parse().expect("--seconds takes a number")),
        rounds: value("--rounds").map_or(3, |s| s.parse().expect("--rounds takes a number")),
        only: value("--only"),
        connections: numbers.split(',').map(|n| n.parse().expect("--connections takes numbers")).collect(),
    }
}

async fn measure(plan: &Plan) {
    let sync = fdatasync::p50();
    println!("fdatasync of 4 KiB appended, p50: {} µs", sync.as_micros());
    let echo = Served::echo().await;
    let server = Served::stepgate(&echo).await;
    let mut targets = vec![
        Target::plain("bare hyper echo", &echo, "/", BODY),
        Target::plain("MOCK", &server, "/bench/mock", BODY),
        Target::plain("MOCK, mapping template", &server, "/bench/mapped", BODY),
        Target::plain("HTTP_PROXY", &server, "/bench/proxy", BODY),
        Target::keyed("HTTP_PROXY, API key, rate and quota", &server, "/bench/keyed", BODY),
        Target::plain("StartExecution through a mapping template", &server, "/bench/execution", BODY),
        signed::start_execution("StartExecution direct", &server),
        Target::plain("StartSyncExecution", &server, "/bench/sync", BODY).expecting("SUCCEEDED"),
        Target::plain("StartSyncExecution, mapping template", &server, "/bench/sync-mapped", BODY)
            .expecting("SUCCEEDED"),
        Target::plain("StartSyncExecution, ten states in JSONPath", &server, "/bench/jsonpath", BODY)
            .expecting("SUCCEEDED"),
        Target::plain("StartSyncExecution, ten states in JSONata", &server, "/bench/jsonata", BODY)
            .expecting("SUCCEEDED"),
    ];
    if let Some(only) = &plan.only {
        targets.retain(|target| target.name.contains(only.as_str()));
    }
    println!(
        "{:44} {:>5} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8}",
        "path", "conns", "req/s", "p50 µs", "p99 µs", "CPU µs", "of echo", "syncs"
    );
    for connections in &plan.connections {
        // Each round goes through all paths, so that other work on the machine affects all alike.
        let mut rounds: Vec<Vec<Outcome>> = targets.iter().map(|_| Vec::new()).collect();
        for _ in 0..plan.rounds {
            for (target, rounds) in targets.iter().zip(&mut rounds) {
                rounds.push(load::run(target, *connections, Duration::from_secs_f64(plan.seconds)).await);
            }
        }
        let mut bare = None;
        for (target, mut rounds) in targets.iter().zip(rounds) {
            rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
            let median = &rounds[rounds.len() / 2];
            let bare = *bare.get_or_insert(median.per_second);
            println!(
                "{:44} {:>5} {:>9.0} {:>9} {:>9} {:>8.1} {:>8.2} {:>8.1}",
                target.name,
                connections,
                median.per_second,
                median.p50.as_micros(),
                median.p99.as_micros(),
                median.cpu_micros,
                median.per_second / bare,
                median.p50.as_secs_f64() / sync.as_secs_f64(),
            );
            assert_eq!(median.failed, 0, "{} of {} requests failed", median.failed, target.name);
        }
    }
    println!("server memory after the run: {} KiB RSS", server.resident_kib());
}
