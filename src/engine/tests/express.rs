//! Express executions: kept for a while if asked for, and run at least once.

use std::sync::Mutex;

use super::durability::crash;
use super::*;

async fn express(engine: &Engine, name: &str, definition: &Value, tags: &[(&str, &str)]) -> String {
    let tags = tags.iter().map(|(key, value)| Tag { key: (*key).to_owned(), value: (*value).to_owned() });
    let create = CreateStateMachine {
        encryption: None,
        home: home(),
        name: name.to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        kind: StateMachineType::Express,
        logging: Logging::default(),
        tracing: false,
        tags: tags.collect(),
        publish: None,
    };
    engine.state_machines().create(create).await.unwrap().arn.to_string()
}

const KEPT: &[(&str, &str)] = &[("stepgate:expressHistorySeconds", "60")];

async fn names(engine: &Engine, machine: &str, status: Option<ExecutionStatus>) -> Vec<String> {
    let filter = ExecutionFilter { status, ..ExecutionFilter::default() };
    let page = engine.executions().list(machine, filter).await.unwrap();
    page.items.into_iter().map(|item| item.arn.name.to_string()).collect()
}

#[tokio::test]
async fn an_express_execution_is_kept_for_as_long_as_its_machine_says() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = express(&engine, "M", &wait(5), KEPT).await;
    let arn = engine.start_execution(start(&machine, "E", "{\"a\":1}")).await.unwrap().arn;
    let described = engine.executions().describe(&arn).await.unwrap();
    assert_eq!((described.status, described.input.as_str()), (ExecutionStatus::Running, "{\"a\":1}"));
    fixture.clock.advance(Duration::from_secs(5));
    let described = ended(&engine, &arn).await;
    assert_eq!(
        (described.status, described.output.as_deref()),
        (ExecutionStatus::Succeeded, Some("{\"a\":1}"))
    );
    assert_eq!(described.not_redrivable, Some(NotRedrivable::Express));

    let failing = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}});
    let other = express(&engine, "F", &failing, KEPT).await;
    let failed = engine.start_sync_execution(start(&other, "S", "{}")).await.unwrap().arn;
    let described = engine.executions().describe(&failed).await.unwrap();
    assert_eq!((described.error.as_deref(), described.cause.as_deref()), (Some("E"), Some("c")));
    assert_eq!(names(&engine, &other, Some(ExecutionStatus::Failed)).await, ["S"]);
    assert_eq!(names(&engine, &other, Some(ExecutionStatus::Succeeded)).await, [""; 0]);
    assert_eq!(names(&engine, &machine, None).await, ["E"]);

    let (mut types, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = engine.executions().history(&arn, Some(2), false, token.as_deref()).await.unwrap();
        types.extend(page.events.iter().map(|event| (event.id, event.kind.type_name())));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let want =
        [(1, "ExecutionStarted"), (2, "WaitStateEntered"), (3, "WaitStateExited"), (4, "ExecutionSucceeded")];
    assert_eq!(types, want);
    let newest = engine.executions().history(&arn, Some(1), true, None).await.unwrap();
    assert_eq!(newest.events[0].id, 4);

    fixture.clock.advance(Duration::from_secs(59));
    assert!(engine.executions().describe(&arn).await.is_ok());
    fixture.clock.advance(Duration::from_secs(1));
    let over = engine.executions().describe(&arn).await.unwrap_err().to_string();
    assert_eq!(over, "Invalid Arn: 'Resource type not valid in this context: express'");
    assert_eq!(engine.executions().history(&arn, None, false, None).await.unwrap_err().to_string(), over);
    assert_eq!(names(&engine, &machine, None).await, [""; 0]);
}

#[tokio::test]
async fn without_the_tag_nothing_of_it_is_kept() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = express(&engine, "M", &pass(), &[]).await;
    let arn = engine.start_sync_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    assert!(matches!(engine.executions().describe(&arn).await, Err(Error::InvalidArn(_))));
    let listed = engine.executions().list(&machine, ExecutionFilter::default()).await;
    assert_eq!(listed, Err(Error::StateMachineTypeNotSupported));
    // Whoever asks for it later has what comes from then on.
    let tags = vec![Tag { key: KEPT[0].0.to_owned(), value: KEPT[0].1.to_owned() }];
    engine.tags().add(&machine, tags).await.unwrap();
    engine.start_sync_execution(start(&machine, "F", "{}")).await.unwrap();
    assert_eq!(names(&engine, &machine, None).await, ["F"]);
    for bad in ["0", "604801", "1h"] {
        let tag = Tag { key: KEPT[0].0.to_owned(), value: bad.to_owned() };
        assert!(matches!(engine.tags().add(&machine, vec![tag]).await, Err(Error::InvalidTag(_))), "{bad}");
    }
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = express(&engine, "M", &pass(), KEPT).await;
    // A started event, an entered one, an exited one and a succeeded one, with the start and the end: six times the input.
    let input = json!("x".repeat(200_000)).to_string();
    let n = 80;
    for i in 0..n {
        engine.start_sync_execution(start(&machine, &format!("E{i}"), &input)).await.unwrap();
    }
    let kept = names(&engine, &machine, None).await;
    assert!((40..60).contains(&kept.len()), "{}", kept.len());
    let newest: Vec<String> = (0..n).rev().take(kept.len()).map(|i| format!("E{i}")).collect();
    assert_eq!(kept, newest);
}

