//! Child executions of distributed Maps.

use super::super::Error;
use super::super::execution::MapRunAttempt;
use super::super::live::Live;
use super::super::map_runs::ExpressChild;
use super::super::open::Engine;
use super::super::runner::Origin;
use super::super::start::{Prepared, Written};
use super::{Change, Changes, Step};
use crate::store::Tx;

/// A Standard child, whose first step is part of its parent's.
pub(super) struct Child {
    prepared: Option<Box<Prepared>>,
    /// What is left to do once it is written.
    begun: Option<Box<(Live, Box<Changes>)>>,
}

impl Child {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self { prepared: Some(Box::new(prepared)), begun: None }
    }
}

impl Change for Child {
    fn write(&mut self, tx: &Tx<'_>, step: &mut Step) -> Result<(), Error> {
        let Some(prepared) = self.prepared.take() else { return Ok(()) };
        let Prepared { record, live, arn } = *prepared;
        // Its name is new, as it was made up in this step.
        if let Written::New(changes) = record.write(tx, &arn, &mut step.runs)? {
            self.begun = Some(Box::new((live, changes)));
        }
        Ok(())
    }

    fn act(self: Box<Self>, engine: &Engine, _: &Origin, _: &Step) {
        if let Some(begun) = self.begun {
            let (live, changes) = *begun;
            engine.begin(live, changes);
        }
    }
}

/// An Express child, and the attempt of its run once that has been read.
pub(super) struct ExpressBeginning {
    child: ExpressChild,
    attempt: Option<MapRunAttempt>,
}

impl ExpressBeginning {
    pub(super) fn new(child: ExpressChild) -> Self {
        Self { child, attempt: None }
    }
}

impl Change for ExpressBeginning {
    fn write(&mut self, tx: &Tx<'_>, step: &mut Step) -> Result<(), Error> {
        self.attempt = Some(self.child.write(tx, &mut step.runs)?);
        Ok(())
    }

    fn act(self: Box<Self>, engine: &Engine, _: &Origin, _: &Step) {
        let Self { child, attempt } = *self;
        if let Some(attempt) = attempt {
            engine.begin_express_child(child, attempt);
        }
    }
}
