//! What children and their parent have to know of each other's ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::super::Error;
use super::super::event::Failure;
use super::super::execution::{ChildEnd, Ending, ExecutionStatus, MapRunKey};
use super::super::executions::status_of;
use super::super::machine::{Effect, Input};
use super::super::open::Engine;
use super::{MapChild, key_columns, key_of};
use crate::json::Payload;

/// Children stopped, or looked at after a restart, at one time.
const AT_ONCE: i64 = 256;

/// Ends that parents have yet to be told: those that come while one telling is under way go together.
#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<(i64, MapRunKey), Vec<ChildEnd>>>);

/// Id, index, status and output of an iteration that has ended.
type EndedRow = (i64, i64, i64, Option<String>);

impl Ends {
    /// Takes an end in; whether somebody has to tell the parent, because nobody is about to.
    fn push(&self, parent: (i64, MapRunKey), end: ChildEnd) -> bool {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !ends.contains_key(&parent);
        ends.entry(parent).or_default().push(end);
        is_first
    }

    /// What there is to tell; `None` says that nobody is about to tell any more.
    fn take(&self, parent: (i64, MapRunKey)) -> Option<Vec<ChildEnd>> {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ends.get_mut(&parent) {
            Some(waiting) if !waiting.is_empty() => Some(std::mem::take(waiting)),
            Some(_) | None => {
                ends.remove(&parent);
                None
            }
        }
    }
}

impl Engine {
    /// Lets the parent know that a child has ended.
    pub(in super::super) fn child_ended(&self, child: MapChild, ending: Ending) {
        let MapChild { parent, key, index, n_items: _ } = child;
        let end = ChildEnd { index, status: ending.status, output: ending.output };
        if self.inner.map_runs.ends.push((parent, key), end) {
            let engine = self.clone();
            tokio::spawn(async move {
                while let Some(ends) = engine.inner.map_runs.ends.take((parent, key)) {
                    engine.insist(parent, Input::ChildrenEnded { key, ends }, |_| Ok(())).await;
                }
            });
        }
    }

    /// Stops what still runs of the runs of `parent` that are over, or of the one named, whose results are to be
    /// written.
    pub(in super::super) fn stop_children(&self, parent: i64, closing: Option<MapRunKey>) {
        let engine = self.clone();
        let [frame, started] = closing.map_or([-1, -1], key_columns);
        tokio::spawn(async move {
            let mut after = 0;
            loop {
                let open = engine
                    .persist(parent, || async {
                        let sql = "SELECT e.id FROM map_run r JOIN execution e ON e.map_run = r.id
                                   WHERE r.execution = ?1 AND (r.status <> 0 OR (r.frame = ?4 AND r.started_event = ?5))
                                   AND e.status = 0 AND ?2 < e.id ORDER BY e.id LIMIT ?3";
                        let params =
                            [parent.into(), after.into(), AT_ONCE.into(), frame.into(), started.into()];
                        let found = engine
                            .inner
                            .store
                            .read(move |tx| Ok::<_, Error>(tx.query(sql, &params, |row| row.int(0))?));
                        found.await
                    })
                    .await;
                let open: Vec<i64> = open.unwrap_or_default();
                let Some(last) = open.last() else { return };
                after = *last;
                for child in open {
                    engine.insist(child, Input::Stopped(Failure::default()), |_| Ok(())).await;
                }
            }
        });
    }

    /// Lets a child go on that ended otherwise than well, after its run was redriven. One that ended well meanwhile
    /// tells its end.
    pub(in super::super) fn redrive_child(&self, parent: i64, key: MapRunKey, index: usize) {
        let engine = self.clone();
        tokio::spawn(async move {
            engine.persist(parent, || engine.redrive_or_tell(parent, key, index)).await;
        });
    }

