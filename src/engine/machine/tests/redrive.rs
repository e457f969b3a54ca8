//! A redrive goes on where the execution stopped, and does nothing twice that was done.

use serde_json::json;

use super::*;

fn task() -> Value {
    json!({"Type": "Task", "Resource": ACTIVITY, "End": true})
}

fn branch(name: &str, state: &Value) -> Value {
    json!({"StartAt": name, "States": {name: state}})
}

fn machine(name: &str, state: &Value) -> Value {
    json!({"StartAt": name, "States": {name: state}})
}

fn redriven(drive: &mut Drive) -> Vec<String> {
    let before = drive.history().len();
    assert_eq!(drive.step(Input::Redriven), Outcome::Advanced);
    drive.history().split_off(before)
}

#[test]
fn a_task_that_failed_is_scheduled_again_with_its_retries_uncounted() {
    let mut state = task();
    state["Retry"] = json!([{"ErrorEquals": ["E"], "MaxAttempts": 1}]);
    let mut drive = Drive::new(&machine("T", &state), "{}");
    drive.start();
    drive.fail(0, "E", "c");
    drive.fire();
    drive.fail(0, "E", "c");
    assert!(drive.ending().failure.error.is_some());
    assert_eq!(redriven(&mut drive), ["8<7 ExecutionRedriven", "9<6 ActivityScheduled"]);
    drive.fail(0, "E", "c");
    drive.fire();
    drive.succeed(0, "1");
    assert_eq!(drive.output(), "1");
}

#[test]
fn what_goes_on_or_ended_well_is_not_redriven() {
    let mut drive = Drive::new(&machine("T", &task()), "{}");
    drive.start();
    assert_eq!(drive.step(Input::Redriven), Outcome::Stale);
    drive.succeed(0, "1");
    assert_eq!(drive.step(Input::Redriven), Outcome::Stale);
}

#[test]
fn only_the_branches_that_failed_or_were_given_up_go_on() {
    let branches = [branch("A", &task()), branch("B", &task()), branch("C", &task())];
    let state = json!({"Type": "Parallel", "Branches": branches, "End": true});
    let mut drive = Drive::new(&machine("P", &state), "{}");
    drive.start();
    drive.succeed(0, "\"a\"");
    drive.fail(0, "E", "c");
    assert!(drive.tasks.is_empty());
    let history = redriven(&mut drive);
    assert!(history[1].ends_with("ActivityScheduled") && history[2].ends_with("ActivityScheduled"));
    assert_eq!(drive.tasks.len(), 2, "{history:?}");
    drive.succeed(1, "\"c\"");
    drive.succeed(0, "\"b\"");
    assert_eq!(drive.output(), r#"["a","b","c"]"#);
}

#[test]
fn branches_whose_turn_had_not_come_begin() {
    let fails = json!({"StartAt": "F", "States": {"F": {"Type": "Choice",
        "Choices": [{"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "Ok"}], "Default": "No"},
        "No": {"Type": "Fail", "Error": "E"}, "Ok": {"Type": "Pass", "End": true}}});
    let steps = json!({"StartAt": "One", "States": {"One": {"Type": "Pass", "Result": 1, "Next": "Two"},
        "Two": {"Type": "Pass", "Next": "Three"}, "Three": {"Type": "Pass", "End": true}}});
    let state = json!({"Type": "Parallel", "Branches": [fails, steps], "End": true});
    let mut drive = Drive::new(&machine("P", &state), "{}");
    drive.start();
    // The first branch went first: the other had entered one state, and knew of the next.
    assert!(drive.ending().failure.error.is_some());
    let history = redriven(&mut drive);
    let entered = history.iter().filter(|event| event.ends_with("PassStateEntered")).count();
    // `No` is entered again and fails again: what had not come to its turn is given up again.
    assert_eq!((entered, drive.ending().failure.error.as_deref()), (0, Some("E")), "{history:?}");
}

#[test]
fn a_branch_goes_on_between_two_states() {
    let waits =
        json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "Next": "T"}, "T": task()}});
    let steps = json!({"StartAt": "One", "States": {"One": {"Type": "Pass", "Result": 1, "Next": "Two"},
        "Two": {"Type": "Pass", "End": true}}});
    let bad =
        json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$.missing", "End": true}}});
    let state = json!({"Type": "Parallel", "Branches": [waits, steps, bad], "End": true});
    let mut drive = Drive::new(&machine("P", &state), "{}");
    drive.start();
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.Runtime"));
    let before: Vec<String> = drive.history();
    assert_eq!(before.iter().filter(|event| event.ends_with("PassStateEntered")).count(), 2);
    // The bad state is decided anew and ends the execution again, before the others get on.
    redriven(&mut drive);
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.Runtime"));
    assert_eq!(drive.fold(), drive.execution);
}

