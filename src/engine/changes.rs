//! What a step changes besides the journal: rows of timers and tasks, and the record of what has ended.

use std::sync::Arc;

use metrics::counter;

use super::event::HistoryEvent;
use super::execution::{Ending, Entry};
use super::executions::status_code;
use super::live::Live;
use super::machine::{ChildStart, Effect, MapRunStart, TaskRun};
use super::map_runs::{self, MapChild};
use super::nested::link::Loose;
use super::open::Engine;
use super::queue::Queued;
use super::runner::Origin;
use super::start::{Prepared, Written};
use super::state_machines::LoadedMachine;
use super::{Error, journal, redrive};
use crate::asl::Resource;
use crate::clock::Timestamp;
use crate::json::Payload;
use crate::meter;
use crate::store::{Param, Tx};

/// The effects of a step; written with it, performed after it.
pub(super) struct Changes {
    changes: Vec<Change>,
    /// The events of the step that are logged.
    told: Vec<HistoryEvent>,
    loose: Loose,
    /// The revision of the execution's machine, and the time of the step.
    revision: i64,
    now: Timestamp,
    may_have_map_runs: bool,
    /// Map Runs are over whose children may still run.
    has_left_children: bool,
}

enum Change {
    /// One that needs nothing.
    Effect(Effect),
    /// A task for workers, with its row and its activity.
    Queue { run: TaskRun, row: i64, activity: i64 },
    /// A call of a service, with its row.
    Call { run: TaskRun, row: i64 },
    /// A Map Run, with its row and the machine that its children run.
    MapRun { start: Box<MapRunStart>, row: i64, machine: Arc<LoadedMachine> },
    /// A child execution before it is written …
    Child(Box<Prepared>),
    /// … and after.
    Begun(Box<(Live, Changes)>),
    /// Between the two.
    None,
}

impl Changes {
    /// Gives the tasks of a step their rows, and lets the child executions that it begins take their first step.
    ///
    /// # Errors
    /// When a child can't be begun: its definition can't be read.
    pub(super) fn new(
        engine: &Engine,
        origin: &Origin,
        effects: Vec<Effect>,
        entries: &[Entry],
    ) -> Result<Self, Error> {
        let change = |effect| {
            Ok(match effect {
                Effect::RunTask(run) => {
                    let activity = match &run.resource {
                        Resource::Activity(arn) => engine.activity_id(arn),
                        Resource::Lambda(_) | Resource::Integration(_) => None,
                    };
                    match activity {
                        Some(activity) => Change::Queue { run, row: engine.next_id(), activity },
                        None => Change::Call { run, row: engine.next_id() },
                    }
                }
                Effect::StartMapRun(start) => {
                    let machine = engine.processor(origin, &start.processor)?;
                    Change::MapRun { start, row: engine.next_id(), machine }
                }
                Effect::StartChild(start) => {
                    let machine = engine.processor(origin, &start.processor)?;
                    let ChildStart { key, index, n_items, processor: _, input } = *start;
                    let child = MapChild { parent: origin.id, key, index, n_items };
                    let name = engine.inner.ids.uuid().to_string().into();
                    Change::Child(Box::new(engine.prepare_as(&machine, name, input, None, Some(child))?))
                }
                Effect::ArmTimer { .. }
                | Effect::CancelTimer(_)
                | Effect::AbandonTask(_)
                | Effect::ReadItems(_)
                | Effect::CountItems { .. }
                | Effect::LoadItems { .. }
                | Effect::StopChildren(_)
                | Effect::WriteResults(_)
                | Effect::RedriveMapRun { .. }
                | Effect::RedriveChild { .. }
                | Effect::EndMapRun { .. }
                | Effect::Redriven { .. }
                | Effect::Ended(_) => Change::Effect(effect),
            })
        };
        Ok(Self {
            changes: effects.into_iter().map(change).collect::<Result<_, Error>>()?,
            told: match &origin.log {
                None => Vec::new(),
                Some(plan) => plan.told(entries.iter().filter_map(|e| e.event.as_ref())).cloned().collect(),
            },
            loose: Loose::new(engine.inner.links.clone()),
            may_have_map_runs: engine.inner.map_runs.may_be(),
            revision: origin.revision,
            now: engine.now(),
            has_left_children: false,
        })
    }

