//! What holds for every machine and every order of inputs.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A small machine: a chain of states, some of them with branches.
fn machine() -> impl Strategy<Value = Value> {
    proptest::collection::vec((0..8u8, 1..4u64), 1..6).prop_map(|states| {
        let last = states.len() - 1;
        let mut all = serde_json::Map::new();
        for (i, (kind, n)) in states.into_iter().enumerate() {
            let mut state = state(kind, n, i);
            let open = !matches!(kind, 5 | 6);
            if open {
                let next =
                    if i == last { ("End", json!(true)) } else { ("Next", json!(format!("S{}", i + 1))) };
                state.as_object_mut().unwrap().insert(next.0.to_owned(), next.1);
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
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": n - 1}]);
    let inner = |name: String, state: Value| json!({"StartAt": name, "States": {name.clone(): state}});
    match kind {
        0 => json!({"Type": "Pass", "Result": [n, n + 1]}),
        1 => json!({"Type": "Wait", "Seconds": n}),
        2 => json!({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": n, "Retry": retry}),
        3 => json!({"Type": "Parallel", "Retry": retry, "Branches": [
            inner(format!("T{i}"), task), inner(format!("W{i}"), json!({"Type": "Wait", "Seconds": n, "End": true}))]}),
        4 => json!({"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id"}, "Assign": {"v": n}}),
        5 => json!({"Type": "Fail", "Error": "E"}),
        6 => json!({"Type": "Succeed"}),
        _ => {
            json!({"Type": "Parallel", "Branches": [inner(format!("M{i}"), json!({"Type": "Map", "MaxConcurrency": n - 1,
            "ItemsPath": "$$.Execution.Input.items", "ItemProcessor": inner(format!("I{i}"), task), "End": true}))]})
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The harness checks after every step that the state is what its journal tells; here every machine is
    /// driven to its end by choices at random.
    #[test]
    fn every_machine_ends_and_its_journal_tells_all(definition in machine(), choices in proptest::collection::vec(any::<u8>(), 200)) {
        let mut drive = Drive::new(&definition, r#"{"items": [1, 2, 3]}"#);
        drive.start();
        for choice in choices {
            if drive.execution.ending().is_some() {
                break;
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
                _ => {
                    drive.fire();
                }
            }
        }
        // The machine's own timeout ends what choices did not.
        while drive.fire() {}
        prop_assert!(drive.execution.ending().is_some());
        prop_assert!(drive.execution.frames.is_empty());

        let events: Vec<_> = drive.journal.iter().filter_map(|e| e.event.as_ref()).collect();
        for (i, event) in events.iter().enumerate() {
            prop_assert_eq!(event.id, i as u64 + 1);
            prop_assert!(event.previous_event_id < event.id);
        }
    }

    #[test]
    fn what_is_armed_is_what_the_state_waits_for(definition in machine(), n in 0..10usize) {
        let mut drive = Drive::new(&definition, r#"{"items": [1, 2, 3]}"#);
        drive.start();
        for _ in 0..n {
            drive.fire();
        }
        let pending: std::collections::BTreeMap<_, _> = pending(&drive.program, &drive.fold())
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::ArmTimer { key, at } => Some((key, at)),
                _ => None,
            })
            .collect();
        prop_assert_eq!(pending, drive.timers);
    }
}
