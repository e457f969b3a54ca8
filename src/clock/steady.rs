//! A wall clock for timers: it never goes backwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Clock, Sleep, Timestamp};

/// While this clock is ahead of the machine's, it slows down by one part in this many.
const SLEWED_PART: u32 = 16;

/// Follows another clock's wall time: forwards at once, backwards by running slower, at 15/16 of its speed.
///
/// When the machine's clock is set back by minutes, a wait of seconds still takes seconds, and later events still have
/// later times. Until the difference is made up, which takes sixteen times as long, this clock is ahead, and waits for
/// a point in time end that much early.
#[derive(Debug)]
pub struct SteadyClock<C: ?Sized> {
    last: Arc<Mutex<Last>>,
    clock: Arc<C>,
}

#[derive(Debug)]
struct Last {
    monotonic: Duration,
    /// Time since the epoch. Finer than a timestamp, so that many reads within one millisecond lose nothing.
    shown: Duration,
}

impl<C: Clock + ?Sized> SteadyClock<C> {
    /// Starts at the time that `clock` shows.
    pub fn new(clock: Arc<C>) -> Self {
        let last = Last { monotonic: clock.monotonic(), shown: clock.now().since(Timestamp::EPOCH) };
        Self { last: Arc::new(Mutex::new(last)), clock }
    }
}

impl<C: ?Sized> Clone for SteadyClock<C> {
    fn clone(&self) -> Self {
        Self { last: self.last.clone(), clock: self.clock.clone() }
    }
}

impl<C: Clock + ?Sized> Clock for SteadyClock<C> {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, monotonic) = (self.clock.now().since(Timestamp::EPOCH), self.clock.monotonic());
        let elapsed = monotonic.saturating_sub(last.monotonic);
        let shown = last.shown + elapsed;
        let lead = shown.saturating_sub(wall);
        *last = Last { monotonic, shown: wall.max(shown - lead.min(elapsed / SLEWED_PART)) };
        Timestamp::from_millis(i64::try_from(last.shown.as_millis()).unwrap_or(i64::MAX))
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
                let until = clock.clock.now() + wait;
                clock.clock.sleep_until(until).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VirtualClock;

    const START: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    fn clocks() -> (Arc<VirtualClock>, SteadyClock<VirtualClock>) {
        let machine = Arc::new(VirtualClock::new(START));
        (machine.clone(), SteadyClock::new(machine))
    }

    #[test]
    fn time_goes_on_when_the_machine_s_is_set_back_and_comes_together_again() {
        let (machine, steady) = clocks();
        machine.step(-240_000);
        assert_eq!(steady.now(), START);
        machine.advance(Duration::from_secs(16));
        assert_eq!(steady.now(), START + Duration::from_secs(15));
        // Reading the clock often changes nothing.
        for _ in 0..16_000 {
            machine.advance(Duration::from_millis(1));
            steady.now();
        }
        assert_eq!(steady.now(), START + Duration::from_secs(30));
        machine.advance(Duration::from_secs(240 * 16));
        assert_eq!(steady.now(), machine.now());
        machine.advance(Duration::from_secs(1));
        assert_eq!(steady.now(), machine.now());
    }

    #[test]
    fn a_step_forward_is_taken_at_once() {
        let (machine, steady) = clocks();
        machine.step(3_600_000);
        assert_eq!(steady.now(), START + Duration::from_secs(3600));
        machine.step(-1);
        assert_eq!(steady.now(), START + Duration::from_secs(3600));
    }

    #[tokio::test]
    async fn a_sleep_takes_its_time_through_a_step_back() {
        let (machine, steady) = clocks();
        let mut sleep = steady.sleep_until(START + Duration::from_secs(4));
        assert!(futures_now(&mut sleep).await.is_none());
        machine.step(-240_000);
        machine.advance(Duration::from_secs(3));
        assert!(futures_now(&mut sleep).await.is_none());
        // 4 s at 15/16 of the speed.
        machine.advance(Duration::from_millis(1_270));
        assert!(futures_now(&mut sleep).await.is_some());
    }

    /// The future's result, if it is ready.
    async fn futures_now(sleep: &mut Sleep) -> Option<()> {
        tokio::time::timeout(Duration::from_millis(20), sleep).await.ok()
    }
}
