//! Runs many inputs of one target, and detects what none may do: panic, hang, use up memory, overflow the stack.
//!
//! There are two processes: a worker executes, and the supervisor restarts it after an input that killed it. To find
//! that input, the supervisor runs the last stretch again, recording each number before it is executed.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::Target;
use crate::generate::Generator;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The target.
    pub target: Target,
    /// The number of inputs to execute.
    pub executions: u64,
    /// Determines the inputs.
    pub seed: u64,
    /// The number of the first input.
    pub start: u64,
    /// An input that takes longer counts as a hang.
    pub time_max: Duration,
    /// More resident memory than this counts as a leak.
    pub resident_mib_max: u64,
    /// Whether this is a worker, and whether it records each number first.
    pub role: Role,
}

/// The role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Starts workers.
    Supervisor,
    /// Executes inputs.
    Worker,
    /// Executes inputs, and records the number of each before.
    CarefulWorker,
}

/// The stack size of a server thread.
const STACK_BYTES: usize = 2 * 1024 * 1024;
/// Progress is recorded after this many inputs.
const STRETCH: u64 = 2000;
/// The number of different panics after which to stop.
const FINDINGS_MAX: usize = 20;
/// A worker's exit code if the watchdog ended it.
const CAUGHT: i32 = 3;

/// Runs the plan; the exit code says whether nothing was found.
pub fn run(plan: &Plan) -> ExitCode {
    match plan.role {
        Role::Supervisor => supervise(plan),
        Role::Worker | Role::CarefulWorker => work(plan),
    }
}

fn artifacts(target: Target) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(target.name());
    fs::create_dir_all(&directory).expect("artifacts can be written");
    directory
}

fn progress_file(target: Target) -> PathBuf {
    artifacts(target).join(".progress")
}

fn save(target: Target, kind: &str, number: u64, input: &[u8]) -> PathBuf {
    let file = artifacts(target).join(format!("{kind}-{number}"));
    fs::write(&file, input).expect("artifacts can be written");
    file
}

// === supervisor ===

fn supervise(plan: &Plan) -> ExitCode {
    let began = Instant::now();
    let end = plan.start + plan.executions;
    let (mut start, mut n_deaths) = (plan.start, 0);
    let mut is_clean = true;
    while start < end && n_deaths < FINDINGS_MAX {
        let _ = fs::remove_file(progress_file(plan.target));
        let status = worker(plan, start, end - start, Role::Worker);
        if status.success() {
            break;
        }
        is_clean = false;
        let reached = progress(plan.target).unwrap_or(start).max(start);
        if status.code() == Some(1) {
            // It ran to its end and has reported its findings.
            break;
        }
        n_deaths += 1;
        if status.code() == Some(CAUGHT) {
            start = reached + 1;
            continue;
        }
        let _ = worker(plan, reached, (end - reached).min(2 * STRETCH), Role::CarefulWorker);
        let number = progress(plan.target).unwrap_or(reached);
        let file = save(plan.target, "killed", number, &Generator::new(plan.target, plan.seed).input(number));
        println!("input {number} ended the process ({status}): {}", file.display());
        start = number + 1;
    }
    println!(
        "{}: {} executions, seed {}, {:.0} s: {}",
        plan.target.name(),
        plan.executions,
        plan.seed,
        began.elapsed().as_secs_f64(),
        if is_clean { "nothing found" } else { "FOUND SOMETHING, see above" }
    );
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn worker(plan: &Plan, start: u64, executions: u64, role: Role) -> std::process::ExitStatus {
    let this = std::env::current_exe().expect("this program has a file");
    Command::new(this)
        .arg(plan.target.name())
        .args(["--executions", &executions.to_string(), "--seed", &plan.seed.to_string()])
        .args(["--start", &start.to_string(), "--time-ms", &plan.time_max.as_millis().to_string()])
        .args(["--memory-mib", &plan.resident_mib_max.to_string()])
        .arg(if role == Role::CarefulWorker { "--careful-worker" } else { "--worker" })
        .stdin(Stdio::null())
        .status()
        .expect("a worker starts")
}

fn progress(target: Target) -> Option<u64> {
    fs::read_to_string(progress_file(target)).ok()?.trim().parse().ok()
}

// === worker ===

/// The worker's state, for the watchdog.
struct Watched {
    /// The number of the input being executed, from 1; 0 if there is none.
    running: AtomicU64,
    input: Mutex<Vec<u8>>,
}

fn work(plan: &Plan) -> ExitCode {
    let watched = Arc::new(Watched { running: AtomicU64::new(0), input: Mutex::new(Vec::new()) });
    let (watchdog, watchdogs_plan) = (Arc::clone(&watched), plan.clone());
    thread::spawn(move || watch(&watchdogs_plan, &watchdog));
    let plan = plan.clone();
    let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || execute_all(&plan, &watched));
    match worker.expect("a thread starts").join() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) | Err(_) => ExitCode::FAILURE,
    }
}

