//! Activities, and the workers that do their tasks.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use super::Error;
use super::changes::remove_task;
use super::encryption::Encryption;
use super::event::Failure;
use super::execution::{Entry, Note};
use super::machine::{Input, Outcome, TaskKey};
use super::open::Engine;
use super::page::{Page, page_size};
use super::queue::{Claim, Polled, Queued};
use super::state_machines::{encryption_of, home_key, home_of};
use super::tags::{self, Tag};
use super::{journal, task_tokens};
use crate::clock::Timestamp;
use crate::id::{AccountRegion, ActivityArn, check_name};
use crate::json::Payload;
use crate::store::{Param, Record as _};

/// An activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Its ARN.
    pub arn: ActivityArn,
    /// When it was created.
    pub created: Timestamp,
    /// With whose key its tasks are encrypted.
    pub encryption: Encryption,
    id: i64,
}

/// A task handed to a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTask {
    /// What the worker answers with.
    pub token: String,
    /// The task's input.
    pub input: String,
}

/// A task on its way to a worker; dropped, it goes back in line.
struct Handed {
    task: ActivityTask,
    claim: Claim,
}

impl Engine {
    /// CreateActivity with AWS's own key.
    ///
    /// # Errors
    /// As [`create_encrypted_activity`](Self::create_encrypted_activity).
    pub async fn create_activity(
        &self,
        home: AccountRegion,
        name: &str,
        tags: Vec<Tag>,
    ) -> Result<Activity, Error> {
        self.create_encrypted_activity(home, name, tags, Encryption::AwsOwnedKey).await
    }

    /// CreateActivity. Idempotent by name; tags of one that exists are not changed.
    ///
    /// # Errors
    /// `InvalidName`, `TooManyTags`; `ActivityAlreadyExists` if it is encrypted otherwise.
    pub async fn create_encrypted_activity(
        &self,
        home: AccountRegion,
        name: &str,
        tags: Vec<Tag>,
        encryption: Encryption,
    ) -> Result<Activity, Error> {
        check_name(name)?;
        tags::check(&tags)?;
        let arn = ActivityArn::new(&home, name);
        let wanted = Activity { arn, created: self.now(), encryption, id: self.next_id()? };
        let made = self
            .inner
            .store
            .write(move |tx| {
                let home = home_key(&wanted.arn.home);
                let key = [Param::Text(&home), Param::Text(&wanted.arn.name)];
                let sql = "SELECT id, created, encryption FROM activity WHERE home = ?1 AND name = ?2";
                let found =
                    tx.query_one(sql, &key, |row| Ok((row.int(0)?, row.int(1)?, row.opt_text(2)?)))?;
                if let Some((id, created, encryption)) = found {
                    let encryption = encryption_of(encryption)?.unwrap_or(Encryption::AwsOwnedKey);
                    if encryption != wanted.encryption {
                        return Err(Error::ActivityAlreadyExists(wanted.arn.to_string()));
                    }
                    let created = Timestamp::from_millis(created);
                    return Ok(Activity { id, created, encryption, arn: wanted.arn.clone() });
                }
                let encryption = wanted.encryption.encode()?;
                let created = wanted.created.as_millis().into();
                let sql =
                    "INSERT INTO activity (id, home, name, created, encryption) VALUES (?1, ?2, ?3, ?4, ?5)";
                tx.execute(sql, &[wanted.id.into(), key[0], key[1], created, Param::Text(&encryption)])?;
                tags::put(tx, &wanted.arn.to_string(), &tags)?;
                Ok::<_, Error>(wanted.clone())
            })
            .await?;
        let mut known = self.inner.activities.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(made.arn.clone(), made.id);
        drop(known);
        Ok(made)
    }

    /// DescribeActivity.
    ///
    /// # Errors
    /// `InvalidArn`, `ActivityDoesNotExist`.
    pub async fn describe_activity(&self, arn: &str) -> Result<Activity, Error> {
        let arn = ActivityArn::parse(arn)?;
        let id = self.activity_id(&arn).ok_or_else(|| Error::ActivityDoesNotExist(arn.to_string()))?;
        let found = self
            .inner
            .store
            .read(move |tx| {
                let sql = "SELECT created, encryption FROM activity WHERE id = ?1";
                Ok::<_, Error>(tx.query_one(sql, &[id.into()], |row| Ok((row.int(0)?, row.opt_text(1)?)))?)
            })
            .await?;
        let (created, encryption) = found.ok_or_else(|| Error::ActivityDoesNotExist(arn.to_string()))?;
        let encryption = encryption_of(encryption)?.unwrap_or(Encryption::AwsOwnedKey);
        Ok(Activity { arn, created: Timestamp::from_millis(created), encryption, id })
    }

