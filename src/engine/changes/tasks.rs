//! Tasks of workers and of services.

use super::super::machine::TaskKey;
use super::super::machine::TaskRun;
use super::super::open::Engine;
use super::super::origin::Origin;
use super::super::queue::{QUEUED, Queued};
use super::super::task_rows::{remove_task, write_task};
use super::super::{Error, journal};
use super::{Change, Done, Step};
use crate::store::Tx;

/// A task for the workers of an activity, with its row.
pub(super) struct Queue {
    pub(super) run: TaskRun,
    pub(super) row: i64,
    pub(super) activity: i64,
}

impl Change for Queue {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        // Workers may wait at other nodes.
        tx.announce(QUEUED);
        write_task(tx, step.id, self.row, Some(self.activity), &self.run)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        let Self { run, row, activity } = *self;
        engine.inner.activities.queues.push(activity, Queued::new(row, origin.id, run.task));
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
        engine.inner.activities.queues.abandon(origin.id, self.0);
    }
}
