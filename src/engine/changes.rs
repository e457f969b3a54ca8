//! What a step changes besides the journal: rows of timers and tasks, and the record of what has ended.

use metrics::counter;

use super::event::HistoryEvent;
use super::execution::{Ending, Entry};
use super::executions::status_code;
use super::machine::{Effect, TaskRun};
use super::nested::link::Loose;
use super::open::Engine;
use super::queue::Queued;
use super::runner::Origin;
use super::{Error, journal, redrive};
use crate::asl::Resource;
use crate::json::Payload;
use crate::meter;
use crate::store::{Param, Tx};

/// The effects of a step; written with it, performed after it.
pub(super) struct Changes {
    changes: Vec<Change>,
    /// The events of the step that are logged.
    told: Vec<HistoryEvent>,
    loose: Loose,
}

enum Change {
    /// One that needs nothing.
    Effect(Effect),
    /// A task for workers, with its row and its activity.
    Queue { run: TaskRun, row: i64, activity: i64 },
    /// A call of a service, with its row.
    Call { run: TaskRun, row: i64 },
}

impl Changes {
    /// Gives the tasks of a step their rows.
    pub(super) fn new(engine: &Engine, origin: &Origin, effects: Vec<Effect>, entries: &[Entry]) -> Self {
        let change = |effect| match effect {
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
            Effect::ArmTimer { .. }
            | Effect::CancelTimer(_)
            | Effect::AbandonTask(_)
            | Effect::Redriven { .. }
            | Effect::Ended(_) => Change::Effect(effect),
        };
        Self {
            changes: effects.into_iter().map(change).collect(),
            told: match &origin.log {
                None => Vec::new(),
                Some(plan) => plan.told(entries.iter().filter_map(|e| e.event.as_ref())).cloned().collect(),
            },
            loose: Loose::new(engine.inner.links.clone()),
        }
    }

    /// How the execution ended, if it did.
    pub(super) fn ending(&self) -> Option<&Ending> {
        self.changes.iter().find_map(|change| match change {
            Change::Effect(Effect::Ended(ending)) => Some(ending),
            Change::Effect(_) | Change::Queue { .. } | Change::Call { .. } => None,
        })
    }

    /// Writes them for execution `id`.
    pub(super) fn write(&mut self, tx: &Tx<'_>, id: i64) -> Result<(), Error> {
        for change in &self.changes {
            match change {
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
                    tx.execute("DELETE FROM timer WHERE execution = ?1", &[id.into()])?;
                    tx.execute("DELETE FROM task WHERE execution = ?1", &[id.into()])?;
                    write_ending(tx, id, ending)?;
                }
                // Made into the two above.
                Change::Effect(Effect::RunTask(_)) => {}
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
        for change in self.changes {
            match change {
                Change::Queue { run, row, activity } => {
                    engine.inner.queues.push(activity, Queued::new(row, id, run.task));
                }
                Change::Call { run, .. } => engine.call(origin.clone(), run),
                Change::Effect(Effect::ArmTimer { key, at }) => engine.inner.timers.arm(id, key, at),
                Change::Effect(Effect::CancelTimer(key)) => engine.inner.timers.cancel(id, key),
                Change::Effect(Effect::AbandonTask(task)) => engine.inner.queues.abandon(id, task),
                Change::Effect(Effect::Ended(ending)) => {
                    engine.inner.timers.cancel_all(id);
                    engine.inner.queues.abandon_all(id);
                    count_ended(&ending);
                }
                Change::Effect(Effect::RunTask(_) | Effect::Redriven { .. }) => {}
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
