//! What must not go wrong: faults inside of faults, work that nobody wants any more, runs without an end.

use serde_json::json;

use super::super::super::execution::Note;
use super::*;

fn caught(more: &Value) -> Value {
    let mut task = json!({"Type": "Task", "Resource": ACTIVITY, "Next": "Done"});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "T", "States": {"T": task, "Done": {"Type": "Succeed"}}})
}

fn branch(name: &str, state: &Value) -> Value {
    json!({"StartAt": name, "States": {name: state}})
}

/// A machine or branch that goes round between two states.
fn endless(name: &str) -> Value {
    let out = format!("{name}-out");
    json!({"StartAt": name, "States": {
        name: {"Type": "Choice", "Default": name,
            "Choices": [{"Variable": "$$.Execution.Name", "StringEquals": "other", "Next": out}]},
        out: {"Type": "Succeed"}}})
}

#[track_caller]
fn error_of(drive: &Drive) -> &str {
    drive.ending().failure.error.as_deref().unwrap_or_default()
}

#[test]
fn a_catch_that_can_not_place_its_error_is_not_asked_again() {
    let definition = caught(&json!({
        "Retry": [{"ErrorEquals": ["States.ResultPathMatchFailure"]}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.a.b", "Next": "Done"}]}));
    let mut drive = Drive::new(&definition, r#"{"a": 1}"#);
    drive.start();
    drive.fail(0, "E", "c");
    assert_eq!(error_of(&drive), "States.ResultPathMatchFailure");
}

#[test]
fn a_catch_whose_output_is_too_large_is_not_asked_again() {
    let catch = json!({"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Done"}]});
    let input = json!({"a": "x".repeat(PAYLOAD_BYTES_MAX - 10)}).to_string();
    let mut drive = Drive::new(&caught(&catch), &input);
    drive.start();
    drive.fail(0, "E", "c");
    assert_eq!(error_of(&drive), "States.DataLimitExceeded");
}

#[test]
fn an_input_path_to_nothing_fails_its_state_as_soon_as_that_is_entered() {
    for state in [
        json!({"Type": "Wait", "Seconds": 60, "InputPath": "$.none", "End": true}),
        json!({"Type": "Wait", "Timestamp": "2099-01-01T00:00:00Z", "InputPath": "$.none", "End": true}),
        json!({"Type": "Pass", "Result": 1, "InputPath": "$.none", "End": true}),
    ] {
        let mut drive = Drive::new(&branch("S", &state), "{}");
        drive.start();
        assert_eq!(error_of(&drive), "States.Runtime", "{state}");
    }
}

#[test]
fn an_error_nobody_named_is_caught_as_nulls() {
    let catch = json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]});
    let mut drive = Drive::new(&caught(&catch), "{}");
    drive.start();
    let task = drive.tasks[0].task;
    drive.step(Input::TaskFailed { task, failure: Failure::default() });
    assert_eq!(drive.output(), r#"{"Error":null,"Cause":null}"#);
}

#[test]
fn a_result_over_the_limit_is_a_failed_attempt() {
    let catch = json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]});
    let mut drive = Drive::new(&caught(&catch), "{}");
    drive.start();
    drive.succeed(0, &json!("x".repeat(PAYLOAD_BYTES_MAX - 1)).to_string());
    assert_eq!(drive.history()[3], "4<3 ActivityFailed");
    assert!(
        drive
            .output()
            .starts_with(r#"{"Error":"States.DataLimitExceeded","Cause":"The state/task 'arn:aws:"#)
    );

    let mut drive = Drive::new(&caught(&catch), "{}");
    drive.start();
    drive.succeed(0, &json!("x".repeat(PAYLOAD_BYTES_MAX - 2)).to_string());
    assert_eq!(drive.output().len(), PAYLOAD_BYTES_MAX);
}

