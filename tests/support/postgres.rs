//! A PostgreSQL server for the tests: in a directory and on a port of its own, run by somebody without privileges.
//!
//! It needs Debian's package `postgresql-15`, or a later one. Tests that need it are left out where it is missing, unless
//! `STEPGATE_TEST_POSTGRES=required` is set, as the gate does.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where Debian puts the programs of each version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// Who runs it if the tests are run by root, which PostgreSQL refuses: nobody.
const NOBODY: u32 = 65534;
const USER: &str = "stepgate";

/// A running server; stopped and deleted when it is dropped, or the process of the tests ends.
pub(crate) struct Cluster {
    programs: PathBuf,
    dir: PathBuf,
    port: u16,
    /// Stops the server when its input ends.
    keeper: Child,
}

impl Cluster {
    /// The server that the tests of this process share; `None` if it is not installed.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server for one test, which may stop it.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let is_required = std::env::var("STEPGATE_TEST_POSTGRES").is_ok_and(|it| it == "required");
            assert!(!is_required, "{INSTALLED} has no PostgreSQL: apt-get install postgresql-15");
            let why = format!("left out: {INSTALLED} has no PostgreSQL (apt-get install postgresql-15)\n");
            // Whether or not somebody reads it.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes());
            return None;
        };
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-pg-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        if std::fs::metadata(&dir).unwrap().uid() == 0 {
            std::os::unix::fs::chown(&dir, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        // Its texts are in an order of a language, so that tests see who forgets to say otherwise.
        let language = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"];
        let initdb = unprivileged(&dir, &programs.join("initdb"))
            .args(["--username", USER, "--auth=trust", "--no-sync"])
            .args(language)
            .arg("--pgdata")
            .arg(dir.join("data"))
            .stdout(Stdio::null())
            .status();
        assert!(initdb.unwrap().success(), "initdb failed");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n\
             max_connections = 800\nshared_buffers = 64MB\nlogging_collector = off\n"
        );
        let file = dir.join("data/postgresql.auto.conf");
        std::fs::write(&file, settings).unwrap();
        let script = "\"$1\" -D \"$2/data\" -l \"$2/log\" -w start >&2 && echo started; cat; \
                      \"$1\" -D \"$2/data\" -m immediate stop >&2; rm -rf \"$2\"";
        let mut keeper = unprivileged(&dir, Path::new("sh"))
            .args(["-c", script, "sh"])
            .arg(programs.join("pg_ctl"))
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = keeper.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        assert_eq!(line, "started\n", "{}", std::fs::read_to_string(dir.join("log")).unwrap_or_default());
        Some(Self { programs, dir, port, keeper })
    }

    /// Makes an empty database, and returns its URL.
    pub(crate) fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// The URL of a database.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// The port on which it listens.
    #[allow(dead_code, reason = "not every suite needs it")]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs a statement and returns what it answers, a line a row.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url(database)]);
        let out = psql.output().unwrap();
        assert!(out.status.success(), "{sql}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// Stops the server, as in a power failure, and starts it again.
    #[allow(dead_code, reason = "not every suite needs it")]
    pub(crate) fn restart(&self) {
        self.stop();
        self.go_on();
    }

    /// Stops the server, as in a power failure.
    #[allow(dead_code, reason = "not every suite needs it")]
    pub(crate) fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts the server that was stopped.
    #[allow(dead_code, reason = "not every suite needs it")]
    pub(crate) fn go_on(&self) {
        self.control(&["-w", "start"]);
    }

    fn control(&self, what: &[&str]) {
        let mut pg_ctl = unprivileged(&self.dir, &self.programs.join("pg_ctl"));
        pg_ctl.arg("-D").arg(self.dir.join("data")).arg("-l").arg(self.dir.join("log")).args(what);
        let done = pg_ctl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(done.unwrap().success(), "pg_ctl {what:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The programs of the newest version that is installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(INSTALLED).ok()?;
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let found = versions.flatten().map(|entry| entry.path()).filter(|path| path.join("bin/initdb").exists());
    found
        .filter(|path| version(path).is_some_and(|n| 15 <= n))
        .max_by_key(|path| version(path))
        .map(|path| path.join("bin"))
}

/// A program that is run by the owner of `dir`.
fn unprivileged(dir: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    let owner = std::fs::metadata(dir).unwrap();
    if owner.uid() == NOBODY {
        command.uid(NOBODY).gid(owner.gid());
    }
    command.current_dir(dir);
    command
}