    async fn redrive_or_tell(&self, parent: i64, key: MapRunKey, index: usize) -> Result<(), Error> {
        let [frame, started] = key_columns(key);
        let place = i64::try_from(index).unwrap_or(i64::MAX);
        let read = move |tx: &crate::store::Tx<'_>| {
            let sql = "SELECT e.id, e.status, e.output FROM execution e JOIN map_run r ON r.id = e.map_run
                       WHERE r.execution = ?1 AND r.frame = ?2 AND r.started_event = ?3 AND e.map_index = ?4";
            let params = [parent.into(), frame.into(), started.into(), place.into()];
            let found = tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.int(1)?, row.opt_text(2)?)))?;
            Ok::<_, Error>(found)
        };
        let Some((id, status, output)) = self.inner.store.read(read).await? else { return Ok(()) };
        let end = match status_of(status)? {
            ExecutionStatus::Running => return Ok(()), // It tells its end when it has one.
            ExecutionStatus::PendingRedrive => match self.redrive_of_map_run(id).await? {
                true => return Ok(()),
                // It can't go on: there is no room for its history.
                false => ChildEnd { index, status: ExecutionStatus::Failed, output: None },
            },
            status => {
                let output = output.map(Payload::from_text).transpose();
                let output = output.map_err(|error| Error::Corrupt(error.to_string()))?;
                ChildEnd { index, status, output }
            }
        };
        self.advance(parent, Input::ChildrenEnded { key, ends: vec![end] }, |_| Ok(())).await?;
        Ok(())
    }

    /// Goes on with what the last process did not get to: ends that parents were not told, items that were not read,
    /// children that nobody waits for.
    pub(in super::super) async fn recover_map_runs(&self) {
        if !self.inner.map_runs.may_be() {
            return;
        }
        let found = self
            .persist(0, || async {
                let read = |tx: &crate::store::Tx<'_>| {
                    let sql = "SELECT id, execution, frame, started_event FROM map_run WHERE status = 0";
                    let running: Vec<(i64, i64, [i64; 2])> =
                        tx.query(sql, &[], |row| Ok((row.int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?])))?;
                    let sql =
                        "SELECT DISTINCT r.execution FROM execution e JOIN map_run r ON r.id = e.map_run
                               WHERE e.map_run IS NOT NULL AND e.status = 0 AND r.status <> 0";
                    let parents: Vec<i64> = tx.query(sql, &[], |row| row.int(0))?;
                    Ok::<_, Error>((running, parents))
                };
                self.inner.store.read(read).await
            })
            .await;
        let (running, parents) = found.unwrap_or_default();
        for parent in parents {
            self.stop_children(parent, None);
        }
        for (run, parent, key) in running {
            if let Err(error) = self.recover_map_run(run, parent, key_of(key)).await {
                tracing::error!(%error, execution = parent, "a Map Run stays as it is until the next start");
            }
        }
    }

    async fn recover_map_run(&self, run: i64, parent: i64, key: MapRunKey) -> Result<(), Error> {
        let slot = self.fold(parent, &self.inner.live.place(parent)).await?;
        let Some(live) = slot.as_ref() else { return Ok(()) };
        let wants = live.execution.map_run_wants(&live.program, key);
        let first_open = live.execution.first_open_child(key);
        let origin = live.origin.clone();
        drop(slot);
        for effect in wants {
            match effect {
                Effect::ReadItems(request) => self.read_items(origin.clone(), *request),
                Effect::LoadItems { key, first, n } => self.load_items(parent, key, first, n),
                Effect::WriteResults(request) => self.write_results(origin.clone(), *request),
                Effect::StopChildren(key) => self.stop_children(parent, Some(key)),
                Effect::RedriveChild { key, index } => self.redrive_child(parent, key, index),
                _ => {}
            }
        }
        // Those before it are known to have ended.
        let Some(first_open) = first_open.and_then(|index| i64::try_from(index).ok()) else { return Ok(()) };
        let mut after = 0;
        loop {
            let rows: Result<Vec<EndedRow>, Error> = self
                .inner
                .store
                .read(move |tx| {
                    let sql = "SELECT id, map_index, status, output FROM execution
                               WHERE map_run = ?1 AND ?4 <= map_index AND status NOT IN (0, 5) AND ?2 < id
                               ORDER BY id LIMIT ?3";
                    let params = [run.into(), after.into(), AT_ONCE.into(), first_open.into()];
                    Ok(tx.query(sql, &params, |row| {
                        Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.opt_text(3)?))
                    })?)
                })
                .await;
            let rows = rows?;
            let Some((last, ..)) = rows.last() else { return Ok(()) };
            after = *last;
            let mut ends = Vec::new();
            for (_, index, status, output) in rows {
                let output = output.map(Payload::from_text).transpose();
                ends.push(ChildEnd {
                    index: usize::try_from(index).unwrap_or(usize::MAX),
                    status: status_of(status)?,
                    output: output.map_err(|error| Error::Corrupt(error.to_string()))?,
                });
            }
            self.insist(parent, Input::ChildrenEnded { key, ends }, |_| Ok(())).await;
        }
    }
}
