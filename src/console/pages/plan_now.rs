//! What a plan's keys have at this moment: the level of their buckets, what is left of their quotas and until when, and what was
//! refused.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::apis::{Day, QuotaPeriod, QuotaSettings, UsagePlanId, period, until_end};
use crate::clock::Timestamp;
use crate::console::aws::text;
use crate::console::shown;
use crate::console::visit::Visit;
use crate::gateway::MeterReading;
use crate::id::AccountRegion;

/// The keys of a plan that were used lately, by their ids. The caller may read the plan's usage.
pub(super) fn readings(visit: &Visit<'_>, plan: &str) -> HashMap<String, MeterReading> {
    let account = visit.aws.caller().account.clone();
    let owner = AccountRegion { account, region: visit.signed.region.clone() };
    let readings = visit.shared.gateway.meter_readings(&owner, &UsagePlanId::from(plan));
    readings.into_iter().map(|reading| (reading.key.to_string(), reading)).collect()
}

/// The quota of a plan.
pub(super) fn quota(plan: &Value) -> Option<QuotaSettings> {
    let quota = plan.get("quota").filter(|quota| quota.is_object())?;
    let number = |member: &str| quota.get(member).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok());
    let period = match text(quota, "period") {
        "DAY" => QuotaPeriod::Day,
        "WEEK" => QuotaPeriod::Week,
        "MONTH" => QuotaPeriod::Month,
        _ => return None,
    };
    Some(QuotaSettings { limit: number("limit")?, offset: number("offset").unwrap_or(0), period })
}

/// What a key has now. `left` is what GetUsage says of its quota, for keys that nobody has used lately.
pub(super) fn now(
    reading: Option<&MeterReading>,
    quota: Option<QuotaSettings>,
    left: Option<i64>,
    at: Timestamp,
) -> Value {
    let known = reading.and_then(|reading| reading.quota);
    let left = match known {
        Some((_, left)) => i64::try_from(left).ok(),
        None => left,
    };
    let quota = known.map(|(quota, _)| quota).or(quota);
    let buckets = reading.into_iter().flat_map(|reading| &reading.buckets).map(|bucket| {
        let name = if bucket.method.is_empty() { "plan" } else { bucket.method.as_str() };
        json!({"name": name, "level": floor(bucket.level), "burst": bucket.rate.burst, "rate": bucket.rate.per_second})
    });
    let refused = reading.map(|reading| reading.refused).unwrap_or_default();
    json!({
        "buckets": buckets.collect::<Vec<_>>(), "callers": reading.map(|it| it.n_callers).filter(|n| 0 < *n),
        "left": left.filter(|_| quota.is_some()), "share": quota.zip(left).map(|(quota, left)| share(left, quota.limit)),
        "resets": quota.map(|quota| shown::duration(millis(until_end(&quota, at)))),
        "forecast": quota.zip(left).map(|(quota, left)| forecast(&quota, left, at)),
        "byRate": refused.by_rate, "byQuota": refused.by_quota, "byShared": refused.by_shared,
        "isRefused": 0 < refused.by_rate + refused.by_quota + refused.by_shared,
    })
}

/// When the quota ends if the key goes on as it did since its period began.
fn forecast(quota: &QuotaSettings, left: i64, at: Timestamp) -> String {
    let used = i64::from(quota.limit) - left;
    if left <= 0 {
        return "used up".to_owned();
    }
    let begun = period(quota, Day::of(at)).start.start();
    let (elapsed, rest) = (millis(at.since(begun)), millis(until_end(quota, at)));
    if used <= 0 || elapsed <= 0 {
        return "lasts".to_owned();
    }
    let ends = i128::from(left) * i128::from(elapsed) / i128::from(used);
    match i64::try_from(ends) {
        Ok(ends) if ends < rest => format!("ends in {}", shown::duration(ends)),
        _ => "lasts".to_owned(),
    }
}

