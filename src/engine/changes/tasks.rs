//! Tasks of workers and of services.

use super::super::machine::TaskKey;
use super::super::machine::TaskRun;
use super::super::open::Engine;
use super::super::queue::Queued;
use super::super::runner::Origin;
use super::super::{Error, journal};
use super::{Change, Done, Step};
use crate::store::{Param, Tx};

/// A task for the workers of an activity, with its row.
pub(super) struct Queue {
    pub(super) run: TaskRun,
    pub(super) row: i64,
    pub(super) activity: i64,
}

impl Change for Queue {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        write_task(tx, step.id, self.row, Some(self.activity), &self.run)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        let Self { run, row, activity } = *self;
        engine.inner.queues.push(activity, Queued::new(row, origin.id, run.task));
    }
}

/// A task that is a call of a service, with its row.
pub(super) struct Called {
    pub(super) run: TaskRun,
    pub(super) row: i64,
}

impl Change for Called {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        write_task(tx, step.id, self.row, None, &self.run)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.call(origin.clone(), self.run);
    }
}

/// Nobody waits for an attempt any more.
pub(super) struct Abandoned(pub(super) TaskKey);

impl Change for Abandoned {
    fn write(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        let [frame, scheduled] = journal::task_columns(self.0);
        remove_task(tx, step.id, frame, scheduled)?;
        done.links.abandon(&step.links, tx, step.id, self.0)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.inner.queues.abandon(origin.id, self.0);
    }
}

fn write_task(tx: &Tx<'_>, id: i64, row: i64, activity: Option<i64>, run: &TaskRun) -> Result<(), Error> {
    let [frame, scheduled] = journal::task_columns(run.task);
    let sql = "INSERT INTO task (id, execution, frame, scheduled, activity, token, input, credentials_role)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let params = [
        row.into(),
        id.into(),
        frame.into(),
        scheduled.into(),
        activity.into(),
        Param::Text(&run.token),
        Param::Text(run.input.text()),
        run.credentials_role.as_deref().into(),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// The attempt is over, handed out, or taken by a service.
pub(in super::super) fn remove_task(tx: &Tx<'_>, id: i64, frame: i64, scheduled: i64) -> Result<(), Error> {
    let sql = "DELETE FROM task WHERE execution = ?1 AND frame = ?2 AND scheduled = ?3";
    tx.execute(sql, &[id.into(), frame.into(), scheduled.into()])?;
    Ok(())
}
