//! Days, by which usage is counted, and periods of quotas. All in UTC.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use jiff::civil::Date;

use crate::apis::{QuotaPeriod, QuotaSettings};
use crate::clock::Timestamp;

const MILLIS_OF_DAY: i64 = 24 * 60 * 60 * 1_000;
const DAYS_OF_WEEK: i64 = 7;
/// The epoch was a Thursday; weeks begin on Sunday, which is day 0.
const EPOCH_DAY_OF_WEEK: i64 = 4;

/// A day in UTC, as the number of days after 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of `time`.
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_millis().div_euclid(MILLIS_OF_DAY))
    }

    /// From days since the epoch.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Days since the epoch.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Parses `YYYY-MM-DD`; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit_or_dash = |b: u8| b.is_ascii_digit() || b == b'-';
        if text.len() != 10 || !text.bytes().all(is_digit_or_dash) {
            return None;
        }
        Self::from_date(text.parse().ok()?)
    }

    /// The day `n` days later.
    pub const fn plus(self, n: i64) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// When it begins.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(MILLIS_OF_DAY))
    }

    fn from_date(date: Date) -> Option<Self> {
        let seconds = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        Some(Self(seconds.div_euclid(MILLIS_OF_DAY / 1_000)))
    }

    fn date(self) -> Date {
        let start = jiff::Timestamp::from_millisecond(self.start().as_millis());
        start.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(jiff::tz::TimeZone::UTC).date()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date())
    }
}

/// The quota's period that contains `day`: its first day, and the first day after it.
///
/// The offset is the day on which periods begin. AWS accepts only days of the week and days that every month has,
/// although its documentation speaks of requests subtracted.
pub fn period(quota: &QuotaSettings, day: Day) -> Range<Day> {
    let offset = i64::from(quota.offset);
    match quota.period {
        QuotaPeriod::Day => day..day.plus(1),
        QuotaPeriod::Week => {
            let of_week = (day.0 + EPOCH_DAY_OF_WEEK).rem_euclid(DAYS_OF_WEEK);
            let start = day.plus(-(of_week - offset).rem_euclid(DAYS_OF_WEEK));
            start..start.plus(DAYS_OF_WEEK)
        }
        QuotaPeriod::Month => {
            let date = day.date();
            let of_month = i64::from(date.day()) - 1;
            let first = |date: Date| Day::from_date(date.first_of_month()).map(|first| first.plus(offset));
            let this = first(date).unwrap_or(day);
            if offset <= of_month {
                let next = date.last_of_month().tomorrow().ok().and_then(first);
                this..next.unwrap_or_else(|| day.plus(1))
            } else {
                let last = date.first_of_month().yesterday().ok().and_then(first);
                last.unwrap_or(day)..this
            }
        }
    }
}

/// The time from `now` to the end of the period.
pub fn until_end(quota: &QuotaSettings, now: Timestamp) -> Duration {
    period(quota, Day::of(now)).end.start().since(now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quota(kind: QuotaPeriod, offset: i32) -> QuotaSettings {
        QuotaSettings { limit: 1, offset, period: kind }
    }

    fn check(kind: QuotaPeriod, offset: i32, day: &str, expect: (&str, &str)) {
        let range = period(&quota(kind, offset), Day::parse(day).unwrap());
        let found = (range.start.to_string(), range.end.to_string());
        assert_eq!(found, (expect.0.to_owned(), expect.1.to_owned()), "{kind} {offset} {day}");
    }

    #[test]
    fn periods_begin_on_their_day() {
        use QuotaPeriod::{Day as D, Month as M, Week as W};
        check(D, 0, "2024-02-29", ("2024-02-29", "2024-03-01"));
        // 2023-11-12 was a Sunday.
        check(W, 0, "2023-11-12", ("2023-11-12", "2023-11-19"));
        check(W, 0, "2023-11-18", ("2023-11-12", "2023-11-19"));
        check(W, 3, "2023-11-14", ("2023-11-08", "2023-11-15"));
        check(W, 3, "2023-11-15", ("2023-11-15", "2023-11-22"));
        check(W, 6, "2023-11-12", ("2023-11-11", "2023-11-18"));
        check(M, 0, "2024-02-29", ("2024-02-01", "2024-03-01"));
        check(M, 0, "2023-12-31", ("2023-12-01", "2024-01-01"));
        check(M, 27, "2024-02-27", ("2024-01-28", "2024-02-28"));
        check(M, 27, "2024-02-28", ("2024-02-28", "2024-03-28"));
        check(M, 27, "2024-01-01", ("2023-12-28", "2024-01-28"));
    }

    #[test]
    fn dates_are_read_and_printed() {
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
        assert_eq!(Day::of(Timestamp::from_millis(-1)).to_string(), "1969-12-31");
        assert_eq!(Day::of(Timestamp::from_millis(1_700_000_000_000)).to_string(), "2023-11-14");
        for bad in
            ["", "2023-1-1", "2023-02-29", "20230101", "2023-01-01T00:00:00", "+023-01-01", "2023/01/01"]
        {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        /// Each day is in its period, and all days of a period have the same one: periods neither overlap nor leave
        /// gaps.
        #[test]
        fn periods_partition_time(number in -1_000i64..60_000, kind in 0usize..3, offset in 0i32..28) {
            let kind = QuotaPeriod::ALL[kind];
            let offset = match kind { QuotaPeriod::Day => 0, QuotaPeriod::Week => offset % 7, QuotaPeriod::Month => offset };
            let quota = quota(kind, offset);
            let range = period(&quota, Day(number));
            prop_assert!(range.contains(&Day(number)));
            let is_same = |day| period(&quota, day) == range;
            prop_assert!(is_same(range.start) && is_same(range.end.plus(-1)));
            prop_assert_eq!(period(&quota, range.end).start, range.end);
        }
    }
}
