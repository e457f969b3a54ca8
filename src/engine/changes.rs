//! What a step changes besides the journal: rows of timers and tasks, and the record of what has ended.
//!
//! Each effect of a step is a [`Change`]: what it writes with the step, and what it does once the step is durable.

mod children;
mod ending;
mod map_runs;
mod record;
mod tasks;
mod timers;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::children::ExpressChild;
use self::children::{Child, ExpressBeginning};
use self::ending::{Ended, Reopened};
use self::map_runs::{
    Begins, CountsItems, Ends, GoesOn, LoadsItems, ReadsItems, RedrivesChild, StopsChildren, WritesResults,
};
pub(super) use self::record::{Beginning, Prepared, Record, Written};
use self::tasks::{Abandoned, Called, Queue};
use self::timers::{Armed, Canceled};
use super::Error;
use super::event::HistoryEvent;
use super::execution::{Ending, Entry, MapRunAttempt};
use super::links::{LinkChanges, Links};
use super::machine::{ChildStart, Effect, Input};
use super::map_child::MapChild;
use super::map_run_rows::{RunOf, Tally};
use super::open::Engine;
use super::origin::Origin;
use super::state_machines::LoadedMachine;
use crate::asl::{Processor, Resource, StateMachineType};
use crate::clock::Timestamp;
use crate::store::Tx;

/// An effect of a step.
trait Change: Send {
    /// Writes it with its step.
    fn write(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        let _ = (tx, step, done);
        Ok(())
    }

    /// Writes what stays of it when the step is the first and the last of its execution: there are no timers and tasks
    /// to write only to delete them.
    fn write_lasting(&self, tx: &Tx<'_>, step: &Step, done: &mut Done) -> Result<(), Error> {
        let _ = (tx, step, done);
        Ok(())
    }

    /// Performs it, now that the step is durable.
    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, step: &Step, done: &mut Done) {
        let _ = (engine, origin, step, done);
    }
}

/// What the changes of a step know of it.
struct Step {
    /// The execution.
    id: i64,
    /// The revision of the execution's machine.
    revision: i64,
    now: Timestamp,
    /// Whose child the execution is, if it is one of a Map Run.
    map_child: Option<MapChild>,
    ending: Option<Ending>,
    may_have_map_runs: bool,
    /// This step has begun some.
    has_begun_runs: bool,
    links: Links,
}

/// What writing the changes of a step found and did, as often as that takes: needed to perform them.
#[derive(Default)]
pub(super) struct Done {
    /// The attempt of its Map Run in which the execution has ended, if it is a child of one.
    ended_in: Option<MapRunAttempt>,
    /// Map Runs are over whose children may still run.
    has_left_children: bool,
    /// The Map Run whose children were written last.
    runs: RunOf,
    links: LinkChanges,
    tally: Tally,
    /// What was done for the Standard children that begin, in the order of their changes …
    children: VecDeque<Self>,
    /// … and in which attempts of their runs the Express ones do.
    attempts: VecDeque<MapRunAttempt>,
}

impl Done {
    /// Of a child that is written when it has ended: in this attempt of its run.
    pub(super) fn ended_in(attempt: MapRunAttempt) -> Self {
        Self { ended_in: Some(attempt), ..Self::default() }
    }
}

/// The effects of a step; written with it, performed after it.
pub(super) struct Changes {
    changes: Vec<Box<dyn Change>>,
    /// The events of the step that are logged.
    logged: Vec<HistoryEvent>,
    step: Step,
}

impl Changes {
    /// Gives the tasks of a step their rows, and lets the child executions that it begins take their first step. Their
    /// steps are part of this one, which began at the monotonic time `began`: once it is late, children are begun but go
    /// on in steps of their own.
    ///
    /// # Errors
    /// When a child can't be begun: its definition can't be read.
    pub(super) fn new(
        engine: &Engine,
        origin: &Origin,
        effects: Vec<Effect>,
        entries: &[Entry],
        began: Duration,
    ) -> Result<Self, Error> {
        let mut step = Step {
            id: origin.id,
            revision: origin.revision,
            now: engine.inner.base.now(),
            map_child: origin.map_child,
            ending: None,
            may_have_map_runs: engine.inner.map_runs.may_be(),
            has_begun_runs: false,
            links: engine.inner.links.clone(),
        };
        let mut processors = Processors { engine, origin, last: None };
        let mut changes = Vec::with_capacity(effects.len());
        for effect in effects {
            match &effect {
                Effect::Ended(ending) => step.ending = Some(ending.clone()),
                Effect::StartMapRun(_) => step.has_begun_runs = true,
                _ => {}
            }
            changes.push(change(effect, &mut processors, began)?);
        }
        let logged = match &origin.log {
            None => Vec::new(),
            Some(plan) => plan.told(entries.iter().filter_map(|e| e.event.as_ref())).cloned().collect(),
        };
        Ok(Self { changes, logged, step })
    }

    /// How the execution ended, if it did.
    pub(super) fn ending(&self) -> Option<&Ending> {
        self.step.ending.as_ref()
    }

    /// Writes them.
    pub(super) fn write(&self, tx: &Tx<'_>, done: &mut Done) -> Result<(), Error> {
        self.changes.iter().try_for_each(|change| change.write(tx, &self.step, done))
    }

