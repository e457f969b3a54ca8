//! Map Runs: their rows, items, children and results.

use std::sync::Arc;

use super::super::Error;
use super::super::execution::{MapRunAttempt, MapRunKey};
use super::super::machine::{ItemsRequest, MapRunStart, MapRunStatus, ResultsRequest};
use super::super::map_run_rows::{self, RunOf};
use super::super::open::Engine;
use super::super::origin::Origin;
use super::super::state_machines::LoadedMachine;
use super::{Change, Done, Step};
use crate::store::Tx;

/// A Map Run begins; with its row and the machine that its children run.
pub(super) struct Begins {
    pub(super) start: Box<MapRunStart>,
    pub(super) row: i64,
    pub(super) machine: Arc<LoadedMachine>,
}

impl Change for Begins {
    fn write(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        done.runs = RunOf::default();
        map_run_rows::insert(tx, (step.id, self.row), &self.start, step.revision, &self.machine, step.now)?;
        done.tally.begun();
        Ok(())
    }

    fn write_lasting(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        self.write(tx, step, done)
    }
}

/// A Map Run is open again.
pub(super) struct GoesOn {
    pub(super) key: MapRunKey,
    pub(super) count: u32,
}

impl Change for GoesOn {
    fn write(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        done.runs = RunOf::default();
        let n = map_run_rows::begin_again(tx, step.id, self.key, self.count, step.now)?;
        done.tally.redriven(n);
        Ok(())
    }
}

/// A Map Run has so many items.
pub(super) struct CountsItems {
    pub(super) key: MapRunKey,
    pub(super) length: usize,
}

impl Change for CountsItems {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        map_run_rows::count_items(tx, step.id, self.key, self.length)
    }
}

/// A Map Run is over; children that still run are stopped.
pub(super) struct Ends {
    pub(super) key: MapRunKey,
    pub(super) status: MapRunStatus,
}

impl Ends {
    fn end(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        let n = map_run_rows::end(tx, step.id, self.key, self.status, step.now)?;
        done.tally.ended(self.status, n);
        Ok(())
    }
}

impl Change for Ends {
    fn write(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        self.end(tx, step, done)?;
        done.has_left_children = true;
        Ok(())
    }

    fn write_lasting(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        self.end(tx, step, done)
    }
}

/// Items are read.
pub(super) struct ReadsItems(pub(super) Box<ItemsRequest>);

impl Change for ReadsItems {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        map_run_rows::take(tx, step.id, self.0.attempt.key)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.read_items(origin.clone(), *self.0);
    }
}

/// Items that were read before are loaded from the store.
pub(super) struct LoadsItems {
    pub(super) key: MapRunKey,
    /// The place of the first.
    pub(super) first: usize,
    pub(super) n: usize,
}

impl Change for LoadsItems {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        map_run_rows::take(tx, step.id, self.key)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.load_items(origin.id, self.key, self.first, self.n);
    }
}

/// Children of a Map Run that still run are stopped.
pub(super) struct StopsChildren(pub(super) MapRunAttempt);

impl Change for StopsChildren {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        map_run_rows::take(tx, step.id, self.0.key)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.stop_children(origin.id, Some(self.0));
    }
}

/// Results are written.
pub(super) struct WritesResults(pub(super) Box<ResultsRequest>);

impl Change for WritesResults {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        map_run_rows::take(tx, step.id, self.0.attempt.key)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.write_results(origin.clone(), *self.0);
    }
}

/// A child that ended otherwise than well goes on.
pub(super) struct RedrivesChild {
    pub(super) attempt: MapRunAttempt,
    /// Its place.
    pub(super) index: usize,
}

impl Change for RedrivesChild {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        map_run_rows::take(tx, step.id, self.attempt.key)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.redrive_child(origin.id, self.attempt, self.index);
    }
}
