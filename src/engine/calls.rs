//! Calls of services for Task states, and calling again what a crash interrupted.

use std::sync::Arc;

use super::event::Failure;
use super::execution::ExecutionStart;
use super::machine::{Input, TaskKey, TaskRun};
use super::open::Engine;
use super::origin::Origin;
use super::queue::Queued;
use super::task_rows::remove_task;
use super::tasks::Traced;
use super::{Error, TaskCall, TaskResult, journal, start_arguments};
use crate::asl::{Pattern, Resource};
use crate::id::AccountRegion;
use crate::json::Payload;
use crate::store::Row;

/// A call: its row, the execution, and the columns of the task.
pub(super) type Interrupted = (i64, i64, [i64; 2]);

/// Interrupted calls read at one time.
const RECOVERED_AT_ONCE: i64 = 500;

impl Engine {
    /// Calls a service for a task; its result comes in as an input of its own.
    pub(super) fn call(&self, origin: Origin, run: TaskRun) {
        let engine = self.clone();
        tokio::spawn(async move {
            let (id, task, pattern) = (origin.id, run.task, pattern_of(&run.resource));
            if start_arguments::starts_execution(&run.resource) {
                let starting = engine.clone();
                let started = tokio::spawn(async move { starting.start_nested(origin, run, pattern).await });
                if started.await.is_err_and(|error| error.is_panic()) {
                    engine.task_ended(id, task, input_of(task, pattern, panicked())).await;
                }
                return;
            }
            let call = task_call(&origin, run);
            if let Some(result) = engine.result_of(call).await {
                engine.task_ended(id, task, input_of(task, pattern, result)).await;
            }
        });
    }

    /// Makes a call; `None` if the process is ending. A call that panics fails its task, not the engine.
    pub(super) async fn result_of(&self, call: TaskCall) -> Option<TaskResult> {
        let tasks = self.inner.tasks.clone();
        match tokio::spawn(async move { tasks.run(call).await }).await {
            Ok(result) => Some(result),
            Err(error) if error.is_panic() => Some(panicked()),
            Err(_) => None,
        }
    }

    /// Makes a call for an execution that has no journal, and tells of the HTTP request that it is if `reveal_secrets`
    /// says how; `None` if the process is ending.
    pub(super) async fn answer_of(&self, call: TaskCall, reveal_secrets: Option<bool>) -> Option<Traced> {
        if start_arguments::starts_execution(&call.resource) {
            return Some((self.start_from_express(&call).await, None));
        }
        let Some(reveal_secrets) = reveal_secrets else {
            return Some((self.result_of(call).await?, None));
        };
        let tasks = self.inner.tasks.clone();
        match tokio::spawn(async move { tasks.trace(call, reveal_secrets).await }).await {
            Ok(traced) => Some(traced),
            Err(error) if error.is_panic() => Some((panicked(), None)),
            Err(_) => None,
        }
    }

    async fn task_ended(&self, id: i64, task: TaskKey, input: Input) {
        // Also a job that was only submitted is not submitted again after a crash: its row goes.
        let [frame, scheduled] = journal::task_columns(task);
        self.advance_persistently(id, input, move |tx| remove_task(tx, id, frame, scheduled)).await;
    }

    /// Puts the tasks that no worker has back in line. The rows' ids are their order.
    pub(super) async fn recover_queues(&self) -> Result<(), Error> {
        let rows: Result<Vec<(i64, Queued)>, Error> = self
            .inner
            .base
            .store
            .read(|tx| {
                let sql = "SELECT id, execution, frame, scheduled, activity FROM task
                           WHERE activity IS NOT NULL ORDER BY id";
                let rows = tx.query(sql, &[], |row| {
                    Ok((row.int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?], row.int(4)?))
                })?;
                rows.into_iter()
                    .map(|(id, execution, task, activity)| {
                        Ok((activity, Queued::new(id, execution, journal::task_key(task)?)))
                    })
                    .collect()
            })
            .await;
        for (activity, queued) in rows? {
            self.inner.activities.queues.push(activity, queued);
        }
        Ok(())
    }

    /// Makes calls again that were under way when who made them ended.
    pub(super) async fn recover_calls(&self, calls: Vec<Interrupted>) {
        for (row, execution, task) in calls {
            if let Err(error) = self.call_again(row, execution, task).await {
                tracing::error!(%error, execution, "an interrupted call could not be made again");
            }
        }
    }

    /// The calls under way of these shards.
    pub(super) async fn interrupted_calls(&self, shards: i64) -> Result<Vec<Interrupted>, Error> {
        let mut all: Vec<Interrupted> = Vec::new();
        loop {
            let after = all.last().map_or(0, |(row, ..)| *row);
            let read = self.inner.base.store.read(move |tx| {
                let sql =
                    "SELECT id, execution, frame, scheduled FROM task WHERE activity IS NULL AND ?1 < id
                           AND ((?2 >> CAST(shard AS INTEGER)) & 1) = 1 ORDER BY id LIMIT ?3";
                let params = [after.into(), shards.into(), RECOVERED_AT_ONCE.into()];
                let read = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?]));
                Ok::<_, Error>(tx.query(sql, &params, read)?)
            });
            let rows: Vec<Interrupted> = read.await?;
            if rows.is_empty() {
                return Ok(all);
            }
            all.extend(rows);
        }
    }

    async fn call_again(&self, row: i64, id: i64, task: [i64; 2]) -> Result<(), Error> {
        let task = journal::task_key(task)?;
        let columns: Option<(String, String, Option<String>)> = self
            .inner
            .base
            .store
            .read(move |tx| {
                let sql = "SELECT token, input, credentials_role FROM task WHERE id = ?1";
                let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.opt_text(2)?));
                Ok::<_, Error>(tx.query_one(sql, &[row.into()], read)?)
            })
            .await?;
        let slot = self.fold(id, &self.inner.live.place(id)).await?;
        // Whichever is gone: the attempt is over by now.
        let (Some((token, input, credentials_role)), Some(live)) = (columns, slot.as_ref()) else {
            return Ok(());
        };
        let Some(resource) = live.execution.resource_of(&live.program, task).cloned() else { return Ok(()) };
        let origin = live.origin.clone();
        drop(slot);
        let run = TaskRun {
            task,
            token: token.into(),
            resource,
            input: Payload::from_text(input).map_err(|error| Error::Corrupt(error.to_string()))?,
            credentials_role: credentials_role.map(Arc::from),
        };
        self.call(origin, run);
        Ok(())
    }
}

