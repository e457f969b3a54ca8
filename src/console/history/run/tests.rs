//! Histories as AWS writes them, and some that nobody would.

use serde_json::{Value, json};

use super::*;

/// Events, each with its type, the one before it, and its details.
fn run(events: &[(&str, u64, Value)]) -> Run {
    let events = events.iter().enumerate().map(|(at, (kind, previous, details))| {
        let at = at as u64 + 1;
        let event = json!({
            "id": at, "previousEventId": previous, "type": kind, "timestamp": 1_700_000_000 + at,
            "someEventDetails": details});
        Event::read(&event).unwrap()
    });
    Run::of(&events.collect::<Vec<_>>())
}

fn shown(run: &Run) -> Vec<(&str, &str, Option<usize>)> {
    run.visits.iter().map(|visit| (&*visit.state, visit.status.word(), visit.parent)).collect()
}

fn named(name: &str) -> Value {
    json!({ "name": name })
}

fn failed() -> Value {
    json!({"error": "E", "cause": "c", "resource": "r", "resourceType": "t"})
}

#[test]
fn a_task_has_attempts_and_its_error_may_be_caught() {
    let run = run(&[
        ("ExecutionStarted", 0, json!({})),
        ("TaskStateEntered", 1, named("T")),
        ("TaskScheduled", 2, json!({"resourceType": "sqs", "resource": "sendMessage"})),
        ("TaskStarted", 3, json!({})),
        ("TaskFailed", 4, failed()),
        ("TaskScheduled", 5, json!({})),
        ("TaskTimedOut", 6, failed()),
        ("TaskStateExited", 7, named("T")),
        ("PassStateEntered", 8, named("P")),
        ("PassStateExited", 9, named("P")),
        ("ExecutionSucceeded", 10, json!({})),
    ]);
    assert_eq!(shown(&run), [("T", "caught", None), ("P", "succeeded", None)]);
    let attempts = &run.visits[0].attempts;
    assert_eq!((attempts.len(), run.visits[0].retries()), (2, 1));
    assert_eq!(attempts[0].failure.as_ref().map(|it| (&*it.error, &*it.cause)), Some(("E", "c")));
    assert_eq!(run.taken, [(0, 1)]);
    assert_eq!((run.visit_of[5], run.visit_of[9], run.visit_of[11]), (Some(0), Some(1), None));
}

#[test]
fn a_retry_that_succeeds_leaves_no_error() {
    let run = run(&[
        ("ExecutionStarted", 0, json!({})),
        ("TaskStateEntered", 1, named("T")),
        ("LambdaFunctionScheduled", 2, json!({"resource": "f"})),
        ("LambdaFunctionFailed", 3, failed()),
        ("LambdaFunctionScheduled", 4, json!({"resource": "f"})),
        ("LambdaFunctionStarted", 5, json!({})),
    ]);
    assert_eq!(shown(&run), [("T", "running", None)]);
    assert_eq!(run.visits[0].until(), None);
}

#[test]
fn branches_and_iterations_lie_within_and_fail_with_what_is_around() {
    let run = run(&[
        ("ExecutionStarted", 0, json!({})),
        ("ParallelStateEntered", 1, named("P")),
        ("ParallelStateStarted", 2, json!({})),
        ("MapStateEntered", 3, named("M")),
        ("MapStateStarted", 4, json!({"length": 2})),
        ("MapIterationStarted", 5, json!({"name": "M", "index": 0})),
        ("PassStateEntered", 6, named("I")),
        ("PassStateExited", 7, named("I")),
        ("MapIterationSucceeded", 8, json!({"name": "M", "index": 0})),
        ("MapIterationStarted", 5, json!({"name": "M", "index": 1})),
        ("PassStateEntered", 10, named("I")),
        ("TaskStateEntered", 3, named("T")),
        ("TaskScheduled", 12, json!({})),
        ("TaskFailed", 13, failed()),
        ("ParallelStateFailed", 14, json!({})),
        ("ExecutionFailed", 15, failed()),
    ]);
    assert_eq!(
        shown(&run),
        [
            ("P", "failed", None),
            ("M", "aborted", Some(0)),
            ("I", "succeeded", Some(1)),
            ("I", "aborted", Some(1)),
            ("T", "failed", Some(0)),
        ]
    );
    assert_eq!(run.visits[1].items, Some((2, 1)));
    assert_eq!((run.visits[2].iteration, run.visits[3].iteration), (Some(0), Some(1)));
}

#[test]
fn executions_end_what_is_open_in_them() {
    for (ending, status) in
        [("ExecutionAborted", "aborted"), ("ExecutionTimedOut", "timed-out"), ("ExecutionFailed", "aborted")]
    {
        let run = run(&[
            ("ExecutionStarted", 0, json!({})),
            ("WaitStateEntered", 1, named("W")),
            (ending, 2, json!({})),
        ]);
        assert_eq!(shown(&run), [("W", status, None)], "{ending}");
    }
    let run = run(&[
        ("ExecutionStarted", 0, json!({})),
        ("FailStateEntered", 1, named("F")),
        ("ExecutionFailed", 2, failed()),
    ]);
    assert_eq!(shown(&run), [("F", "failed", None)]);
}

#[test]
fn a_redrive_goes_on_where_it_failed() {
    let run = run(&[
        ("ExecutionStarted", 0, json!({})),
        ("TaskStateEntered", 1, named("T")),
        ("TaskScheduled", 2, json!({})),
        ("TaskFailed", 3, failed()),
        ("ExecutionFailed", 4, failed()),
        ("ExecutionRedriven", 5, json!({"redriveCount": 1})),
        ("TaskScheduled", 6, json!({})),
        ("TaskSucceeded", 7, json!({})),
        ("TaskStateExited", 8, named("T")),
        ("ExecutionSucceeded", 9, json!({})),
    ]);
    assert_eq!(shown(&run), [("T", "succeeded", None)]);
    assert_eq!(run.visits[0].attempts.len(), 2);
}

#[test]
fn histories_that_make_no_sense_are_folded_as_far_as_they_do() {
    let run = run(&[
        ("PassStateExited", 77, named("Nobody")),
        ("MapIterationStarted", 1, json!({"index": 3})),
        ("TaskFailed", 9_999_999, failed()),
        ("PassStateEntered", 3, named("P")),
        ("Nonsense", 4, json!({})),
    ]);
    assert_eq!(shown(&run), [("P", "running", None)]);
    assert!(Event::read(&json!({"id": "x"})).is_none() && Event::read(&json!(null)).is_none());
}
