//! What waits, for people who look.

use super::Engine;
use super::execution::ExecutionStatus;
use super::executions::status_code;
use crate::clock::Timestamp;
use crate::store::{Error, Param, Tx};

/// Things of a kind that are counted; beyond, there are more.
pub const COUNTED_MAX: i64 = 100_000;

/// What the engine waits for. Counts end at one more than [`COUNTED_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Open executions, by status.
    pub open: Vec<(ExecutionStatus, i64)>,
    /// Timers: of waits, retries and time limits.
    pub timers: i64,
    /// Those that are due and have not fired.
    pub timers_due: i64,
    /// When the next one is due.
    pub next: Option<Timestamp>,
    /// Activity and callback tasks that somebody has to report on.
    pub tasks: i64,
}

impl Engine {
    /// What waits at this moment.
    ///
    /// # Errors
    /// Any of the store.
    pub async fn waiting(&self) -> Result<Waiting, Error> {
        let now = self.inner.base.clock.now().as_millis();
        self.inner.base.store.read(move |tx| count(tx, now)).await
    }
}

fn count(tx: &Tx<'_>, now: i64) -> Result<Waiting, Error> {
    let max = Param::Int(COUNTED_MAX + 1);
    let one =
        |sql, params: &[Param<'_>]| Ok::<_, Error>(tx.query_one(sql, params, |row| row.int(0))?.unwrap_or(0));
    // A status has an index below its machine.
    let open = [ExecutionStatus::Running, ExecutionStatus::PendingRedrive].map(|status| {
        let n = one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM state_machine m JOIN execution e ON e.machine = m.id
             WHERE e.status = ?1 LIMIT ?2) AS counted",
            &[Param::Int(status_code(status)), max],
        )?;
        Ok::<_, Error>((status, n))
    });
    let next = tx.query_one("SELECT due FROM timer ORDER BY due LIMIT 1", &[], |row| row.int(0))?;
    Ok(Waiting {
        open: open.into_iter().collect::<Result<_, _>>()?,
        timers: one("SELECT COUNT(*) FROM (SELECT 1 FROM timer LIMIT ?1) AS counted", &[max])?,
        timers_due: one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM timer WHERE due <= ?1 LIMIT ?2) AS counted",
            &[Param::Int(now), max],
        )?,
        next: next.map(Timestamp::from_millis),
        tasks: one("SELECT COUNT(*) FROM (SELECT 1 FROM task LIMIT ?1) AS counted", &[max])?,
    })
}
