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
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.NoChoiceMatched"));
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

fn parallel(branches: &Value, more: &Value) -> Value {
    let mut state = json!({"Type": "Parallel", "Branches": branches, "Next": "Done"});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "Par", "States": {"Par": state, "Done": {"Type": "Pass", "End": true}}})
}

fn branch(name: &str, state: &Value) -> Value {
    json!({"StartAt": name, "States": {name: state}})
}

#[test]
fn branches_join_below_the_one_that_ends_last() {
    let wait = json!({"Type": "Wait", "Seconds": 1, "End": true});
    let pass = json!({"Type": "Pass", "Result": 7, "End": true});
    let definition = parallel(&json!([branch("A", &wait), branch("B", &pass)]), &json!({}));
    let mut drive = Drive::new(&definition, "[1]");
    drive.start();
    drive.fire();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 WaitStateEntered",
        "5<3 PassStateEntered",
        "6<5 PassStateExited",
        "7<4 WaitStateExited",
        "8<7 ParallelStateSucceeded",
        "9<7 ParallelStateExited",
        "10<9 PassStateEntered",
        "11<10 PassStateExited",
        "12<11 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), "[[1],7]");
}

#[test]
fn a_failing_task_in_a_branch_gives_the_others_up() {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "End": true});
    let wait = json!({"Type": "Wait", "Seconds": 1, "End": true});
    let catch = json!({"Catch": [{"ErrorEquals": ["Own"], "Next": "Done"}]});
    let definition = parallel(&json!([branch("A", &task), branch("B", &wait)]), &catch);
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.fail(0, "Own", "c");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 TaskStateEntered",
        "5<4 ActivityScheduled",
        "6<3 WaitStateEntered",
        "7<5 ActivityFailed",
        "8<7 TaskStateAborted",
        "9<7 WaitStateAborted",
        "10<7 ParallelStateFailed",
        "11<10 ParallelStateExited",
        "12<11 PassStateEntered",
        "13<12 PassStateExited",
        "14<13 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), r#"{"Error":"Own","Cause":"c"}"#);
    assert!(drive.timers.is_empty());
}

#[test]
fn a_retried_parallel_starts_all_branches_again_below_the_failure() {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "End": true});
    let retry = json!({"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]});
    let definition = parallel(&json!([branch("A", &task)]), &retry);
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.fail(0, "E", "c");
    drive.fire();
    drive.succeed(0, "1");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 TaskStateEntered",
        "5<4 ActivityScheduled",
        "6<5 ActivityFailed",
        "7<6 TaskStateAborted",
        "8<6 ParallelStateStarted",
        "9<8 TaskStateEntered",
        "10<9 ActivityScheduled",
        "11<10 ActivitySucceeded",
        "12<11 TaskStateExited",
        "13<12 ParallelStateSucceeded",
        "14<12 ParallelStateExited",
        "15<14 PassStateEntered",
        "16<15 PassStateExited",
        "17<16 ExecutionSucceeded",
    ]);
}

#[test]
fn a_fail_state_in_a_branch_shows_nothing_aborted_of_its_own() {
    let fail = json!({"Type": "Fail", "Error": "Own"});
    let definition = parallel(&json!([branch("A", &fail)]), &json!({}));
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 FailStateEntered",
        "5<4 ParallelStateFailed",
        "6<5 ExecutionFailed",
    ]);
    assert_eq!(drive.ending().failure, failure("Own"));
}

fn map(processor: &Value, more: &Value) -> Value {
    let mut state = json!({"Type": "Map", "ItemProcessor": branch("I", processor), "End": true});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "M", "States": {"M": state}})
}

#[test]
fn iterations_begin_together_and_join_in_item_order() {
    let pass = json!({"Type": "Pass", "End": true});
    let selector = json!({"ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}});
    let mut drive = Drive::new(&map(&pass, &selector), "[\"a\",\"b\"]");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapIterationStarted",
        "5<3 MapIterationStarted",
        "6<4 PassStateEntered",
        "7<6 PassStateExited",
        "8<7 MapIterationSucceeded",
        "9<5 PassStateEntered",
        "10<9 PassStateExited",
        "11<10 MapIterationSucceeded",
        "12<11 MapStateSucceeded",
        "13<11 MapStateExited",
        "14<13 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), r#"[{"i":0,"v":"a"},{"i":1,"v":"b"}]"#);
}

#[test]
fn one_at_a_time_hangs_each_iteration_below_the_one_before() {
    let pass = json!({"Type": "Pass", "End": true});
    let mut drive = Drive::new(&map(&pass, &json!({"MaxConcurrency": 1})), "[1,2]");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapIterationStarted",
        "5<4 PassStateEntered",
        "6<5 PassStateExited",
        "7<6 MapIterationSucceeded",
        "8<6 MapIterationStarted",
        "9<8 PassStateEntered",
        "10<9 PassStateExited",
        "11<10 MapIterationSucceeded",
        "12<11 MapStateSucceeded",
        "13<11 MapStateExited",
        "14<13 ExecutionSucceeded",
    ]);
}

