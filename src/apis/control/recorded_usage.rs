//! The usage of keys, as the data plane records it.

use std::ops::Range;

use super::super::day::Day;
use super::super::rest_apis::Apis;
use super::super::rows::{Rows, forget_usage_before, keep_buckets, kept_buckets};
use super::super::usage::{Balance, Entry, KeptBucket, Scope, Subject, UsageRows, post};
use crate::apis::error::Error;
use crate::clock::Timestamp;
use crate::store::Tx;

impl Apis {
    /// Writes all entries in one transaction, and returns a balance for each that opens a day. Completes once it is
    /// durable.
    ///
    /// # Errors
    /// [`Error`] of the store; nothing is written then.
    pub async fn post_usage(&self, entries: Vec<Entry>) -> Result<Vec<Balance>, Error> {
        let is_read_only = entries.iter().all(writes_nothing);
        let post_all = move |tx: &Tx<'_>| -> Result<Vec<Balance>, Error> {
            entries.iter().map(|entry| post(&Rows::new(tx, entry.subject.owner.clone()), entry)).collect()
        };
        if is_read_only {
            self.store().read(post_all).await
        } else {
            self.store().write_apart(post_all).await
        }
    }

    /// Deletes days before `day`, and what was granted to periods that began before it.
    ///
    /// # Errors
    /// [`Error`] of the store.
    pub async fn forget_usage_before(&self, day: Day) -> Result<(), Error> {
        self.store().write_apart(move |tx| forget_usage_before(tx, day)).await
    }

    /// The stored buckets of `scope`: their names, and when they will be full.
    ///
    /// # Errors
    /// [`Error`] of the store.
    pub async fn kept_buckets(&self, scope: Scope) -> Result<Vec<(String, Timestamp)>, Error> {
        self.store().read(move |tx| kept_buckets(tx, &scope)).await
    }

    /// Stores the levels of buckets, and deletes those that are full at `now`.
    ///
    /// # Errors
    /// [`Error`] of the store.
    pub async fn keep_buckets(&self, buckets: Vec<KeptBucket>, now: Timestamp) -> Result<(), Error> {
        self.store().write_apart(move |tx| keep_buckets(tx, &buckets, now)).await
    }
}

/// Nothing is reserved where there is no quota.
fn writes_nothing(entry: &Entry) -> bool {
    entry.used.is_none() && entry.open.is_none_or(|open| open.quota.is_none())
}

impl UsageRows for Rows<'_> {
    type Error = Error;

    fn used(&self, subject: &Subject, day: Day) -> Result<u64, Error> {
        self.usage(&subject.plan, &subject.key, day)
    }

    fn used_in(&self, subject: &Subject, days: Range<Day>) -> Result<u64, Error> {
        Ok(self.usage_by_day(&subject.plan, &subject.key, days)?.iter().map(|(_, used)| used).sum())
    }

    fn write(&self, subject: &Subject, day: Day, used: u64) -> Result<(), Error> {
        self.put_usage(&subject.plan, &subject.key, day, used)
    }

    fn granted(&self, subject: &Subject, start: Day) -> Result<i64, Error> {
        self.quota_grant(&subject.plan, &subject.key, start)
    }
}
