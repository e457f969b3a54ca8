//! Map Runs: Maps in DISTRIBUTED mode, whose iterations are executions of their own.
//!
//! The parent's machine decides which children begin and what their ends mean; here is what that takes outside. A
//! child's first step is written in the transaction of the parent's step that begins it, so neither is there without
//! the other. Its end is told to the parent afterwards, and again after a crash: what the parent knows already changes
//! nothing. Children run a machine that nobody can ask for by name: a row beside the parent's for each of the
//! parent's revisions.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>

mod describe;
mod express;
mod items;
mod results;
mod stored;
mod tally;
mod tell;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

pub(super) use self::describe::run_arn;
pub use self::describe::{MapRunCounts, MapRunDescription, MapRunItem, UpdateMapRun};
pub(super) use self::express::ExpressChild;
pub(super) use self::items::failed;
pub(super) use self::tally::Tally;
use self::tell::Ends;
use super::event::Failure;
use super::execution::{BatchBounds, ExecutionStatus, FrameId, MapRunAttempt, MapRunKey};
use super::executions::status_code as status_code_of;
use super::machine::{MapRunStart, MapRunStatus};
use super::nested::answer::unpermitted;
use super::open::Engine;
use super::runner::Origin;
use super::state_machines::{LoadedMachine, home_key};
use super::{Acting, Error, Need, journal, redrive};
use crate::asl::{Processor, Program, StateMachineType};
use crate::clock::Timestamp;
use crate::id::{AccountRegion, ExecutionArn, StateMachineArn};
use crate::store::{Param, Record as _, Store, Tx};

/// Whose child an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MapChild {
    pub(super) parent: i64,
    pub(super) key: MapRunKey,
    /// Its place among the children.
    pub(super) index: usize,
    pub(super) n_items: usize,
}

impl MapChild {
    /// From the columns of a run's key, and of the child's place and number of items.
    pub(super) fn read(parent: i64, key: [i64; 2], [index, n_items]: [i64; 2]) -> Self {
        let number = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        Self { parent, key: key_of(key), index: number(index), n_items: number(n_items) }
    }
}

/// What the engine keeps of Map Runs in memory.
pub(super) struct MapRuns {
    /// Whether there may be any: steps of a server that never had one look for none.
    may_be: AtomicBool,
    /// The machines that children run, by the revision of their parent's machine and their label.
    processors: Mutex<HashMap<(i64, Arc<str>), ProcessorIds>>,
    ends: Ends,
    /// Express children that run.
    under_way: express::UnderWay,
    /// Turns to read items: each takes a thread.
    readers: Semaphore,
    /// Turns to write results: each takes a thread, and memory for a file.
    writers: Semaphore,
}

/// Map Runs whose items are read at one time.
const READERS: usize = 16;

/// Map Runs whose results are written at one time.
const WRITERS: usize = 4;

/// Ids of a machine that children run.
#[derive(Clone, Copy)]
struct ProcessorIds {
    id: i64,
    revision: i64,
}

impl MapRuns {
    /// Reads what the last process left.
    pub(super) async fn open(store: &Store) -> Result<Self, Error> {
        type Found = (Vec<(i64, i64, i64, String)>, bool, i64);
        let found: Result<Found, Error> = store
            .read(|tx| {
                let sql = "SELECT r.machine, r.id, r.processor_of, m.name FROM state_machine_revision r
                           JOIN state_machine m ON m.id = r.machine WHERE r.processor_of IS NOT NULL";
                let rows =
                    tx.query(sql, &[], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.text(3)?)))?;
                let may_be = tx.query_one("SELECT id FROM map_run LIMIT 1", &[], |row| row.int(0))?;
                let sql = "SELECT COUNT(*) FROM map_run WHERE status = 0";
                let n_open = tx.query_one(sql, &[], |row| row.int(0))?;
                Ok((rows, may_be.is_some(), n_open.unwrap_or(0)))
            })
            .await;
        let (rows, may_be, n_open) = found?;
        tally::set_open(u32::try_from(n_open).unwrap_or(u32::MAX));
        let known = rows.into_iter().filter_map(|(id, revision, of, name)| {
            // `MACHINE/LABEL:ID`
            let (labelled, _) = name.rsplit_once(':')?;
            let (_, label) = labelled.rsplit_once('/')?;
            Some(((of, label.into()), ProcessorIds { id, revision }))
        });
        Ok(Self {
            may_be: AtomicBool::new(may_be),
            processors: Mutex::new(known.collect()),
            ends: Ends::default(),
            under_way: express::UnderWay::default(),
            readers: Semaphore::new(READERS),
            writers: Semaphore::new(WRITERS),
        })
    }

    /// Whether there may be any.
    pub(super) fn may_be(&self) -> bool {
        self.may_be.load(Ordering::SeqCst)
    }
}

impl Engine {
    /// The machine that the children of an execution run, loaded.
    pub(super) fn processor(
        &self,
        origin: &Origin,
        processor: &Processor,
    ) -> Result<Arc<LoadedMachine>, Error> {
        let runs = &self.inner.map_runs;
        runs.may_be.store(true, Ordering::SeqCst);
        let key = (origin.revision, processor.label.clone());
        let mut known = runs.processors.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = match known.get(&key) {
            Some(ids) => *ids,
            None => ProcessorIds { id: self.next_id()?, revision: self.next_id()? },
        };
        known.insert(key, ids);
        let ProcessorIds { id, revision } = ids;
        drop(known);
        let program = self.program(revision, &processor.definition, processor.kind)?;
        let arn = format!("{}/{}", origin.state_machine_arn, processor.label);
        let parsed = StateMachineArn::parse(&arn)?;
        let name = parsed.full_name();
        Ok(Arc::new(LoadedMachine {
            id,
            revision,
            version: None,
            alias: None,
            kind: processor.kind,
            arn: arn.into(),
            name,
            role_arn: origin.role_arn.clone(),
            region: Arc::from(origin.home.region.as_str()),
            home: origin.home.clone(),
            program,
            definition_bytes: processor.definition.len(),
            log: origin.log.clone(),
            events_max: origin.events_max,
            express_history: origin.express_history,
        }))
    }
}

