//! Executions folded in memory: at most one copy of each, and only so many bytes of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Mutex as AsyncMutex;

use super::execution::Execution;
use super::origin::Origin;
use crate::asl::Program;

/// What an execution takes besides its payloads, about.
const BASE_BYTES: u64 = 1024;
/// The largest weight of one: a cache takes nothing that is heavier than one of its shards.
const WEIGHT_MAX: u64 = 256 * 1024;
/// About how many are kept; the cache makes room for so many at first.
const EXPECTED: usize = 1024;

/// An open execution, folded.
pub(super) struct Live {
    pub(super) origin: Origin,
    pub(super) program: Arc<Program>,
    pub(super) execution: Execution,
    /// The number of the next batch of the journal.
    pub(super) batch: i64,
    /// Bytes of its journal: a measure of what it takes in memory.
    pub(super) journal_bytes: usize,
}

/// An execution's place in memory. Whoever locks it may take a step, or fold it from the journal if it is empty;
/// the next waits for its turn. A step takes the state out and puts it back once it is durable, so that one that
/// failed leaves the place empty.
pub(super) type Place = Arc<AsyncMutex<Option<Live>>>;

/// The places there are. The cache keeps the recent ones alive; the index finds every one that anybody holds,
/// so that no execution has two at one time.
pub(super) struct LiveExecutions {
    recent: Cache<i64, Kept, ByWeight>,
    index: Mutex<HashMap<i64, Weak<AsyncMutex<Option<Live>>>>>,
}

#[derive(Clone)]
struct Kept {
    _place: Place,
    weight: u64,
}

#[derive(Clone)]
struct ByWeight;

impl Weighter<i64, Kept> for ByWeight {
    fn weight(&self, _: &i64, kept: &Kept) -> u64 {
        kept.weight
    }
}

impl LiveExecutions {
    /// Keeps up to about `bytes` of executions that nobody holds.
    pub(super) fn new(bytes: u64) -> Self {
        Self { recent: Cache::with_weighter(EXPECTED, bytes, ByWeight), index: Mutex::new(HashMap::new()) }
    }

    /// The place of `id`; an empty one if there was none.
    pub(super) fn place(&self, id: i64) -> Place {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = index.get(&id).and_then(Weak::upgrade) {
            drop(index);
            // Tells the cache that it is in use.
            self.recent.get(&id);
            return found;
        }
        let place = Place::default();
        Self::put(&mut index, id, &place);
        place
    }

    /// Takes in an execution that was just written, unless somebody has found and folded it by now.
    pub(super) fn insert(&self, live: Live) {
        let (id, bytes) = (live.origin.id, live.journal_bytes);
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.get(&id).is_some_and(|found| found.strong_count() != 0) {
            return;
        }
        let place = Arc::new(AsyncMutex::new(Some(live)));
        Self::put(&mut index, id, &place);
        drop(index);
        self.keep(id, &place, bytes);
    }

    fn put(index: &mut HashMap<i64, Weak<AsyncMutex<Option<Live>>>>, id: i64, place: &Place) {
        index.insert(id, Arc::downgrade(place));
        if index.len().is_multiple_of(4096) {
            index.retain(|_, weak| weak.strong_count() != 0);
        }
    }

    /// Keeps a place, whose journal has `bytes`, as one that was just used.
    pub(super) fn keep(&self, id: i64, place: &Place, bytes: usize) {
        let weight = BASE_BYTES.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)).min(WEIGHT_MAX);
        self.recent.insert(id, Kept { _place: place.clone(), weight });
    }

    /// Stops keeping what has ended. The place itself goes with the last one who holds it.
    pub(super) fn let_go(&self, id: i64) {
        self.recent.remove(&id);
    }
}
