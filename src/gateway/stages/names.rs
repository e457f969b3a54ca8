//! Which APIs have a stage of a given name, for requests that name only a stage.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

use crate::apis::{ApiId, StageName};

/// The names requested since a stage was last created or deleted.
#[derive(Debug, Default)]
pub(super) struct Names {
    apis: ArcSwap<HashMap<StageName, Arc<[ApiId]>, RandomState>>,
    /// Counts creations and deletions of stages: what was read under an older count is not kept.
    changes: AtomicU64,
}

impl Names {
    pub(super) fn get(&self, stage: &StageName) -> Option<Arc<[ApiId]>> {
        self.apis.load().get(stage).cloned()
    }

    /// The count for what is read from now on.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Keeps what was read under the count `changes`.
    pub(super) fn put(&self, stage: &StageName, apis: &Arc<[ApiId]>, changes: u64) {
        self.apis.rcu(|known| {
            let mut known = HashMap::clone(known);
            if self.changes() == changes {
                known.insert(stage.clone(), apis.clone());
            }
            known
        });
    }

    /// Drops everything.
    pub(super) fn clear(&self) {
        // Increase the count first: entries added in between are then removed with the rest.
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.apis.store(Arc::default());
    }
}
