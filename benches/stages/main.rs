//! What many deployed APIs cost, and what a control-plane write costs the requests beside it.
//!
//! `cargo bench --bench stages` deploys ten thousand APIs of a hundred methods each, starts the release binary on
//! them, and measures the time to its first answer, the first requests of a thousand stages, and the latency of
//! requests with and without writes running, in turns. Exit code 1 if a bound is not kept. `-- --apis 200` is a
//! smaller run, `-- --dir DIR` keeps the data directory and takes up one that is there.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

#[path = "../../tests/support/client.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod client;
mod fill;
#[path = "../paths/process.rs"]
mod process;
mod writes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use process::Served;
use stepgate::gateway::api::ApiId;

/// How many stages are called for the first time.
const FIRST_CALLS: usize = 1_000;
/// The pause between two requests beside writes: neither side may be measured by how busy it is itself.
const PAUSE: Duration = Duration::from_micros(500);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let number = |name: &str, otherwise: usize| option(name).map_or(otherwise, |n| n.parse().unwrap());
    let (n_apis, n_methods) = (number("--apis", 10_000), number("--methods", 100));
    let (rounds, seconds) = (number("--rounds", 7), number("--seconds", 5));
    let dir = option("--dir").map_or_else(|| process::scratch("stages"), PathBuf::from);
    let apis = filled(&dir, n_apis, n_methods);
    let is_kept = measure(&dir, &apis, rounds, Duration::from_secs(seconds as u64));
    if option("--dir").is_none() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The APIs of the data directory, which is filled if it is not there.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
fn filled(dir: &Path, n_apis: usize, n_methods: usize) -> Vec<ApiId> {
    let list = dir.join("apis.txt");
    if let Ok(ids) = std::fs::read_to_string(&list) {
        return ids.lines().map(ApiId::from).collect();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let begun = Instant::now();
    let apis = runtime.block_on(fill::run(&dir.join("data"), n_apis, n_methods));
    let ids: Vec<&str> = apis.iter().map(ApiId::as_str).collect();
    std::fs::write(list, ids.join("\n")).unwrap();
    println!(
        "{n_apis} APIs of {n_methods} methods imported and deployed in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    apis
}

#[allow(clippy::disallowed_methods)] // A bench measures real time.
fn measure(dir: &Path, apis: &[ApiId], rounds: usize, time: Duration) -> bool {
    let begun = Instant::now();
    let server = Served::on_data(dir);
    let mut client = Client::new(&server.address);
    call(&mut client, &apis[0]);
    let mut is_kept =
        bounded("start to the first answer", begun.elapsed().as_secs_f64() * 1e3, 2_000.0, "ms");
    let idle = server.resident_kib();

    let step = (apis.len() / FIRST_CALLS).max(1);
    let called: Vec<&ApiId> = apis.iter().skip(1).step_by(step).collect();
    let mut first: Vec<Duration> = called.iter().map(|api| call(&mut client, api)).collect();
    first.sort();
    println!(
        "first requests of {} stages: p50 {:.2} ms, p99 {:.2} ms",
        called.len(),
        millis(at(&first, 0.5)),
        millis(at(&first, 0.99))
    );
    let used = server.resident_kib() - idle;
    println!("resident memory: {idle} KiB, and {} KiB a stage in use", used / called.len() as u64);

    let (mut calm, mut busy, mut n_writes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        calm.push(percentiles(&server, &apis[0], time));
        let (is_over, written) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| writes::run(&server.address, apis, &is_over, &written));
            busy.push(percentiles(&server, &apis[0], time));
            is_over.store(true, Ordering::Relaxed);
        });
        n_writes += written.load(Ordering::Relaxed);
    }
    let a_second = n_writes as f64 / (time.as_secs_f64() * rounds as f64);
    println!("beside {a_second:.0} writes a second:");
    for (name, which, bound) in [("p50", 0, f64::MAX), ("p99", 1, 1.10)] {
        let median = |all: &[[Duration; 2]]| {
            let mut all: Vec<Duration> = all.iter().map(|both| both[which]).collect();
            all.sort();
            at(&all, 0.5)
        };
        let (calm, busy) = (median(&calm), median(&busy));
        let ratio = busy.as_secs_f64() / calm.as_secs_f64();
        println!("  {name} {} µs, without {} µs", busy.as_micros(), calm.as_micros());
        is_kept &= bound == f64::MAX || bounded("  ratio", ratio, bound, "");
    }
    is_kept
}

/// p50 and p99 of requests that come one after another.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
fn percentiles(server: &Served, api: &ApiId, time: Duration) -> [Duration; 2] {
    let mut client = Client::new(&server.address);
    let end = Instant::now() + time;
    let mut took = Vec::new();
    while Instant::now() < end {
        took.push(call(&mut client, api));
        std::thread::sleep(PAUSE);
    }
    took.sort();
    [at(&took, 0.5), at(&took, 0.99)]
}

#[allow(clippy::disallowed_methods)] // A bench measures real time.
fn call(client: &mut Client, api: &ApiId) -> Duration {
    let path = format!("/_aws/execute-api/{api}/{}{}", fill::STAGE, fill::PATH);
    let headers = [("content-type", "application/json")];
    let begun = Instant::now();
    let answer = client.send("POST", &path, &headers, br#"{"order": 7}"#).unwrap();
    let took = begun.elapsed();
    assert_eq!(answer.status, 200, "{}", answer.text());
    took
}

fn at(sorted: &[Duration], q: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = ((sorted.len() - 1) as f64 * q) as usize;
    sorted[index]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A line with a bound, and whether it is kept.
fn bounded(what: &str, value: f64, bound: f64, unit: &str) -> bool {
    let is_kept = value <= bound;
    println!("{what}: {value:.2} {unit} (bound: {bound} {unit}){}", if is_kept { "" } else { " NOT KEPT" });
    is_kept
}
