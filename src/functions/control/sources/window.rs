//! Tumbling windows: records of a time are handled together, event after event, with what the function has made of them so far.
//!
//! How far a shard was read is kept when a window is over, so a server that was killed before begins the window anew, with nothing
//! made of it yet.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;

/// What a function may make of a window, in bytes of JSON.
const STATE_BYTES_MAX: usize = 1_048_576;

/// A window that is not over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    start: i64,
    length_ms: i64,
    state: Value,
}

impl Window {
    /// The window of this time.
    pub(super) fn at(time: Timestamp, length_s: u32) -> Self {
        let length_ms = i64::from(length_s.max(1)) * 1_000;
        let start = time.as_millis().div_euclid(length_ms).saturating_mul(length_ms);
        Self { start, length_ms, state: json!({}) }
    }

    pub(super) fn start(&self) -> Timestamp {
        Timestamp::from_millis(self.start)
    }

    fn end(&self) -> Timestamp {
        Timestamp::from_millis(self.start.saturating_add(self.length_ms))
    }

    /// Whether what has this time is of a later window.
    pub(super) fn is_over(&self, time: Timestamp) -> bool {
        self.end() <= time
    }

    /// Whether the function has made more of it than may be kept: the window ends early.
    pub(super) fn is_full(&self) -> bool {
        STATE_BYTES_MAX < self.state.to_string().len()
    }

    /// What an event says of its window.
    pub(super) fn members(&self, is_final: bool) -> Map<String, Value> {
        let members = json!({
            "window": { "start": seconds(self.start()), "end": seconds(self.end()) },
            "state": self.state,
            "isFinalInvokeForWindow": is_final,
            "isWindowTerminatedEarly": is_final && self.is_full(),
        });
        members.as_object().cloned().unwrap_or_default()
    }

    /// Takes what the function has made of it.
    pub(super) fn take_state(&mut self, answer: &Value) {
        self.state =
            answer.get("state").filter(|state| state.is_object()).cloned().unwrap_or_else(|| json!({}));
    }
}

/// As AWS writes it in these events: `2020-12-09T07:04:00Z`.
fn seconds(time: Timestamp) -> String {
    time.to_iso8601_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Window {
        Window::at(Timestamp::from_millis(millis), 60)
    }

    #[test]
    fn windows_begin_and_end_at_regular_times() {
        let window = at(1_607_497_475_123);
        assert_eq!(
            window.members(false)["window"],
            json!({"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:05:00Z"})
        );
        assert_eq!(at(1_607_497_440_000), window);
        assert_eq!(at(1_607_497_499_999), window);
        let is_over = |millis| window.is_over(Timestamp::from_millis(millis));
        assert_eq!([1_607_497_499_999, 1_607_497_500_000].map(is_over), [false, true]);
    }

    #[test]
    fn what_a_function_makes_of_a_window_is_handed_on_and_bounded() {
        let mut window = at(0);
        assert_eq!(window.members(false)["state"], json!({}));
        window.take_state(&json!({"state": {"n": 1}, "batchItemFailures": []}));
        assert_eq!(window.members(true)["state"], json!({"n": 1}));
        window.take_state(&json!({"state": {"a": "x".repeat(STATE_BYTES_MAX - 8)}}));
        assert!(!window.is_full());
        window.take_state(&json!({"state": {"a": "x".repeat(STATE_BYTES_MAX - 7)}}));
        assert_eq!(window.members(true)["isWindowTerminatedEarly"], true);
        for nothing in [json!(null), json!({"state": 1}), json!([])] {
            window.take_state(&nothing);
            assert_eq!(window.members(false)["state"], json!({}));
        }
    }
}