    /// How the execution ended, if it did.
    pub(super) fn ending(&self) -> Option<&Ending> {
        self.changes.iter().find_map(|change| match change {
            Change::Effect(Effect::Ended(ending)) => Some(ending),
            Change::Effect(_)
            | Change::Queue { .. }
            | Change::Call { .. }
            | Change::MapRun { .. }
            | Change::Child(_)
            | Change::Begun(_)
            | Change::None => None,
        })
    }

    /// Writes them for execution `id`.
    pub(super) fn write(&mut self, tx: &Tx<'_>, id: i64) -> Result<(), Error> {
        let now = self.now;
        for change in &mut self.changes {
            match change {
                Change::MapRun { start, row, machine } => {
                    map_runs::insert(tx, (id, *row), start, self.revision, machine, now)?;
                }
                Change::Child(_) => {
                    let Change::Child(prepared) = std::mem::replace(change, Change::None) else { continue };
                    let Prepared { record, live, arn } = *prepared;
                    // Its name is new, as it was made up in this step.
                    if let Written::New(changes) = record.write(tx, &arn)? {
                        *change = Change::Begun(Box::new((live, changes)));
                    }
                }
                // What is done afterwards.
                Change::Begun(_)
                | Change::None
                | Change::Effect(
                    Effect::ReadItems(_)
                    | Effect::LoadItems { .. }
                    | Effect::StopChildren(_)
                    | Effect::WriteResults(_)
                    | Effect::RedriveChild { .. },
                ) => {}
                Change::Effect(Effect::RedriveMapRun { key, count }) => {
                    map_runs::redrive(tx, id, *key, *count, now)?;
                }
                Change::Effect(Effect::CountItems { key, length }) => {
                    map_runs::count_items(tx, id, *key, *length)?;
                }
                Change::Effect(Effect::EndMapRun { key, status }) => {
                    map_runs::end(tx, id, *key, *status, now)?;
                    self.has_left_children = true;
                }
                Change::Queue { run, row, activity } => write_task(tx, id, *row, Some(*activity), run)?,
                Change::Call { run, row } => write_task(tx, id, *row, None, run)?,
                Change::Effect(Effect::ArmTimer { key, at }) => {
                    let [frame, kind, stamp] = journal::timer_columns(*key);
                    let sql =
                        "INSERT INTO timer (execution, frame, kind, stamp, due) VALUES (?1, ?2, ?3, ?4, ?5)
                               ON CONFLICT (execution, frame, kind, stamp) DO UPDATE SET due = excluded.due";
                    let due = at.as_millis();
                    tx.execute(sql, &[id.into(), frame.into(), kind.into(), stamp.into(), due.into()])?;
                }
                Change::Effect(Effect::CancelTimer(key)) => super::timers::remove(tx, id, *key)?,
                Change::Effect(Effect::AbandonTask(task)) => {
                    let [frame, scheduled] = journal::task_columns(*task);
                    remove_task(tx, id, frame, scheduled)?;
                    self.loose.abandon(tx, id, *task)?;
                }
                Change::Effect(Effect::Redriven { count, at }) => redrive::write(tx, id, *count, *at)?,
                Change::Effect(Effect::Ended(ending)) => {
                    self.loose.end(tx, id)?;
                    if self.may_have_map_runs && map_runs::end_all(tx, id, ending.status, now)? {
                        self.has_left_children = true;
                    }
                    tx.execute("DELETE FROM timer WHERE execution = ?1", &[id.into()])?;
                    tx.execute("DELETE FROM task WHERE execution = ?1", &[id.into()])?;
                    write_ending(tx, id, ending)?;
                }
                // Made into changes of their own.
                Change::Effect(Effect::RunTask(_) | Effect::StartMapRun(_) | Effect::StartChild(_)) => {}
            }
        }
        Ok(())
    }

