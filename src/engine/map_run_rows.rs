//! Rows of Map Runs and of the machines that their children run, and what is counted about them.

pub(super) mod tally;

pub(super) use self::tally::Tally;
use super::Error;
use super::execution::{ExecutionStatus, MapRunAttempt, MapRunKey};
use super::executions::{redrivable, status_code as status_code_of};
use super::machine::{MapRunStart, MapRunStatus};
use super::map_child::{Batch, MapChild, key_columns};
use super::state_machines::{LoadedMachine, home_key};
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::store::{Param, Record as _, Tx};

/// What other nodes are told of when a run has begun. That is written: where a run is gone on with, and how far it has got,
/// concerns nobody who has nothing of it in memory.
pub(super) const BEGUN: &str = "engine map run";

/// The number that a status is stored as.
fn status_code(status: MapRunStatus) -> i64 {
    match status {
        MapRunStatus::Running => 0,
        MapRunStatus::Succeeded => 1,
        MapRunStatus::Failed => 2,
        MapRunStatus::Aborted => 3,
    }
}

/// Writes that a run of execution `parent` has begun, and the machine that its children run unless it is there.
pub(super) fn insert(
    tx: &Tx<'_>,
    (parent, row): (i64, i64),
    start: &MapRunStart,
    origin_revision: i64,
    machine: &LoadedMachine,
    now: Timestamp,
) -> Result<(), Error> {
    let (home, now) = (home_key(&machine.home), now.as_millis());
    // Nobody can ask for a name with a colon, and the row goes with the last execution that refers to it.
    let name = format!("{}:{}", machine.name, machine.id);
    let kind = i64::from(machine.kind == StateMachineType::Express);
    let sql = "INSERT INTO state_machine (id, home, name, kind, created, deleting, revision)
               VALUES (?1, ?2, ?3, ?4, ?5, 2, ?6) ON CONFLICT (id) DO NOTHING";
    let (id, revision) = (machine.id, machine.revision);
    let params =
        [id.into(), Param::Text(&home), Param::Text(&name), kind.into(), now.into(), revision.into()];
    tx.put(sql, &params)?;
    let sql = "INSERT INTO state_machine_revision
               (id, machine, revision_id, definition, role_arn, logging, tracing, updated, processor_of)
               SELECT ?1, ?2, revision_id, ?3, role_arn, logging, tracing, updated, id
               FROM state_machine_revision WHERE id = ?4 ON CONFLICT (id) DO NOTHING";
    let definition = &start.processor.definition;
    tx.put(sql, &[revision.into(), id.into(), Param::Text(definition), origin_revision.into()])?;
    let sql = "INSERT INTO map_run
               (id, execution, frame, started_event, machine, run, status, started, limits, batch, n_items, shard)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11)";
    let [frame, started] = key_columns(start.key);
    let (limits, batch) = (start.limits.encode()?, Batch(start.batch).encode()?);
    let length = i64::try_from(start.length).unwrap_or(i64::MAX);
    let params = [
        row.into(),
        parent.into(),
        frame.into(),
        started.into(),
        id.into(),
        Param::Text(&start.id),
        now.into(),
        Param::Text(&limits),
        Param::Text(&batch),
        length.into(),
        tx.shard(parent)?.into(),
    ];
    tx.put(sql, &params)?;
    tx.announce(BEGUN);
    Ok(())
}

/// Writes that this node goes on with what a run has to do outside of steps.
pub(super) fn take(tx: &Tx<'_>, parent: i64, key: MapRunKey) -> Result<(), Error> {
    if !tx.is_shared() {
        return Ok(());
    }
    let [frame, started] = key_columns(key);
    let sql = "UPDATE map_run SET shard = ?4 WHERE execution = ?1 AND frame = ?2 AND started_event = ?3";
    Ok(tx.put(sql, &[parent.into(), frame.into(), started.into(), tx.shard(parent)?.into()])?)
}

/// The machine with the Map whose children run this revision; `None` if it isn't such a one.
pub(super) fn machine_of_map(tx: &Tx<'_>, revision: i64) -> Result<Option<i64>, Error> {
    let sql = "SELECT p.machine FROM state_machine_revision r JOIN state_machine_revision p
               ON p.id = r.processor_of WHERE r.id = ?1";
    Ok(tx.query_one(sql, &[revision.into()], |row| row.int(0))?)
}

/// A child's run: its row, and which attempt of it goes on.
///
/// # Errors
/// `Corrupt` for what is the child of no run.
pub(super) fn run_of(tx: &Tx<'_>, child: &MapChild) -> Result<(i64, MapRunAttempt), Error> {
    let [frame, started] = key_columns(child.key);
    let sql =
        "SELECT id, redrive_count FROM map_run WHERE execution = ?1 AND frame = ?2 AND started_event = ?3";
    let params = [child.parent.into(), frame.into(), started.into()];
    let run = tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.int(1)?)))?;
    let (row, count) = run.ok_or_else(|| Error::Corrupt("a child of no Map Run".to_owned()))?;
    Ok((row, MapRunAttempt { key: child.key, redrive_count: redrivable::count(count) }))
}

/// Children's runs within one transaction, of which each is looked for once.
#[derive(Default)]
pub(super) struct RunOf(Option<((i64, MapRunKey), (i64, MapRunAttempt))>);

