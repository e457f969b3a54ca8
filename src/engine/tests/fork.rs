//! Forks, skipped Waits and long histories, on disk and over crashes.

use super::durability::crash;
use super::*;

fn fork(arn: &str, state: &str, name: &str) -> ForkExecution {
    ForkExecution {
        execution_arn: arn.to_owned(),
        state: state.to_owned(),
        event_id: None,
        name: Some(name.to_owned()),
        input: None,
    }
}

/// Its event types.
async fn types(engine: &Engine, arn: &str) -> Vec<&'static str> {
    let page = engine.executions().history(arn, Some(1000), false, None).await.unwrap();
    page.events.iter().map(|event| event.kind.type_name()).collect()
}

fn assigning() -> Value {
    json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": "old"}, "Next": "W"},
        "W": {"Type": "Wait", "Seconds": 60, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"v.$": "$v", "in.$": "$"}, "End": true}}})
}

#[tokio::test]
async fn a_fork_outlives_the_process_and_has_its_own_history() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "M", &assigning()).await;
    let old = engine.start_execution(start(&machine, "Old", "{\"x\":1}")).await.unwrap().arn;
    let new = engine.fork_execution(fork(&old, "W", "New")).await.unwrap().arn;
    // Both go on, each by itself.
    let mut fixture = crash(&fixture, engine, store);
    let (engine, _store) = fixture.open().await;
    fixture.clock.advance(Duration::from_secs(60));
    for arn in [&old, &new] {
        let described = ended(&engine, arn).await;
        assert_eq!(described.output.as_deref(), Some("{\"v\":\"old\",\"in\":{\"x\":1}}"), "{described:?}");
        assert_eq!(described.input, "{\"x\":1}");
    }
    let forked =
        ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "PassStateEntered", "PassStateExited"];
    assert_eq!(types(&engine, &new).await[..5], forked);
    assert_eq!(types(&engine, &old).await.len(), 8);

    // Another input is the state's own, not the execution's.
    let other = ForkExecution { input: Some("[2]".to_owned()), ..fork(&old, "B", "Other") };
    let other = engine.fork_execution(other).await.unwrap().arn;
    let described = ended(&engine, &other).await;
    assert_eq!(described.output.as_deref(), Some("{\"v\":\"old\",\"in\":[2]}"));
    assert_eq!(described.input, "{\"x\":1}");
}

#[tokio::test]
async fn a_fork_runs_the_revision_that_the_old_execution_ran() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &assigning()).await;
    let old = engine.start_execution(start(&machine, "Old", "{}")).await.unwrap().arn;
    let update = UpdateStateMachine {
        encryption: None,
        arn: machine.clone(),
        definition: Some(pass().to_string()),
        role_arn: None,
        logging: None,
        tracing: None,
        publish: None,
    };
    engine.state_machines().update(update).await.unwrap();
    let new = engine.fork_execution(fork(&old, "W", "New")).await.unwrap().arn;
    let of_new = engine.executions().state_machine(&new).await.unwrap();
    assert_eq!(of_new.definition, assigning().to_string());
    engine.skip_wait(&new, None).await.unwrap();
    assert_eq!(ended(&engine, &new).await.output.as_deref(), Some("{\"v\":\"old\",\"in\":{}}"));
}

#[tokio::test]
async fn what_cannot_be_forked_is_refused() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &assigning()).await;
    let old = engine.start_execution(start(&machine, "Old", "{}")).await.unwrap().arn;
    let refused = |fork| async { engine.fork_execution(fork).await.unwrap_err().to_string() };
    let missing = refused(fork(&format!("{old}x"), "W", "New")).await;
    assert_eq!(missing, format!("Execution Does Not Exist: '{old}x'"));
    assert_eq!(refused(fork(&old, "Z", "New")).await, "The state machine has no state 'Z'.");
    let not_entered = refused(fork(&old, "B", "New")).await;
    assert!(not_entered.starts_with("The execution has not entered the state 'B'."), "{not_entered}");
    let by_event = ForkExecution { event_id: Some(2), ..fork(&old, "W", "New") };
    assert_eq!(refused(by_event).await, "The execution did not enter the state 'W' by the event 2.");
    let bad_input = ForkExecution { input: Some("{".to_owned()), ..fork(&old, "W", "New") };
    assert!(refused(bad_input).await.starts_with("Invalid State Machine Execution Input"));
    // The same name and input are not the same execution.
    let taken = refused(fork(&old, "W", "Old")).await;
    assert_eq!(taken, format!("Execution Already Exists: '{old}'"));

    // Nothing begins on a machine that is gone, though its executions are still there.
    engine.stop_execution(&old, Failure::default()).await.unwrap();
    engine.state_machines().delete(&machine).await.unwrap();
    gone(&engine, &machine).await;
    assert!(engine.executions().describe(&old).await.is_ok());
    assert_eq!(refused(fork(&old, "W", "New")).await, format!("State Machine Does Not Exist: '{machine}'"));
}

