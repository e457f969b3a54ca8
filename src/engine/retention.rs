//! Forgetting executions that ended long ago, with their histories.
//!
//! Keys grow with time, so what may go stands at the front of the table: a sweep walks from there until it meets
//! an execution that is too young, and needs no index of its own. Children of a Map Run go with its execution, whose
//! keys are lower than theirs: their ends may be told again as long as that can be redriven.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::base::Base;
use super::execution::ExecutionStatus;
use super::executions::status_code;
use crate::clock::Timestamp;
use crate::store::Tx;

/// How often executions are looked through.
const PERIOD: Duration = Duration::from_secs(60 * 60);
/// Rows looked at, and executions forgotten, in one go.
const ROWS_AT_ONCE: usize = 500;

/// What a look at some rows found.
struct Found {
    /// Executions that may go.
    old: Vec<i64>,
    /// The last row looked at; `None` if the sweep is over.
    last: Option<i64>,
}

/// Forgets what ended long ago.
#[derive(Clone)]
pub(super) struct Retention(pub(super) Arc<Base>);

impl Retention {
    /// Starts the task that forgets; it ends when the engine is drained.
    pub(super) fn start(&self) {
        let retention = self.clone();
        let mut draining = self.0.draining.subscribe();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = retention.0.clock.sleep_until(retention.0.now() + PERIOD) => {}
                    _ = draining.wait_for(|draining| *draining) => return,
                }
                if !retention.0.store.shards().has_first() {
                    continue; // Another node does it.
                }
                match retention.forget_old().await {
                    Ok(0) => {}
                    Ok(n) => tracing::info!(executions = n, "forgot executions that ended long ago"),
                    Err(error) => tracing::warn!(%error, "old executions could not be forgotten"),
                }
            }
        });
    }

    /// Forgets executions that ended longer ago than they are kept; answers how many.
    pub(super) async fn forget_old(&self) -> Result<usize, Error> {
        let before = self.0.now() - self.0.options.retention;
        let (mut after, mut n_forgotten) = (0, 0);
        while !*self.0.draining.borrow() {
            let found = self.0.store.read(move |tx| look(tx, after, before)).await?;
            n_forgotten += found.old.len();
            if !found.old.is_empty() {
                self.0.store.write(move |tx| forget(tx, &found.old)).await?;
            }
            let Some(last) = found.last else { break };
            after = last;
        }
        if 0 < n_forgotten {
            self.0.store.write(forget_machines).await?;
        }
        Ok(n_forgotten)
    }
}

fn look(tx: &Tx<'_>, after: i64, before: Timestamp) -> Result<Found, Error> {
    let mut found = Found { old: Vec::new(), last: None };
    let mut n_rows = 0;
    let sql = "SELECT e.id, e.status, e.started, e.stopped, e.map_run, r.execution FROM execution e
               LEFT JOIN map_run r ON r.id = e.map_run WHERE ?1 < e.id ORDER BY e.id LIMIT ?2";
    let limit = i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX);
    tx.visit(sql, &[after.into(), limit.into()], |row| {
        n_rows += 1;
        let id = row.int(0)?;
        found.last = Some(id);
        if before.as_millis() <= row.int(2)? {
            // Whatever stands behind it is younger.
            n_rows = 0;
            return Ok::<_, Error>(ControlFlow::Break(()));
        }
        let is_open = row.int(1)? == status_code(ExecutionStatus::Running);
        let is_old = match (row.opt_int(4)?, row.opt_int(5)?) {
            (None, _) => row.opt_int(3)?.is_some_and(|stopped| stopped < before.as_millis()),
            (Some(_), None) => true, // Its run was forgotten.
            (Some(_), Some(parent)) => found.old.binary_search(&parent).is_ok(),
        };
        if !is_open && is_old {
            found.old.push(id);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if n_rows < ROWS_AT_ONCE {
        found.last = None;
    }
    Ok(found)
}

fn forget(tx: &Tx<'_>, ids: &[i64]) -> Result<(), Error> {
    for id in ids {
        tx.put("DELETE FROM journal WHERE execution = ?1", &[(*id).into()])?;
        tx.put("DELETE FROM redrive_token WHERE execution = ?1", &[(*id).into()])?;
        let sql = "DELETE FROM map_item WHERE run IN (SELECT id FROM map_run WHERE execution = ?1)";
        tx.put(sql, &[(*id).into()])?;
        tx.put("DELETE FROM map_run WHERE execution = ?1", &[(*id).into()])?;
        tx.put("DELETE FROM execution WHERE id = ?1", &[(*id).into()])?;
    }
    Ok(())
}

/// Machines that were deleted stay as long as an execution refers to them.
fn forget_machines(tx: &Tx<'_>) -> Result<(), Error> {
    let sql = "SELECT id FROM state_machine m WHERE deleting = 2
               AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.machine = m.id)
               AND NOT EXISTS (SELECT 1 FROM map_run r WHERE r.machine = m.id) LIMIT 100";
    for machine in tx.query(sql, &[], |row| row.int(0))? {
        tx.put("DELETE FROM state_machine_revision WHERE machine = ?1", &[machine.into()])?;
        tx.put("DELETE FROM state_machine WHERE id = ?1", &[machine.into()])?;
    }
    Ok(())
}
