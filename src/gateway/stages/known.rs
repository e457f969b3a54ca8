//! The compiled stages that are in use, looked up without a lock.
//!
//! What is added or taken out copies the table that it stands in; there are many tables, so that this costs little
//! however many stages there are.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::gateway::api::{ApiId, StageName};
use crate::gateway::compile::Served;

/// How many tables there are.
const TABLES: usize = 256;

type Table = HashMap<ApiId, HashMap<StageName, Arc<Served>>>;

/// Compiled stages by API and name.
pub(super) struct Known {
    hasher: RandomState,
    tables: Box<[ArcSwap<Table>]>,
}

impl Default for Known {
    fn default() -> Self {
        Self { hasher: RandomState::new(), tables: (0..TABLES).map(|_| ArcSwap::default()).collect() }
    }
}

impl Known {
    pub(super) fn get(&self, api: &ApiId, stage: &StageName) -> Option<Arc<Served>> {
        self.table(api).load().get(api)?.get(stage).cloned()
    }

    /// Adds a stage, in place of what was known of it.
    pub(super) fn put(&self, api: &ApiId, stage: &StageName, served: &Arc<Served>) {
        self.table(api).rcu(|table| {
            let mut table = Table::clone(table);
            table.entry(api.clone()).or_default().insert(stage.clone(), served.clone());
            table
        });
    }

    /// Forgets a stage.
    pub(super) fn remove(&self, api: &ApiId, stage: &StageName) {
        self.table(api).rcu(|table| {
            let mut table = Table::clone(table);
            if let Some(stages) = table.get_mut(api) {
                stages.remove(stage);
                if stages.is_empty() {
                    table.remove(api);
                }
            }
            table
        });
    }

    /// The names of an API's stages that are known.
    pub(super) fn stages_of(&self, api: &ApiId) -> Vec<StageName> {
        self.table(api).load().get(api).map(|stages| stages.keys().cloned().collect()).unwrap_or_default()
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> Vec<(ApiId, StageName, Arc<Served>)> {
        let mut all = Vec::new();
        for table in &self.tables {
            for (api, stages) in &**table.load() {
                all.extend(stages.iter().map(|(name, served)| (api.clone(), name.clone(), served.clone())));
            }
        }
        all
    }

    fn table(&self, api: &ApiId) -> &ArcSwap<Table> {
        #[allow(clippy::cast_possible_truncation)] // Of a hash, any bits will do.
        let index = self.hasher.hash_one(api) as usize % TABLES;
        &self.tables[index]
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter().map(|(api, stage, _)| (api, stage))).finish()
    }
}
