//! One step of an execution: fold, decide, write down, and only then act.

use std::sync::Arc;

use metrics::counter;

use super::execution::{Ending, ExecutionStatus};
use super::executions::{self, status_code};
use super::live::{Live, Shared};
use super::machine::{self, Effect, Input, Limits, Outcome, TaskKey, TaskRun};
use super::open::Engine;
use super::{Error, journal};
use crate::asl::Resource;
use crate::id::AccountRegion;
use crate::meter;
use crate::store::{Param, Tx};

/// What a step writes besides the journal.
pub(super) struct Changes {
    effects: Vec<Effect>,
    /// Ids of the rows of tasks to run, in the order of the effects.
    task_ids: Vec<i64>,
    activity_ids: Vec<Option<i64>>,
}

impl Engine {
    /// Takes `input` in for execution `id`; `also` writes in the same transaction.
    ///
    /// Answers [`Outcome::Stale`], with nothing written, if the input is for something that is over.
    ///
    /// # Errors
    /// When the store fails; the execution is then as it was.
    pub(super) async fn advance(
        &self,
        id: i64,
        input: Input,
        also: impl FnOnce(&Tx<'_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<Outcome, Error> {
        let Some(shared) = self.live(id).await? else { return Ok(Outcome::Stale) };
        let mut live = shared.lock().await;
        let mut next = live.execution.clone();
        let program = live.program.clone();
        let step = self.with_env(id, Limits::STANDARD, |env| machine::step(&program, &mut next, input, env));
        if step.outcome == Outcome::Stale {
            self.inner.meters.stale.increment(1);
            return Ok(Outcome::Stale);
        }
        let changes = self.changes(&step.effects);
        let (batch, entries) = (live.batch, step.entries);
        let written = self
            .inner
            .store
            .write(move |tx| {
                journal::append(tx, id, batch, &entries)?;
                changes.write(tx, id)?;
                also(tx)?;
                Ok::<_, Error>(changes)
            })
            .await?;
        // Durable: now the state is what the journal tells, and the outside may know.
        live.execution = next;
        live.batch += 1;
        let home = live.home.clone();
        drop(live);
        self.act(id, &home, written);
        Ok(Outcome::Advanced)
    }

    /// The execution folded in memory; `None` if it has ended or never was.
    pub(super) async fn live(&self, id: i64) -> Result<Option<Shared>, Error> {
        if let Some(found) = self.inner.live.find(id) {
            return Ok(Some(found));
        }
        let loaded = self.inner.store.read(move |tx| executions::load(tx, id)).await?;
        let Some(loaded) = loaded else { return Ok(None) };
        let program = self.program(loaded.revision, &loaded.definition, loaded.kind)?;
        let mut execution = super::execution::Execution::new(loaded.start);
        for entry in &loaded.entries {
            execution.apply(&program, entry);
        }
        let live = Live { id, home: loaded.home, program, execution, batch: loaded.batches };
        Ok(Some(self.inner.live.insert(live)))
    }

    /// Gives the tasks of a step their rows' ids.
    pub(super) fn changes(&self, effects: &[Effect]) -> Changes {
        let runs = effects.iter().filter_map(|effect| match effect {
            Effect::RunTask(run) => Some(run),
            Effect::ArmTimer { .. } | Effect::CancelTimer(_) | Effect::AbandonTask(_) | Effect::Ended(_) => {
                None
            }
        });
        let (task_ids, activity_ids) = runs
            .map(|run| {
                let activity = match &run.resource {
                    Resource::Activity(arn) => self.activity_id(arn),
                    Resource::Lambda(_) | Resource::Integration(_) => None,
                };
                (self.next_id(), activity)
            })
            .unzip();
        Changes { effects: effects.to_vec(), task_ids, activity_ids }
    }

    /// Performs what a durable step asks for.
    pub(super) fn act(&self, id: i64, home: &AccountRegion, changes: Changes) {
        let Changes { effects, task_ids, activity_ids } = changes;
        let mut rows = task_ids.into_iter().zip(activity_ids);
        for effect in effects {
            match effect {
                Effect::ArmTimer { key, at } => self.inner.timers.arm(id, key, at),
                // The row is gone; what is left in memory fires into a stale step.
                Effect::CancelTimer(_) => {}
                Effect::RunTask(run) => match rows.next() {
                    Some((row, Some(activity))) => {
                        self.inner
                            .queues
                            .push(activity, super::queue::Queued { row, execution: id, task: run.task });
                    }
                    Some((_, None)) => self.call(id, home.clone(), run),
                    None => {}
                },
                Effect::AbandonTask(task) => self.inner.queues.abandon(id, task),
                Effect::Ended(ending) => {
                    self.inner.live.remove(id);
                    count_ended(&ending);
                }
            }
        }
    }

    /// Calls a service for a task; its result comes in as an input of its own.
    pub(super) fn call(&self, id: i64, home: AccountRegion, run: TaskRun) {
        let engine = self.clone();
        tokio::spawn(async move {
            let role_arn = match run.credentials_role {
                Some(role) => role,
                None => match engine.live(id).await {
                    Ok(Some(live)) => live.lock().await.execution.start().role_arn.clone(),
                    Ok(None) | Err(_) => return, // Ended meanwhile, or to be made again after a restart.
                },
            };
            let call = super::TaskCall {
                home,
                resource: run.resource,
                input: run.input,
                role_arn,
                idempotency_token: run.token,
            };
            let result = engine.inner.tasks.run(call).await;
            engine.task_ended(id, run.task, result).await;
        });
    }

    async fn task_ended(&self, id: i64, task: TaskKey, result: super::TaskResult) {
        let input = match result {
            super::TaskResult::Succeeded(output) => Input::TaskSucceeded { task, output },
            super::TaskResult::Submitted(output) => Input::TaskSubmitted { task, output },
            super::TaskResult::Failed(failure) => Input::TaskFailed { task, failure },
        };
        let is_last = !matches!(input, Input::TaskSubmitted { .. });
        let [frame, scheduled] = journal::task_columns(task);
        self.insist(
            id,
            input,
            move |tx| if is_last { remove_task(tx, id, frame, scheduled) } else { Ok(()) },
        )
        .await;
    }

    /// Takes an input in that nobody will send again: a store that fails is asked again, ever less often,
    /// until it works or the process ends; recovery brings the input about anew.
    pub(super) async fn insist(
        &self,
        id: i64,
        input: Input,
        also: impl Fn(&Tx<'_>) -> Result<(), Error> + Clone + Send + 'static,
    ) {
        let mut wait_ms = 50;
        loop {
            match self.advance(id, input.clone(), also.clone()).await {
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, execution = id, retry_in_ms = wait_ms, "a step was not written");
                    if matches!(error, Error::Store(crate::store::Error::Closed)) {
                        return;
                    }
                    let at = self.now() + std::time::Duration::from_millis(wait_ms);
                    self.inner.clock.sleep_until(at).await;
                    wait_ms = (wait_ms * 2).min(5_000);
                }
            }
        }
    }

