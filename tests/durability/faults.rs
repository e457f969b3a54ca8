//! Fails the server's n-th write, for many n, with each error that disks return, and compares the result with what
//! clients were told.
//!
//! `STEPGATE_FAULTS_MAX` is the largest n (60 by default; 2000 takes most of an hour); `STEPGATE_SEED` repeats a run's
//! choices.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use stepgate::clock::{Ids, SeededIds};

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{HOME, ROLE, number};

/// The errors of disks that are full or broken, or that the system has made read-only.
const ERRORS: [(&str, u64); 3] = [("ENOSPC", 28), ("EIO", 5), ("EROFS", 30)];
/// The number of faults between two kills.
const FAULTS_OF_A_LIFE: usize = 20;
const MACHINE: &str = "Faults";

/// The library that makes writes fail, and the file that controls it.
struct Faults {
    library: PathBuf,
    control: PathBuf,
    file: File,
}

impl Faults {
    fn new(dir: &DataDir) -> Self {
        let (library, control) = (dir.path().join("faults.so"), dir.path().join("faults"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durability/faults.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .status();
        assert!(built.expect("a C compiler").success());
        std::fs::write(&control, [0; 40]).unwrap();
        let file = File::options().read(true).write(true).open(&control).unwrap();
        Self { library, control, file }
    }

    fn set(&self, from: u64, count: u64, error: u64) {
        // The count of writes comes last, so that none fails before everything is set.
        for (at, value) in [(8, 0), (16, count), (24, error), (32, 0), (0, 0), (8, from)] {
            self.file.write_all_at(&u64::to_le_bytes(value), at).unwrap();
        }
    }

    fn failed(&self) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, 32).unwrap();
        u64::from_le_bytes(bytes)
    }

    fn start(&self, dir: &DataDir) -> Option<Server> {
        let data = dir.path().join("data");
        let environment = [
            ("LD_PRELOAD", self.library.as_path()),
            ("STEPGATE_FAULTS", self.control.as_path()),
            ("STEPGATE_FAULTS_BELOW", data.as_path()),
        ];
        Server::try_start(dir, &[], &environment)
    }
}

/// Starts an execution; returns whether it was acknowledged.
fn start_one(client: &mut Client, name: &str) -> bool {
    let machine = format!("arn:aws:states:{HOME}:stateMachine:{MACHINE}");
    let input = json!({"stateMachineArn": machine, "name": name});
    let answer = client.states("StartExecution", &input).expect("the server goes on");
    assert!(matches!(answer.status, 200 | 500 | 503), "{}: {}", answer.status, answer.text());
    answer.status == 200
}

fn create_machine(client: &mut Client) {
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let input = json!({"name": MACHINE, "definition": definition.to_string(), "roleArn": ROLE});
    let made = client.states("CreateStateMachine", &input).unwrap();
    assert_eq!(made.status, 200, "{}", made.text());
}

fn assert_all_there(client: &mut Client, acknowledged: &BTreeSet<String>, place: &str) {
    let there: BTreeSet<String> = crate::list(client, MACHINE).into_iter().collect();
    let missing: Vec<_> = acknowledged.difference(&there).collect();
    assert!(missing.is_empty(), "{place}: acknowledged and gone: {missing:?}");
}

#[test]
#[allow(clippy::disallowed_methods)] // A deadline for a server that would never serve again.
fn a_write_that_fails_loses_nothing_and_service_goes_on() {
    let n_max = number("STEPGATE_FAULTS_MAX").unwrap_or(60);
    let seed: u64 = number("STEPGATE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("STEPGATE_SEED={seed} STEPGATE_FAULTS_MAX={n_max}");
    let ids = SeededIds::new(seed);
    let dir = DataDir::new("faults");
    let faults = Faults::new(&dir);
    let mut server = faults.start(&dir).expect("no fault yet");
    let mut client = Client::new(&server.address);
    create_machine(&mut client);
    let (mut acknowledged, mut n_sent, mut n_faults, mut n_refused) = (BTreeSet::new(), 0, 0, 0);
    for n in 1..=n_max {
        let (error, code) = ERRORS[usize::try_from(n).unwrap() % ERRORS.len()];
        let count = if ids.unit() < 0.5 { 1 } else { 1 + (ids.unit() * 20.0) as u64 };
        let place = format!("STEPGATE_SEED={seed}: {error} at write {n}, {count} times");
        faults.set(n, count, code);
        let mut send = |acknowledged: &mut BTreeSet<String>, client: &mut Client| {
            n_sent += 1;
            let name = format!("e{n_sent}");
            let is_told = start_one(client, &name);
            if is_told {
                acknowledged.insert(name);
            }
            is_told
        };
        while faults.failed() == 0 {
            n_refused += usize::from(!send(&mut acknowledged, &mut client));
        }
        faults.set(0, 0, 0);
        n_faults += 1;
        let deadline = Instant::now() + Duration::from_secs(20);
        while !send(&mut acknowledged, &mut client) {
            assert!(Instant::now() < deadline, "{place}: no service after the fault");
        }
        if n_faults % FAULTS_OF_A_LIFE == 0 {
            server.kill();
            // Starting up writes as well, and these writes fail, too.
            faults.set(1 + (ids.unit() * 80.0) as u64, count, code);
            if let Some(mut started) = faults.start(&dir) {
                started.kill();
            }
            faults.set(0, 0, 0);
            server = faults.start(&dir).unwrap_or_else(|| panic!("{place}: it does not start again"));
            client = Client::new(&server.address);
            assert_all_there(&mut client, &acknowledged, &place);
        }
    }
    server.kill();
    let server = faults.start(&dir).expect("it starts again");
    assert_all_there(&mut Client::new(&server.address), &acknowledged, "at the end");
    println!("{n_faults} faults, {n_refused} calls refused, {} executions acknowledged", acknowledged.len());
    assert!(0 < n_refused, "no fault was met: the test shows nothing");
}
