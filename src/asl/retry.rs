//! `Retry` and `Catch`: which errors they match, and how long to wait before another attempt.

use std::sync::Arc;
use std::time::Duration;

use super::data_flow::ResultPath;
use super::fields::{Fields, SECONDS_MAX};
use super::program::StateId;
use super::query::Reach;
use super::siblings::Siblings;
use super::template::Template;

/// `MaxDelaySeconds` is at most this, and no delay is longer whatever the back-off.
const DELAY_SECONDS_MAX: u64 = 31_622_400;

/// One entry of `Retry`.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error>
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub error_equals: ErrorEquals,
    /// `IntervalSeconds`: the first delay, 1 by default, 0 is at once.
    pub interval_seconds: u64,
    /// `MaxAttempts`: retries, not counting the first attempt; 3 by default, 0 is never.
    pub max_attempts: u64,
    /// `BackoffRate`: each delay is so many times the one before; 2.0 by default.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`: no delay is longer.
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy`.
    pub jitter: Jitter,
}

/// `JitterStrategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// `NONE`: the delay as computed.
    #[default]
    None,
    /// `FULL`: anything between nothing and the delay.
    Full,
}

impl Retrier {
    /// `Retry` of a state; wrong ones are left out and among the findings.
    pub(super) fn read_all(state: &Fields<'_>) -> Vec<Self> {
        let entries = state.objects("Retry");
        entries.iter().filter_map(|(fields, is_last)| Self::read(fields, *is_last)).collect()
    }

    fn read(fields: &Fields<'_>, is_last: bool) -> Option<Self> {
        fields.allow(&[
            "ErrorEquals",
            "IntervalSeconds",
            "MaxAttempts",
            "BackoffRate",
            "MaxDelaySeconds",
            "JitterStrategy",
            "Comment",
        ]);
        fields.string("Comment");
        fields.require(&["ErrorEquals"]);
        let interval_seconds = fields.integer("IntervalSeconds", 0, SECONDS_MAX);
        let max_delay_seconds = fields.integer("MaxDelaySeconds", 1, DELAY_SECONDS_MAX);
        let interval = interval_seconds.unwrap_or(1);
        if max_delay_seconds.is_some_and(|max| max <= interval) {
            // AWS's wording is not recorded.
            fields.field_problem("MaxDelaySeconds", "MaxDelaySeconds must be greater than IntervalSeconds");
        }
        let jitter = fields.word("JitterStrategy", &[("NONE", Jitter::None), ("FULL", Jitter::Full)]);
        let max_attempts = fields.integer("MaxAttempts", 0, SECONDS_MAX);
        let backoff_rate = fields.float("BackoffRate", 1.0, f64::INFINITY);
        Some(Self {
            error_equals: ErrorEquals::read(fields, is_last)?,
            interval_seconds: interval,
            max_attempts: max_attempts.unwrap_or(3),
            backoff_rate: backoff_rate.unwrap_or(2.0),
            max_delay_seconds,
            jitter: jitter.unwrap_or_default(),
        })
    }

    /// The delay before retry `attempt` (1 is the first retry): `interval * rate^(attempt - 1)`, at most
    /// `MaxDelaySeconds`. `unit_random` in [0, 1) is what full jitter multiplies it by.
    pub fn delay(&self, attempt: u64, unit_random: f64) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.max_delay_seconds.unwrap_or(DELAY_SECONDS_MAX) as f64;
        if self.interval_seconds == 0 {
            // Whatever the factor, which has no bound.
            return Duration::ZERO;
        }
        let seconds = (self.interval_seconds as f64 * self.backoff_rate.powi(exponent)).min(longest);
        match self.jitter {
            Jitter::None => Duration::from_secs_f64(seconds),
            Jitter::Full => Duration::from_secs_f64(seconds * unit_random.clamp(0.0, 1.0)),
        }
    }
}

/// One entry of `Catch`.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// `ErrorEquals`.
    pub error_equals: ErrorEquals,
    /// `Next`.
    pub next: StateId,
    /// `ResultPath`: where the error output goes in the *raw* input.
    pub result_path: ResultPath,
    /// `Assign`: sees the error output as `$`; stands in for the state's.
    pub assign: Option<Template>,
    /// `Output`: what is handed on instead of the error output.
    pub output: Option<Template>,
}

impl Catcher {
    /// `Catch` of a state; wrong ones are left out and among the findings.
    pub(super) fn read_all(state: &Fields<'_>, siblings: &Siblings) -> Vec<Self> {
        let entries = state.objects("Catch");
        entries.iter().filter_map(|(fields, is_last)| Self::read(fields, *is_last, siblings)).collect()
    }

    fn read(fields: &Fields<'_>, is_last: bool, siblings: &Siblings) -> Option<Self> {
        fields.allow_in_language(&["ErrorEquals", "Next", "Assign", "Comment"], &["ResultPath"], &["Output"]);
        fields.string("Comment");
        fields.require(&["ErrorEquals", "Next"]);
        let next = siblings.target(fields, "Next");
        let fields = &fields.reaching(Reach::ErrorOutput);
        let assign = siblings.assign(fields);
        let (result_path, output) = match fields.is_jsonata() {
            true => (ResultPath::Replace, fields.template("Output")),
            false => (fields.result_path(), None),
        };
        let error_equals = ErrorEquals::read(fields, is_last);
        Some(Self { error_equals: error_equals?, next: next?, result_path, assign, output })
    }
}

/// `ErrorEquals`: the names of errors that a retrier or catcher is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorEquals(Vec<Arc<str>>);

