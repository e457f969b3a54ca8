//! Deleting state machines: marked at once, gone when the last execution has ended.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use super::super::Error;
use super::super::tags;
use super::StateMachines;
use super::{find, home_of, unqualified};
use crate::id::StateMachineArn;
use crate::store::Tx;

/// The ARNs of machines on their way out: their executions end where they would enter another state.
#[derive(Default)]
pub(in super::super) struct Deleting(RwLock<HashSet<Arc<str>>>);

impl Deleting {
    /// Whether the machine of this ARN, or the one that runs the Map whose children it is for, is on its way out.
    pub(in super::super) fn has(&self, state_machine_arn: &str) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !all.is_empty() && all.contains(of_machine(state_machine_arn))
    }

    fn insert(&self, arn: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(arn.into());
    }

    fn retain(&self, arns: &HashSet<String>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|arn| arns.contains(&**arn));
    }

    fn remove(&self, arn: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(arn);
    }
}

/// The ARN without the label of a Map.
fn of_machine(arn: &str) -> &str {
    arn.split('/').next().unwrap_or(arn)
}

impl StateMachines {
    /// Whether executions of this machine end where they would enter another state.
    pub(in super::super) fn is_deleting(&self, state_machine_arn: &str) -> bool {
        self.deleting.has(state_machine_arn)
    }

    /// DeleteStateMachine. The machine can't be started any more, and is gone when none of its executions is open;
    /// each of them ends at its next transition, aborted. One that is not there is gone already.
    ///
    /// # Errors
    /// `InvalidArn`.
    pub async fn delete(&self, arn: &str) -> Result<(), Error> {
        let parsed = unqualified(arn)?;
        let text = parsed.to_string();
        // Before it is written, so that no execution ends unseen between the two.
        self.deleting.insert(&text);
        let (is_shared, marked_arn) = (self.base.store.is_shared(), text.clone());
        let mut marked: Result<bool, Error> = self
            .base
            .store
            .write(move |tx| {
                let Some(found) = find(tx, &parsed)? else { return Ok(true) };
                tx.execute("UPDATE state_machine SET deleting = 1 WHERE id = ?1", &[found.id.into()])?;
                tags::remove_all(tx, &parsed.to_string())?;
                // A start of another node that has not seen the mark is there when this is.
                if is_shared { Ok(false) } else { remove_if_idle(tx, found.id) }
            })
            .await;
        if is_shared && matches!(marked, Ok(false)) {
            marked = self.remove_if_deleted(&marked_arn).await;
        }
        if !matches!(marked, Ok(false)) {
            self.deleting.remove(&text);
        }
        self.forget(&text);
        marked.map(|_| ())
    }

    /// Goes on with deletions that the last process did not finish.
    pub(in super::super) async fn recover_deletions(self: &Arc<Self>) -> Result<(), Error> {
        let machines: Result<Vec<(String, String)>, Error> = self
            .base
            .store
            .read(|tx| {
                let sql = "SELECT home, name FROM state_machine WHERE deleting = 1";
                Ok(tx.query(sql, &[], |row| Ok((row.text(0)?, row.text(1)?)))?)
            })
            .await;
        let mut all = HashSet::new();
        for (home, name) in machines? {
            let arn = StateMachineArn::new(&home_of(&home)?, &name).to_string();
            self.deleting.insert(&arn);
            self.finish_deleting(&arn);
            all.insert(arn);
        }
        if self.base.store.is_shared() {
            // Others have finished some.
            self.deleting.retain(&all);
        }
        Ok(())
    }

    /// Called when an execution of the machine has ended: takes it away if it is on its way out and that was the last.
    pub(in super::super) fn finish_deleting(self: &Arc<Self>, state_machine_arn: &str) {
        if !self.deleting.has(state_machine_arn) {
            return;
        }
        let (machines, arn) = (self.clone(), of_machine(state_machine_arn).to_owned());
        tokio::spawn(async move {
            if let Err(error) = machines.remove_if_deleted(&arn).await {
                tracing::error!(%error, arn, "a state machine stays half deleted until the next start");
            }
        });
    }

    /// Whether it is gone now.
    async fn remove_if_deleted(&self, arn: &str) -> Result<bool, Error> {
        let parsed = StateMachineArn::parse(arn)?;
        let is_gone = self
            .base
            .store
            .write(move |tx| match find(tx, &parsed)? {
                Some(found) => remove_if_idle(tx, found.id),
                None => Ok::<_, Error>(true),
            })
            .await?;
        if is_gone {
            self.deleting.remove(arn);
            self.forget(arn);
        }
        Ok(is_gone)
    }

    /// A machine of this ARN was started just now: it is not the one that was on its way out.
    pub(in super::super) fn is_alive(&self, arn: &str) {
        if self.base.store.is_shared() && self.deleting.has(arn) {
            self.deleting.remove(arn);
        }
    }
}

/// Takes a machine away that is on its way out, unless it has open executions; says whether it is gone. Its executions
/// and revisions stay: they can still be described, and its name can be used again.
fn remove_if_idle(tx: &Tx<'_>, id: i64) -> Result<bool, Error> {
    if has_open(tx, id)? {
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

/// Whether executions of a machine are open.
fn has_open(tx: &Tx<'_>, machine: i64) -> Result<bool, Error> {
    let sql = "SELECT id FROM execution WHERE machine = ?1 AND status = 0 LIMIT 1";
    Ok(tx.query_one(sql, &[machine.into()], |row| row.int(0))?.is_some())
}
