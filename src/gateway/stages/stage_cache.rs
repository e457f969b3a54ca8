//! The compiled stages in use, looked up without a lock.
//!
//! Adding or removing a stage copies its table; there are many tables, so this is cheap however many stages there are.
//! If the stages take too much memory, those that have not been called for a long time are removed. Removed stages are
//! dropped by [`StageCache::sweep`], never by a request, because a stage consists of many thousands of allocations.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

use crate::apis::{ApiId, StageName};
use crate::gateway::compile::Served;

/// The number of tables.
const TABLES: usize = 256;
/// The most memory for all stages together; enough for two thousand stages of a hundred methods.
const BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Keys are what deployers chose: requests only look them up, so they can't make it slow by choosing names.
type Table = HashMap<ApiId, HashMap<StageName, Arc<Entry>, RandomState>, RandomState>;

/// Compiled stages by API and name.
pub(super) struct StageCache {
    hasher: RandomState,
    tables: Box<[ArcSwap<Table>]>,
    bytes: AtomicUsize,
    bytes_max: usize,
    /// The table in which to make room next.
    hand: AtomicUsize,
    /// Removed stages that may still be in use.
    retired: Mutex<Vec<Arc<Entry>>>,
}

struct Entry {
    served: Arc<Served>,
    /// Whether it was called since room was last made.
    is_used: AtomicBool,
}

impl Default for StageCache {
    fn default() -> Self {
        Self::new(BYTES_MAX)
    }
}

impl StageCache {
    fn new(bytes_max: usize) -> Self {
        Self {
            hasher: RandomState::default(),
            tables: (0..TABLES).map(|_| ArcSwap::default()).collect(),
            bytes: AtomicUsize::new(0),
            bytes_max,
            hand: AtomicUsize::new(0),
            retired: Mutex::default(),
        }
    }

    pub(super) fn get(&self, api: &ApiId, stage: &StageName) -> Option<Arc<Served>> {
        let table = self.table(api).load();
        let entry = table.get(api)?.get(stage)?;
        // Written once, not by every request.
        if !entry.is_used.load(Ordering::Relaxed) {
            entry.is_used.store(true, Ordering::Relaxed);
        }
        Some(entry.served.clone())
    }

    /// Adds a stage, or replaces it.
    pub(super) fn put(&self, api: &ApiId, stage: &StageName, served: &Arc<Served>) {
        // It counts as unused until it is called: otherwise, a thousand new stages would push out those in use.
        let entry = Arc::new(Entry { served: served.clone(), is_used: AtomicBool::new(false) });
        self.bytes.fetch_add(served.bytes, Ordering::AcqRel);
        self.change(self.table(api), |table| {
            table.entry(api.clone()).or_default().insert(stage.clone(), entry.clone()).into_iter().collect()
        });
        if self.bytes_max < self.bytes.load(Ordering::Acquire) {
            self.make_room();
        }
    }

    /// Removes a stage.
    pub(super) fn remove(&self, api: &ApiId, stage: &StageName) {
        self.change(self.table(api), |table| {
            table.get_mut(api).and_then(|stages| stages.remove(stage)).into_iter().collect()
        });
    }

    /// The names of the known stages of an API.
    pub(super) fn stages_of(&self, api: &ApiId) -> Vec<StageName> {
        self.table(api).load().get(api).map(|stages| stages.keys().cloned().collect()).unwrap_or_default()
    }

    /// All stages, in no particular order.
    pub(super) fn all(&self) -> Vec<(ApiId, StageName, Arc<Served>)> {
        let mut all = Vec::new();
        for table in &self.tables {
            for (api, stages) in &**table.load() {
                all.extend(
                    stages.iter().map(|(name, entry)| (api.clone(), name.clone(), entry.served.clone())),
                );
            }
        }
        all
    }

    fn table(&self, api: &ApiId) -> &ArcSwap<Table> {
        #[allow(clippy::cast_possible_truncation)] // Of a hash, any bits will do.
        let index = self.hasher.hash_one(api) as usize % TABLES;
        &self.tables[index]
    }

