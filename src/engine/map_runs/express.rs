//! Children of Map Runs that are Express executions: they run in memory, at least once.
//!
//! Of each there is a row, but no journal, and no timer or task of its own. A child whose end was not written when the
//! process ended is run again from its input; one that is redriven is as well, under its name. AWS documents a redrive as
//! a new StartExecution and doesn't say what becomes of the name.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html>

use std::sync::{Arc, OnceLock};

use super::super::Error;
use super::super::changes::ExpressChild;
use super::super::event::Failure;
use super::super::execution::{Ending, ExecutionStatus, MapRunAttempt};
use super::super::executions::{self, count_ended, redrivable, write_ending};
use super::super::in_memory::{Begun, InMemory};
use super::super::logging::LogPlan;
use super::super::map_child::MapChild;
use super::super::map_run_rows::run_of;
use super::super::open::Engine;
use super::super::state_machines::LoadedMachine;
use super::tell::check_over;
use crate::id::ExecutionArn;
use crate::json::Payload;
use crate::store::Tx;

/// Whether the child of this name among its machine's executions runs in memory. An earlier version kept a journal of
/// those with `ExecutionType: EXPRESS` too, and gave them no runs.
pub(super) fn is_express(full_name: &str) -> bool {
    full_name.contains(':')
}

impl Engine {
    /// Lets an Express child take its first step, if that can't take long.
    pub(in super::super) fn prepare_express(
        &self,
        machine: &LoadedMachine,
        child: MapChild,
        input: Payload,
        trace_header: Option<String>,
    ) -> Result<ExpressChild, Error> {
        let name = self.inner.base.ordered_uuid();
        let run = self.express(machine, &name, input, trace_header);
        let full_name =
            ExecutionArn::parse_kept(&run.start.arn).map_or_else(|_| name.into(), |arn| arn.full_name());
        let begun = (!run.program.has_jsonata()).then(|| self.begin_in_memory(&run));
        let ids = [machine.id, machine.revision];
        Ok(ExpressChild {
            id: self.inner.base.next_id()?,
            child,
            machine: ids,
            full_name,
            run: Arc::new(run),
            begun,
        })
    }

    /// Lets an Express child go on whose row is durable.
    pub(in super::super) fn begin_express_child(&self, child: ExpressChild, attempt: MapRunAttempt) {
        self.inner.meters.started.increment(1);
        child.run.keep(self);
        match child.ending().cloned() {
            None => self.spawn_express(child.id, child.child, child.run, child.begun),
            Some(ending) => {
                if let Some(begun) = &child.begun {
                    child.run.tell(self, &begun.step);
                }
                child.run.end(&ending);
                count_ended(&ending);
                self.child_ended(&child.child, attempt, ending);
            }
        }
    }

    fn spawn_express(&self, id: i64, child: MapChild, run: Arc<InMemory>, begun: Option<Begun>) {
        let (engine, mut begun) = (self.clone(), begun);
        let mut stopped = self.inner.map_runs.under_way.begin(id);
        let mut closed = self.inner.base.closed.subscribe();
        tokio::spawn(async move {
            loop {
                let (ending, stop) = tokio::select! {
                    ending = engine.run_in_memory(&run, begun.take()) => match ending {
                        Some(ending) => (ending, None),
                        None => return, // The next process runs it again.
                    },
                    Ok(closing) = &mut stopped => {
                        let ending = aborted(&engine);
                        run.end(&ending);
                        (ending, Some(closing))
                    }
                    _ = closed.wait_for(|closed| *closed) => return,
                };
                engine.inner.map_runs.under_way.remove(id);
                match engine.end_express(id, child, ending, stop).await {
                    // Its run was redriven just now, and it is part of that.
                    Err(Error::Superseded) => stopped = engine.inner.map_runs.under_way.begin(id),
                    _ => return,
                }
            }
        });
    }

