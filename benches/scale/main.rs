//! The cost of a million open executions: memory, restart, timers, listings.
//!
//! `cargo bench --bench scale` fills a data directory through the engine, dies without closing it, opens it again in a
//! separate process and measures there. The exit code is 1 if a limit is exceeded. `-- --executions 50000` is a smaller
//! run, `-- --dir DIR` uses another directory (about 1 GB per million; removed afterwards).

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

mod engine;
mod fill;
mod serve;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use stepgate::clock::{Clock, SystemClock};

/// The default number of executions.
const EXECUTIONS: usize = 1_000_000;
/// How many of them end during the measurement, one after another.
pub(crate) const DUE: usize = 5_000;
/// The time between their ends, in milliseconds.
pub(crate) const DUE_EVERY_MS: i64 = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let n = option("--executions").map_or(EXECUTIONS, |n| n.parse().unwrap());
    let dir = option("--dir").map_or_else(
        || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-scale-{}", std::process::id())),
        PathBuf::from,
    );
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match option("--phase").map(String::as_str) {
        Some("fill") => runtime().block_on(fill::run(&dir, n)),
        Some("serve") => runtime().block_on(serve::run(&dir)),
        _ => return both(&dir, n),
    }
    ExitCode::SUCCESS
}

/// Runs both phases as separate processes.
fn both(dir: &Path, n: usize) -> ExitCode {
    let clock = SystemClock::new();
    println!("{n} executions in {}", dir.display());
    let filled = phase("fill", dir, n, |_| {});
    let bytes: u64 =
        std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("  on disk: {} MB", bytes / 1_000_000);
    let begun = clock.monotonic();
    let mut is_kept = filled;
    is_kept &= phase("serve", dir, n, |line| {
        if line == "open" {
            let took = clock.monotonic() - begun;
            println!("  restart after a crash to the first answer: {} ms (bound: 10,000)", took.as_millis());
        }
    });
    std::fs::remove_dir_all(dir).unwrap();
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a phase; returns whether it kept its limits. Its output is printed and passed to `see` line by line.
fn phase(name: &str, dir: &Path, n: usize, mut see: impl FnMut(&str)) -> bool {
    println!("{name}:");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--phase", name, "--executions", &n.to_string(), "--dir"]).arg(dir);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut is_kept = true;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        see(&line);
        if line != "open" {
            println!("  {line}");
        }
        is_kept &= !line.ends_with("NOT KEPT");
    }
    // The filling process ends with a crash, as intended.
    let status = child.wait().unwrap();
    assert!(name == "fill" || status.success(), "{name} failed");
    is_kept
}

/// Prints a line with a limit.
pub(crate) fn bounded(what: &str, value: f64, bound: f64, unit: &str) {
    let kept = if value <= bound { "" } else { " NOT KEPT" };
    println!("{what}: {value:.1} {unit} (bound: {bound} {unit}){kept}");
}

/// The resident memory of this process, in MiB: current and peak.
pub(crate) fn resident_mib() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}