    /// DeleteActivity. Tasks in line are not handed out any more; they time out. One that is not there is gone
    /// already.
    ///
    /// # Errors
    /// `InvalidArn`.
    pub async fn delete_activity(&self, arn: &str) -> Result<(), Error> {
        let arn = ActivityArn::parse(arn)?;
        let Some(id) = self.activity_id(&arn) else { return Ok(()) };
        let text = arn.to_string();
        self.inner
            .store
            .write(move |tx| {
                tx.execute("DELETE FROM activity WHERE id = ?1", &[id.into()])?;
                tags::remove_all(tx, &text)?;
                Ok::<_, Error>(())
            })
            .await?;
        self.inner.activities.write().unwrap_or_else(PoisonError::into_inner).remove(&arn);
        self.inner.queues.remove(id);
        Ok(())
    }

    /// ListActivities, by age.
    ///
    /// # Errors
    /// `InvalidToken`.
    pub async fn list_activities(
        &self,
        home: AccountRegion,
        max_results: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<Activity>, Error> {
        let listing = self.listing("ListActivities", &[&home_key(&home)]);
        let (after, max) = (listing.position(next_token)?.unwrap_or(0), page_size(max_results));
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let activities: Result<Vec<Activity>, Error> = self
            .inner
            .store
            .read(move |tx| {
                let sql = "SELECT id, name, created, encryption FROM activity
                           WHERE home = ?1 AND ?2 < id ORDER BY id LIMIT ?3";
                let params = [Param::Text(&home_key(&home)), after.into(), limit.into()];
                let rows = tx.query(sql, &params, |row| {
                    Ok((row.int(0)?, row.text(1)?, Timestamp::from_millis(row.int(2)?), row.opt_text(3)?))
                })?;
                let activity = |(id, name, created, encryption): (i64, String, Timestamp, Option<String>)| {
                    let encryption = encryption_of(encryption)?.unwrap_or(Encryption::AwsOwnedKey);
                    Ok(Activity { id, arn: ActivityArn::new(&home, &name), created, encryption })
                };
                rows.into_iter().map(activity).collect()
            })
            .await;
        Ok(Page::cut(activities?, max, &listing, |activity| activity.id))
    }

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
        let activity = self.activity_id(&arn).ok_or_else(unknown)?;
        let worker_name: Option<Arc<str>> = worker_name.map(Arc::from);
        let until = self.now() + self.inner.options.poll;
        let mut draining = self.inner.draining.subscribe();
        loop {
            let claim = match self.inner.queues.poll(activity)? {
                Polled::Task(claim) => claim,
                Polled::Waiting(receiver) => tokio::select! {
                    claim = receiver => match claim {
                        Ok(claim) => claim,
                        Err(_) => return Err(unknown()), // Deleted while waiting.
                    },
                    () = self.inner.clock.sleep_until(until) => return Ok(None),
                    _ = draining.wait_for(|draining| *draining) => return Ok(None),
                },
            };
            if let Some(handed) = self.hand_out(claim, worker_name.clone(), &arn.home).await? {
                handed.claim.keep();
                return Ok(Some(handed.task));
            }
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
        let slot = self.fold(id, &self.inner.live.place(id)).await?;
        let Some(live) = slot.as_ref().filter(|live| live.origin.home == *home) else { return Ok(None) };
        let mut attempts = live.execution.attempts();
        Ok(attempts.find(|(_, of)| *of == token).map(|(task, _)| task))
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

    /// Reads the ids of all activities.
    pub(super) async fn load_activities(&self) -> Result<(), Error> {
        let rows: Vec<(i64, String, String)> = self
            .inner
            .store
            .read(|tx| {
                let sql = "SELECT id, home, name FROM activity";
                Ok::<_, Error>(tx.query(sql, &[], |row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)))?)
            })
            .await?;
        let mut known = self.inner.activities.write().unwrap_or_else(PoisonError::into_inner);
        for (id, home, name) in rows {
            known.insert(ActivityArn::new(&home_of(&home)?, &name), id);
        }
        Ok(())
    }
}
