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

/// Bytes of records read at one time, if they are more than one batch: a history may be long.
const READ_BYTES_MAX: usize = 4 << 20;

/// Some of what the journal tells of an execution.
pub(super) struct Part {
    pub(super) entries: Vec<Entry>,
    /// The batch behind them; where the journal ends, the one to be written next.
    pub(super) next: i64,
    /// How long their records are.
    pub(super) bytes: usize,
    /// Whether there is more.
    pub(super) has_more: bool,
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

    /// What would be stored.
    pub(super) fn into_text(self) -> String {
        self.text
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
        tx.put(sql, &params)?;
        Ok(())
    }
}

/// Reads entries of an execution from a batch on, in order.
pub(super) fn read(tx: &Tx<'_>, execution: i64, from: i64) -> Result<Part, Error> {
    let mut part = Part { entries: Vec::new(), next: from, bytes: 0, has_more: false };
    let sql = "SELECT entries FROM journal WHERE execution = ?1 AND ?2 <= batch ORDER BY batch";
    tx.visit(sql, &[execution.into(), from.into()], |row| {
        if READ_BYTES_MAX <= part.bytes {
            part.has_more = true;
            return Ok::<_, Error>(ControlFlow::Break(()));
        }
        let text = row.text(0)?;
        part.entries.extend(parse(&text)?);
        part.next += 1;
        part.bytes += text.len();
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(part)
}

/// The last batch with events that begins at this event or before it; `None` if there is none. Batches are in the order
/// of their events, so it takes a few looks, however long the history is.
pub(super) fn batch_of(tx: &Tx<'_>, execution: i64, event: i64) -> Result<Option<i64>, Error> {
    let last =
        "SELECT batch, first_event FROM journal WHERE execution = ?1 AND batch <= ?2 AND 0 < first_event
                ORDER BY batch DESC LIMIT 1";
    let at = |batch: i64| {
        let found =
            tx.query_one(last, &[execution.into(), batch.into()], |row| Ok((row.int(0)?, row.int(1)?)));
        found.map_err(Error::from)
    };
    let Some((mut high, first)) = at(i64::MAX)? else { return Ok(None) };
    if first <= event {
        return Ok(Some(high));
    }
    // What is sought stands at `low` or behind it, and before `high`.
    let (mut low, mut found) = (0, None);
    while low < high {
        let middle = low + (high - low) / 2;
        match at(middle)? {
            Some((batch, first)) if first <= event => {
                found = Some(batch);
                low = middle + 1;
            }
            Some((batch, _)) => high = batch,
            None => low = middle + 1, // Only notes as far as here.
        }
    }
    Ok(found)
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

/// Counts fit the store's integers: an execution has far fewer events.
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
