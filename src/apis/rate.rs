//! Rates, at which requests are throttled.

use super::usage_plan::ThrottleSettings;

/// A steady rate with a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests a second on average; zero blocks everything.
    pub per_second: f64,
    /// Burst, in requests; zero blocks everything.
    pub burst: u32,
}

impl From<&ThrottleSettings> for Rate {
    fn from(settings: &ThrottleSettings) -> Self {
        Self { per_second: settings.rate(), burst: u32::try_from(settings.burst()).unwrap_or(0) }
    }
}
