//! Server processes and their resource usage.

#![allow(dead_code)] // Several benches share the file; none needs all of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server that answers at `address` until dropped.
pub(crate) struct Served {
    pub(crate) address: String,
    child: Child,
    data_dir: Option<PathBuf>,
}

impl Served {
    /// The bare echo server: this binary, started again.
    pub(crate) async fn echo() -> Self {
        let this = std::env::current_exe().unwrap();
        let mut command = on_core(0);
        command.arg(this).arg("--echo");
        Self::start(command, None)
    }

    /// Stepgate with the benchmark's APIs; its HTTP_PROXY integration calls `backend`.
    pub(crate) async fn stepgate(backend: &Self) -> Self {
        Self::built(Path::new(env!("CARGO_BIN_EXE_stepgate")), include_str!("paths.yaml"), backend)
    }

    /// The same from a binary and a template of one's own.
    pub(crate) fn built(binary: &Path, template: &str, backend: &Self) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let dir = scratch(&format!("data-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&dir).unwrap();
        let template = template.replace("BACKEND", &format!("http://{}", backend.address));
        std::fs::write(dir.join("bench.yaml"), template).unwrap();
        let settings =
            format!("[deploy]\ntemplates = [{:?}]\n[log]\nlevel = 'warn'\n", dir.join("bench.yaml"));
        std::fs::write(dir.join("stepgate.toml"), settings).unwrap();
        let mut command = on_core(0);
        command.arg(binary).arg("serve").arg("--json");
        command.arg("--config").arg(dir.join("stepgate.toml"));
        command.arg("--data-dir").arg(dir.join("data")).args(["--listen", "127.0.0.1:0"]);
        Self::start(command, Some(dir))
    }

    /// Stepgate on the data directory `data` in `dir`, on any core. Existing data is kept.
    pub(crate) fn on_data(dir: &Path) -> Self {
        let settings = dir.join("stepgate.toml");
        std::fs::write(&settings, "[deploy]\ntutorial = false\n[log]\nlevel = 'warn'\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--config"]).arg(settings);
        command.arg("--data-dir").arg(dir.join("data"));
        Self::start(command, None)
    }

    /// Stepgate with room for functions, on core 0 with their instances, on a data directory in `dir`.
    pub(crate) fn with_functions(dir: &Path) -> Self {
        let settings = dir.join("stepgate.toml");
        let text = "[deploy]\ntutorial = false\n[log]\nlevel = 'warn'\n[functions]\nconcurrency = 200\n";
        std::fs::write(&settings, text).unwrap();
        let built = env!("CARGO_BIN_EXE_stepgate").into();
        let mut command = on_core(0);
        command.arg(std::env::var_os("STEPGATE_BINARY").unwrap_or(built));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--config"]).arg(settings);
        command.arg("--data-dir").arg(dir.join("data"));
        Self::start(command, None)
    }

    /// A script that says in its first line where it listens, as the server does, on core 0.
    pub(crate) fn script(program: &str, script: &Path) -> Self {
        let mut command = on_core(0);
        command.arg(program).arg(script);
        Self::start(command, None)
    }

    /// A program that doesn't say where it listens, with what it keeps in `dir`.
    pub(crate) fn silent(mut command: Command, address: String, dir: PathBuf) -> Self {
        let child = command.stdout(Stdio::null()).spawn().expect("taskset and the program start");
        Self { address, child, data_dir: Some(dir) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn start(mut command: Command, data_dir: Option<PathBuf>) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("taskset and the server start");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let facts: serde_json::Value = serde_json::from_str(&line).expect("the server says where it listens");
        let endpoint = facts["endpoint"].as_str().unwrap();
        Self { address: endpoint.trim_start_matches("http://").to_owned(), child, data_dir }
    }

    /// User and system time that the process and all below it have used, in microseconds.
    pub(crate) fn cpu_micros(&self) -> f64 {
        let (mut open, mut ticks) = (vec![self.child.id()], 0.0);
        while let Some(pid) = open.pop() {
            open.extend(children(pid));
            // A process that has ended meanwhile has none.
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let mut fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11);
            let mut next = || fields.next().map_or(0.0, |ticks| ticks.parse::<f64>().unwrap());
            ticks += next() + next();
        }
        ticks * 10_000.0 // Linux counts in hundredths of a second.
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // What a program has started (nginx its worker) does not end with it.
        for pid in children(self.child.id()) {
            let _ = Command::new("kill").arg(pid.to_string()).status();
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        if let Some(dir) = &self.data_dir {
            std::fs::remove_dir_all(dir).unwrap();
        }
    }
}

/// The processes that a process has started.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Keeps the client off the server's core.
pub(crate) fn pin_this_process() {
    let pid = std::process::id().to_string();
    let status = Command::new("taskset").args(["-cp", "1", &pid]).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|s| s.success()), "taskset (util-linux) and a second core are needed");
}

/// A command that runs on that core alone.
pub(crate) fn on_core(core: usize) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string());
    command
}

/// A path for this run only in the build directory, which is on the project's disk.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    dir.join(format!("bench-{}-{name}", std::process::id()))
}
