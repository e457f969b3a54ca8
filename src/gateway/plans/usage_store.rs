//! The durable record of usage: the port, and the store behind it.

use crate::apis::{Apis, Balance, Day, Entry, KeptBucket, Scope};
use crate::clock::Timestamp;
use crate::gateway::backends::BoxFuture;
use crate::gateway::stages::SourceError;

/// The durable record of usage.
pub trait UsageStore: Send + Sync + 'static {
    /// Writes all entries in one transaction, and returns a balance for each that opens a day. Completes once it is
    /// durable.
    fn post(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Balance>, SourceError>>;

    /// Deletes days before `day`, and what was granted to periods that began before it.
    fn forget_before(&self, day: Day) -> BoxFuture<'_, Result<(), SourceError>>;

    /// The stored buckets of `scope`: their names, and when they will be full.
    fn kept_buckets(&self, scope: Scope) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, SourceError>>;

    /// Stores the levels of buckets, and deletes those that are full at `now`.
    fn keep_buckets(
        &self,
        buckets: Vec<KeptBucket>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), SourceError>>;
}

impl UsageStore for Apis {
    fn post(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Balance>, SourceError>> {
        Box::pin(async move { self.post_usage(entries).await.map_err(SourceError::from) })
    }

    fn forget_before(&self, day: Day) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move { self.forget_usage_before(day).await.map_err(SourceError::from) })
    }

    fn kept_buckets(&self, scope: Scope) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, SourceError>> {
        // The inherent method of the same name, which reads the store.
        Box::pin(async move { Self::kept_buckets(self, scope).await.map_err(SourceError::from) })
    }

    fn keep_buckets(
        &self,
        buckets: Vec<KeptBucket>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move { Self::keep_buckets(self, buckets, now).await.map_err(SourceError::from) })
    }
}
