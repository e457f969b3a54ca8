//! All keys and meters in use, and their communication with the usage store.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::key_cache::{KeyCache, Lookup, Subscriber};
use super::meter::{Attempt, Meter, Standing, Verdict};
use super::reading::MeterReading;
use super::share::Share;
use super::throttle::{Limiters, Wait};
use super::usage_store::UsageStore;
use crate::apis::{ApiId, ApiKeyValue, StageName, UsagePlanId};
use crate::apis::{Day, Entry, KeptBucket, LiveKey, LiveUsage, Scope, Subject};
use crate::clock::Clock;
use crate::gateway::stages::{SourceError, StageSource};
use crate::id::AccountRegion;

/// The number of locks over which meters are distributed.
const SHARDS: usize = 64;
/// How often the counts of keys without a quota are written: a crash loses that much of them.
const WRITE_UP_EVERY: Duration = Duration::from_secs(1);
/// While the server runs, buckets that fill sooner than this are not written.
const KEPT_AT_LEAST: Duration = Duration::from_secs(2);
/// How often to look for idle keys; a key is dropped after two such intervals.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The most entries in one transaction.
const ENTRIES_MAX: usize = 1_000;
/// How long usage is kept, in days.
pub(crate) const DAYS_KEPT: i64 = 90;
/// How often a request asks the usage store before it is refused: each time, others may have used up the block.
const ASKS_MAX: u32 = 64;

type Shard = Mutex<HashMap<Subject, Arc<Meter>>>;

/// All keys and meters in use.
pub(crate) struct KeyMeters {
    source: Arc<dyn StageSource>,
    usage_store: Arc<dyn UsageStore>,
    clock: Arc<dyn Clock>,
    key_caches: Mutex<HashMap<AccountRegion, Arc<KeyCache>>>,
    meters: Box<[Shard]>,
    hasher: RandomState,
    /// The buckets of stages, shared by all callers.
    limiters: Limiters,
    /// Meters whose reserve is running low.
    low: Mutex<Vec<Arc<Meter>>>,
    woken: Notify,
    is_closing: AtomicBool,
    share: Share,
}

/// The decision about a request with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Admitted(Standing),
    Throttled(Wait),
    QuotaExceeded(Standing),
}

