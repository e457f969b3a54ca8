//! The journal's records: batches of entries, one for each step.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::Error;
use super::execution::{Entry, FrameId};
use super::machine::{TaskKey, TimerKey, TimerKind};
use crate::store::{Param, Tx};

/// Version of the records; older ones stay readable for ever.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Batch<'a> {
    v: u8,
    e: &'a [Entry],
}

#[derive(Deserialize)]
struct StoredBatch {
    v: u8,
    e: Vec<Entry>,
}

/// What the journal tells of an execution.
pub(super) struct Journal {
    pub(super) entries: Vec<Entry>,
    /// How many batches they stand in.
    pub(super) batches: i64,
    /// How long their records are.
    pub(super) bytes: usize,
}

/// The entries of one step as they are stored.
pub(super) struct Record {
    first_event: u64,
    text: String,
}

impl Record {
    /// Prints the entries; done before the writer is asked, whose time is everybody's.
    pub(super) fn new(entries: &[Entry]) -> Result<Self, Error> {
        if entries.is_empty() {
            return Ok(Self { first_event: 0, text: String::new() });
        }
        let first_event = entries.iter().find_map(|entry| entry.event.as_ref()).map_or(0, |event| event.id);
        let text = serde_json::to_string(&Batch { v: VERSION, e: entries });
        Ok(Self { first_event, text: text.map_err(|error| Error::Corrupt(error.to_string()))? })
    }

    /// Its length; 0 if there is nothing to write.
    pub(super) fn len_bytes(&self) -> usize {
        self.text.len()
    }

    /// Writes it as batch `batch` of the execution.
    pub(super) fn append(&self, tx: &Tx<'_>, execution: i64, batch: i64) -> Result<(), Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO journal (execution, batch, first_event, entries) VALUES (?1, ?2, ?3, ?4)";
        let params =
            [execution.into(), batch.into(), number(self.first_event).into(), Param::Text(&self.text)];
        tx.execute(sql, &params)?;
        Ok(())
    }
}

/// Reads all entries of an execution, in order.
pub(super) fn read(tx: &Tx<'_>, execution: i64) -> Result<Journal, Error> {
    let mut journal = Journal { entries: Vec::new(), batches: 0, bytes: 0 };
    let sql = "SELECT entries FROM journal WHERE execution = ?1 ORDER BY batch";
    tx.visit(sql, &[execution.into()], |row| {
        let text = row.text(0)?;
        journal.entries.extend(parse(&text)?);
        journal.batches += 1;
        journal.bytes += text.len();
        Ok::<_, Error>(ControlFlow::Continue(()))
    })?;
    Ok(journal)
}

/// Reads one batch.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, Error> {
    let batch: StoredBatch = serde_json::from_str(text).map_err(|error| Error::Corrupt(error.to_string()))?;
    match batch.v {
        VERSION => Ok(batch.e),
        other => Err(Error::Corrupt(format!("journal records of version {other}"))),
    }
}

/// Reads one batch of records and writes it again, as this version would.
///
/// # Errors
/// [`Error::Corrupt`] for what is no batch of a known version.
pub fn rewritten(records: &str) -> Result<String, Error> {
    Ok(Record::new(&parse(records)?)?.text)
}

/// Counts fit the store's integers: an execution has at most 25,000 events.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The columns of a timer's key.
pub(super) fn timer_columns(key: TimerKey) -> [i64; 3] {
    let kind = match key.kind {
        TimerKind::Wait => 0,
        TimerKind::Retry => 1,
        TimerKind::TaskTimeout => 2,
        TimerKind::Heartbeat => 3,
        TimerKind::Execution => 4,
        TimerKind::Resume => 5,
        TimerKind::MapRun => 6,
    };
    [i64::from(key.frame.as_u32()), kind, number(key.stamp)]
}

/// The timer's key of its columns.
pub(super) fn timer_key([frame, kind, stamp]: [i64; 3]) -> Result<TimerKey, Error> {
    let kind = match kind {
        0 => TimerKind::Wait,
        1 => TimerKind::Retry,
        2 => TimerKind::TaskTimeout,
        3 => TimerKind::Heartbeat,
        4 => TimerKind::Execution,
        5 => TimerKind::Resume,
        6 => TimerKind::MapRun,
        other => return Err(Error::Corrupt(format!("timer kind {other}"))),
    };
    Ok(TimerKey { frame: frame_id(frame)?, kind, stamp: unsigned(stamp)? })
}

/// The columns of a task's key.
pub(super) fn task_columns(task: TaskKey) -> [i64; 2] {
    [i64::from(task.frame.as_u32()), number(task.scheduled)]
}

/// The task's key of its columns.
pub(super) fn task_key([frame, scheduled]: [i64; 2]) -> Result<TaskKey, Error> {
    Ok(TaskKey { frame: frame_id(frame)?, scheduled: unsigned(scheduled)? })
}

fn frame_id(n: i64) -> Result<FrameId, Error> {
    let n = u32::try_from(n).map_err(|_| Error::Corrupt(format!("frame {n}")))?;
    Ok(FrameId::from_u32(n))
}

fn unsigned(n: i64) -> Result<u64, Error> {
    u64::try_from(n).map_err(|_| Error::Corrupt(format!("a negative stamp {n}")))
}