#[test]
fn refused_arguments_are_a_runtime_fault_and_nothing_is_scheduled() {
    let task = json!({"Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "q", "MessageBody": "m", "Refused": 1}});
    let mut drive = Drive::new(&caught(&task), "{}");
    drive.start();
    drive.expect(&["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 ExecutionFailed"]);
    assert_eq!(error_of(&drive), "States.Runtime");
    let cause = drive.ending().failure.cause.clone().unwrap();
    let expect = r#"(entered at the event id #2). The Parameters '{"QueueUrl":"q","MessageBody":"m","Refused":1}' could not be used to start the Task: [The field "Refused" is not supported by Step Functions]"#;
    assert!(cause.ends_with(expect), "{cause}");
}

#[test]
fn a_state_that_fails_before_its_work_is_tried_again_each_time_by_a_timer_of_its_own() {
    let definition = caught(&json!({
        "Parameters": {"x.$": "States.StringToJson($.bad)"},
        "Retry": [{"ErrorEquals": ["States.IntrinsicFailure"], "MaxAttempts": 2, "BackoffRate": 1.0}]}));
    let mut drive = Drive::new(&definition, r#"{"bad": "{"}"#);
    drive.start();
    let first = *drive.timers.keys().next().unwrap();
    drive.fire();
    let second = *drive.timers.keys().next().unwrap();
    assert_ne!(first, second);
    assert_eq!(drive.step(Input::TimerFired(first)), Outcome::Stale);
    drive.fire();
    drive.expect(&["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 ExecutionFailed"]);
    assert_eq!(error_of(&drive), "States.IntrinsicFailure");
}

#[test]
fn what_a_step_asks_for_and_gives_up_is_never_begun() {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 5, "End": true});
    let fail = json!({"Type": "Fail", "Error": "E"});
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [branch("A", &task), branch("B", &fail)],
            "Catch": [{"ErrorEquals": ["E"], "Next": "W"}], "End": true},
        "W": {"Type": "Wait", "Seconds": 1, "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    let effects = drive.effects(Input::Start);
    assert!(
        matches!(effects.as_slice(), [Effect::ArmTimer { key, .. }] if key.kind == TimerKind::Wait),
        "{effects:?}"
    );
    assert_eq!(drive.timers.len(), 1);
}

#[test]
fn a_map_that_can_not_make_its_next_item_gives_the_running_ones_up() {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "End": true});
    let definition = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": branch("T", &task),
            "ItemSelector": {"x.$": "States.StringToJson($$.Map.Item.Value)"},
            "Catch": [{"ErrorEquals": ["States.IntrinsicFailure"], "ResultPath": null, "Next": "Done"}], "End": true},
        "Done": {"Type": "Pass", "Result": "caught", "End": true}}});
    let mut drive = Drive::new(&definition, r#"["1", "2", "{"]"#);
    drive.start();
    drive.succeed(0, "1");
    assert_eq!(
        drive.history()[9..],
        [
            "10<7 ActivitySucceeded",
            "11<10 TaskStateExited",
            "12<11 MapIterationSucceeded",
            "13<11 MapIterationAborted",
            "14<11 TaskStateAborted",
            "15<11 MapStateFailed",
            "16<15 MapStateExited",
            "17<16 PassStateEntered",
            "18<17 PassStateExited",
            "19<18 ExecutionSucceeded",
        ]
    );
    assert_eq!(drive.output(), r#""caught""#);
}

#[test]
fn so_many_iterations_run_at_a_time_and_the_next_follow_as_these_end() {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "End": true});
    let definition = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemProcessor": branch("T", &task), "End": true}}});
    let mut drive = Drive::new(&definition, &json!((0..100).collect::<Vec<_>>()).to_string());
    drive.start();
    assert_eq!(drive.tasks.len(), 40);
    while !drive.tasks.is_empty() {
        assert!(drive.tasks.len() <= 40);
        drive.succeed(0, "0");
    }
    assert_eq!(drive.output().len(), 201);
}

#[test]
fn a_long_run_gives_way_and_its_history_does_not_show_it() {
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "A1", "States": {"A1": {"Type": "Pass", "Next": "A2"}, "A2": {"Type": "Pass", "End": true}}},
        {"StartAt": "B1", "States": {"B1": {"Type": "Pass", "Next": "B2"}, "B2": {"Type": "Pass", "End": true}}}]}}});
    let mut at_once = Drive::new(&definition, "{}");
    at_once.start();
    for step_entries_max in 1..12 {
        let mut drive = Drive::new(&definition, "{}");
        drive.limits.step_entries_max = step_entries_max;
        drive.start();
        let mut n_steps = 1;
        while drive.fire() {
            n_steps += 1;
        }
        assert!(1 < n_steps);
        let mut events = drive.history();
        let mut expect = at_once.history();
        // Two frames that gave way go on in any order.
        events.sort();
        expect.sort();
        assert_eq!(events.len(), expect.len());
        assert_eq!(drive.output(), at_once.output());
    }
}

