//! A clock that moves only when it is told to: for tests, simulation and time skipping.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Clock, Sleep, Timestamp};

/// Stands still until [`VirtualClock::advance`].
#[derive(Debug)]
pub struct VirtualClock {
    now: watch::Sender<Instant>,
    // The instants that sleepers wait for, in monotonic time, so that a driver can skip to the next one.
    waiting: Mutex<Vec<Duration>>,
}

/// The same instant on both clocks.
#[derive(Clone, Copy, Debug)]
struct Instant {
    wall: Timestamp,
    monotonic: Duration,
}

impl VirtualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        let now = Instant { wall: start, monotonic: Duration::ZERO };
        Self { now: watch::Sender::new(now), waiting: Mutex::new(Vec::new()) }
    }

    /// Moves time forward, and wakes everyone who waits for an instant up to the new time.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| {
            now.wall = now.wall + by;
            now.monotonic += by;
        });
    }

    /// Moves time forward to `at`; does nothing if `at` has passed.
    pub fn advance_to(&self, at: Timestamp) {
        self.now.send_modify(|now| {
            let by = at.since(now.wall);
            now.wall = now.wall + by;
            now.monotonic += by;
        });
    }

    /// Sets the wall clock forwards or backwards by `millis`; no time passes.
    pub fn step(&self, millis: i64) {
        self.now.send_modify(|now| now.wall = Timestamp::from_millis(now.wall.as_millis() + millis));
    }

    /// The earliest future instant that anyone sleeps until.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let now = *self.now.borrow();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|at| *at > now.monotonic);
        waiting.iter().min().map(|at| now.wall + (*at - now.monotonic))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.now.borrow().wall
    }

    fn monotonic(&self) -> Duration {
        self.now.borrow().monotonic
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let mut now = self.now.subscribe();
        let begun = *now.borrow();
        let end = begun.monotonic + at.since(begun.wall);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        Box::pin(async move {
            // The sender outlives every test that sleeps. If it is gone, nobody waits any more.
            let _ = now.wait_for(|now| now.wall >= at || now.monotonic >= end).await;
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