    /// Writes how a child has ended, unless that is written, and tells its parent; `stop` says for whom it was stopped.
    async fn end_express(
        &self,
        id: i64,
        child: MapChild,
        ending: Ending,
        stop: Option<Option<MapRunAttempt>>,
    ) -> Result<(), Error> {
        let written = self.inner.base.persist(id, || {
            let ending = ending.clone();
            self.inner.base.store.write(move |tx| {
                if let Some(closing) = stop {
                    match check_over(tx, id, closing) {
                        Err(Error::Superseded) => return Ok(Err(Error::Superseded)),
                        other => other?,
                    }
                }
                let sql = "SELECT 1 FROM execution WHERE id = ?1 AND status = 0";
                if tx.query_one(sql, &[id.into()], |row| row.int(0))?.is_none() {
                    return Ok(Ok(None));
                }
                write_ending(tx, id, &ending)?;
                Ok(Ok(Some(run_of(tx, &child)?.1)))
            })
        });
        if let Some(attempt) = written.await.transpose()?.flatten() {
            count_ended(&ending);
            self.child_ended(&child, attempt, ending);
        }
        Ok(())
    }

    /// Stops an Express child.
    pub(super) async fn stop_express(&self, id: i64, closing: Option<MapRunAttempt>) {
        let Some(closing) = self.inner.map_runs.under_way.remove(id).map_or(Some(closing), |stop| {
            // Who ends just now has nobody who listens.
            stop.send(closing).err()
        }) else {
            return;
        };
        // One that nobody has begun to run again since the last process.
        let read = move |tx: &Tx<'_>| Ok(executions::load(tx, id)?.and_then(|loaded| loaded.map_child));
        let Some(Some(child)) = self.inner.base.persist(id, || self.inner.base.store.read(read)).await else {
            return;
        };
        let _ = self.end_express(id, child, aborted(self), Some(closing)).await;
    }

    /// Runs a child again that the last process had not seen end.
    pub(super) async fn run_express_again(&self, id: i64) -> Result<(), Error> {
        let Some(loaded) = self.inner.base.store.read(move |tx| executions::load(tx, id)).await? else {
            return Ok(());
        };
        let Some(child) = loaded.map_child.filter(|_| loaded.status == ExecutionStatus::Running) else {
            return Ok(());
        };
        let program = self.inner.state_machines.program(loaded.revision, &loaded.definition, loaded.kind)?;
        let mut start = loaded.start;
        start.started = self.inner.base.now();
        let log = LogPlan::new(&loaded.logging);
        let run = InMemory {
            program,
            home: loaded.home,
            log,
            trace_header: loaded.trace_header,
            express_history: loaded.express_history,
            kept: OnceLock::new(),
            memory: None,
            start,
        };
        run.keep(self);
        self.spawn_express(id, child, Arc::new(run), None);
        Ok(())
    }

    /// Restarts a child that waits for its turn in this attempt, if it still does.
    pub(super) async fn restart_express(&self, id: i64, attempt: MapRunAttempt) -> Result<(), Error> {
        let now = self.inner.base.now();
        let restart = move |tx: &Tx<'_>| {
            let sql = "SELECT redrive_count FROM execution WHERE id = ?1";
            let Some(count) = tx.query_one(sql, &[id.into()], |row| row.int(0))? else { return Ok(()) };
            let is_awaited =
                executions::load(tx, id)?.and_then(|loaded| loaded.map_child).map(|child| run_of(tx, &child));
            if is_awaited.transpose()?.is_none_or(|(_, of)| of != attempt) {
                return Err(Error::Superseded);
            }
            tx.put("UPDATE execution SET shard = ?2 WHERE id = ?1", &[id.into(), tx.shard(id)?.into()])?;
            redrivable::write(tx, id, (redrivable::count(count) + 1, now), true)
        };
        match self.inner.base.store.write(restart).await {
            Ok(()) => self.run_express_again(id).await,
            Err(Error::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn aborted(engine: &Engine) -> Ending {
    Ending {
        status: ExecutionStatus::Aborted,
        stopped: engine.inner.base.now(),
        output: None,
        failure: Failure::default(),
    }
}
