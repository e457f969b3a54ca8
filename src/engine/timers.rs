//! Timers: rows by due time, and those due soon in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::base::Base;
use super::execution::FrameId;
use super::machine::{TimerKey, TimerKind};
use super::{Error, journal};
use crate::clock::Timestamp;
use crate::store::Tx;

/// Rows read at one time.
const LOAD_ROWS: usize = 10_000;
/// How long after a failure rows are read again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// The least key that there can be.
const FIRST: TimerKey = TimerKey { frame: FrameId::ROOT, kind: TimerKind::Wait, stamp: 0 };

/// The timers in memory. Those beyond the horizon stay in the store until it comes near.
pub(super) struct Timers {
    near: Mutex<Near>,
    changed: Notify,
    stop: Arc<Notify>,
}

struct Near {
    due: BTreeSet<(Timestamp, i64, TimerKey)>,
    /// Where each stands in `due`, by execution.
    places: BTreeMap<(i64, TimerKey), Timestamp>,
    horizon: Timestamp,
    /// All up to the horizon are to be read again.
    is_stale: bool,
}

impl Near {
    fn insert(&mut self, at: Timestamp, execution: i64, key: TimerKey) {
        if let Some(before) = self.places.insert((execution, key), at) {
            self.due.remove(&(before, execution, key));
        }
        self.due.insert((at, execution, key));
    }

    fn remove(&mut self, execution: i64, key: TimerKey) {
        if let Some(at) = self.places.remove(&(execution, key)) {
            self.due.remove(&(at, execution, key));
        }
    }
}

/// Forgets a timer.
pub(super) fn remove(tx: &Tx<'_>, execution: i64, key: TimerKey) -> Result<(), Error> {
    let [frame, kind, stamp] = journal::timer_columns(key);
    let sql = "DELETE FROM timer WHERE execution = ?1 AND frame = ?2 AND kind = ?3 AND stamp = ?4";
    tx.put(sql, &[execution.into(), frame.into(), kind.into(), stamp.into()])?;
    Ok(())
}

impl Timers {
    pub(super) fn new() -> Self {
        let near = Near {
            due: BTreeSet::new(),
            places: BTreeMap::new(),
            horizon: Timestamp::from_millis(i64::MIN),
            is_stale: false,
        };
        Self { near: Mutex::new(near), changed: Notify::new(), stop: Arc::new(Notify::new()) }
    }

    fn near(&self) -> MutexGuard<'_, Near> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a timer whose row is written, or moves it; one beyond the horizon is found there when it is
    /// near.
    pub(super) fn arm(&self, execution: i64, key: TimerKey, at: Timestamp) {
        let mut near = self.near();
        if near.horizon < at {
            return near.remove(execution, key);
        }
        let is_first = near.due.first().is_none_or(|(first, ..)| at < *first);
        near.insert(at, execution, key);
        if is_first {
            self.changed.notify_one();
        }
    }

    /// Forgets a timer whose row is gone.
    pub(super) fn cancel(&self, execution: i64, key: TimerKey) {
        self.near().remove(execution, key);
    }

    /// Forgets all timers of an execution.
    pub(super) fn cancel_all(&self, execution: i64) {
        let mut near = self.near();
        while let Some((key, _)) = near.places.range((execution, FIRST)..).next()
            && key.0 == execution
        {
            let key = key.1;
            near.remove(execution, key);
        }
    }

    /// Reads those that are due soon again: there are some of other nodes among them.
    pub(super) fn read_again(&self) {
        self.near().is_stale = true;
        self.changed.notify_one();
    }

    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    fn pop_due(&self, now: Timestamp) -> Option<(Timestamp, i64, TimerKey)> {
        let mut near = self.near();
        let first = *near.due.first().filter(|(at, ..)| *at <= now)?;
        near.remove(first.1, first.2);
        Some(first)
    }

    /// When to look again: at the first timer, or halfway to the horizon to move it on.
    fn next_look(&self, now: Timestamp) -> Timestamp {
        let near = self.near();
        let halfway = now + near.horizon.since(now) / 2;
        near.due.first().map_or(halfway, |(at, ..)| (*at).min(halfway))
    }
}

