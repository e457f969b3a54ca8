//! Children of Map Runs that are Express executions.

use std::collections::HashMap;
use std::sync::Mutex;

use super::map_runs::{children, run_of, spread, until};
use super::*;
use crate::engine::machine::MapRunStatus;

fn express(processor: &Value, more: &Value) -> Value {
    let mut definition = spread(processor, more);
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    definition
}

async fn count(store: &Store, sql: &'static str) -> i64 {
    let counted: Result<_, crate::store::Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await;
    counted.unwrap().unwrap()
}

/// Calls fail as often as is said for their input, and then give it back.
#[derive(Default)]
struct Moody {
    failures: Mutex<HashMap<String, usize>>,
    calls: Mutex<Vec<(String, String)>>,
}

impl Moody {
    fn failing(input: &str, times: usize) -> Arc<Self> {
        let moody = Self::default();
        moody.failures.lock().unwrap().insert(input.to_owned(), times);
        Arc::new(moody)
    }
}

impl Tasks for Moody {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let input = call.input.text().to_owned();
        self.calls.lock().unwrap().push((call.execution_arn.to_string(), input.clone()));
        let mut failures = self.failures.lock().unwrap();
        let result = match failures.get_mut(&input) {
            Some(left) if 0 < *left => {
                *left -= 1;
                TaskResult::Failed(Failure::new("Moody", "not now"))
            }
            _ => TaskResult::Succeeded(call.input),
        };
        Box::pin(std::future::ready(result))
    }
}

fn call() -> Value {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:F";
    json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": function, "End": true}}})
}

#[tokio::test]
async fn they_have_rows_but_no_journal() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let names = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Parameters": {
        "in.$": "$", "id.$": "$$.Execution.Id"}}}});
    let machine = create(&engine, "Spread", &express(&names, &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2]")).await.unwrap().arn;
    let described = ended(&engine, &arn).await;
    let run = run_of(&engine, &arn).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.executions.succeeded), (MapRunStatus::Succeeded, 2));
    let listed = children(&engine, &run, None).await;
    let arns: Vec<String> = listed.iter().rev().map(|child| child.arn.to_string()).collect();
    let output: Value = serde_json::from_str(&described.output.unwrap()).unwrap();
    assert_eq!(output, json!([{"in": 1, "id": arns[0]}, {"in": 2, "id": arns[1]}]));
    assert!(arns[0].starts_with("arn:aws:states:us-east-1:123456789012:express:Spread/L:"), "{arns:?}");
    let child = engine.executions().describe(&arns[0]).await.unwrap();
    assert_eq!((child.input.as_str(), child.status), ("1", ExecutionStatus::Succeeded));
    assert_eq!(child.map_run.unwrap().to_string(), run);
    assert_eq!(child.arn.name.len(), 36);
    // Nothing else takes them, as AWS has it.
    let refused = Error::InvalidArn("Resource type not valid in this context: express".to_owned());
    assert_eq!(engine.executions().history(&arns[0], None, false, None).await, Err(refused.clone()));
    assert_eq!(engine.stop_execution(&arns[0], Failure::default()).await, Err(refused.clone()));
    assert_eq!(engine.redrive_execution(&arns[0], None).await, Err(refused.clone()));
    let other = arns[0].replace("Spread/L", "Spread");
    assert_eq!(engine.executions().describe(&other).await, Err(refused));
    let unknown = format!("{}0", arns[0]);
    assert_eq!(
        engine.executions().describe(&unknown).await,
        Err(Error::ExecutionDoesNotExist(unknown.clone()))
    );
    assert_eq!(count(&store, "SELECT COUNT(DISTINCT execution) FROM journal").await, 1);
}

#[tokio::test]
async fn they_end_after_five_minutes() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let map = json!({"ToleratedFailureCount": 1});
    let waits = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": true}}});
    let machine = create(&engine, "Spread", &express(&waits, &map)).await;
    let arn = engine.start_execution(start(&machine, "e", "[299, 301]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Running, 2).await;
    assert_eq!(count(&store, "SELECT COUNT(*) FROM timer").await, 0);
    fixture.clock.advance(Duration::from_secs(299));
    until(&engine, &run, ExecutionStatus::Succeeded, 1).await;
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[299]"));
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.items.succeeded, of.items.timed_out), (1, 1));
}

