//! Maps in DISTRIBUTED mode: what their parents do.

use serde_json::json;

use super::*;
use crate::engine::execution::{ExecutionStatus, Sources};

fn distributed(more: &Value) -> Value {
    let mut map = json!({"Type": "Map", "End": true, "Label": "L", "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "M", "States": {"M": map, "C": {"Type": "Succeed"}}})
}

/// A machine whose Map has `more` fields; leaves out the state that catches unless one of them leads there.
fn drive(more: &Value, input: &str) -> Drive {
    let mut definition = distributed(more);
    if more.get("Catch").is_none() {
        definition["States"].as_object_mut().unwrap().remove("C");
    }
    let mut drive = Drive::new(&definition, input);
    drive.start();
    drive
}

fn inputs(drive: &Drive) -> Vec<&str> {
    drive.children.iter().map(|child| child.input.text()).collect()
}

/// The run after one redrive.
fn redriven(key: MapRunKey) -> MapRunAttempt {
    MapRunAttempt { key, redrive_count: 1 }
}

/// Ends the child at this place.
fn end(drive: &mut Drive, index: usize, status: ExecutionStatus, output: &str) -> Outcome {
    let at = drive.children.iter().position(|child| child.index == index).unwrap();
    let child = drive.children.remove(at);
    let output = (status == ExecutionStatus::Succeeded).then(|| Payload::from_text(output).unwrap());
    drive.step(Input::ChildrenEnded {
        attempt: child.key.first(),
        ends: vec![ChildEnd { index, status, output }],
    })
}

#[test]
fn no_child_begins_without_the_role_s_leave() {
    let more = json!({"Catch": [{"ErrorEquals": ["Denied"], "Next": "C"}]});
    let mut drive = Drive::new(&distributed(&more), "[1, 2]");
    drive.map_refused = Some(Failure::new("Denied", "no"));
    drive.start();
    assert!(drive.children.is_empty());
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapRunStarted",
        "5<4 MapRunFailed",
        "6<5 MapStateFailed",
        "7<6 MapStateExited",
        "8<7 SucceedStateEntered",
        "9<8 SucceedStateExited",
        "10<9 ExecutionSucceeded",
    ]);
}

#[test]
fn results_stand_in_the_order_of_the_items() {
    let mut drive = drive(&json!({}), "[1, 2, 3]");
    assert_eq!(inputs(&drive), ["1", "2", "3"]);
    for (index, output) in [(2, "\"c\""), (0, "\"a\""), (1, "\"b\"")] {
        assert_eq!(end(&mut drive, index, ExecutionStatus::Succeeded, output), Outcome::Advanced);
    }
    assert_eq!(drive.output(), "[\"a\",\"b\",\"c\"]");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapRunStarted",
        "5<4 MapRunSucceeded",
        "6<5 MapStateSucceeded",
        "7<5 MapStateExited",
        "8<7 ExecutionSucceeded",
    ]);
}

#[test]
fn the_run_has_the_label_in_its_arn() {
    let drive = drive(&json!({}), "[]");
    let arn = drive.journal.iter().find_map(|entry| match &entry.event.as_ref()?.kind {
        EventKind::MapRunStarted { map_run_arn } => Some(map_run_arn.to_string()),
        _ => None,
    });
    let arn = arn.unwrap();
    assert!(arn.starts_with("arn:aws:states:us-east-1:123456789012:mapRun:M/L:"), "{arn}");
    assert_eq!(drive.output(), "[]");
}

#[test]
fn the_concurrency_bounds_what_runs_and_can_be_changed() {
    let mut drive = drive(&json!({"MaxConcurrency": 2}), "[1, 2, 3, 4]");
    assert_eq!(inputs(&drive), ["1", "2"]);
    end(&mut drive, 1, ExecutionStatus::Succeeded, "0");
    assert_eq!(inputs(&drive), ["1", "3"]);
    let key = drive.children[0].key;
    drive.step(Input::MapRunUpdated {
        key,
        limits: MapRunLimits { max_concurrency: 9, ..Default::default() },
    });
    assert_eq!(inputs(&drive), ["1", "3", "4"]);
}

