//! Which executions wait for which: whether there may be such links, and what a step changes about them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::machine::TaskKey;
use super::{Error, journal};
use crate::store::{Store, Tx};

/// Whether there may be links: steps of a server that never had any look for none.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Arc<AtomicBool>);

impl Links {
    /// Looks whether the last process left any.
    pub(super) async fn open(store: &Store) -> Result<Self, Error> {
        let sql = "SELECT 1 FROM nested LIMIT 1";
        let found: Result<Option<i64>, Error> =
            store.read(move |tx| Ok(tx.query_one(sql, &[], |row| row.int(0))?)).await;
        Ok(Self(Arc::new(AtomicBool::new(found?.is_some()))))
    }

    /// There may be one from now on. Set before it is written: the writer takes one job after the other.
    /// Answers whether there may have been some before.
    pub(super) fn expect_one(&self) -> bool {
        self.0.swap(true, Ordering::SeqCst)
    }

    fn may_be(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a step changes about links.
#[derive(Debug, Default)]
pub(super) struct LinkChanges {
    /// The execution has ended, and somebody waits for that.
    pub(super) has_parents: bool,
    /// It waits no longer for some that it started.
    pub(super) has_orphans: bool,
}

impl LinkChanges {
    /// Writes down that execution `id` waits for nobody any more, and looks who waits for it.
    pub(super) fn end(&mut self, links: &Links, tx: &Tx<'_>, id: i64) -> Result<(), Error> {
        if !links.may_be() {
            return Ok(());
        }
        let sql = "UPDATE nested SET is_orphan = 1 WHERE parent = ?1";
        self.has_orphans |= 0 < tx.execute(sql, &[id.into()])?;
        let sql = "SELECT 1 FROM nested WHERE child = ?1 LIMIT 1";
        self.has_parents = tx.query_one(sql, &[id.into()], |row| row.int(0))?.is_some();
        Ok(())
    }

    /// Writes down that an attempt of execution `id` waits no longer.
    pub(super) fn abandon(
        &mut self,
        links: &Links,
        tx: &Tx<'_>,
        id: i64,
        task: TaskKey,
    ) -> Result<(), Error> {
        if !links.may_be() {
            return Ok(());
        }
        let [frame, scheduled] = journal::task_columns(task);
        let sql = "UPDATE nested SET is_orphan = 1 WHERE parent = ?1 AND frame = ?2 AND scheduled = ?3";
        self.has_orphans |= 0 < tx.execute(sql, &[id.into(), frame.into(), scheduled.into()])?;
        Ok(())
    }
}
