//! Measures the paths that a request can take, each compared with a bare hyper echo server in the same run.
//!
//! `cargo bench --bench paths` starts the release binary on core 0 and sends requests from core 1. It prints requests per
//! second and server CPU per request, the former also as ratios to the echo server and, where it is installed, to nginx as a
//! proxy with keys and limits; and the commit latency in units of the machine's own fdatasync. `-- --seconds 5 --rounds 3
//! --connections 1,64` changes the run, `-- --only HTTP_PROXY` the paths. `-- --compare REV` builds another revision and lets it
//! take turns with this one, path by path; `-- --binary FILE [--template FILE]` does so with a binary that is there. Compare
//! ratios within one run; absolute numbers depend on the machine.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)] // A bench prints; one that can not run panics.

mod compare;
mod echo;
mod fdatasync;
mod load;
mod nginx;
mod process;
mod signed;

use std::time::Duration;

use compare::Revision;
use load::{Outcome, Target};
use process::Served;

/// The parameters of a run.
struct Plan {
    seconds: f64,
    rounds: usize,
    connections: Vec<usize>,
    /// Measure only paths with this in their name; the echo always, as the others are compared with it.
    only: Option<String>,
    /// This revision first.
    revisions: Vec<Revision>,
}

const ECHO: &str = "bare hyper echo";
const NGINX: &str = "nginx: key, limit, proxy";
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
    let mut revisions = vec![Revision::this()];
    if let Some(revision) = value("--compare") {
        revisions.push(Revision::build(&revision));
    }
    if let Some(binary) = value("--binary") {
        revisions.push(Revision::at(&binary, value("--template")));
    }
    Plan {
        revisions,
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
    let nginx = nginx::start(&echo).await;
    let served = plan.revisions.iter().map(|it| (it, Served::built(&it.binary, &it.template, &echo)));
    let served: Vec<(&Revision, Served)> = served.collect();
    let mut targets = vec![("", Target::plain(ECHO, &echo, "/", BODY))];
    if let Some(nginx) = &nginx {
        targets.push(("", Target::keyed(NGINX, nginx, nginx::PATH, BODY)));
    }
    for at in 0..paths(&served[0].1).len() {
        for (revision, server) in &served {
            let (part, path) = paths(server).swap_remove(at);
            // An older revision may not have the path.
            if revision.template.contains(&format!("PathPart: {part} }}")) {
                targets.push((&revision.name, path));
            }
        }
    }
    if let Some(only) = &plan.only {
        targets.retain(|(_, target)| {
            target.name.contains(only.as_str()) || [ECHO, NGINX].contains(&target.name)
        });
    }
    println!(
        "{:44} {:12} {:>5} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}",
        "path", "revision", "conns", "req/s", "p50 µs", "p99 µs", "CPU µs", "of echo", "of nginx", "syncs"
    );
    for connections in &plan.connections {
        // Each round goes through all paths, so that other work on the machine affects all alike.
        let mut rounds: Vec<Vec<Outcome>> = targets.iter().map(|_| Vec::new()).collect();
        for _ in 0..plan.rounds {
            for ((_, target), rounds) in targets.iter().zip(&mut rounds) {
                rounds.push(load::run(target, *connections, Duration::from_secs_f64(plan.seconds)).await);
            }
        }
        let (mut bare, mut proxy) = (None, None);
        for ((revision, target), mut rounds) in targets.iter().zip(rounds) {
            rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
            let median = &rounds[rounds.len() / 2];
            match target.name {
                ECHO => bare = Some(median.per_second),
                NGINX => proxy = Some(median.per_second),
                _ => {}
            }
            let of = |peer: Option<f64>| {
                peer.map_or(String::new(), |peer| format!("{:.2}", median.per_second / peer))
            };
            println!(
                "{:44} {:12} {:>5} {:>9.0} {:>9} {:>9} {:>8.1} {:>8} {:>8} {:>8.1}",
                target.name,
                revision,
                connections,
                median.per_second,
                median.p50.as_micros(),
                median.p99.as_micros(),
                median.cpu_micros,
                of(bare),
                of(proxy),
                median.p50.as_secs_f64() / sync.as_secs_f64(),
            );
            assert_eq!(median.failed, 0, "{} of {} requests failed", median.failed, target.name);
        }
    }
    for (revision, server) in &served {
        println!("memory of {} after the run: {} KiB RSS", revision.name, server.resident_kib());
    }
}

/// The paths of a server, each with the last segment of the resource that it needs.
fn paths(server: &Served) -> Vec<(&'static str, Target<'_>)> {
    let sync = |name, path| Target::plain(name, server, path, BODY).expecting("SUCCEEDED");
    vec![
        ("mock", Target::plain("MOCK", server, "/bench/mock", BODY)),
        ("mapped", Target::plain("MOCK, mapping template", server, "/bench/mapped", BODY)),
        ("proxy", Target::plain("HTTP_PROXY", server, "/bench/proxy", BODY)),
        ("keyed", Target::keyed("HTTP_PROXY, API key, rate and quota", server, "/bench/keyed", BODY)),
        (
            "execution",
            Target::plain("StartExecution through a mapping template", server, "/bench/execution", BODY),
        ),
        ("execution", signed::start_execution("StartExecution direct", server)),
        ("sync", sync("StartSyncExecution", "/bench/sync")),
        ("sync-mapped", sync("StartSyncExecution, mapping template", "/bench/sync-mapped")),
        ("jsonpath", sync("StartSyncExecution, ten states in JSONPath", "/bench/jsonpath")),
        ("jsonata", sync("StartSyncExecution, ten states in JSONata", "/bench/jsonata")),
    ]
}
