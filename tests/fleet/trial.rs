//! A fault under load, again and again, and what must be so after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use stepgate::clock::{Ids, SeededIds};

use crate::client::Client;
use crate::load::{Load, Quota, make};
use crate::nodes::{Database, Fleet, NODES, PAUSE, Places, lease, number, until};
use crate::proxy::Way;
use crate::{checker, fencing};

/// How many calls that change something are acknowledged before a fault.
const WARM: usize = 30;
/// How long anything may take. What takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many requests with the key pass in each round at most, so that the quota lasts.
const QUOTA: usize = 200;

pub(crate) struct Trial {
    pub(crate) fleet: Fleet,
    pub(crate) load: Load,
    pub(crate) ids: SeededIds,
    quota: Quota,
    limit: usize,
    test: &'static str,
    round: usize,
    /// The longest times of all rounds: without a start acknowledged by the nodes that no fault is at, and until everything
    /// had ended that was started.
    gap: Duration,
    drained: Duration,
}

impl Trial {
    pub(crate) fn new(test: &'static str, database: Database, ahead_s: [i64; NODES]) -> Self {
        let seed = number("STEPGATE_SEED", std::process::id() as usize);
        println!("{test}: STEPGATE_SEED={seed}");
        let fleet = Fleet::start(test, database, ahead_s);
        fencing::watch(&fleet);
        let mut clients: Vec<Client> = (0..NODES).map(|n| fleet.client(n)).collect();
        make(&mut clients);
        let quota = Quota::make(&mut clients[0], QUOTA);
        for client in &mut clients {
            until("the key is known everywhere", PATIENCE, || quota.ask(client) == Some(200));
        }
        let load = Load::new(fleet.places());
        let (gap, drained) = (Duration::ZERO, Duration::ZERO);
        let ids = SeededIds::new(seed as u64);
        Self { fleet, load, ids, quota, limit: QUOTA, test, round: 0, gap, drained }
    }

    /// A node.
    pub(crate) fn any_node(&self) -> usize {
        (self.ids.unit() * NODES as f64) as usize
    }

    /// Lets `fault` happen under load and be over; it says at which node it was, if at one.
    pub(crate) fn round(&mut self, fault: impl FnOnce(&mut Self) -> Option<usize>) {
        let history = self.load.history.clone();
        let before = history.acknowledged();
        self.load.begin(self.round);
        let is_over = Arc::new(AtomicBool::new(false));
        let counted = self.count(&is_over);
        until("clients are served", PATIENCE, || before + WARM <= history.acknowledged());
        let since = history.now();
        let node = fault(self);
        let over = history.now();
        let mut ended = Vec::new();
        until("all nodes serve again", PATIENCE, || {
            ended.extend(self.fleet.revive());
            (0..NODES).all(|n| history.acknowledged_by(n, over))
        });
        self.gap = self.gap.max(history.longest_gap(node, since));
        self.load.end();
        is_over.store(true, Ordering::SeqCst);
        counted.into_iter().for_each(|client| client.join().unwrap());
        let drained = self.drain();
        self.drained = self.drained.max(drained);
        self.load.read_all();
        let mut problems = checker::violations(&history.take());
        problems.extend(fencing::check(&self.fleet));
        let passed = self.quota.passed.load(Ordering::SeqCst);
        if self.limit < passed {
            problems.push(format!("{passed} requests of a quota of {} passed", self.limit));
        }
        let logs: Vec<String> = (0..NODES).map(|n| self.fleet.log(n).display().to_string()).collect();
        assert!(problems.is_empty(), "{} {}: {}\n{logs:?}", self.test, self.round, problems.join("\n"));
        self.round += 1;
    }

    /// Waits until everything has ended that was started.
    fn drain(&mut self) -> Duration {
        let open = "SELECT (SELECT COUNT(*) FROM execution WHERE status = 0) + (SELECT COUNT(*) FROM timer)
                    + (SELECT COUNT(*) FROM task)";
        let history = self.load.history.clone();
        let began = history.now();
        while self.fleet.sql(open) != "0" {
            if PATIENCE < history.now() - began {
                let left = "SELECT 'execution', id, name, shard, 0 FROM execution WHERE status = 0
                            UNION ALL SELECT 'timer', execution, '', shard, due FROM timer
                            UNION ALL SELECT 'task', execution, COALESCE('activity ' || activity, 'call'), shard, 0 FROM task
                            UNION ALL SELECT 'shard', 0, '', shard, node FROM store_shard";
                panic!("{} {}: stuck:\n{}", self.test, self.round, self.fleet.sql(left));
            }
            // One that was too slow for its lease, on a busy machine.
            self.fleet.revive();
            thread::sleep(PAUSE);
        }
        history.now() - began
    }

    /// Clients with a key, at each node.
    fn count(&self, is_over: &Arc<AtomicBool>) -> Vec<thread::JoinHandle<()>> {
        let client = |node: usize| {
            let places: Places = self.fleet.places();
            let (quota, is_over) = (self.quota.clone(), is_over.clone());
            thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    let address = places.lock().unwrap()[node].0.clone();
                    quota.ask(&mut Client::new(&address));
                    thread::sleep(PAUSE);
                }
            })
        };
        (0..NODES).map(client).collect()
    }

    /// Says what it took.
    pub(crate) fn finish(self) {
        let Self { test, round, gap, drained, .. } = self;
        println!(
            "{test}: {round} rounds; no start for {gap:.1?} at most elsewhere, all ended within {drained:.1?}"
        );
    }

    /// Cuts a node off for so long.
    pub(crate) fn cut(&mut self, node: usize, ways: &[Way], length: Duration) {
        self.fleet.proxy(node).cut(ways);
        thread::sleep(length);
        if lease() + Duration::from_secs(1) < length {
            until("another takes over", PATIENCE, || self.fleet.is_buried(node));
        }
        self.fleet.proxy(node).mend();
    }
}