#[tokio::test]
async fn what_the_last_process_did_not_see_end_runs_again() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "Spread", &express(&wait(10), &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Running, 3).await;
    fixture.clock.advance(Duration::from_secs(9));
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    let described = loop {
        let described = engine.executions().describe(&arn).await.unwrap();
        if described.status != ExecutionStatus::Running {
            break described;
        }
        fixture.clock.advance(Duration::from_secs(1));
    };
    assert_eq!(described.output.as_deref(), Some("[1,2,3]"));
    let ended = children(&engine, &run, Some(ExecutionStatus::Succeeded)).await;
    assert_eq!(ended.len(), 3);
    for child in ended {
        // From its start: nothing is known of how far it was.
        let took = child.stopped.unwrap().since(child.started);
        assert!(Duration::from_secs(19) <= took, "{took:?}");
    }
}

#[tokio::test]
async fn they_stop_with_their_run_also_after_a_crash() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "Spread", &express(&wait(100), &json!({}))).await;
    let mut runs = Vec::new();
    for name in ["e", "f"] {
        let arn = engine.start_execution(start(&machine, name, "[1, 2]")).await.unwrap().arn;
        let run = run_of(&engine, &arn).await;
        until(&engine, &run, ExecutionStatus::Running, 2).await;
        runs.push((arn, run));
    }
    let [(first, first_run), (second, second_run)] = &runs[..] else { panic!("{runs:?}") };
    engine.stop_execution(first, Failure::default()).await.unwrap();
    until(&engine, first_run, ExecutionStatus::Aborted, 2).await;
    // The process ends before anybody is stopped.
    engine.stop_execution(second, Failure::default()).await.unwrap();
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    until(&engine, second_run, ExecutionStatus::Aborted, 2).await;
}

#[tokio::test]
async fn those_that_failed_are_started_again_by_a_redrive() {
    let mut fixture = Fixture::new();
    let moody = Moody::failing("2", 1);
    let (engine, _store) =
        fixture.open_with(crate::store::Options::default(), Options::default(), moody.clone()).await;
    let map = json!({"MaxConcurrency": 1});
    let machine = create(&engine, "Spread", &express(&call(), &map)).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    let run = run_of(&engine, &arn).await;
    let failed = children(&engine, &run, Some(ExecutionStatus::Failed)).await;
    let failed = engine.executions().describe(&failed[0].arn.to_string()).await.unwrap();
    assert_eq!((failed.error.as_deref(), failed.cause.as_deref()), (Some("Moody"), Some("not now")));
    assert_eq!(failed.not_redrivable, Some(NotRedrivable::OfMapRun));
    engine.redrive_execution(&arn, None).await.unwrap();
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[1,2,3]"));
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.executions.succeeded, of.executions.total, of.redrive_count), (3, 3, 1));
    let restarted = engine.executions().describe(&failed.arn.to_string()).await.unwrap();
    assert_eq!((restarted.status, restarted.redrive_count), (ExecutionStatus::Succeeded, 1));
    assert_eq!((restarted.error, restarted.output.as_deref()), (None, Some("2")));
    let calls = moody.calls.lock().unwrap().clone();
    let inputs: Vec<&str> = calls.iter().map(|(_, input)| input.as_str()).collect();
    assert_eq!(inputs, ["1", "2", "2", "3"]);
    assert!(calls.iter().all(|(arn, _)| arn.contains(":express:Spread/L:")), "{calls:?}");
}

#[tokio::test]
async fn those_with_expressions_run_too() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let doubled = json!({"StartAt": "P", "QueryLanguage": "JSONata",
        "States": {"P": {"Type": "Pass", "End": true, "Output": "{% $states.input * 2 %}"}}});
    let mut definition = express(&doubled, &json!({}));
    definition["QueryLanguage"] = json!("JSONata");
    definition["States"]["M"]["ItemProcessor"].as_object_mut().unwrap().remove("QueryLanguage");
    let machine = create(&engine, "Spread", &definition).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2]")).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[2,4]"));
}
