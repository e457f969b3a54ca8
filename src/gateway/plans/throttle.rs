//! Token buckets: one token for each request, refilled at a steady rate.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html>. Buckets are kept
//! outside compiled stages: a redeployment with the same limits continues with the same bucket, and one with a changed
//! limit keeps its deficit. It is not possible to check a bucket without taking a token while others take tokens. So a
//! request that an outer level refuses has spent its tokens of the levels before, except in a bucket that only one
//! caller uses (see [`Limiter::mark`]).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::reading::BucketReading;
use crate::apis::{ApiId, Rate, StageName};
use crate::clock::{Clock, Timestamp};

/// The longest time for a token: about 73 years. The limiter counts nanoseconds in 64 bits.
const TOKEN_NANOS_MAX: u64 = 1 << 61;

/// The time until the next token; `None` if there will never be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Option<Duration>);

/// One bucket.
pub(crate) struct Limiter {
    rate: Rate,
    clock: Arc<dyn Clock>,
    state: BucketState,
    /// The stored level was written at another rate, with another time to fill.
    is_outdated: AtomicBool,
}

enum BucketState {
    Open(Bucket),
    /// Nothing passes and nothing is refilled; the deficit stays.
    Shut {
        spent: f64,
    },
}

struct Bucket {
    governor: RateLimiter<NotKeyed, Arrival, Monotonic, NoOpMiddleware<Duration>>,
    arrival: Arrival,
    /// The origin of the limiter's time.
    began: Duration,
    token_nanos: u64,
    /// The arrival that was last stored.
    kept: AtomicU64,
}

/// The limiter's state: when a request would find the bucket full, in nanoseconds from the bucket's origin; 0 before
/// the first request.
#[derive(Clone)]
struct Arrival(Arc<AtomicU64>);

impl StateStore for Arrival {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut before = self.0.load(Ordering::Acquire);
        loop {
            let (answer, after) = decide((before != 0).then(|| Nanos::from(before)))?;
            let (taken, failed) = (Ordering::AcqRel, Ordering::Acquire);
            match self.0.compare_exchange_weak(before, after.as_u64(), taken, failed) {
                Ok(_) => return Ok(answer),
                Err(other) => before = other,
            }
        }
    }
}

/// Our clock in the form that the limiter needs.
#[derive(Clone)]
struct Monotonic(Arc<dyn Clock>);

impl governor::clock::Clock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// The level of a bucket at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(u64);

