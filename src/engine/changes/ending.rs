//! The end of an execution, and its reopening by a redrive.

use super::super::executions::{count_ended, redrivable, write_ending};
use super::super::open::Engine;
use super::super::origin::Origin;
use super::super::{Error, map_run_rows};
use super::{Change, Done, Step};
use crate::clock::Timestamp;
use crate::store::Tx;

/// The execution has ended, as [`Step::ending`] says: its timers and tasks are forgotten.
pub(super) struct Ended;

impl Change for Ended {
    fn write(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        let Some(ending) = &step.ending else { return Ok(()) };
        done.links.end(&step.links, tx, step.id)?;
        if let Some(child) = &step.map_child {
            done.ended_in = Some(map_run_rows::run_of(tx, child)?.1);
        }
        if step.may_have_map_runs {
            let (status, n) = map_run_rows::end_all(tx, step.id, ending.status, step.now)?;
            done.tally.ended(status, n);
            done.has_left_children |= 0 < n;
        }
        tx.put("DELETE FROM timer WHERE execution = ?1", &[step.id.into()])?;
        tx.put("DELETE FROM task WHERE execution = ?1", &[step.id.into()])?;
        write_ending(tx, step.id, ending)
    }

    fn write_lasting(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        // One that has ended in its first step has no others.
        if let (Some(ending), true) = (&step.ending, step.has_begun_runs) {
            let (status, n) = map_run_rows::end_all(tx, step.id, ending.status, step.now)?;
            done.tally.ended(status, n);
        }
        Ok(())
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, step: &Step, done: &mut Done) {
        let Some(ending) = &step.ending else { return };
        engine.inner.timers.cancel_all(origin.id);
        engine.inner.activities.queues.abandon_all(origin.id);
        count_ended(ending);
        engine.inner.state_machines.finish_deleting(&origin.state_machine_arn);
        if let (Some(child), Some(attempt)) = (&origin.map_child, done.ended_in) {
            engine.child_ended(child, attempt, ending.clone());
        }
    }
}

/// The execution, which had ended, is open again.
pub(super) struct Reopened {
    /// How often by now.
    pub(super) count: u32,
    pub(super) at: Timestamp,
}

impl Change for Reopened {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        redrivable::write(tx, step.id, (self.count, self.at), step.map_child.is_some())
    }
}
