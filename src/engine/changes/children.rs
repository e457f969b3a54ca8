//! Child executions of distributed Maps.

use super::super::Error;
use super::super::map_runs::ExpressChild;
use super::super::open::Engine;
use super::super::runner::Origin;
use super::super::start::{Prepared, Written};
use super::{Change, Done, Step};
use crate::store::Tx;

/// A Standard child, whose first step is part of its parent's.
pub(super) struct Child(pub(super) Prepared);

impl Change for Child {
    fn write(&self, tx: &Tx<'_>, _: &Step, done: &mut Done) -> Result<(), Error> {
        let Prepared { record, live: _, arn } = &self.0;
        match record.write(tx, arn, &mut done.runs)? {
            Written::New(of_child) => done.children.push_back(of_child),
            // Its name is new, as it was made up in this step.
            Written::Same { .. } => {}
        }
        Ok(())
    }

    fn act(self: Box<Self>, engine: &Engine, _: &Origin, _: &Step, done: &mut Done) {
        let Prepared { record, live, arn: _ } = self.0;
        if let Some(of_child) = done.children.pop_front() {
            engine.begin(live, record.into_changes(), of_child);
        }
    }
}

/// An Express child.
pub(super) struct ExpressBeginning(pub(super) ExpressChild);

impl Change for ExpressBeginning {
    fn write(&self, tx: &Tx<'_>, _: &Step, done: &mut Done) -> Result<(), Error> {
        let attempt = self.0.write(tx, &mut done.runs)?;
        done.attempts.push_back(attempt);
        Ok(())
    }

    fn act(self: Box<Self>, engine: &Engine, _: &Origin, _: &Step, done: &mut Done) {
        if let Some(attempt) = done.attempts.pop_front() {
            engine.begin_express_child(self.0, attempt);
        }
    }
}