#[tokio::test]
async fn the_child_of_a_distributed_map_is_forked_by_its_own_arn() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(
        &engine,
        "M",
        &json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "Label": "L", "End": true,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "Next": "P"},
                "P": {"Type": "Pass", "End": true}}}}}}),
    )
    .await;
    let parent = engine.start_execution(start(&machine, "Old", "[1]")).await.unwrap().arn;
    let nested = engine.fork_execution(fork(&parent, "W", "New")).await.unwrap_err().to_string();
    assert!(nested.ends_with("The children of a distributed Map have histories of their own."), "{nested}");
    let run = engine.list_map_runs(&parent, None, None).await.unwrap().items[0].arn.to_string();
    let children = engine.list_map_run_executions(&run, ExecutionFilter::default()).await.unwrap();
    let child = children.items[0].arn.to_string();
    let new = engine.fork_execution(fork(&child, "W", "New")).await.unwrap().arn;
    assert!(new.ends_with(":execution:M/L:New"), "{new}");
    engine.skip_wait(&new, None).await.unwrap();
    let described = ended(&engine, &new).await;
    assert_eq!((described.status, described.map_run), (ExecutionStatus::Succeeded, None));
    // The Map Run knows nothing of it.
    let counts = engine.describe_map_run(&run).await.unwrap().executions;
    assert_eq!((counts.total, counts.running), (1, 1));
    assert_eq!(engine.executions().describe(&parent).await.unwrap().status, ExecutionStatus::Running);
}

#[tokio::test]
async fn a_skipped_wait_stays_skipped_and_its_timer_fires_no_more() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "M", &two_waits()).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    let other = engine.skip_wait(&arn, Some("X".to_owned())).await.unwrap_err().to_string();
    assert_eq!(other, "The execution does not wait in the state 'X'.");
    assert_eq!(engine.skip_wait(&arn, None).await.unwrap(), ["W".into()]);
    fixture.clock.advance(Duration::from_secs(30));
    let mut fixture = crash(&fixture, engine, store);

    let (engine, _store) = fixture.open().await;
    fixture.clock.advance(Duration::from_secs(29));
    assert_eq!(types(&engine, &arn).await.last(), Some(&"WaitStateEntered"));
    fixture.clock.advance(Duration::from_secs(1));
    ended(&engine, &arn).await;
    assert_eq!(engine.skip_wait(&arn, None).await, Err(Error::NoWait("The execution has ended.".to_owned())));
}

/// Counts to its input's `n`, three events at a time.
fn counting() -> Value {
    json!({"StartAt": "C", "QueryLanguage": "JSONPath", "States": {
        "C": {"Type": "Choice", "Default": "D",
              "Choices": [{"Variable": "$.n", "NumericLessThanPath": "$.max", "Next": "P"}]},
        "P": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "max.$": "$.max"}, "Next": "C"},
        "D": {"Type": "Wait", "Seconds": 5, "End": true}}})
}

fn tag(value: &str) -> Vec<Tag> {
    vec![Tag { key: "stepgate:historyEventsMax".to_owned(), value: value.to_owned() }]
}

/// Reads a history whole, in pages.
async fn read(engine: &Engine, arn: &str, reverse: bool) -> Vec<u64> {
    let (mut ids, mut token): (Vec<u64>, Option<String>) = (Vec::new(), None);
    loop {
        let page = engine.executions().history(arn, Some(1000), reverse, token.as_deref()).await.unwrap();
        ids.extend(page.events.iter().map(|event| event.id));
        token = page.next_token;
        if token.is_none() {
            return ids;
        }
    }
}

#[tokio::test]
async fn a_tagged_machine_has_histories_beyond_the_limit_and_they_outlive_the_process() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "M", &counting()).await;
    for bad in ["", "x", "24999", "10000001", "-1"] {
        let refused = engine.tags().add(&machine, tag(bad)).await.unwrap_err().to_string();
        assert_eq!(
            refused,
            format!(
                "Invalid value {bad} of the tag stepgate:historyEventsMax. Must be a number from 25000 to 10000000."
            )
        );
    }
    let input = "{\"n\":0,\"max\":6400}";
    engine.tags().add(&machine, tag("30000")).await.unwrap();
    let long = engine.start_execution(start(&machine, "Long", input)).await.unwrap().arn;
    while types_of_last(&engine, &long).await != "WaitStateEntered" {
        tokio::task::yield_now().await;
    }
    let mut fixture = crash(&fixture, engine, store);
    let (engine, _store) = fixture.open().await;
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(ended(&engine, &long).await.status, ExecutionStatus::Succeeded);
    let ids = read(&engine, &long, false).await;
    assert_eq!(ids, (1..=25_606).collect::<Vec<u64>>());
    let mut back = read(&engine, &long, true).await;
    back.reverse();
    assert_eq!(back, ids);

    // Without the tag it is as ever.
    engine.tags().remove(&machine, vec!["stepgate:historyEventsMax".to_owned()]).await.unwrap();
    let again = engine.start_execution(start(&machine, "Again", input)).await.unwrap().arn;
    assert_eq!(ended(&engine, &again).await.status, ExecutionStatus::Failed);
    let described = engine.executions().describe(&again).await.unwrap();
    let cause = described.cause.unwrap();
    assert!(cause.ends_with("maximum number of history events (25000)."), "{cause}");
    assert_eq!(described.not_redrivable, Some(NotRedrivable::TooManyEvents));
}

async fn types_of_last(engine: &Engine, arn: &str) -> &'static str {
    let page = engine.executions().history(arn, Some(1), true, None).await.unwrap();
    page.events[0].kind.type_name()
}
