//! What holds for every machine and every order of inputs.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::engine::execution::ExecutionStatus;

/// A small machine: a chain of states, some of them with branches.
fn machine() -> impl Strategy<Value = Value> {
    proptest::collection::vec((0..10u8, 1..4u64), 1..6).prop_map(|states| {
        let last = states.len() - 1;
        let mut all = serde_json::Map::new();
        for (i, (kind, n)) in states.into_iter().enumerate() {
            let mut state = state(kind, n, i);
            let open = !matches!(kind, 5 | 6);
            if open {
                let next =
                    if i == last { ("End", json!(true)) } else { ("Next", json!(format!("S{}", i + 1))) };
                let state = state.as_object_mut().unwrap();
                state.insert(next.0.to_owned(), next.1);
                if i != last && matches!(kind, 2 | 3 | 7..=9) {
                    // Each second one can't place what it catches.
                    let path = if n % 2 == 0 { "$" } else { "$.items.error" };
                    let next = format!("S{}", i + 1);
                    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": next, "ResultPath": path}]);
                    state.insert("Catch".to_owned(), catch);
                }
            }
            all.insert(format!("S{i}"), state);
            if !open {
                break;
            }
        }
        json!({"StartAt": "S0", "States": all, "TimeoutSeconds": 1000})
    })
}

