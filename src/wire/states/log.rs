//! Log records as Step Functions writes them to CloudWatch Logs: one JSON object an event.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>

use serde::Serialize;
use serde_json::{Map, Value};

use super::history::{Data, Details, details};
use crate::engine::LogRecord;

/// Most bytes of a payload in a record: CloudWatch takes 256 KiB, and AWS leaves room for the rest.
const PAYLOAD_BYTES_MAX: usize = 248 * 1024;

/// Numbers are texts, as recorded.
#[derive(Serialize)]
struct Line<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'a str,
    details: Map<String, Value>,
    previous_event_id: String,
    event_timestamp: String,
    execution_arn: &'a str,
    redrive_count: String,
}

/// The record's text, one line without its end.
pub fn log_line(record: &LogRecord<'_>) -> String {
    let event = record.event;
    let data = match record.include_execution_data {
        true => Data::Cut { bytes_max: PAYLOAD_BYTES_MAX },
        false => Data::Absent,
    };
    let line = Line {
        id: event.id.to_string(),
        kind: event.kind.type_name(),
        details: details(&event.kind, data).map(|(_, Details(members))| members).unwrap_or_default(),
        previous_event_id: event.previous_event_id.to_string(),
        event_timestamp: event.timestamp.as_millis().to_string(),
        execution_arn: record.execution_arn,
        redrive_count: record.redrive_count.to_string(),
    };
    // Texts and numbers under texts: there is nothing that JSON can't say.
    serde_json::to_string(&line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::engine::event::{EventKind, HistoryEvent, StateType};
    use crate::json::Payload;

    #[track_caller]
    fn check(kind: EventKind, include_execution_data: bool, details: &Value) {
        let event = HistoryEvent {
            id: 2,
            previous_event_id: 0,
            timestamp: Timestamp::from_millis(1_690_000_000_000),
            kind,
        };
        let record = LogRecord {
            log_group: &"group".into(),
            execution_arn: "arn",
            redrive_count: 1,
            include_execution_data,
            event: &event,
        };
        let line: Value = serde_json::from_str(&log_line(&record)).unwrap();
        let want = json!({"id": "2", "type": event.kind.type_name(), "details": details, "previous_event_id": "0",
            "event_timestamp": "1690000000000", "execution_arn": "arn", "redrive_count": "1"});
        assert_eq!(line, want);
    }

    #[test]
    fn records_look_as_recorded() {
        let entered = |input: &str| EventKind::StateEntered {
            state_type: StateType::Pass,
            name: "State_1".into(),
            input: Payload::from_text(input).unwrap(),
        };
        let whole = json!({"name": "State_1", "input": "{}", "inputDetails": {"truncated": false}});
        check(entered("{}"), true, &whole);
        check(entered("{}"), false, &json!({"name": "State_1"}));
        check(EventKind::ExecutionSucceeded { output: Payload::default() }, false, &json!({}));
        check(EventKind::MapStateSucceeded, true, &json!({}));
    }

    #[test]
    fn large_payloads_are_cut_between_characters() {
        let text = format!("\"{}\"", "é".repeat(130 * 1024));
        let cut = &text[..PAYLOAD_BYTES_MAX - 1];
        let output = Payload::from_text(text.clone()).unwrap();
        let want = json!({"output": cut, "outputDetails": {"truncated": true}});
        check(EventKind::ExecutionSucceeded { output }, true, &want);
    }
}
