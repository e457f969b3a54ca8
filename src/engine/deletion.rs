//! Deleting state machines: marked at once, gone when the last execution has ended.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use super::open::Engine;
use super::state_machines::{find, home_of, unqualified};
use super::tags;
use super::{Error, executions};
use crate::id::StateMachineArn;
use crate::store::Tx;

/// The ARNs of machines on their way out: their executions end where they would enter another state.
#[derive(Default)]
pub(super) struct Deleting(RwLock<HashSet<Arc<str>>>);

impl Deleting {
    /// Whether the machine of this ARN, or the one that runs the Map whose children it is for, is on its way out.
    pub(super) fn has(&self, state_machine_arn: &str) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !all.is_empty() && all.contains(of_machine(state_machine_arn))
    }

    fn insert(&self, arn: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(arn.into());
    }

    fn remove(&self, arn: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(arn);
    }
}

/// The ARN without the label of a Map.
fn of_machine(arn: &str) -> &str {
    arn.split('/').next().unwrap_or(arn)
}

impl Engine {
    /// DeleteStateMachine. The machine can't be started any more, and is gone when none of its executions is open;
    /// each of them ends at its next transition, aborted. One that is not there is gone already.
    ///
    /// # Errors
    /// `InvalidArn`.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), Error> {
        let parsed = unqualified(arn)?;
        let text = parsed.to_string();
        // Before it is written, so that no execution ends unseen between the two.
        self.inner.deleting.insert(&text);
        let marked: Result<bool, Error> = self
            .inner
            .store
            .write(move |tx| {
                let Some(found) = find(tx, &parsed)? else { return Ok(true) };
                tx.execute("UPDATE state_machine SET deleting = 1 WHERE id = ?1", &[found.id.into()])?;
                tags::remove_all(tx, &parsed.to_string())?;
                remove_if_idle(tx, found.id)
            })
            .await;
        if !matches!(marked, Ok(false)) {
            self.inner.deleting.remove(&text);
        }
        self.forget_machine(&text);
        marked.map(|_| ())
    }

    /// Goes on with deletions that the last process did not finish.
    pub(super) async fn recover_deletions(&self) -> Result<(), Error> {
        let machines: Result<Vec<(String, String)>, Error> = self
            .inner
            .store
            .read(|tx| {
                let sql = "SELECT home, name FROM state_machine WHERE deleting = 1";
                Ok(tx.query(sql, &[], |row| Ok((row.text(0)?, row.text(1)?)))?)
            })
            .await;
        for (home, name) in machines? {
            let arn = StateMachineArn::new(&home_of(&home)?, &name).to_string();
            self.inner.deleting.insert(&arn);
            self.finish_deleting(&arn);
        }
        Ok(())
    }

    /// Called when an execution of the machine has ended: takes it away if it is on its way out and that was the last.
    pub(super) fn finish_deleting(&self, state_machine_arn: &str) {
        if !self.inner.deleting.has(state_machine_arn) {
            return;
        }
        let (engine, arn) = (self.clone(), of_machine(state_machine_arn).to_owned());
        tokio::spawn(async move {
            if let Err(error) = engine.remove_if_deleted(&arn).await {
                tracing::error!(%error, arn, "a state machine stays half deleted until the next start");
            }
        });
    }

    async fn remove_if_deleted(&self, arn: &str) -> Result<(), Error> {
        let parsed = StateMachineArn::parse(arn)?;
        let is_gone = self
            .inner
            .store
            .write(move |tx| match find(tx, &parsed)? {
                Some(found) => remove_if_idle(tx, found.id),
                None => Ok::<_, Error>(true),
            })
            .await?;
        if is_gone {
            self.inner.deleting.remove(arn);
            self.forget_machine(arn);
        }
        Ok(())
    }
}

/// Takes a machine away that is on its way out, unless it has open executions; says whether it is gone. Its executions
/// and revisions stay: they can still be described, and its name can be used again.
fn remove_if_idle(tx: &Tx<'_>, id: i64) -> Result<bool, Error> {
    if !executions::open(tx, id, 0, 1)?.is_empty() {
        return Ok(false);
    }
    // The row stays under a name that nobody can ask for, because executions and revisions refer to it.
    let sql =
        "UPDATE state_machine SET name = name || ':' || id, deleting = 2 WHERE id = ?1 AND deleting = 1";
    if tx.execute(sql, &[id.into()])? == 0 {
        return Ok(false);
    }
    // What executions were started through, they keep as a number and a name.
    tx.execute("DELETE FROM state_machine_alias WHERE machine = ?1", &[id.into()])?;
    tx.execute("DELETE FROM state_machine_version WHERE machine = ?1", &[id.into()])?;
    Ok(true)
}