    /// Writes of a step that ended the execution at once what stays of it.
    pub(super) fn write_lasting(&self, tx: &Tx<'_>, done: &mut Done) -> Result<(), Error> {
        self.changes.iter().try_for_each(|change| change.write_lasting(tx, &self.step, done))
    }

    /// Logs what the step did, now that it is durable.
    pub(super) fn log(&self, engine: &Engine, origin: &Origin, redrive_count: u32) {
        if let Some(plan) = &origin.log {
            plan.log(&*engine.inner.logs, &origin.arn, redrive_count, self.logged.iter());
        }
    }

    /// Performs them, now that they are durable.
    pub(super) fn act(self, engine: &Engine, origin: &Origin, mut done: Done) {
        std::mem::take(&mut done.tally).count();
        act_on_links(&done.links, engine, origin.id);
        if done.has_left_children {
            engine.stop_children(origin.id, None);
        }
        for change in self.changes {
            change.act(engine, origin, &self.step, &mut done);
        }
    }
}

/// Tells who waits, and stops whom nobody waits for, now that it is durable.
fn act_on_links(links: &LinkChanges, engine: &Engine, id: i64) {
    let LinkChanges { has_parents, has_orphans } = *links;
    if has_parents || has_orphans {
        let engine = engine.clone();
        tokio::spawn(async move {
            if has_parents {
                engine.tell_parents(id).await;
            }
            if has_orphans {
                engine.stop_orphans(id).await;
            }
        });
    }
}

/// The machines that a step's children run. Mostly it is one and the same.
struct Processors<'e> {
    engine: &'e Engine,
    origin: &'e Origin,
    last: Option<(Arc<Processor>, Arc<LoadedMachine>)>,
}

impl Processors<'_> {
    fn machine(&mut self, processor: &Arc<Processor>) -> Result<Arc<LoadedMachine>, Error> {
        match &self.last {
            Some((of, machine)) if Arc::ptr_eq(of, processor) => Ok(machine.clone()),
            Some(_) | None => {
                let machine = self.engine.processor(self.origin, processor)?;
                self.last = Some((processor.clone(), machine.clone()));
                Ok(machine)
            }
        }
    }
}

fn change(
    effect: Effect,
    processors: &mut Processors<'_>,
    began: Duration,
) -> Result<Box<dyn Change>, Error> {
    let engine = processors.engine;
    Ok(match effect {
        Effect::ArmTimer { key, at } => Box::new(Armed { key, at }),
        Effect::CancelTimer(key) => Box::new(Canceled(key)),
        Effect::RunTask(run) => {
            let activity = match &run.resource {
                Resource::Activity(arn) => engine.inner.activities.id_of(arn),
                Resource::Lambda(_) | Resource::Integration(_) => None,
            };
            let row = engine.inner.base.next_id()?;
            match activity {
                Some(activity) => Box::new(Queue { run, row, activity }),
                None => Box::new(Called { run, row }),
            }
        }
        Effect::AbandonTask(task) => Box::new(Abandoned(task)),
        Effect::StartMapRun(start) => {
            let machine = processors.machine(&start.processor)?;
            Box::new(Begins { start, row: engine.inner.base.next_id()?, machine })
        }
        Effect::StartChild(start) => child(*start, processors, began)?,
        Effect::ReadItems(request) => Box::new(ReadsItems(request)),
        Effect::CountItems { key, length } => Box::new(CountsItems { key, length }),
        Effect::LoadItems { key, first, n } => Box::new(LoadsItems { key, first, n }),
        Effect::StopChildren(attempt) => Box::new(StopsChildren(attempt)),
        Effect::WriteResults(request) => Box::new(WritesResults(request)),
        Effect::RedriveMapRun { key, count } => Box::new(GoesOn { key, count }),
        Effect::RedriveChild { attempt, index } => Box::new(RedrivesChild { attempt, index }),
        Effect::EndMapRun { key, status } => Box::new(Ends { key, status }),
        Effect::Redriven { count, at } => Box::new(Reopened { count, at }),
        // How it ended is in `Step`.
        Effect::Ended(_) => Box::new(Ended),
    })
}

fn child(
    start: ChildStart,
    processors: &mut Processors<'_>,
    began: Duration,
) -> Result<Box<dyn Change>, Error> {
    let (engine, origin) = (processors.engine, processors.origin);
    let machine = processors.machine(&start.processor)?;
    let ChildStart { key, index, n_items, processor: _, input } = start;
    let child = MapChild { parent: origin.id, key, index, n_items };
    // What a Map Run does belongs to the trace of its parent.
    let trace_header = origin.trace_header.as_deref().map(str::to_owned);
    if machine.kind == StateMachineType::Express {
        let child = engine.prepare_express(&machine, child, input, trace_header)?;
        return Ok(Box::new(ExpressBeginning(child)));
    }
    // In the order of time, which costs the name's index much less.
    let name = engine.inner.base.ordered_uuid().into();
    let beginning = Beginning {
        name,
        input,
        trace_header,
        map_child: Some(child),
        first: Input::Start,
        map_refused: None,
    };
    Ok(Box::new(Child(engine.prepare_as(&machine, beginning, began)?)))
}
