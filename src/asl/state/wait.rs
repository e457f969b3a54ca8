//! The Wait state.

use std::time::Duration;

use super::super::data_error::{DataError, shown};
use super::super::data_flow::InOut;
use super::super::fields::{Fields, Queried, SECONDS_MAX};
use super::super::intrinsic::Scope;
use super::super::number::{integer, integer_of};
use super::super::path_expr::PathExpr;
use super::super::program::Transition;
use super::super::query::Query;
use super::super::siblings::Siblings;
use super::super::template::Template;
use crate::clock::Timestamp;

/// A Wait state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html>
#[derive(Clone, Debug)]
pub struct Wait {
    /// How long, or until when.
    pub until: WaitUntil,
    /// Filters.
    pub flow: InOut,
    /// `Assign`: sees the effective input as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

/// The one field of a Wait state that says how long.
#[derive(Clone, Debug)]
pub enum WaitUntil {
    /// `Seconds`.
    Seconds(u64),
    /// `SecondsPath`.
    SecondsPath(PathExpr),
    /// `Timestamp`.
    Timestamp(Timestamp),
    /// `TimestampPath`.
    TimestampPath(PathExpr),
    /// `Seconds`, an expression.
    SecondsQuery(Query),
    /// `Timestamp`, an expression.
    TimestampQuery(Query),
}

/// Waits are shorter than 2^31 seconds: of 24 855 days, recorded, and not of 24 856.
const DELAY_MAX: Duration = Duration::from_secs(1 << 31);

impl Wait {
    pub(super) fn read(state: &Fields<'_>, siblings: &Siblings) -> Option<Self> {
        let until = WaitUntil::read(state);
        let flow = InOut::read(state);
        let assign = siblings.assign(state);
        let next = siblings.transition(state)?;
        Some(Self { until: until?, flow, assign, next })
    }

    /// When the wait is over: `now`, or an earlier time, if it is over already. `scope`'s `$` is the effective
    /// input.
    ///
    /// # Errors
    /// `States.Runtime` with AWS's words for a path to nothing, a value that is no time, or too long a wait.
    pub fn until(&self, scope: &dyn Scope, now: Timestamp) -> Result<Timestamp, DataError> {
        let until = match &self.until {
            WaitUntil::Seconds(seconds) => now + Duration::from_secs(*seconds),
            WaitUntil::SecondsPath(path) => now + seconds_at(path, scope)?,
            WaitUntil::Timestamp(timestamp) => *timestamp,
            WaitUntil::TimestampPath(path) => timestamp_at(path, scope)?,
            WaitUntil::SecondsQuery(query) => now + seconds_of(query, scope)?,
            WaitUntil::TimestampQuery(query) => timestamp_of(query, scope)?,
        };
        if DELAY_MAX <= until.since(now) {
            return Err(DataError::runtime("Wait state delay is too long."));
        }
        Ok(until)
    }
}

impl WaitUntil {
    fn read(state: &Fields<'_>) -> Option<Self> {
        if state.is_jsonata() {
            let name = state.exactly_one(&["Seconds", "Timestamp"])?;
            match state.query(name) {
                Queried::Query(query) if name == "Seconds" => return Some(Self::SecondsQuery(query)),
                Queried::Query(query) => return Some(Self::TimestampQuery(query)),
                Queried::Broken => return None,
                Queried::None => {}
            }
            return Self::literal(state, name);
        }
        match state.exactly_one(&["SecondsPath", "Seconds", "TimestampPath", "Timestamp"])? {
            "SecondsPath" => state.reference_path("SecondsPath").map(Self::SecondsPath),
            "TimestampPath" => state.reference_path("TimestampPath").map(Self::TimestampPath),
            name => Self::literal(state, name),
        }
    }

    fn literal(state: &Fields<'_>, name: &str) -> Option<Self> {
        match name {
            "Seconds" => state.integer("Seconds", 0, SECONDS_MAX).map(Self::Seconds),
            _ => {
                let timestamp = Timestamp::parse_rfc3339(state.string("Timestamp")?);
                if timestamp.is_none() {
                    state.field_problem("Timestamp", "String does not match RFC3339 timestamp");
                }
                timestamp.map(Self::Timestamp)
            }
        }
    }
}

fn seconds_at(path: &PathExpr, scope: &dyn Scope) -> Result<Duration, DataError> {
    let text = path.text();
    let Ok(value) = path.find(scope) else {
        let cause = format!("The SecondsPath parameter does not reference an input value: {text}");
        return Err(DataError::runtime(cause));
    };
    if let Some(seconds) = value.as_u64() {
        return Ok(Duration::from_secs(seconds));
    }
    let Some(seconds) = integer(&value) else {
        return Err(DataError::runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {text} == {}",
            shown(&value)
        )));
    };
    u64::try_from(seconds).map(Duration::from_secs).map_err(|_| {
        DataError::runtime(format!(
            "The SecondsPath parameter references a negative value: {text} == {seconds}"
        ))
    })
}

