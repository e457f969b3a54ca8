//! Map Runs on a real store: their children, their counts, their ends, over crashes too.

use super::*;
use crate::engine::execution::{FrameId, MapRunAttempt, MapRunKey, MapRunLimits};
use crate::engine::machine::MapRunStatus;
use crate::engine::retention::Retention;
use crate::id::StatesArn;

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:";

/// A machine of one Map in DISTRIBUTED mode with this processor and `more` fields.
pub(super) fn spread(processor: &Value, more: &Value) -> Value {
    let mut item_processor = processor.clone();
    item_processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let mut map = json!({"Type": "Map", "Label": "L", "End": true, "ItemProcessor": item_processor});
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "M", "States": {"M": map}})
}

/// The ARN of the one Map Run of an execution, once it is there.
pub(super) async fn run_of(engine: &Engine, arn: &str) -> String {
    let page = engine.list_map_runs(arn, None, None).await.unwrap();
    let [run] = &page.items[..] else { panic!("{page:?}") };
    assert!(StatesArn::parse(&run.arn.to_string()).is_ok());
    run.arn.to_string()
}

pub(super) async fn children(
    engine: &Engine,
    run: &str,
    status: Option<ExecutionStatus>,
) -> Vec<ExecutionItem> {
    let filter = ExecutionFilter { status, max_results: Some(1000), ..ExecutionFilter::default() };
    engine.list_map_run_executions(run, filter).await.unwrap().items
}

/// Lets the engine's tasks run until so many children stand so.
pub(super) async fn until(engine: &Engine, run: &str, status: ExecutionStatus, n: usize) {
    for _ in 0..100_000 {
        if children(engine, run, Some(status)).await.len() == n {
            return;
        }
        tokio::task::yield_now().await;
    }
    let all: Vec<_> = children(engine, run, None).await.iter().map(|child| child.status).collect();
    panic!("{run}: {} {:?}", all.len(), all.first());
}

#[tokio::test]
async fn each_item_is_an_execution_of_its_own() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let names = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Parameters": {
        "in.$": "$", "machine.$": "$$.StateMachine.Name"}}}});
    let machine = create(&engine, "Spread", &spread(&names, &json!({"MaxConcurrency": 1}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2]")).await.unwrap().arn;
    let described = ended(&engine, &arn).await;
    assert_eq!(
        described.output.as_deref(),
        Some(r#"[{"in":1,"machine":"Spread/L"},{"in":2,"machine":"Spread/L"}]"#)
    );
    let run = run_of(&engine, &arn).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.execution_arn.to_string()), (MapRunStatus::Succeeded, arn));
    assert_eq!(of.limits, MapRunLimits { max_concurrency: 1, ..MapRunLimits::default() });
    assert_eq!((of.items.total, of.items.succeeded, of.items.results_written), (2, 2, 2));
    assert_eq!(of.items, of.executions);

    let items = children(&engine, &run, None).await;
    assert_eq!(items.len(), 2);
    let child = items[0].arn.to_string();
    assert!(child.starts_with(&format!("{ARN}Spread/L:")), "{child}");
    let described = engine.executions().describe(&child).await.unwrap();
    assert_eq!(described.map_run.unwrap().to_string(), run);
    assert_eq!(described.input, "2");
    assert_eq!(described.not_redrivable, Some(NotRedrivable::Succeeded));
    let of = engine.executions().state_machine(&child).await.unwrap();
    assert_eq!(of.definition, names.to_string());
    assert_eq!(of.arn.to_string(), format!("{machine}/L"));
    // Nobody finds them by their parent's machine.
    let page = engine.executions().list(&machine, ExecutionFilter::default()).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(engine.state_machines().list(home(), None, None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn stopping_the_parent_stops_the_children() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "Spread", &spread(&wait(100), &json!({"MaxConcurrency": 2}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.items.pending, of.items.running, of.items.total), (1, 2, 3));
    engine.stop_execution(&arn, Failure::default()).await.unwrap();
    until(&engine, &run, ExecutionStatus::Aborted, 2).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.items.aborted), (MapRunStatus::Aborted, 2));
    let update = UpdateMapRun { max_concurrency: Some(1), ..UpdateMapRun::default() };
    assert_eq!(engine.update_map_run(&run, update).await, Err(Error::MapRunIsOver));
    assert_eq!(engine.update_map_run(&run, UpdateMapRun::default()).await, Err(Error::NothingOfMapRun));
    let missing = run.replace("Spread", "Other");
    assert_eq!(engine.describe_map_run(&missing).await, Err(Error::MapRunDoesNotExist(missing.clone())));
}