impl Limiter {
    /// A full bucket.
    pub(crate) fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self::spent(rate, clock, 0.0)
    }

    /// A bucket that will be full at `full_at` if nobody takes from it.
    pub(crate) fn resumed(rate: Rate, clock: Arc<dyn Clock>, full_at: Timestamp) -> Self {
        let until_full = full_at.since(clock.now());
        let limiter = Self::spent(rate, clock, until_full.as_secs_f64() * rate.per_second);
        if let BucketState::Open(bucket) = &limiter.state {
            bucket.kept.store(bucket.arrival.0.load(Ordering::Acquire), Ordering::Release);
        }
        limiter
    }

    /// The same bucket with another rate: the number of missing tokens stays the same.
    pub(crate) fn changed(&self, rate: Rate) -> Self {
        let changed = Self::spent(rate, self.clock.clone(), self.missing());
        changed.is_outdated.store(self.is_kept(), Ordering::Release);
        changed
    }

    /// Whether its level has been stored.
    fn is_kept(&self) -> bool {
        let is_kept = match &self.state {
            BucketState::Shut { .. } => false,
            BucketState::Open(bucket) => bucket.kept.load(Ordering::Acquire) != 0,
        };
        is_kept || self.is_outdated.load(Ordering::Acquire)
    }

    fn spent(rate: Rate, clock: Arc<dyn Clock>, spent: f64) -> Self {
        let state = match quota(rate) {
            Some((quota, token_nanos)) => {
                let spent = spent.min(f64::from(quota.burst_size().get()));
                // Casts from floats saturate, and a bucket in use is never at 0.
                let nanos = (spent * token_nanos as f64).ceil() as u64;
                let arrival = Arrival(Arc::new(AtomicU64::new(nanos)));
                let began = clock.monotonic();
                let governor = RateLimiter::new(quota, arrival.clone(), Monotonic(clock.clone()));
                BucketState::Open(Bucket { governor, arrival, began, token_nanos, kept: AtomicU64::new(0) })
            }
            None => BucketState::Shut { spent },
        };
        Self { rate, clock, state, is_outdated: AtomicBool::new(false) }
    }

    /// What it has at this moment, under a name.
    pub(crate) fn reading(&self, name: &str) -> BucketReading {
        let level = (f64::from(self.rate.burst) - self.missing()).max(0.0);
        BucketReading { method: name.to_owned(), rate: self.rate, level }
    }

    /// Its rate.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&self) -> Result<(), Wait> {
        match &self.state {
            BucketState::Shut { .. } => Err(Wait(None)),
            BucketState::Open(bucket) => bucket
                .governor
                .check()
                .map_err(|until| Wait(Some(until.wait_time_from(self.clock.monotonic())))),
        }
    }

    /// The number of missing tokens, with fractions.
    pub(crate) fn missing(&self) -> f64 {
        match &self.state {
            BucketState::Shut { spent } => *spent,
            BucketState::Open(bucket) => {
                let missing = bucket.until_full(&*self.clock, bucket.arrival.0.load(Ordering::Acquire));
                missing as f64 / bucket.token_nanos as f64
            }
        }
    }

    /// When it will be full, if that has changed since the last call, and either takes at least `worth` or contradicts
    /// the stored level.
    pub(crate) fn change(&self, worth: Duration) -> Option<Timestamp> {
        let BucketState::Open(bucket) = &self.state else { return None };
        let arrival = bucket.arrival.0.load(Ordering::Acquire);
        let until_full = Duration::from_nanos(bucket.until_full(&*self.clock, arrival));
        let is_outdated = self.is_outdated.swap(false, Ordering::AcqRel);
        let is_worth = worth <= until_full && !until_full.is_zero();
        let is_told = !is_outdated && (!is_worth || bucket.kept.swap(arrival, Ordering::AcqRel) == arrival);
        (!is_told).then(|| self.clock.now() + until_full)
    }

    /// Records the level for [`Limiter::reset`]. Useful only if nobody else takes from the bucket.
    pub(crate) fn mark(&self) -> Mark {
        match &self.state {
            BucketState::Shut { .. } => Mark(0),
            BucketState::Open(bucket) => Mark(bucket.arrival.0.load(Ordering::Acquire)),
        }
    }

    /// Returns all tokens that were taken since `mark`.
    pub(crate) fn reset(&self, mark: Mark) {
        if let BucketState::Open(bucket) = &self.state {
            bucket.arrival.0.store(mark.0, Ordering::Release);
        }
    }
}

