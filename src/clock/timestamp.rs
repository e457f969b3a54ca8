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
        self.zoned().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// `2019-03-26T20:14:13Z`, as API Gateway prints the dates of exports.
    pub fn to_iso8601_seconds(self) -> String {
        self.zoned().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `10/Oct/2025:13:55:36 +0000`, the common log format of `$context.requestTime`.
    pub fn to_clf(self) -> String {
        self.zoned().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    /// `20251010T135536Z`, the basic format of SigV4's `X-Amz-Date`.
    pub fn to_amz_date(self) -> String {
        self.zoned().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `Fri Oct 10 13:55:36 UTC 2025`, as execution logs of API Gateway print times.
    pub fn to_java_date(self) -> String {
        self.zoned().strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
    }

    /// `Fri, 10 Oct 2025 13:55:36 GMT`, as HTTP headers print times.
    pub fn to_http_date(self) -> String {
        self.zoned().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
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
