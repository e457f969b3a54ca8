//! What an engine goes on with after a restart, and as one of several nodes that share a store.
//!
//! Any node takes any step: what it knows of the execution, it has from the journal, and two that take a step at the same time
//! would write the same batch, so one of them reads on and decides anew. A row that means that something is to be done later,
//! such as a timer or a call under way, has a shard of the node that wrote it, which does that. A node that gets the shards of
//! another does what a restart does: of their rows alone.

use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::Error;
use super::calls::Interrupted;
use super::map_run_rows::BEGUN;
use super::open::Engine;
use super::queue::QUEUED;
use super::retention::Retention;
use crate::store::{self, Changed, Tx};

/// What was under way of some shards when their node ended.
struct Left {
    shards: i64,
    calls: Vec<Interrupted>,
    express: Vec<i64>,
}

impl Engine {
    /// Goes on with what the last process left, or what this node has got of others, and starts what runs all the time.
    pub(super) async fn recover(&self) -> Result<(), Error> {
        let store = &self.inner.base.store;
        // First, so that nothing changes unseen behind what is read now.
        self.follow();
        store.on_giving(rehome);
        self.inner.activities.load().await?;
        if !store.is_shared() {
            self.recover_queues().await?;
        }
        self.inner.state_machines.recover_deletions().await?;
        let mut owned = store.shards().owned();
        // One that comes waits until others have given it some.
        let first = *owned.wait_for(|owned| *owned != 0).await.map_err(|_| store::Error::Closed)?;
        self.take_shards(first).await?;
        let firing = self.clone();
        self.inner.timers.start(&self.inner.base, move |execution, key, at| {
            let engine = firing.clone();
            async move { engine.fire(execution, key, at).await }
        });
        Retention(self.inner.base.clone()).start();
        if store.is_shared() {
            let engine = self.clone();
            tokio::spawn(async move { engine.take_more_shards(owned, first).await });
        }
        Ok(())
    }

    /// Reads what was under way of shards that nobody else has any more, and only then lets new rows be of them.
    async fn take_shards(&self, shards: u64) -> Result<(), Error> {
        let set = shards.cast_signed();
        let (calls, express) = (self.interrupted_calls(set).await?, self.interrupted_express(set).await?);
        let left = Left { shards: set, calls, express };
        self.inner.base.store.shards().begin(shards);
        self.inner.timers.read_again();
        let engine = self.clone();
        tokio::spawn(async move { engine.go_on(left).await });
        Ok(())
    }

    async fn go_on(&self, left: Left) {
        self.recover_calls(left.calls).await;
        self.recover_nested().await;
        self.recover_map_runs(left.shards).await;
        self.recover_express(left.express).await;
    }

    /// Takes shards as this node gets them.
    async fn take_more_shards(&self, mut owned: watch::Receiver<u64>, first: u64) {
        let mut known = first;
        let mut closed = self.inner.base.closed.subscribe();
        loop {
            tokio::select! {
                changed = owned.changed() => if changed.is_err() { return },
                _ = closed.wait_for(|closed| *closed) => return,
            }
            let shards = self.inner.base.store.shards();
            // One that was given away and comes back is as new: others may have written rows of it.
            known &= !shards.take_given();
            let now = *owned.borrow_and_update();
            known &= now;
            let new = now & !known;
            if new == 0 {
                continue;
            }
            tracing::info!(shards = new.count_ones(), "goes on with what other nodes had");
            let taken = self.inner.base.persist(0, || self.take_shards(new)).await;
            if taken.is_none() {
                return;
            }
            known |= new;
        }
    }

