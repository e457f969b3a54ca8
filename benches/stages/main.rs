//! The cost of many deployed APIs, and of control-plane writes during requests.
//!
//! `cargo bench --bench stages` deploys ten thousand APIs of a hundred methods each, starts the release binary with
//! them, and measures the time to its first answer, the first requests to a thousand stages, and the latency of
//! requests with and without concurrent writes, alternating. The exit code is 1 if a limit is exceeded. `-- --apis 200`
//! is a smaller run, `-- --writes 40` writes more often, `-- --dir DIR` keeps the data directory and uses an existing
//! one.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

#[path = "../../tests/support/client.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod client;
mod fill;
#[path = "../paths/load.rs"]
#[allow(dead_code)]
mod load;
#[path = "../paths/process.rs"]
mod process;
mod writes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use load::{Outcome, Target};
use process::Served;
use stepgate::apis::ApiId;

/// How many stages get their first request.
const FIRST_CALLS: usize = 1_000;
/// The numbers of connections with which writes are measured.
const CONNECTIONS: [usize; 2] = [1, 64];
/// The default number of writes a second: what AWS allows for an account's control plane.
const WRITES: usize = 10;
/// How much higher the 99th percentile may be during writes.
const P99_RATIO_MAX: f64 = 1.10;
const BODY: &str = r#"{"order": 7}"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let number = |name: &str, otherwise: usize| option(name).map_or(otherwise, |n| n.parse().unwrap());
    let (n_apis, n_methods) = (number("--apis", 10_000), number("--methods", 100));
    let (rounds, seconds) = (number("--rounds", 9), number("--seconds", 3));
    let writes = u32::try_from(number("--writes", WRITES)).unwrap();
    let dir = option("--dir").map_or_else(|| process::scratch("stages"), PathBuf::from);
    let apis = filled(&dir, n_apis, n_methods);
    let is_kept = measure(&dir, &apis, writes, rounds, Duration::from_secs(seconds as u64));
    if option("--dir").is_none() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The APIs in the data directory, which is filled if it doesn't exist.
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
fn measure(dir: &Path, apis: &[ApiId], writes: u32, rounds: usize, time: Duration) -> bool {
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

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let path = format!("/_aws/execute-api/{}/{}{}", apis[0], fill::STAGE, fill::PATH);
    let target = Target::plain("a method with mapping templates", &server, &path, BODY);
    for connections in CONNECTIONS {
        let run = || runtime.block_on(load::run(&target, connections, time));
        let (mut calm, mut busy, mut n_writes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            calm.push(run());
            let (is_over, written) = (AtomicBool::new(false), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                scope.spawn(|| writes::run(&server.address, apis, writes, &is_over, &written));
                busy.push(run());
                is_over.store(true, Ordering::Relaxed);
            });
            n_writes += written.load(Ordering::Relaxed);
        }
        let a_second = n_writes as f64 / (time.as_secs_f64() * rounds as f64);
        println!("{connections} connections, beside {a_second:.0} writes a second:");
        let per_second = |all: &[Outcome]| median(all.iter().map(|it| it.per_second).collect());
        println!("  {:.0} requests a second, without {:.0}", per_second(&busy), per_second(&calm));
        let p50 = |all: &[Outcome]| median(all.iter().map(|it| it.p50.as_secs_f64() * 1e6).collect());
        println!("  p50 {:.0} µs, without {:.0} µs", p50(&busy), p50(&calm));
        let p99 = |all: &[Outcome]| median(all.iter().map(|it| it.p99.as_secs_f64() * 1e6).collect());
        println!("  p99 {:.0} µs, without {:.0} µs", p99(&busy), p99(&calm));
        is_kept &= bounded("  ratio of p99", p99(&busy) / p99(&calm), P99_RATIO_MAX, "");
        assert!(calm.iter().chain(&busy).all(|it| it.failed == 0), "a request failed");
    }
    is_kept
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

#[allow(clippy::disallowed_methods)] // A bench measures real time.
fn call(client: &mut Client, api: &ApiId) -> Duration {
    let path = format!("/_aws/execute-api/{api}/{}{}", fill::STAGE, fill::PATH);
    let headers = [("content-type", "application/json")];
    let begun = Instant::now();
    let answer = client.send("POST", &path, &headers, BODY.as_bytes()).unwrap();
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

/// Prints a line with a limit; returns whether it is kept.
fn bounded(what: &str, value: f64, bound: f64, unit: &str) -> bool {
    let is_kept = value <= bound;
    println!("{what}: {value:.2} {unit} (bound: {bound} {unit}){}", if is_kept { "" } else { " NOT KEPT" });
    is_kept
}