impl KeyMeters {
    pub(crate) fn new(
        source: Arc<dyn StageSource>,
        usage_store: Arc<dyn UsageStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            source,
            usage_store,
            clock,
            key_caches: Mutex::default(),
            meters: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            limiters: Limiters::default(),
            low: Mutex::default(),
            woken: Notify::new(),
            is_closing: AtomicBool::new(false),
            share: Share::default(),
        }
    }

    /// This node's part of all rates.
    pub(crate) fn share(&self) -> &Share {
        &self.share
    }

    // === keys ===

    /// The keys of an account and region.
    pub(crate) fn key_cache(&self, owner: &AccountRegion) -> Arc<KeyCache> {
        let mut key_caches = self.key_caches.lock().unwrap_or_else(PoisonError::into_inner);
        key_caches.entry(owner.clone()).or_default().clone()
    }

    /// The key with this value; `None` if there is none.
    pub(crate) async fn subscriber(
        &self,
        owner: &AccountRegion,
        key_cache: &KeyCache,
        value: &str,
    ) -> Result<Option<Arc<Subscriber>>, SourceError> {
        let since = match key_cache.find(value) {
            Lookup::Known(subscriber) => return Ok(Some(subscriber)),
            Lookup::Nobody => return Ok(None),
            Lookup::Ask(since) => since,
        };
        let key = self.source.key(owner, value).await?;
        let subscriber = key.map(|key| Arc::new(self.subscribe(owner, key)));
        key_cache.keep(value, since, subscriber.clone());
        Ok(subscriber)
    }

    /// The key with this value, if it is in memory.
    pub(crate) fn known(&self, key_cache: &KeyCache, value: &str) -> Option<Arc<Subscriber>> {
        match key_cache.find(value) {
            Lookup::Known(subscriber) => Some(subscriber),
            Lookup::Nobody | Lookup::Ask(_) => None,
        }
    }

    fn subscribe(&self, owner: &AccountRegion, key: LiveKey) -> Subscriber {
        let subject = |plan| Subject { owner: owner.clone(), plan, key: key.id.clone() };
        let meters = key.plans.into_iter().map(|plan| self.meter(subject(plan))).collect();
        Subscriber { id: key.id, is_enabled: key.enabled, meters }
    }

    /// Drops what is known about a value.
    pub(crate) fn forget_key(&self, owner: &AccountRegion, value: &ApiKeyValue) {
        let key_caches = self.key_caches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key_cache) = key_caches.get(owner) {
            key_cache.forget(value.expose());
        }
    }

    /// Drops what is known of all keys, and asks the usage store anew: another node has changed something.
    pub(crate) fn forget_all(&self) {
        let key_caches = self.key_caches.lock().unwrap_or_else(PoisonError::into_inner);
        key_caches.values().for_each(|key_cache| key_cache.forget_all());
        drop(key_caches);
        self.all_meters().iter().for_each(|meter| meter.expire());
    }

    // === meters ===

    fn shard(&self, subject: &Subject) -> MutexGuard<'_, HashMap<Subject, Arc<Meter>>> {
        let at = usize::try_from(self.hasher.hash_one(subject) % SHARDS as u64).unwrap_or(0);
        self.meters[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meter(&self, subject: Subject) -> Arc<Meter> {
        let mut shard = self.shard(&subject);
        shard.entry(subject.clone()).or_insert_with(|| Arc::new(Meter::new(subject))).clone()
    }

    fn all_meters(&self) -> Vec<Arc<Meter>> {
        let meters = |shard: &Shard| -> Vec<Arc<Meter>> {
            shard.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
        };
        self.meters.iter().flat_map(meters).collect()
    }

    /// Decides about a request. Waits for the usage store only if they have to be asked.
    pub(crate) async fn admit(
        &self,
        meter: &Arc<Meter>,
        attempt: Attempt<'_>,
    ) -> Result<Answer, SourceError> {
        for _ in 0..ASKS_MAX {
            match meter.admit(attempt, &self.clock) {
                Verdict::Admitted { standing, is_low } => {
                    if is_low {
                        self.low.lock().unwrap_or_else(PoisonError::into_inner).push(meter.clone());
                        self.woken.notify_one();
                    }
                    return Ok(Answer::Admitted(standing));
                }
                Verdict::Throttled(wait) => return Ok(Answer::Throttled(wait)),
                Verdict::QuotaExceeded(standing) => return Ok(Answer::QuotaExceeded(standing)),
                // If the caller hangs up, the usage store' answer still has to be credited.
                Verdict::Ask => {
                    match tokio::spawn(ask(self.usage_store.clone(), meter.clone(), attempt.day)).await {
                        Ok(asked) => asked?,
                        Err(error) => return Err(SourceError(error.into())),
                    }
                }
            }
        }
        Err(SourceError("the usage store could not be asked as fast as the key is used".into()))
    }

    /// Today's usage of the plan's keys in use.
    pub(crate) fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage> {
        let of_plan = |meter: &Arc<Meter>| meter.subject.plan == *plan && meter.subject.owner == *owner;
        let usage = |meter: Arc<Meter>| {
            let (day, used) = meter.used()?;
            Some(LiveUsage { key: meter.subject.key.clone(), day, used })
        };
        self.all_meters().into_iter().filter(of_plan).filter_map(usage).collect()
    }

    /// What the meters of a plan's keys know at this moment; those that nobody has used lately are not in memory.
    pub(crate) fn readings(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<MeterReading> {
        let of_plan = |meter: &Arc<Meter>| meter.subject.plan == *plan && meter.subject.owner == *owner;
        self.all_meters().into_iter().filter(of_plan).map(|meter| meter.reading()).collect()
    }

    /// Makes the next request ask the usage store about a key, because its quota was changed.
    pub(crate) fn expire(&self, subject: &Subject) {
        if let Some(meter) = self.shard(subject).get(subject) {
            meter.expire();
        }
    }

    // === buckets ===

    /// The buckets of stages.
    pub(crate) fn limiters(&self) -> &Limiters {
        &self.limiters
    }

    /// Loads the stored levels of a stage's buckets, unless that was done before.
    pub(crate) async fn restore_limiters(&self, api: &ApiId, stage: &StageName) -> Result<(), SourceError> {
        if self.limiters.is_new(api, stage) {
            let kept = self.usage_store.kept_buckets(Scope::Stage(api.clone(), stage.clone())).await?;
            self.limiters.restore(api, stage, kept);
        }
        Ok(())
    }

    /// Stores the levels of buckets that have changed and need at least `worth` to fill.
    async fn keep_buckets(&self, worth: Duration) {
        let mut changes: Vec<KeptBucket> =
            self.all_meters().iter().flat_map(|meter| meter.bucket_changes(worth)).collect();
        let stage =
            |((api, stage, name), full_at)| KeptBucket { scope: Scope::Stage(api, stage), name, full_at };
        changes.extend(self.limiters.changes(worth).into_iter().map(stage));
        for chunk in changes.chunks(ENTRIES_MAX) {
            self.noted(self.usage_store.keep_buckets(chunk.to_vec(), self.clock.now()).await);
        }
    }

    // === upkeep ===

    /// Refills reserves, writes counts and drops idle keys, until the key_meters is closed.
    pub(crate) async fn keep(&self) {
        let mut sweep_at = self.clock.now() + SWEEP_EVERY;
        let mut day = None;
        while !self.is_closing.load(Ordering::Acquire) {
            let tick = self.clock.sleep_until(self.clock.now() + WRITE_UP_EVERY);
            tokio::select! {
                () = self.woken.notified() => self.top_up().await,
                () = tick => {
                    self.write_up().await;
                    self.keep_buckets(KEPT_AT_LEAST).await;
                }
            }
            let now = self.clock.now();
            if sweep_at <= now {
                sweep_at = now + SWEEP_EVERY;
                self.sweep().await;
            }
            let today = Day::of(now);
            if day.is_none_or(|day| day < today) {
                day = Some(today);
                self.noted(self.usage_store.forget_before(today.plus(-DAYS_KEPT)).await);
            }
        }
    }

    /// Reserves more where it is running low, all at the same time, so that the store can group the writes.
    async fn top_up(&self) {
        let low = std::mem::take(&mut *self.low.lock().unwrap_or_else(PoisonError::into_inner));
        let mut asking = JoinSet::new();
        for meter in low {
            if let Some((day, _)) = meter.used() {
                asking.spawn(ask(self.usage_store.clone(), meter, day));
            }
        }
        while let Some(done) = asking.join_next().await {
            self.noted(done.unwrap_or(Ok(())));
        }
    }

    /// Writes the counts of keys without a quota.
    async fn write_up(&self) {
        let meters = self.all_meters();
        if self.share.is_shared() {
            // Others may have returned some of a quota that was used up.
            meters.iter().for_each(|meter| meter.look_again());
        }
        let written = |meter: Arc<Meter>| meter.write_up().map(|entry| (meter, entry));
        let entries: Vec<(Arc<Meter>, Entry)> = meters.into_iter().filter_map(written).collect();
        for chunk in entries.chunks(ENTRIES_MAX) {
            let posted = self.usage_store.post(chunk.iter().map(|(_, entry)| entry.clone()).collect()).await;
            if posted.is_err() {
                chunk.iter().for_each(|(meter, entry)| meter.not_written(entry));
            }
            self.noted(posted.map(drop));
        }
    }

    /// Drops idle keys, and returns what they had reserved.
    async fn sweep(&self) {
        let key_caches: Vec<Arc<KeyCache>> =
            self.key_caches.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        key_caches.iter().for_each(|key_cache| key_cache.sweep());
        // Held only by the table and here, so no key in use refers to it.
        let idle = |meter: &Arc<Meter>| Arc::strong_count(meter) == 2 && meter.is_idle();
        let meters = self.all_meters();
        let now = self.clock.now();
        self.limiters.sweep(now);
        meters.iter().for_each(|meter| meter.trim(now));
        let idle: Vec<Arc<Meter>> = meters.into_iter().filter(idle).collect();
        if self.close_all(&idle).await {
            let subjects: Vec<Subject> = idle.iter().map(|meter| meter.subject.clone()).collect();
            drop(idle);
            for subject in subjects {
                let mut shard = self.shard(&subject);
                // Nobody can get it while the table is locked. One that was used meanwhile has an account again.
                let is_forgotten =
                    shard.get(&subject).is_some_and(|it| Arc::strong_count(it) == 1 && it.used().is_none());
                if is_forgotten {
                    shard.remove(&subject);
                }
            }
        }
        for shard in &self.meters {
            shard.lock().unwrap_or_else(PoisonError::into_inner).shrink_to_fit();
        }
    }

    /// Writes the exact usage of these meters; returns whether that succeeded.
    async fn close_all(&self, meters: &[Arc<Meter>]) -> bool {
        let mut is_done = true;
        for chunk in meters.chunks(ENTRIES_MAX) {
            let mut held = Vec::new();
            let mut entries = Vec::new();
            for meter in chunk {
                held.push(meter.asking.clone().lock_owned().await);
                entries.extend(meter.close());
            }
            let posted =
                if entries.is_empty() { Ok(Vec::new()) } else { self.usage_store.post(entries).await };
            match posted {
                Ok(_) => chunk.iter().for_each(|meter| meter.closed()),
                Err(error) => {
                    is_done = false;
                    chunk.iter().for_each(|meter| meter.give_up());
                    self.noted(Err(error));
                }
            }
            drop(held);
        }
        is_done
    }

    /// Ends the upkeep and writes everything: a graceful stop loses nothing.
    pub(crate) async fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.woken.notify_one();
        self.close_all(&self.all_meters()).await;
        self.keep_buckets(Duration::ZERO).await;
    }

    fn noted(&self, result: Result<(), SourceError>) {
        if let Err(error) = result {
            tracing::error!(error = &error as &dyn std::error::Error, "usage could not be recorded");
        }
    }

    /// The number of keys and meters in memory.
    #[cfg(test)]
    pub(crate) fn held(&self) -> (usize, usize) {
        let key_caches = self.key_caches.lock().unwrap();
        (key_caches.values().map(|key_cache| key_cache.len()).sum(), self.all_meters().len())
    }
}

/// Asks the usage store about a meter, unless somebody else has just done so.
async fn ask(usage_store: Arc<dyn UsageStore>, meter: Arc<Meter>, day: Day) -> Result<(), SourceError> {
    let _asking = meter.asking.lock().await;
    if meter.is_new() {
        meter.restore(usage_store.kept_buckets(Scope::Key(meter.subject.clone())).await?);
    }
    let Some(entry) = meter.ask(day) else { return Ok(()) };
    match usage_store.post(vec![entry.clone()]).await {
        Ok(balances) => meter.credit(&entry, balances.first().copied().unwrap_or_default()),
        Err(error) => {
            meter.give_up();
            return Err(error);
        }
    }
    Ok(())
}

impl std::fmt::Debug for KeyMeters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMeters")
    }
}
