//! The usage of API keys under usage plans: what is recorded of it, and how it is reserved.
//!
//! What is recorded is never less than what was used. Usage is reserved in blocks before requests are admitted, so that not
//! every request has to wait for the disk. What was reserved but not used is returned when the key becomes idle, and at
//! a graceful stop. A crash loses it to the caller: at most one block, whose size is [`block`].

use std::ops::Range;

use super::day::{Day, period};
use super::ids::{ApiId, ApiKeyId, StageName, UsagePlanId};
use super::usage_plan::QuotaSettings;
use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// The most requests to reserve at a time.
const BLOCK_MAX: u64 = 1_000;
/// The largest part of a quota to reserve at a time: one in this many.
const BLOCKS_OF_QUOTA: u64 = 20;

/// How many requests of a quota are reserved at a time: a twentieth of it, at least one, at most 1,000.
pub fn block(quota: &QuotaSettings) -> u64 {
    (u64::try_from(quota.limit).unwrap_or(0) / BLOCKS_OF_QUOTA).clamp(1, BLOCK_MAX)
}

/// What is left of a quota in a period with `extra` additional requests, after `used` requests.
pub fn remaining(quota: &QuotaSettings, extra: i64, used: u64) -> u64 {
    u64::try_from(i64::from(quota.limit).saturating_add(extra)).unwrap_or(0).saturating_sub(used)
}

/// Whose usage is counted: a key under a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The owner of the plan.
    pub owner: AccountRegion,
    /// The plan.
    pub plan: UsagePlanId,
    /// The key.
    pub key: ApiKeyId,
}

/// What to write about a subject, and what to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose usage it is.
    pub subject: Subject,
    /// The total usage of a day.
    pub used: Option<(Day, Used)>,
    /// The day that begins or continues.
    pub open: Option<Opening>,
}

/// The usage of a day, as a node has counted it. Others may have recorded some meanwhile: what is written is the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The number of requests.
    pub count: u64,
    /// What was recorded when this node wrote or read it last, with its reserve.
    pub recorded: u64,
}

impl Used {
    /// The number of requests of all nodes, if this is recorded by now.
    fn of_all(self, recorded: u64) -> u64 {
        match self.count.checked_sub(self.recorded) {
            Some(more) => recorded.saturating_add(more),
            None => recorded.saturating_sub(self.recorded - self.count),
        }
    }
}

/// A day for which requests will be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The day.
    pub day: Day,
    /// The plan's quota. Without one, nothing is reserved.
    pub quota: Option<QuotaSettings>,
    /// How many of the requests to come are reserved already.
    pub reserved: u64,
}

/// What is recorded about a day that was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Requests on earlier days of the quota's period.
    pub before: u64,
    /// Requests on the day: those counted by whoever asked, and what is recorded of others.
    pub today: u64,
    /// The number of today's requests up to which they are reserved; [`Balance::today`] without a quota.
    pub reserved: u64,
    /// What the period has beyond the quota's limit; negative if it has less.
    pub extra: i64,
}

/// The owner of buckets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A key under a plan. The name of each bucket contains the method, if it is for one method, and the caller.
    Key(Subject),
    /// A stage. The name of each bucket is the method.
    Stage(ApiId, StageName),
}

/// The level of a bucket, stored for the next start of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBucket {
    /// The owner of the bucket.
    pub scope: Scope,
    /// The name of the bucket.
    pub name: String,
    /// When it will be full if nobody takes from it.
    pub full_at: Timestamp,
}

/// The storage of the usage store: the daily usage of keys, and what periods were granted beyond their quotas.
pub trait UsageRows {
    /// Why reading or writing failed.
    type Error;

    /// Requests of a day.
    fn used(&self, subject: &Subject, day: Day) -> Result<u64, Self::Error>;

    /// Requests on all these days.
    fn used_in(&self, subject: &Subject, days: Range<Day>) -> Result<u64, Self::Error>;

    /// Writes the number of requests on a day.
    fn write(&self, subject: &Subject, day: Day, used: u64) -> Result<(), Self::Error>;

    /// What the period that begins on `start` has beyond the quota.
    fn granted(&self, subject: &Subject, start: Day) -> Result<i64, Self::Error>;
}

/// Posts one entry.
///
/// # Errors
/// Those of `rows`; the entry may then be partly written.
pub fn post<P: UsageRows>(rows: &P, entry: &Entry) -> Result<Balance, P::Error> {
    let subject = &entry.subject;
    // Under a quota, requests that continue are covered by the reserve.
    let goes_on = |day: Day| entry.open.is_some_and(|open| open.day == day && open.quota.is_some());
    if let Some((day, used)) = entry.used
        && !goes_on(day)
    {
        let used = used.of_all(rows.used(subject, day)?);
        rows.write(subject, day, used)?;
    }
    let Some(open) = entry.open else { return Ok(Balance::default()) };
    let recorded = rows.used(subject, open.day)?;
    let today = match entry.used {
        // Without a quota, it was written just now.
        Some((day, used)) if day == open.day && open.quota.is_some() => used.of_all(recorded),
        Some(_) | None => recorded,
    };
    reserve(rows, subject, open, today)
}

/// Reserves a block of what is left of the quota.
fn reserve<P: UsageRows>(
    rows: &P,
    subject: &Subject,
    open: Opening,
    today: u64,
) -> Result<Balance, P::Error> {
    let Opening { day, quota: Some(quota), reserved } = open else {
        return Ok(Balance { before: 0, today, reserved: today, extra: 0 });
    };
    let start = period(&quota, day).start;
    let before = rows.used_in(subject, start..day)?;
    let extra = rows.granted(subject, start)?;
    let left = remaining(&quota, extra, before.saturating_add(today));
    // Never less than was reserved before.
    let reserved = today.saturating_add(reserved.max(block(&quota).min(left)));
    rows.write(subject, day, reserved)?;
    Ok(Balance { before, today, reserved, extra })
}

#[cfg(test)]
mod tests {
    use super::super::usage_plan::QuotaPeriod;
    use super::*;

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
