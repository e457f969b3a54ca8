//! Opens what the other process left, and measures.

use std::path::Path;
use std::time::Duration;

use stepgate::clock::{Clock, SystemClock};
use stepgate::engine::execution::ExecutionStatus;
use stepgate::engine::{Engine, ExecutionFilter};

use crate::engine::{self, MACHINE};
use crate::{DUE, DUE_EVERY_MS, bounded, resident_mib};

/// How many listings of each kind are measured.
const LISTINGS: usize = 200;
/// When to give up waiting for due executions.
const GIVE_UP: Duration = Duration::from_secs(300);

pub(crate) async fn run(dir: &Path) {
    let clock = SystemClock::new();
    let engine = engine::open(dir).await;
    let first = page(&engine, filter(None, 1, None)).await;
    assert_eq!(first.0.len(), 1);
    println!("open");
    println!("resident memory, just opened: {:.0} MiB", resident_mib().0);

    listings(&engine, &clock).await;
    let late = lateness(&engine, &clock).await;
    println!(
        "{} timers due {DUE_EVERY_MS} ms apart: p50 {} ms late, most {} ms",
        late.len(),
        at(&late, 0.5),
        at(&late, 1.0)
    );
    bounded("timers late, p99", at(&late, 0.99) as f64, 250.0, "ms");
    listings(&engine, &clock).await;
    bounded("resident memory at the most", resident_mib().1, 1024.0, "MiB");
    std::process::exit(0);
}

fn filter(status: Option<ExecutionStatus>, max: u32, next_token: Option<String>) -> ExecutionFilter {
    ExecutionFilter { status, is_redriven: None, max_results: Some(max), next_token }
}

/// Names, and the token of the next page.
async fn page(engine: &Engine, filter: ExecutionFilter) -> (Vec<(String, Option<i64>)>, Option<String>) {
    let page = engine.executions().list(MACHINE, filter).await.unwrap();
    let items = page.items.iter();
    let items = items.map(|item| (item.arn.name.to_string(), item.stopped.map(|at| at.as_millis())));
    (items.collect(), page.next_token)
}

/// The time for pages of a hundred: the newest, and those after them.
async fn listings(engine: &Engine, clock: &SystemClock) {
    for (what, status) in [
        ("all", None),
        ("RUNNING", Some(ExecutionStatus::Running)),
        ("SUCCEEDED", Some(ExecutionStatus::Succeeded)),
        ("FAILED", Some(ExecutionStatus::Failed)),
    ] {
        let (mut token, mut micros) = (None, Vec::new());
        for _ in 0..LISTINGS {
            let begun = clock.monotonic();
            (_, token) = page(engine, filter(status, 100, token)).await;
            micros.push(i64::try_from((clock.monotonic() - begun).as_micros()).unwrap());
        }
        micros.sort_unstable();
        let p99 = at(&micros, 0.99) as f64 / 1_000.0;
        println!("ListExecutions, {what}, 100 a page: p50 {:.2} ms", at(&micros, 0.5) as f64 / 1_000.0);
        bounded(&format!("ListExecutions, {what}, p99"), p99, 5.0, "ms");
    }
}

/// Waits until all due executions have ended; returns their delays in milliseconds, sorted.
async fn lateness(engine: &Engine, clock: &SystemClock) -> Vec<i64> {
    let give_up = clock.now() + GIVE_UP;
    loop {
        clock.sleep_until(clock.now() + Duration::from_secs(1)).await;
        let (mut token, mut late) = (None, Vec::new());
        loop {
            let (items, next) = page(engine, filter(Some(ExecutionStatus::Succeeded), 1_000, token)).await;
            late.extend(items.iter().map(|(name, stopped)| {
                let due: i64 = name.trim_start_matches("due-").parse().unwrap();
                stopped.unwrap() - due
            }));
            token = next;
            if token.is_none() {
                break;
            }
        }
        if DUE <= late.len() || give_up < clock.now() {
            assert_eq!(late.len(), DUE, "some never ended");
            late.sort_unstable();
            return late;
        }
    }
}

fn at(sorted: &[i64], q: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = ((sorted.len() - 1) as f64 * q) as usize;
    sorted[index]
}
