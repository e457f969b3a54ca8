//! RedriveExecution: an execution that ended otherwise than well goes on where it stopped.

use std::ops::ControlFlow;
use std::time::Duration;

use super::execution::{ExecutionStatus, MapRunAttempt};
use super::executions::{self, Found};
use super::machine::Input;
use super::open::Engine;
use super::{Error, journal, map_runs};
use crate::clock::Timestamp;
use crate::id::ExecutionArn;
use crate::store::{Param, Tx};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long after its end an execution can be redriven.
const PERIOD: Duration = Duration::from_secs(14 * DAY.as_secs());
/// How long an execution may be open at all.
const OPEN_MAX: Duration = Duration::from_secs(365 * DAY.as_secs());
/// How long a client token stands for the redrive that it asked for …
const TOKEN_KEPT: Duration = Duration::from_secs(15 * 60);
/// … and how many of an execution do.
const TOKENS_KEPT: i64 = 10;
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

/// What the store says to a redrive.
enum Asked {
    /// The same was asked for before, then.
    Done(Timestamp),
    /// It may be.
    Granted(Box<executions::Loaded>),
}

impl Engine {
    /// RedriveExecution; answers when. The same `client_token` answers the same again for a while.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `ExecutionNotRedrivable`.
    pub async fn redrive_execution(
        &self,
        arn: &str,
        client_token: Option<String>,
    ) -> Result<Timestamp, Error> {
        let (engine, arn) = (self.clone(), ExecutionArn::parse(arn)?);
        self.whole(async move { engine.redrive(&arn, client_token).await }).await
    }

    async fn redrive(&self, arn: &ExecutionArn, client_token: Option<String>) -> Result<Timestamp, Error> {
        let missing = || Error::ExecutionDoesNotExist(arn.to_string());
        let of = arn.clone();
        let found = self.inner.store.read(move |tx| executions::find(tx, &of)).await?;
        let id = found.ok_or_else(missing)?.id;
        // Whoever holds the place is alone with the execution: what is read now stays true until the step is written.
        let place = self.inner.live.place(id);
        let slot = place.clone().lock_owned().await;
        let (of, token, now) = (arn.clone(), client_token.clone(), self.now());
        let asked = self.inner.store.read(move |tx| ask(tx, &of, id, token.as_deref(), now)).await?;
        let loaded = match asked.ok_or_else(missing)? {
            Asked::Done(at) => return Ok(at),
            Asked::Granted(loaded) => loaded,
        };
        let live = self.folded(id, *loaded).await?;
        let also = move |client_token: &Option<String>, tx: &Tx<'_>| {
            let sql = "SELECT redriven FROM execution WHERE id = ?1";
            let at = tx.query_one(sql, &[id.into()], |row| row.opt_int(0))?.flatten();
            let at = at.map_or(now, Timestamp::from_millis);
            if let Some(token) = client_token {
                keep_token(tx, id, token, at)?;
            }
            Ok(at)
        };
        match self.take_step((slot, place), live, Input::Redriven, client_token, also).await? {
            Some((_, at)) => Ok(at),
            None => Err(Error::ExecutionNotRedrivable(NotRedrivable::Running)),
        }
    }
}

impl Engine {
    /// Lets the child of a Map Run go on that waits for its turn in this attempt. It stays as it ended if it doesn't
    /// wait for that any more, or if there is no room for its history.
    pub(super) async fn redrive_of_map_run(&self, id: i64, attempt: MapRunAttempt) -> Result<(), Error> {
        let place = self.inner.live.place(id);
        let slot = place.clone().lock_owned().await;
        let Some(loaded) = self.inner.store.read(move |tx| executions::load(tx, id)).await? else {
            return Ok(());
        };
        if loaded.status != ExecutionStatus::PendingRedrive {
            return Ok(()); // Somebody was faster.
        }
        let live = self.folded(id, loaded).await?;
        if live.origin.events_max - 1 <= live.execution.event_count() {
            let sql = "UPDATE execution SET status = COALESCE(ended_as, 2) WHERE id = ?1 AND status = 5";
            return self.inner.store.write(move |tx| Ok(tx.execute(sql, &[id.into()]).map(drop)?)).await;
        }
        let Some(child) = live.origin.map_child else { return Ok(()) };
        let is_awaited = move |(): &(), tx: &Tx<'_>| match map_runs::run_of(tx, &child)?.1 == attempt {
            true => Ok(()),
            false => Err(Error::Superseded),
        };
        match self.take_step((slot, place), live, Input::Redriven, (), is_awaited).await {
            Ok(_) | Err(Error::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Whether execution `id` may be redriven; `None` if it was forgotten meanwhile.
fn ask(
    tx: &Tx<'_>,
    arn: &ExecutionArn,
    id: i64,
    token: Option<&str>,
    now: Timestamp,
) -> Result<Option<Asked>, Error> {
    if let Some(token) = token {
        let sql = "SELECT redriven FROM redrive_token WHERE execution = ?1 AND token = ?2";
        let at = tx.query_one(sql, &[id.into(), Param::Text(token)], |row| row.int(0))?;
        let at = at.map(Timestamp::from_millis).filter(|at| now.since(*at) < TOKEN_KEPT);
        if let Some(at) = at {
            return Ok(Some(Asked::Done(at)));
        }
    }
    let Some(found) = executions::find(tx, arn)?.filter(|found| found.id == id) else { return Ok(None) };
    if let Some(reason) = refused(tx, &found, now)? {
        return Err(Error::ExecutionNotRedrivable(reason));
    }
    Ok(executions::load(tx, id)?.map(|loaded| Asked::Granted(Box::new(loaded))))
}

/// Why an execution can't be redriven at `now`; `None` if it can.
pub(super) fn refused(tx: &Tx<'_>, found: &Found, now: Timestamp) -> Result<Option<NotRedrivable>, Error> {
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
pub(super) fn write(
    tx: &Tx<'_>,
    id: i64,
    (redrives, at): (u32, Timestamp),
    is_of_map_run: bool,
) -> Result<(), Error> {
    let sql =
        "UPDATE execution SET status = ?2, stopped = NULL, error = NULL, cause = NULL, redrive_count = ?3,
               redriven = ?4 WHERE id = ?1 AND (?5 = 0 OR status = 5)";
    let status = executions::status_code(ExecutionStatus::Running);
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
pub(super) fn count(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

fn keep_token(tx: &Tx<'_>, id: i64, token: &str, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO redrive_token (execution, token, redriven) VALUES (?1, ?2, ?3)
               ON CONFLICT (execution, token) DO UPDATE SET redriven = excluded.redriven";
    tx.execute(sql, &[id.into(), Param::Text(token), now.as_millis().into()])?;
    let sql = "DELETE FROM redrive_token WHERE execution = ?1 AND (redriven <= ?2 OR token NOT IN
               (SELECT token FROM redrive_token WHERE execution = ?1 ORDER BY redriven DESC LIMIT ?3))";
    let old = now - TOKEN_KEPT;
    tx.execute(sql, &[id.into(), old.as_millis().into(), TOKENS_KEPT.into()])?;
    Ok(())
}
