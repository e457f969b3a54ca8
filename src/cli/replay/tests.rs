//! Histories recorded with one definition and replayed with another.

use super::*;
use crate::asl::{StateMachineType, compile};
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::execution::ExecutionStart;
use crate::engine::rehearsal::{Mock, MockAnswer, Mocks, Rehearsal};
use crate::json::Payload;

const DEFINITION: &str = r#"{"StartAt": "Charge", "States": {
    "Charge": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:Charge",
        "TimeoutSeconds": 60, "ResultPath": "$.payment",
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "JitterStrategy": "FULL"}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}], "Next": "Paid?"},
    "Paid?": {"Type": "Choice", "Default": "Sorry",
        "Choices": [{"Variable": "$.payment.amount", "NumericGreaterThan": 10, "Next": "Pack"}]},
    "Pack": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.packed", "Next": "Done",
        "Iterator": {"StartAt": "Wrap", "States": {
            "Wrap": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": "q", "MessageBody": {"item.$": "$", "token.$": "$$.Task.Token",
                    "id.$": "States.UUID()", "of.$": "$$.Execution.Name", "at.$": "$$.State.EnteredTime"}}}}}},
    "Sorry": {"Type": "Fail", "Error": "Sorry"},
    "Done": {"Type": "Succeed"}}}"#;

/// Charges succeed at the second attempt; wrapping takes longer the earlier it starts.
struct Workers(u32);

impl Mocks for Workers {
    fn next(&mut self, state: &str, _: &Payload) -> Option<Mock> {
        self.0 += 1;
        let result = |value| MockAnswer::Result(Payload::from_value(value));
        let answer = match (state, self.0) {
            ("Charge", 1) => MockAnswer::Error(Failure::new("Busy", "try again")),
            ("Charge", _) => result(json!({"amount": 12})),
            (_, n) => result(json!(n)),
        };
        Some(Mock { after: std::time::Duration::from_secs(u64::from(10 - self.0)), answer })
    }
}

