//! The faults.

use std::fs::File;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::nodes::{Database, NODES, UPGRADE, faketime, lease, number, until};
use crate::proxy::Way;
use crate::server::postgres::Cluster;
use crate::trial::Trial;

const RIGHT: [i64; NODES] = [0; NODES];
const PATIENCE: Duration = Duration::from_secs(60);

fn shared() -> Option<Database> {
    Cluster::shared().map(Database::Shared)
}

/// A trial on the shared server; nothing where there is none.
macro_rules! trial {
    ($test:literal) => {
        match shared() {
            Some(database) => Trial::new($test, database, RIGHT),
            None => return,
        }
    };
}

#[test]
fn a_node_is_killed() {
    let mut trial = trial!("killed");
    for n in 0..number("STEPGATE_FLEET_KILLS", 2) {
        trial.round(|trial| {
            let node = trial.any_node();
            trial.fleet.kill(node);
            if n % 2 == 0 {
                // The others take over what it had; else it comes back before they do.
                until("another takes over", PATIENCE, || trial.fleet.is_buried(node));
            }
            trial.fleet.begin(node);
            Some(node)
        });
    }
    trial.finish();
}

#[test]
fn a_node_is_paused_for_longer_than_its_lease() {
    let mut trial = trial!("paused");
    for _ in 0..number("STEPGATE_FLEET_PAUSES", 2) {
        trial.round(|trial| {
            let node = trial.any_node();
            trial.fleet.signal(node, "-STOP");
            until("another takes over", PATIENCE, || trial.fleet.is_buried(node));
            trial.fleet.signal(node, "-CONT");
            assert_eq!(trial.fleet.wait(node), Some(1));
            Some(node)
        });
    }
    trial.finish();
}

#[test]
fn postgresql_is_restarted() {
    let Some(cluster) = Cluster::start() else { return };
    let mut trial = Trial::new("restarted", Database::Own(cluster), RIGHT);
    for _ in 0..number("STEPGATE_FLEET_RESTARTS", 2) {
        trial.round(|trial| {
            trial.fleet.cluster().restart();
            None
        });
    }
    trial.finish();
}

#[test]
fn transactions_are_terminated() {
    let mut trial = trial!("terminated");
    let mut left = number("STEPGATE_FLEET_TERMINATIONS", 10);
    while 0 < left {
        let n = left.min(10);
        trial.round(|trial| {
            let mut terminated = 0;
            until("so many transactions are terminated", PATIENCE, || {
                terminated += trial.fleet.terminate(true);
                n <= terminated
            });
            None
        });
        left -= n;
    }
    trial.finish();
}

#[test]
fn a_node_is_cut_off_from_the_database() {
    let mut trial = trial!("cut");
    let length = Duration::from_secs(number("STEPGATE_FLEET_CUT_S", lease().as_secs() as usize + 1) as u64);
    let ways: [&[Way]; 3] = [&[Way::ToDatabase, Way::ToNode], &[Way::ToDatabase], &[Way::ToNode]];
    for n in 0..number("STEPGATE_FLEET_CUTS", 3) {
        trial.round(|trial| {
            let node = trial.any_node();
            // And once for less than a lease.
            let length = if n % 4 == 3 { Duration::from_secs(1) } else { length };
            trial.cut(node, ways[n % 3], length);
            Some(node)
        });
    }
    trial.finish();
}

#[test]
fn clocks_are_wrong_by_an_hour() {
    let Some(database) = shared() else { return };
    let is_required = std::env::var("STEPGATE_TEST_POSTGRES").is_ok_and(|it| it == "required");
    if faketime().is_none() && !is_required {
        return println!("left out: apt-get install libfaketime");
    }
    let mut trial = Trial::new("clocks", database, [0, 3_600, -3_600]);
    for n in 0..number("STEPGATE_FLEET_ROUNDS", 1) {
        trial.round(|trial| {
            // The others go on with what it had by their clocks.
            let node = n % NODES;
            trial.fleet.kill(node);
            until("another takes over", PATIENCE, || trial.fleet.is_buried(node));
            trial.fleet.begin(node);
            Some(node)
        });
    }
    trial.finish();
}

#[test]
fn all_connections_are_taken() {
    let Some(cluster) = Cluster::start() else { return };
    let mut trial = Trial::new("taken", Database::Own(cluster), RIGHT);
    for n in 0..number("STEPGATE_FLEET_ROUNDS", 2) {
        trial.round(|trial| {
            // Too few for all, or none, for longer than a lease.
            trial.fleet.limit_connections(if n % 2 == 0 { 4 } else { 0 });
            trial.fleet.terminate(false);
            std::thread::sleep(lease() + Duration::from_secs(1));
            trial.fleet.limit_connections(-1);
            None
        });
    }
    trial.finish();
}

/// `STEPGATE_FLEET_EARLIER` names the program of the version before. Without it, nodes of this version are restarted.
#[test]
fn nodes_are_upgraded_one_after_the_other() {
    let Some(database) = shared() else { return };
    let mut trial = Trial::new(UPGRADE, database, RIGHT);
    for node in 0..NODES {
        trial.round(|trial| {
            trial.fleet.upgrade(node);
            Some(node)
        });
    }
    trial.finish();
}

/// PostgreSQL on a disk that has no space left when the test says so: whatever is written to its tables fails.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Makes the library and what controls it, below a server's directory.
    fn make(dir: &Path) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durability/faults.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([dir.join("faults.so"), source, "-ldl".into()])
            .status();
        assert!(built.expect("a C compiler").success());
        let control = dir.join("faults");
        std::fs::write(&control, [0; 40]).unwrap();
        std::fs::set_permissions(&control, std::fs::Permissions::from_mode(0o666)).unwrap();
        Self(control)
    }

    fn environment(dir: &Path) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("LD_PRELOAD", dir.join("faults.so")),
            ("STEPGATE_FAULTS", dir.join("faults")),
            ("STEPGATE_FAULTS_BELOW", dir.join("data/base")),
        ]
    }

    fn set(&self, is_full: bool) {
        const ENOSPC: u64 = 28;
        let file = File::options().write(true).open(&self.0).unwrap();
        // From the first write on, all that follow.
        for (at, value) in [(16, u64::MAX / 2), (24, ENOSPC), (8, u64::from(is_full))] {
            file.write_all_at(&u64::to_le_bytes(value), at).unwrap();
        }
    }

    /// How many writes have failed.
    fn failed(&self) -> u64 {
        let mut bytes = [0; 8];
        File::open(&self.0).unwrap().read_exact_at(&mut bytes, 32).unwrap();
        u64::from_le_bytes(bytes)
    }
}

#[test]
fn the_database_has_no_space_left() {
    let mut disk = None;
    let environment = |dir: &Path| {
        disk = Some(SmallDisk::make(dir));
        SmallDisk::environment(dir)
    };
    let Some(cluster) = Cluster::start_with(environment) else { return };
    let disk = disk.unwrap();
    let mut trial = Trial::new("full", Database::Own(cluster), RIGHT);
    for _ in 0..number("STEPGATE_FLEET_ROUNDS", 1) {
        trial.round(|trial| {
            let before = disk.failed();
            disk.set(true);
            until("writes fail", PATIENCE, || before < disk.failed());
            std::thread::sleep(Duration::from_secs(2));
            disk.set(false);
            let _ = trial;
            None
        });
    }
    trial.finish();
}