impl ErrorEquals {
    /// From the names as written.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(Arc::from).collect())
    }

    /// `ErrorEquals` of a retrier or catcher.
    fn read(fields: &Fields<'_>, is_last: bool) -> Option<Self> {
        let names = fields.filled_array("ErrorEquals")?;
        let Some(names) = names.iter().map(|name| name.as_str()).collect::<Option<Vec<_>>>() else {
            fields.field_problem("ErrorEquals", "Expected value of type String");
            return None;
        };
        if let Some(index) = names.iter().position(|name| *name == "States.ALL")
            && (1 < names.len() || !is_last)
        {
            let at = fields.at.field("ErrorEquals").element(index);
            fields.findings.schema(&at, "States.ALL must appear alone and at end of list");
        }
        Some(Self::new(names))
    }

    /// The names as written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// Whether the error called `error` is one of these. A missed heartbeat is `States.HeartbeatTimeout` here,
    /// which `States.Timeout` means too.
    ///
    /// `States.Runtime` and `States.NoChoiceMatched` match nothing, not even their own names; `States.ALL`
    /// matches the rest, `States.DataLimitExceeded` too (so recorded, whatever the guide says);
    /// `States.TaskFailed` matches all but those and the timeouts.
    pub fn matches(&self, error: &str) -> bool {
        let kind = Kind::of(error);
        if matches!(kind, Kind::Fatal) {
            return false;
        }
        self.names().any(|name| match name {
            "States.ALL" => true,
            "States.TaskFailed" => matches!(kind, Kind::Other),
            "States.Timeout" => matches!(kind, Kind::Timeout),
            _ => name == error,
        })
    }

    /// Whether a Parallel whose branch failed with `error` is meant: `States.BranchFailed` or a match of the
    /// branch's own error.
    pub fn matches_branch(&self, error: &str) -> bool {
        let named = || self.names().any(|name| name == "States.BranchFailed");
        self.matches(error) || (!matches!(Kind::of(error), Kind::Fatal) && named())
    }
}

/// What the wildcards tell apart.
enum Kind {
    Fatal,
    Timeout,
    DataLimit,
    Other,
}

impl Kind {
    fn of(error: &str) -> Self {
        match error {
            "States.Runtime" | "States.NoChoiceMatched" => Self::Fatal,
            "States.Timeout" | "States.HeartbeatTimeout" => Self::Timeout,
            "States.DataLimitExceeded" => Self::DataLimit,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_what_aws_says() {
        for (names, error, expect) in [
            (&["A", "B"][..], "B", true),
            (&["A"], "a", false),
            (&["States.ALL"], "Any", true),
            (&["States.ALL"], "States.Timeout", true),
            (&["States.ALL"], "States.HeartbeatTimeout", true),
            (&["States.ALL"], "States.DataLimitExceeded", true),
            (&["States.ALL"], "States.Runtime", false),
            (&["States.Runtime"], "States.Runtime", false),
            (&["States.NoChoiceMatched"], "States.NoChoiceMatched", false),
            (&["States.TaskFailed"], "Lambda.Unknown", true),
            (&["States.TaskFailed"], "States.TaskFailed", true),
            (&["States.TaskFailed"], "States.Permissions", true),
            (&["States.TaskFailed"], "States.Timeout", false),
            (&["States.TaskFailed"], "States.HeartbeatTimeout", false),
            (&["States.TaskFailed"], "States.DataLimitExceeded", false),
            (&["States.TaskFailed"], "States.Runtime", false),
            (&["States.Timeout"], "States.HeartbeatTimeout", true),
            (&["States.HeartbeatTimeout"], "States.HeartbeatTimeout", true),
            (&["States.HeartbeatTimeout"], "States.Timeout", false),
            (&["States.DataLimitExceeded"], "States.DataLimitExceeded", true),
            (&["States.IntrinsicFailure"], "States.IntrinsicFailure", true),
            (&["States.BranchFailed"], "Any", false),
        ] {
            assert_eq!(ErrorEquals::new(names.iter().copied()).matches(error), expect, "{names:?} {error}");
        }
    }

    #[test]
    fn branches_fail_by_two_names() {
        let branch_failed = ErrorEquals::new(["States.BranchFailed"]);
        assert!(branch_failed.matches_branch("Own"));
        assert!(!branch_failed.matches_branch("States.Runtime"));
        assert!(ErrorEquals::new(["Own"]).matches_branch("Own"));
        assert!(!ErrorEquals::new(["Other"]).matches_branch("Own"));
    }

    fn retrier(max_delay_seconds: Option<u64>, jitter: Jitter) -> Retrier {
        let error_equals = ErrorEquals::new(["States.ALL"]);
        Retrier {
            error_equals,
            interval_seconds: 3,
            max_attempts: 3,
            backoff_rate: 2.0,
            max_delay_seconds,
            jitter,
        }
    }

    #[test]
    fn delays_back_off_up_to_the_longest() {
        let plain = retrier(None, Jitter::None);
        let delays: Vec<u64> = (1..=4).map(|attempt| plain.delay(attempt, 0.9).as_secs()).collect();
        assert_eq!(delays, [3, 6, 12, 24]);
        let at_once = Retrier { interval_seconds: 0, ..retrier(None, Jitter::None) };
        assert_eq!(at_once.delay(5000, 0.9), Duration::ZERO);
        assert_eq!(retrier(Some(10), Jitter::None).delay(4, 0.0), Duration::from_secs(10));
        assert_eq!(plain.delay(u64::MAX, 0.0), Duration::from_secs(DELAY_SECONDS_MAX));
        assert_eq!(plain.delay(0, 0.0), Duration::from_secs(3));
    }

    #[test]
    fn full_jitter_takes_any_part_of_the_delay() {
        let jittered = retrier(None, Jitter::Full);
        assert_eq!(jittered.delay(2, 0.0), Duration::ZERO);
        assert_eq!(jittered.delay(2, 0.25), Duration::from_millis(1500));
    }
}