#[test]
fn many_children_begin_in_several_steps() {
    let items = format!("[{}]", vec!["0"; 250].join(","));
    let mut drive = drive(&json!({}), &items);
    assert_eq!((drive.children.len(), drive.timers.len()), (100, 1));
    // What begins meanwhile needs the timer no more.
    end(&mut drive, 7, ExecutionStatus::Succeeded, "0");
    assert_eq!((drive.children.len(), drive.timers.len()), (199, 1));
    assert!(drive.fire());
    assert_eq!((drive.children.len(), drive.timers.len()), (249, 0));
}

#[test]
fn an_end_that_is_known_already_is_stale() {
    let mut drive = drive(&json!({}), "[1, 2]");
    let key = drive.children[0].key;
    let ends = || vec![ChildEnd { index: 0, status: ExecutionStatus::Succeeded, output: None }];
    assert_eq!(drive.step(Input::ChildrenEnded { attempt: key.first(), ends: ends() }), Outcome::Advanced);
    assert_eq!(drive.step(Input::ChildrenEnded { attempt: key.first(), ends: ends() }), Outcome::Stale);
    let ends = vec![ChildEnd { index: 9, status: ExecutionStatus::Failed, output: None }];
    assert_eq!(drive.step(Input::ChildrenEnded { attempt: key.first(), ends }), Outcome::Stale);
}

#[test]
fn without_a_threshold_the_first_failure_fails_the_run() {
    let mut drive = drive(&json!({}), "[1, 2, 3]");
    end(&mut drive, 1, ExecutionStatus::Failed, "");
    assert!(drive.children.is_empty());
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapRunStarted",
        "5<4 MapRunFailed",
        "6<5 MapStateFailed",
        "7<6 ExecutionFailed",
    ]);
    let failure = &drive.ending().failure;
    assert_eq!(failure.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    assert_eq!(failure.cause.as_deref(), Some("The specified tolerated failure threshold was exceeded"));
}

#[track_caller]
fn check_tolerance(more: &Value, n_failures: usize, is_tolerated: bool) {
    let mut drive = drive(more, "[1, 2, 3, 4]");
    for index in 0..4 {
        if drive.execution.ending().is_some() {
            break;
        }
        let status = match index < n_failures {
            true => ExecutionStatus::TimedOut,
            false => ExecutionStatus::Succeeded,
        };
        end(&mut drive, index, status, "7");
    }
    let expect = if is_tolerated { ExecutionStatus::Succeeded } else { ExecutionStatus::Failed };
    assert_eq!(drive.ending().status, expect, "{more} {n_failures}");
    if is_tolerated {
        // What failed has no place in the result.
        let sevens = vec!["7"; 4 - n_failures].join(",");
        assert_eq!(drive.output(), format!("[{sevens}]"));
    }
}

#[test]
fn a_run_tolerates_as_many_failures_as_it_says() {
    check_tolerance(&json!({"ToleratedFailureCount": 1}), 1, true);
    check_tolerance(&json!({"ToleratedFailureCount": 1}), 2, false);
    check_tolerance(&json!({"ToleratedFailurePercentage": 50}), 2, true);
    check_tolerance(&json!({"ToleratedFailurePercentage": 50}), 3, false);
    // Either is enough.
    check_tolerance(&json!({"ToleratedFailurePercentage": 50, "ToleratedFailureCount": 1}), 2, false);
    check_tolerance(&json!({"ToleratedFailurePercentage": 100}), 4, true);
    check_tolerance(&json!({"ToleratedFailureCount": 0}), 1, false);
}