    /// Makes calls again that a crash interrupted, and puts queued tasks back in line.
    pub(super) async fn recover_tasks(&self) -> Result<(), Error> {
        struct Row {
            id: i64,
            execution: i64,
            task: [i64; 2],
            activity: Option<i64>,
        }
        let rows: Vec<Row> = self
            .inner
            .store
            .read(|tx| {
                let sql = "SELECT id, execution, frame, scheduled, activity FROM task ORDER BY id";
                tx.query(sql, &[], |row| {
                    Ok(Row {
                        id: row.int(0)?,
                        execution: row.int(1)?,
                        task: [row.int(2)?, row.int(3)?],
                        activity: row.opt_int(4)?,
                    })
                })
            })
            .await
            .map_err(|error: crate::store::Error| Error::from(error))?;
        for row in rows {
            let task = journal::task_key(row.task)?;
            match row.activity {
                Some(activity) => {
                    let queued = super::queue::Queued { row: row.id, execution: row.execution, task };
                    self.inner.queues.push(activity, queued);
                }
                None => self.call_again(row.execution, task).await?,
            }
        }
        Ok(())
    }

    async fn call_again(&self, id: i64, task: TaskKey) -> Result<(), Error> {
        let [frame, scheduled] = journal::task_columns(task);
        let row: Option<(String, String, Option<String>)> = self
            .inner
            .store
            .read(move |tx| {
                let sql = "SELECT token, input, credentials_role FROM task
                           WHERE execution = ?1 AND frame = ?2 AND scheduled = ?3";
                let key = [id.into(), frame.into(), scheduled.into()];
                tx.query_one(sql, &key, |row| Ok((row.text(0)?, row.text(1)?, row.opt_text(2)?)))
            })
            .await
            .map_err(|error: crate::store::Error| Error::from(error))?;
        let (Some((token, input, credentials_role)), Some(live)) = (row, self.live(id).await?) else {
            return Ok(());
        };
        let live = live.lock().await;
        let Some(resource) = live.execution.resource_of(&live.program, task) else { return Ok(()) };
        let input = crate::json::Payload::from_text(input).map_err(|e| Error::Corrupt(e.to_string()))?;
        let run = TaskRun {
            task,
            token: token.into(),
            resource: resource.clone(),
            input,
            credentials_role: credentials_role.map(Arc::from),
        };
        let home = live.home.clone();
        drop(live);
        self.call(id, home, run);
        Ok(())
    }
}

