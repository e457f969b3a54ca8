//! Cached results of one authorizer in one stage.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::identity::IdentityKey;
use super::verdict::Verdict;

/// The expected number of results of one authorizer.
const ANSWERS_EXPECTED: usize = 256;
/// The memory for the results of one authorizer, in bytes; the least used are dropped first.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Results by identity.
pub(crate) struct Results {
    ttl: Duration,
    kept: Cache<IdentityKey, Kept, ByBytes>,
    /// Counts flushes: a result requested before a flush is not used after it.
    flushes: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    verdict: Arc<Verdict>,
    since: Since,
    /// Monotonic time.
    until: Duration,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<IdentityKey, Kept> for ByBytes {
    fn weight(&self, _: &IdentityKey, kept: &Kept) -> u64 {
        u64::try_from(kept.verdict.weight()).unwrap_or(u64::MAX)
    }
}

/// The number of flushes before a result was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(u64);

impl Results {
    /// An empty cache; `None` for a time to live of zero.
    pub(super) fn new(ttl: Duration) -> Option<Self> {
        let kept = || Cache::with_weighter(ANSWERS_EXPECTED, BYTES_MAX, ByBytes);
        (!ttl.is_zero()).then(|| Self { ttl, kept: kept(), flushes: AtomicU64::new(0) })
    }

    /// The result for an identity, if there is one that is valid at `now`; otherwise the value to pass to
    /// [`Self::keep`].
    pub(super) fn find(&self, identity: &IdentityKey, now: Duration) -> Result<Arc<Verdict>, Since> {
        let since = Since(self.flushes.load(Ordering::Acquire));
        let kept = self.kept.get(identity).filter(|kept| kept.since == since && now < kept.until);
        kept.map(|kept| kept.verdict).ok_or(since)
    }

    /// Stores a result that was requested at `since`.
    pub(super) fn keep(&self, identity: IdentityKey, verdict: Arc<Verdict>, since: Since, now: Duration) {
        self.kept.insert(identity, Kept { verdict, since, until: now.saturating_add(self.ttl) });
    }

    /// Drops all results.
    pub(crate) fn flush(&self) {
        self.flushes.fetch_add(1, Ordering::AcqRel);
        self.kept.clear();
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results")
            .field("ttl", &self.ttl)
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn verdict() -> Arc<Verdict> {
        Arc::new(Verdict::parse(br#"{"principalId":"p","policyDocument":{"Statement":[]}}"#).unwrap())
    }

    fn identity(of: &str) -> IdentityKey {
        IdentityKey::of([of])
    }

    #[test]
    fn answers_are_good_for_their_time() {
        let results = Results::new(SECOND * 10).unwrap();
        let since = results.find(&identity("a"), SECOND).err().unwrap();
        results.keep(identity("a"), verdict(), since, SECOND);
        assert!(results.find(&identity("a"), SECOND * 10).is_ok());
        assert!(results.find(&identity("a"), SECOND * 11).is_err());
        assert!(results.find(&identity("b"), SECOND).is_err());
        assert!(Results::new(Duration::ZERO).is_none());
    }

    #[test]
    fn an_answer_asked_for_before_a_flush_is_none_after_it() {
        let results = Results::new(SECOND * 10).unwrap();
        let since = results.find(&identity("a"), SECOND).err().unwrap();
        results.keep(identity("a"), verdict(), since, SECOND);
        results.flush();
        assert!(results.find(&identity("a"), SECOND).is_err());
        results.keep(identity("a"), verdict(), since, SECOND);
        assert!(results.find(&identity("a"), SECOND).is_err());
    }
}