    /// Keeps what is in memory as other nodes change it.
    fn follow(&self) {
        let store = &self.inner.base.store;
        if !store.is_shared() {
            return;
        }
        let tables = &[
            "state_machine",
            "state_machine_revision",
            "state_machine_version",
            "state_machine_alias",
            "tag",
        ];
        let machines = store.watch("engine machine", tables);
        let activities = store.watch("engine activity", &["activity"]);
        let queued = store.watch(QUEUED, &[]);
        let nested = store.watch("engine nested", &["nested"]);
        let map_runs = store.watch(BEGUN, &[]);
        self.on_change(machines, |engine| async move {
            engine.inner.state_machines.forget_all();
            engine.inner.state_machines.recover_deletions().await
        });
        self.on_change(activities, |engine| async move { engine.inner.activities.load().await });
        self.follow_links(nested, map_runs);
        self.on_change(queued, |engine| async move {
            for activity in engine.inner.activities.queues.awaited() {
                engine.offer(activity).await;
            }
            Ok(())
        });
    }

    fn follow_links(&self, nested: Changed, map_runs: Changed) {
        self.on_change(nested, |engine| async move {
            if !engine.inner.links.expect_one() {
                // The first there ever were: a child may have ended here without anybody looking for its parent.
                engine.recover_nested().await;
            }
            Ok(())
        });
        self.on_change(map_runs, |engine| async move {
            engine.inner.map_runs.may_be.store(true, Ordering::SeqCst);
            Ok(())
        });
    }

    fn on_change<F: Future<Output = Result<(), Error>> + Send>(
        &self,
        mut changed: Changed,
        read: impl Fn(Self) -> F + Send + Sync + 'static,
    ) {
        let engine = self.clone();
        tokio::spawn(async move {
            let mut closed = engine.inner.base.closed.subscribe();
            loop {
                tokio::select! {
                    changed = changed.changed() => if changed.is_err() { return },
                    _ = closed.wait_for(|closed| *closed) => return,
                }
                engine.inner.base.persist(0, || read(engine.clone())).await;
            }
        });
    }
}

/// What of a shard is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The shard.
    pub shard: i64,
    /// Calls of tasks under way.
    pub calls: i64,
    /// Timers that are due and have not fired.
    pub late_timers: i64,
    /// For how long the first of them is due, in milliseconds.
    pub oldest_late_ms: i64,
}

impl Engine {
    /// What is to be done now, of each shard of which something is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn backlog(&self) -> Result<Vec<Backlog>, Error> {
        let now = self.inner.base.now().as_millis();
        let read = self.inner.base.store.read(move |tx| {
            let sql = "SELECT shard, CAST(SUM(calls) AS BIGINT), CAST(SUM(late) AS BIGINT), MIN(due) FROM (
                           SELECT shard, 1 AS calls, 0 AS late, ?1 AS due FROM task WHERE activity IS NULL
                           UNION ALL SELECT shard, 0, 1, due FROM timer WHERE due <= ?1) AS open
                       GROUP BY shard ORDER BY shard";
            let rows = tx.query(sql, &[now.into()], |row| {
                let oldest_late_ms = now - row.int(3)?;
                Ok(Backlog {
                    shard: row.int(0)?,
                    calls: row.int(1)?,
                    late_timers: row.int(2)?,
                    oldest_late_ms,
                })
            });
            Ok::<_, Error>(rows?)
        });
        read.await
    }
}

/// Keeps what is under way here: what moves with a shard that another node gets are timers, of which none is lost or fires
/// twice, whoever has it.
fn rehome(tx: &Tx<'_>, from: i64, to: i64) -> Result<(), store::Error> {
    for sql in [
        "UPDATE task SET shard = ?2 WHERE activity IS NULL AND ((?1 >> CAST(shard AS INTEGER)) & 1) = 1",
        "UPDATE express_begun SET shard = ?2 WHERE ((?1 >> CAST(shard AS INTEGER)) & 1) = 1",
        "UPDATE map_run SET shard = ?2 WHERE status = 0 AND ((?1 >> CAST(shard AS INTEGER)) & 1) = 1",
        "UPDATE execution SET shard = ?2 WHERE status IN (0, 5) AND ((?1 >> CAST(shard AS INTEGER)) & 1) = 1
         AND map_run IN (SELECT id FROM map_run WHERE status = 0)",
    ] {
        tx.put(sql, &[from.into(), to.into()])?;
    }
    Ok(())
}
