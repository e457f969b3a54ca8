//! Timers: rows by due time, and those due soon in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, Semaphore};

use super::machine::{Input, TimerKey};
use super::open::Engine;
use super::{Error, journal};
use crate::clock::Timestamp;
use crate::store::Tx;

/// Rows read at one time.
const LOAD_ROWS: i64 = 10_000;

/// The timers in memory. Those beyond the horizon stay in the store until it comes near.
pub(super) struct Timers {
    near: Mutex<Near>,
    changed: Notify,
    stop: Arc<Notify>,
}

struct Near {
    due: BTreeSet<(Timestamp, i64, TimerKey)>,
    horizon: Timestamp,
}

/// Forgets a timer.
pub(super) fn remove(tx: &Tx<'_>, execution: i64, key: TimerKey) -> Result<(), Error> {
    let [frame, kind, stamp] = journal::timer_columns(key);
    let sql = "DELETE FROM timer WHERE execution = ?1 AND frame = ?2 AND kind = ?3 AND stamp = ?4";
    tx.execute(sql, &[execution.into(), frame.into(), kind.into(), stamp.into()])?;
    Ok(())
}

impl Timers {
    pub(super) fn new() -> Self {
        let near = Near { due: BTreeSet::new(), horizon: Timestamp::from_millis(i64::MIN) };
        Self { near: Mutex::new(near), changed: Notify::new(), stop: Arc::new(Notify::new()) }
    }

    /// Takes in a timer whose row is written; one beyond the horizon is found there when it is near.
    pub(super) fn arm(&self, execution: i64, key: TimerKey, at: Timestamp) {
        let mut near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        if at <= near.horizon {
            let is_first = near.due.first().is_none_or(|(first, ..)| at < *first);
            near.due.insert((at, execution, key));
            if is_first {
                self.changed.notify_one();
            }
        }
    }

    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    fn pop_due(&self, now: Timestamp) -> Option<(Timestamp, i64, TimerKey)> {
        let mut near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        if near.due.first()?.0 <= now { near.due.pop_first() } else { None }
    }

    /// When to look again: at the first timer, or halfway to the horizon to move it on.
    fn next_look(&self, now: Timestamp) -> Timestamp {
        let near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        let halfway = now + near.horizon.since(now) / 2;
        near.due.first().map_or(halfway, |(at, ..)| (*at).min(halfway))
    }

    fn horizon(&self) -> Timestamp {
        self.near.lock().unwrap_or_else(PoisonError::into_inner).horizon
    }
}

impl Engine {
    /// Starts the one task that looks after timers.
    pub(super) fn start_timers(&self) {
        let engine = self.clone();
        let stop = self.inner.timers.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = engine.look_after_timers() => {}
                () = stop.notified() => {}
            }
        });
    }

    async fn look_after_timers(&self) {
        let at_once = Arc::new(Semaphore::new(self.inner.options.timers_at_once));
        loop {
            let now = self.now();
            if self.inner.timers.horizon() <= now + self.inner.options.timer_horizon / 2
                && let Err(error) = self.move_horizon(now).await
            {
                tracing::error!(%error, "timers could not be read");
                let again = now + std::time::Duration::from_secs(1);
                self.inner.clock.sleep_until(again).await;
                continue;
            }
            while let Some((at, execution, key)) = self.inner.timers.pop_due(self.now()) {
                let Ok(permit) = at_once.clone().acquire_owned().await else { return };
                let engine = self.clone();
                tokio::spawn(async move {
                    engine.fire(execution, key, at).await;
                    drop(permit);
                });
            }
            let look = self.inner.timers.next_look(self.now());
            tokio::select! {
                () = self.inner.clock.sleep_until(look) => {}
                () = self.inner.timers.changed.notified() => {}
            }
        }
    }

    async fn fire(&self, execution: i64, key: TimerKey, at: Timestamp) {
        self.inner.meters.timer_late.record(self.now().since(at).as_secs_f64());
        // A moved timer's old time is stale to the machine; its row has the new time and must stay.
        let due = at.as_millis();
        self.insist(execution, Input::TimerFired(key), move |tx| {
            let [frame, kind, stamp] = journal::timer_columns(key);
            let sql = "DELETE FROM timer
                       WHERE execution = ?1 AND frame = ?2 AND kind = ?3 AND stamp = ?4 AND due <= ?5";
            tx.execute(sql, &[execution.into(), frame.into(), kind.into(), stamp.into(), due.into()])?;
            Ok(())
        })
        .await;
    }

    /// Reads the timers between the old horizon and the new one. When there are very many, the horizon moves
    /// only as far as what was read.
    async fn move_horizon(&self, now: Timestamp) -> Result<(), Error> {
        let (from, to) = (self.inner.timers.horizon(), now + self.inner.options.timer_horizon);
        // Whatever is armed while this reads is either in the answer or armed in memory: the horizon moves
        // first, and a timer taken in twice is one entry.
        self.inner.timers.near.lock().unwrap_or_else(PoisonError::into_inner).horizon = to;
        let rows: Vec<(i64, i64, [i64; 3])> = self
            .inner
            .store
            .read(move |tx| {
                let sql = "SELECT due, execution, frame, kind, stamp FROM timer WHERE ?1 < due AND due <= ?2
                           ORDER BY due LIMIT ?3";
                let params = [from.as_millis().into(), to.as_millis().into(), LOAD_ROWS.into()];
                tx.query(sql, &params, |row| {
                    Ok((row.int(0)?, row.int(1)?, [row.int(2)?, row.int(3)?, row.int(4)?]))
                })
            })
            .await
            .map_err(|error: crate::store::Error| Error::from(error))
            .inspect_err(|_| {
                self.inner.timers.near.lock().unwrap_or_else(PoisonError::into_inner).horizon = from;
            })?;
        let is_cut = LOAD_ROWS <= i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let last = rows.last().map(|(due, ..)| Timestamp::from_millis(*due));
        let mut near = self.inner.timers.near.lock().unwrap_or_else(PoisonError::into_inner);
        for (due, execution, columns) in rows {
            near.due.insert((Timestamp::from_millis(due), execution, journal::timer_key(columns)?));
        }
        if let (true, Some(last)) = (is_cut, last) {
            // One millisecond back: more timers may be due at the very time where the answer was cut.
            near.horizon = last - std::time::Duration::from_millis(1);
        }
        Ok(())
    }
}
