//! Histories as Step Functions records them.

use serde_json::json;

use super::*;

#[test]
fn a_pass_that_changes_nothing_keeps_the_text_of_its_input() {
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let mut drive = Drive::new(&definition, "{ \"a\" : 1.50 }");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 PassStateEntered",
        "3<2 PassStateExited",
        "4<3 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), "{ \"a\" : 1.50 }");
}

#[test]
fn data_flows_through_a_pass() {
    let definition = json!({"StartAt": "P", "States": {"P": {
        "Type": "Pass", "InputPath": "$.a", "Parameters": {"x.$": "$.b", "name.$": "$$.Execution.Name"},
        "ResultPath": "$.r", "OutputPath": "$.r", "End": true}}});
    let mut drive = Drive::new(&definition, r#"{"a": {"b": [1]}}"#);
    drive.start();
    assert_eq!(drive.output(), r#"{"x":[1],"name":"E"}"#);
}

#[test]
fn a_path_to_nothing_ends_the_execution_with_states_runtime() {
    let definition =
        json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "InputPath": "$.nope", "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.expect(&["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 ExecutionFailed"]);
    let cause = drive.ending().failure.cause.clone().unwrap();
    let opening =
        "An error occurred while executing the state 'P' (entered at the event id #2). Invalid path '$.nope'";
    assert!(cause.starts_with(opening), "{cause}");
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.Runtime"));
}

#[test]
fn a_choice_goes_where_its_rule_says_and_fails_without_one() {
    let definition = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Big"}]},
        "Big": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, r#"{"n": 2}"#);
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ChoiceStateEntered",
        "3<2 ChoiceStateExited",
        "4<3 SucceedStateEntered",
        "5<4 SucceedStateExited",
        "6<5 ExecutionSucceeded",
    ]);
    let mut drive = Drive::new(&definition, r#"{"n": 1}"#);
    drive.start();
    let cause = "An error occurred while executing the state 'C' (entered at the event id #2). Failed to transition \
                 out of the state. The state does not point to a next state.";
    assert_eq!(drive.ending().failure, Failure::new("States.Runtime", cause));
    let around = json!({"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "Branches": [definition], "End": true,
            "Retry": [{"ErrorEquals": ["States.ALL"]}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]},
        "Done": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&around, r#"{"n": 1}"#);
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 ChoiceStateEntered",
        "5<4 ExecutionFailed",
    ]);
}