/// Executes the inputs; returns the number of findings.
fn execute_all(plan: &Plan, watched: &Watched) -> usize {
    let last_panic: Arc<Mutex<String>> = Arc::default();
    let told = Arc::clone(&last_panic);
    std::panic::set_hook(Box::new(move |info| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string();
    }));
    let generator = Generator::new(plan.target, plan.seed);
    let file = progress_file(plan.target);
    let note = |number: u64| fs::write(&file, number.to_string()).expect("progress can be written");
    let (began, mut slowest) = (Instant::now(), (Duration::ZERO, 0));
    let mut places = HashSet::new();
    for number in plan.start..plan.start + plan.executions {
        if plan.role == Role::CarefulWorker || number % STRETCH == 0 {
            note(number);
        }
        let input = generator.input(number);
        {
            let mut shown = watched.input.lock().unwrap_or_else(PoisonError::into_inner);
            shown.clear();
            shown.extend_from_slice(&input);
        }
        watched.running.store(number + 1, Ordering::Release);
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| plan.target.execute(&input)));
        let took = start.elapsed();
        watched.running.store(0, Ordering::Release);
        if slowest.0 < took {
            slowest = (took, number);
        }
        if result.is_err() {
            let message = last_panic.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let place = message.lines().next().unwrap_or_default().to_owned();
            if places.insert(place) {
                let file = save(plan.target, "panic", number, &input);
                println!("input {number} panics: {message}\n  {}", file.display());
            }
            if FINDINGS_MAX <= places.len() {
                break;
            }
        }
        let done = number + 1 - plan.start;
        if done % 1_000_000 == 0 {
            let per_second = done as f64 / began.elapsed().as_secs_f64();
            println!(
                "{}: {done} executions, {per_second:.0}/s, slowest {:.1} ms (input {}), {} MiB resident",
                plan.target.name(),
                slowest.0.as_secs_f64() * 1e3,
                slowest.1,
                resident_mib().unwrap_or(0)
            );
        }
    }
    places.len()
}

/// Ends the process if an input takes too long or memory grows too large.
fn watch(plan: &Plan, watched: &Watched) {
    const EVERY: Duration = Duration::from_millis(20);
    let (mut seen, mut since) = (0, Instant::now());
    loop {
        thread::sleep(EVERY);
        let running = watched.running.load(Ordering::Acquire);
        if running != seen {
            (seen, since) = (running, Instant::now());
        }
        let kind = if running != 0 && plan.time_max < since.elapsed() {
            "hang"
        } else if resident_mib().is_some_and(|mib| plan.resident_mib_max < mib) {
            "memory"
        } else {
            continue;
        };
        let number = running.saturating_sub(1);
        let input = watched.input.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let file = save(plan.target, kind, number, &input);
        println!("input {number}: {kind}\n  {}", file.display());
        fs::write(progress_file(plan.target), number.to_string()).expect("progress can be written");
        std::process::exit(CAUGHT);
    }
}

/// The memory that the process uses; `None` if the system doesn't report it.
fn resident_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}
