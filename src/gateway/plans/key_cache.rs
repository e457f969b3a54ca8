//! The API keys of one account and region that are in use. They are found by value without waiting, loaded from the
//! store on first use, and dropped when they become idle.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use quick_cache::sync::Cache;

use super::meter::Meter;
use crate::apis::{ApiKeyId, UsagePlanId};

/// The number of locks over which keys are distributed; a power of two.
const SHARDS: usize = 64;
/// How many unknown values to remember, so that callers with a deleted key don't cost a read each time.
const UNKNOWN_MAX: usize = 4_096;

/// An API key in use.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) id: ApiKeyId,
    pub(crate) is_enabled: bool,
    /// Its plans, each with a meter for this key.
    pub(crate) meters: Box<[Arc<Meter>]>,
}

impl Subscriber {
    /// The key's meter under a plan; `None` if the plan doesn't contain the key.
    pub(crate) fn meter(&self, plan: &UsagePlanId) -> Option<&Arc<Meter>> {
        self.meters.iter().find(|meter| meter.subject.plan == *plan)
    }
}

#[derive(Debug)]
struct Slot {
    subscriber: Arc<Subscriber>,
    /// Whether it was looked up since the last sweep.
    is_used: AtomicBool,
}

#[derive(Debug, Default)]
struct Shard {
    slots: HashMap<Box<str>, Slot>,
    /// Counts removals: what was loaded before one is not kept.
    changes: u64,
}

/// Keys by value.
pub(crate) struct KeyCache {
    shards: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    unknown: Cache<Box<str>, ()>,
}

/// The result of looking up a value.
#[derive(Debug)]
pub(crate) enum Lookup {
    Known(Arc<Subscriber>),
    /// No key has the value.
    Nobody,
    /// The store has to be asked. Its answer is kept if nothing changes meanwhile.
    Ask(Since),
}

/// The state of a shard at the time of a lookup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since(u64);

impl Default for KeyCache {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { shards, hasher: RandomState::new(), unknown: Cache::new(UNKNOWN_MAX) }
    }
}

impl KeyCache {
    /// Looks a value up.
    pub(crate) fn find(&self, value: &str) -> Lookup {
        let shard = self.read(value);
        if let Some(slot) = shard.slots.get(value) {
            if !slot.is_used.load(Ordering::Relaxed) {
                slot.is_used.store(true, Ordering::Relaxed);
            }
            return Lookup::Known(slot.subscriber.clone());
        }
        // Under the lock, so that a key created meanwhile is not taken for unknown.
        if self.unknown.get(value).is_some() { Lookup::Nobody } else { Lookup::Ask(Since(shard.changes)) }
    }

    /// Keeps the store's answer, unless something has changed since the lookup.
    pub(crate) fn keep(&self, value: &str, since: Since, subscriber: Option<Arc<Subscriber>>) {
        let mut shard = self.write(value);
        if shard.changes != since.0 {
            return;
        }
        match subscriber {
            Some(subscriber) => {
                let slot = Slot { subscriber, is_used: AtomicBool::new(true) };
                shard.slots.insert(value.into(), slot);
            }
            None => self.unknown.insert(value.into(), ()),
        }
    }

    /// Drops a value, known or unknown.
    pub(crate) fn forget(&self, value: &str) {
        let mut shard = self.write(value);
        shard.changes += 1;
        shard.slots.remove(value);
        self.unknown.remove(value);
    }

    /// Drops everything.
    pub(crate) fn forget_all(&self) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.changes += 1;
            shard.slots.clear();
        }
        self.unknown.clear();
    }

    /// Drops the keys that were not looked up since the last sweep.
    pub(crate) fn sweep(&self) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.slots.retain(|_, slot| slot.is_used.swap(false, Ordering::Relaxed));
            shard.slots.shrink_to_fit();
        }
    }

    /// The number of keys in use.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap().slots.len()).sum()
    }

    fn shard(&self, value: &str) -> &RwLock<Shard> {
        // A remainder is always within the table, which is never empty.
        let at = usize::try_from(self.hasher.hash_one(value) % SHARDS as u64).unwrap_or(0);
        &self.shards[at]
    }

    fn read(&self, value: &str) -> RwLockReadGuard<'_, Shard> {
        self.shard(value).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, value: &str) -> RwLockWriteGuard<'_, Shard> {
        self.shard(value).write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyCache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber() -> Option<Arc<Subscriber>> {
        Some(Arc::new(Subscriber { id: "k1".into(), is_enabled: true, meters: Box::default() }))
    }

    fn asked(key_cache: &KeyCache, value: &str) -> Since {
        match key_cache.find(value) {
            Lookup::Ask(since) => since,
            found @ (Lookup::Known(_) | Lookup::Nobody) => panic!("{value}: {found:?}"),
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let key_cache = KeyCache::default();
        let since = asked(&key_cache, "a");
        key_cache.forget("a");
        key_cache.keep("a", since, None);
        let since = asked(&key_cache, "a");
        key_cache.keep("a", since, subscriber());
        assert!(matches!(key_cache.find("a"), Lookup::Known(_)));
        key_cache.forget("a");
        asked(&key_cache, "a");
    }

    #[test]
    fn nobodys_values_are_remembered_until_somebody_gets_one() {
        let key_cache = KeyCache::default();
        key_cache.keep("a", asked(&key_cache, "a"), None);
        assert!(matches!(key_cache.find("a"), Lookup::Nobody));
        key_cache.forget("a");
        asked(&key_cache, "a");
    }

    #[test]
    fn idle_keys_are_forgotten_at_the_second_sweep() {
        let key_cache = KeyCache::default();
        for value in ["a", "b"] {
            key_cache.keep(value, asked(&key_cache, value), subscriber());
        }
        key_cache.sweep();
        key_cache.find("a");
        key_cache.sweep();
        assert_eq!(key_cache.len(), 1);
        key_cache.sweep();
        assert_eq!(key_cache.len(), 0);
    }
}
