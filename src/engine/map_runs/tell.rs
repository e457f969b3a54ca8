//! What children and their parent have to know of each other's ends.

use super::super::Error;
use super::super::event::Failure;
use super::super::execution::{ChildEnd, Ending, ExecutionStatus, MapRunAttempt, MapRunKey};
use super::super::executions::{redrivable, status_of};
use super::super::machine::{Effect, Input};
use super::super::map_child::{MapChild, key_columns, key_of};
use super::super::map_run_rows::{settle, tally};
use super::super::open::Engine;
use super::express::is_express;
use crate::json::Payload;
use crate::store::{Row, Tx};

/// Children stopped, or looked at after a restart, at one time.
const AT_ONCE: usize = 256;

impl Engine {
    /// Lets the parent know that a child has ended, in this attempt of its run.
    pub(in super::super) fn child_ended(&self, child: &MapChild, attempt: MapRunAttempt, ending: Ending) {
        let parent = child.parent;
        tally::count_items(ending.status, child.n_items);
        let end = ChildEnd { index: child.index, status: ending.status, output: ending.output };
        if self.inner.map_runs.ends.push((parent, attempt), end) {
            let engine = self.clone();
            tokio::spawn(async move {
                while let Some(ends) = engine.inner.map_runs.ends.take((parent, attempt)) {
                    engine
                        .advance_persistently(parent, Input::ChildrenEnded { attempt, ends }, |_| Ok(()))
                        .await;
                }
            });
        }
    }

    /// Stops what still runs of the runs of `parent` that are over, or of the one in `closing`, whose results are to be
    /// written. A run that is redriven meanwhile keeps what it has.
    pub(in super::super) fn stop_children(&self, parent: i64, closing: Option<MapRunAttempt>) {
        let engine = self.clone();
        tokio::spawn(async move {
            if let Some(attempt) = closing {
                // What is about to begin again has done so before this, and is found below, or never does.
                let settled = engine
                    .inner
                    .base
                    .persist(parent, || engine.inner.base.store.write(move |tx| settle(tx, parent, attempt)))
                    .await;
                if settled.is_none() {
                    return;
                }
            }
            let mut after = 0;
            loop {
                let open = engine
                    .inner
                    .base
                    .persist(parent, || {
                        engine.inner.base.store.read(move |tx| to_stop(tx, parent, closing, after))
                    })
                    .await
                    .unwrap_or_default();
                let Some((last, _)) = open.last() else { return };
                after = *last;
                for (child, is_express) in open {
                    if is_express {
                        engine.stop_express(child, closing).await;
                        continue;
                    }
                    let is_over = move |tx: &Tx<'_>| check_over(tx, child, closing);
                    engine.advance_persistently(child, Input::Stopped(Failure::default()), is_over).await;
                }
            }
        });
    }

    /// Lets a child go on that ended otherwise than well, after its run was redriven. One that has ended meanwhile, or
    /// can't go on, tells its end.
    pub(in super::super) fn redrive_child(&self, parent: i64, attempt: MapRunAttempt, index: usize) {
        let engine = self.clone();
        tokio::spawn(async move {
            engine.inner.base.persist(parent, || engine.redrive_or_tell(parent, attempt, index)).await;
        });
    }

    async fn redrive_or_tell(&self, parent: i64, attempt: MapRunAttempt, index: usize) -> Result<(), Error> {
        let end = loop {
            match self.inner.base.store.read(move |tx| stands(tx, parent, attempt, index)).await? {
                Stands::Superseded | Stands::Runs { .. } => return Ok(()),
                Stands::Waits { id, is_express: true } => self.restart_express(id, attempt).await?,
                Stands::Waits { id, is_express: false } => self.redrive_of_map_run(id, attempt).await?,
                Stands::Ended(end) => break end,
            }
        };
        self.advance(parent, Input::ChildrenEnded { attempt, ends: vec![end] }, |_| Ok(())).await?;
        Ok(())
    }