fn timestamp_at(path: &PathExpr, scope: &dyn Scope) -> Result<Timestamp, DataError> {
    let text = path.text();
    let Ok(value) = path.find(scope) else {
        // As recorded of SecondsPath.
        let cause = format!("The TimestampPath parameter does not reference an input value: {text}");
        return Err(DataError::runtime(cause));
    };
    value.as_str().and_then(Timestamp::parse_rfc3339).ok_or_else(|| {
        DataError::runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {text} == {}",
            shown(&value)
        ))
    })
}

fn seconds_of(query: &Query, scope: &dyn Scope) -> Result<Duration, DataError> {
    let seconds = integer_of(query, scope)?;
    // In the manner of SecondsPath; AWS's wording is not recorded.
    let seconds = u64::try_from(seconds)
        .map_err(|_| query.error(format!("The Seconds field cannot be negative: {seconds}")))?;
    Ok(Duration::from_secs(seconds))
}

fn timestamp_of(query: &Query, scope: &dyn Scope) -> Result<Timestamp, DataError> {
    let text = query.expect("string", scope, |value| value.as_str().map(str::to_owned))?;
    Timestamp::parse_rfc3339(&text).ok_or_else(|| {
        query.error(format!(
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::test_scope::TestScope;
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    /// `expect` is milliseconds from now, or the cause.
    #[track_caller]
    fn check(until: WaitUntil, input: Value, expect: Result<i64, &str>) {
        let wait = Wait { until, flow: InOut::default(), assign: None, next: Transition::End };
        let found = wait.until(&TestScope::of(input), NOW);
        let found = found.map(|t| t.as_millis() - NOW.as_millis()).map_err(|e| e.to_string());
        assert_eq!(found, expect.map_err(|e| format!("States.Runtime: {e}")));
    }

    fn path(text: &str) -> PathExpr {
        PathExpr::parse(text).unwrap()
    }

    #[test]
    fn seconds_count_from_now() {
        check(WaitUntil::Seconds(0), json!({}), Ok(0));
        check(WaitUntil::Seconds(5), json!({}), Ok(5000));
        let at = || WaitUntil::SecondsPath(path("$.input.waitSeconds"));
        let input = |seconds: Value| json!({"input": {"waitSeconds": seconds}});
        check(at(), input(json!(0)), Ok(0));
        check(at(), input(json!(1)), Ok(1000));
        check(
            at(),
            json!({"input": {}}),
            Err("The SecondsPath parameter does not reference an input value: $.input.waitSeconds"),
        );
        check(
            at(),
            input(json!(-1)),
            Err("The SecondsPath parameter references a negative value: $.input.waitSeconds == -1"),
        );
        check(
            at(),
            input(json!(1.5)),
            Err("The SecondsPath parameter cannot be parsed as a long value: $.input.waitSeconds == 1.5"),
        );
        check(
            at(),
            input(json!("one")),
            Err("The SecondsPath parameter cannot be parsed as a long value: $.input.waitSeconds == one"),
        );
        // What can be parsed is a number all the same.
        check(at(), input(json!("1")), Ok(1000));
    }

    #[test]
    fn timestamps_may_have_passed() {
        check(WaitUntil::Timestamp(Timestamp::EPOCH), json!({}), Ok(-NOW.as_millis()));
        let at = || WaitUntil::TimestampPath(path("$.TimestampValue"));
        let input = |timestamp: Value| json!({"TimestampValue": timestamp});
        check(at(), input(json!("2023-11-14T22:13:21.000000Z")), Ok(1000));
        for bad in [
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "05-12-2016T21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-12-05 21:29:29Z",
        ] {
            let cause = format!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.TimestampValue == {bad}"
            );
            check(at(), input(json!(bad)), Err(&cause));
        }
    }

    #[test]
    fn waits_are_shorter_than_2_to_the_31_seconds() {
        let days =
            |days: i64| WaitUntil::Timestamp(Timestamp::from_millis(NOW.as_millis() + days * 86_400_000));
        check(days(24_855), json!({}), Ok(24_855 * 86_400_000));
        check(days(24_856), json!({}), Err("Wait state delay is too long."));
        let far = WaitUntil::SecondsPath(path("$.n"));
        check(far, json!({"n": u64::MAX}), Err("Wait state delay is too long."));
    }
}
