//! The workers of activities: they get tasks, and tell what became of them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::event::Failure;
use super::execution::{Entry, Note};
use super::machine::{Input, Outcome, TaskKey};
use super::open::Engine;
use super::queue::{ActivityTask, Claim, Polled, Queued};
use super::runner::Slot;
use super::state_machines::home_key;
use super::task_rows::remove_task;
use super::{Error, journal, task_tokens};
use crate::id::{AccountRegion, ActivityArn};
use crate::json::Payload;
use crate::store::Row;

/// How often tasks of the store's line are offered to who waits, beside those that are announced.
const OFFER_EVERY: Duration = Duration::from_secs(1);
/// How many are offered at one time.
const OFFERED_MAX: i64 = 128;

/// A task on its way to a worker; dropped, it goes back in line.
struct Handed {
    task: ActivityTask,
    claim: Claim,
}

impl Engine {
    /// GetActivityTask: the next task in line, waiting for one for a minute; `None` if none came. A worker that
    /// hangs up before this answers takes no task with it. One whose answer is lost on its way does: such a task
    /// times out, as on AWS.
    ///
    /// # Errors
    /// `InvalidArn`, `ActivityDoesNotExist`, `ActivityWorkerLimitExceeded`.
    pub async fn get_activity_task(
        &self,
        arn: &str,
        worker_name: Option<String>,
    ) -> Result<Option<ActivityTask>, Error> {
        let arn = ActivityArn::parse(arn)?;
        let unknown = || Error::ActivityDoesNotExist(arn.to_string());
        let activity = self.inner.activities.find(&arn).await?.ok_or_else(unknown)?;
        let worker_name: Option<Arc<str>> = worker_name.map(Arc::from);
        let until = self.inner.base.now() + self.inner.base.options.poll;
        let mut draining = self.inner.base.draining.subscribe();
        loop {
            let claim = match self.inner.activities.queues.poll(activity)? {
                Polled::Task(claim) => claim,
                Polled::Waiting(receiver) => tokio::select! {
                    // What waits in the store is offered to who waits here.
                    never = self.keep_offering(activity) => match never {},
                    claim = receiver => match claim {
                        Ok(claim) => claim,
                        Err(_) => return Err(unknown()), // Deleted while waiting.
                    },
                    () = self.inner.base.clock.sleep_until(until) => return Ok(None),
                    _ = draining.wait_for(|draining| *draining) => return Ok(None),
                },
            };
            if let Some(handed) = self.hand_out(claim, worker_name.clone(), &arn.home).await? {
                handed.claim.keep();
                return Ok(Some(handed.task));
            }
        }
    }

    /// Offers tasks that other nodes have put in line, now and from time to time: what is announced is offered at once.
    async fn keep_offering(&self, activity: i64) -> std::convert::Infallible {
        if !self.inner.base.store.is_shared() {
            std::future::pending::<()>().await;
        }
        loop {
            self.offer(activity).await;
            self.inner.base.clock.sleep_until(self.inner.base.now() + OFFER_EVERY).await;
        }
    }

