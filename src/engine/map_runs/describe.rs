//! DescribeMapRun, ListMapRuns, UpdateMapRun, and ListExecutions of a Map Run.

use super::super::Error;
use super::super::execution::{BatchBounds, ExecutionStatus, MapRunKey, MapRunLimits};
use super::super::executions::{
    self, ExecutionFilter, ExecutionItem, STATUSES, redrivable, status_code, status_of,
};
use super::super::machine::{EVENTS_MAX, Input, MapRunStatus, Outcome};
use super::super::map_child::{Batch, key_of, run_arn};
use super::super::open::Engine;
use super::super::page::{Page, page_size};
use super::super::state_machines::{home_key, home_of};
use crate::clock::Timestamp;
use crate::id::{ExecutionArn, MapRunArn, StateMachineArn};
use crate::store::{self, Param, Record as _, Row, Tx};

/// How many child executions, or items, stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapRunCounts {
    /// Not begun.
    pub pending: u64,
    /// Under way.
    pub running: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Took too long.
    pub timed_out: u64,
    /// Were stopped.
    pub aborted: u64,
    /// All of them.
    pub total: u64,
    /// Whose result stands in the result of the run.
    pub results_written: u64,
    /// Waiting for their turn after a redrive.
    pub pending_redrive: u64,
    /// Ended otherwise than well, and beyond a redrive.
    pub failures_not_redrivable: u64,
}

/// What DescribeMapRun tells.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRunDescription {
    /// Its ARN.
    pub arn: MapRunArn,
    /// The execution it is part of.
    pub execution_arn: ExecutionArn,
    /// How it stands.
    pub status: MapRunStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// Its limits.
    pub limits: MapRunLimits,
    /// Items.
    pub items: MapRunCounts,
    /// Child executions.
    pub executions: MapRunCounts,
    /// How often it was redriven.
    pub redrive_count: u32,
    /// When it was redriven the last time.
    pub redriven: Option<Timestamp>,
}

/// An entry of ListMapRuns.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRunItem {
    /// Its ARN.
    pub arn: MapRunArn,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    id: i64,
}

/// What of a Map Run is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateMapRun {
    /// Child executions at a time.
    pub max_concurrency: Option<u64>,
    /// Items that may fail.
    pub tolerated_failure_count: Option<u64>,
    /// Percentage of items that may fail.
    pub tolerated_failure_percentage: Option<f64>,
}

/// A row of the table, with the names that its ARNs are made of.
struct Found {
    id: i64,
    execution: i64,
    key: MapRunKey,
    status: MapRunStatus,
    started: Timestamp,
    stopped: Option<Timestamp>,
    limits: MapRunLimits,
    batch: Option<BatchBounds>,
    n_items: u64,
    execution_arn: ExecutionArn,
    redrive_count: u32,
    redriven: Option<Timestamp>,
}