#[tokio::test]
async fn a_failed_run_stops_what_still_runs() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let choice = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "F"}], "Default": "W"},
        "F": {"Type": "Fail", "Error": "E"}, "W": {"Type": "Wait", "Seconds": 100, "End": true}}});
    let machine = create(&engine, "Spread", &spread(&choice, &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[0, 1, 2]")).await.unwrap().arn;
    let described = ended(&engine, &arn).await;
    assert_eq!(described.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Aborted, 2).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.executions.failed), (MapRunStatus::Failed, 1));
}

#[tokio::test]
async fn an_update_lets_more_children_begin() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "Spread", &spread(&wait(100), &json!({"MaxConcurrency": 1}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    let update = UpdateMapRun {
        max_concurrency: Some(3),
        tolerated_failure_count: Some(1),
        tolerated_failure_percentage: None,
    };
    engine.update_map_run(&run, update).await.unwrap();
    let open = children(&engine, &run, Some(ExecutionStatus::Running)).await;
    assert_eq!(open.len(), 3);
    let limits = engine.describe_map_run(&run).await.unwrap().limits;
    assert_eq!((limits.max_concurrency, limits.tolerated_failure_count), (3, Some(1)));
    // One that is stopped by hand counts as a failure, which is tolerated once.
    engine.stop_execution(&open[0].arn.to_string(), Failure::default()).await.unwrap();
    until(&engine, &run, ExecutionStatus::Aborted, 1).await;
    assert_eq!(engine.executions().describe(&arn).await.unwrap().status, ExecutionStatus::Running);
    engine.stop_execution(&open[1].arn.to_string(), Failure::default()).await.unwrap();
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Failed);
}

#[tokio::test]
async fn children_live_on_when_the_process_ends() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "Spread", &spread(&wait(10), &json!({}))).await;
    let items = format!("[{}]", vec!["7"; 250].join(","));
    let arn = engine.start_execution(start(&machine, "e", &items)).await.unwrap().arn;
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Running, 250).await;
    // Their ends are not told before the process ends again.
    fixture.clock.advance(Duration::from_secs(10));
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    let described = ended(&engine, &arn).await;
    assert_eq!(described.output.unwrap(), items);
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.executions.succeeded), (MapRunStatus::Succeeded, 250));
}

#[tokio::test]
async fn runs_nest_and_repeat() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let mut inner = spread(&pass(), &json!({}));
    inner["StartAt"] = json!("N");
    let map = inner["States"].as_object_mut().unwrap().remove("M").unwrap();
    inner["States"]["N"] = map;
    inner["States"]["N"]["Label"] = json!("Inner");
    let machine = create(&engine, "Spread", &spread(&inner, &json!({}))).await;
    for n in 0..2 {
        let arn =
            engine.start_execution(start(&machine, &format!("e{n}"), "[[1, 2], []]")).await.unwrap().arn;
        let described = ended(&engine, &arn).await;
        assert_eq!(described.output.as_deref(), Some("[[1,2],[]]"));
        let run = run_of(&engine, &arn).await;
        let children = children(&engine, &run, None).await;
        let inner = run_of(&engine, &children[1].arn.to_string()).await;
        assert!(inner.contains(":mapRun:Spread/L/Inner:"), "{inner}");
        assert_eq!(engine.describe_map_run(&inner).await.unwrap().items.succeeded, 2);
    }
    // One machine for all children of one revision.
    let sql = "SELECT COUNT(*) FROM state_machine_revision WHERE processor_of IS NOT NULL";
    let n: Result<_, crate::store::Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await;
    assert_eq!(n.unwrap(), Some(2));
}

