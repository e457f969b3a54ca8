//! The cost of a distributed Map: CPU an item, and memory by the number of items.
//!
//! `cargo bench -p stepgate-engine --bench maps` runs Maps of 10,000, 100,000 and 1,000,000 items, each in a process and a
//! data directory of its own, whose children are executions of one Pass state. The exit code is 1 if an item takes more
//! CPU than it may, or a million more memory. `-- --items 20000` is one smaller run, `--type STANDARD` has durable children,
//! `--dir DIR` uses another directory.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stepgate_asl::StateMachineType;
use stepgate_clock::{Clock, RandomIds, SystemClock};
use stepgate_engine::event::Failure;
use stepgate_engine::execution::ExecutionStatus;
use stepgate_engine::{
    BoxFuture, CreateStateMachine, Engine, Logging, NoLogs, ObjectListing, ObjectName, ObjectPart, Objects,
    Options, Ports, StartExecution, TaskCall, TaskResult, Tasks,
};
use stepgate_id::{AccountId, AccountRegion, Region};
use stepgate_store::{self as store, Store};

/// What an item may take, in microseconds of CPU …
const ITEM_US_MAX: f64 = 60.0;
/// … and a process with a million of them, in MiB.
const RESIDENT_MIB_MAX: f64 = 256.0;
/// Bytes of an item with its end of line.
const LINE_BYTES: usize = 20;

struct NoServices;

impl Tasks for NoServices {
    fn run(&self, _: TaskCall) -> BoxFuture<'static, TaskResult> {
        Box::pin(async { TaskResult::Failed(Failure::new("None", "there are no services")) })
    }
}

/// An object of so many items that nobody has in memory.
struct Lines(usize);

impl Objects for Lines {
    fn read(&self, _: ObjectName, range: Range<u64>) -> BoxFuture<'static, Result<ObjectPart, Failure>> {
        let total = (self.0 * LINE_BYTES) as u64;
        let (start, end) = (range.start as usize, range.end.min(total) as usize);
        let first = start / LINE_BYTES;
        let text: String =
            (first..end.div_ceil(LINE_BYTES)).map(|n| format!("{{\"id\":\"{n:010}\"}}\n")).collect();
        let from = start - first * LINE_BYTES;
        let bytes = Bytes::from(text).slice(from..from + (end - start));
        Box::pin(std::future::ready(Ok(ObjectPart { bytes, total })))
    }

    fn list(&self, _: ObjectName, _: Option<String>) -> BoxFuture<'static, Result<ObjectListing, Failure>> {
        Box::pin(std::future::ready(Ok(ObjectListing::default())))
    }

    fn write(&self, _: ObjectName, _: Bytes) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let kind = option("--type").map_or("EXPRESS", String::as_str);
    let dir = option("--dir").map_or_else(
        || std::env::temp_dir().join(format!("bench-maps-{}", std::process::id())),
        PathBuf::from,
    );
    match (option("--items"), arguments.iter().any(|argument| argument == "--alone")) {
        (Some(n), true) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(run(&dir, n.parse().unwrap(), kind));
            ExitCode::SUCCESS
        }
        (Some(n), false) => each(&dir, &[n.as_str()], kind),
        (None, _) => each(&dir, &["10000", "100000", "1000000"], kind),
    }
}

/// Runs each number of items in a process of its own.
fn each(dir: &Path, numbers: &[&str], kind: &str) -> ExitCode {
    let mut is_kept = true;
    for n in numbers {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--alone", "--items", n, "--type", kind, "--dir"]).arg(dir);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            println!("{line}");
            is_kept &= !line.ends_with("NOT KEPT");
        }
        assert!(child.wait().unwrap().success());
        std::fs::remove_dir_all(dir).unwrap();
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(dir: &Path, n: usize, kind: &str) {
    let clock = Arc::new(SystemClock::new());
    let store = Store::open(dir, store::Options::default(), clock.clone()).unwrap();
    let ids = Arc::new(RandomIds);
    let (tasks, logs, objects) = (Arc::new(NoServices), Arc::new(NoLogs), Arc::new(Lines(n)));
    let ports = Ports { store, clock: clock.clone(), ids, tasks, logs, objects };
    let engine = Engine::open(ports, Options::default()).await.unwrap();
    let arn = create(&engine, kind).await;
    let (cpu, begun) = (cpu_us(), clock.monotonic());
    let (name, input, trace_header) = (None, None, None);
    let start = StartExecution { state_machine_arn: arn, name, input, trace_header };
    let arn = engine.start_execution(start).await.unwrap().arn;
    let mut curve = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        curve.push(resident_mib().0);
        let described = engine.executions().describe(&arn).await.unwrap();
        match described.status {
            ExecutionStatus::Running => {}
            ExecutionStatus::Succeeded => break,
            other => panic!("{}: {:?}", other.as_str(), described.cause),
        }
    }
    let run = engine.list_map_runs(&arn, None, None).await.unwrap().items[0].arn.to_string();
    assert_eq!(engine.describe_map_run(&run).await.unwrap().items.succeeded, n as u64);
    let item_us = (cpu_us() - cpu) / n as f64;
    let took = (clock.monotonic() - begun).as_secs_f64();
    let (now, most) = resident_mib();
    let bytes: u64 =
        std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    // What a process costs at all is not divided among few.
    let is_kept = n < 100_000 || kind != "EXPRESS" || item_us <= ITEM_US_MAX;
    let is_kept = if is_kept && most <= RESIDENT_MIB_MAX { "" } else { " NOT KEPT" };
    println!(
        "{kind} {n}: {item_us:.1} us of CPU an item, {:.0} items a second, {now:.0} MiB resident, {most:.0} at the most, \
         {} bytes an item on disk{is_kept}",
        n as f64 / took,
        bytes / n as u64
    );
    let tenths: Vec<String> =
        (1..=10).map(|tenth| format!("{:.0}", curve[(curve.len() * tenth / 10).saturating_sub(1)])).collect();
    if 10 <= curve.len() {
        println!("    MiB resident after each tenth of its time: {}", tenths.join(" "));
    }
}

async fn create(engine: &Engine, kind: &str) -> String {
    let definition = format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", "Label": "L", "End": true,
        "ItemReader": {{"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {{"InputType": "JSONL"}},
            "Parameters": {{"Bucket": "b", "Key": "k"}}}},
        "ResultWriter": {{"WriterConfig": {{"Transformation": "NONE"}}, "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {{"Bucket": "b", "Prefix": "p"}}}},
        "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "{kind}"}},
            "StartAt": "P", "States": {{"P": {{"Type": "Pass", "End": true}}}}}}}}}}}}"#
    );
    let create = CreateStateMachine {
        encryption: None,
        home: AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        },
        name: "Map".to_owned(),
        definition,
        role_arn: "arn:aws:iam::123456789012:role/bench".to_owned(),
        kind: StateMachineType::Standard,
        logging: Logging::default(),
        tracing: false,
        tags: Vec::new(),
        publish: None,
    };
    engine.state_machines().create(create).await.unwrap().arn.to_string()
}

/// The CPU time of this process so far, all threads, in microseconds.
fn cpu_us() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Ticks of 10 ms.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) * 10_000.0
}

/// The resident memory of this process, in MiB: now and at the most.
fn resident_mib() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}