    /// Writes of a step that ended the execution at once what stays of it.
    pub(super) fn write_map_runs(&mut self, tx: &Tx<'_>, id: i64) -> Result<(), Error> {
        for change in &self.changes {
            match change {
                Change::MapRun { start, row, machine } => {
                    map_runs::insert(tx, (id, *row), start, self.revision, machine, self.now)?;
                }
                Change::Effect(Effect::EndMapRun { key, status }) => {
                    map_runs::end(tx, id, *key, *status, self.now)?;
                }
                Change::Effect(Effect::Ended(ending)) if self.may_have_map_runs => {
                    map_runs::end_all(tx, id, ending.status, self.now)?;
                }
                _ => {} // Nothing else is kept of what has ended.
            }
        }
        Ok(())
    }

    /// Logs what the step did, now that it is durable.
    pub(super) fn log(&self, engine: &Engine, origin: &Origin, redrive_count: u32) {
        if let Some(plan) = &origin.log {
            plan.log(&*engine.inner.logs, &origin.arn, redrive_count, self.told.iter());
        }
    }

    /// Performs them, now that they are durable.
    pub(super) fn act(self, engine: &Engine, origin: &Origin) {
        let Origin { id, .. } = *origin;
        self.loose.act(engine, id);
        if self.has_left_children {
            engine.stop_children(id, None);
        }
        for change in self.changes {
            match change {
                Change::Queue { run, row, activity } => {
                    engine.inner.queues.push(activity, Queued::new(row, id, run.task));
                }
                Change::Call { run, .. } => engine.call(origin.clone(), run),
                Change::Effect(Effect::ArmTimer { key, at }) => engine.inner.timers.arm(id, key, at),
                Change::Effect(Effect::CancelTimer(key)) => engine.inner.timers.cancel(id, key),
                Change::Effect(Effect::AbandonTask(task)) => engine.inner.queues.abandon(id, task),
                Change::Begun(begun) => {
                    let (live, changes) = *begun;
                    engine.begin(live, changes);
                }
                Change::Effect(Effect::ReadItems(request)) => engine.read_items(origin.clone(), *request),
                Change::Effect(Effect::LoadItems { key, first, n }) => engine.load_items(id, key, first, n),
                Change::Effect(Effect::StopChildren(key)) => engine.stop_children(id, Some(key)),
                Change::Effect(Effect::WriteResults(request)) => {
                    engine.write_results(origin.clone(), *request);
                }
                Change::Effect(Effect::RedriveChild { key, index }) => engine.redrive_child(id, key, index),
                Change::Effect(Effect::Ended(ending)) => {
                    engine.inner.timers.cancel_all(id);
                    engine.inner.queues.abandon_all(id);
                    count_ended(&ending);
                    engine.finish_deleting(&origin.state_machine_arn);
                    if let Some(child) = origin.map_child {
                        engine.child_ended(child, ending);
                    }
                }
                Change::MapRun { .. } | Change::Child(_) | Change::None => {}
                Change::Effect(
                    Effect::RunTask(_)
                    | Effect::StartMapRun(_)
                    | Effect::StartChild(_)
                    | Effect::CountItems { .. }
                    | Effect::EndMapRun { .. }
                    | Effect::RedriveMapRun { .. }
                    | Effect::Redriven { .. },
                ) => {}
            }
        }
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
pub(super) fn remove_task(tx: &Tx<'_>, id: i64, frame: i64, scheduled: i64) -> Result<(), Error> {
    let sql = "DELETE FROM task WHERE execution = ?1 AND frame = ?2 AND scheduled = ?3";
    tx.execute(sql, &[id.into(), frame.into(), scheduled.into()])?;
    Ok(())
}

fn write_ending(tx: &Tx<'_>, id: i64, ending: &Ending) -> Result<(), Error> {
    let sql =
        "UPDATE execution SET status = ?2, stopped = ?3, output = ?4, error = ?5, cause = ?6 WHERE id = ?1";
    let params = [
        id.into(),
        status_code(ending.status).into(),
        ending.stopped.as_millis().into(),
        ending.output.as_ref().map(Payload::text).into(),
        ending.failure.error.as_deref().into(),
        ending.failure.cause.as_deref().into(),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// Counts an execution that has ended.
pub(super) fn count_ended(ending: &Ending) {
    counter!(meter::EXECUTIONS_ENDED, "status" => ending.status.as_str()).increment(1);
}
