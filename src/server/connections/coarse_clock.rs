//! A clock that only the sweep advances, so that reading it costs nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// Milliseconds since its creation, as of the last tick. Reading it is one load, cheap enough for every request.
pub(super) struct CoarseClock {
    began: Instant,
    now_ms: AtomicU64,
}

impl CoarseClock {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), now_ms: AtomicU64::new(1) }
    }

    /// The time of the last tick; never 0.
    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    /// Reads the machine's clock.
    pub(super) fn tick(&self) -> u64 {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        self.now_ms.store(now_ms, Ordering::Relaxed);
        now_ms
    }
}
