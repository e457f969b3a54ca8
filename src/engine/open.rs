//! The engine's handle, and what it knows from the start.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};
use quick_cache::sync::Cache;
use tokio::sync::watch;

use super::deletion::Deleting;
use super::evaluations::Evaluations;
use super::express_kept::KeptExpress;
use super::express_over::Over;
use super::live::LiveExecutions;
use super::logging::Logs;
use super::machine::{Env, Limits};
use super::map_runs::MapRuns;
use super::nested::link::Links;
use super::objects::Objects;
use super::queue::Queues;
use super::state_machines::Machines;
use super::tasks::Tasks;
use super::timers::Timers;
use super::{Error, Options, records, schema};
use crate::asl::Program;
use crate::clock::{Clock, Ids, SteadyClock, Timestamp};
use crate::id::{AccountRegion, ActivityArn};
use crate::meter;
use crate::store::{Sequence, Store, Tx};

/// Compiled programs kept, by revision.
const PROGRAMS_KEPT: usize = 1000;

/// The workflow engine; clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) options: Options,
    pub(super) tasks: Arc<dyn Tasks>,
    pub(super) logs: Arc<dyn Logs>,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) live: LiveExecutions,
    pub(super) timers: Timers,
    pub(super) queues: Queues,
    pub(super) links: Links,
    pub(super) map_runs: MapRuns,
    pub(super) evaluations: Evaluations,
    pub(super) machines: RwLock<Machines>,
    pub(super) deleting: Deleting,
    pub(super) express_kept: KeptExpress,
    pub(super) express_over: Over,
    pub(super) programs: Cache<i64, Arc<Program>>,
    /// Ids of activities: whether there is one is asked within a step.
    pub(super) activities: RwLock<HashMap<ActivityArn, i64>>,
    pub(super) draining: watch::Sender<bool>,
    pub(super) closed: watch::Sender<bool>,
    pub(super) meters: Meters,
    keys: Sequence,
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
    /// Opens the engine on `store`: declares its tables, puts queued tasks back in line, makes interrupted
    /// calls again and starts the timers. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the store can't be read, or was written by a newer version.
    ///
    /// Boxed, so that what goes on after a restart is compiled here and not again where the engine is opened.
    pub fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        options: Options,
        tasks: Arc<dyn Tasks>,
        logs: Arc<dyn Logs>,
        objects: Arc<dyn Objects>,
    ) -> Pin<Box<dyn Future<Output = Result<Self, Error>> + Send>> {
        Box::pin(Self::opened(store, clock, ids, options, tasks, logs, objects))
    }

    async fn opened(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        options: Options,
        tasks: Arc<dyn Tasks>,
        logs: Arc<dyn Logs>,
        objects: Arc<dyn Objects>,
    ) -> Result<Self, Error> {
        store.migrate("engine", schema::STEPS)?;
        store.declare(records::RECORDS)?;
        // Waits take as long as they say, whatever the machine's clock is set to meanwhile.
        let clock: Arc<dyn Clock> = Arc::new(SteadyClock::new(clock));
        let keys = store.sequence("engine", first_key)?;
        let first = keys.first();
        let inner = Inner {
            live: LiveExecutions::new(options.live_bytes),
            timers: Timers::new(),
            queues: Queues::new(options.pollers_per_activity),
            links: Links::open(&store).await?,
            map_runs: MapRuns::open(&store).await?,
            evaluations: Evaluations::new(),
            machines: RwLock::default(),
            deleting: Deleting::default(),
            express_kept: KeptExpress::default(),
            express_over: Over::default(),
            programs: Cache::new(PROGRAMS_KEPT),
            activities: RwLock::new(HashMap::new()),
            draining: watch::Sender::new(false),
            closed: watch::Sender::new(false),
            meters: Meters {
                started: counter!(meter::EXECUTIONS_STARTED),
                stale: counter!(meter::EVENTS_STALE),
                timer_late: histogram!(meter::TIMER_LATE_SECONDS),
            },
            keys,
            store,
            clock,
            ids,
            options,
            tasks,
            logs,
            objects,
        };
        let engine = Self { inner: Arc::new(inner) };
        engine.load_activities().await?;
        engine.recover_queues().await?;
        engine.recover_deletions().await?;
        let recovering = engine.clone();
        tokio::spawn(async move {
            recovering.recover_calls(first - 1).await;
            recovering.recover_nested().await;
            recovering.recover_map_runs().await;
            recovering.recover_express(first - 1).await;
        });
        engine.start_timers();
        engine.start_retention();
        Ok(engine)
    }

    /// Answers long polls at once from now on: the server is about to stop.
    pub fn begin_drain(&self) {
        self.inner.draining.send_replace(true);
    }

    /// Ends the engine's own tasks. What is open goes on when the store is opened again.
    pub fn close(&self) {
        self.begin_drain();
        self.inner.closed.send_replace(true);
        self.inner.timers.stop();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The next integer key. Keys grow with time over all tables.
    pub(super) fn next_id(&self) -> Result<i64, Error> {
        Ok(self.inner.keys.next()?)
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
        self.with_env_since(self.inner.clock.monotonic(), execution, home, limits, is_deleting, step)
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
        let exists = |arn: &ActivityArn| arn.home == *home && self.activity_id(arn).is_some();
        let env = Env {
            now: self.now(),
            elapsed: &|| self.inner.clock.monotonic().saturating_sub(began),
            ids: &self.inner.ids,
            token_prefix: &prefix,
            activity_exists: &exists,
            refuse_arguments: &|integration, arguments| {
                super::nested::refuse(integration, arguments)
                    .or_else(|| self.inner.tasks.refuse(integration, arguments))
            },
            limits,
            is_deleting,
            map_refused: None,
            trial: None,
        };
        step(&env)
    }

    pub(super) fn activity_id(&self, arn: &ActivityArn) -> Option<i64> {
        self.inner.activities.read().unwrap_or_else(PoisonError::into_inner).get(arn).copied()
    }
}