#[test]
fn what_fails_after_its_result_follows_from_that() {
    let pass = |more: &Value| {
        let mut state = json!({"Type": "Pass", "End": true});
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        state
    };
    let branch = json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}});
    let parallel = json!({"Type": "Parallel", "Branches": [branch], "End": true});
    let map = json!({"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": branch, "End": true});
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "End": true});
    let wait = json!({"Type": "Wait", "Seconds": 0, "End": true});
    let succeed = json!({"Type": "Succeed"});
    let filters = [
        json!({"ResultSelector": {"x.$": "$.nope"}}),
        json!({"OutputPath": "$.nope"}),
        json!({"Assign": {"x.$": "$.nope"}}),
    ];
    for (state, takes, expect) in [
        (&pass(&json!({})), [false, true, true], "3<2 ExecutionFailed"),
        (&wait, [false, true, true], "3<2 ExecutionFailed"),
        (&succeed, [false, true, false], "3<2 ExecutionFailed"),
        (&task, [true, true, true], "6<5 ExecutionFailed"),
        // The event before it, which says that the branches are done, is passed over by an exit only.
        (&parallel, [true, true, true], "7<6 ExecutionFailed"),
        (&map, [true, true, true], "9<8 ExecutionFailed"),
    ] {
        for filter in filters.iter().zip(takes).filter_map(|(filter, takes)| takes.then_some(filter)) {
            let mut state = state.clone();
            state.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            let mut drive = Drive::new(&json!({"StartAt": "S", "States": {"S": state}}), r#"{"l": [1]}"#);
            drive.start();
            if !drive.tasks.is_empty() {
                drive.succeed(0, "{}");
            }
            assert_eq!(drive.history().last().unwrap(), expect, "{state}");
            assert_eq!(drive.ending().failure.error.as_deref(), Some("States.Runtime"), "{state}");
        }
    }
    // What a Catch may take goes on from there as well.
    let mut state = parallel;
    let more = json!({"ResultPath": "$.l.x", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let definition = json!({"StartAt": "S", "States": {"S": state, "D": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, r#"{"l": [1]}"#);
    drive.start();
    assert_eq!(
        drive.history()[5..8],
        ["6<5 ParallelStateSucceeded", "7<6 ParallelStateFailed", "8<7 ParallelStateExited"]
    );
}

#[test]
fn the_executions_of_a_machine_on_its_way_out_end_at_their_next_transition() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Wait", "Seconds": 5, "Next": "B"}, "B": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.is_deleting = true;
    assert!(drive.fire());
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 WaitStateEntered",
        "3<2 WaitStateExited",
        "4<0 ExecutionAborted",
    ]);
    assert_eq!(drive.ending().failure, Failure::default());

    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "End": true,
        "Retry": [{"ErrorEquals": ["States.ALL"]}]});
    let definition = json!({"StartAt": "T", "States": {"T": task}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.is_deleting = true;
    drive.fail(0, "E", "c");
    assert!(drive.fire());
    assert_eq!(drive.history().last().unwrap(), "6<0 ExecutionAborted");

    // The end is no transition.
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.is_deleting = true;
    drive.succeed(0, "1");
    assert_eq!(drive.output(), "1");
}

#[test]
fn a_fail_state_has_an_entered_event_only() {
    let definition = json!({"StartAt": "F", "States": {"F": {"Type": "Fail"}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.expect(&["1<0 ExecutionStarted", "2<0 FailStateEntered", "3<2 ExecutionFailed"]);
    assert_eq!(drive.ending().failure, Failure::default());
}

#[test]
fn a_wait_lasts_until_its_timer() {
    let definition = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    let key = *drive.timers.keys().next().unwrap();
    let stale = TimerKey { stamp: key.stamp + 1, ..key };
    assert_eq!(drive.step(Input::TimerFired(stale)), Outcome::Stale);
    assert!(drive.fire());
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 WaitStateEntered",
        "3<2 WaitStateExited",
        "4<3 ExecutionSucceeded",
    ]);
    assert_eq!(drive.ending().stopped, drive.execution.start().started + Duration::from_secs(5));
    assert_eq!(drive.step(Input::TimerFired(key)), Outcome::Stale);
}

#[test]
fn stopping_names_no_previous_event() {
    let definition = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.step(Input::Stopped(Failure::default()));
    drive.expect(&["1<0 ExecutionStarted", "2<0 WaitStateEntered", "3<0 ExecutionAborted"]);
    assert!(drive.timers.is_empty());
}

#[test]
fn a_machine_that_takes_too_long_times_out_without_error_or_cause() {
    let definition = json!({"TimeoutSeconds": 3, "StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 5, "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.fire();
    drive.expect(&["1<0 ExecutionStarted", "2<0 WaitStateEntered", "3<0 ExecutionTimedOut"]);
    assert_eq!(drive.ending().failure, Failure::default());
    assert_eq!(*drive.last(), EventKind::ExecutionTimedOut(Failure::timeout()));
}

fn task(more: &Value) -> Value {
    let mut task = json!({"Type": "Task", "Resource": ACTIVITY, "Next": "Done"});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "T", "States": {"T": task, "Done": {"Type": "Succeed"}}})
}

#[test]
fn a_worker_takes_and_does_a_task() {
    let mut drive = Drive::new(&task(&json!({"ResultPath": "$.r", "TimeoutSeconds": 9})), r#"{"a":1}"#);
    drive.start();
    let key = drive.tasks[0].task;
    drive.step(Input::TaskStarted { task: key, worker_name: Some("w".into()) });
    assert_eq!(drive.step(Input::TaskStarted { task: key, worker_name: None }), Outcome::Stale);
    drive.succeed(0, "2");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 ActivityScheduled",
        "4<3 ActivityStarted",
        "5<4 ActivitySucceeded",
        "6<5 TaskStateExited",
        "7<6 SucceedStateEntered",
        "8<7 SucceedStateExited",
        "9<8 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), r#"{"a":1,"r":2}"#);
    assert!(drive.timers.is_empty());
}

#[test]
fn a_missing_activity_is_a_runtime_fault() {
    let missing = "arn:aws:states:us-east-1:123456789012:activity:Missing";
    let mut drive = Drive::new(&task(&json!({"Resource": missing})), "{}");
    drive.start();
    drive.expect(&["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 ExecutionFailed"]);
    let cause = drive.ending().failure.cause.clone().unwrap();
    assert!(cause.ends_with(&format!("The activity {missing} does not exist.")), "{cause}");
}

#[test]
fn a_failed_task_is_retried_then_caught() {
    let more = json!({
        "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 3.0}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Done"}]});
    let mut drive = Drive::new(&task(&more), r#"{"a":1}"#);
    drive.start();
    let started = drive.now;
    for seconds in [2, 2 + 6] {
        drive.fail(0, "E", "c");
        assert_eq!(
            drive.timers.values().copied().collect::<Vec<_>>(),
            [started + Duration::from_secs(seconds)]
        );
        drive.fire();
    }
    drive.fail(0, "E", "c");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 ActivityScheduled",
        "4<3 ActivityFailed",
        "5<4 ActivityScheduled",
        "6<5 ActivityFailed",
        "7<6 ActivityScheduled",
        "8<7 ActivityFailed",
        "9<8 TaskStateExited",
        "10<9 SucceedStateEntered",
        "11<10 SucceedStateExited",
        "12<11 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), r#"{"a":1,"error":{"Error":"E","Cause":"c"}}"#);
}

#[test]
fn a_late_result_is_stale() {
    let mut drive = Drive::new(&task(&json!({"TimeoutSeconds": 2})), "{}");
    drive.start();
    let key = drive.tasks[0].task;
    drive.fire();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 ActivityScheduled",
        "4<3 ActivityTimedOut",
        "5<4 ExecutionFailed",
    ]);
    assert_eq!(drive.ending().failure, Failure::timeout());
    assert_eq!(drive.step(Input::TaskSucceeded { task: key, output: Payload::default() }), Outcome::Stale);
}

#[test]
fn heartbeats_move_their_deadline() {
    let mut drive = Drive::new(&task(&json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 5})), "{}");
    drive.start();
    let key = drive.tasks[0].task;
    drive.step(Input::TaskStarted { task: key, worker_name: None });
    drive.advance(Duration::from_secs(4));
    drive.step(Input::TaskHeartbeat { task: key });
    let timer = *drive.timers.keys().find(|k| k.kind == TimerKind::Heartbeat).unwrap();
    drive.advance(Duration::from_secs(2));
    assert_eq!(drive.step(Input::TimerFired(timer)), Outcome::Stale);
    drive.fire();
    assert_eq!(*drive.last(), EventKind::ExecutionFailed(Failure::timeout()));
}