#[test]
fn a_failed_run_is_retried_as_a_new_one_then_caught() {
    let recovery = json!({
        "Retry": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]});
    let mut drive = drive(&recovery, "[1]");
    end(&mut drive, 0, ExecutionStatus::Aborted, "");
    assert!(drive.fire());
    end(&mut drive, 0, ExecutionStatus::Failed, "");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapRunStarted",
        "5<4 MapRunFailed",
        "6<5 MapStateStarted",
        "7<6 MapRunStarted",
        "8<7 MapRunFailed",
        "9<8 MapStateFailed",
        "10<9 MapStateExited",
        "11<10 SucceedStateEntered",
        "12<11 SucceedStateExited",
        "13<12 ExecutionSucceeded",
    ]);
}

#[test]
fn batches_hold_what_fits() {
    let selector = json!({"v.$": "$$.Map.Item.Value"});
    let by_number = json!({"ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"n.$": "$[0]"}}});
    assert_eq!(
        inputs(&drive(&by_number, "[1, 2, 3]")),
        [r#"{"BatchInput":{"n":1},"Items":[1,2]}"#, r#"{"BatchInput":{"n":1},"Items":[3]}"#]
    );
    let by_bytes = json!({"ItemBatcher": {"MaxInputBytesPerBatch": 30}, "ItemSelector": selector});
    let drive = drive(&by_bytes, "[1, 2, 3]");
    assert_eq!(inputs(&drive), [r#"{"Items":[{"v":1},{"v":2}]}"#, r#"{"Items":[{"v":3}]}"#]);
    assert!(drive.children.iter().all(|child| child.input.len_bytes() <= 30));
}

#[test]
fn a_failed_child_fails_all_items_of_its_batch() {
    let more = json!({"ItemBatcher": {"MaxItemsPerBatch": 2}, "ToleratedFailureCount": 1});
    let mut drive = drive(&more, "[1, 2, 3]");
    end(&mut drive, 0, ExecutionStatus::Failed, "");
    assert_eq!(drive.ending().status, ExecutionStatus::Failed);
}

#[test]
fn items_that_are_read_make_the_run_begin() {
    let reader = json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.n"},
        "Parameters": {"Bucket": "b", "Key.$": "$.k"}}});
    let mut read = drive(&reader, r#"{"k": "key", "n": "2"}"#);
    let key = read.execution.map_runs().next().unwrap();
    let request = read.execution.items_request(&read.program, key).unwrap();
    assert_eq!(request.reading.arguments.text(), r#"{"Bucket":"b","Key":"key"}"#);
    assert_eq!(request.reading.max_items, 2);
    assert!(read.children.is_empty());
    let items = Payload::from_text("[1,2]").unwrap();
    assert_eq!(
        read.step(Input::ItemsRead { attempt: key.first(), read: Ok((items.clone(), Sources::default())) }),
        Outcome::Advanced
    );
    assert_eq!(inputs(&read), ["1", "2"]);
    assert_eq!(
        read.step(Input::ItemsRead { attempt: key.first(), read: Ok((items, Sources::default())) }),
        Outcome::Stale
    );

    let mut failed = drive(&reader, r#"{"k": "key", "n": 1}"#);
    let key = failed.execution.map_runs().next().unwrap();
    failed.step(Input::ItemsRead { attempt: key.first(), read: Err(failure("States.ItemReaderFailed")) });
    assert_eq!(failed.history()[4..], ["5<4 MapRunFailed", "6<5 MapStateFailed", "7<6 ExecutionFailed"]);
    let bad = drive(&reader, r#"{"k": "key", "n": "1.5"}"#);
    let cause = bad.ending().failure.cause.clone().unwrap();
    assert!(
        cause.ends_with("The MaxItemsPath field refers to value \"1.5\" which is not a valid integer: $.n"),
        "{cause}"
    );
}

#[test]
fn results_that_are_too_long_together_fail_the_run() {
    let mut drive = drive(&json!({}), "[1, 2]");
    let long = format!("\"{}\"", "x".repeat(200_000));
    end(&mut drive, 0, ExecutionStatus::Succeeded, &long);
    end(&mut drive, 1, ExecutionStatus::Succeeded, &long);
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.DataLimitExceeded"));
}

#[test]
fn a_run_that_is_given_up_says_so() {
    let map = distributed(&json!({}))["States"]["M"].clone();
    let definition = json!({"StartAt": "F", "States": {"F": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "M", "States": {"M": map}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "E"}, "E": {"Type": "Fail"}}}]}}});
    let mut drive = Drive::new(&definition, "[1]");
    drive.start();
    assert_eq!(drive.children.len(), 1);
    drive.fire();
    assert!(drive.children.is_empty());
    let history = drive.history();
    assert!(history.iter().any(|line| line.ends_with("MapRunAborted")), "{history:?}");
    assert!(history.iter().any(|line| line.ends_with("MapStateAborted")), "{history:?}");
}

/// Ends a child that has begun, by its place.
fn ended(attempt: MapRunAttempt, index: usize, status: ExecutionStatus) -> Input {
    Input::ChildrenEnded { attempt, ends: vec![ChildEnd { index, status, output: None }] }
}

fn payloads(items: std::ops::Range<usize>) -> Vec<Payload> {
    items.map(|item| Payload::from_text(item.to_string()).unwrap()).collect()
}

#[test]
fn a_redriven_run_goes_on_with_what_did_not_succeed() {
    let mut drive = drive(&json!({"MaxConcurrency": 2}), "[1, 2, 3, 4]");
    let key = drive.children[0].key;
    end(&mut drive, 0, ExecutionStatus::Succeeded, "\"a\"");
    // The run fails; the third child, which runs, is stopped and tells nobody.
    end(&mut drive, 1, ExecutionStatus::Failed, "");
    assert_eq!(drive.ending().status, ExecutionStatus::Failed);
    let effects = drive.effects(Input::Redriven);
    let child = |index| Effect::RedriveChild { attempt: redriven(key), index };
    assert_eq!(
        effects[1..],
        [Effect::RedriveMapRun { key, count: 1 }, child(1), child(2)],
        "the fourth waits"
    );
    assert_eq!(drive.step(ended(redriven(key), 0, ExecutionStatus::Succeeded)), Outcome::Stale);
    // One that was stopped before is told of late: it has begun again since.
    assert_eq!(drive.step(ended(key.first(), 2, ExecutionStatus::Aborted)), Outcome::Stale);
    let output = |index, text: &str| Input::ChildrenEnded {
        attempt: redriven(key),
        ends: vec![ChildEnd {
            index,
            status: ExecutionStatus::Succeeded,
            output: Some(Payload::from_text(text).unwrap()),
        }],
    };
    drive.step(output(1, "\"b\""));
    assert_eq!(inputs(&drive), ["4"]);
    drive.step(output(2, "\"c\""));
    drive.step(output(3, "\"d\""));
    assert_eq!(drive.output(), "[\"a\",\"b\",\"c\",\"d\"]");
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapRunStarted",
        "5<4 MapRunFailed",
        "6<5 MapStateFailed",
        "7<6 ExecutionFailed",
        "8<7 ExecutionRedriven",
        "9<6 MapRunRedriven",
        "10<9 MapRunSucceeded",
        "11<10 MapStateSucceeded",
        "12<10 MapStateExited",
        "13<12 ExecutionSucceeded",
    ]);
}

