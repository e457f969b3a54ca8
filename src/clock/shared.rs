//! A wall clock that several machines have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::{Clock, Sleep, Timestamp};

/// How often a sleeper looks whether the clock has been set.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// What timestamps leave out.
const RESOLUTION_MS: i64 = 1;

/// The machine's clock, set right by one elsewhere that all machines ask: they go by one time, whatever their own show.
#[derive(Debug)]
pub struct SharedClock<C: ?Sized> {
    ahead_ms: Arc<AtomicI64>,
    clock: Arc<C>,
}

impl<C: Clock + ?Sized> SharedClock<C> {
    /// Shows the machine's time until it learns of another.
    pub fn new(clock: Arc<C>) -> Self {
        Self { ahead_ms: Arc::default(), clock }
    }

    /// The machine's own time.
    pub fn machine(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock elsewhere showed `shown`, at some moment between two times of this machine. This one is set by no more than
    /// it takes to agree: how long an answer was under way is not told apart from a difference.
    pub fn saw(&self, (before, after): (Timestamp, Timestamp), shown: Timestamp) {
        let least = shown.as_millis().saturating_sub(after.as_millis()).saturating_sub(RESOLUTION_MS);
        let most = shown.as_millis().saturating_sub(before.as_millis()).saturating_add(RESOLUTION_MS);
        if least <= most {
            let ahead = self.ahead_ms.load(Ordering::Relaxed);
            self.ahead_ms.store(ahead.clamp(least, most), Ordering::Relaxed);
        }
    }

    /// By how many milliseconds it is ahead of the machine's.
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }
}

impl<C: ?Sized> Clone for SharedClock<C> {
    fn clone(&self) -> Self {
        Self { ahead_ms: self.ahead_ms.clone(), clock: self.clock.clone() }
    }
}

impl<C: Clock + ?Sized> Clock for SharedClock<C> {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now().as_millis().saturating_add(self.ahead_ms()))
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let wait = at.since(clock.now());
                if wait.is_zero() {
                    return;
                }
                let until = clock.clock.now() + wait.min(LOOK_AGAIN);
                clock.clock.sleep_until(until).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VirtualClock;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn clocks() -> (Arc<VirtualClock>, SharedClock<VirtualClock>) {
        let machine = Arc::new(VirtualClock::new(at(10_000)));
        (machine.clone(), SharedClock::new(machine))
    }

    #[test]
    fn it_is_set_by_no_more_than_it_takes() {
        let (_, clock) = clocks();
        // They agree, as far as can be told.
        clock.saw((at(9_999), at(10_001)), at(10_000));
        assert_eq!(clock.now(), at(10_000));
        // The other is between 3,599 and 3,600 s ahead.
        clock.saw((at(10_000), at(10_001)), at(13_600));
        assert_eq!(clock.now().as_millis(), 13_598_999);
        clock.saw((at(10_000), at(10_001)), at(13_600));
        assert_eq!(clock.now().as_millis(), 13_598_999);
        // Known better, and then behind.
        clock.saw((at(10_000), at(10_000)), at(13_600));
        assert_eq!(clock.now().as_millis(), 13_599_999);
        clock.saw((at(10_000), at(10_000)), at(6_400));
        assert_eq!((clock.now().as_millis(), clock.ahead_ms()), (6_400_001, -3_599_999));
        // The machine's was set back while the answer was under way.
        clock.saw((at(10_000), at(9_000)), at(1));
        assert_eq!((clock.now().as_millis(), clock.machine()), (6_400_001, at(10_000)));
    }

    #[tokio::test]
    async fn a_sleep_ends_by_the_shared_time() {
        let (machine, clock) = clocks();
        clock.saw((at(10_000), at(10_000)), at(20_000));
        let mut sleep = clock.sleep_until(at(20_005));
        let is_over = |sleep: &mut Sleep| {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            sleep.as_mut().poll(&mut context).is_ready()
        };
        assert!(!is_over(&mut sleep));
        machine.advance(Duration::from_secs(4));
        assert!(!is_over(&mut sleep));
        machine.advance(Duration::from_secs(2));
        assert!(is_over(&mut sleep));
    }
}
