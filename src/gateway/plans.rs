//! What a client may use: rates, and, for callers with API keys, usage plans and quotas.
//!
//! A [`ledger::Ledger`] holds the keys in use, with a [`meter::Meter`] for each of their plans. [`Books`] is the
//! durable record of usage.

pub(crate) mod books;
mod buckets;
pub(crate) mod day;
pub(crate) mod keyring;
pub(crate) mod ledger;
pub(crate) mod limit_headers;
pub(crate) mod meter;
pub(crate) mod terms;
pub(crate) mod throttle;
pub(crate) mod trial;

pub use books::{
    Balance, Books, Entry, KeptBucket, Opening, Pages, Scope, Subject, Used, block, post, remaining,
};
pub use day::{Day, period};
pub use keyring::LiveKey;
pub use ledger::LiveUsage;
pub(crate) use terms::throttle_by;
pub use throttle::Rate;
pub use trial::KeyTrial;
