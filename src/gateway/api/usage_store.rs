//! The durable record of usage in the store: see [`UsageStore`].

use std::ops::Range;

use super::apis::Apis;
use super::rows::{Rows, forget_usage_before, keep_buckets, kept_buckets};
use crate::clock::Timestamp;
use crate::gateway::backends::BoxFuture;
use crate::gateway::error::Error;
use crate::gateway::plans::{Balance, Day, Entry, KeptBucket, Pages, Scope, Subject, UsageStore, post};
use crate::gateway::stages::SourceError;
use crate::store::Tx;

impl UsageStore for Apis {
    fn post(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Balance>, SourceError>> {
        Box::pin(async move {
            let is_read_only = entries.iter().all(writes_nothing);
            let post_all = move |tx: &Tx<'_>| -> Result<Vec<Balance>, Error> {
                entries.iter().map(|entry| post(&Rows::new(tx, entry.subject.owner.clone()), entry)).collect()
            };
            let store = self.store();
            let posted = if is_read_only { store.read(post_all).await } else { store.write(post_all).await };
            posted.map_err(|error| SourceError(error.into()))
        })
    }

    fn forget_before(&self, day: Day) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move {
            let forgotten: Result<(), Error> =
                self.store().write(move |tx| forget_usage_before(tx, day)).await;
            forgotten.map_err(|error| SourceError(error.into()))
        })
    }

    fn kept_buckets(&self, scope: Scope) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, SourceError>> {
        Box::pin(async move {
            let kept: Result<_, Error> = self.store().read(move |tx| kept_buckets(tx, &scope)).await;
            kept.map_err(|error| SourceError(error.into()))
        })
    }

    fn keep_buckets(
        &self,
        buckets: Vec<KeptBucket>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move {
            let kept: Result<_, Error> = self.store().write(move |tx| keep_buckets(tx, &buckets, now)).await;
            kept.map_err(|error| SourceError(error.into()))
        })
    }
}

/// Nothing is reserved where there is no quota.
fn writes_nothing(entry: &Entry) -> bool {
    entry.used.is_none() && entry.open.is_none_or(|open| open.quota.is_none())
}

impl Pages for Rows<'_> {
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
