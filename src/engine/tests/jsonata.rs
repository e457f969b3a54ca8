//! Machines in JSONata on the real store and the real threads.

use std::thread::available_parallelism;

use super::*;

fn machine(output: &str) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": {"Type": "Pass", "Output": {"deep": [output]}, "End": true}}})
}

#[tokio::test]
async fn long_expressions_hold_up_nobody_but_others_of_their_kind() {
    let mut house = House::new();
    let (engine, store) = house.open().await;
    let slow =
        create(&engine, "Slow", &machine("{% $count($map([1..200000], function($x){ $x * $x })) %}")).await;
    let plain = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let fast = create(&engine, "Fast", &plain).await;
    let places = available_parallelism().map_or(2, usize::from);
    let mut busy = Vec::new();
    for n in 0..=places {
        let (engine, start) = (engine.clone(), start(&slow, &format!("slow{n}"), "{}"));
        busy.push(tokio::spawn(async move { engine.start_execution(start).await }));
    }
    tokio::task::yield_now().await;
    // All of this on the one thread that the slow ones would hold.
    for n in 0..20 {
        engine.start_execution(start(&fast, &format!("fast{n}"), "{}")).await.unwrap();
    }
    assert!(busy.iter().any(|slow| !slow.is_finished()), "the slow ones were not slow");
    for slow in busy {
        let arn = slow.await.unwrap().unwrap().arn;
        let described = engine.describe_execution(&arn).await.unwrap();
        assert_eq!(described.output.as_deref(), Some(r#"{"deep":[200000]}"#));
    }
    house.close(engine, store).await;
}

#[tokio::test]
async fn what_an_expression_did_is_in_the_history_after_a_restart() {
    let mut house = House::new();
    let (engine, store) = house.open().await;
    let arn = create(&engine, "M", &machine("{% $nobody %}")).await;
    let arn = engine.start_execution(start(&arn, "e", "{}")).await.unwrap().arn;
    house.close(engine, store).await;
    let (engine, store) = house.open().await;
    let history = engine.get_execution_history(&arn, None, false, None).await.unwrap();
    let types: Vec<&str> = history.events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "EvaluationFailed", "ExecutionFailed"]);
    let EventKind::EvaluationFailed { failure, location, state } = &history.events[2].kind else {
        panic!("{:?}", history.events[2])
    };
    assert_eq!((location.as_deref(), &**state), (Some("Output/deep[0]"), "S"));
    let described = engine.describe_execution(&arn).await.unwrap();
    assert_eq!(described.status, ExecutionStatus::Failed);
    assert_eq!(failure.error.as_deref(), Some("States.QueryEvaluationError"));
    house.close(engine, store).await;
}