impl Bucket {
    /// The nanoseconds until it is full.
    fn until_full(&self, clock: &dyn Clock, arrival: u64) -> u64 {
        let now = clock.monotonic().saturating_sub(self.began);
        arrival.saturating_sub(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Limiter").field(&self.rate).finish()
    }
}

/// The limiter's quota and the time for a token; `None` for rates that let nothing pass.
fn quota(rate: Rate) -> Option<(Quota, u64)> {
    let burst = NonZeroU32::new(rate.burst)?;
    if rate.per_second.is_nan() || rate.per_second <= 0.0 {
        return None;
    }
    // More than one token a nanosecond is the same as no limit. Casts saturate.
    let token_nanos = ((1e9 / rate.per_second).ceil() as u64).clamp(1, TOKEN_NANOS_MAX);
    // A burst that exceeds the limiter's 64 bits takes decades to refill: a smaller one errs against the caller.
    let burst_max = u32::try_from(TOKEN_NANOS_MAX / token_nanos).unwrap_or(u32::MAX);
    let burst = NonZeroU32::new(burst.get().min(burst_max)).unwrap_or(NonZeroU32::MIN);
    Some((Quota::with_period(Duration::from_nanos(token_nanos))?.allow_burst(burst), token_nanos))
}

/// A method of a stage, with a limit that all callers share.
pub(crate) type StageMethod = (ApiId, StageName, String);

/// The buckets of all stages, by method.
#[derive(Default)]
pub(crate) struct Limiters(Mutex<LimiterMap>);

#[derive(Default)]
struct LimiterMap {
    limiters: HashMap<StageMethod, Arc<Limiter>>,
    /// Stages whose stored levels have been loaded.
    asked: HashSet<(ApiId, StageName)>,
    restored: HashMap<StageMethod, Timestamp>,
}

impl Limiters {
    fn limiters(&self) -> MutexGuard<'_, LimiterMap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bucket of `method`, with a new rate if that has changed. Called when a stage is compiled, not for each
    /// request.
    pub(crate) fn get(&self, method: StageMethod, rate: Rate, clock: &Arc<dyn Clock>) -> Arc<Limiter> {
        let mut limiters = self.limiters();
        let limiter = match limiters.limiters.get(&method) {
            Some(limiter) if limiter.rate == rate => return limiter.clone(),
            Some(limiter) => limiter.changed(rate),
            None => match limiters.restored.remove(&method) {
                Some(full_at) => Limiter::resumed(rate, clock.clone(), full_at),
                None => Limiter::new(rate, clock.clone()),
            },
        };
        let limiter = Arc::new(limiter);
        limiters.limiters.insert(method, limiter.clone());
        limiter
    }

    /// Whether the stored levels of a stage's buckets have not been loaded yet.
    pub(crate) fn is_new(&self, api: &ApiId, stage: &StageName) -> bool {
        !self.limiters().asked.contains(&(api.clone(), stage.clone()))
    }

    /// Restores the stored levels of a stage's buckets, by method.
    pub(crate) fn restore(&self, api: &ApiId, stage: &StageName, kept: Vec<(String, Timestamp)>) {
        let mut limiters = self.limiters();
        if limiters.asked.insert((api.clone(), stage.clone())) {
            let named = |(method, full_at)| ((api.clone(), stage.clone(), method), full_at);
            limiters.restored.extend(kept.into_iter().map(named));
        }
    }

    /// Methods whose buckets have changed and need at least `worth` to fill, and when they will be full.
    pub(crate) fn changes(&self, worth: Duration) -> Vec<(StageMethod, Timestamp)> {
        let limiters = self.limiters();
        let change =
            |(method, limiter): (&StageMethod, &Arc<Limiter>)| Some((method.clone(), limiter.change(worth)?));
        limiters.limiters.iter().filter_map(change).collect()
    }

