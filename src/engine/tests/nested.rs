//! Executions that start others and wait for them, over crashes too.

use super::*;
use crate::clock::Clock;
use crate::engine::HistoryPage;

const MACHINES: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:";
const EXECUTIONS: &str = "arn:aws:states:us-east-1:123456789012:execution:";

/// A machine whose one task starts an execution of `child`.
fn starts(child: &str, suffix: &str, more: &Value) -> Value {
    let mut task = json!({"Type": "Task", "Resource": format!("arn:aws:states:::states:startExecution{suffix}"),
        "Parameters": {"StateMachineArn": format!("{MACHINES}{child}"), "Name": "child", "Input": {"a": 1}}, "End": true});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "T", "States": {"T": task}})
}

async fn history(engine: &Engine, arn: &str) -> HistoryPage {
    engine.executions().history(arn, Some(1000), false, None).await.unwrap()
}

async fn types(engine: &Engine, arn: &str) -> Vec<&'static str> {
    history(engine, arn).await.events.iter().map(|event| event.kind.type_name()).collect()
}

/// Lets the engine's tasks run until the execution has so many events.
async fn grown(engine: &Engine, arn: &str, n: usize) {
    for _ in 0..100_000 {
        if let Ok(page) = engine.executions().history(arn, Some(1000), false, None).await
            && n <= page.events.len()
        {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{arn} does not get to {n} events: {:?}", types(engine, arn).await);
}

/// Lets the engine's tasks run until no link is left.
pub(super) async fn unlinked(store: &Store) {
    for _ in 0..100_000 {
        if n_links(store).await == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("links are left");
}

async fn n_links(store: &Store) -> i64 {
    let sql = "SELECT count(*) FROM nested";
    let n: Result<_, crate::store::Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await;
    n.unwrap().unwrap()
}

async fn run(engine: &Engine, parent: &Value, child: &Value) -> ExecutionDescription {
    create(engine, "Child", child).await;
    let machine = create(engine, "Parent", parent).await;
    let started = engine.start_execution(start(&machine, "p", "{}")).await.unwrap();
    ended(engine, &started.arn).await
}

#[tokio::test]
async fn a_task_starts_an_execution_and_goes_on() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let described = run(&engine, &starts("Child", "", &json!({})), &wait(1_000)).await;
    let output: Value = serde_json::from_str(&described.output.unwrap()).unwrap();
    assert_eq!(output["ExecutionArn"], format!("{EXECUTIONS}Child:child"));
    assert_eq!(output["SdkHttpMetadata"]["HttpHeaders"]["Date"], "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_eq!(output["SdkHttpMetadata"]["AllHttpHeaders"]["connection"], json!(["keep-alive"]));
    let child = engine.executions().describe(&format!("{EXECUTIONS}Child:child")).await.unwrap();
    assert_eq!((child.status, &*child.input), (ExecutionStatus::Running, r#"{"a":1}"#));
    assert_eq!(n_links(&store).await, 0);
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types(&engine, &format!("{EXECUTIONS}Parent:p")).await, expected);
}

#[tokio::test]
async fn a_job_ends_with_its_execution() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let echo = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": [7], "End": true}}});
    let described = run(&engine, &starts("Child", ".sync:2", &json!({})), &echo).await;
    let output: Value = serde_json::from_str(&described.output.unwrap()).unwrap();
    assert_eq!(
        (&output["Status"], &output["Output"], &output["Input"]),
        (&json!("SUCCEEDED"), &json!([7]), &json!({"a": 1}))
    );
    let arn = format!("{EXECUTIONS}Parent:p");
    let expected = ["TaskSubmitted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"];
    assert_eq!(types(&engine, &arn).await[4..], expected);
    unlinked(&store).await;
}

#[tokio::test]
async fn a_job_fails_with_its_execution() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let fails = json!({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 5, "Next": "F"}, "F": {"Type": "Fail", "Error": "E", "Cause": "c"}}});
    create(&engine, "Child", &fails).await;
    let machine = create(&engine, "Parent", &starts("Child", ".sync", &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
    grown(&engine, &arn, 5).await;
    fixture.clock.advance(Duration::from_secs(5));
    let described = ended(&engine, &arn).await;
    assert_eq!(described.error.as_deref(), Some("States.TaskFailed"));
    let cause: Value = serde_json::from_str(&described.cause.unwrap()).unwrap();
    assert_eq!(
        (&cause["Error"], &cause["Cause"], &cause["Status"]),
        (&json!("E"), &json!("c"), &json!("FAILED"))
    );
    unlinked(&store).await;
}

#[tokio::test]
async fn an_execution_that_can_not_be_started_fails_its_task() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let caught = |suffix: &str| {
        let catch =
            json!([{"ErrorEquals": ["StepFunctions.StateMachineDoesNotExistException"], "Next": "Done"}]);
        let mut machine = starts("Nobody", suffix, &json!({"Catch": catch}));
        machine["States"]["Done"] = json!({"Type": "Succeed"});
        machine
    };
    for (name, suffix, event) in [
        ("A", "", "TaskFailed"),
        ("B", ".sync", "TaskSubmitFailed"),
        ("C", ".waitForTaskToken", "TaskSubmitFailed"),
    ] {
        let machine = create(&engine, name, &caught(suffix)).await;
        let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
        assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded, "{suffix}");
        assert_eq!(types(&engine, &arn).await[4], event, "{suffix}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_fails_its_task_and_starts_nothing() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let child = create(&engine, "Child", &wait(1_000)).await;
    engine.start_execution(start(&child, "child", "{}")).await.unwrap();
    let machine = create(&engine, "Parent", &starts("Child", ".sync", &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
    let described = ended(&engine, &arn).await;
    assert_eq!(described.error.as_deref(), Some("StepFunctions.ExecutionAlreadyExistsException"));
    assert_eq!(n_links(&store).await, 0);
}

#[tokio::test]
async fn arguments_that_can_not_be_are_refused_before_the_task() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let parent = starts("Child", "", &json!({"Parameters": {"StateMachineArn": "m", "name": "n"}}));
    let described = run(&engine, &parent, &pass()).await;
    assert_eq!(described.error.as_deref(), Some("States.Runtime"));
    let cause = described.cause.unwrap();
    assert!(cause.ends_with("The Parameters '{\"StateMachineArn\":\"m\",\"name\":\"n\"}' could not be used to start the Task: [The field \"name\" is not supported by Step Functions]"), "{cause}");
    assert_eq!(types(&engine, &format!("{EXECUTIONS}Parent:p")).await.len(), 3);
}

#[tokio::test]
async fn whoever_stops_waiting_stops_the_execution() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    create(&engine, "Child", &wait(1_000)).await;
    let sync = |more: Value| starts("Child", ".sync", &more);
    let branches = json!({"StartAt": "Q", "States": {"Q": {"Type": "Parallel", "End": true, "Branches": [
        starts("Child", ".sync", &json!({"Parameters": {"StateMachineArn": format!("{MACHINES}Child"), "Name": "c3"}})),
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3, "Next": "F"}, "F": {"Type": "Fail"}}}]}}});
    let named = |name: &str| json!({"StateMachineArn": format!("{MACHINES}Child"), "Name": name});
    let stopped = create(&engine, "Stopped", &sync(json!({"Parameters": named("c1")}))).await;
    let late = create(&engine, "Late", &sync(json!({"Parameters": named("c2"), "TimeoutSeconds": 3}))).await;
    let failed = create(&engine, "Failed", &branches).await;
    let mut parents = Vec::new();
    for machine in [&stopped, &late, &failed] {
        parents.push(engine.start_execution(start(machine, "p", "{}")).await.unwrap().arn);
    }
    grown(&engine, &parents[0], 5).await;
    grown(&engine, &parents[1], 5).await;
    grown(&engine, &parents[2], 8).await;
    engine.stop_execution(&parents[0], Failure::default()).await.unwrap();
    fixture.clock.advance(Duration::from_secs(3));
    for (parent, child) in parents.iter().zip(["c1", "c2", "c3"]) {
        ended(&engine, parent).await;
        let child = ended(&engine, &format!("{EXECUTIONS}Child:{child}")).await;
        assert_eq!(child.status, ExecutionStatus::Aborted, "{parent}");
        let why = format!(
            "The Task state in AWS Step Functions execution [{parent}] which was managing this resource was aborted"
        );
        assert_eq!((child.error, child.cause), (None, Some(why)));
    }
    unlinked(&store).await;
}

