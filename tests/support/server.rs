//! A real server process on its own port, with a data directory that outlives it.

#[path = "postgres.rs"]
pub(crate) mod postgres;

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A data directory that is deleted when dropped.
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    pub(crate) fn new(test: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let dir = dir.join(format!("{test}-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The name of the database, where that is on a server.
    fn database(&self) -> String {
        self.0.file_name().unwrap().to_str().unwrap().to_owned()
    }

    /// The URL of the database, if that is on a server.
    fn url(&self) -> Option<String> {
        let (cluster, name) = (on_postgres()?, self.database());
        let of = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        let is_new = cluster.sql("postgres", &of).is_empty();
        Some(if is_new { cluster.database(&name) } else { cluster.url(&name) })
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Some(cluster) = on_postgres() {
            let of = self.database();
            cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS \"{of}\" WITH (FORCE)"));
        }
        // If it can't be deleted, cleaning the build directory will do it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the servers of the tests keep everything durable on a database server.
#[allow(dead_code, reason = "not every suite needs it")]
pub(crate) fn is_on_server() -> bool {
    on_postgres().is_some()
}

/// Where the servers of the tests keep everything durable, if `STEPGATE_TEST_STORE=postgres` says so.
fn on_postgres() -> Option<&'static postgres::Cluster> {
    let is_asked = std::env::var("STEPGATE_TEST_STORE").is_ok_and(|it| it == "postgres");
    is_asked.then(|| postgres::Cluster::shared().expect("PostgreSQL is installed"))
}

/// The server's program: the one that was built with the tests, or another, such as a release build, that
/// `STEPGATE_BINARY` names.
fn binary() -> OsString {
    std::env::var_os("STEPGATE_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_stepgate").into())
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    /// What the server printed when it was ready.
    pub(crate) facts: serde_json::Value,
    child: Child,
}

impl Server {
    /// Starts the server on `dir` and waits until it is ready.
    pub(crate) fn start(dir: &DataDir, arguments: &[&str]) -> Self {
        Self::start_as(Command::new(binary()), dir, arguments)
    }

    /// The server's program, to be started by [`Server::ready`].
    pub(crate) fn command() -> Command {
        Command::new(binary())
    }

    /// Starts a server that logs everything to a file.
    pub(crate) fn start_logging(dir: &DataDir, log: &Path) -> Self {
        Self::start_logging_with(dir, log, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_logging_with(dir: &DataDir, log: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.stderr(std::fs::File::create(log).unwrap());
        Self::start_with(command, dir, arguments, "trace")
    }

    /// Starts a server that can't write files larger than `kib`, which looks like a full disk.
    pub(crate) fn start_with_small_disk(dir: &DataDir, kib: u32) -> Self {
        // An ignored signal stays ignored across exec: a write over the limit fails instead of killing the process.
        let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
        let mut command = Command::new("bash");
        command.arg("-c").arg(script).arg(binary());
        Self::start_as(command, dir, &[])
    }

    /// Starts a server that may open only `n` files, whatever limit it asks for.
    pub(crate) fn start_with_few_files(dir: &DataDir, n: u32) -> Self {
        let mut command = Command::new("bash");
        let script = format!("ulimit -n {n}; exec \"$0\" \"$@\"");
        command.arg("-c").arg(script).arg(binary());
        Self::start_as(command, dir, &[])
    }

    /// Starts a server alone in a control group.
    pub(crate) fn start_in_group(dir: &DataDir, group: &Path) -> Self {
        let mut command = Command::new("bash");
        command.arg("-c").arg("echo $$ > \"$0/cgroup.procs\"; exec \"$@\"").arg(group).arg(binary());
        Self::start_as(command, dir, &[])
    }

    /// Removes the limit of a server with a small disk.
    pub(crate) fn make_space(&self) {
        let pid = self.child.id().to_string();
        let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
        assert!(lifted.unwrap().success());
    }

    /// Starts the server in an environment in which it may fail to become ready; `None` then.
    pub(crate) fn try_start(
        dir: &DataDir,
        arguments: &[&str],
        environment: &[(&str, &Path)],
    ) -> Option<Self> {
        let mut command = Command::new(binary());
        command.envs(environment.iter().copied());
        Self::ready(command, dir, arguments, "warn").ok()
    }

    fn start_as(command: Command, dir: &DataDir, arguments: &[&str]) -> Self {
        Self::start_with(command, dir, arguments, "warn")
    }

    fn start_with(command: Command, dir: &DataDir, arguments: &[&str], log_level: &str) -> Self {
        Self::ready(command, dir, arguments, log_level).expect("the server became ready")
    }

    /// Starts a server by this command; what it printed instead if it does not become ready.
    pub(crate) fn ready(
        mut command: Command,
        dir: &DataDir,
        arguments: &[&str],
        log_level: &str,
    ) -> Result<Self, serde_json::Error> {
        if let Some(url) = dir.url() {
            command.env("STEPGATE_STORE_URL", url);
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--json", "--data-dir"])
            .arg(dir.path().join("data"))
            .args(arguments)
            .env("RUST_LOG", log_level)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let facts: serde_json::Value = match serde_json::from_str(&line) {
            Ok(facts) => facts,
            Err(error) => {
                // It has ended, or is useless.
                let _ = child.kill();
                child.wait().unwrap();
                return Err(error);
            }
        };
        let address = facts["endpoint"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Ok(Self { address, facts, child })
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends SIGKILL, as in a power failure.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, as `kill` and service managers do.
    pub(crate) fn tell_to_stop(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// How the server ended.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Sends SIGTERM and returns how the server ended.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.tell_to_stop();
        self.wait()
    }

    /// An output of the stack that was deployed or found at start.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.facts["stacks"][0]["outputs"][name].as_str().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may already be dead.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
