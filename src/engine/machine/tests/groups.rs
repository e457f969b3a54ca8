//! Histories of Parallel and Map as Step Functions records them.

use serde_json::json;

use super::*;

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
