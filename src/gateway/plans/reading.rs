//! What the meters in memory know of the keys of a plan, for who looks.

use crate::apis::{ApiKeyId, Day, QuotaSettings, Rate};

/// A key under a plan, at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterReading {
    /// The key.
    pub key: ApiKeyId,
    /// The day that is counted, and its requests so far; `None` if none was counted since the key was last forgotten.
    pub used: Option<(Day, u64)>,
    /// The quota in effect, and the requests left of it.
    pub quota: Option<(QuotaSettings, u64)>,
    /// The plan's bucket, and those of methods with limits of their own, by method.
    pub buckets: Vec<BucketReading>,
    /// How many of its callers have buckets of their own.
    pub n_callers: usize,
    /// Requests that were refused, as far as the meter remembers.
    pub refused: RefusedCounts,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketReading {
    /// The method; empty for the plan's bucket.
    pub method: String,
    /// Its rate and burst.
    pub rate: Rate,
    /// The tokens in it, with fractions.
    pub level: f64,
}

/// Requests that were answered with 429, by what refused them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedCounts {
    /// The rate of the key under its plan.
    pub by_rate: u64,
    /// The quota.
    pub by_quota: u64,
    /// What all callers share: the limits of the stage's methods and of the account.
    pub by_shared: u64,
}
