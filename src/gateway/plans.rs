//! What a client may use: rates, and, for callers with API keys, usage plans and quotas.
//!
//! A [`key_meters::KeyMeters`] holds the keys in use, with a [`meter::Meter`] for each of their plans. [`UsageStore`] is the
//! durable record of usage.

mod buckets;
pub(crate) mod key_cache;
pub(crate) mod key_meters;
pub(crate) mod limit_headers;
pub(crate) mod meter;
mod reading;
pub(crate) mod share;
pub(crate) mod terms;
pub(crate) mod throttle;
pub(crate) mod trial;
pub(crate) mod usage_store;

pub use reading::{BucketReading, MeterReading, RefusedCounts};
pub use trial::KeyTrial;
pub use usage_store::UsageStore;
