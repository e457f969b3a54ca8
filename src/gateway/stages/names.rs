//! Which APIs have a stage of a name, for requests that name a stage only.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::gateway::api::{ApiId, StageName};

/// The names that were asked for since stages last came or went.
#[derive(Debug, Default)]
pub(super) struct Names {
    apis: ArcSwap<HashMap<StageName, Arc<[ApiId]>>>,
    /// How often stages came or went: what was read under an older count is not kept.
    changes: AtomicU64,
}

impl Names {
    pub(super) fn get(&self, stage: &StageName) -> Option<Arc<[ApiId]>> {
        self.apis.load().get(stage).cloned()
    }

    /// The count that what is read from now on belongs to.
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

    /// Forgets all.
    pub(super) fn clear(&self) {
        // First the count, then the removal: what is kept in between is removed with the rest.
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.apis.store(Arc::default());
    }
}