    /// Changes a table with `change`, which returns what it removed.
    fn change(&self, table: &ArcSwap<Table>, change: impl Fn(&mut Table) -> Vec<Arc<Entry>>) {
        let mut out = Vec::new();
        table.rcu(|table| {
            let mut table = Table::clone(table);
            out = change(&mut table);
            table.retain(|_, stages| !stages.is_empty());
            table
        });
        self.bytes.fetch_sub(out.iter().map(|entry| entry.served.bytes).sum(), Ordering::AcqRel);
        self.retired().append(&mut out);
    }

    fn retired(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops removed stages that no request uses any more; the others wait for the next call. Takes a while.
    pub(super) fn sweep(&self) {
        let unused = |entry: &mut Arc<Entry>| {
            let Entry { served, .. } = &**entry;
            let canary = served.canary.as_ref().is_none_or(|canary| Arc::strong_count(&canary.stage) == 1);
            Arc::strong_count(entry) == 1
                && Arc::strong_count(served) == 1
                && Arc::strong_count(&served.stage) == 1
                && canary
        };
        let dropped: Vec<Arc<Entry>> = self.retired().extract_if(.., unused).collect();
        for entry in dropped {
            drop(entry);
            std::thread::yield_now();
        }
    }

    /// Goes from table to table, removing what was not called since the last round, until an eighth of the memory is
    /// free.
    fn make_room(&self) {
        let enough = self.bytes_max / 8 * 7;
        for _ in 0..2 * TABLES {
            if self.bytes.load(Ordering::Acquire) <= enough {
                return;
            }
            let hand = self.hand.fetch_add(1, Ordering::Relaxed) % TABLES;
            let is_idle = |entry: &Entry| !entry.is_used.load(Ordering::Relaxed);
            self.change(&self.tables[hand], |table| {
                let stages = table.values_mut();
                stages
                    .flat_map(|stages| stages.extract_if(|_, entry| is_idle(entry)))
                    .map(|(_, it)| it)
                    .collect()
            });
            for entry in self.tables[hand].load().values().flat_map(HashMap::values) {
                entry.is_used.store(false, Ordering::Relaxed);
            }
        }
    }
}

impl fmt::Debug for StageCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter().map(|(api, stage, _)| (api, stage))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::compile::compile_nothing;
    use crate::gateway::fixture::owner;

    fn served(api: &ApiId) -> Arc<Served> {
        let stage = compile_nothing(&owner(), api, &std::collections::BTreeMap::new());
        Arc::new(Served { stage: Arc::new(stage), canary: None, bytes: 1 })
    }

    #[test]
    fn what_is_called_stays_when_room_is_made() {
        let known = StageCache::new(800);
        let api = |i: usize| ApiId::from(format!("api{i}"));
        for i in 0..10_000 {
            known.put(&api(i), &"dev".into(), &served(&api(i)));
            assert!(known.get(&api(0), &"dev".into()).is_some(), "{i}");
            assert!(known.bytes.load(Ordering::Relaxed) <= 800);
        }
        assert_eq!(known.all().len(), known.bytes.load(Ordering::Relaxed));
        let held = known.get(&api(0), &"dev".into()).unwrap();
        known.put(&api(0), &"dev".into(), &served(&api(0)));
        known.sweep();
        assert_eq!(known.retired().len(), 1);
        drop(held);
        known.sweep();
        assert!(known.retired().is_empty());
        assert!(600 < known.all().len());
        assert!(known.get(&api(5), &"dev".into()).is_none());
        assert!(known.get(&api(9_999), &"dev".into()).is_some());
        // Replacing a stage by the same changes nothing, and removing one leaves nothing.
        let before = known.bytes.load(Ordering::Relaxed);
        known.put(&api(0), &"dev".into(), &served(&api(0)));
        assert_eq!(known.bytes.load(Ordering::Relaxed), before);
        for (api, stage, _) in known.all() {
            assert_eq!(known.stages_of(&api), std::slice::from_ref(&stage));
            known.remove(&api, &stage);
        }
        assert_eq!(known.bytes.load(Ordering::Relaxed), 0);
        assert!(known.tables.iter().all(|table| table.load().is_empty()));
    }
}