fn state(kind: u8, n: u64, i: usize) -> Value {
    let task = json!({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 3 * n, "HeartbeatSeconds": n, "End": true});
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": n - 1, "JitterStrategy": "FULL"}]);
    let inner = |name: String, state: Value| json!({"StartAt": &name, "States": {&name: state}});
    match kind {
        0 => json!({"Type": "Pass", "Result": [n, n + 1]}),
        1 => json!({"Type": "Wait", "Seconds": n}),
        2 => json!({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": n, "Retry": retry}),
        3 => json!({"Type": "Parallel", "Retry": retry, "Branches": [
            inner(format!("T{i}"), task), inner(format!("W{i}"), json!({"Type": "Wait", "Seconds": n, "End": true}))]}),
        4 => json!({"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id"}, "Assign": {"v": n}}),
        5 => json!({"Type": "Fail", "Error": "E"}),
        6 => json!({"Type": "Succeed"}),
        8 => {
            json!({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "TimeoutSeconds": 3 * n,
            "Parameters": {"StateMachineArn": "m"}, "Retry": retry})
        }
        9 => {
            let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": format!("D{i}"), "States": {format!("D{i}"): {"Type": "Pass", "End": true}}});
            json!({"Type": "Map", "MaxConcurrency": n - 1, "ItemsPath": "$$.Execution.Input.items", "Retry": retry,
                   "ToleratedFailureCount": n - 1, "ItemProcessor": processor})
        }
        _ => {
            json!({"Type": "Parallel", "Branches": [inner(format!("M{i}"), json!({"Type": "Map", "MaxConcurrency": n - 1,
            "ItemsPath": "$$.Execution.Input.items", "ItemProcessor": inner(format!("I{i}"), task), "End": true}))]})
        }
    }
}

const REDRIVES_MAX: u32 = 3;

/// Drives a machine to its end by choices; what they leave open its own timeout ends.
fn drive(definition: &Value, choices: &[u8], step_entries_max: usize) -> Drive {
    let mut drive = Drive::new(definition, r#"{"items": [1, 2, 3]}"#);
    drive.limits.step_entries_max = step_entries_max;
    drive.start();
    go_on(&mut drive, choices);
    drive
}

fn go_on(drive: &mut Drive, choices: &[u8]) {
    for choice in choices {
        if drive.execution.ending().is_some() {
            // What ended otherwise than well goes on where it stopped.
            if REDRIVES_MAX <= drive.execution.redrive_count()
                || drive.step(Input::Redriven) == Outcome::Stale
            {
                break;
            }
            // When one that gave way goes on, which is at once, differs.
            assert!(armed(drive).keys().eq(drive.timers.keys()));
            continue;
        }
        let index = usize::from(choice >> 3);
        let n_tasks = drive.tasks.len();
        match (choice & 7, n_tasks) {
            (0 | 1, 1..) => drive.succeed(index % n_tasks, "{\"r\": 1}"),
            (2, 1..) => drive.fail(index % n_tasks, "E", "c"),
            (3, 1..) => {
                let task = drive.tasks[index % n_tasks].task;
                drive.step(Input::TaskStarted { task, worker_name: None });
            }
            (4, 1..) => {
                let task = drive.tasks[index % n_tasks].task;
                drive.step(Input::TaskHeartbeat { task });
            }
            (5, 1..) => {
                let task = drive.tasks[index % n_tasks].task;
                drive.step(match index % 3 {
                    0 => Input::TaskSubmitFailed { task, failure: Failure::new("E", "c") },
                    _ => Input::TaskSubmitted { task, output: Payload::default() },
                });
            }
            (6, _) if !drive.children.is_empty() => {
                let child = drive.children.remove(index % drive.children.len());
                let status = match index % 3 {
                    0 => ExecutionStatus::Failed,
                    _ => ExecutionStatus::Succeeded,
                };
                let output = Some(Payload::default());
                let ends = vec![ChildEnd { index: child.index, status, output }];
                drive.step(Input::ChildrenEnded { attempt: child.key.first(), ends });
            }
            _ => {
                drive.fire();
            }
        }
    }
    while drive.fire() {}
}

/// The timers that the state waits for.
pub(super) fn armed(drive: &Drive) -> std::collections::BTreeMap<TimerKey, Timestamp> {
    let pending = pending(&drive.program, &drive.fold()).into_iter();
    pending
        .filter_map(|effect| match effect {
            Effect::ArmTimer { key, at } => Some((key, at)),
            _ => None,
        })
        .collect()
}

/// The state that an entry enters, and its input.
fn entered(entry: &Entry) -> Option<(&Arc<str>, &Payload)> {
    match &entry.event.as_ref()?.kind {
        EventKind::StateEntered { name, input, .. } => Some((name, input)),
        _ => None,
    }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// The harness checks after every step that the state is what its journal tells, and that what is stale
    /// changes nothing.
    #[test]
    fn every_machine_ends_and_its_journal_tells_all(
        definition in machine(), choices in choices(), step_entries_max in 1..30usize,
    ) {
        let drive = drive(&definition, &choices, step_entries_max);
        prop_assert!(drive.execution.ending().is_some());
        prop_assert!(drive.execution.frames.is_empty());
        prop_assert!(drive.timers.is_empty() && drive.tasks.is_empty());

        let events: Vec<_> = drive.journal.iter().filter_map(|e| e.event.as_ref()).collect();
        for (i, event) in events.iter().enumerate() {
            prop_assert_eq!(event.id, i as u64 + 1);
            prop_assert!(event.previous_event_id < event.id);
        }
    }

    #[test]
    fn the_same_inputs_make_the_same_journal(definition in machine(), choices in choices()) {
        let (one, other) = (drive(&definition, &choices, 2_000), drive(&definition, &choices, 2_000));
        prop_assert_eq!(one.journal, other.journal);
    }

    /// Whatever it was about to do: of what ran beside it nothing is lost, and the harness checks the fork's own journal.
    #[test]
    fn every_state_that_was_entered_can_be_forked_and_the_fork_ends(
        definition in machine(), choices in choices(), step_entries_max in 1..30usize, place in any::<prop::sample::Index>(),
    ) {
        let old = drive(&definition, &choices, step_entries_max);
        let all: Vec<usize> = (0..old.journal.len()).filter(|at| entered(&old.journal[*at]).is_some()).collect();
        let at = all[place.index(all.len())];
        let (state, input) = entered(&old.journal[at]).unwrap();
        // What was to be entered beside it is known unless it was cut off before it came to that.
        if let Some(fork) = super::fork::fork_at(&old, at, None) {
            let mut new = Drive::new(&definition, r#"{"items": [1, 2, 3]}"#);
            new.limits.step_entries_max = step_entries_max;
            prop_assert_eq!(new.step(Input::Forked(Box::new(fork))), Outcome::Advanced);
            go_on(&mut new, &choices);
            prop_assert!(new.execution.ending().is_some());
            let first = new.journal[0].event.as_ref().unwrap();
            prop_assert_eq!((first.id, first.kind.type_name()), (1, "ExecutionStarted"));
            prop_assert!(new.journal.iter().any(|entry| entered(entry) == Some((state, input))));
        }
    }

    #[test]
    fn what_is_armed_is_what_the_state_waits_for(definition in machine(), n in 0..10usize) {
        let mut drive = Drive::new(&definition, r#"{"items": [1, 2, 3]}"#);
        drive.start();
        for _ in 0..n {
            drive.fire();
        }
        prop_assert_eq!(armed(&drive), drive.timers);
    }
}
