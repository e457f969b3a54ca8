//! The check of API keys without a gateway or a store, for benchmarks and simulations.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::key_cache::KeyCache;
use super::key_meters::{Answer, KeyMeters};
use super::meter::Attempt;
use super::share::Share;
use super::terms::Terms;
use super::usage_store::UsageStore;
use crate::apis::{
    ApiId, ApiKeyId, ApiStage, HttpMethod, LiveStage, QuotaSettings, StageName, ThrottleSettings, UsagePlan,
};
use crate::apis::{Balance, Day, Entry, KeptBucket, LiveKey, Scope, Subject, UsageRows, post};
use crate::clock::{Clock, Timestamp};
use crate::gateway::backends::BoxFuture;
use crate::gateway::stages::{SourceError, StageSource};
use crate::id::{AccountId, AccountRegion, Region};

/// The beginning of all keys' values.
const PREFIX: &str = "a-key-of-forty-characters-";

/// A usage store in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryUsageStore {
    used: Mutex<BTreeMap<(ApiKeyId, Day), u64>>,
    granted: Mutex<BTreeMap<(ApiKeyId, Day), i64>>,
    buckets: Mutex<Vec<KeptBucket>>,
    /// The number of posts.
    pub(crate) posts: AtomicUsize,
    /// Whether posting fails.
    pub(crate) is_broken: AtomicBool,
}

impl MemoryUsageStore {
    fn used(&self) -> MutexGuard<'_, BTreeMap<(ApiKeyId, Day), u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn granted(&self) -> MutexGuard<'_, BTreeMap<(ApiKeyId, Day), i64>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded usage of a day.
    pub(crate) fn written(&self, key: &ApiKeyId, day: Day) -> u64 {
        self.used().get(&(key.clone(), day)).copied().unwrap_or(0)
    }

    /// Grants a period more than its quota.
    #[cfg(test)]
    pub(crate) fn grant(&self, key: &ApiKeyId, start: Day, extra: i64) {
        self.granted().insert((key.clone(), start), extra);
    }
}

impl UsageRows for MemoryUsageStore {
    type Error = SourceError;

    fn used(&self, subject: &Subject, day: Day) -> Result<u64, SourceError> {
        Ok(self.written(&subject.key, day))
    }

    fn used_in(&self, subject: &Subject, days: Range<Day>) -> Result<u64, SourceError> {
        let range = (subject.key.clone(), days.start)..(subject.key.clone(), days.end);
        Ok(self.used().range(range).map(|(_, used)| used).sum())
    }

    fn write(&self, subject: &Subject, day: Day, used: u64) -> Result<(), SourceError> {
        self.used().insert((subject.key.clone(), day), used);
        Ok(())
    }

    fn granted(&self, subject: &Subject, start: Day) -> Result<i64, SourceError> {
        Ok(self.granted().get(&(subject.key.clone(), start)).copied().unwrap_or(0))
    }
}

impl UsageStore for MemoryUsageStore {
    fn post(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Balance>, SourceError>> {
        Box::pin(async move {
            // Like a disk, it lets others run meanwhile.
            tokio::task::yield_now().await;
            if self.is_broken.load(Ordering::SeqCst) {
                return Err(SourceError("no usage store".into()));
            }
            self.posts.fetch_add(1, Ordering::SeqCst);
            entries.iter().map(|entry| post(self, entry)).collect()
        })
    }

    fn forget_before(&self, day: Day) -> BoxFuture<'_, Result<(), SourceError>> {
        self.used().retain(|(_, at), _| day <= *at);
        Box::pin(async { Ok(()) })
    }

    fn kept_buckets(&self, scope: Scope) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, SourceError>> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let of_scope = buckets.iter().filter(|bucket| bucket.scope == scope);
        let kept = of_scope.map(|bucket| (bucket.name.clone(), bucket.full_at)).collect();
        Box::pin(async { Ok(kept) })
    }

    fn keep_buckets(
        &self,
        changed: Vec<KeptBucket>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), SourceError>> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let is_changed =
            |it: &KeptBucket| changed.iter().any(|new| new.scope == it.scope && new.name == it.name);
        buckets.retain(|bucket| now < bucket.full_at && !is_changed(bucket));
        buckets.extend(changed);
        Box::pin(async { Ok(()) })
    }
}

/// Any number of keys, all in one plan, and no stages.
struct Numbered;

impl StageSource for Numbered {
    fn load<'a>(
        &'a self,
        _: &'a ApiId,
        _: &'a StageName,
    ) -> BoxFuture<'a, Result<Option<LiveStage>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn apis_with_stage<'a>(&'a self, _: &'a StageName) -> BoxFuture<'a, Result<Vec<ApiId>, SourceError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn key<'a>(
        &'a self,
        _: &'a AccountRegion,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveKey>, SourceError>> {
        let key = value.strip_prefix(PREFIX).map(|number| LiveKey {
            id: number.into(),
            enabled: true,
            plans: vec!["trial1".into()],
        });
        Box::pin(async { Ok(key) })
    }
}

