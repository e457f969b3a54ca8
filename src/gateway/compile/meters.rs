//! A stage's metrics, so that they are looked up only once.

use std::time::Duration;

use metrics::{Counter, Histogram};

use crate::meter;

/// Handles for one stage's metrics.
pub(crate) struct Meters {
    /// By status class, from 1xx to 5xx.
    requests: [Counter; 5],
    seconds: Histogram,
}

impl Meters {
    pub(super) fn new(api: &str, stage: &str) -> Self {
        let labels = [("api", api.to_owned()), ("stage", stage.to_owned())];
        let counter = |class: &'static str| {
            let [api, stage] = labels.clone();
            metrics::counter!(meter::GATEWAY_REQUESTS, &[api, stage, ("class", class.to_owned())])
        };
        Self {
            requests: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(counter),
            seconds: metrics::histogram!(meter::GATEWAY_SECONDS, &labels),
        }
    }

    /// Counts one response.
    pub(crate) fn answered(&self, status: u16, latency: Duration) {
        let class = usize::from(status / 100).saturating_sub(1).min(self.requests.len() - 1);
        if let Some(counter) = self.requests.get(class) {
            counter.increment(1);
        }
        self.seconds.record(latency);
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}
