//! The cost of mapping templates: parsing, evaluating, and as part of a request.
//!
//! `cargo bench --bench mapping` prints microseconds and the ratio to parsing the same 1 KiB body as JSON. Then it
//! compares requests through a MOCK integration with and without a mapping template. It fails if a typical mapping of 1
//! KiB takes 10 µs or more. `-- --seconds 2 --rounds 5` changes the run; `--quick` leaves the requests out. Compare
//! ratios within one run; absolute numbers depend on the machine.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

#[path = "../paths/echo.rs"]
mod echo;
#[path = "../paths/load.rs"]
mod load;
#[path = "../paths/process.rs"]
mod process;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use stepgate::clock::{SeededIds, Timestamp, VirtualClock};
use stepgate::gateway::{Trial, TrialRequest};
use stepgate::jsonpath::Path;
use stepgate::vtl::{Limits, Template};

use load::{Outcome, Target};
use process::Served;

/// A typical mapping: 1 KiB of template for 1 KiB of body.
const TYPICAL: &str = include_str!("typical.vtl");
const BODY: &str = include_str!("typical.json");

/// The mapping of AWS's tutorial.
const TUTORIAL: &str = r#"{"input": "$util.escapeJavaScript($input.json('$'))",
 "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld"}"#;

/// The limit for a typical mapping.
const MICROS_MAX: f64 = 10.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|a| a == "--echo") {
        return echo::serve();
    }
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).and_then(|value| value.parse::<f64>().ok())
    };
    let (seconds, rounds) = (value("--seconds").unwrap_or(1.0), value("--rounds").unwrap_or(5.0) as usize);
    let typical = languages(rounds);
    if !arguments.iter().any(|a| a == "--quick") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        process::pin_this_process();
        runtime.block_on(requests(seconds, rounds));
    }
    assert!(typical < MICROS_MAX, "a typical mapping takes {typical:.1} µs, {MICROS_MAX} are allowed");
}

// === languages ===

/// Prints a line for each operation; returns the time of the typical mapping, in microseconds.
fn languages(rounds: usize) -> f64 {
    println!("template {} bytes, body {} bytes", TYPICAL.len(), BODY.len());
    println!("{:56} {:>9} {:>9}", "", "µs", "of JSON");
    let json = micros(rounds, || serde_json::from_str::<serde_json::Value>(black_box(BODY)).unwrap());
    let row = |name: &str, micros: f64| {
        println!("{name:56} {micros:>9.2} {:>9.2}", micros / json);
        micros
    };
    row("JSON: parse the body", json);

    row("vtl: parse the typical template", micros(rounds, || Template::parse(black_box(TYPICAL)).unwrap()));
    let limits = Limits::default();
    let (known, template) = (trial(), Template::parse(TYPICAL).unwrap());
    let typical = micros(rounds, || known.evaluate(&template, &limits, None).unwrap());
    row("vtl: evaluate it", typical);
    let tutorial = Template::parse(TUTORIAL).unwrap();
    row("vtl: evaluate the tutorial's", micros(rounds, || known.evaluate(&tutorial, &limits, None).unwrap()));

    let root: serde_json::Value = serde_json::from_str(BODY).unwrap();
    for path in ["$.customer.address.city", "$.items[*].sku", "$..sku", "$.items[?(@.qty > 1)].sku"] {
        row(&format!("jsonpath: compile {path}"), micros(rounds, || Path::compile(black_box(path)).unwrap()));
        let compiled = Path::compile(path).unwrap();
        let read = micros(rounds, || compiled.read(black_box(&root)).unwrap().is_null());
        row(&format!("jsonpath: read {path}"), read);
    }
    typical
}

fn trial() -> Trial {
    let request = TrialRequest {
        body: BODY.into(),
        querystring: vec![("source".to_owned(), "web".to_owned())],
        stage_variables: BTreeMap::from([("arn".to_owned(), "arn:aws:states:x".to_owned())]),
        ..TrialRequest::default()
    };
    Trial::new(request, &VirtualClock::new(Timestamp::EPOCH), &SeededIds::new(1))
}

/// The CPU time of one run of `work`: the best of several rounds of 200 ms each.
fn micros<T>(rounds: usize, mut work: impl FnMut() -> T) -> f64 {
    const ROUND: Duration = Duration::from_millis(200);
    let mut best = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        let (start, mut n) = (on_core(), 0_u32);
        let mut took = Duration::ZERO;
        while took < ROUND {
            for _ in 0..256 {
                black_box(work());
            }
            n += 256;
            took = on_core() - start;
        }
        best = best.min(took.as_secs_f64() * 1e6 / f64::from(n));
    }
    best
}

/// The CPU time of this thread, which other work on the machine doesn't affect.
fn on_core() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells scheduling times");
    let nanos = stat.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("nanoseconds on a core come first"))
}

// === requests ===

/// Measures the same method with and without a mapping template.
async fn requests(seconds: f64, rounds: usize) {
    let echo = Served::echo().await;
    let server = Served::stepgate(&echo).await;
    let targets = [
        Target::plain("MOCK, template is a constant", &server, "/bench/mock", BODY),
        Target::plain("MOCK, the tutorial's mapping", &server, "/bench/mapped", BODY),
    ];
    println!(
        "\n{:44} {:>5} {:>9} {:>9} {:>9} {:>8} {:>11}",
        "request", "conns", "req/s", "p50 µs", "p99 µs", "CPU µs", "of constant"
    );
    for connections in [1, 64] {
        let mut unmapped = None;
        for target in &targets {
            let mut outcomes: Vec<Outcome> = Vec::new();
            for _ in 0..rounds.max(1) {
                outcomes.push(load::run(target, connections, Duration::from_secs_f64(seconds)).await);
            }
            outcomes.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
            let median = &outcomes[outcomes.len() / 2];
            let unmapped = *unmapped.get_or_insert(median.cpu_micros);
            println!(
                "{:44} {:>5} {:>9.0} {:>9} {:>9} {:>8.1} {:>11.2}",
                target.name,
                connections,
                median.per_second,
                median.p50.as_micros(),
                median.p99.as_micros(),
                median.cpu_micros,
                median.cpu_micros / unmapped,
            );
            assert_eq!(median.failed, 0, "{} of {} requests failed", median.failed, target.name);
        }
    }
    println!("server memory after the run: {} KiB RSS", server.resident_kib());
}
