//! The engine's handle, and what it knows from the start.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};
use tokio::sync::watch;

use super::activities::Activities;
use super::base::Base;
use super::evaluations::Evaluations;
use super::executions::Executions;
use super::express_kept::KeptExpress;
use super::express_over::Over;
use super::links::Links;
use super::live::LiveExecutions;
use super::logging::Logs;
use super::machine::{Env, Limits};
use super::map_run_memory::MapRuns;
use super::objects::Objects;
use super::state_machines::StateMachines;
use super::tagging::Tags;
use super::tasks::Tasks;
use super::timers::Timers;
use super::{Error, Options, records, schema};
use crate::clock::{Clock, Ids, SteadyClock};
use crate::id::{AccountRegion, ActivityArn};
use crate::meter;
use crate::store::{Store, Tx};

/// What an engine is opened with.
pub struct Ports {
    /// Where executions are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// What Task states call.
    pub tasks: Arc<dyn Tasks>,
    /// Where executions are logged.
    pub logs: Arc<dyn Logs>,
    /// The objects that Maps read and write.
    pub objects: Arc<dyn Objects>,
}

/// The workflow engine; clones share it.
///
/// It runs executions: its own operations start, stop and change them. What can be asked without touching one is of its
/// parts: [`state_machines`](Self::state_machines), [`activities`](Self::activities), [`tags`](Self::tags),
/// [`executions`](Self::executions).
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) base: Arc<Base>,
    pub(super) state_machines: Arc<StateMachines>,
    pub(super) activities: Arc<Activities>,
    tags: Tags,
    executions: Executions,
    pub(super) tasks: Arc<dyn Tasks>,
    pub(super) logs: Arc<dyn Logs>,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) live: LiveExecutions,
    pub(super) timers: Arc<Timers>,
    pub(super) links: Links,
    pub(super) map_runs: MapRuns,
    pub(super) evaluations: Evaluations,
    pub(super) express_kept: Arc<KeptExpress>,
    pub(super) express_over: Over,
    pub(super) meters: Meters,
}

pub(super) struct Meters {
    pub(super) started: Counter,
    pub(super) stale: Counter,
    pub(super) timer_late: Histogram,
}

/// The first key of a store that has no sequence of keys yet: beyond all that were made without one.
fn first_key(tx: &Tx<'_>) -> Result<i64, Error> {
    let sql = "SELECT MAX(m) FROM (
        SELECT MAX(id) AS m FROM execution UNION ALL SELECT MAX(id) FROM state_machine
        UNION ALL SELECT MAX(id) FROM state_machine_revision UNION ALL SELECT MAX(id) FROM state_machine_alias
        UNION ALL SELECT MAX(id) FROM activity UNION ALL SELECT MAX(id) FROM map_run
        UNION ALL SELECT MAX(id) FROM task) AS ids";
    let last: Option<Option<i64>> = tx.query_one(sql, &[], |row| row.opt_int(0))?;
    Ok(last.flatten().unwrap_or(0) + 1)
}

impl Engine {
    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// When the store can't be read, or was written by a newer version.
    pub fn migrate(store: &Store) -> Result<(), Error> {
        store.migrate("engine", schema::STEPS)?;
        Ok(store.declare(records::RECORDS)?)
    }