impl RunOf {
    /// The same as [`run_of`].
    pub(super) fn of(&mut self, tx: &Tx<'_>, child: &MapChild) -> Result<(i64, MapRunAttempt), Error> {
        let wanted = (child.parent, child.key);
        match &self.0 {
            Some((of, run)) if *of == wanted => Ok(*run),
            Some(_) | None => {
                let run = run_of(tx, child)?;
                self.0 = Some((wanted, run));
                Ok(run)
            }
        }
    }
}

/// Writes how many items a run has.
pub(super) fn count_items(tx: &Tx<'_>, parent: i64, key: MapRunKey, length: usize) -> Result<(), Error> {
    let [frame, started] = key_columns(key);
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let sql = "UPDATE map_run SET n_items = ?4 WHERE execution = ?1 AND frame = ?2 AND started_event = ?3";
    tx.put(sql, &[parent.into(), frame.into(), started.into(), length.into()])?;
    Ok(())
}

/// Writes that a run goes on that was over: its children that ended otherwise than well wait for their turn. Answers how
/// many runs that are.
pub(super) fn begin_again(
    tx: &Tx<'_>,
    parent: i64,
    key: MapRunKey,
    count: u32,
    now: Timestamp,
) -> Result<usize, Error> {
    let [frame, started] = key_columns(key);
    let sql = "UPDATE map_run SET status = 0, stopped = NULL, redrive_count = ?4, redriven = ?5
               WHERE execution = ?1 AND frame = ?2 AND started_event = ?3";
    let params =
        [parent.into(), frame.into(), started.into(), i64::from(count).into(), now.as_millis().into()];
    let n = tx.execute(sql, &params)?;
    let sql = "UPDATE execution SET ended_as = status, status = ?4 WHERE status IN (2, 3, 4) AND map_run =
               (SELECT id FROM map_run WHERE execution = ?1 AND frame = ?2 AND started_event = ?3)";
    let pending = status_code_of(ExecutionStatus::PendingRedrive);
    tx.put(sql, &[parent.into(), frame.into(), started.into(), pending.into()])?;
    Ok(n)
}

macro_rules! settled {
    ($runs:literal) => {
        concat!(
            // What was redriven by a version that did not write down how it had ended tells that by its failure.
            "UPDATE execution SET status = COALESCE(ended_as,
             CASE WHEN error IS NULL AND cause IS NULL THEN 4 ELSE 2 END)
             WHERE status = 5 AND map_run IN (SELECT id FROM map_run WHERE 0 < redrive_count AND execution = ?1 ",
            $runs,
            ")"
        )
    };
}

/// Writes that a run is over; answers how many runs were open that are.
pub(super) fn end(
    tx: &Tx<'_>,
    parent: i64,
    key: MapRunKey,
    status: MapRunStatus,
    now: Timestamp,
) -> Result<usize, Error> {
    let [frame, started] = key_columns(key);
    let sql = "UPDATE map_run SET status = ?4, stopped = ?5
               WHERE execution = ?1 AND frame = ?2 AND started_event = ?3 AND status = 0";
    let params =
        [parent.into(), frame.into(), started.into(), status_code(status).into(), now.as_millis().into()];
    let n = tx.execute(sql, &params)?;
    let sql = settled!("AND frame = ?2 AND started_event = ?3");
    tx.put(sql, &[parent.into(), frame.into(), started.into()])?;
    if status == MapRunStatus::Succeeded {
        // Nobody redrives it.
        let sql = "DELETE FROM map_item WHERE run =
                   (SELECT id FROM map_run WHERE execution = ?1 AND frame = ?2 AND started_event = ?3)";
        tx.put(sql, &[parent.into(), frame.into(), started.into()])?;
    }
    Ok(n)
}

/// Writes that no child of a run begins again in this attempt: those that wait for their turn stay as they had ended.
pub(super) fn settle(tx: &Tx<'_>, parent: i64, attempt: MapRunAttempt) -> Result<(), Error> {
    if attempt.redrive_count == 0 {
        return Ok(()); // Nobody waits.
    }
    let [frame, started] = key_columns(attempt.key);
    let sql = settled!("AND frame = ?2 AND started_event = ?3 AND redrive_count = ?4");
    tx.put(sql, &[parent.into(), frame.into(), started.into(), i64::from(attempt.redrive_count).into()])?;
    Ok(())
}

/// Writes that every run of an execution is over that ended so; answers how, and how many were open.
pub(super) fn end_all(
    tx: &Tx<'_>,
    parent: i64,
    status: ExecutionStatus,
    now: Timestamp,
) -> Result<(MapRunStatus, usize), Error> {
    let status = match status {
        ExecutionStatus::Running | ExecutionStatus::Succeeded | ExecutionStatus::Failed => {
            MapRunStatus::Failed
        }
        ExecutionStatus::TimedOut | ExecutionStatus::Aborted | ExecutionStatus::PendingRedrive => {
            MapRunStatus::Aborted
        }
    };
    let sql = "UPDATE map_run SET status = ?2, stopped = ?3 WHERE execution = ?1 AND status = 0";
    let n = tx.execute(sql, &[parent.into(), status_code(status).into(), now.as_millis().into()])?;
    if 0 < n {
        tx.put(settled!(""), &[parent.into()])?;
    }
    Ok((status, n))
}
