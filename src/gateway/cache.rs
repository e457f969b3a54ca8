//! Response caches of stages: cache clusters on AWS.
//!
//! A cache holds the responses of one deployment under one set of stage variables. A stage that gets another
//! deployment, other variables or a cluster of another size starts with an empty cache, so that no response outlives
//! what produced it; AWS keeps responses across deployments until they expire. A canary may share its stage's cache.
//!
//! Data is in memory only, and `cacheDataEncrypted` has no effect.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use metrics::Counter;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::apis::{ApiId, CacheClusterSize, DeploymentId, StageName};
use crate::meter;

/// The longest time that a response can be cached.
const TTL_MAX: Duration = Duration::from_secs(3_600);
/// The largest body that is cached, in bytes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html>
pub(crate) const CACHED_BYTES_MAX: usize = 1_048_576;
/// The approximate number of responses for which a cache makes room at first.
const EXPECTED: usize = 1024;
/// The approximate size of a response in addition to its texts, in bytes.
const BASE_BYTES: usize = 256;

/// What the responses in a cache depend on. Caches with different contents share nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) deployment_id: DeploymentId,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) size: CacheClusterSize,
}

/// Whose responses: a canary has its own cache, unless it uses its stage's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Share {
    Stage,
    Canary,
}

/// A cached response, without the parts that belong to one request.
#[derive(Debug)]
pub(crate) struct CachedAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The cached responses of one stage, or of its canary.
pub(crate) struct ResponseCache {
    contents: Contents,
    answers: Cache<Box<[u8]>, Entry, ByBytes>,
    /// Counts flushes: a response begun before a flush is not served after it.
    flushes: AtomicU64,
    /// When a response was last stored, in monotonic milliseconds.
    last_put: AtomicU64,
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
}

#[derive(Clone)]
struct Entry {
    answer: Arc<CachedAnswer>,
    flushes: u64,
    /// Monotonic time of storing.
    stored: Duration,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Box<[u8]>, Entry> for ByBytes {
    fn weight(&self, key: &Box<[u8]>, entry: &Entry) -> u64 {
        let headers: usize =
            entry.answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        u64::try_from(BASE_BYTES + key.len() + headers + entry.answer.body.len()).unwrap_or(u64::MAX)
    }
}

/// Where to store a response that is being produced, and when that began.
pub(crate) struct Slot {
    key: Box<[u8]>,
    flushes: u64,
}

impl ResponseCache {
    fn new(api: &ApiId, stage: &StageName, contents: Contents) -> Self {
        let labels = [("api", api.as_str().to_owned()), ("stage", stage.as_str().to_owned())];
        Self {
            answers: Cache::with_weighter(EXPECTED, bytes(contents.size), ByBytes),
            contents,
            flushes: AtomicU64::new(0),
            last_put: AtomicU64::new(0),
            hits: metrics::counter!(meter::CACHE_HITS, &labels),
            misses: metrics::counter!(meter::CACHE_MISSES, &labels),
        }
    }

    /// The response for `key`, unless it is older than `ttl`.
    pub(crate) fn get(&self, key: &[u8], ttl: Duration, now: Duration) -> Option<Arc<CachedAnswer>> {
        let entry = self.answers.get(key)?;
        if entry.flushes == self.flushes.load(Ordering::Acquire) && now < entry.stored + ttl {
            return Some(entry.answer);
        }
        self.answers.remove(key);
        None
    }

    /// A slot for the response to a request that begins now.
    pub(crate) fn slot(&self, key: Box<[u8]>) -> Slot {
        Slot { key, flushes: self.flushes.load(Ordering::Acquire) }
    }

    /// Stores a response; replaces the previous one.
    pub(crate) fn put(&self, slot: Slot, answer: CachedAnswer, now: Duration) {
        let Slot { key, flushes } = slot;
        self.answers.insert(key, Entry { answer: Arc::new(answer), flushes, stored: now });
        self.last_put.store(millis(now), Ordering::Relaxed);
    }