/// Fails for 1; works for the rest.
fn mixed() -> Value {
    let mut states = work()["States"].clone();
    states["C"] = json!({"Type": "Choice", "Default": "T", "Choices": [
        {"Variable": "$", "NumericEquals": 1, "Next": "F"}]});
    states["F"] = json!({"Type": "Fail", "Error": "E", "Cause": "c"});
    json!({"StartAt": "C", "States": states})
}

#[tokio::test]
async fn children_are_kept_as_long_as_their_run() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let map = json!({"ToleratedFailureCount": 2});
    let mut processor = mixed();
    processor["States"]["T"].as_object_mut().unwrap().remove("TimeoutSeconds");
    let machine = create(&engine, "Spread", &spread(&processor, &map)).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Failed, 1).await;
    let day = Duration::from_secs(24 * 60 * 60);
    fixture.clock.advance(100 * day);
    assert_eq!(Retention(engine.inner.base.clone()).forget_old().await, Ok(0));
    assert_eq!(children(&engine, &run, None).await.len(), 2);
    engine.stop_execution(&arn, Failure::default()).await.unwrap();
    until(&engine, &run, ExecutionStatus::Aborted, 1).await;
    fixture.clock.advance(100 * day);
    // The engine's own sweep, which the clock has woken too, may have been faster.
    Retention(engine.inner.base.clone()).forget_old().await.unwrap();
    Retention(engine.inner.base.clone()).forget_old().await.unwrap();
    let sql = "SELECT (SELECT COUNT(*) FROM execution) + (SELECT COUNT(*) FROM map_run)
               + (SELECT COUNT(*) FROM journal)";
    let left: Result<_, crate::store::Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await;
    assert_eq!(left.unwrap(), Some(0));
}

#[tokio::test]
async fn a_child_that_is_gone_counts_as_failed() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "Spread", &spread(&wait(10), &json!({"ToleratedFailureCount": 1}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Running, 2).await;
    // A version that kept children no longer than other executions forgot it.
    let forget = |tx: &crate::store::Tx<'_>| {
        tx.execute(
            "DELETE FROM timer WHERE execution = (SELECT id FROM execution WHERE map_index = 0)",
            &[],
        )?;
        tx.execute("DELETE FROM execution WHERE map_index = 0", &[])
    };
    let forgotten: Result<_, crate::store::Error> = store.write(forget).await;
    forgotten.unwrap();
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    fixture.clock.advance(Duration::from_secs(10));
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[2]"));
}

#[tokio::test]
async fn what_an_attempt_asked_for_does_nothing_in_the_next() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "Spread", &spread(&mixed(), &json!({"MaxConcurrency": 2}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Failed);
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Running, 0).await;
    let update = store.read(move |tx| {
        let sql = "SELECT r.execution, r.frame, r.started_event FROM map_run r";
        let row = tx.query_one(sql, &[], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?;
        Ok::<_, crate::store::Error>(row.unwrap())
    });
    let (parent, frame, event) = update.await.unwrap();
    engine.redrive_execution(&arn, None).await.unwrap();
    let key = MapRunKey {
        frame: FrameId::from_u32(u32::try_from(frame).unwrap()),
        started: u64::try_from(event).unwrap(),
    };
    let attempt = |redrive_count| MapRunAttempt { key, redrive_count };
    // The first child fails at once again, and with it the run; the second is stopped.
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Failed);
    until(&engine, &run, ExecutionStatus::Running, 0).await;
    let before = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((before.redrive_count, before.executions.pending_redrive), (1, 0));
    for attempt in [attempt(0), attempt(1)] {
        engine.redrive_child(parent, attempt, 1);
        engine.stop_children(parent, Some(attempt));
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let after = engine.describe_map_run(&run).await.unwrap();
    assert_eq!(after, before);
}
