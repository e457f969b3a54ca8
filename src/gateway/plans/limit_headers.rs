//! Headers that tell callers their limits, if the settings allow it: `Retry-After`, and `RateLimit` and
//! `RateLimit-Policy` of <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>. AWS sends none.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::meter::Standing;
use crate::apis::{Day, period, until_end};
use crate::clock::Timestamp;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const SECONDS_OF_DAY: i64 = 24 * 60 * 60;

/// The limits to send to a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The state of its quota, if it has a key.
    pub(crate) standing: Option<Standing>,
    /// How long to wait, if it was refused.
    pub(crate) wait: Option<Duration>,
}

impl Limits {
    /// Adds the header fields to the response to a request that arrived at `now`.
    pub(crate) fn write(&self, headers: &mut HeaderMap, now: Timestamp) {
        let standing = self.standing.and_then(|standing| Some((standing.quota?, standing.remaining)));
        let mut wait = self.wait;
        if let Some((quota, remaining)) = standing {
            let (period, reset) = (period(&quota, Day::of(now)), until_end(&quota, now));
            let window = (period.end.number() - period.start.number()) * SECONDS_OF_DAY;
            let policy = format!("\"quota\";q={};w={window}", quota.limit.max(0));
            let limit = format!("\"quota\";r={remaining};t={}", seconds(reset));
            for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
                // Digits and ASCII only.
                if let Ok(value) = HeaderValue::try_from(value) {
                    headers.insert(name, value);
                }
            }
            if remaining == 0 && wait == Some(Duration::ZERO) {
                wait = Some(reset);
            }
        }
        if let Some(wait) = wait {
            headers.insert(RETRY_AFTER, seconds(wait).max(1).into());
        }
    }
}

/// Whole seconds, rounded up, so that waiting that long is enough.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(0 < duration.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::{QuotaPeriod, QuotaSettings};

    fn check(limits: Limits, expect: &[(&str, &str)]) {
        let mut headers = HeaderMap::new();
        limits.write(&mut headers, Timestamp::from_millis(1_700_000_000_000));
        let mut found: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, expect);
    }

    #[test]
    fn callers_learn_what_is_left_and_when_to_come_back() {
        let quota = Some(QuotaSettings { limit: 10, offset: 0, period: QuotaPeriod::Day });
        let standing = |remaining| Some(Standing { quota, remaining });
        let policy = ("ratelimit-policy", "\"quota\";q=10;w=86400");
        check(Limits::default(), &[]);
        check(Limits { standing: standing(3), wait: None }, &[("ratelimit", "\"quota\";r=3;t=6400"), policy]);
        check(
            Limits { standing: standing(0), wait: Some(Duration::ZERO) },
            &[("ratelimit", "\"quota\";r=0;t=6400"), policy, ("retry-after", "6400")],
        );
        check(Limits { standing: None, wait: Some(Duration::from_millis(1_200)) }, &[("retry-after", "2")]);
        check(Limits { standing: None, wait: Some(Duration::ZERO) }, &[("retry-after", "1")]);
    }
}
