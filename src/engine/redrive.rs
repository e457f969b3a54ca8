//! RedriveExecution: an execution that ended otherwise than well goes on where it stopped.

use std::time::Duration;

use super::execution::{ExecutionStatus, MapRunAttempt};
use super::executions::{self, NotRedrivable, redrivable};
use super::machine::Input;
use super::open::Engine;
use super::{Error, map_run_rows};
use crate::clock::Timestamp;
use crate::id::ExecutionArn;
use crate::store::{Param, Tx};

/// How long a client token stands for the redrive that it asked for …
const TOKEN_KEPT: Duration = Duration::from_secs(15 * 60);
/// … and how many of an execution do.
const TOKENS_KEPT: i64 = 10;

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
        let redrive = async move { engine.until_ahead(|| engine.redrive(&arn, client_token.clone())).await };
        self.whole(redrive).await
    }

    async fn redrive(&self, arn: &ExecutionArn, client_token: Option<String>) -> Result<Timestamp, Error> {
        let missing = || Error::ExecutionDoesNotExist(arn.to_string());
        let of = arn.clone();
        let found = self.inner.base.store.read(move |tx| executions::find(tx, &of)).await?;
        let id = found.ok_or_else(missing)?.id;
        // Whoever holds the place is alone with the execution: what is read now stays true until the step is written.
        let place = self.inner.live.place(id);
        let slot = place.clone().lock_owned().await;
        let (of, token, now) = (arn.clone(), client_token.clone(), self.inner.base.now());
        let asked = self.inner.base.store.read(move |tx| ask(tx, &of, id, token.as_deref(), now)).await?;
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
        let Some(loaded) = self.inner.base.store.read(move |tx| executions::load(tx, id)).await? else {
            return Ok(());
        };
        if loaded.status != ExecutionStatus::PendingRedrive {
            return Ok(()); // Somebody was faster.
        }
        let live = self.folded(id, loaded).await?;
        if live.origin.events_max - 1 <= live.execution.event_count() {
            let sql = "UPDATE execution SET status = COALESCE(ended_as, 2) WHERE id = ?1 AND status = 5";
            return self.inner.base.store.write(move |tx| Ok(tx.execute(sql, &[id.into()]).map(drop)?)).await;
        }
        let Some(child) = live.origin.map_child else { return Ok(()) };
        let is_awaited = move |(): &(), tx: &Tx<'_>| match map_run_rows::run_of(tx, &child)?.1 == attempt {
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
    if let Some(reason) = redrivable::refused(tx, &found, now)? {
        return Err(Error::ExecutionNotRedrivable(reason));
    }
    Ok(executions::load(tx, id)?.map(|loaded| Asked::Granted(Box::new(loaded))))
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