impl Timers {
    /// Starts the one task that looks after timers; `fire` handles those that are due.
    pub(super) fn start<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        base: &Arc<Base>,
        fire: impl Fn(i64, TimerKey, Timestamp) -> F + Send + Sync + 'static,
    ) {
        let (timers, base, stop) = (self.clone(), base.clone(), self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = timers.look_after(&base, fire) => {}
                () = stop.notified() => {}
            }
        });
    }

    async fn look_after<F: Future<Output = ()> + Send + 'static>(
        &self,
        base: &Base,
        fire: impl Fn(i64, TimerKey, Timestamp) -> F,
    ) {
        let at_once = Arc::new(Semaphore::new(base.options.timers_at_once));
        loop {
            let now = base.now();
            let horizon = {
                let mut near = self.near();
                if std::mem::take(&mut near.is_stale) {
                    near.horizon = Timestamp::from_millis(i64::MIN);
                }
                near.horizon
            };
            if horizon <= now + base.options.timer_horizon / 2
                && let Err(error) = self.move_horizon(base, now).await
            {
                tracing::error!(%error, "timers could not be read");
                base.clock.sleep_until(now + READ_AGAIN).await;
                continue;
            }
            while let Some((at, execution, key)) = self.pop_due(base.now()) {
                let Ok(permit) = at_once.clone().acquire_owned().await else { return };
                let fired = fire(execution, key, at);
                tokio::spawn(async move {
                    fired.await;
                    drop(permit);
                });
            }
            let look = self.next_look(base.now());
            tokio::select! {
                () = base.clock.sleep_until(look) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Reads the timers between the old horizon and the new one. When there are very many, the horizon moves
    /// only as far as what was read.
    async fn move_horizon(&self, base: &Base, now: Timestamp) -> Result<(), Error> {
        let to = now + base.options.timer_horizon;
        // Whatever is armed while this reads is either in the answer or armed in memory: the horizon moves
        // first, and a timer taken in twice is one entry.
        let from = std::mem::replace(&mut self.near().horizon, to);
        let read = read_timers(base, from, to).await;
        let mut near = self.near();
        let rows = read.inspect_err(|_| near.horizon = from)?;
        let last = rows.last().map(|(due, ..)| *due);
        let is_cut = LOAD_ROWS <= rows.len();
        for (due, execution, key) in rows {
            // One that was moved meanwhile stands where it was moved to.
            if !near.places.contains_key(&(execution, key)) {
                near.insert(due, execution, key);
            }
        }
        if let (true, Some(last)) = (is_cut, last) {
            // One millisecond back: more timers may be due at the very time where the answer was cut.
            near.horizon = last - Duration::from_millis(1);
        }
        Ok(())
    }
}

/// Forgets a timer that has fired, unless it was moved while it was on its way: then its row has the new time.
pub(super) fn remove_fired(tx: &Tx<'_>, execution: i64, key: TimerKey, at: Timestamp) -> Result<(), Error> {
    let [frame, kind, stamp] = journal::timer_columns(key);
    let sql = "DELETE FROM timer
               WHERE execution = ?1 AND frame = ?2 AND kind = ?3 AND stamp = ?4 AND due <= ?5";
    let due = at.as_millis();
    tx.put(sql, &[execution.into(), frame.into(), kind.into(), stamp.into(), due.into()])?;
    Ok(())
}

/// Whether a timer is due that was to be at `at`. Where nodes share a store, this one may remember what another has moved, or
/// has seen fire.
pub(super) fn is_due(tx: &Tx<'_>, execution: i64, key: TimerKey, at: Timestamp) -> Result<bool, Error> {
    let [frame, kind, stamp] = journal::timer_columns(key);
    let sql = "SELECT 1 FROM timer
               WHERE execution = ?1 AND frame = ?2 AND kind = ?3 AND stamp = ?4 AND due <= ?5";
    let due = at.as_millis();
    let params = [execution.into(), frame.into(), kind.into(), stamp.into(), due.into()];
    Ok(tx.query_one(sql, &params, |_| Ok(()))?.is_some())
}

async fn read_timers(
    base: &Base,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Timestamp, i64, TimerKey)>, Error> {
    let shards = base.store.shards().used().cast_signed();
    let read = base.store.read(move |tx| {
        // A set of shards is a number's bits.
        let sql = "SELECT due, execution, frame, kind, stamp FROM timer WHERE ?1 < due AND due <= ?2
                   AND ((?4 >> CAST(shard AS INTEGER)) & 1) = 1 ORDER BY due LIMIT ?3";
        let limit = i64::try_from(LOAD_ROWS).unwrap_or(i64::MAX);
        let params = [from.as_millis().into(), to.as_millis().into(), limit.into(), shards.into()];
        let rows = tx.query(sql, &params, |row| {
            let key = [row.int(2)?, row.int(3)?, row.int(4)?];
            Ok((Timestamp::from_millis(row.int(0)?), row.int(1)?, key))
        })?;
        rows.into_iter().map(|(due, execution, key)| Ok((due, execution, journal::timer_key(key)?))).collect()
    });
    read.await
}