impl Changes {
    /// Writes timers, tasks and the ending of execution `id`.
    pub(super) fn write(&self, tx: &Tx<'_>, id: i64) -> Result<(), Error> {
        let mut rows = self.task_ids.iter().zip(&self.activity_ids);
        for effect in &self.effects {
            match effect {
                Effect::ArmTimer { key, at } => {
                    let [frame, kind, stamp] = journal::timer_columns(*key);
                    let sql =
                        "INSERT INTO timer (execution, frame, kind, stamp, due) VALUES (?1, ?2, ?3, ?4, ?5)
                               ON CONFLICT (execution, frame, kind, stamp) DO UPDATE SET due = excluded.due";
                    let due = at.as_millis();
                    tx.execute(sql, &[id.into(), frame.into(), kind.into(), stamp.into(), due.into()])?;
                }
                Effect::CancelTimer(key) => super::timers::remove(tx, id, *key)?,
                Effect::RunTask(run) => {
                    let Some((row, activity)) = rows.next() else { continue };
                    write_task(tx, id, *row, *activity, run)?;
                }
                Effect::AbandonTask(task) => {
                    let [frame, scheduled] = journal::task_columns(*task);
                    remove_task(tx, id, frame, scheduled)?;
                }
                Effect::Ended(ending) => {
                    tx.execute("DELETE FROM timer WHERE execution = ?1", &[id.into()])?;
                    tx.execute("DELETE FROM task WHERE execution = ?1", &[id.into()])?;
                    write_ending(tx, id, ending)?;
                }
            }
        }
        Ok(())
    }
}

fn write_task(tx: &Tx<'_>, id: i64, row: i64, activity: Option<i64>, run: &TaskRun) -> Result<(), Error> {
    let [frame, scheduled] = journal::task_columns(run.task);
    let resource = match &run.resource {
        Resource::Activity(arn) => arn.to_string(),
        Resource::Lambda(arn) => arn.to_string(),
        Resource::Integration(integration) => integration.text.clone(),
    };
    let sql = "INSERT INTO task (id, execution, frame, scheduled, activity, token, resource, input, credentials_role)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let params = [
        row.into(),
        id.into(),
        frame.into(),
        scheduled.into(),
        activity.into(),
        Param::Text(&run.token),
        Param::Text(&resource),
        Param::Text(run.input.text()),
        run.credentials_role.as_deref().into(),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// The attempt is over, or handed out.
pub(super) fn remove_task(tx: &Tx<'_>, id: i64, frame: i64, scheduled: i64) -> Result<(), Error> {
    let sql = "DELETE FROM task WHERE execution = ?1 AND frame = ?2 AND scheduled = ?3";
    tx.execute(sql, &[id.into(), frame.into(), scheduled.into()])?;
    Ok(())
}

fn write_ending(tx: &Tx<'_>, id: i64, ending: &Ending) -> Result<(), Error> {
    let sql =
        "UPDATE execution SET status = ?2, stopped = ?3, output = ?4, error = ?5, cause = ?6 WHERE id = ?1";
    let params = [
        id.into(),
        status_code(ending.status).into(),
        ending.stopped.as_millis().into(),
        ending.output.as_ref().map(crate::json::Payload::text).into(),
        ending.failure.error.as_deref().into(),
        ending.failure.cause.as_deref().into(),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// Counts an execution that has ended.
pub(super) fn count_ended(ending: &Ending) {
    let status = match ending.status {
        ExecutionStatus::Running => return,
        ExecutionStatus::Succeeded => "SUCCEEDED",
        ExecutionStatus::Failed => "FAILED",
        ExecutionStatus::TimedOut => "TIMED_OUT",
        ExecutionStatus::Aborted => "ABORTED",
    };
    counter!(meter::EXECUTIONS_ENDED, "status" => status).increment(1);
}
