//! Deleting state machines: marked at once, gone when the last execution has ended.

use super::event::Failure;
use super::machine::Input;
use super::open::Engine;
use super::state_machines::{find, unqualified};
use super::tags;
use super::{Error, executions};
use crate::store::Tx;

/// Executions stopped at one time.
const STOPPED_AT_ONCE: usize = 256;

impl Engine {
    /// DeleteStateMachine. Running executions are stopped; the machine is gone when none is open. Few of them are
    /// waited for, more go in the background, also over a restart. One that is not there is gone already.
    ///
    /// # Errors
    /// `InvalidArn`.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), Error> {
        let parsed = unqualified(arn)?;
        let text = parsed.to_string();
        let marked: Option<(i64, bool)> = self
            .inner
            .store
            .write(move |tx| {
                let Some(found) = find(tx, &parsed)? else { return Ok::<_, Error>(None) };
                tx.execute("UPDATE state_machine SET deleting = 1 WHERE id = ?1", &[found.id.into()])?;
                tags::remove_all(tx, &parsed.to_string())?;
                let open = executions::open(tx, found.id, 0, STOPPED_AT_ONCE)?;
                if open.is_empty() {
                    remove(tx, found.id)?;
                }
                Ok(Some((found.id, open.len() < STOPPED_AT_ONCE)))
            })
            .await?;
        self.forget_machine(&text);
        let Some((machine, are_few)) = marked else { return Ok(()) };
        let engine = self.clone();
        let finished = tokio::spawn(async move { engine.finish_deleting(machine).await });
        if are_few {
            // If it panicked, the next start goes on with it.
            let _ = finished.await;
        }
        Ok(())
    }

    /// Goes on with deletions that the last process did not finish.
    pub(super) async fn recover_deletions(&self) -> Result<(), Error> {
        let machines: Result<Vec<i64>, Error> = self
            .inner
            .store
            .read(|tx| {
                let sql = "SELECT id FROM state_machine WHERE deleting = 1";
                Ok(tx.query(sql, &[], |row| row.int(0))?)
            })
            .await;
        for machine in machines? {
            let engine = self.clone();
            tokio::spawn(async move { engine.finish_deleting(machine).await });
        }
        Ok(())
    }

    /// Stops what is open of a machine that is being deleted, then takes the machine away.
    async fn finish_deleting(&self, machine: i64) {
        if let Err(error) = self.stop_all_and_remove(machine).await {
            tracing::error!(%error, machine, "a state machine stays half deleted until the next start");
        }
    }

    async fn stop_all_and_remove(&self, machine: i64) -> Result<(), Error> {
        let mut after = 0;
        loop {
            // No execution can begin any more, so one walk meets all of them.
            let open = self.inner.store.read(move |tx| executions::open(tx, machine, after, STOPPED_AT_ONCE));
            let open: Vec<i64> = open.await?;
            let Some(last) = open.last() else { break };
            after = *last;
            let stops: Vec<_> = open
                .into_iter()
                .map(|execution| {
                    let engine = self.clone();
                    tokio::spawn(async move {
                        engine.insist(execution, Input::Stopped(Failure::default()), |_| Ok(())).await;
                    })
                })
                .collect();
            for stop in stops {
                // One that panicked leaves its execution open, which the removal below sees.
                let _ = stop.await;
            }
        }
        self.inner
            .store
            .write(move |tx| match executions::open(tx, machine, 0, 1)?.is_empty() {
                true => remove(tx, machine),
                false => Ok(()),
            })
            .await
    }
}

/// Takes a machine away whose executions have all ended. Its executions and revisions stay: they can still be
/// described, and its name can be used again.
fn remove(tx: &Tx<'_>, id: i64) -> Result<(), Error> {
    // The row stays under a name that nobody can ask for, because executions and revisions refer to it.
    let sql =
        "UPDATE state_machine SET name = name || ':' || id, deleting = 2 WHERE id = ?1 AND deleting = 1";
    tx.execute(sql, &[id.into()])?;
    // What executions were started through, they keep as a number and a name.
    tx.execute("DELETE FROM state_machine_alias WHERE machine = ?1", &[id.into()])?;
    tx.execute("DELETE FROM state_machine_version WHERE machine = ?1", &[id.into()])?;
    Ok(())
}
