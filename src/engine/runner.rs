//! One step of an execution: fold, decide, write down, and only then act.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::OwnedMutexGuard;

use super::changes::{Changes, Done};
use super::execution::{Entry, Execution, ExecutionStatus};
use super::executions::Loaded;
use super::live::{Live, Place};
use super::logging::LogPlan;
use super::machine::{self, Env, Input, Limits, Outcome, TimerKey};
use super::open::Engine;
use super::origin::Origin;
use super::{Error, executions, journal, timers};
use crate::clock::Timestamp;
use crate::store::{self, Tx};

/// How often a step is taken again at most because other nodes were faster.
const AGAIN_MAX: u32 = 64;
/// Whether the execution is open and no more of it is written than this node knows.
const IS_AHEAD: &str = "SELECT 1 FROM execution WHERE id = ?1 AND status = 0
    AND NOT EXISTS (SELECT 1 FROM journal WHERE execution = ?1 AND batch = ?2)";
/// The same of one that has ended.
const HAS_ENDED: &str = "SELECT 1 FROM execution WHERE id = ?1 AND status <> 0
    AND NOT EXISTS (SELECT 1 FROM journal WHERE execution = ?1 AND batch = ?2)";

fn overtaken() -> store::Error {
    store::Error::Conflict("another node has taken a step of the execution".to_owned())
}

/// An execution's place, locked.
pub(super) type Slot = OwnedMutexGuard<Option<Live>>;