#[test]
fn a_run_whose_items_could_not_be_read_reads_them_again() {
    let reader = json!({"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "b"}}});
    let mut drive = drive(&reader, "{}");
    let key = drive.execution.map_runs().next().unwrap();
    drive.step(Input::ItemsRead { attempt: key.first(), read: Err(failure("States.ItemReaderFailed")) });
    let effects = drive.effects(Input::Redriven);
    assert!(
        matches!(&effects[2], Effect::ReadItems(request) if request.attempt == redriven(key)),
        "{effects:?}"
    );
    // What was read for the attempt before comes late.
    let items = Payload::from_text("[1]").unwrap();
    let read = |attempt| Input::ItemsRead { attempt, read: Ok((items.clone(), Sources::default())) };
    assert_eq!(drive.step(read(key.first())), Outcome::Stale);
    assert_eq!(drive.step(Input::ItemsStored { attempt: key.first(), length: 1 }), Outcome::Stale);
    assert_eq!(drive.step(read(redriven(key))), Outcome::Advanced);
}

#[test]
fn a_run_that_was_stopped_is_redriven_too() {
    let mut drive = drive(&json!({}), "[1, 2]");
    let key = drive.children[0].key;
    drive.step(Input::Stopped(Failure::default()));
    let effects = drive.effects(Input::Redriven);
    assert_eq!(effects[2..], [0, 1].map(|index| Effect::RedriveChild { attempt: redriven(key), index }));
}

#[test]
fn items_in_the_store_are_loaded_as_there_is_room() {
    let reader = json!({"MaxConcurrency": 150, "ItemReader": {
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}});
    let mut drive = drive(&reader, "{}");
    let key = drive.execution.map_runs().next().unwrap();
    let load = |first, n| Effect::LoadItems { key, first, n };
    let effects = drive.effects(Input::ItemsStored { attempt: key.first(), length: 200 });
    assert_eq!(effects, [Effect::CountItems { key, length: 200 }, load(0, 100)]);
    assert_eq!(drive.execution.map_run_wants(&drive.program, key), [load(0, 100)]);
    let loaded = |first, last| Input::ItemsLoaded {
        key,
        first,
        items: payloads(first..last),
        sources: Sources::default(),
    };
    assert_eq!(drive.effects(loaded(0, 100)).last(), Some(&load(100, 50)));
    assert_eq!(drive.step(loaded(0, 100)), Outcome::Stale);
    // What ends while items are on their way asks for no more of them.
    assert_eq!(drive.effects(ended(key.first(), 3, ExecutionStatus::Succeeded)), []);
    assert_eq!(drive.effects(loaded(100, 151)).len(), 51);
    assert_eq!((drive.children.len(), drive.children.last().unwrap().input.text()), (151, "150"));
    assert_eq!(drive.effects(ended(key.first(), 4, ExecutionStatus::Succeeded)), [load(151, 1)]);
    let gone =
        drive.effects(Input::ItemsLoaded { key, first: 151, items: Vec::new(), sources: Sources::default() });
    assert!(matches!(&gone[0], Effect::EndMapRun { status: MapRunStatus::Failed, .. }), "{gone:?}");
}

#[test]
fn batches_of_loaded_items_are_whole() {
    let reader = json!({"ItemBatcher": {"MaxItemsPerBatch": 3}, "ItemReader": {
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}});
    let mut drive = drive(&reader, "{}");
    let key = drive.execution.map_runs().next().unwrap();
    drive.step(Input::ItemsStored { attempt: key.first(), length: 10 });
    // The third is not whole, and more are there.
    drive.step(Input::ItemsLoaded { key, first: 0, items: payloads(0..8), sources: Sources::default() });
    assert_eq!(inputs(&drive), [r#"{"Items":[0,1,2]}"#, r#"{"Items":[3,4,5]}"#]);
    let loading = drive.effects(Input::ItemsLoaded {
        key,
        first: 6,
        items: payloads(6..10),
        sources: Sources::default(),
    });
    assert_eq!(inputs(&drive)[2..], [r#"{"Items":[6,7,8]}"#, r#"{"Items":[9]}"#]);
    assert_eq!(loading.len(), 2);
}

/// A Map that writes its results, with two items and `more` fields.
fn writing(more: &Value) -> (Drive, MapRunKey) {
    let mut fields = json!({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "b", "Prefix.$": "$[0]"}, "WriterConfig": {"OutputType": "JSONL"}}});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let drive = drive(&fields, r#"["p", "q"]"#);
    let key = drive.children[0].key;
    (drive, key)
}

#[test]
fn a_run_ends_when_its_results_are_written() {
    let (mut drive, key) = writing(&json!({}));
    drive.step(ended(key.first(), 0, ExecutionStatus::Succeeded));
    let effects = drive.effects(ended(key.first(), 1, ExecutionStatus::Succeeded));
    let [Effect::WriteResults(request)] = &effects[..] else { panic!("{effects:?}") };
    let arguments = request.writing.arguments.as_ref().unwrap();
    assert_eq!(arguments.text(), r#"{"Bucket":"b","Prefix":"p"}"#);
    assert_eq!((request.next_item, request.output_type), (2, crate::asl::OutputType::JsonLines));
    // A restart writes them again.
    assert_eq!(drive.execution.map_run_wants(&drive.program, key), effects);
    let written = Payload::from_text(r#"{"ResultWriterDetails":{}}"#).unwrap();
    drive.step(Input::ResultsWritten { attempt: key.first(), written: Ok(written.clone()) });
    assert_eq!(drive.output(), written.text());
    assert_eq!(
        drive.step(Input::ResultsWritten { attempt: key.first(), written: Ok(written) }),
        Outcome::Stale
    );
}

#[test]
fn results_that_can_not_be_written_fail_the_run() {
    let (mut drive, key) = writing(&json!({"Catch": [
        {"ErrorEquals": ["States.ResultWriterFailed"], "Next": "C"}]}));
    for index in 0..2 {
        drive.step(ended(key.first(), index, ExecutionStatus::Succeeded));
    }
    drive.step(Input::ResultsWritten {
        attempt: key.first(),
        written: Err(failure("States.ResultWriterFailed")),
    });
    assert_eq!(drive.ending().status, ExecutionStatus::Succeeded);
    assert!(drive.history().iter().any(|line| line.ends_with("MapRunFailed")));
}

#[test]
fn a_run_that_fails_writes_what_there_is_first() {
    let (mut drive, key) = writing(&json!({}));
    assert_eq!(
        drive.effects(ended(key.first(), 0, ExecutionStatus::Failed)),
        [Effect::StopChildren(key.first())]
    );
    assert_eq!(drive.execution.map_run_wants(&drive.program, key), [Effect::StopChildren(key.first())]);
    let effects = drive.effects(ended(key.first(), 1, ExecutionStatus::Aborted));
    assert!(matches!(&effects[..], [Effect::WriteResults(_)]), "{effects:?}");
    drive.step(Input::ResultsWritten { attempt: key.first(), written: Ok(Payload::default()) });
    let failure = &drive.ending().failure;
    assert_eq!(failure.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    // Redriven, it writes them anew.
    let effects = drive.effects(Input::Redriven);
    assert_eq!(effects[2..], [0, 1].map(|index| Effect::RedriveChild { attempt: redriven(key), index }));
    for index in 0..2 {
        drive.step(ended(redriven(key), index, ExecutionStatus::Succeeded));
    }
    // What was written before the redrive comes late.
    let written = |attempt| Input::ResultsWritten { attempt, written: Ok(Payload::default()) };
    assert_eq!(drive.step(written(key.first())), Outcome::Stale);
    drive.step(written(redriven(key)));
    assert_eq!(drive.ending().status, ExecutionStatus::Succeeded);
}

#[test]
fn an_update_while_results_are_written_writes_them_no_second_time() {
    let (mut drive, key) = writing(&json!({}));
    drive.step(ended(key.first(), 0, ExecutionStatus::Succeeded));
    drive.step(ended(key.first(), 1, ExecutionStatus::Succeeded));
    let limits = MapRunLimits { tolerated_failure_count: Some(1), ..Default::default() };
    assert_eq!(drive.effects(Input::MapRunUpdated { key, limits }), []);
    drive.step(Input::ResultsWritten { attempt: key.first(), written: Ok(Payload::default()) });
    assert_eq!(drive.ending().status, ExecutionStatus::Succeeded);
}