impl Engine {
    /// Why an execution's Maps may start no children, if its role doesn't let them: as on AWS, it has to allow
    /// StartExecution of the machine itself, and RedriveExecution of the children if the execution `is_redriven`. AWS's
    /// documents don't say what the execution is told; it is told what a task is that starts an execution.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html>
    pub(super) async fn map_refused(
        &self,
        program: &Program,
        home: &AccountRegion,
        is_redriven: bool,
        acting: impl FnOnce() -> Acting,
    ) -> Option<Failure> {
        if !program.has_distributed_map() {
            return None;
        }
        let acting = acting();
        // A child's machine is `…:stateMachine:NAME/LABEL`.
        let machine = acting.state_machine_arn.split('/').next().unwrap_or_default();
        let mut needed = vec![Need { action: "states:StartExecution", resource: machine.to_owned() }];
        if is_redriven {
            // Which Maps go on is decided by the step: the role has to allow it for all of them.
            let executions = acting.state_machine_arn.replacen(":stateMachine:", ":execution:", 1);
            let children = program.map_labels().map(|label| format!("{executions}/{label}:*"));
            needed.extend(children.map(|resource| Need { action: "states:RedriveExecution", resource }));
        }
        let refused = self.inner.tasks.permit(home.clone(), acting, needed).await.err()?;
        Some(unpermitted(refused, &self.inner.ids.uuid().to_string()))
    }

    /// The same for an execution that is about to begin.
    pub(super) async fn map_refused_of(&self, machine: &LoadedMachine, name: &str) -> Option<Failure> {
        let acting = || Acting {
            execution_arn: ExecutionArn::new(&machine.home, &machine.name, name).to_string().into(),
            state_machine_arn: machine.arn.clone(),
            role_arn: machine.role_arn.clone(),
            task_role: None,
        };
        self.map_refused(&machine.program, &machine.home, false, acting).await
    }
}

/// How items are batched, as it is stored; `None` for one item a child.
pub(super) struct Batch(pub(super) Option<BatchBounds>);

/// The columns of a run's key.
fn key_columns(key: MapRunKey) -> [i64; 2] {
    [i64::from(key.frame.as_u32()), journal::number(key.started)]
}

/// The key of its columns.
fn key_of([frame, started]: [i64; 2]) -> MapRunKey {
    let frame = FrameId::from_u32(u32::try_from(frame).unwrap_or(u32::MAX));
    MapRunKey { frame, started: u64::try_from(started).unwrap_or(u64::MAX) }
}

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
    tx.execute(sql, &params)?;
    let sql = "INSERT INTO state_machine_revision
               (id, machine, revision_id, definition, role_arn, logging, tracing, updated, processor_of)
               SELECT ?1, ?2, revision_id, ?3, role_arn, logging, tracing, updated, id
               FROM state_machine_revision WHERE id = ?4 ON CONFLICT (id) DO NOTHING";
    let definition = &start.processor.definition;
    tx.execute(sql, &[revision.into(), id.into(), Param::Text(definition), origin_revision.into()])?;
    let sql = "INSERT INTO map_run
               (id, execution, frame, started_event, machine, run, status, started, limits, batch, n_items)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10)";
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
    ];
    tx.execute(sql, &params)?;
    Ok(())
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
    Ok((row, MapRunAttempt { key: child.key, redrive_count: redrive::count(count) }))
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

/// The row of a child's run, its place, and how many items it has, for its own row.
pub(super) fn child_columns(run: i64, child: &MapChild) -> [Option<i64>; 3] {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    [Some(run), Some(number(child.index)), Some(number(child.n_items))]
}

/// Writes how many items a run has.
pub(super) fn count_items(tx: &Tx<'_>, parent: i64, key: MapRunKey, length: usize) -> Result<(), Error> {
    let [frame, started] = key_columns(key);
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let sql = "UPDATE map_run SET n_items = ?4 WHERE execution = ?1 AND frame = ?2 AND started_event = ?3";
    tx.execute(sql, &[parent.into(), frame.into(), started.into(), length.into()])?;
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
    tx.execute(sql, &[parent.into(), frame.into(), started.into(), pending.into()])?;
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
    tx.execute(sql, &[parent.into(), frame.into(), started.into()])?;
    if status == MapRunStatus::Succeeded {
        // Nobody redrives it.
        let sql = "DELETE FROM map_item WHERE run =
                   (SELECT id FROM map_run WHERE execution = ?1 AND frame = ?2 AND started_event = ?3)";
        tx.execute(sql, &[parent.into(), frame.into(), started.into()])?;
    }
    Ok(n)
}

/// Writes that no child of a run begins again in this attempt: those that wait for their turn stay as they had ended.
fn settle(tx: &Tx<'_>, parent: i64, attempt: MapRunAttempt) -> Result<(), Error> {
    if attempt.redrive_count == 0 {
        return Ok(()); // Nobody waits.
    }
    let [frame, started] = key_columns(attempt.key);
    let sql = settled!("AND frame = ?2 AND started_event = ?3 AND redrive_count = ?4");
    tx.execute(sql, &[parent.into(), frame.into(), started.into(), i64::from(attempt.redrive_count).into()])?;
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
        tx.execute(settled!(""), &[parent.into()])?;
    }
    Ok((status, n))
}