#[test]
fn iterations_that_are_done_stay_done_and_the_rest_begin_in_their_turn() {
    let state =
        json!({"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": branch("T", &task()), "End": true});
    let mut drive = Drive::new(&machine("M", &state), "[1, 2, 3, 4]");
    drive.start();
    drive.succeed(0, "\"one\"");
    drive.fail(0, "E", "c");
    redriven(&mut drive);
    assert_eq!(drive.tasks.len(), 2);
    drive.succeed(0, "\"two\"");
    drive.succeed(0, "\"three\"");
    drive.succeed(0, "\"four\"");
    assert_eq!(drive.output(), r#"["one","two","three","four"]"#);
}

#[test]
fn nested_branches_go_on_at_their_depth() {
    let inner = json!({"Type": "Map", "ItemProcessor": branch("T", &task()), "End": true});
    let state =
        json!({"Type": "Parallel", "Branches": [branch("M", &inner), branch("S", &task())], "End": true});
    let mut drive = Drive::new(&machine("P", &state), "[1, 2]");
    drive.start();
    assert_eq!(drive.tasks.len(), 3);
    let one = drive.tasks.iter().position(|run| run.input.text() == "1").unwrap();
    drive.succeed(one, "\"one\"");
    let two = drive.tasks.iter().position(|run| run.input.text() == "2").unwrap();
    drive.fail(two, "E", "c");
    redriven(&mut drive);
    assert_eq!(drive.tasks.len(), 2);
    let two = drive.tasks.iter().position(|run| run.input.text() == "2").unwrap();
    drive.succeed(two, "\"two\"");
    drive.succeed(0, "\"s\"");
    assert_eq!(drive.output(), r#"[["one","two"],"s"]"#);
}

#[test]
fn a_limit_on_data_makes_the_whole_state_begin_again() {
    let state =
        json!({"Type": "Parallel", "Branches": [branch("A", &task()), branch("B", &task())], "End": true});
    let mut drive = Drive::new(&machine("P", &state), "{}");
    drive.start();
    let large = json!("x".repeat(PAYLOAD_BYTES_MAX - 10)).to_string();
    drive.succeed(0, &large);
    drive.succeed(0, &large);
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.DataLimitExceeded"));
    redriven(&mut drive);
    assert_eq!(drive.tasks.len(), 2);
}

#[test]
fn a_result_that_could_not_be_placed_is_joined_again_without_its_branches() {
    let state = json!({"Type": "Parallel", "Branches": [branch("A", &task())],
        "ResultSelector": {"x.$": "States.StringToJson($[0])"}, "End": true});
    let mut drive = Drive::new(&machine("P", &state), "{}");
    drive.start();
    drive.succeed(0, "\"{\"");
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.IntrinsicFailure"));
    redriven(&mut drive);
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.IntrinsicFailure"));
    assert!(drive.tasks.is_empty());
}

#[test]
fn stopped_and_timed_out_executions_go_on_with_their_time_anew() {
    let mut definition = machine("W", &json!({"Type": "Wait", "Seconds": 100, "End": true}));
    definition["TimeoutSeconds"] = json!(10);
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    let first = *drive.timers.keys().find(|key| key.kind == TimerKind::Execution).unwrap();
    drive.step(Input::Stopped(failure("Why")));
    drive.advance(Duration::from_secs(50));
    assert_eq!(redriven(&mut drive), ["4<3 ExecutionRedriven"]);
    assert_eq!(drive.step(Input::TimerFired(first)), Outcome::Stale);
    assert_eq!(drive.timers.values().min(), Some(&(drive.now + Duration::from_secs(10))));
    assert_eq!(super::laws::armed(&drive), drive.timers);
    drive.fire();
    assert_eq!(drive.ending().status, crate::engine::execution::ExecutionStatus::TimedOut);
    assert_eq!(redriven(&mut drive), ["6<5 ExecutionRedriven"]);
}

#[test]
fn a_fail_state_is_entered_again_and_fails_again() {
    let mut drive = Drive::new(&machine("F", &json!({"Type": "Fail", "Error": "E"})), "{}");
    drive.start();
    assert_eq!(
        redriven(&mut drive),
        ["4<3 ExecutionRedriven", "5<2 FailStateEntered", "6<5 ExecutionFailed"]
    );
}

#[test]
fn the_context_tells_of_the_redrive() {
    let state = json!({"Type": "Task", "Resource": ACTIVITY, "End": true,
        "Parameters": {"n.$": "$$.Execution.RedriveCount", "all.$": "$$.Execution"}});
    let mut drive = Drive::new(&machine("T", &state), "{}");
    drive.start();
    let first = drive.tasks[0].input.value().clone();
    assert_eq!((&first["n"], first["all"].get("RedriveTime")), (&json!(0), None));
    drive.fail(0, "E", "c");
    redriven(&mut drive);
    let second = drive.tasks[0].input.value();
    assert_eq!(second["n"], 1);
    assert_eq!(second["all"]["RedriveTime"], "2023-11-14T22:13:20.000Z");
}
