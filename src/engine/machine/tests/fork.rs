//! Forks begin where another execution was, and Waits end when they are told to.

use serde_json::json;

use super::*;
use crate::engine::execution::Fork;

/// The fork of an execution before the last event by which it entered `state`.
fn fork_of(drive: &Drive, state: &str, input: Option<&str>) -> Fork {
    let is_entered = |entry: &Entry| {
        let kind = entry.event.as_ref().map(|event| &event.kind);
        matches!(kind, Some(EventKind::StateEntered { name, .. }) if **name == *state)
    };
    let at = drive.journal.iter().rposition(is_entered).expect("the state was entered");
    fork_at(drive, at, input.map(|text| Payload::from_text(text).unwrap())).expect("it can be forked")
}

/// The fork before the entry at this place of the journal.
pub(super) fn fork_at(drive: &Drive, at: usize, input: Option<Payload>) -> Option<Fork> {
    let mut execution = Execution::new(drive.execution.start().clone());
    drive.journal[..at].iter().for_each(|entry| execution.apply(&drive.program, entry));
    let mut fork = Fork::before(&execution, &drive.journal[at], input)?;
    drive.journal[at + 1..].iter().any(|entry| fork.is_whole() || fork.look_at(entry));
    fork.is_whole().then_some(fork)
}

fn forked(definition: &Value, old: &Drive, fork: Fork) -> Drive {
    let mut drive = Drive::new(definition, old.execution.start().input.text());
    assert_eq!(drive.step(Input::Forked(Box::new(fork))), Outcome::Advanced);
    drive
}