impl Engine {
    /// DescribeMapRun.
    ///
    /// # Errors
    /// `InvalidArn`, `MapRunDoesNotExist`.
    pub async fn describe_map_run(&self, arn: &str) -> Result<MapRunDescription, Error> {
        let arn = MapRunArn::parse(arn)?;
        self.inner
            .base.store
            .read(move |tx| {
                let found = find(tx, &arn)?;
                let (mut items, mut executions) = (MapRunCounts::default(), MapRunCounts::default());
                // Where each child has one item, the index alone says it all, also of a million.
                let sql = match found.batch {
                    None => {
                        "SELECT status, COUNT(*), COUNT(*) FROM execution WHERE map_run = ?1 GROUP BY status"
                    }
                    Some(_) => {
                        "SELECT status, COUNT(*), CAST(SUM(map_items) AS BIGINT) FROM execution WHERE map_run = ?1 GROUP BY status"
                    }
                };
                let rows =
                    tx.query(sql, &[found.id.into()], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?;
                for (status, n_executions, n_items) in rows {
                    executions.add(status_of(status)?, n_executions);
                    items.add(status_of(status)?, n_items);
                }
                items.pending = found.n_items.saturating_sub(items.total);
                executions.pending = match found.batch {
                    None => items.pending,
                    // Where only bytes bound a batch, nobody knows how many it takes.
                    Some(BatchBounds { max_items, .. }) => {
                        items.pending.div_ceil(max_items.unwrap_or(u64::MAX).max(1))
                    }
                };
                // Those whose history has no room for more: a batch begins with the limit's own event.
                let sql = "SELECT COUNT(*), CAST(SUM(map_items) AS BIGINT) FROM execution e WHERE map_run = ?1
                           AND status IN (2, 3, 4) AND EXISTS (SELECT 1 FROM journal j
                           WHERE j.execution = e.id AND COALESCE(e.events_max, ?2) - 1 <= j.first_event)";
                let usual = super::super::journal::number(EVENTS_MAX);
                let full = tx.query_one(sql, &[found.id.into(), usual.into()], |row| {
                    Ok((row.int(0)?, row.opt_int(1)?.unwrap_or(0)))
                })?;
                if let Some((n_executions, n_items)) = full {
                    executions.failures_not_redrivable = u64::try_from(n_executions).unwrap_or_default();
                    items.failures_not_redrivable = u64::try_from(n_items).unwrap_or_default();
                }
                for counts in [&mut items, &mut executions] {
                    counts.total += counts.pending;
                    if found.status == MapRunStatus::Succeeded {
                        counts.results_written = counts.succeeded;
                    }
                }
                Ok(MapRunDescription {
                    arn,
                    execution_arn: found.execution_arn,
                    status: found.status,
                    started: found.started,
                    stopped: found.stopped,
                    limits: found.limits,
                    items,
                    executions,
                    redrive_count: found.redrive_count,
                    redriven: found.redriven,
                })
            })
            .await
    }

    /// ListMapRuns of an execution, the newest first.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `InvalidToken`.
    pub async fn list_map_runs(
        &self,
        execution_arn: &str,
        max_results: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<MapRunItem>, Error> {
        let listing = self.inner.base.listing("ListMapRuns", &[execution_arn]);
        let (before, max) = (listing.position(next_token)?.unwrap_or(i64::MAX), page_size(max_results));
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let arn = ExecutionArn::parse(execution_arn)?;
        let items: Result<Vec<MapRunItem>, Error> = self
            .inner
            .base
            .store
            .read(move |tx| {
                let of = executions::find(tx, &arn)?
                    .ok_or_else(|| Error::ExecutionDoesNotExist(arn.to_string()))?;
                let sql = "SELECT r.id, m.name, r.run, r.started, r.stopped FROM map_run r
                           JOIN state_machine m ON m.id = r.machine
                           WHERE r.execution = ?1 AND r.id < ?2 ORDER BY r.id DESC LIMIT ?3";
                Ok(tx.query(sql, &[of.id.into(), before.into(), limit.into()], |row| {
                    Ok(MapRunItem {
                        id: row.int(0)?,
                        arn: run_arn(&arn, &row.text(1)?, row.text(2)?),
                        started: Timestamp::from_millis(row.int(3)?),
                        stopped: row.opt_int(4)?.map(Timestamp::from_millis),
                    })
                })?)
            })
            .await;
        Ok(Page::cut(items?, max, &listing, |item| item.id))
    }

    /// UpdateMapRun, of one that goes on.
    ///
    /// # Errors
    /// `InvalidArn`, `MapRunDoesNotExist`, `MapRunIsOver`, `NothingOfMapRun`.
    pub async fn update_map_run(&self, arn: &str, update: UpdateMapRun) -> Result<(), Error> {
        if update == UpdateMapRun::default() {
            return Err(Error::NothingOfMapRun);
        }
        let arn = MapRunArn::parse(arn)?;
        let found = self.inner.base.store.read(move |tx| find(tx, &arn)).await?;
        if found.status != MapRunStatus::Running {
            return Err(Error::MapRunIsOver);
        }
        let limits = MapRunLimits {
            max_concurrency: update.max_concurrency.unwrap_or(found.limits.max_concurrency),
            tolerated_failure_count: update.tolerated_failure_count.or(found.limits.tolerated_failure_count),
            tolerated_failure_percentage: update
                .tolerated_failure_percentage
                .or(found.limits.tolerated_failure_percentage),
        };
        let text = limits.encode()?;
        let input = Input::MapRunUpdated { key: found.key, limits };
        let also = move |tx: &Tx<'_>| {
            tx.execute(
                "UPDATE map_run SET limits = ?2 WHERE id = ?1",
                &[found.id.into(), Param::Text(&text)],
            )?;
            Ok(())
        };
        match self.advance(found.execution, input, also).await? {
            Outcome::Advanced => Ok(()),
            Outcome::Stale => Err(Error::MapRunIsOver),
        }
    }

    /// ListExecutions of a Map Run: its children, the newest first.
    ///
    /// # Errors
    /// `InvalidArn`, `MapRunDoesNotExist`, `InvalidToken`.
    pub async fn list_map_run_executions(
        &self,
        arn: &str,
        filter: ExecutionFilter,
    ) -> Result<Page<ExecutionItem>, Error> {
        let status = filter.status.map_or("", ExecutionStatus::as_str);
        let redriven = match filter.is_redriven {
            None => "",
            Some(true) => "redriven",
            Some(false) => "not redriven",
        };
        let listing = self.inner.base.listing("ListExecutions", &[arn, status, redriven]);
        let before = listing.position(filter.next_token.as_deref())?.unwrap_or(i64::MAX);
        let max = page_size(filter.max_results);
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let arn = MapRunArn::parse(arn)?;
        let items: Result<Vec<ExecutionItem>, Error> = self
            .inner
            .base
            .store
            .read(move |tx| {
                let run = find(tx, &arn)?.id;
                let machine = arn.state_machine();
                let mut items = Vec::new();
                for status in filter.status.map_or_else(|| STATUSES.to_vec(), |status| vec![status]) {
                    let sql =
                        "SELECT id, name, status, started, stopped, version, alias, redrive_count, redriven,
                               map_items FROM execution
                               WHERE map_run = ?1 AND status = ?2 AND id < ?3
                               AND ?5 <= redrive_count AND redrive_count <= ?6 ORDER BY id DESC LIMIT ?4";
                    let (fewest, most) = match filter.is_redriven {
                        None => (0, i64::MAX),
                        Some(false) => (0, 0),
                        Some(true) => (1, i64::MAX),
                    };
                    let status = status_code(status).into();
                    let params =
                        [run.into(), status, before.into(), limit.into(), fewest.into(), i64::into(most)];
                    items.extend(tx.query(sql, &params, |row| {
                        let mut item = executions::read_item(row, &machine)?;
                        item.map_run = Some(arn.clone());
                        item.n_items = row.opt_int(9)?.and_then(|n| u64::try_from(n).ok());
                        Ok(item)
                    })?);
                }
                items.sort_by_key(|item| std::cmp::Reverse(item.position()));
                items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(items)
            })
            .await;
        Ok(Page::cut(items?, max, &listing, ExecutionItem::position))
    }
}

impl MapRunCounts {
    fn add(&mut self, status: ExecutionStatus, n: i64) {
        let n = u64::try_from(n).unwrap_or_default();
        let place = match status {
            ExecutionStatus::Running => &mut self.running,
            ExecutionStatus::Succeeded => &mut self.succeeded,
            ExecutionStatus::Failed => &mut self.failed,
            ExecutionStatus::TimedOut => &mut self.timed_out,
            ExecutionStatus::Aborted => &mut self.aborted,
            ExecutionStatus::PendingRedrive => &mut self.pending_redrive,
        };
        *place += n;
        self.total += n;
    }
}

fn status(code: i64) -> Result<MapRunStatus, store::Error> {
    match code {
        0 => Ok(MapRunStatus::Running),
        1 => Ok(MapRunStatus::Succeeded),
        2 => Ok(MapRunStatus::Failed),
        3 => Ok(MapRunStatus::Aborted),
        other => Err(store::Error::Corrupt(format!("Map Run status {other}"))),
    }
}

fn find(tx: &Tx<'_>, arn: &MapRunArn) -> Result<Found, Error> {
    let sql = "SELECT r.id, r.execution, r.frame, r.started_event, r.status, r.started, r.stopped, r.limits, r.batch,
               r.n_items, m.name, p.home, p.name, e.name, r.redrive_count, r.redriven
               FROM map_run r JOIN state_machine m ON m.id = r.machine
               JOIN execution e ON e.id = r.execution JOIN state_machine p ON p.id = e.machine
               WHERE r.run = ?1";
    let columns = |row: &Row<'_>| {
        let head = (row.int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?], status(row.int(4)?)?);
        let times = (row.int(5)?, row.opt_int(6)?);
        let settings = (row.text(7)?, row.text(8)?, row.int(9)?);
        let redrives = (row.int(14)?, row.opt_int(15)?);
        Ok(((head, times, settings), row.text(10)?, (row.text(11)?, row.text(12)?, row.text(13)?), redrives))
    };
    let missing = || Error::MapRunDoesNotExist(arn.to_string());
    let found = tx.query_one(sql, &[Param::Text(&arn.run)], columns)?.ok_or_else(missing)?;
    let (run, labelled, parent, (redrive_count, redriven)) = found;
    let ((id, execution, key, status), (started, stopped), settings) = run;
    let (limits, batch, n_items) = settings;
    let (home, machine, name) = parent;
    let is_of_home = home == home_key(&arn.home);
    let execution_arn =
        ExecutionArn::new(&home_of(&home)?, machine.split(':').next().unwrap_or_default(), &name);
    if !is_of_home || run_arn(&execution_arn, &labelled, arn.run.clone()) != *arn {
        return Err(missing());
    }
    Ok(Found {
        id,
        execution,
        key: key_of(key),
        status,
        started: Timestamp::from_millis(started),
        stopped: stopped.map(Timestamp::from_millis),
        limits: MapRunLimits::decode(limits.as_bytes())?,
        batch: Batch::decode(batch.as_bytes())?.0,
        n_items: u64::try_from(n_items).unwrap_or_default(),
        execution_arn,
        redrive_count: redrivable::count(redrive_count),
        redriven: redriven.map(Timestamp::from_millis),
    })
}

impl MapRunItem {
    /// The machine that the run's children run.
    pub fn state_machine_arn(&self) -> StateMachineArn {
        self.arn.state_machine()
    }
}
