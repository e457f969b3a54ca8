//! How often passwords may be guessed: AWS's lockout. After five failures a user is locked for a second, and for twice as
//! long after each further one, up to about fifteen minutes.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html>

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;

/// Failures without consequence.
const FREE: u32 = 5;
/// The longest lock, and how long failures are remembered.
const LOCK_MAX: Duration = Duration::from_secs(900);
/// The users whose failures are remembered.
const USERS_MAX: usize = 100_000;

/// A user's failures.
#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    /// Monotonic times.
    last: Duration,
    locked_until: Duration,
}

/// The failures of all users. Each node counts its own; a restart forgets them.
pub(crate) struct Guesses {
    all: Cache<(Box<str>, Box<str>), Failures>,
    /// A guess is counted before it is checked, so that many at one time don't get around the lock.
    counting: Mutex<()>,
}

/// No guess is taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locked;

impl Guesses {
    pub(crate) fn new() -> Self {
        Self { all: Cache::new(USERS_MAX), counting: Mutex::new(()) }
    }

    /// Counts a guess, which fails unless [`Guesses::succeeded`] is called.
    pub(crate) fn begin(&self, pool: &str, user: &str, now: Duration) -> Result<(), Locked> {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (pool.into(), user.into());
        let mut failures = self.all.get(&key).unwrap_or_default();
        if LOCK_MAX <= now.saturating_sub(failures.last) {
            failures = Failures::default();
        }
        if now < failures.locked_until {
            return Err(Locked);
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        if let Some(over) = failures.count.checked_sub(FREE) {
            let lock = Duration::from_secs(1_u64.checked_shl(over).unwrap_or(u64::MAX)).min(LOCK_MAX);
            failures.locked_until = now.saturating_add(lock);
        }
        self.all.insert(key, failures);
        Ok(())
    }

    /// The guess was right.
    pub(crate) fn succeeded(&self, pool: &str, user: &str) {
        self.all.remove(&(pool.into(), user.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_get_slower() {
        let guesses = Guesses::new();
        let at = |seconds: u64| guesses.begin("p", "ann", Duration::from_secs(1_000 + seconds));
        for _ in 0..5 {
            assert_eq!(at(0), Ok(()));
        }
        assert_eq!((at(0), at(1)), (Err(Locked), Ok(())));
        assert_eq!((at(2), at(3)), (Err(Locked), Ok(())));
        assert_eq!((at(6), at(7)), (Err(Locked), Ok(())));
        // Others are not concerned.
        assert_eq!(guesses.begin("p", "bob", Duration::from_secs(1_007)), Ok(()));
        guesses.succeeded("p", "ann");
        for _ in 0..5 {
            assert_eq!(at(8), Ok(()));
        }
    }

    #[test]
    fn a_lock_lasts_a_quarter_of_an_hour_at_most() {
        let guesses = Guesses::new();
        let mut now = Duration::from_secs(1);
        for _ in 0..1_000 {
            let mut waited = Duration::ZERO;
            while guesses.begin("p", "ann", now).is_err() {
                now += Duration::from_secs(1);
                waited += Duration::from_secs(1);
            }
            assert!(waited <= LOCK_MAX);
        }
    }
}
