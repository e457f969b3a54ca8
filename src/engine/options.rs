//! How much the engine keeps in memory and does at one time.

use std::time::Duration;

/// Settings of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// About how many bytes of executions are kept folded in memory; more are folded from the journal when
    /// something happens to them.
    pub live_bytes: u64,
    /// Timers due within this time are kept in memory.
    pub timer_horizon: Duration,
    /// Timers handled at one time.
    pub timers_at_once: usize,
    /// How long GetActivityTask waits for a task.
    pub poll: Duration,
    /// Workers that may poll one activity at one time.
    pub pollers_per_activity: usize,
    /// How long an execution that has ended can be described and its name is taken.
    pub retention: Duration,
    /// How long an Express execution may take.
    pub express_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            live_bytes: 32 << 20,
            timer_horizon: Duration::from_secs(60),
            timers_at_once: 256,
            poll: Duration::from_secs(60),
            pollers_per_activity: 1000,
            // AWS's 90 days.
            retention: Duration::from_secs(90 * 24 * 60 * 60),
            express_timeout: Duration::from_secs(300),
        }
    }
}
