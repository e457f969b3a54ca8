//! The Wait state.

use std::time::Duration;

use super::super::data_error::{DataError, shown};
use super::super::data_flow::InOut;
use super::super::fields::{Fields, SECONDS_MAX};
use super::super::intrinsic::Scope;
use super::super::path_expr::PathExpr;
use super::super::program::Transition;
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
        };
        if DELAY_MAX <= until.since(now) {
            return Err(DataError::runtime("Wait state delay is too long."));
        }
        Ok(until)
    }
}

impl WaitUntil {
    fn read(state: &Fields<'_>) -> Option<Self> {
        match state.exactly_one(&["Seconds", "SecondsPath", "Timestamp", "TimestampPath"])? {
            "Seconds" => state.integer("Seconds", 0, SECONDS_MAX).map(Self::Seconds),
            "SecondsPath" => state.reference_path("SecondsPath").map(Self::SecondsPath),
            "TimestampPath" => state.reference_path("TimestampPath").map(Self::TimestampPath),
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
    match (value.as_u64(), value.as_i64()) {
        (Some(seconds), _) => Ok(Duration::from_secs(seconds)),
        (None, Some(negative)) => Err(DataError::runtime(format!(
            "The SecondsPath parameter references a negative value: {text} == {negative}"
        ))),
        (None, None) => Err(DataError::runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {text} == {}",
            shown(&value)
        ))),
    }
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