fn recorded(definition: &str) -> Value {
    let program = compile(definition, StateMachineType::Standard).unwrap();
    let start = ExecutionStart {
        arn: "arn:aws:states:us-east-1:123456789012:execution:Orders:order-7".into(),
        name: "order-7".into(),
        input: Payload::from_value(json!({"items": ["hat", "hat", "scarf"]})),
        role_arn: "arn:aws:iam::123456789012:role/orders".into(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Orders".into(),
        state_machine_name: "Orders".into(),
        version_arn: None,
        alias_arn: None,
        region: "us-east-1".into(),
        started: Timestamp::from_millis(1_790_000_000_000),
        is_synchronous: false,
    };
    let rehearsal = Rehearsal { program: &program, start, mocks: &mut Workers(0), token_prefix: "recorded-" };
    json!({"events": rehearsal.run().events.iter().map(event_json).collect::<Vec<_>>()})
}

fn replayed(history: &Value, definition: &str) -> Replayed {
    let program = compile(definition, StateMachineType::Standard).unwrap();
    Replayed::of(&program, &History::read(history).unwrap())
}

/// Checks the effect of changing the definition from one text to another.
#[track_caller]
fn check(from: &str, to: &str, expect: Option<(u64, &str, &str)>) {
    assert!(DEFINITION.contains(from), "{from}");
    let replayed = replayed(&recorded(DEFINITION), &DEFINITION.replace(from, to));
    let found = replayed.divergence.as_ref().map(|it| (it.event, it.recorded.as_str(), it.now.as_str()));
    assert_eq!(found, expect, "{}", replayed.report("history"));
}

#[test]
fn the_same_definition_goes_the_same_way_though_tokens_uuids_and_delays_differ() {
    check("Sorry", "Sorry", None);
    check(r#""TimeoutSeconds": 60,"#, r#""TimeoutSeconds": 60, "Comment": "said again","#, None);
    check(r#""IntervalSeconds": 5"#, r#""IntervalSeconds": 50"#, None);
}

#[test]
fn the_first_event_that_is_another_is_told() {
    check(
        r#""NumericGreaterThan": 10"#,
        r#""NumericGreaterThan": 20"#,
        Some((12, r#"MapStateEntered "Pack""#, r#"FailStateEntered "Sorry""#)),
    );
    check(r#"["Busy"]"#, r#"["Other"]"#, Some((6, "ActivityScheduled", r#"TaskStateExited "Charge""#)));
    check(
        r#""ResultPath": "$.payment""#,
        r#""ResultSelector": {"amount": 12, "more": 1}, "ResultPath": "$.payment""#,
        Some((
            9,
            r#"TaskStateExited "Charge", output {"items":["hat","hat","scarf"],"payment":{"amount":12}}"#,
            r#"TaskStateExited "Charge", output {"items":["hat","hat","scarf"],"payment":{"amount":12,"more":1}}"#,
        )),
    );
    check(
        r#""Parameters": {"QueueUrl": "q""#,
        r#""HeartbeatSeconds": 30, "Parameters": {"QueueUrl": "q""#,
        Some((18, "TaskScheduled, without heartbeatInSeconds", "TaskScheduled, heartbeatInSeconds 30")),
    );
}

#[test]
fn a_task_that_the_history_does_not_know_is_told() {
    let more = r#""Done": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true}"#;
    check(
        r#""Done": {"Type": "Succeed"}"#,
        more,
        Some((40, r#"SucceedStateEntered "Done""#, r#"TaskStateEntered "Done""#)),
    );
}

#[test]
fn of_an_execution_that_runs_or_was_stopped_what_is_there_is_compared() {
    let mut history = recorded(DEFINITION);
    let events = history["events"].as_array_mut().unwrap();
    events.truncate(18);
    assert_eq!(replayed(&history, DEFINITION).divergence, None);
    let changed = DEFINITION.replace(r#""NumericGreaterThan": 10"#, r#""NumericGreaterThan": 20"#);
    assert_eq!(replayed(&history, &changed).divergence.unwrap().event, 12);
    let aborted = json!({"id": 19, "previousEventId": 0, "timestamp": "2026-09-21T14:13:39.5+02:00",
        "type": "ExecutionAborted", "executionAbortedEventDetails": {}});
    history["events"].as_array_mut().unwrap().push(aborted);
    let stopped = replayed(&history, DEFINITION);
    assert_eq!((stopped.divergence, stopped.recorded_end), (None, End::Stopped));
}

#[test]
fn of_a_part_it_is_never_said_that_it_is_the_same() {
    let whole = recorded(DEFINITION);
    let reported = |change: fn(&mut Value)| {
        let mut history = whole.clone();
        change(&mut history);
        let replayed = replayed(&history, DEFINITION);
        (replayed.report("h"), replayed.to_json("h"))
    };
    let (text, report) = reported(|_| {});
    assert_eq!(text, "h: the same, 42 events, SUCCEEDED");
    assert_eq!((&report["whole"], &report["recordedEnd"]), (&json!(true), &json!("SUCCEEDED")));
    // The last page has no token; one that is there with the last event is of no use.
    assert_eq!(reported(|history| history["nextToken"] = json!("AAAA")).0, text);
    for (change, said, end) in [
        (
            (|history| drop(history["events"].as_array_mut().unwrap().pop())) as fn(&mut Value),
            "still running",
            json!("RUNNING"),
        ),
        (
            |history| {
                history["events"].as_array_mut().unwrap().truncate(20);
                history["NextToken"] = json!("AAAA");
            },
            "ends in the middle: a nextToken is left over, and with it the events after 20",
            Value::Null,
        ),
    ] {
        let (text, report) = reported(change);
        assert!(text.contains(said) && !text.contains("the same"), "{text}");
        assert_eq!((&report["whole"], &report["recordedEnd"]), (&json!(false), &end));
    }
}

#[test]
fn both_ends_are_told() {
    let changed = DEFINITION.replace(r#""NumericGreaterThan": 10"#, r#""NumericGreaterThan": 20"#);
    let report = replayed(&recorded(DEFINITION), &changed).report("h");
    assert!(report.contains("→ Done → SUCCEEDED\n"), "{report}");
    assert!(report.ends_with("→ Sorry → FAILED"), "{report}");
}

#[test]
fn what_is_no_whole_history_is_refused() {
    let whole = recorded(DEFINITION);
    let refused = |change: fn(&mut Vec<Value>)| {
        let mut history = whole.clone();
        change(history["events"].as_array_mut().unwrap());
        History::read(&history).err().unwrap().to_string()
    };
    assert!(refused(|events| events.reverse()).contains("oldest event"));
    assert!(refused(Vec::clear).contains("oldest event"));
    assert!(refused(|events| drop(events.remove(4))).contains("all pages"));
    assert!(refused(|events| events[4] = json!({"id": 5})).contains("events[4]"));
    assert!(refused(|events| events[1]["stateEnteredEventDetails"] = json!({"name": "x"})).contains("data"));
    assert!(refused(|events| events[1]["type"] = json!("ExecutionRedriven")).contains("redriven"));
    assert!(History::read(&json!([])).is_err());
}