/// The same as a table for other programs.
pub(super) fn csv(readings: &HashMap<String, MeterReading>) -> String {
    let mut table =
        "keyId,bucket,level,burst,rate,quotaLeft,refusedByRate,refusedByQuota,refusedByShared\r\n".to_owned();
    let mut sorted: Vec<_> = readings.iter().collect();
    sorted.sort_by_key(|(key, _)| key.as_str());
    for (key, reading) in sorted {
        let left = reading.quota.map(|(_, left)| left.to_string()).unwrap_or_default();
        let refused = reading.refused;
        let rest = format!("{left},{},{},{}", refused.by_rate, refused.by_quota, refused.by_shared);
        if reading.buckets.is_empty() {
            let _ = write!(table, "{key},,,,,{rest}\r\n");
        }
        for bucket in &reading.buckets {
            // Methods have no quotes or commas but those of their paths.
            let name = bucket.method.replace('"', "\"\"");
            let level = floor(bucket.level);
            let _ = write!(
                table,
                "{key},\"{name}\",{level},{},{},{rest}\r\n",
                bucket.rate.burst, bucket.rate.per_second
            );
        }
    }
    table
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whole tokens.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Levels are between 0 and a burst of 32 bits.
fn floor(level: f64) -> u64 {
    level.max(0.0).floor() as u64
}

/// In per cent.
fn share(left: i64, limit: i32) -> i64 {
    (left.max(0) * 100).checked_div(i64::from(limit)).unwrap_or(0).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::Rate;
    use crate::gateway::{BucketReading, RefusedCounts};

    /// Noon of 2023-11-14.
    const NOON: Timestamp = Timestamp::from_millis(1_699_963_200_000);

    fn a_day(limit: i32) -> QuotaSettings {
        QuotaSettings { limit, offset: 0, period: QuotaPeriod::Day }
    }

    #[test]
    fn forecasts_go_on_as_it_was() {
        for (limit, left, wanted) in [
            (100, 100, "lasts"),
            (100, 50, "lasts"),
            (100, 49, "ends in 11 h 31 min"),
            (100, 25, "ends in 4 h 0 min"),
            (100, 0, "used up"),
            (0, 0, "used up"),
        ] {
            assert_eq!(forecast(&a_day(limit), left, NOON), wanted, "{left} of {limit}");
        }
    }

    #[test]
    fn what_a_meter_knows_is_told_and_otherwise_what_usage_says() {
        let bucket = |method: &str| BucketReading {
            method: method.to_owned(),
            rate: Rate { per_second: 5.0, burst: 10 },
            level: 7.9,
        };
        let reading = MeterReading {
            key: "k".into(),
            used: Some((Day::of(NOON), 4)),
            quota: Some((a_day(10), 6)),
            buckets: vec![bucket(""), bucket("GET /a,b")],
            n_callers: 2,
            refused: RefusedCounts { by_rate: 3, by_quota: 0, by_shared: 1 },
        };
        let told = now(Some(&reading), None, None, NOON);
        assert_eq!(told["buckets"][0], json!({"name": "plan", "level": 7, "burst": 10, "rate": 5.0}));
        assert_eq!(
            (&told["left"], &told["share"], &told["resets"]),
            (&json!(6), &json!(60), &json!("12 h 0 min"))
        );
        assert_eq!((&told["byRate"], &told["callers"]), (&json!(3), &json!(2)));
        let idle = now(None, Some(a_day(10)), Some(8), NOON);
        assert_eq!((&idle["left"], &idle["isRefused"]), (&json!(8), &json!(false)));
        assert_eq!(now(None, None, Some(8), NOON)["left"], Value::Null);
        let table = csv(&[("k".to_owned(), reading)].into());
        assert!(table.ends_with("\r\nk,\"\",7,10,5,6,3,0,1\r\nk,\"GET /a,b\",7,10,5,6,3,0,1\r\n"), "{table}");
    }

    #[test]
    fn a_plan_may_have_a_quota() {
        let plan = json!({"quota": {"limit": 5, "offset": 1, "period": "WEEK"}});
        assert_eq!(quota(&plan), Some(QuotaSettings { limit: 5, offset: 1, period: QuotaPeriod::Week }));
        assert_eq!(quota(&json!({})), None);
    }
}