    /// Opens the engine on a store: declares its tables, puts queued tasks back in line, makes interrupted
    /// calls again and starts the timers. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the store can't be read, or was written by a newer version.
    ///
    /// Boxed, so that what goes on after a restart is compiled here and not again where the engine is opened.
    pub fn open(ports: Ports, options: Options) -> Pin<Box<dyn Future<Output = Result<Self, Error>> + Send>> {
        Box::pin(async move {
            let Ports { store, clock, ids, tasks, logs, objects } = ports;
            Self::migrate(&store)?;
            // Waits take as long as they say, whatever the machine's clock is set to meanwhile.
            let clock: Arc<dyn Clock> = Arc::new(SteadyClock::new(clock));
            let keys = store.sequence("engine", first_key)?;
            let (links, map_runs) = (Links::open(&store).await?, MapRuns::open(&store).await?);
            let live = LiveExecutions::new(options.live_bytes);
            let (draining, closed) = (watch::Sender::new(false), watch::Sender::new(false));
            let base = Arc::new(Base { store, clock, ids, options, keys, draining, closed });
            let state_machines = Arc::new(StateMachines::new(base.clone(), logs.clone()));
            let activities = Arc::new(Activities::new(base.clone()));
            let express_kept = Arc::new(KeptExpress::default());
            let tags = Tags {
                base: base.clone(),
                state_machines: state_machines.clone(),
                activities: activities.clone(),
            };
            let inner = Inner {
                executions: Executions::new(base.clone(), state_machines.clone(), express_kept.clone()),
                base,
                state_machines,
                activities,
                tags,
                tasks,
                logs,
                objects,
                live,
                timers: Arc::new(Timers::new()),
                links,
                map_runs,
                evaluations: Evaluations::new(),
                express_kept,
                express_over: Over::default(),
                meters: Meters {
                    started: counter!(meter::EXECUTIONS_STARTED),
                    stale: counter!(meter::EVENTS_STALE),
                    timer_late: histogram!(meter::TIMER_LATE_SECONDS),
                },
            };
            let engine = Self { inner: Arc::new(inner) };
            engine.recover().await?;
            Ok(engine)
        })
    }

    /// The control plane over state machines, their versions and aliases.
    pub fn state_machines(&self) -> &StateMachines {
        &self.inner.state_machines
    }

    /// The control plane over activities.
    pub fn activities(&self) -> &Activities {
        &self.inner.activities
    }

    /// The tags of state machines and activities.
    pub fn tags(&self) -> &Tags {
        &self.inner.tags
    }

    /// What executions are and did.
    pub fn executions(&self) -> &Executions {
        &self.inner.executions
    }

    /// Answers long polls at once from now on: the server is about to stop.
    pub fn begin_drain(&self) {
        self.inner.base.draining.send_replace(true);
    }

    /// Ends the engine's own tasks. What is open goes on when the store is opened again.
    pub fn close(&self) {
        self.begin_drain();
        self.inner.base.closed.send_replace(true);
        self.inner.timers.stop();
    }

    /// Takes a step of the machine, of an execution that is at `home`, with this engine's time and ids.
    pub(super) fn with_env<T>(
        &self,
        execution: i64,
        home: &AccountRegion,
        limits: Limits,
        is_deleting: bool,
        step: impl FnOnce(&Env<'_>) -> T,
    ) -> T {
        self.with_env_since(self.inner.base.clock.monotonic(), execution, home, limits, is_deleting, step)
    }

    /// The same for a step that is part of what began at this monotonic time: its limits of time are those of the whole.
    pub(super) fn with_env_since<T>(
        &self,
        began: Duration,
        execution: i64,
        home: &AccountRegion,
        limits: Limits,
        is_deleting: bool,
        step: impl FnOnce(&Env<'_>) -> T,
    ) -> T {
        let prefix = super::task_tokens::prefix(execution);
        let exists = |arn: &ActivityArn| arn.home == *home && self.inner.activities.id_of(arn).is_some();
        let env = Env {
            now: self.inner.base.now(),
            elapsed: &|| self.inner.base.clock.monotonic().saturating_sub(began),
            ids: &self.inner.base.ids,
            token_prefix: &prefix,
            activity_exists: &exists,
            refuse_arguments: &|integration, arguments| {
                super::start_arguments::refuse(integration, arguments)
                    .or_else(|| self.inner.tasks.refuse(integration, arguments))
            },
            limits,
            is_deleting,
            map_refused: None,
            trial: None,
        };
        step(&env)
    }
}
