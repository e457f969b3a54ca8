//! The faults.

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
