//! The trace header of an execution, on its way to what its tasks call.

use std::sync::Mutex;

use super::*;

/// Notes the trace header of each call.
#[derive(Default)]
struct Called(Mutex<Vec<Option<String>>>);

impl Tasks for Called {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        self.0.lock().unwrap().push(call.trace_header.as_deref().map(str::to_owned));
        Box::pin(async { TaskResult::Succeeded(crate::json::Payload::from_value(json!(1))) })
    }
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

fn traced(arn: &str, name: &str) -> StartExecution {
    StartExecution { trace_header: Some(TRACE.to_owned()), ..start(arn, name, "{}") }
}

/// Calls a function, waits a minute, and calls it again.
fn calls() -> Value {
    let call = |next: Value| {
        let mut state =
            json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        state
    };
    json!({"StartAt": "A", "States": {
        "A": call(json!({"Next": "W"})), "W": {"Type": "Wait", "Seconds": 60, "Next": "B"}, "B": call(json!({"End": true}))}})
}

#[tokio::test]
async fn tasks_are_called_within_the_trace_also_in_the_next_life() {
    let mut fixture = Fixture::new();
    let called = Arc::new(Called::default());
    let (engine, store) = fixture.open_with(Default::default(), Options::default(), called.clone()).await;
    let machine = create(&engine, "M", &calls()).await;
    let arn = engine.start_execution(traced(&machine, "e")).await.unwrap().arn;
    // The first task has ended: ExecutionStarted, five events of the task, and the Wait is entered.
    while engine.executions().history(&arn, None, false, None).await.unwrap().events.len() < 7 {
        tokio::task::yield_now().await;
    }
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open_with(Default::default(), Options::default(), called.clone()).await;
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
    assert_eq!(*called.0.lock().unwrap(), [Some(TRACE.to_owned()), Some(TRACE.to_owned())]);
}

#[tokio::test]
async fn nested_executions_and_children_of_map_runs_are_of_the_same_trace() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let inner = create(&engine, "Inner", &pass()).await;
    let nested = |more: Value| {
        let mut parameters = json!({"StateMachineArn": inner, "Name.$": "$$.Execution.Name"});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"StartAt": "T", "States": {"T": {"Type": "Task", "End": true, "Parameters": parameters,
            "Resource": "arn:aws:states:::states:startExecution.sync"}}})
    };
    for (name, more, expect) in
        [("own", json!({}), TRACE), ("named", json!({"TraceHeader": "Root=1"}), "Root=1")]
    {
        let machine = create(&engine, name, &nested(more)).await;
        let arn = engine.start_execution(traced(&machine, name)).await.unwrap().arn;
        assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
        let child = format!("arn:aws:states:us-east-1:123456789012:execution:Inner:{name}");
        let child = engine.executions().describe(&child).await.unwrap();
        assert_eq!(child.trace_header.as_deref(), Some(expect), "{name}");
    }

    let each = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "Label": "Each", "ItemsPath": "$.items",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}});
    let machine = create(&engine, "Map", &each).await;
    let arn = engine
        .start_execution(StartExecution {
            input: Some(r#"{"items": [1]}"#.to_owned()),
            ..traced(&machine, "m")
        })
        .await
        .unwrap()
        .arn;
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
    let run = engine.list_map_runs(&arn, None, None).await.unwrap().items[0].arn.to_string();
    let children = engine.list_map_run_executions(&run, ExecutionFilter::default()).await.unwrap();
    let child = engine.executions().describe(&children.items[0].arn.to_string()).await.unwrap();
    assert_eq!(child.trace_header.as_deref(), Some(TRACE));
}