    /// Goes on with what the last process did not get to: ends that parents were not told, items that were not read,
    /// children that nobody waits for.
    ///
    /// Of these `shards`, that is: what other nodes go on with is theirs. Ends are told of all runs: who ended a child may
    /// have had another shard than the run.
    pub(in super::super) async fn recover_map_runs(&self, shards: i64) {
        if !self.inner.map_runs.may_be() && !self.inner.base.store.is_shared() {
            return;
        }
        let found = self
            .inner
            .base
            .persist(0, || async {
                let read = |tx: &Tx<'_>| {
                    let sql = "SELECT execution, frame, started_event, shard FROM map_run WHERE status = 0";
                    let read = |row: &Row<'_>| Ok((row.int(0)?, [row.int(1)?, row.int(2)?], row.int(3)?));
                    let running: Vec<(i64, [i64; 2], i64)> = tx.query(sql, &[], read)?;
                    let sql =
                        "SELECT DISTINCT r.execution FROM execution e JOIN map_run r ON r.id = e.map_run
                               WHERE e.map_run IS NOT NULL AND e.status = 0 AND r.status <> 0";
                    let parents: Vec<i64> = tx.query(sql, &[], |row| row.int(0))?;
                    Ok::<_, Error>((running, parents))
                };
                self.inner.base.store.read(read).await
            })
            .await;
        let (running, parents) = found.unwrap_or_default();
        for parent in parents {
            self.stop_children(parent, None);
        }
        for (parent, key, shard) in running {
            let is_own = is_of(shards, shard);
            if let Err(error) = self.recover_map_run(parent, key_of(key), is_own, shards).await {
                tracing::error!(%error, execution = parent, "a Map Run stays as it is until the next start");
            }
        }
    }

    async fn recover_map_run(
        &self,
        parent: i64,
        key: MapRunKey,
        is_own: bool,
        shards: i64,
    ) -> Result<(), Error> {
        let place = self.inner.live.place(parent);
        let mut slot = self.fold(parent, &place).await?;
        if self.inner.base.store.is_shared()
            && let Some(batch) = slot.as_ref().map(|live| live.batch)
            && self.is_behind(parent, batch).await?
        {
            *slot = None;
            drop(slot);
            slot = self.fold(parent, &place).await?;
        }
        let Some(live) = slot.as_ref() else { return Ok(()) };
        let Some(attempt) = live.execution.map_run_of(key).map(|run| run.attempt(key.frame)) else {
            return Ok(());
        };
        let wants = live.execution.map_run_wants(&live.program, key);
        let open = live.execution.open_children(key);
        let origin = live.origin.clone();
        drop(slot);
        for effect in wants.into_iter().filter(|_| is_own) {
            match effect {
                Effect::ReadItems(request) => self.read_items(origin.clone(), *request),
                Effect::LoadItems { key, first, n } => self.load_items(parent, key, first, n),
                Effect::WriteResults(request) => self.write_results(origin.clone(), *request),
                Effect::StopChildren(attempt) => self.stop_children(parent, Some(attempt)),
                Effect::RedriveChild { attempt, index } => self.redrive_child(parent, attempt, index),
                _ => {}
            }
        }
        for places in open.chunks(AT_ONCE) {
            let places = places.to_vec();
            let read = move |tx: &Tx<'_>| {
                let found = places.into_iter().map(|index| stands(tx, parent, attempt, index));
                found.collect::<Result<Vec<Stands>, Error>>()
            };
            let found = self.inner.base.store.read(read).await?;
            let mut ends = Vec::new();
            for stands in found {
                match stands {
                    Stands::Ended(end) => ends.push(end),
                    Stands::Runs { id, is_express: true } if self.was_of(id, shards).await? => {
                        self.run_express_again(id).await?;
                    }
                    Stands::Superseded | Stands::Runs { .. } | Stands::Waits { .. } => {}
                }
            }
            if !ends.is_empty() {
                self.advance_persistently(parent, Input::ChildrenEnded { attempt, ends }, |_| Ok(())).await;
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Whether who ran an Express child had one of these shards.
    async fn was_of(&self, id: i64, shards: i64) -> Result<bool, Error> {
        let read = self.inner.base.store.read(move |tx| {
            let sql = "SELECT shard FROM execution WHERE id = ?1";
            Ok::<_, Error>(tx.query_one(sql, &[id.into()], |row| row.int(0))?)
        });
        Ok(read.await?.is_some_and(|shard| is_of(shards, shard)))
    }
}

/// Whether a set of shards has this one.
fn is_of(shards: i64, shard: i64) -> bool {
    u32::try_from(shard).is_ok_and(|shard| shards.checked_shr(shard).unwrap_or(0) & 1 == 1)
}

/// How a child of a run stands that its parent takes for open.
enum Stands {
    /// The run was redriven since.
    Superseded,
    /// It tells its end when it has one.
    Runs { id: i64, is_express: bool },
    /// It waits for its turn after a redrive.
    Waits { id: i64, is_express: bool },
    /// It has ended.
    Ended(ChildEnd),
}

fn stands(tx: &Tx<'_>, parent: i64, attempt: MapRunAttempt, index: usize) -> Result<Stands, Error> {
    let [frame, started] = key_columns(attempt.key);
    let sql = "SELECT id, redrive_count FROM map_run
               WHERE execution = ?1 AND frame = ?2 AND started_event = ?3";
    let params = [parent.into(), frame.into(), started.into()];
    let run = tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.int(1)?)))?;
    let Some((run, count)) = run else { return Ok(Stands::Superseded) };
    if redrivable::count(count) != attempt.redrive_count {
        return Ok(Stands::Superseded);
    }
    let place = i64::try_from(index).unwrap_or(i64::MAX);
    let sql = "SELECT id, status, output, name FROM execution WHERE map_run = ?1 AND map_index = ?2";
    let read = |row: &Row<'_>| Ok((row.int(0)?, status_of(row.int(1)?)?, row.opt_text(2)?, row.text(3)?));
    let Some((id, status, output, name)) = tx.query_one(sql, &[run.into(), place.into()], read)? else {
        // It was forgotten, by a version that did not keep it as long as its run.
        return Ok(Stands::Ended(ChildEnd { index, status: ExecutionStatus::Failed, output: None }));
    };
    let is_express = is_express(&name);
    Ok(match status {
        ExecutionStatus::Running => Stands::Runs { id, is_express },
        ExecutionStatus::PendingRedrive => Stands::Waits { id, is_express },
        status => {
            let output = output.map(Payload::from_text).transpose();
            let output = output.map_err(|error| Error::Corrupt(error.to_string()))?;
            Stands::Ended(ChildEnd { index, status, output })
        }
    })
}