#[tokio::test]
async fn a_parent_is_told_of_a_child_whose_machine_was_deleted() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let child = create(&engine, "Child", &two_waits()).await;
    let machine = create(&engine, "Parent", &starts("Child", ".sync:2", &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
    grown(&engine, &arn, 5).await;
    engine.state_machines().delete(&child).await.unwrap();
    fixture.clock.advance(Duration::from_secs(60));
    let cause: Value = serde_json::from_str(&ended(&engine, &arn).await.cause.unwrap()).unwrap();
    assert_eq!(cause["Status"], "ABORTED");
    assert_eq!(cause["ExecutionArn"], format!("{EXECUTIONS}Child:child"));
    unlinked(&store).await;
}

#[tokio::test]
async fn a_callback_is_told_by_the_child() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let parameters = json!({"StateMachineArn": format!("{MACHINES}Child"), "Name": "child", "Input": {"token.$": "$$.Task.Token"}});
    create(&engine, "Child", &wait(1_000)).await;
    let machine =
        create(&engine, "Parent", &starts("Child", ".waitForTaskToken", &json!({"Parameters": parameters})))
            .await;
    let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
    grown(&engine, &arn, 5).await;
    let child = engine.executions().describe(&format!("{EXECUTIONS}Child:child")).await.unwrap();
    let input: Value = serde_json::from_str(&child.input).unwrap();
    engine.send_task_success(&home(), input["token"].as_str().unwrap(), "[1]".to_owned()).await.unwrap();
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[1]"));
    assert_eq!(types(&engine, &arn).await[4..6], ["TaskSubmitted", "TaskSucceeded"]);
    assert_eq!(n_links(&store).await, 0);
}