    /// Offers the first tasks of the store's line to those who wait here.
    pub(super) async fn offer(&self, activity: i64) {
        let read = self.inner.base.store.read(move |tx| {
            let sql =
                "SELECT id, execution, frame, scheduled FROM task WHERE activity = ?1 ORDER BY id LIMIT ?2";
            let read = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?]));
            let rows = tx.query(sql, &[activity.into(), OFFERED_MAX.into()], read)?;
            let queued = |(id, execution, task)| Ok(Queued::new(id, execution, journal::task_key(task)?));
            rows.into_iter().map(queued).collect::<Result<Vec<_>, Error>>()
        });
        match read.await {
            Ok(mut tasks) => {
                // Nodes begin with different ones, so that not all want the same.
                let nodes = *self.inner.base.store.nodes().borrow();
                let is_others = |queued: &Queued| {
                    queued.row.rem_euclid(i64::from(nodes.count.max(1))) != i64::from(nodes.rank)
                };
                tasks.sort_by_key(is_others);
                self.inner.activities.queues.offer(activity, tasks);
            }
            Err(error) => tracing::warn!(%error, "tasks in line could not be read"),
        }
    }

    /// Writes down that a worker has the task; `None` if it was over before. Goes on when the worker hangs up:
    /// then what it answers is dropped, and the task is first in line for the next worker.
    async fn hand_out(
        &self,
        claim: Claim,
        worker_name: Option<Arc<str>>,
        home: &AccountRegion,
    ) -> Result<Option<Handed>, Error> {
        let (engine, home) = (self.clone(), home.clone());
        self.whole(async move {
            let mut claim = claim;
            let handed = match claim.queued().cloned() {
                Some(Queued { started: Some(task), execution, .. }) => {
                    engine.current_attempt(execution, &task.token, &home).await?.map(|_| *task)
                }
                Some(queued) => engine.begin_attempt(&queued, worker_name).await?,
                None => None,
            };
            match handed {
                Some(task) => {
                    claim.start(task.clone());
                    Ok(Some(Handed { task, claim }))
                }
                None => {
                    claim.keep();
                    Ok(None)
                }
            }
        })
        .await
    }

    /// Takes the task's row, and lets history say that a worker has it.
    async fn begin_attempt(
        &self,
        queued: &Queued,
        worker_name: Option<Arc<str>>,
    ) -> Result<Option<ActivityTask>, Error> {
        let (row, execution) = (queued.row, queued.execution);
        let [frame, scheduled] = journal::task_columns(queued.task);
        let found = self
            .inner
            .base
            .store
            .read(move |tx| {
                let sql = "SELECT token, input FROM task WHERE id = ?1";
                Ok::<_, Error>(tx.query_one(sql, &[row.into()], |row| {
                    Ok(ActivityTask { token: row.text(0)?, input: row.text(1)? })
                })?)
            })
            .await?;
        let Some(task) = found else { return Ok(None) };
        let input = Input::TaskStarted { task: queued.task, worker_name };
        let outcome =
            self.advance(execution, input, move |tx| remove_task(tx, execution, frame, scheduled)).await?;
        Ok((outcome == Outcome::Advanced).then_some(task))
    }

    /// The attempt of an open execution at `home` that `token` names.
    async fn current_attempt(
        &self,
        id: i64,
        token: &str,
        home: &AccountRegion,
    ) -> Result<Option<TaskKey>, Error> {
        let place = self.inner.live.place(id);
        let mut slot = self.fold(id, &place).await?;
        let find = |slot: &Slot| {
            let live = slot.as_ref().filter(|live| live.origin.home == *home)?;
            let mut attempts = live.execution.attempts();
            attempts.find(|(_, of)| *of == token).map(|(task, _)| task)
        };
        let found = find(&slot);
        if found.is_some() || !self.inner.base.store.is_shared() {
            return Ok(found);
        }
        // Another node may have begun it.
        let Some(batch) = slot.as_ref().map(|live| live.batch) else { return Ok(None) };
        if !self.is_behind(id, batch).await? {
            return Ok(None);
        }
        *slot = None;
        drop(slot);
        Ok(find(&self.fold(id, &place).await?))
    }

    /// SendTaskSuccess. A token of an execution that is elsewhere than at `home` is nobody's; so of those below.
    ///
    /// # Errors
    /// `InvalidToken`, `TaskTimedOut`, `InvalidOutput`.
    pub async fn send_task_success(
        &self,
        home: &AccountRegion,
        token: &str,
        output: String,
    ) -> Result<(), Error> {
        // A token of nobody is refused first, as recorded.
        task_tokens::execution(token).ok_or(Error::InvalidToken)?;
        let output = Payload::from_text(output).map_err(|error| Error::InvalidOutput(error.to_string()))?;
        self.task_message(home, token, |task| Input::TaskSucceeded { task, output }).await
    }

    /// SendTaskFailure.
    ///
    /// # Errors
    /// `InvalidToken`, `TaskTimedOut`.
    pub async fn send_task_failure(
        &self,
        home: &AccountRegion,
        token: &str,
        failure: Failure,
    ) -> Result<(), Error> {
        self.task_message(home, token, |task| Input::TaskFailed { task, failure }).await
    }

    /// SendTaskHeartbeat.
    ///
    /// # Errors
    /// `InvalidToken`, `TaskTimedOut`.
    pub async fn send_task_heartbeat(&self, home: &AccountRegion, token: &str) -> Result<(), Error> {
        self.task_message(home, token, |task| Input::TaskHeartbeat { task }).await
    }

    async fn task_message(
        &self,
        home: &AccountRegion,
        token: &str,
        input: impl FnOnce(TaskKey) -> Input,
    ) -> Result<(), Error> {
        let id = task_tokens::execution(token).ok_or(Error::InvalidToken)?;
        let Some(task) = self.current_attempt(id, token, home).await? else {
            return self.over(id, token, home).await;
        };
        let [frame, scheduled] = journal::task_columns(task);
        let input = input(task);
        let is_last = !matches!(input, Input::TaskHeartbeat { .. });
        let also = move |tx: &crate::store::Tx<'_>| match is_last {
            true => remove_task(tx, id, frame, scheduled),
            false => Ok(()),
        };
        match self.advance(id, input, also).await? {
            Outcome::Advanced => Ok(()),
            Outcome::Stale => Err(Error::TaskTimedOut),
        }
    }

    /// A token of no current attempt: over if the journal knows it, else nobody's.
    async fn over(&self, id: i64, token: &str, home: &AccountRegion) -> Result<(), Error> {
        let home = home_key(home);
        let is_here = self
            .inner
            .base
            .store
            .read(move |tx| {
                let sql =
                    "SELECT m.home FROM execution e JOIN state_machine m ON m.id = e.machine WHERE e.id = ?1";
                if tx.query_one(sql, &[id.into()], |row| row.text(0))?.is_none_or(|at| at != home) {
                    return Ok(false);
                }
                Ok::<_, Error>(true)
            })
            .await?;
        let mut known = false;
        if is_here {
            let look = |entry: Entry| match entry.note {
                Some(Note::Attempt { token: of, .. }) if *of == *token => {
                    known = true;
                    ControlFlow::Break(())
                }
                Some(_) | None => ControlFlow::Continue(()),
            };
            self.each_entry(id, look).await?;
        }
        Err(if known { Error::TaskTimedOut } else { Error::InvalidToken })
    }
}
