//! Executions folded in memory: at most one copy of each, and only so many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use quick_cache::sync::Cache;
use tokio::sync::Mutex as AsyncMutex;

use super::execution::Execution;
use crate::asl::Program;
use crate::id::AccountRegion;

/// An open execution, folded.
pub(super) struct Live {
    pub(super) id: i64,
    pub(super) home: AccountRegion,
    pub(super) program: Arc<Program>,
    pub(super) execution: Execution,
    /// The number of the next batch of the journal.
    pub(super) batch: i64,
}

/// Whoever locks it takes one step; the next waits for its turn.
pub(super) type Shared = Arc<AsyncMutex<Live>>;

/// The copies there are. The cache keeps the recent ones alive; the index finds every one that anybody holds,
/// so that no execution is ever folded twice at one time.
pub(super) struct LiveExecutions {
    recent: Cache<i64, Shared>,
    index: Mutex<HashMap<i64, Weak<AsyncMutex<Live>>>>,
}

impl LiveExecutions {
    /// Keeps up to `capacity` executions that nobody holds.
    pub(super) fn new(capacity: usize) -> Self {
        Self { recent: Cache::new(capacity), index: Mutex::new(HashMap::new()) }
    }

    /// The copy of `id`, if there is one.
    pub(super) fn find(&self, id: i64) -> Option<Shared> {
        // Through the index always: the cache may hold what the index has given up.
        let found = self.index.lock().unwrap_or_else(PoisonError::into_inner).get(&id)?.upgrade()?;
        self.recent.get(&id);
        Some(found)
    }

    /// Takes in a copy, unless there is one by now: that one is answered then.
    pub(super) fn insert(&self, live: Live) -> Shared {
        let id = live.id;
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = index.get(&id).and_then(Weak::upgrade) {
            return found;
        }
        let shared = Arc::new(AsyncMutex::new(live));
        index.insert(id, Arc::downgrade(&shared));
        if index.len().is_multiple_of(4096) {
            index.retain(|_, weak| weak.strong_count() != 0);
        }
        self.recent.insert(id, shared.clone());
        shared
    }

    /// Forgets an execution that has ended.
    pub(super) fn remove(&self, id: i64) {
        self.recent.remove(&id);
        self.index.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
