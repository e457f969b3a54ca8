//! Where usage is kept for good: the port, and what passes through it.
//!
//! The books never say less than was used. A key's use is reserved in blocks before it is admitted, so that not every
//! request has to wait for the disk; what was reserved and not used is given back when the key falls idle and at a
//! graceful end, and lost to the caller at a crash: at most one block, which [`block`] states.

use std::ops::Range;

use super::day::{Day, period};
use crate::clock::Timestamp;
use crate::gateway::api::{ApiId, ApiKeyId, QuotaSettings, StageName, UsagePlanId};
use crate::gateway::backends::BoxFuture;
use crate::gateway::stages::SourceError;
use crate::id::AccountRegion;

/// Requests reserved at one time, at most.
const BLOCK_MAX: u64 = 1_000;
/// The part of a quota that is reserved at one time, at most.
const BLOCKS_OF_QUOTA: u64 = 20;

/// How many requests of a quota are reserved at one time: a twentieth of it, at least one, at most 1,000.
pub fn block(quota: &QuotaSettings) -> u64 {
    (u64::try_from(quota.limit).unwrap_or(0) / BLOCKS_OF_QUOTA).clamp(1, BLOCK_MAX)
}

/// What is left of a quota in a period that has `extra` requests more, of which some were used.
pub fn remaining(quota: &QuotaSettings, extra: i64, used: u64) -> u64 {
    u64::try_from(i64::from(quota.limit).saturating_add(extra)).unwrap_or(0).saturating_sub(used)
}

/// Whose use is counted: a key's, under a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Whose plan.
    pub owner: AccountRegion,
    /// The plan.
    pub plan: UsagePlanId,
    /// The key.
    pub key: ApiKeyId,
}

/// What is to be written about one subject, and what is to be known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose.
    pub subject: Subject,
    /// What was used on a day, all in all.
    pub used: Option<(Day, Used)>,
    /// The day that begins or goes on.
    pub open: Option<Opening>,
}

/// What was used on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// This, whatever the books say.
    Exactly(u64),
    /// This, unless the books say more.
    AtLeast(u64),
}

impl Used {
    /// The number.
    pub fn count(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }
}

/// A day that is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The day.
    pub day: Day,
    /// The plan's quota. Nothing is reserved without one.
    pub quota: Option<QuotaSettings>,
    /// What is reserved of this day already.
    pub reserved: u64,
}

/// What the books say of a day that was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Requests of the quota's period on days before.
    pub before: u64,
    /// Requests of the day.
    pub today: u64,
    /// Up to which number of them the books have reserved; [`Balance::today`] without a quota.
    pub reserved: u64,
    /// What the period has beyond the quota's limit; less if negative.
    pub extra: i64,
}

/// What buckets belong to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A key under a plan; each bucket is named after a method, if it is one's own, and a caller.
    Key(Subject),
    /// A stage; each bucket is named after a method.
    Stage(ApiId, StageName),
}

/// How full a bucket is, for the time after the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBucket {
    /// Whose it is.
    pub scope: Scope,
    /// Which of those.
    pub name: String,
    /// When it is full if nobody takes from it.
    pub full_at: Timestamp,
}

/// Keeps the books.
pub trait Books: Send + Sync + 'static {
    /// Writes all entries in one transaction, and answers for each that opens a day. Complete once it is durable.
    fn post(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Balance>, SourceError>>;

    /// Forgets days before `day`, and what was granted to periods that began before it.
    fn forget_before(&self, day: Day) -> BoxFuture<'_, Result<(), SourceError>>;

    /// The buckets that were kept for `scope`: their names, and when they are full.
    fn kept_buckets(&self, scope: Scope) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, SourceError>>;

    /// Keeps buckets, in place of what was kept of them before, and forgets those that are full at `now`.
    fn keep_buckets(
        &self,
        buckets: Vec<KeptBucket>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<(), SourceError>>;
}

/// What the books are written on: what keys used by day, and what periods were granted beyond their quotas.
pub trait Pages {
    /// Why a page can't be read or written.
    type Error;

    /// Requests of a day.
    fn used(&self, subject: &Subject, day: Day) -> Result<u64, Self::Error>;

    /// Requests of all these days.
    fn used_in(&self, subject: &Subject, days: Range<Day>) -> Result<u64, Self::Error>;

    /// Writes the requests of a day.
    fn write(&self, subject: &Subject, day: Day, used: u64) -> Result<(), Self::Error>;

    /// What the period that begins on `start` has beyond the quota.
    fn granted(&self, subject: &Subject, start: Day) -> Result<i64, Self::Error>;
}

/// Posts one entry.
///
/// # Errors
/// Those of `pages`; some of the entry may then be written.
pub fn post<P: Pages>(pages: &P, entry: &Entry) -> Result<Balance, P::Error> {
    let subject = &entry.subject;
    // What goes on under a quota is covered by what is reserved.
    let goes_on = |day: Day| entry.open.is_some_and(|open| open.day == day && open.quota.is_some());
    if let Some((day, used)) = entry.used
        && !goes_on(day)
    {
        let used = match used {
            Used::Exactly(count) => count,
            Used::AtLeast(count) => count.max(pages.used(subject, day)?),
        };
        pages.write(subject, day, used)?;
    }
    let Some(open) = entry.open else { return Ok(Balance::default()) };
    let today = match entry.used {
        Some((day, used)) if day == open.day => used.count(),
        Some(_) | None => pages.used(subject, open.day)?,
    };
    reserve(pages, subject, open, today)
}

/// Reserves a block of what is left of the quota.
fn reserve<P: Pages>(pages: &P, subject: &Subject, open: Opening, today: u64) -> Result<Balance, P::Error> {
    let Opening { day, quota: Some(quota), reserved } = open else {
        return Ok(Balance { before: 0, today, reserved: today, extra: 0 });
    };
    let start = period(&quota, day).start;
    let before = pages.used_in(subject, start..day)?;
    let extra = pages.granted(subject, start)?;
    let left = remaining(&quota, extra, before.saturating_add(today));
    // Never less than what callers were promised already.
    let reserved = reserved.max(today.saturating_add(block(&quota).min(left)));
    pages.write(subject, day, reserved)?;
    Ok(Balance { before, today, reserved, extra })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::api::QuotaPeriod;

    #[test]
    fn blocks_are_small_parts_of_their_quota() {
        for (limit, expect) in [(0, 1), (10, 1), (100, 5), (20_000, 1_000), (i32::MAX, 1_000), (-1, 1)] {
            assert_eq!(
                block(&QuotaSettings { limit, offset: 0, period: QuotaPeriod::Day }),
                expect,
                "{limit}"
            );
        }
    }
}