    /// Drops the full buckets of methods that no compiled stage uses any more, and stored levels that are full at
    /// `now`.
    pub(crate) fn sweep(&self, now: Timestamp) {
        let mut limiters = self.limiters();
        limiters.limiters.retain(|_, limiter| 1 < Arc::strong_count(limiter) || 0.0 < limiter.missing());
        limiters.restored.retain(|_, full_at| now < *full_at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::VirtualClock;

    fn clock() -> Arc<VirtualClock> {
        Arc::new(VirtualClock::new(Timestamp::EPOCH))
    }

    fn taken(limiter: &Limiter, tries: usize) -> usize {
        (0..tries).filter(|_| limiter.take().is_ok()).count()
    }

    #[test]
    fn burst_is_spent_at_once_and_refilled_at_the_rate() {
        let clock = clock();
        let limiter = Limiter::new(Rate { per_second: 2.0, burst: 3 }, clock.clone());
        assert_eq!(taken(&limiter, 5), 3);
        assert_eq!(limiter.take(), Err(Wait(Some(Duration::from_millis(500)))));
        clock.advance(Duration::from_millis(499));
        assert!(limiter.take().is_err());
        clock.advance(Duration::from_millis(1));
        assert_eq!(taken(&limiter, 2), 1);
        clock.advance(Duration::from_secs(60));
        assert_eq!(taken(&limiter, 5), 3);
    }

    #[test]
    fn zero_blocks_everything() {
        for (per_second, burst) in [(0.0, 5), (5.0, 0), (-1.0, 5), (f64::NAN, 5)] {
            let limiter = Limiter::new(Rate { per_second, burst }, clock());
            assert_eq!(limiter.take(), Err(Wait(None)), "{per_second} {burst}");
        }
    }

    #[test]
    fn fractions_of_a_request_a_second_add_up() {
        let clock = clock();
        let limiter = Limiter::new(Rate { per_second: 0.25, burst: 1 }, clock.clone());
        assert_eq!(taken(&limiter, 2), 1);
        clock.advance(Duration::from_millis(3_999));
        assert_eq!(taken(&limiter, 1), 0);
        clock.advance(Duration::from_millis(1));
        assert_eq!(taken(&limiter, 2), 1);
    }

    #[test]
    fn extreme_rates_do_not_panic() {
        for per_second in [f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, 1e-30, 1e-11, 1e-9, 1e-3, 1e9] {
            for burst in [1, 1_000, u32::MAX] {
                let limiter = Limiter::new(Rate { per_second, burst }, clock());
                assert!(limiter.take().is_ok(), "{per_second} {burst}");
                assert!(limiter.changed(Rate { per_second: 1e-9, burst: u32::MAX }).take().is_ok());
            }
        }
    }

    #[test]
    fn limits_change_without_forgetting_what_was_spent() {
        let clock = clock();
        let limiter = Limiter::new(Rate { per_second: 1.0, burst: 10 }, clock.clone());
        assert_eq!(taken(&limiter, 8), 8);
        let wider = limiter.changed(Rate { per_second: 0.5, burst: 20 });
        assert_eq!(taken(&wider, 20), 12);
        let narrower = wider.changed(Rate { per_second: 1.0, burst: 5 });
        assert_eq!(taken(&narrower, 5), 0);
        // Refilled from empty, not from a deficit.
        clock.advance(Duration::from_secs(1));
        assert_eq!(taken(&narrower, 5), 1);
        let shut = narrower.changed(Rate { per_second: 0.0, burst: 5 });
        clock.advance(Duration::from_secs(60));
        assert_eq!(taken(&shut, 1), 0);
        assert_eq!(taken(&shut.changed(Rate { per_second: 1.0, burst: 6 }), 6), 1);
    }

    #[test]
    fn what_is_taken_back_was_not_spent() {
        let limiter = Limiter::new(Rate { per_second: 1.0, burst: 2 }, clock());
        for _ in 0..5 {
            let mark = limiter.mark();
            assert!(limiter.take().is_ok());
            limiter.reset(mark);
        }
        assert_eq!(taken(&limiter, 3), 2);
    }

    #[test]
    fn buckets_outlive_stages_until_they_are_full() {
        let virtual_clock = clock();
        let clock: Arc<dyn Clock> = virtual_clock.clone();
        let limiters = Limiters::default();
        let method = |name: &str| (ApiId::from("abc"), StageName::from("dev"), name.to_owned());
        let rate = Rate { per_second: 1.0, burst: 1 };
        assert!(limiters.get(method("a"), rate, &clock).take().is_ok());
        assert!(limiters.get(method("a"), rate, &clock).take().is_err());
        assert!(limiters.get(method("b"), rate, &clock).take().is_ok());
        limiters.sweep(Timestamp::EPOCH);
        assert!(limiters.get(method("b"), rate, &clock).take().is_err());
        let wider = limiters.get(method("a"), Rate { per_second: 1.0, burst: 2 }, &clock);
        assert_eq!(taken(&wider, 2), 1);
        drop(wider);
        virtual_clock.advance(Duration::from_secs(2));
        limiters.sweep(Timestamp::EPOCH);
        assert!(limiters.limiters().limiters.is_empty());
    }

    #[test]
    fn buckets_go_on_where_they_were_when_the_server_stopped() {
        let clock = clock();
        let rate = Rate { per_second: 0.5, burst: 10 };
        let limiter = Limiter::new(rate, clock.clone());
        assert_eq!(limiter.change(Duration::ZERO), None);
        assert_eq!(taken(&limiter, 4), 4);
        assert_eq!(limiter.change(Duration::from_secs(9)), None);
        let full_at = limiter.change(Duration::from_secs(8)).unwrap();
        assert_eq!(full_at, clock.now() + Duration::from_secs(8));
        // Reported once, until it changes again.
        assert_eq!(limiter.change(Duration::ZERO), None);
        clock.advance(Duration::from_secs(4));
        assert_eq!(taken(&Limiter::resumed(rate, clock.clone(), full_at), 20), 8);
        // The stored level is wrong for another rate, so it is reported again, once.
        let faster = limiter.changed(Rate { per_second: 1_000.0, burst: 10 });
        assert_eq!(faster.change(Duration::from_secs(9)), Some(clock.now() + Duration::from_millis(2)));
        assert_eq!(faster.change(Duration::from_secs(9)), None);
        let shut = limiter.changed(Rate { per_second: 0.0, burst: 10 });
        assert_eq!(shut.change(Duration::ZERO), None);
        assert!(shut.changed(rate).change(Duration::from_secs(9)).is_some());
        // A clock that was set wrong costs at most a full bucket.
        let far = full_at + Duration::from_secs(1_000_000);
        assert_eq!(taken(&Limiter::resumed(rate, clock.clone(), far), 20), 0);
        clock.advance(Duration::from_secs(60));
        assert_eq!(taken(&Limiter::resumed(rate, clock, full_at), 20), 10);
    }

    proptest! {
        /// In any window, with any sequence of waits and changes of the rate, no more requests pass than the largest
        /// burst and the largest rate allow.
        #[test]
        fn admitted_is_at_most_burst_plus_rate_times_time(
            steps in proptest::collection::vec((0u64..2_000, 0usize..6, 1u32..8, 1u32..8), 1..60),
        ) {
            let clock = clock();
            let (mut burst_max, mut rate_max) = (3u32, 2.0f64);
            let mut limiter = Limiter::new(Rate { per_second: 2.0, burst: 3 }, clock.clone());
            let (mut admitted, mut waited) = (0usize, 0u64);
            for (wait, tries, per_second, burst) in steps {
                clock.advance(Duration::from_millis(wait));
                waited += wait;
                if wait % 3 == 0 {
                    limiter = limiter.changed(Rate { per_second: f64::from(per_second), burst });
                    burst_max = burst_max.max(burst);
                    rate_max = rate_max.max(f64::from(per_second));
                }
                admitted += taken(&limiter, tries);
                let allowed = f64::from(burst_max) + rate_max * waited as f64 / 1_000.0;
                prop_assert!(admitted as f64 <= allowed + 1e-6, "{} > {}", admitted, allowed);
            }
        }
    }

    /// Many threads use one bucket while time passes: not one request too many is admitted.
    #[test]
    fn threads_share_a_bucket_exactly() {
        let clock = clock();
        let limiter = Limiter::new(Rate { per_second: 1_000.0, burst: 50 }, clock.clone());
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..2_000)
                            .filter(|n| {
                                if n % 10 == 0 {
                                    clock.advance(Duration::from_millis(1));
                                }
                                limiter.take().is_ok()
                            })
                            .count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let allowed = 50 + usize::try_from(clock.monotonic().as_millis()).unwrap();
        assert!(admitted <= allowed, "{admitted} of {allowed}");
        assert!(1_000 < admitted, "{admitted}");
    }
}