/// Keys of one plan, on one method.
pub struct KeyTrial {
    key_meters: KeyMeters,
    key_cache: Arc<KeyCache>,
    owner: AccountRegion,
    terms: Terms,
    clock: Arc<dyn Clock>,
}

impl KeyTrial {
    /// A plan with these limits and unused keys. `None` for an invalid owner.
    pub fn new(
        throttle: Option<ThrottleSettings>,
        quota: Option<QuotaSettings>,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let owner =
            AccountRegion { account: AccountId::parse("123456789012")?, region: Region::parse("us-east-1")? };
        let (api, stage) = (ApiId::from("trial"), StageName::from("trial"));
        let plan = UsagePlan {
            id: "trial1".into(),
            revision: 0,
            name: "trial".to_owned(),
            description: None,
            api_stages: vec![ApiStage {
                api_id: api.clone(),
                stage: stage.clone(),
                throttle: BTreeMap::new(),
            }],
            throttle,
            quota,
            product_code: None,
            tags: BTreeMap::new(),
        };
        let terms = Terms::new(&plan, &api, &stage, HttpMethod::Get, "/", &Share::default())?;
        let key_meters =
            KeyMeters::new(Arc::new(Numbered), Arc::new(MemoryUsageStore::default()), clock.clone());
        Some(Self { key_cache: key_meters.key_cache(&owner), key_meters, owner, terms, clock })
    }

    /// The value of a key.
    pub fn value(number: usize) -> String {
        format!("{PREFIX}{number:014}")
    }

    /// Sends a request with a key; returns whether it is admitted.
    ///
    /// # Errors
    /// [`SourceError`] if its usage can't be recorded.
    pub async fn call(&self, value: &str) -> Result<bool, SourceError> {
        let subscriber = self.key_meters.subscriber(&self.owner, &self.key_cache, value).await?;
        let meter = subscriber.as_ref().and_then(|it| it.meter(&self.terms.plan));
        let Some(meter) = meter else { return Ok(false) };
        let day = Day::of(self.clock.now());
        let attempt = Attempt { terms: &self.terms, caller: None, day, outer: &[] };
        let answer = self.key_meters.admit(meter, attempt).await?;
        Ok(matches!(answer, Answer::Admitted(_)))
    }
}

impl std::fmt::Debug for KeyTrial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyTrial")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::apis::QuotaPeriod;
    use crate::clock::VirtualClock;

    /// Threads, keys, days: exactly the quota is admitted on each day, whatever the interleaving.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn simulated_callers_get_exactly_their_quota() {
        const KEYS: usize = 7;
        const LIMIT: usize = 1_500;
        let clock = Arc::new(VirtualClock::new(Timestamp::EPOCH));
        let quota = QuotaSettings { limit: LIMIT as i32, offset: 0, period: QuotaPeriod::Day };
        let trial = Arc::new(KeyTrial::new(None, Some(quota), clock.clone()).unwrap());
        for _day in 0..3 {
            let mut callers = tokio::task::JoinSet::new();
            for caller in 0..8 {
                let trial = trial.clone();
                callers.spawn(async move {
                    let mut passed = 0;
                    for n in 0..KEYS * LIMIT / 4 {
                        passed +=
                            usize::from(trial.call(&KeyTrial::value((n + caller) % KEYS)).await.unwrap());
                    }
                    passed
                });
            }
            let passed: usize = callers.join_all().await.into_iter().sum();
            assert_eq!(passed, KEYS * LIMIT);
            clock.advance(Duration::from_secs(24 * 60 * 60));
        }
    }

    /// Threads using one key while time passes: at most burst + rate · time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn simulated_callers_keep_to_their_rate() {
        let clock = Arc::new(VirtualClock::new(Timestamp::EPOCH));
        let throttle = ThrottleSettings { rate_limit: Some(1_000.0), burst_limit: Some(20) };
        let trial = Arc::new(KeyTrial::new(Some(throttle), None, clock.clone()).unwrap());
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (trial, clock) = (trial.clone(), clock.clone());
            callers.spawn(async move {
                let mut passed = 0;
                for n in 0..2_000 {
                    if n % 8 == 0 {
                        clock.advance(Duration::from_millis(1));
                    }
                    passed += usize::from(trial.call(&KeyTrial::value(1)).await.unwrap());
                }
                passed
            });
        }
        let passed: usize = callers.join_all().await.into_iter().sum();
        // Fewer only by what was refilled while the bucket was full.
        assert!((900..=20 + 1_000).contains(&passed), "{passed}");
    }
}
