//! What a client may take: rates, and for callers with keys usage plans and quotas.
//!
//! A [`ledger::Ledger`] holds the keys in use and a [`meter::Meter`] for each under each of its plans; [`Books`] is
//! where usage is kept for good.

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
