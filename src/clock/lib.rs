//! Time, randomness and ids, behind traits: the only room that reads the machine's clock or entropy.
//!
//! All rooms above take a `&dyn Clock` or an [`Ids`], so that tests, replay and time skipping control the time. Times
//! are [`Timestamp`]s: milliseconds since the Unix epoch, UTC, which is the resolution that AWS returns.

// Rooms are called by their names, wherever they stand.

mod ids;
mod shared;
mod steady;
mod system;
mod timestamp;
mod virtual_clock;

pub use ids::{Ids, RandomIds, SeededIds};
pub use shared::SharedClock;
pub use steady::SteadyClock;
pub use system::SystemClock;
pub use timestamp::Timestamp;
pub use virtual_clock::VirtualClock;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The boxed future of [`Clock::sleep_until`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and waits for a later time.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time. May go backwards when the machine's clock is set.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start; it never goes backwards. For latencies, budgets and rate limits.
    fn monotonic(&self) -> Duration;

    /// Completes once `now()` has reached `at`, or once the time has passed that was left when this was called;
    /// immediately if `at` is in the past.
    fn sleep_until(&self, at: Timestamp) -> Sleep;
}