    fn flush(&self) {
        self.flushes.fetch_add(1, Ordering::AcqRel);
        self.answers.clear();
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseCache").field("contents", &self.contents).finish_non_exhaustive()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// AWS's sizes are in gigabytes.
fn bytes(size: CacheClusterSize) -> u64 {
    const MB: u64 = 1_000_000;
    match size {
        CacheClusterSize::Gb0_5 => 500 * MB,
        CacheClusterSize::Gb1_6 => 1_600 * MB,
        CacheClusterSize::Gb6_1 => 6_100 * MB,
        CacheClusterSize::Gb13_5 => 13_500 * MB,
        CacheClusterSize::Gb28_4 => 28_400 * MB,
        CacheClusterSize::Gb58_2 => 58_200 * MB,
        CacheClusterSize::Gb118 => 118_000 * MB,
        CacheClusterSize::Gb237 => 237_000 * MB,
    }
}

/// All caches. They outlive compiled stages, so that changing a description doesn't empty a cache.
#[derive(Default)]
pub(crate) struct Caches(Mutex<Known>);

type Known = HashMap<(ApiId, StageName, Share), Arc<ResponseCache>>;

impl Caches {
    /// The cache of a stage for `contents`. Called when a stage is compiled, not for each request.
    pub(crate) fn get(
        &self,
        api: &ApiId,
        stage: &StageName,
        share: Share,
        contents: Contents,
    ) -> Arc<ResponseCache> {
        let mut known = self.known();
        let key = (api.clone(), stage.clone(), share);
        match known.get(&key) {
            Some(cache) if cache.contents == contents => cache.clone(),
            Some(_) | None => {
                let cache = Arc::new(ResponseCache::new(api, stage, contents));
                known.insert(key, cache.clone());
                cache
            }
        }
    }

    /// Empties the caches of a stage and its canary.
    pub(crate) fn flush(&self, api: &ApiId, stage: &StageName) {
        let known = self.known();
        for share in [Share::Stage, Share::Canary] {
            if let Some(cache) = known.get(&(api.clone(), stage.clone(), share)) {
                cache.flush();
            }
        }
    }

    /// Drops the caches that no compiled stage uses and in which all responses have expired.
    pub(crate) fn sweep(&self, now: Duration) {
        let oldest = millis(now.saturating_sub(TTL_MAX));
        self.known().retain(|_, cache| {
            1 < Arc::strong_count(cache)
                || (!cache.answers.is_empty() && oldest <= cache.last_put.load(Ordering::Relaxed))
        });
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(300);

    fn contents(deployment: &str) -> Contents {
        Contents {
            deployment_id: deployment.into(),
            variables: BTreeMap::new(),
            size: CacheClusterSize::Gb0_5,
        }
    }

    fn get(caches: &Caches, deployment: &str) -> Arc<ResponseCache> {
        caches.get(&"abc".into(), &"dev".into(), Share::Stage, contents(deployment))
    }

    fn answer(body: &'static str) -> CachedAnswer {
        CachedAnswer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() }
    }

    fn put(cache: &ResponseCache, key: &[u8], body: &'static str, now: Duration) {
        cache.put(cache.slot(key.into()), answer(body), now);
    }

    #[test]
    fn an_answer_is_kept_for_its_time() {
        let cache = get(&Caches::default(), "d1");
        let start = Duration::from_secs(10);
        put(&cache, b"a", "one", start);
        let body = |now| cache.get(b"a", TTL, now).map(|answer| answer.body.clone());
        assert_eq!(body(start + TTL - Duration::from_millis(1)).as_deref(), Some(&b"one"[..]));
        assert_eq!(body(start + TTL), None);
        // It is gone for good, even if the time to live is raised again.
        assert!(cache.get(b"a", TTL * 2, start).is_none());
    }

    #[test]
    fn what_was_begun_before_a_flush_is_not_served_after_it() {
        let caches = Caches::default();
        let cache = get(&caches, "d1");
        let slot = cache.slot(b"a"[..].into());
        put(&cache, b"b", "old", Duration::ZERO);
        caches.flush(&"abc".into(), &"dev".into());
        cache.put(slot, answer("begun before"), Duration::ZERO);
        assert!(cache.get(b"a", TTL, Duration::ZERO).is_none());
        assert!(cache.get(b"b", TTL, Duration::ZERO).is_none());
        put(&cache, b"a", "new", Duration::ZERO);
        assert!(cache.get(b"a", TTL, Duration::ZERO).is_some());
    }

    #[test]
    fn other_contents_have_another_cache_and_unused_ones_go_when_all_has_expired() {
        let caches = Caches::default();
        put(&get(&caches, "d1"), b"a", "one", Duration::ZERO);
        assert!(get(&caches, "d1").get(b"a", TTL, Duration::ZERO).is_some());
        caches.sweep(TTL_MAX);
        assert!(get(&caches, "d1").get(b"a", TTL, Duration::ZERO).is_some());
        assert!(get(&caches, "d2").get(b"a", TTL, Duration::ZERO).is_none());
        assert!(get(&caches, "d1").get(b"a", TTL, Duration::ZERO).is_none());
        put(&get(&caches, "d1"), b"a", "one", Duration::ZERO);
        caches.sweep(TTL_MAX + Duration::from_millis(1));
        assert!(caches.known().is_empty());
    }

    #[test]
    fn memory_is_bounded_and_the_largest_answer_fits() {
        let cache = get(&Caches::default(), "d1");
        let body = Bytes::from(vec![b'x'; CACHED_BYTES_MAX]);
        for n in 0..600_u32 {
            // All responses share one buffer; only the cache counts it repeatedly.
            let answer = CachedAnswer { body: body.clone(), ..answer("") };
            cache.put(cache.slot(n.to_be_bytes()[..].into()), answer, Duration::ZERO);
        }
        assert!(cache.get(&599_u32.to_be_bytes(), TTL, Duration::ZERO).is_some());
        assert!(cache.answers.weight() <= 500_000_000);
        assert!(300 < cache.answers.len() && cache.answers.len() < 480, "{}", cache.answers.len());
    }
}