fn task(more: &Value) -> Value {
    let mut task = json!({"Type": "Task", "Resource": ACTIVITY, "End": true});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

#[test]
fn a_fork_has_the_input_and_the_variables_of_then() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "Result": {"a": 1}, "ResultPath": "$.made", "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"w": 2}, "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"v.$": "$v", "made.$": "$.made", "own.$": "$$.Execution.Input"},
              "Assign": {"v": 9}, "End": true}}});
    let mut old = Drive::new(&definition, r#"{"x":1}"#);
    old.start();
    let new = forked(&definition, &old, fork_of(&old, "C", None));
    new.expect(&[
        "1<0 ExecutionStarted",
        "2<0 PassStateEntered",
        "3<2 PassStateExited",
        "4<3 ExecutionSucceeded",
    ]);
    assert_eq!(new.output(), old.output());
    let new = forked(&definition, &old, fork_of(&old, "C", Some(r#"{"made":{"a":7}}"#)));
    assert_eq!(new.output(), r#"{"v":1,"made":{"a":7},"own":{"x":1}}"#);
}

#[test]
fn a_fork_inside_a_parallel_keeps_what_was_done_and_goes_on_with_what_was_not() {
    let branch = |name: &str, then: &str| {
        json!({"StartAt": name, "States": {name: task(&json!({"End": false, "Next": then})),
            then: {"Type": "Pass", "End": true}}})
    };
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Next": "D", "Branches": [branch("A", "A2"), branch("B", "B2"), branch("C", "C2")]},
        "D": {"Type": "Succeed"}}});
    let mut old = Drive::new(&definition, "[0]");
    old.start();
    old.succeed(0, "\"a\"");
    old.succeed(0, "\"b\"");
    // The third never ends; the second is forked where it was done with its task.
    let mut new = forked(&definition, &old, fork_of(&old, "B2", Some("\"other\"")));
    new.expect(&[
        "1<0 ExecutionStarted",
        "2<0 ParallelStateEntered",
        "3<2 ParallelStateStarted",
        "4<3 PassStateEntered",
        "5<4 PassStateExited",
        "6<3 TaskStateEntered",
        "7<6 ActivityScheduled",
    ]);
    assert_eq!(new.tasks.len(), 1);
    assert_eq!(new.tasks[0].input.text(), "[0]");
    new.succeed(0, "\"c\"");
    assert_eq!(new.output(), r#"["a","other","c"]"#);
}

#[test]
fn a_fork_inside_a_map_is_of_one_iteration_and_the_map_goes_on() {
    let processor = json!({"StartAt": "T", "States": {"T": task(&json!({"End": false, "Next": "I"})),
        "I": {"Type": "Pass", "Parameters": {"index.$": "$$.Map.Item.Index", "r.$": "$"}, "End": true}}});
    let definition = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": processor, "End": true}}});
    let mut old = Drive::new(&definition, "[10,11,12,13]");
    old.start();
    old.succeed(0, "\"done\"");
    old.succeed(0, "\"wrong\"");
    let mut new = forked(&definition, &old, fork_of(&old, "I", Some("\"right\"")));
    assert_eq!(
        new.history()[1..6],
        [
            "2<0 MapStateEntered",
            "3<2 MapStateStarted",
            "4<3 MapIterationStarted",
            "5<3 MapIterationStarted",
            "6<4 PassStateEntered",
        ]
    );
    let inputs: Vec<&str> = new.tasks.iter().map(|run| run.input.text()).collect();
    assert_eq!(inputs, ["12", "13"]);
    new.succeed(0, "2");
    new.succeed(0, "3");
    let expect = json!([{"index": 0, "r": "done"}, {"index": 1, "r": "right"}, {"index": 2, "r": 2},
        {"index": 3, "r": 3}]);
    assert_eq!(serde_json::from_str::<Value>(new.output()).unwrap(), expect);
}

#[test]
fn an_execution_is_not_forked_into_twice() {
    let definition = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": true}}});
    let mut old = Drive::new(&definition, "{}");
    old.start();
    let fork = fork_of(&old, "W", None);
    assert_eq!(old.step(Input::Forked(Box::new(fork))), Outcome::Stale);
}

#[test]
fn skipped_waits_are_over_at_once() {
    let wait =
        |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Wait", "Seconds": 60, "End": true}}});
    let definition = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [wait("A"), wait("B"), wait("C")], "Next": "T"},
        "T": task(&json!({"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}]}))}});
    let mut drive = Drive::new(&definition, "[]");
    drive.start();
    assert_eq!(drive.step(Input::WaitsSkipped(Some("T".into()))), Outcome::Stale);
    assert_eq!(drive.step(Input::WaitsSkipped(Some("B".into()))), Outcome::Advanced);
    assert_eq!(drive.history().last().unwrap(), "7<5 WaitStateExited");
    assert_eq!(drive.timers.len(), 2);
    assert_eq!(drive.step(Input::WaitsSkipped(None)), Outcome::Advanced);
    assert!(drive.timers.is_empty());
    assert_eq!(drive.tasks.len(), 1);
    // What waits for its next attempt is no Wait.
    drive.fail(0, "E", "c");
    assert_eq!(drive.timers.len(), 1);
    assert_eq!(drive.step(Input::WaitsSkipped(None)), Outcome::Stale);
}

#[test]
fn a_skipped_wait_whose_branch_fails_takes_the_others_with_it() {
    let branch = |name: &str, then: Value| {
        let next = format!("{name}2");
        json!({"StartAt": name, "States": {name: {"Type": "Wait", "Seconds": 60, "Next": &next}, &next: then}})
    };
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        branch("A", json!({"Type": "Fail", "Error": "E"})), branch("B", json!({"Type": "Succeed"}))]}}});
    let mut drive = Drive::new(&definition, "[]");
    drive.start();
    assert_eq!(drive.step(Input::WaitsSkipped(None)), Outcome::Advanced);
    assert_eq!(drive.ending().failure.error.as_deref(), Some("E"));
}

#[test]
fn a_history_may_be_allowed_to_go_on() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "C"}], "Default": "A"}, "C": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.limits = Limits::standard(EVENTS_MAX + 5_000);
    drive.keep_journal = false;
    drive.start();
    while drive.fire() {}
    assert_eq!(drive.execution.event_count(), EVENTS_MAX + 5_000);
    let cause = "The execution reached the maximum number of history events (30000).";
    assert_eq!(drive.ending().failure, Failure::new("States.Runtime", cause));
}
