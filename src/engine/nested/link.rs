//! Links between attempts that wait and the executions they wait for.

use super::super::event::Failure;
use super::super::execution::ExecutionStatus;
use super::super::machine::{Input, Outcome, TaskKey};
use super::super::open::Engine;
use super::super::state_machines::home_of;
use super::super::task_rows::remove_task;
use super::super::{Error, journal};
use super::answer;
use crate::asl::Pattern;
use crate::id::ExecutionArn;
use crate::store::Tx;

/// An attempt that waits for the end of an execution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) parent: i64,
    pub(super) task: TaskKey,
    pub(super) child: i64,
    /// `.sync` or `.sync:2`.
    pub(super) pattern: Pattern,
}

impl Link {
    pub(super) fn insert(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let [frame, scheduled] = journal::task_columns(self.task);
        let sql = "INSERT INTO nested (parent, frame, scheduled, child, is_json, is_orphan)
                   VALUES (?1, ?2, ?3, ?4, ?5, 0)";
        let is_json = i64::from(self.pattern == Pattern::Sync2);
        let params = [self.parent.into(), frame.into(), scheduled.into(), self.child.into(), is_json.into()];
        tx.put(sql, &params)?;
        Ok(())
    }

    fn remove(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let [frame, scheduled] = journal::task_columns(self.task);
        let sql = "DELETE FROM nested WHERE parent = ?1 AND frame = ?2 AND scheduled = ?3";
        tx.put(sql, &[self.parent.into(), frame.into(), scheduled.into()])?;
        Ok(())
    }

    /// The links that `sql` finds for `id`.
    fn read(tx: &Tx<'_>, sql: &'static str, id: i64) -> Result<Vec<Self>, Error> {
        let rows = tx.query(sql, &[id.into()], |row| {
            Ok((row.int(0)?, [row.int(1)?, row.int(2)?], row.int(3)?, row.int(4)?))
        })?;
        let link = |(parent, task, child, is_json)| {
            let pattern = if is_json == 0 { Pattern::Sync } else { Pattern::Sync2 };
            Ok(Self { parent, task: journal::task_key(task)?, child, pattern })
        };
        rows.into_iter().map(link).collect()
    }
}

impl Engine {
    /// Lets everybody know who waits for `child`, which has ended.
    pub(in super::super) async fn tell_parents(&self, child: i64) {
        let ended = self
            .inner
            .base
            .persist(child, || async {
                let links = self.inner.base.store.read(move |tx| {
                    let sql = "SELECT parent, frame, scheduled, child, is_json FROM nested
                               WHERE child = ?1 AND is_orphan = 0";
                    Link::read(tx, sql, child)
                });
                Ok((links.await?, self.describe_by_id(child).await?))
            })
            .await;
        let Some((links, execution)) = ended else { return };
        // It was redriven before anybody was told that it had ended.
        if execution.as_ref().is_some_and(|execution| execution.status == ExecutionStatus::Running) {
            return;
        }
        for link in links {
            let task = link.task;
            let ended = execution
                .clone()
                .map_or_else(|| Err(answer::forgotten()), |e| answer::ended(e, link.pattern));
            let input = match ended {
                Ok(output) => Input::TaskSucceeded { task, output },
                Err(failure) => Input::TaskFailed { task, failure },
            };
            self.finish(link, link.parent, input).await;
        }
    }

    /// Stops what `parent` started and waits for no longer.
    pub(in super::super) async fn stop_orphans(&self, parent: i64) {
        let links = self
            .inner
            .base
            .persist(parent, || async {
                let links = self.inner.base.store.read(move |tx| {
                    let sql = "SELECT parent, frame, scheduled, child, is_json FROM nested
                               WHERE parent = ?1 AND is_orphan = 1";
                    Link::read(tx, sql, parent)
                });
                let links = links.await?;
                let arn = if links.is_empty() { None } else { self.arn_by_id(parent).await? };
                Ok((links, arn))
            })
            .await;
        let (links, arn) = links.unwrap_or_default();
        // AWS's words; no error's name is among them.
        let cause = arn.map(|arn| {
            format!(
                "The Task state in AWS Step Functions execution [{arn}] which was managing this resource was aborted"
            )
        });
        let failure = Failure { error: None, cause: cause.map(Into::into) };
        for link in links {
            self.finish(link, link.child, Input::Stopped(failure.clone())).await;
        }
    }

    /// Takes `input` in for execution `id`, and the link away.
    async fn finish(&self, link: Link, id: i64, input: Input) {
        let outcome = self.advance_persistently(id, input, move |tx| link.remove(tx)).await;
        if outcome == Some(Outcome::Stale) {
            // It was over: what would have been written with the step is written alone.
            self.inner
                .base
                .persist(id, || async {
                    self.inner
                        .base
                        .store
                        .write(move |tx| {
                            link.remove(tx)?;
                            let [frame, scheduled] = journal::task_columns(link.task);
                            remove_task(tx, link.parent, frame, scheduled)
                        })
                        .await
                })
                .await;
        }
    }

    /// DescribeExecution by the number that it is stored under; `None` if it was forgotten.
    async fn describe_by_id(&self, id: i64) -> Result<Option<super::super::ExecutionDescription>, Error> {
        let Some(arn) = self.arn_by_id(id).await? else { return Ok(None) };
        self.executions().describe(&arn.to_string()).await.map(Some)
    }

    /// The ARN of the execution that is stored under a number; `None` if it was forgotten.
    async fn arn_by_id(&self, id: i64) -> Result<Option<ExecutionArn>, Error> {
        let named: Option<(String, String, String)> = self
            .inner
            .base
            .store
            .read(move |tx| {
                let sql = "SELECT m.home, m.name, e.name FROM execution e
                           JOIN state_machine m ON m.id = e.machine WHERE e.id = ?1";
                let read = |row: &crate::store::Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
                Ok::<_, Error>(tx.query_one(sql, &[id.into()], read)?)
            })
            .await?;
        let Some((home, machine, name)) = named else { return Ok(None) };
        // A machine that was deleted has a number behind its name.
        let machine = machine.split(':').next().unwrap_or_default();
        Ok(Some(ExecutionArn::new(&home_of(&home)?, machine, &name)))
    }

    /// Goes on with what the last process did not get to: parents that were not told, orphans not stopped.
    pub(in super::super) async fn recover_nested(&self) {
        let found = self
            .inner
            .base
            .persist(0, || async {
                self.inner
                    .base
                    .store
                    .read(|tx| {
                        let sql =
                            "SELECT DISTINCT n.child FROM nested n LEFT JOIN execution e ON e.id = n.child
                                   WHERE n.is_orphan = 0 AND (e.id IS NULL OR e.status <> 0)";
                        let ended: Vec<i64> = tx.query(sql, &[], |row| row.int(0))?;
                        let sql = "SELECT DISTINCT parent FROM nested WHERE is_orphan = 1";
                        let parents: Vec<i64> = tx.query(sql, &[], |row| row.int(0))?;
                        Ok::<_, Error>((ended, parents))
                    })
                    .await
            })
            .await;
        let (ended, parents) = found.unwrap_or_default();
        for child in ended {
            self.tell_parents(child).await;
        }
        for parent in parents {
            self.stop_orphans(parent).await;
        }
    }
}