#[test]
fn an_empty_map_has_no_iterations() {
    let mut drive = Drive::new(&map(&json!({"Type": "Pass", "End": true}), &json!({})), "[]");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapStateSucceeded",
        "5<3 MapStateExited",
        "6<5 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), "[]");
}

#[test]
fn a_failing_iteration_aborts_the_others_in_order() {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 9, "End": true});
    let mut drive = Drive::new(&map(&task, &json!({})), "[1,2]");
    drive.start();
    drive.fail(1, "E", "c");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapIterationStarted",
        "5<3 MapIterationStarted",
        "6<4 TaskStateEntered",
        "7<6 ActivityScheduled",
        "8<5 TaskStateEntered",
        "9<8 ActivityScheduled",
        "10<9 ActivityFailed",
        "11<10 MapIterationAborted",
        "12<10 TaskStateAborted",
        "13<10 MapIterationFailed",
        "14<10 TaskStateAborted",
        "15<10 MapStateFailed",
        "16<15 ExecutionFailed",
    ]);
}

/// Recorded: four functions called by the iterations of a Map take too long at the same time.
#[test]
fn attempts_that_time_out_together_say_so_before_one_of_them_fails_the_map() {
    let lambda = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let task = json!({"Type": "Task", "Resource": lambda, "TimeoutSeconds": 1, "End": true});
    let mut drive = Drive::new(&map(&task, &json!({})), "[1,2,3,4]");
    drive.start();
    assert_eq!(drive.execution.event_count(), 19);
    drive.fire();
    assert_eq!(
        drive.history()[19..],
        [
            "20<10 LambdaFunctionTimedOut",
            "21<13 LambdaFunctionTimedOut",
            "22<16 LambdaFunctionTimedOut",
            "23<19 LambdaFunctionTimedOut",
            "24<20 MapIterationFailed",
            "25<20 TaskStateAborted",
            "26<20 MapIterationAborted",
            "27<20 TaskStateAborted",
            "28<20 MapIterationAborted",
            "29<20 TaskStateAborted",
            "30<20 MapIterationAborted",
            "31<20 TaskStateAborted",
            "32<20 MapStateFailed",
            "33<32 ExecutionFailed",
        ]
    );
    assert_eq!(drive.ending().failure, Failure::timeout());
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
    let mut drive = Drive::new(&definition, &json!({"t": &text[..PAYLOAD_BYTES_MAX - 12]}).to_string());
    drive.start();
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.DataLimitExceeded"));
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

/// Recorded.
#[test]
fn a_retried_map_starts_again_below_what_failed() {
    let fail = json!({"Type": "Fail", "Error": "E", "Cause": "c"});
    let retry = json!({"MaxConcurrency": 1, "Retry": [
        {"ErrorEquals": ["NoSuchError"], "MaxAttempts": 1}, {"ErrorEquals": ["E"], "MaxAttempts": 2}]});
    let mut drive = Drive::new(&map(&fail, &retry), "[1]");
    drive.start();
    while drive.fire() {}
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapIterationStarted",
        "5<4 FailStateEntered",
        "6<5 MapIterationFailed",
        "7<5 MapStateStarted",
        "8<7 MapIterationStarted",
        "9<8 FailStateEntered",
        "10<9 MapIterationFailed",
        "11<9 MapStateStarted",
        "12<11 MapIterationStarted",
        "13<12 FailStateEntered",
        "14<13 MapIterationFailed",
        "15<13 MapStateFailed",
        "16<15 ExecutionFailed",
    ]);
    assert_eq!(drive.ending().failure, Failure::new("E", "c"));
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
    let job = json!({"Resource": "arn:aws:states:::states:startExecution.sync",
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

#[test]
fn a_failure_deep_inside_closes_every_storey_on_its_way_out() {
    let fail = json!({"Type": "Fail", "Error": "E"});
    let wait = json!({"Type": "Wait", "Seconds": 9, "End": true});
    let inner = json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "F", "States": {"F": fail}}});
    let outer = parallel(&json!([branch("W", &wait), branch("M", &inner)]), &json!({}));
    let mut drive = Drive::new(&outer, "[1]");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 WaitStateEntered",
        "5<3 MapStateEntered",
        "6<5 MapStateStarted",
        "7<6 MapIterationStarted",
        "8<7 FailStateEntered",
        "9<8 MapIterationFailed",
        "10<8 MapStateFailed",
        "11<10 WaitStateAborted",
        "12<10 ParallelStateFailed",
        "13<12 ExecutionFailed",
    ]);
    assert!(drive.timers.is_empty());
}
