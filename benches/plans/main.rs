//! The cost of checking an API key: key, plan, rate and quota, decided and counted.
//!
//! `cargo bench --bench plans` prints nanoseconds for one check, bytes for a key in use, and, for a simulation of many
//! callers with many keys, how many requests were allowed and how many should be. It fails if a check takes 300 ns or
//! more, or if one request too many passes. `-- --requests 1e8` makes the simulation longer.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stepgate::apis::{QuotaPeriod, QuotaSettings, ThrottleSettings};
use stepgate::clock::{Clock, SystemClock, Timestamp, VirtualClock};
use stepgate::gateway::KeyTrial;

/// The limit for one check.
const NANOS_MAX: f64 = 300.0;
/// The number of callers in the simulation.
const THREADS: usize = 2;
const KEYS_IN_USE: usize = 100_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|a| a == "--requests");
    let requests = at.and_then(|at| arguments.get(at + 1)?.parse::<f64>().ok()).unwrap_or(2e7) as usize;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().unwrap();
    let one = runtime.block_on(async {
        let one = check("one key", 1).await;
        check("10,000 keys in turn", 10_000).await;
        memory().await;
        one
    });
    runtime.block_on(simulate(requests));
    assert!(one < NANOS_MAX, "a check takes {one:.0} ns, {NANOS_MAX} are allowed");
}

fn trial(limit: i32, clock: Arc<dyn Clock>) -> KeyTrial {
    let throttle = ThrottleSettings { rate_limit: Some(1e9), burst_limit: Some(i32::MAX) };
    let quota = QuotaSettings { limit, offset: 0, period: QuotaPeriod::Month };
    KeyTrial::new(Some(throttle), Some(quota), clock).unwrap()
}

/// Nanoseconds for one check, the minimum of several rounds; asking the books now and then is included.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
async fn check(what: &str, n_keys: usize) -> f64 {
    const CHECKS: usize = 1_000_000;
    let trial = trial(i32::MAX, Arc::new(SystemClock::new()));
    let keys: Vec<String> = (0..n_keys).map(KeyTrial::value).collect();
    let mut least = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for key in keys.iter().cycle().take(CHECKS) {
            assert!(trial.call(key).await.unwrap());
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e9 / CHECKS as f64);
    }
    println!("keyed check, {what:22} {least:8.0} ns");
    least
}

async fn memory() {
    let before = resident_kib();
    let trial = trial(i32::MAX, Arc::new(SystemClock::new()));
    for number in 0..KEYS_IN_USE {
        assert!(trial.call(&KeyTrial::value(number)).await.unwrap());
    }
    let kib = resident_kib().saturating_sub(before);
    println!("{KEYS_IN_USE} keys in use: {} MB, {} bytes each", kib / 1024, kib * 1024 / KEYS_IN_USE as u64);
}

/// Callers on several threads, with many keys, through several months.
async fn simulate(requests: usize) {
    const KEYS: usize = 1_000;
    const MONTHS: usize = 4;
    let clock = Arc::new(VirtualClock::new(Timestamp::EPOCH));
    let limit = requests / KEYS / MONTHS / 2;
    let trial = Arc::new(trial(i32::try_from(limit).unwrap(), clock.clone()));
    let mut passed = 0;
    for _ in 0..MONTHS {
        let callers: Vec<_> = (0..THREADS)
            .map(|caller| {
                let trial = trial.clone();
                tokio::spawn(async move {
                    let keys: Vec<String> =
                        (0..KEYS).map(|n| KeyTrial::value((n * 7 + caller) % KEYS)).collect();
                    let mut passed = 0;
                    for key in keys.iter().cycle().take(requests / MONTHS / THREADS) {
                        passed += usize::from(trial.call(key).await.unwrap());
                    }
                    passed
                })
            })
            .collect();
        for caller in callers {
            passed += caller.await.unwrap();
        }
        clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    }
    let allowed = KEYS * MONTHS * limit;
    println!("{requests} simulated requests: {passed} passed, {allowed} allowed");
    assert_eq!(passed, allowed);
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
