//! The machine's clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, Sleep, Timestamp};

/// How often a sleeper checks whether the wall clock has been set.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Real time, for production.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[allow(clippy::disallowed_methods)] // The one place that may.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // The one place that may.
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let clock = Self { start: self.start };
        let end = clock.monotonic() + at.since(clock.now());
        Box::pin(async move {
            loop {
                let left = end.saturating_sub(clock.monotonic()).min(at.since(clock.now()));
                if left.is_zero() {
                    return;
                }
                // The machine may have been suspended, or its clock set, which Tokio's timer does not notice.
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            }
        })
    }
}
