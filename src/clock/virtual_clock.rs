//! A clock that moves only when told to: for tests, simulation and time skipping.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Clock, Sleep, Timestamp};

/// Stands still until [`VirtualClock::advance`].
#[derive(Debug)]
pub struct VirtualClock {
    start: Timestamp,
    now: watch::Sender<Timestamp>,
    // The earliest instants somebody sleeps for; lets a driver skip to the next one.
    waiting: Mutex<Vec<Timestamp>>,
}

impl VirtualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { start, now: watch::Sender::new(start), waiting: Mutex::new(Vec::new()) }
    }

    /// Moves time forward, waking whoever waited for an instant up to the new one.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = *now + by);
    }

    /// Moves time forward to `at`; a time already past changes nothing.
    pub fn advance_to(&self, at: Timestamp) {
        self.now.send_modify(|now| *now = (*now).max(at));
    }

    /// The earliest future instant that somebody asked to sleep until.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let now = self.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|at| *at > now);
        waiting.iter().min().copied()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.start)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(at);
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The sender outlives every test that sleeps; if it is gone, nobody waits any more.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_their_time_has_come() {
        let clock = VirtualClock::new(Timestamp::EPOCH);
        let at = Timestamp::EPOCH + Duration::from_secs(10);
        let sleep = clock.sleep_until(at);
        assert_eq!(clock.next_wake(), Some(at));
        clock.advance(Duration::from_secs(10));
        sleep.await;
        assert_eq!(clock.next_wake(), None);
        assert_eq!(clock.monotonic(), Duration::from_secs(10));
    }
}