#[test]
fn the_last_event_there_may_be_says_so() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "C"}], "Default": "A"}, "C": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    while drive.fire() {}
    assert_eq!(drive.execution.event_count(), EVENTS_MAX);
    let cause = "The execution reached the maximum number of history events (25000).";
    assert_eq!(drive.ending().failure, Failure::new("States.Runtime", cause));
}

#[test]
fn a_result_over_the_limit_fails_the_state() {
    let text = "x".repeat(PAYLOAD_BYTES_MAX);
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {
        "a.$": "$.t", "b": "more"}, "End": true}}});
    let input = json!({"t": &text[..PAYLOAD_BYTES_MAX - 12]}).to_string();
    let mut drive = Drive::new(&definition, &input);
    drive.start();
    let failure = |name: &str, what: &str| {
        let cause = format!(
            "The state/task '{name}' {what} with a size exceeding the maximum number of bytes service limit."
        );
        Failure::new("States.DataLimitExceeded", cause)
    };
    assert_eq!(drive.ending().failure, failure("P", "returned a result"));

    // What it would give away is too large: an error like any other.
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "End": true});
    let branch = json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}});
    let given = json!({"a.$": "$.t", "b": "more"});
    for (mut state, field) in [
        (task.clone(), "Parameters"),
        (json!({"Type": "Parallel", "Branches": [branch], "End": true}), "Parameters"),
        (
            json!({"Type": "Map", "ItemsPath": "$$.Execution.Input.l", "ItemProcessor": branch, "End": true}),
            "ItemSelector",
        ),
    ] {
        state[field] = given.clone();
        let definition = |state: &Value| {
            json!({"StartAt": "S", "States": {"S": state, "D": {"Type": "Pass",
            "Parameters": {"error.$": "$.e.Error"}, "End": true}}})
        };
        state["Catch"] =
            json!([{"ErrorEquals": ["States.DataLimitExceeded"], "ResultPath": "$.e", "Next": "D"}]);
        let input = json!({"l": [1], "t": &text[..PAYLOAD_BYTES_MAX - 500]}).to_string();
        state[field]["b"] = "x".repeat(500).into();
        let mut drive = Drive::new(&definition(&state), &input);
        drive.start();
        assert_eq!(drive.output(), r#"{"error":"States.DataLimitExceeded"}"#, "{field}");
        state["Catch"] = json!([{"ErrorEquals": ["Other"], "Next": "D"}]);
        let mut drive = Drive::new(&definition(&state), &input);
        drive.start();
        assert_eq!(drive.ending().failure, failure("S", "provided parameters"), "{field}");
    }

    // What it makes of a result is too large: the work was done, and nothing catches it.
    let mut state = task;
    state["ResultPath"] = json!("$.r");
    state["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "Next": "D"}]);
    let definition = json!({"StartAt": "S", "States": {"S": state, "D": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, &input);
    drive.start();
    drive.succeed(0, "\"long enough\"");
    assert_eq!(drive.ending().failure, failure("S", "returned a result"));
    assert_eq!(drive.history().last().unwrap(), "6<5 ExecutionFailed");
}

#[test]
fn variables_are_seen_inside_and_assigned_on_the_way_out() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": 1, "y.$": "$.in"}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "Assign": {"x": 2}, "End": true}}});
    let mut drive = Drive::new(&definition, r#"{"in": "v"}"#);
    drive.start();
    assert_eq!(drive.output(), r#"{"x":1,"y":"v"}"#);
}

/// Recorded: the heartbeats of a callback stop.
#[test]
fn a_callback_that_falls_silent_times_out() {
    let mut drive = Drive::new(
        &task(&json!({
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "HeartbeatSecondsPath": "$.h",
            "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}})),
        r#"{"h": 5}"#,
    );
    drive.start();
    let run = drive.tasks[0].clone();
    assert_eq!(run.input.value()["MessageBody"], *run.token);
    drive.step(Input::TaskSubmitted { task: run.task, output: Payload::default() });
    assert_eq!(
        drive.step(Input::TaskSubmitted { task: run.task, output: Payload::default() }),
        Outcome::Stale
    );
    drive.fire();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 TaskScheduled",
        "4<3 TaskStarted",
        "5<4 TaskSubmitted",
        "6<5 TaskTimedOut",
        "7<6 ExecutionFailed",
    ]);
    assert_eq!(drive.ending().failure, Failure::timeout());
}

#[test]
fn a_job_that_was_not_taken_fails_its_task() {
    let job = json!({"Resource": "arn:aws:states:::states:startExecution.sync", "Parameters": {"StateMachineArn": "m"},
        "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]});
    let mut drive = Drive::new(&task(&job), "{}");
    let busy = || Failure::new("Busy", "c");
    drive.start();
    let first = drive.tasks.remove(0).task;
    drive.step(Input::TaskSubmitFailed { task: first, failure: busy() });
    drive.fire();
    let second = drive.tasks.remove(0).task;
    drive.step(Input::TaskSubmitted { task: second, output: Payload::default() });
    for task in [first, second] {
        assert_eq!(drive.step(Input::TaskSubmitFailed { task, failure: busy() }), Outcome::Stale);
    }
    drive.step(Input::TaskFailed { task: second, failure: busy() });
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 TaskScheduled",
        "4<3 TaskStarted",
        "5<4 TaskSubmitFailed",
        "6<5 TaskScheduled",
        "7<6 TaskStarted",
        "8<7 TaskSubmitted",
        "9<8 TaskFailed",
        "10<9 ExecutionFailed",
    ]);
}
