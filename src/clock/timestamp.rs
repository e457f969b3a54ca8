//! A point in time, and the formats in which AWS prints it.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch with the fraction, as AWS's JSON protocols send times.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Whole seconds since the epoch, as the API Gateway control plane sends times.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `self - earlier`, or zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `2019-03-26T20:14:13.192Z`, as the Step Functions context object prints times.
    pub fn to_iso8601(self) -> String {
        let mut text = self.date_time("-", ":");
        text.push('.');
        push_digits(&mut text, self.0.rem_euclid(1000), 3);
        text.push('Z');
        text
    }

    /// Date, `T` and time to the second. These are written several times a request: by a format they would take five times
    /// as long.
    fn date_time(self, between_dates: &str, between_times: &str) -> String {
        let at = self.zoned();
        let mut text = String::with_capacity(24);
        push_digits(&mut text, at.year().into(), 4);
        text.push_str(between_dates);
        push_digits(&mut text, at.month().into(), 2);
        text.push_str(between_dates);
        push_digits(&mut text, at.day().into(), 2);
        text.push('T');
        push_time(&mut text, &at, between_times);
        text
    }

    /// `2019-03-26T20:14:13Z`, as API Gateway prints the dates of exports.
    pub fn to_iso8601_seconds(self) -> String {
        self.date_time("-", ":") + "Z"
    }

    /// `10/Oct/2025:13:55:36 +0000`, the common log format of `$context.requestTime`.
    pub fn to_clf(self) -> String {
        self.zoned().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    /// `20251010T135536Z`, the basic format of SigV4's `X-Amz-Date`.
    pub fn to_amz_date(self) -> String {
        self.date_time("", "") + "Z"
    }

    /// `Fri Oct 10 13:55:36 UTC 2025`, as execution logs of API Gateway print times.
    pub fn to_java_date(self) -> String {
        self.zoned().strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
    }

    /// `Fri, 10 Oct 2025 13:55:36 GMT`, as HTTP headers print times.
    pub fn to_http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let at = self.zoned();
        let day = self.as_seconds().div_euclid(86_400).rem_euclid(7);
        let name = |names: &[&'static str], n: i64| {
            usize::try_from(n).ok().and_then(|n| names.get(n)).copied().unwrap_or_default()
        };
        let mut text = String::with_capacity(29);
        text.push_str(name(&DAYS, day));
        text.push_str(", ");
        push_digits(&mut text, at.day().into(), 2);
        text.push(' ');
        text.push_str(name(&MONTHS, i64::from(at.month()) - 1));
        text.push(' ');
        push_digits(&mut text, at.year().into(), 4);
        text.push(' ');
        push_time(&mut text, &at, ":");
        text.push_str(" GMT");
        text
    }

    /// Parses an RFC 3339 time with `T` and a zone (`Z` or an offset) and up to nine digits of fraction. Anything finer
    /// than a millisecond is dropped. `None` for any other text.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (_, time) = text.split_once('T')?;
        if !(time.ends_with('Z') || time.contains('+') || time.contains('-')) {
            return None;
        }
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }

    /// Parses SigV4's `20251010T135536Z`.
    pub fn parse_amz_date(text: &str) -> Option<Self> {
        let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(zoned.timestamp().as_millisecond()))
    }

    /// Parses `Mon, 09 Sep 2011 23:36:00 GMT`, as HTTP writes dates.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(Self(zoned.timestamp().as_millisecond()))
    }

    fn zoned(self) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(self.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(jiff::tz::TimeZone::UTC)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Hours, minutes and seconds.
fn push_time(text: &mut String, at: &jiff::Zoned, between: &str) {
    push_digits(text, at.hour().into(), 2);
    text.push_str(between);
    push_digits(text, at.minute().into(), 2);
    text.push_str(between);
    push_digits(text, at.second().into(), 2);
}

/// A number with leading zeros, of at most four digits.
fn push_digits(text: &mut String, n: i64, width: usize) {
    if n < 0 {
        text.push('-');
    }
    let n = n.unsigned_abs();
    for place in [1000, 100, 10, 1].into_iter().skip(4_usize.saturating_sub(width)) {
        // The remainder is below ten.
        text.push(char::from(b'0' + u8::try_from(n / place % 10).unwrap_or(0)));
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso8601())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_each_format_of_one_instant() {
        let t = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(t.to_iso8601(), "2023-11-14T22:13:20.123Z");
        assert_eq!(t.to_clf(), "14/Nov/2023:22:13:20 +0000");
        assert_eq!(t.to_amz_date(), "20231114T221320Z");
        assert_eq!(t.to_java_date(), "Tue Nov 14 22:13:20 UTC 2023");
        assert_eq!(t.as_seconds_f64(), 1_700_000_000.123);
    }

    #[test]
    fn formats_are_those_of_a_calendar() {
        // Steps of 29 days, some hours and some milliseconds, from the year 1900 to 2400, and the last instant there is.
        let many = (-2_208_988_800_000_i64..13_569_465_600_000).step_by(2_512_345_678);
        for millis in many.chain([-1, 0, 999, 951_782_400_000, 253_402_207_199_999, i64::MAX]) {
            let t = Timestamp::from_millis(millis);
            let by_format = |format: &str| t.zoned().strftime(format).to_string();
            assert_eq!(t.to_amz_date(), by_format("%Y%m%dT%H%M%SZ"), "{millis}");
            assert_eq!(t.to_iso8601_seconds(), by_format("%Y-%m-%dT%H:%M:%SZ"), "{millis}");
            if millis != i64::MAX {
                assert_eq!(t.to_iso8601(), by_format("%Y-%m-%dT%H:%M:%S%.3fZ"), "{millis}");
                assert_eq!(t.to_http_date(), by_format("%a, %d %b %Y %H:%M:%S GMT"), "{millis}");
            }
        }
    }

    #[test]
    fn rfc3339_needs_a_time_and_a_zone() {
        for ok in ["2016-03-14T01:59:00Z", "2016-03-14T01:59:00+01:00", "2016-03-14T01:59:00.123456789Z"] {
            assert!(Timestamp::parse_rfc3339(ok).is_some(), "{ok}");
        }
        for bad in ["2016-03-14", "2016-03-14T01:59:00", "2016-03-14 01:59:00Z", "", "noon"] {
            assert!(Timestamp::parse_rfc3339(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn amz_date_round_trips() {
        let t = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(Timestamp::parse_amz_date(&t.to_amz_date()), Some(t));
        assert_eq!(Timestamp::parse_amz_date("20231114T221320"), None);
    }
}
