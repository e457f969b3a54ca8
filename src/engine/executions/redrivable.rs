//! Whether an execution can be redriven, and that it was.

use std::ops::ControlFlow;
use std::time::Duration;

use super::super::execution::ExecutionStatus;
use super::super::{Error, journal};
use super::{Found, status_code};
use crate::clock::Timestamp;
use crate::store::Tx;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long after its end an execution can be redriven.
const PERIOD: Duration = Duration::from_secs(14 * DAY.as_secs());
/// How long an execution may be open at all.
const OPEN_MAX: Duration = Duration::from_secs(365 * DAY.as_secs());
/// An execution whose last batch begins so many events before the limit is far from it, however long the batch is.
const FAR_FROM_LIMIT: u64 = 5_000;

/// Why an execution can't be redriven, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRedrivable {
    /// Its machine is on its way out, or gone.
    #[error("State machine is in DELETING status.")]
    MachineDeleting,
    /// It is the child of a Map Run, which is begun again when its parent is redriven. AWS's wording is not recorded.
    #[error("Execution is a child of a Map Run and is not redriven by itself.")]
    OfMapRun,
    /// It is an Express execution, which this server keeps for a while.
    #[error("Express executions are not redriven.")]
    Express,
    /// It goes on.
    #[error("Execution is RUNNING and cannot be redriven")]
    Running,
    /// It ended well.
    #[error("Execution is SUCCEEDED and cannot be redriven")]
    Succeeded,
    /// There is no room for another event.
    #[error("Execution history event limit exceeded.")]
    TooManyEvents,
    /// It was open for a year.
    #[error("Execution has exceeded the max execution time.")]
    OpenTooLong,
    /// It ended too long ago.
    #[error("Execution redrivable period exceeded.")]
    PeriodOver,
}

/// Why an execution can't be redriven at `now`; `None` if it can.
pub(in super::super) fn refused(
    tx: &Tx<'_>,
    found: &Found,
    now: Timestamp,
) -> Result<Option<NotRedrivable>, Error> {
    let stopped = found.stopped.unwrap_or(now);
    Ok(match found.status {
        // It is about to be.
        ExecutionStatus::Running | ExecutionStatus::PendingRedrive => Some(NotRedrivable::Running),
        ExecutionStatus::Succeeded => Some(NotRedrivable::Succeeded),
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {
            if found.map_run.is_some() {
                Some(NotRedrivable::OfMapRun)
            } else if found.machine_is_deleting {
                Some(NotRedrivable::MachineDeleting)
            } else if PERIOD < now.since(stopped) {
                Some(NotRedrivable::PeriodOver)
            } else if OPEN_MAX <= stopped.since(found.started) {
                Some(NotRedrivable::OpenTooLong)
            } else if found.events_max - 1 <= last_event(tx, found.id, found.events_max)? {
                Some(NotRedrivable::TooManyEvents)
            } else {
                None
            }
        }
    })
}

/// The number of an execution's last event, as far as it matters for the limit.
fn last_event(tx: &Tx<'_>, id: i64, events_max: u64) -> Result<u64, Error> {
    let sql = "SELECT first_event, batch FROM journal WHERE execution = ?1 AND 0 < first_event ORDER BY batch DESC LIMIT 1";
    let found = tx.query_one(sql, &[id.into()], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let (first, batch) = found.unwrap_or_default();
    let mut last = u64::try_from(first).unwrap_or(0);
    if events_max.saturating_sub(FAR_FROM_LIMIT) <= last {
        let sql = "SELECT entries FROM journal WHERE execution = ?1 AND batch = ?2";
        tx.visit(sql, &[id.into(), batch.into()], |row| {
            let entries = journal::parse(&row.text(0)?)?;
            last = entries.iter().rev().find_map(|entry| entry.event.as_ref()).map_or(last, |event| event.id);
            Ok::<_, Error>(ControlFlow::Break(()))
        })?;
    }
    Ok(last)
}

/// Writes that execution `id` is open again, so often by now and since then.
///
/// # Errors
/// `Superseded` if it is the child of a Map Run and doesn't wait for its turn any more.
pub(in super::super) fn write(
    tx: &Tx<'_>,
    id: i64,
    (redrives, at): (u32, Timestamp),
    is_of_map_run: bool,
) -> Result<(), Error> {
    let sql =
        "UPDATE execution SET status = ?2, stopped = NULL, error = NULL, cause = NULL, redrive_count = ?3,
               redriven = ?4 WHERE id = ?1 AND (?5 = 0 OR status = 5)";
    let status = status_code(ExecutionStatus::Running);
    let params = [
        id.into(),
        status.into(),
        i64::from(redrives).into(),
        at.as_millis().into(),
        i64::from(is_of_map_run).into(),
    ];
    match tx.execute(sql, &params)? {
        0 => Err(Error::Superseded),
        _ => Ok(()),
    }
}

/// A stored count.
pub(in super::super) fn count(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}
