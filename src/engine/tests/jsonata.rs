//! Machines in JSONata on the real store and the real threads.

use std::thread::available_parallelism;

use super::*;
use crate::clock::Clock as _;
use crate::json::Payload;

fn machine(output: &str) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": {"Type": "Pass", "Output": {"deep": [output]}, "End": true}}})
}

#[tokio::test]
async fn long_expressions_hold_up_nobody_but_others_of_their_kind() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
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
        let described = engine.executions().describe(&arn).await.unwrap();
        assert_eq!(described.output.as_deref(), Some(r#"{"deep":[200000]}"#));
    }
    fixture.close(engine, store).await;
}

#[tokio::test]
async fn what_an_expression_did_is_in_the_history_after_a_restart() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let arn = create(&engine, "M", &machine("{% $nobody %}")).await;
    let arn = engine.start_execution(start(&arn, "e", "{}")).await.unwrap().arn;
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    let history = engine.executions().history(&arn, None, false, None).await.unwrap();
    let types: Vec<&str> = history.events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "EvaluationFailed", "ExecutionFailed"]);
    let EventKind::EvaluationFailed { failure, location, state } = &history.events[2].kind else {
        panic!("{:?}", history.events[2])
    };
    assert_eq!((location.as_deref(), &**state), (Some("Output/deep[0]"), "S"));
    let described = engine.executions().describe(&arn).await.unwrap();
    assert_eq!(described.status, ExecutionStatus::Failed);
    assert_eq!(failure.error.as_deref(), Some("States.QueryEvaluationError"));
    fixture.close(engine, store).await;
}

#[tokio::test]
async fn children_that_begin_in_one_step_share_its_time() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let arn = create(&engine, "M", &machine("{% 1 %}")).await;
    let of = engine.inner.state_machines.start_target(&arn).await.unwrap();
    let began = fixture.clock.monotonic();
    let begin = |name: &str| {
        let input = Payload::from_text("{}".to_owned()).unwrap();
        let beginning = super::super::changes::Beginning {
            name: name.into(),
            input,
            trace_header: None,
            map_child: None,
            first: super::super::machine::Input::Start,
            map_refused: None,
        };
        engine.prepare_as(&of, beginning, began).unwrap().live.execution
    };
    assert!(begin("early").ending().is_some());
    // What others of the step took, this one doesn't have: it begins, and goes on in a step of its own.
    fixture.clock.advance(Duration::from_secs(1));
    let late = begin("late");
    assert!(late.ending().is_none());
    assert!(late.frames.values().any(|frame| frame.paused.is_some()));
    fixture.close(engine, store).await;
}
