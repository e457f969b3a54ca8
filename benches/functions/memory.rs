//! What processes take: proportional set sizes, which count shared pages once.

use std::fs;
use std::process::{Command, Stdio};

use crate::process::children;

/// What is below a server.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) runtimes: usize,
    pub(crate) runtime_kib: usize,
    pub(crate) supervisor_kib: usize,
}

/// The instances of `program` below the process `server`, and their supervisors.
pub(crate) fn below(server: u32, program: &str) -> Found {
    let mut found = Found::default();
    for supervisor in children(server) {
        for runtime in children(supervisor) {
            let command = fs::read_to_string(format!("/proc/{runtime}/cmdline")).unwrap_or_default();
            if command.split('\0').next().is_some_and(|path| path.contains(program)) {
                found.runtimes += 1;
                found.runtime_kib += proportional_kib(runtime);
                found.supervisor_kib += proportional_kib(supervisor);
            }
        }
    }
    found
}

/// An interpreter that has nothing to do.
pub(crate) fn interpreter(program: &str) -> usize {
    let wait = if program == "node" { "setTimeout(() => {}, 60000)" } else { "import time; time.sleep(60)" };
    let flag = if program == "node" { "-e" } else { "-c" };
    let mut child = Command::new(program).args([flag, wait]).stdout(Stdio::null()).spawn().unwrap();
    // It takes more until it waits.
    let (mut before, mut now) = (0, 1);
    while before != now {
        std::thread::sleep(std::time::Duration::from_millis(500));
        (before, now) = (now, proportional_kib(child.id()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    now
}

fn proportional_kib(pid: u32) -> usize {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap_or("Pss: 0");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