impl Engine {
    /// Takes `input` in for execution `id`; `also` writes in the same transaction.
    ///
    /// Answers [`Outcome::Stale`], with nothing written, if the input is for something that is over.
    ///
    /// # Errors
    /// When the store fails; the execution is then as it was.
    pub(super) async fn advance(
        &self,
        id: i64,
        input: Input,
        also: impl Fn(&Tx<'_>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Outcome, Error> {
        let taken = match self.inner.base.store.is_shared() {
            false => self.advance_with(id, input, (), move |(), tx| also(tx)).await,
            true => {
                let also = Arc::new(also);
                self.until_ahead(|| {
                    let also = also.clone();
                    self.advance_with(id, input.clone(), (), move |(), tx| also(tx))
                })
                .await
            }
        };
        Ok(taken?.map_or(Outcome::Stale, |_| Outcome::Advanced))
    }

    /// Does `work` again as long as another node has taken a step of the same execution meanwhile: what is in memory here is
    /// read again then.
    pub(super) async fn until_ahead<T, F>(&self, mut work: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut n = 0;
        loop {
            match work().await {
                Err(Error::Store(store::Error::Conflict(_)))
                    if n < AGAIN_MAX && self.inner.base.store.is_shared() =>
                {
                    n += 1;
                }
                done => return done,
            }
        }
    }

    /// Whether the execution has ended, or gone on, without the knowledge of this node, which knows `batch` batches of its
    /// journal.
    pub(super) async fn is_behind(&self, id: i64, batch: i64) -> Result<bool, Error> {
        let read = self.inner.base.store.read(move |tx| {
            Ok::<_, Error>(tx.query_one(IS_AHEAD, &[id.into(), batch.into()], |_| Ok(()))?)
        });
        Ok(read.await?.is_none())
    }

    /// The same where what is written besides borrows `with`, which is given back with what it returned; `None` if the
    /// input is stale.
    pub(super) async fn advance_with<W: Send + 'static, T: Send + 'static>(
        &self,
        id: i64,
        input: Input,
        with: W,
        also: impl Fn(&W, &Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<(W, T)>, Error> {
        let engine = self.clone();
        self.whole(async move { engine.step(id, input, with, also).await }).await
    }

    /// Runs `work` to its end even if the caller goes away: whoever hangs up between the commit and what
    /// follows from it must not keep the rest from happening.
    pub(super) async fn whole<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        // Boxed: a task's future is moved several times before it runs, and its room once more for its result; these have
        // thousands of bytes.
        match tokio::spawn(Box::pin(work)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(Error::Store(store::Error::Panicked)),
            // The runtime is shutting down.
            Err(_) => Err(Error::Store(store::Error::Closed)),
        }
    }

    async fn step<W: Send + 'static, T: Send + 'static>(
        &self,
        id: i64,
        input: Input,
        with: W,
        also: impl Fn(&W, &Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<(W, T)>, Error> {
        let place = self.inner.live.place(id);
        let mut slot = self.fold(id, &place).await?;
        let Some(live) = slot.take() else { return Ok(self.stale()) };
        self.take_step((slot, place), live, input, with, also).await
    }

    /// Takes a step of `live`, which was taken out of its slot or has none yet. Until the step is durable, memory is
    /// ahead of the journal: a step that fails leaves the slot empty. `None` if the input is stale.
    pub(super) async fn take_step<W: Send + 'static, T: Send + 'static>(
        &self,
        (mut slot, place): (Slot, Place),
        mut live: Live,
        input: Input,
        with: W,
        also: impl Fn(&W, &Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<(W, T)>, Error> {
        let id = live.origin.id;
        let (program, decider) = (live.program.clone(), live.program.clone());
        let base = &self.inner.base;
        if program.has_distributed_map() {
            // Another node may have begun one.
            self.inner.map_runs.may_be.store(true, Ordering::SeqCst);
        }
        // Children and their parents look at each other's rows.
        let is_apart = live.origin.map_child.is_none() && !program.has_distributed_map();
        let is_deleting = self.inner.state_machines.is_deleting(&live.origin.state_machine_arn);
        let home = live.origin.home.clone();
        let limits = Limits::standard(live.origin.events_max);
        let is_redriven = matches!(input, Input::Redriven);
        let map_refused = self.map_refused(&program, &home, is_redriven, || live.origin.acting()).await;
        let step = move |engine: &Self| {
            let began = engine.inner.base.clock.monotonic();
            let step = engine.with_env_since(began, id, &home, limits, is_deleting, |env| {
                let env = Env { map_refused: map_refused.as_ref(), ..*env };
                machine::step(&program, &mut live.execution, input, &env)
            });
            let decided = match step.outcome {
                Outcome::Stale => None,
                Outcome::Advanced => {
                    let changes = Changes::new(engine, &live.origin, step.effects, &step.entries, began)?;
                    Some((changes, journal::Record::new(&step.entries)?))
                }
            };
            Ok::<_, Error>((live, decided))
        };
        let (mut live, decided) = self.inner.evaluations.decide(self, &decider, step).await??;
        let Some((changes, record)) = decided else {
            if base.store.is_shared() && !is_redriven && self.is_behind(id, live.batch).await? {
                return Err(Error::Store(overtaken()));
            }
            *slot = Some(live);
            return Ok(self.stale());
        };
        let (batch, bytes) = (live.batch, record.len_bytes());
        let write = move |(record, changes, with): &(journal::Record, Changes, W), tx: &Tx<'_>| {
            let mut done = Done::default();
            let sql = if is_redriven { HAS_ENDED } else { IS_AHEAD };
            if tx.is_shared() && !tx.holds(sql, &[id.into(), batch.into()])? {
                return Err(Error::Store(overtaken()));
            }
            record.append(tx, id, batch)?;
            changes.write(tx, &mut done)?;
            Ok::<_, Error>((done, also(with, tx)?))
        };
        // What keeps steps of two nodes apart is the batch that both would write.
        let written = match is_apart {
            true => base.store.write_apart_with((record, changes, with), write).await,
            false => base.store.write_with((record, changes, with), write).await,
        };
        let written = written.map_err(|error| match error {
            // The batch is there.
            Error::Store(store::Error::Exists(_)) if base.store.is_shared() => Error::Store(overtaken()),
            error => error,
        })?;
        let ((_, changes, with), (done, told)) = written;
        live.batch += i64::from(0 < bytes);
        live.journal_bytes += bytes;
        let origin = live.origin.clone();
        let redrive_count = live.execution.redrive_count();
        match changes.ending() {
            Some(_) => self.inner.live.let_go(id),
            None => {
                self.inner.live.keep(id, &place, live.journal_bytes);
                *slot = Some(live);
            }
        }
        // Before the next step's.
        changes.log(self, &origin, redrive_count);
        drop(slot);
        changes.act(self, &origin, done);
        Ok(Some((with, told)))
    }

    /// Counts an input that came too late.
    fn stale<T>(&self) -> Option<T> {
        self.inner.meters.stale.increment(1);
        None
    }

    /// Locks an execution's place, with its state folded; empty if it has ended or never was.
    pub(super) async fn fold(&self, id: i64, place: &Place) -> Result<Slot, Error> {
        let mut slot = place.clone().lock_owned().await;
        if slot.is_none() {
            *slot = self.load(id).await?;
            if let Some(live) = &*slot {
                self.inner.live.keep(id, place, live.journal_bytes);
            }
        }
        Ok(slot)
    }

    /// The execution as the journal tells it; `None` if it has ended or never was.
    async fn load(&self, id: i64) -> Result<Option<Live>, Error> {
        let loaded = self.inner.base.store.read(move |tx| executions::load(tx, id)).await?;
        let is_open = |loaded: &Loaded| loaded.status == ExecutionStatus::Running;
        match loaded.filter(is_open) {
            Some(loaded) => self.folded(id, loaded).await.map(Some),
            None => Ok(None),
        }
    }

    /// Goes through the journal of an execution, some of it at a time, as long as `visit` asks for more. Answers the
    /// number of the batch behind what was read, and the bytes of that.
    pub(super) async fn each_entry(
        &self,
        id: i64,
        mut visit: impl FnMut(Entry) -> ControlFlow<()> + Send,
    ) -> Result<(i64, usize), Error> {
        let (mut batch, mut bytes) = (0, 0);
        loop {
            let part = self.inner.base.store.read(move |tx| journal::read(tx, id, batch)).await?;
            batch = part.next;
            bytes += part.bytes;
            let is_over = part.entries.into_iter().try_for_each(&mut visit).is_break();
            if is_over || !part.has_more {
                return Ok((batch, bytes));
            }
        }
    }

    /// The execution as its journal tells it. Whoever holds its place is alone with that.
    pub(super) async fn folded(&self, id: i64, loaded: Loaded) -> Result<Live, Error> {
        let program = self.inner.state_machines.program(loaded.revision, &loaded.definition, loaded.kind)?;
        let origin = Origin {
            id,
            home: loaded.home,
            arn: loaded.start.arn.clone(),
            state_machine_arn: loaded.start.state_machine_arn.clone(),
            role_arn: loaded.start.role_arn.clone(),
            log: LogPlan::new(&loaded.logging),
            trace_header: loaded.trace_header,
            revision: loaded.revision,
            map_child: loaded.map_child,
            events_max: loaded.events_max,
            express_history: loaded.express_history,
        };
        let mut execution = Execution::new(loaded.start);
        let of = program.clone();
        let apply = |entry: Entry| {
            execution.apply(&of, &entry);
            ControlFlow::Continue(())
        };
        let (batch, journal_bytes) = self.each_entry(id, apply).await?;
        Ok(Live { origin, program, execution, batch, journal_bytes })
    }

    /// Takes an input in that nobody will send again: while the disk is full or fails, it is tried again, ever
    /// less often, until it works or the process ends; recovery brings the input about anew.
    pub(super) async fn advance_persistently(
        &self,
        id: i64,
        input: Input,
        also: impl Fn(&Tx<'_>) -> Result<(), Error> + Clone + Send + Sync + 'static,
    ) -> Option<Outcome> {
        self.inner.base.persist(id, || self.advance(id, input.clone(), also.clone())).await
    }

    /// A timer of an execution is due.
    pub(super) async fn fire(&self, execution: i64, key: TimerKey, at: Timestamp) {
        self.inner.meters.timer_late.record(self.inner.base.now().since(at).as_secs_f64());
        if self.inner.base.store.is_shared() {
            let read = || self.inner.base.store.read(move |tx| timers::is_due(tx, execution, key, at));
            if self.inner.base.persist(execution, read).await != Some(true) {
                return;
            }
        }
        let also = move |tx: &Tx<'_>| timers::remove_fired(tx, execution, key, at);
        let outcome = self.advance_persistently(execution, Input::TimerFired(key), also).await;
        if outcome == Some(Outcome::Stale) && self.inner.base.store.is_shared() {
            // Another node may have armed it for what was over by then.
            let remove = move |tx: &Tx<'_>| timers::remove_fired(tx, execution, key, at);
            self.inner.base.persist(execution, || self.inner.base.store.write_apart(remove)).await;
        }
    }
}
