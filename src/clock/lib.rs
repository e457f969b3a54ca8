//! Time, randomness and ids, behind traits: the only room that reads the machine's clock or entropy.
//!
//! Everything above takes a `&dyn Clock` or an [`Ids`] so that tests, replay and time skipping decide what
//! time it is. Times are [`Timestamp`]s: milliseconds since the Unix epoch, UTC, which is the resolution
//! AWS answers with.

// Rooms are called by their names, wherever they stand.

mod ids;
mod steady;
mod system;
mod timestamp;
mod virtual_clock;

pub use ids::{Ids, RandomIds, SeededIds};
pub use steady::SteadyClock;
pub use system::SystemClock;
pub use timestamp::Timestamp;
pub use virtual_clock::VirtualClock;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed wait; see [`Clock::sleep_until`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What time it is, and waiting for a later one.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time. May step backwards when the machine's clock is set.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start that never runs backwards; for latencies, budgets and rate limits.
    fn monotonic(&self) -> Duration;

    /// Completes once `now()` has reached `at`, or as much time has passed as was left when this was called; at once
    /// if it already has.
    fn sleep_until(&self, at: Timestamp) -> Sleep;
}
