//! Three nodes as processes, each with its own way to one database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::proxy::Proxy;
use crate::server::postgres::Cluster;
use crate::server::{DataDir, Server};

/// How many there are.
pub(crate) const NODES: usize = 3;
/// Who the nodes are for the database: somebody without privileges.
const ROLE: &str = "node";
/// How long nothing is asked after an answer that was not the one.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
/// The test whose nodes are of the version before at first.
pub(crate) const UPGRADE: &str = "upgraded";
/// How often it is tried to start a node.
const STARTS_MAX: usize = 5;

/// A server of the test's own, or the one that the tests share.
pub(crate) enum Database {
    Own(Cluster),
    Shared(&'static Cluster),
}

impl Database {
    fn cluster(&self) -> &Cluster {
        match self {
            Self::Own(cluster) => cluster,
            Self::Shared(cluster) => cluster,
        }
    }
}

struct Node {
    proxy: Proxy,
    dir: DataDir,
    server: Option<Server>,
    /// How often it was started.
    life: usize,
    /// By how much its clock is wrong, in seconds.
    ahead_s: i64,
    /// The program of the version before, if it is that one's.
    earlier: Option<PathBuf>,
}

/// Where each node is, for clients, and by how much its clock is wrong. A node that starts again is elsewhere.
pub(crate) type Places = Arc<Mutex<Vec<(String, i64)>>>;

pub(crate) struct Fleet {
    database: Database,
    name: String,
    nodes: Vec<Node>,
    places: Places,
}

impl Fleet {
    /// Starts all nodes, whose clocks are wrong by so many seconds.
    pub(crate) fn start(test: &str, database: Database, ahead_s: [i64; NODES]) -> Self {
        let name = format!("{test}-{}", std::process::id());
        let cluster = database.cluster();
        let is_role = cluster.sql("postgres", &format!("SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"));
        if is_role.is_empty() {
            // Tests that run at the same time.
            let made = format!(
                "DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            );
            cluster.sql("postgres", &made);
        }
        cluster.sql("postgres", &format!("CREATE DATABASE \"{name}\" OWNER {ROLE}"));
        let port = cluster.port();
        let node = |ahead_s| Node {
            proxy: Proxy::to(SocketAddr::from(([127, 0, 0, 1], port))),
            dir: DataDir::new(test),
            server: None,
            life: 0,
            ahead_s,
            earlier: None,
        };
        let nodes: Vec<Node> = ahead_s.into_iter().map(node).collect();
        let places = ahead_s.map(|ahead_s| (String::new(), ahead_s)).to_vec();
        let mut fleet = Self { database, name, nodes, places: Arc::new(Mutex::new(places)) };
        if test == UPGRADE {
            let earlier = std::env::var_os("STEPGATE_FLEET_EARLIER").map(PathBuf::from);
            fleet.nodes.iter_mut().for_each(|node| node.earlier = earlier.clone());
        }
        for n in 0..NODES {
            fleet.begin(n);
        }
        fleet
    }

    /// Stops a node, and starts it again as this version.
    pub(crate) fn upgrade(&mut self, n: usize) {
        if let Some(server) = self.nodes[n].server.take() {
            assert!(server.terminate().success());
        }
        self.nodes[n].earlier = None;
        self.begin(n);
    }

    /// Starts a node, for the first time or again; false if it could not.
    fn try_begin(&mut self, n: usize) -> bool {
        let key = self.nodes[0].dir.path().join("data/secrets.key");
        let node = &mut self.nodes[n];
        let data = node.dir.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        if 0 < n {
            // All have the same master key.
            std::fs::copy(key, data.join("secrets.key")).unwrap();
        }
        node.life += 1;
        let (at, life, name) = (node.proxy.address, node.life, &self.name);
        let url = format!("postgres://{ROLE}@{at}/{name}?application_name=node-{n}-{life}");
        let lease_s = lease().as_secs();
        let settings = format!("[store]\nurl = {url:?}\nlease_s = {lease_s}\nnode = \"node-{n}\"\n");
        let config = node.dir.path().join("stepgate.toml");
        std::fs::write(&config, settings).unwrap();
        let mut command = node.earlier.as_ref().map_or_else(Server::command, Command::new);
        let log = std::fs::File::options().create(true).append(true).open(node.dir.path().join("log"));
        command.stderr(log.unwrap());
        if node.ahead_s != 0 {
            let library = faketime().expect("apt-get install libfaketime");
            command.env("LD_PRELOAD", library).env("FAKETIME", format!("{:+}s", node.ahead_s));
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let arguments = ["--config", config.to_str().unwrap()];
        let Ok(server) = Server::ready(command, &node.dir, &arguments, "info") else { return false };
        self.places.lock().unwrap()[n].0 = server.address.clone();
        node.server = Some(server);
        true
    }

    /// Starts a node. Where the machine is so busy that it loses its lease before it serves, once more, as whoever supervises it
    /// does.
    pub(crate) fn begin(&mut self, n: usize) {
        let log = self.log(n);
        let has_begun = (0..STARTS_MAX).any(|_| self.try_begin(n));
        assert!(has_begun, "{}", std::fs::read_to_string(log).unwrap_or_default());
    }

    /// Starts those nodes again that have ended: as whoever supervises them does. Says which those were.
    pub(crate) fn revive(&mut self) -> Vec<usize> {
        let has_ended = |node: &mut Node| node.server.as_mut().is_none_or(Server::has_ended);
        let ended: Vec<usize> = (0..NODES).filter(|n| has_ended(&mut self.nodes[*n])).collect();
        for n in &ended {
            self.nodes[*n].server = None;
            self.try_begin(*n);
        }
        ended
    }

    pub(crate) fn places(&self) -> Places {
        self.places.clone()
    }

    pub(crate) fn client(&self, n: usize) -> Client {
        let (address, ahead_s) = self.places.lock().unwrap()[n].clone();
        Client::new(&address).ahead(ahead_s)
    }

    pub(crate) fn proxy(&self, n: usize) -> &Proxy {
        &self.nodes[n].proxy
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        self.database.cluster()
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.cluster().sql(&self.name, sql)
    }

    /// A node's log, of all its lives.
    pub(crate) fn log(&self, n: usize) -> PathBuf {
        self.nodes[n].dir.path().join("log")
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, n: usize) {
        if let Some(mut server) = self.nodes[n].server.take() {
            server.kill();
        }
    }

    /// How a node ended, once it has.
    pub(crate) fn wait(&mut self, n: usize) -> Option<i32> {
        self.nodes[n].server.take().and_then(|server| server.wait().code())
    }

    pub(crate) fn signal(&self, n: usize, signal: &str) {
        let Some(server) = &self.nodes[n].server else { return };
        let pid = server.process_id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Whether others have taken over what a node had.
    pub(crate) fn is_buried(&self, n: usize) -> bool {
        let of = format!("SELECT COUNT(*) FROM store_lease WHERE name = 'node-{n}' AND holder <> ''");
        self.sql(&of) == "0"
    }

    /// Ends the connections of the nodes that are in a transaction, or all of them; says how many those were.
    pub(crate) fn terminate(&self, are_busy: bool) -> usize {
        let busy = if are_busy { "AND xact_start IS NOT NULL" } else { "" };
        let of = format!(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = '{}' AND usename = '{ROLE}' {busy}",
            self.name
        );
        self.cluster().sql("postgres", &of).parse().unwrap()
    }

    /// How many connections all nodes together may have; -1 for any number.
    pub(crate) fn limit_connections(&self, n: i32) {
        self.cluster().sql("postgres", &format!("ALTER ROLE {ROLE} CONNECTION LIMIT {n}"));
    }
}

/// A lease: longer on a machine that is so busy that nodes lose theirs.
pub(crate) fn lease() -> Duration {
    Duration::from_secs(number("STEPGATE_FLEET_LEASE_S", 5) as u64)
}

pub(crate) fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

/// The library by which a process sees another time, where Debian puts it.
pub(crate) fn faketime() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?;
    let files = libraries.flatten().map(|of| of.path().join("faketime/libfaketime.so.1"));
    files.into_iter().find(|file| file.exists())
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if thread::panicking() {
            // What the nodes logged is for whoever looks.
            for node in self.nodes.drain(..) {
                drop(node.server);
                println!("{}", node.dir.path().join("log").display());
                std::mem::forget(node.dir);
            }
        }
    }
}

/// Asks again until `is_so`.
///
/// # Panics
/// After `patience`, with what was expected.
pub(crate) fn until(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let clock = crate::history::History::new();
    while !is_so() {
        assert!(clock.now() < patience, "{what}: not within {patience:?}");
        thread::sleep(PAUSE);
    }
    clock.now()
}