#[tokio::test]
async fn express_children_of_a_map_have_a_history_for_a_while_too() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let map = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "Label": "L", "End": true, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}});
    let machine = create(&engine, "M", &map).await;
    let tags = vec![Tag { key: KEPT[0].0.to_owned(), value: KEPT[0].1.to_owned() }];
    engine.tags().add(&machine, tags).await.unwrap();
    let arn = engine.start_execution(start(&machine, "E", "[7]")).await.unwrap().arn;
    ended(&engine, &arn).await;
    let run = engine.list_map_runs(&arn, None, None).await.unwrap().items[0].arn.to_string();
    let children = engine.list_map_run_executions(&run, ExecutionFilter::default()).await.unwrap();
    let child = children.items[0].arn.to_string();
    let page = engine.executions().history(&child, None, false, None).await.unwrap();
    let types: Vec<_> = page.events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
    let described = engine.executions().describe(&child).await.unwrap();
    assert_eq!(described.map_run.unwrap().to_string(), run);
}

/// A service that keeps whom it was called by, and answers if it is told to.
#[derive(Default)]
struct Service {
    calls: Mutex<Vec<(String, String)>>,
    answers: bool,
}

impl Tasks for Service {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let told = (call.execution_arn.to_string(), call.input.text().to_owned());
        self.calls.lock().unwrap().push(told);
        match self.answers {
            true => Box::pin(std::future::ready(TaskResult::Succeeded(call.input))),
            false => Box::pin(std::future::pending()),
        }
    }
}

impl Service {
    async fn called(&self) -> Vec<(String, String)> {
        while self.calls.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        self.calls.lock().unwrap().clone()
    }
}

async fn begun(store: &Store) -> i64 {
    let sql = "SELECT COUNT(*) FROM express_begun";
    let counted: Result<_, crate::store::Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await;
    counted.unwrap().unwrap()
}

#[tokio::test]
async fn an_asynchronous_express_execution_runs_again_after_a_crash_and_a_synchronous_one_does_not() {
    let call = json!({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "End": true}}});
    let mut fixture = Fixture::new();
    let silent = Arc::new(Service::default());
    let store_options = crate::store::Options::default;
    let (engine, store) = fixture.open_with(store_options(), Options::default(), silent.clone()).await;
    let machine = express(&engine, "M", &call, KEPT).await;
    let arn = engine.start_execution(start(&machine, "E", "{\"n\":1}")).await.unwrap().arn;
    let first = silent.called().await;
    assert_eq!(first, [(arn.clone(), "{\"n\":1}".to_owned())]);
    let waiting = engine.clone();
    let sync = start(&machine, "S", "{\"n\":2}");
    let sync = tokio::spawn(async move { waiting.start_sync_execution(sync).await });
    while silent.calls.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    let mut fixture = crash(&fixture, engine, store);
    sync.abort();

    // The same execution, from its input; and what has ended is not run once more.
    let again = Arc::new(Service { answers: true, ..Service::default() });
    let (engine, store) = fixture.open_with(store_options(), Options::default(), again.clone()).await;
    assert_eq!(again.called().await, first);
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("{\"n\":1}"));
    while begun(&store).await != 0 {
        tokio::task::yield_now().await;
    }
    fixture.close(engine, store).await;
    let third = Arc::new(Service { answers: true, ..Service::default() });
    let (engine, _store) = fixture.open_with(store_options(), Options::default(), third.clone()).await;
    let other = engine.start_execution(start(&machine, "Other", "{}")).await.unwrap().arn;
    assert_eq!(third.called().await, [(other, "{}".to_owned())]);
}

/// Nobody sees an execution whose start never was durable.
#[tokio::test]
async fn one_that_could_not_be_started_is_not_kept() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = express(&engine, "M", &pass(), KEPT).await;
    engine.start_execution(start(&machine, "E", "{}")).await.unwrap();
    store.close().await;
    assert!(engine.start_execution(start(&machine, "F", "{}")).await.is_err());
    let of = crate::id::StateMachineArn::parse(&machine).unwrap();
    let kept = engine.inner.express_kept.list(&of, None, i64::MAX, 10, engine.inner.base.now());
    let names: Vec<_> = kept.iter().map(|item| &*item.arn.name).collect();
    assert_eq!(names, ["E"]);
}

#[tokio::test]
async fn memory_is_billed_by_the_data_of_parallel_work() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    // Each iteration has the whole input, and comes to little.
    let each = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": true}}});
    let map = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "End": true,
        "ItemSelector": {"pad.$": "$.pad"}, "ItemProcessor": each}}});
    let machine = express(&engine, "M", &map, &[]).await;
    for (n_items, memory_mb) in [(1, 64), (60, 64), (90, 128)] {
        let input = json!({"items": vec![0; n_items], "pad": "x".repeat(200_000)}).to_string();
        let done = engine.start_sync_execution(start(&machine, "E", &input)).await.unwrap();
        assert_eq!(done.ending.status, ExecutionStatus::Succeeded);
        assert_eq!(done.billing, Billing { duration_ms: 100, memory_mb }, "{n_items}");
    }
}