/// What becomes of a task whose call panicked.
fn panicked() -> TaskResult {
    tracing::error!("a call for a task panicked");
    TaskResult::Failed(Failure::new("States.Runtime", "Internal Error"))
}

/// The call of a task of an execution that has a journal.
pub(super) fn task_call(origin: &Origin, run: TaskRun) -> TaskCall {
    TaskCall {
        home: origin.home.clone(),
        execution_arn: origin.arn.clone(),
        state_machine_arn: origin.state_machine_arn.clone(),
        resource: run.resource,
        input: run.input,
        role_arn: own_role(&origin.role_arn, &origin.home),
        task_role: run.credentials_role,
        idempotency_token: run.token,
        trace_header: origin.trace_header.clone(),
    }
}

/// How a call's end comes in.
pub(super) fn input_of(task: TaskKey, pattern: Pattern, result: TaskResult) -> Input {
    match (result, pattern) {
        (TaskResult::Succeeded(output), _) => Input::TaskSucceeded { task, output },
        (TaskResult::Submitted(output), _) => Input::TaskSubmitted { task, output },
        (TaskResult::Failed(failure), Pattern::RequestResponse) => Input::TaskFailed { task, failure },
        // What fails later than its call does so by another way.
        (TaskResult::Failed(failure), Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken) => {
            Input::TaskSubmitFailed { task, failure }
        }
    }
}

/// The call of a task of an execution that has no journal, and when it is done.
pub(super) fn call_of(
    home: AccountRegion,
    start: &ExecutionStart,
    trace_header: Option<Arc<str>>,
    run: TaskRun,
) -> (TaskCall, Pattern) {
    let pattern = pattern_of(&run.resource);
    let role_arn = own_role(&start.role_arn, &home);
    let call = TaskCall {
        home,
        execution_arn: start.arn.clone(),
        state_machine_arn: start.state_machine_arn.clone(),
        resource: run.resource,
        input: run.input,
        role_arn,
        task_role: run.credentials_role,
        idempotency_token: run.token,
        trace_header,
    };
    (call, pattern)
}

/// The role of a state machine as one of the machine's own account. AWS takes no other: whoever names a role of another
/// account here, as recorded definitions do, means this one. Roles of other accounts are for a Task's `Credentials`.
fn own_role(role_arn: &Arc<str>, home: &AccountRegion) -> Arc<str> {
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    match parts.as_slice() {
        [arn, partition, service, region, account, role] if *account != home.account.as_str() => {
            format!("{arn}:{partition}:{service}:{region}:{}:{role}", home.account).into()
        }
        _ => role_arn.clone(),
    }
}

/// When a task of the resource is done.
pub(super) fn pattern_of(resource: &Resource) -> Pattern {
    match resource {
        Resource::Integration(integration) => integration.pattern,
        Resource::Activity(_) | Resource::Lambda(_) => Pattern::RequestResponse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, Region};

    #[test]
    fn a_machine_s_role_is_of_its_own_account() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        for (given, expect) in [
            ("arn:aws:iam::123456789012:role/a/R", "arn:aws:iam::123456789012:role/a/R"),
            ("arn:aws:iam::000000000000:role/a/R", "arn:aws:iam::123456789012:role/a/R"),
            // What is tested without a role.
            ("", ""),
        ] {
            assert_eq!(&*own_role(&Arc::from(given), &home), expect);
        }
    }
}
