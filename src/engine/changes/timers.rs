//! Timers.

use super::super::machine::TimerKey;
use super::super::open::Engine;
use super::super::origin::Origin;
use super::super::{Error, journal, timers};
use super::{Change, Done, Step};
use crate::clock::Timestamp;
use crate::store::Tx;

/// A timer is set, or moved.
pub(super) struct Armed {
    pub(super) key: TimerKey,
    pub(super) at: Timestamp,
}

impl Change for Armed {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        let [frame, kind, stamp] = journal::timer_columns(self.key);
        let sql = "INSERT INTO timer (execution, frame, kind, stamp, due, shard) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (execution, frame, kind, stamp) DO UPDATE SET due = excluded.due, shard = excluded.shard";
        let (due, shard) = (self.at.as_millis(), tx.shard(step.id)?);
        let params = [step.id.into(), frame.into(), kind.into(), stamp.into(), due.into(), shard.into()];
        tx.put(sql, &params)?;
        Ok(())
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.inner.timers.arm(origin.id, self.key, self.at);
    }
}

/// A timer is not needed any more.
pub(super) struct Canceled(pub(super) TimerKey);

impl Change for Canceled {
    fn write(&self, tx: &Tx<'_>, step: &Step, _: &mut Done) -> Result<(), Error> {
        timers::remove(tx, step.id, self.0)
    }

    fn act(self: Box<Self>, engine: &Engine, origin: &Origin, _: &Step, _: &mut Done) {
        engine.inner.timers.cancel(origin.id, self.0);
    }
}
