//! What a tested state made of its data.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::engine::event::Failure;
use crate::engine::machine::{Inspector, Seen, Stage};
use crate::json::Payload;

/// `inspectionData`, but for what an HTTP task sent and received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// The state's input.
    pub input: Payload,
    /// Data, by the fields that it has passed.
    pub data: BTreeMap<Stage, Payload>,
    /// All variables after the state; `None` if there are none.
    pub variables: Option<Payload>,
    /// How many iterations of a Map may run at a time; zero is no limit.
    pub max_concurrency: Option<u64>,
    /// How many iterations may fail.
    pub tolerated_failure_count: Option<u64>,
    /// What share of the iterations may fail, in percent.
    pub tolerated_failure_percentage: Option<f64>,
    /// What an error met.
    pub error_details: Option<ErrorDetails>,
}

/// What an error met in `Retry` and `Catch`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorDetails {
    /// The catcher that caught it.
    pub catch_index: Option<usize>,
    /// The retrier that is for it.
    pub retry_index: Option<usize>,
    /// How long that one waits before it tries again; `None` if it doesn't any more.
    pub retry_backoff: Option<Duration>,
}

/// Notes what the machine tells.
#[derive(Debug, Default)]
pub(super) struct Notes {
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) inspection: Inspection,
    pub(super) iterations: Option<usize>,
    pub(super) failure: Failure,
}

impl Notes {
    /// All that was noted.
    pub(super) fn take(&self) -> Noted {
        std::mem::take(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inspector for Notes {
    fn saw(&self, seen: Seen) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let Noted { inspection, iterations, failure } = &mut *noted;
        match seen {
            Seen::Data(stage, data) => {
                inspection.data.insert(stage, data);
            }
            Seen::MaxConcurrency(max) => inspection.max_concurrency = Some(max),
            Seen::ToleratedFailureCount(count) => inspection.tolerated_failure_count = Some(count),
            Seen::ToleratedFailurePercentage(percentage) => {
                inspection.tolerated_failure_percentage = Some(percentage);
            }
            Seen::Iterations(n) => *iterations = Some(n),
            Seen::Failed(seen) => *failure = seen,
            Seen::Retrier { index, delay } => {
                let details = inspection.error_details.get_or_insert_default();
                (details.retry_index, details.retry_backoff) = (Some(index), delay);
            }
            Seen::Catcher(index) => {
                inspection.error_details.get_or_insert_default().catch_index = Some(index);
            }
        }
    }
}
