//! Token buckets: one token a request, refilled at a steady rate.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html>. Buckets
//! live beside compiled stages, not in them: a redeploy with the same limits goes on with the same bucket, a
//! changed limit starts with a full one. Looking without taking is not possible, so a request refused by an
//! outer level has spent its token of the inner one.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// A steady rate with room for bursts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests per second on average; zero blocks everything.
    pub per_second: f64,
    /// Requests let through at once; zero blocks everything.
    pub burst: u32,
}

/// One bucket.
pub(crate) struct Limiter {
    rate: Rate,
    /// `None` blocks everything.
    bucket: Option<RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Duration>>>,
}

/// Our clock as the limiter wants to read it.
#[derive(Clone)]
struct Monotonic(Arc<dyn Clock>);

impl governor::clock::Clock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Limiter {
    /// A full bucket.
    pub(crate) fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let bucket = quota(rate).map(|quota| RateLimiter::direct_with_clock(quota, Monotonic(clock)));
        Self { rate, bucket }
    }

    /// Takes a token; false if there is none.
    pub(crate) fn take(&self) -> bool {
        self.bucket.as_ref().is_some_and(|bucket| bucket.check().is_ok())
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Limiter").field(&self.rate).finish()
    }
}

/// `None` for rates that let nothing through.
fn quota(rate: Rate) -> Option<Quota> {
    let burst = NonZeroU32::new(rate.burst)?;
    if rate.per_second.is_nan() || rate.per_second <= 0.0 {
        return None;
    }
    // A rate of more than one token a nanosecond is no limit that could be told from one.
    let period = Duration::try_from_secs_f64(1.0 / rate.per_second).ok()?.max(Duration::from_nanos(1));
    Some(Quota::with_period(period)?.allow_burst(burst))
}

/// The buckets of all stages, by what they limit.
#[derive(Default)]
pub(crate) struct Limiters(Mutex<HashMap<String, Arc<Limiter>>>);

impl Limiters {
    /// The bucket of `subject`, new if its rate changed. Asked when a stage is compiled, not on the path of
    /// requests.
    pub(crate) fn get(&self, subject: String, rate: Rate, clock: &Arc<dyn Clock>) -> Arc<Limiter> {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match limiters.get(&subject) {
            Some(limiter) if limiter.rate == rate => limiter.clone(),
            Some(_) | None => {
                let limiter = Arc::new(Limiter::new(rate, clock.clone()));
                limiters.insert(subject, limiter.clone());
                limiter
            }
        }
    }

    /// Forgets the buckets of subjects that no compiled stage holds any more.
    pub(crate) fn sweep(&self) {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limiters.retain(|_, limiter| 1 < Arc::strong_count(limiter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Timestamp, VirtualClock};

    fn clock() -> Arc<VirtualClock> {
        Arc::new(VirtualClock::new(Timestamp::EPOCH))
    }

    #[test]
    fn burst_is_spent_at_once_and_refilled_at_the_rate() {
        let clock = clock();
        let limiter = Limiter::new(Rate { per_second: 2.0, burst: 3 }, clock.clone());
        let taken = (0..5).filter(|_| limiter.take()).count();
        assert_eq!(taken, 3);
        clock.advance(Duration::from_millis(499));
        assert!(!limiter.take());
        clock.advance(Duration::from_millis(1));
        assert!(limiter.take());
        assert!(!limiter.take());
        clock.advance(Duration::from_secs(60));
        assert_eq!((0..5).filter(|_| limiter.take()).count(), 3);
    }

    #[test]
    fn zero_blocks_everything() {
        for (per_second, burst) in [(0.0, 5), (5.0, 0), (-1.0, 5), (f64::NAN, 5)] {
            let limiter = Limiter::new(Rate { per_second, burst }, clock());
            assert!(!limiter.take(), "{per_second} {burst}");
        }
    }

    #[test]
    fn extreme_rates_do_not_panic() {
        for per_second in [f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, 1e-30] {
            Limiter::new(Rate { per_second, burst: u32::MAX }, clock()).take();
        }
    }

    #[test]
    fn unchanged_limits_keep_their_bucket() {
        let clock: Arc<dyn Clock> = clock();
        let limiters = Limiters::default();
        let rate = Rate { per_second: 1.0, burst: 1 };
        assert!(limiters.get("a".to_owned(), rate, &clock).take());
        let held = limiters.get("a".to_owned(), rate, &clock);
        assert!(!held.take());
        assert!(limiters.get("b".to_owned(), rate, &clock).take());
        assert!(limiters.get("a".to_owned(), Rate { per_second: 1.0, burst: 2 }, &clock).take());
        limiters.sweep();
        assert!(limiters.get("b".to_owned(), rate, &clock).take(), "swept, so full again");
    }
}