/// Children that run for nobody any more, behind `after`, and whether they are Express executions.
fn to_stop(
    tx: &Tx<'_>,
    parent: i64,
    closing: Option<MapRunAttempt>,
    after: i64,
) -> Result<Vec<(i64, bool)>, Error> {
    let [frame, started] = closing.map_or([-1, -1], |attempt| key_columns(attempt.key));
    let sql = "SELECT e.id, e.name FROM map_run r JOIN execution e ON e.map_run = r.id WHERE r.execution = ?1 AND (r.status <> 0 OR (r.frame = ?4 AND r.started_event = ?5))
               AND e.status = 0 AND ?2 < e.id ORDER BY e.id LIMIT ?3";
    let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let params = [parent.into(), after.into(), limit.into(), frame.into(), started.into()];
    Ok(tx.query(sql, &params, |row| Ok((row.int(0)?, is_express(&row.text(1)?))))?)
}

/// Checks that nobody waits for a child any more but to have its end written.
///
/// # Errors
/// `Superseded` if its run was redriven since, and it is part of that.
pub(super) fn check_over(tx: &Tx<'_>, child: i64, closing: Option<MapRunAttempt>) -> Result<(), Error> {
    let sql = "SELECT r.status, r.frame, r.started_event, r.redrive_count FROM execution e
               JOIN map_run r ON r.id = e.map_run WHERE e.id = ?1";
    let read = |row: &Row<'_>| Ok((row.int(0)?, [row.int(1)?, row.int(2)?], row.int(3)?));
    let Some((status, key, count)) = tx.query_one(sql, &[child.into()], read)? else { return Ok(()) };
    let attempt = MapRunAttempt { key: key_of(key), redrive_count: redrivable::count(count) };
    match status != 0 || closing == Some(attempt) {
        true => Ok(()),
        false => Err(Error::Superseded),
    }
}
