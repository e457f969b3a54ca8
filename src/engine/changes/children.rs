//! Child executions of distributed Maps.

use std::sync::Arc;

use super::super::Error;
use super::super::execution::{Ending, ExecutionStatus, MapRunAttempt};
use super::super::executions::status_code;
use super::super::in_memory::{Begun, InMemory};
use super::super::map_child::{MapChild, child_columns};
use super::super::map_run_rows::RunOf;
use super::super::open::Engine;
use super::super::origin::Origin;
use super::record::{Prepared, Written};
use super::{Change, Done, Step};
use crate::json::Payload;
use crate::store::{Param, Tx};

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

/// A child that is about to be written.
pub(in super::super) struct ExpressChild {
    pub(in super::super) id: i64,
    pub(in super::super) child: MapChild,
    /// Its machine and the revision of that.
    pub(in super::super) machine: [i64; 2],
    pub(in super::super) full_name: Arc<str>,
    pub(in super::super) run: Arc<InMemory>,
    /// Unless it is to begin later, as it has expressions.
    pub(in super::super) begun: Option<Begun>,
}

impl ExpressChild {
    /// How it has ended, if it has.
    pub(in super::super) fn ending(&self) -> Option<&Ending> {
        self.begun.as_ref()?.ending()
    }

    /// Writes its row, closed if it has ended already; answers in which attempt of the run it begins.
    fn write(&self, tx: &Tx<'_>, runs: &mut RunOf) -> Result<MapRunAttempt, Error> {
        let (run, attempt) = runs.of(tx, &self.child)?;
        let ending = self.ending();
        let sql = "INSERT INTO execution
                   (id, machine, revision, name, status, started, stopped, input, output, error, cause,
                    map_run, map_index, map_items, trace_header, shard)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        let [machine, revision] = self.machine;
        let [map_run, map_index, map_items] = child_columns(run, &self.child);
        let params = [
            self.id.into(),
            machine.into(),
            revision.into(),
            Param::Text(&self.full_name),
            status_code(ending.map_or(ExecutionStatus::Running, |ending| ending.status)).into(),
            self.run.start.started.as_millis().into(),
            ending.map(|ending| ending.stopped.as_millis()).into(),
            Param::Text(self.run.start.input.text()),
            ending.and_then(|ending| ending.output.as_ref()).map(Payload::text).into(),
            ending.and_then(|ending| ending.failure.error.as_deref()).into(),
            ending.and_then(|ending| ending.failure.cause.as_deref()).into(),
            map_run.into(),
            map_index.into(),
            map_items.into(),
            self.run.trace_header.as_deref().into(),
            tx.shard(self.id)?.into(),
        ];
        tx.put(sql, &params)?;
        Ok(attempt)
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