async fn create_express(engine: &Engine, name: &str, definition: &Value) -> String {
    let create = CreateStateMachine {
        encryption: None,
        home: home(),
        name: name.to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        kind: StateMachineType::Express,
        logging: Logging::default(),
        tracing: false,
        tags: Vec::new(),
        publish: None,
    };
    engine.state_machines().create(create).await.unwrap().arn.to_string()
}

#[tokio::test]
async fn an_express_execution_starts_others() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    create(&engine, "Child", &wait(1_000)).await;
    let parent = create_express(&engine, "Parent", &starts("Child", "", &json!({}))).await;
    let run = engine.start_sync_execution(start(&parent, "p", "{}")).await.unwrap();
    let output: Value = serde_json::from_str(run.ending.output.unwrap().text()).unwrap();
    assert_eq!(output["ExecutionArn"], format!("{EXECUTIONS}Child:child"));
    let nobody = create_express(&engine, "Lost", &starts("Nobody", "", &json!({}))).await;
    let run = engine.start_sync_execution(start(&nobody, "p", "{}")).await.unwrap();
    assert_eq!(run.ending.failure.error.as_deref(), Some("StepFunctions.StateMachineDoesNotExistException"));
}

#[tokio::test]
async fn an_express_execution_is_started_but_not_waited_for() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    create_express(&engine, "Child", &pass()).await;
    let started = create(&engine, "Starts", &starts("Child", "", &json!({}))).await;
    let arn = engine.start_execution(start(&started, "p", "{}")).await.unwrap().arn;
    let output: Value = serde_json::from_str(&ended(&engine, &arn).await.output.unwrap()).unwrap();
    assert!(output["ExecutionArn"].as_str().unwrap().contains(":express:Child:child:"), "{output}");
    let waits = create(&engine, "Waits", &starts("Child", ".sync", &json!({}))).await;
    let arn = engine.start_execution(start(&waits, "p", "{}")).await.unwrap().arn;
    let error = ended(&engine, &arn).await.error;
    assert_eq!(error.as_deref(), Some("StepFunctions.StateMachineTypeNotSupportedException"));
}

#[tokio::test]
async fn a_parent_waits_over_a_restart() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    create(&engine, "Child", &wait(5)).await;
    let machine = create(&engine, "Parent", &starts("Child", ".sync", &json!({}))).await;
    let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
    grown(&engine, &arn, 5).await;
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
    unlinked(&store).await;
    assert!(fixture.clock.now() > Timestamp::from_millis(1_700_000_000_000));
}

#[tokio::test]
async fn what_a_crash_left_undone_is_done_when_the_engine_opens() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    create(&engine, "Child", &wait(1_000)).await;
    let sync = starts("Child", ".sync", &json!({}));
    let machine = create(&engine, "Parent", &sync).await;
    let arn = engine.start_execution(start(&machine, "p", "{}")).await.unwrap().arn;
    grown(&engine, &arn, 5).await;
    // As if the process had died right after the child's end was written …
    let child = format!("{EXECUTIONS}Child:child");
    let sql = "UPDATE execution SET status = 1, stopped = started, output = '3' WHERE name = 'child'";
    let done: Result<usize, crate::store::Error> = store.write(move |tx| tx.execute(sql, &[])).await;
    assert_eq!(done, Ok(1));
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
    unlinked(&store).await;
    assert_eq!(engine.executions().describe(&child).await.unwrap().output.as_deref(), Some("3"));

    // … or right after the parent's, which waits for a child no longer.
    let named = json!({"Parameters": {"StateMachineArn": format!("{MACHINES}Child"), "Name": "second"}});
    let other = create(&engine, "Other", &starts("Child", ".sync", &named)).await;
    let arn = engine.start_execution(start(&other, "p", "{}")).await.unwrap().arn;
    grown(&engine, &arn, 5).await;
    let sql = "UPDATE nested SET is_orphan = 1";
    let done: Result<usize, crate::store::Error> = store.write(move |tx| tx.execute(sql, &[])).await;
    assert_eq!(done, Ok(1));
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    let child = ended(&engine, &format!("{EXECUTIONS}Child:second")).await;
    assert_eq!(child.status, ExecutionStatus::Aborted);
    unlinked(&store).await;
}