#[test]
fn large_data_makes_a_step_give_way_too() {
    let mut drive = Drive::new(&endless("A"), &json!("x".repeat(1000)).to_string());
    drive.limits.step_bytes_max = 10_000;
    drive.start();
    assert!(drive.execution.event_count() < 20);
    assert!(drive.fire());
}

#[test]
fn a_frame_that_gave_way_is_given_up_with_its_branch() {
    let fail = json!({"Type": "Fail", "Error": "E"});
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [endless("A"), branch("B", &fail)], "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.limits.step_entries_max = 5;
    drive.start();
    assert_eq!(drive.timers.len(), 2);
    let last = *drive.timers.keys().last().unwrap();
    drive.step(Input::TimerFired(last));
    assert_eq!(error_of(&drive), "E");
    assert!(drive.timers.is_empty());
}

#[test]
fn variables_are_bounded() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"a.$": "$", "b.$": "$"}, "End": true}}});
    let mut drive = Drive::new(&definition, &json!("x".repeat(PAYLOAD_BYTES_MAX / 2 - 2)).to_string());
    drive.start();
    assert!(drive.ending().output.is_some());
    let mut drive = Drive::new(&definition, &json!("x".repeat(PAYLOAD_BYTES_MAX / 2 - 1)).to_string());
    drive.start();
    assert_eq!(error_of(&drive), "States.DataLimitExceeded");
}

#[test]
fn an_express_history_has_no_bound() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 7000, "Next": "A"}], "Default": "C"},
        "C": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, r#"{"n": 0}"#);
    drive.limits = Limits::EXPRESS;
    drive.keep_journal = false;
    drive.start();
    while drive.fire() {}
    assert!(EVENTS_MAX < drive.execution.event_count());
    assert_eq!(drive.output(), r#"{"n":7000}"#);
}

#[test]
fn a_fault_in_a_branch_ends_the_execution_at_once() {
    let pass = json!({"Type": "Pass", "InputPath": "$.nope", "End": true});
    let wait = json!({"Type": "Wait", "Seconds": 1, "End": true});
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [branch("A", &pass), branch("B", &wait)],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}], "End": true},
        "Done": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 PassStateEntered",
        "5<4 ExecutionFailed",
    ]);
    assert_eq!(error_of(&drive), "States.Runtime");
    let cause = drive.ending().failure.cause.clone().unwrap();
    assert!(
        cause.starts_with("An error occurred while executing the state 'A' (entered at the event id #4). ")
    );
}

#[test]
fn items_that_reading_copies_are_read_once() {
    let definition = |selector: bool| {
        let mut map = json!({"Type": "Map", "End": true, "ItemsPath": "$.items[*].v", "ItemProcessor":
            branch("P", &json!({"Type": "Pass", "Parameters": {"v.$": "$", "i.$": "$$.Map.Item.Index",
                "of.$": "$$.Map.Item.Value"}, "End": true}))});
        if selector {
            map["ItemSelector"] = json!({"item.$": "$$.Map.Item.Value", "n.$": "$.n"});
        }
        json!({"StartAt": "M", "States": {"M": map}})
    };
    let n = 45; // More than run at one time.
    let items: Vec<_> = (0..n).map(|i| json!({"v": i})).collect();
    let input = json!({"n": n, "items": items}).to_string();
    for selector in [false, true] {
        let mut drive = Drive::new(&definition(selector), &input);
        drive.start();
        let notes = drive.journal.iter().filter_map(|entry| entry.note.as_ref());
        assert_eq!(notes.filter(|note| matches!(note, Note::Items { .. })).count(), 1);
        let expected: Vec<_> = (0..n)
            .map(|i| {
                let v = if selector { json!({"item": i, "n": n}) } else { json!(i) };
                json!({"v": v, "i": i, "of": i})
            })
            .collect();
        assert_eq!(drive.output(), serde_json::Value::from(expected).to_string());
    }
}

#[test]
fn items_that_can_be_borrowed_are_not_kept() {
    let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemsPath": "$.items",
        "ItemProcessor": branch("P", &json!({"Type": "Pass", "End": true}))}}});
    let mut drive = Drive::new(&definition, &json!({"items": vec![1; 45]}).to_string());
    drive.start();
    assert!(!drive.journal.iter().any(|entry| matches!(entry.note, Some(Note::Items { .. }))));
    assert_eq!(drive.output(), json!(vec![1; 45]).to_string());
}
