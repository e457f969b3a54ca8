//! What must hold whoever hangs up, whatever panics, when the disk is full and over every restart.

use std::future::Future;
use std::sync::Mutex;
use std::task::Poll;

use super::*;
use crate::engine::retention::Retention;
use crate::store;

/// Polls a future once and drops it: a client that hangs up in the middle of its call.
async fn hang_up<F: Future>(future: F) {
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it should have been in the middle");
        Poll::Ready(())
    })
    .await;
}

async fn types(engine: &Engine, arn: &str) -> Vec<&'static str> {
    let page = engine.executions().history(arn, Some(1000), false, None).await.unwrap();
    page.events.iter().map(|event| event.kind.type_name()).collect()
}

fn arn_of(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"))
}

fn after_work(resource: &str, seconds: u64) -> Value {
    json!({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": resource, "Next": "W"},
        "W": {"Type": "Wait", "Seconds": seconds, "End": true}}})
}

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";

#[tokio::test]
async fn a_start_whose_client_hangs_up_goes_on() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &wait(60)).await;
    engine.start_execution(start(&machine, "Warm", "{}")).await.unwrap();
    hang_up(engine.start_execution(start(&machine, "E", "{}"))).await;
    let arn = arn_of(&machine, "E");
    while engine.executions().describe(&arn).await.is_err() {
        tokio::task::yield_now().await;
    }
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn a_result_whose_worker_hangs_up_is_acted_on() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &after_work(WORK, 60)).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
    hang_up(engine.send_task_success(&home(), &task.token, "1".into())).await;
    while !types(&engine, &arn).await.contains(&"WaitStateEntered") {
        tokio::task::yield_now().await;
    }
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_worker_that_hangs_up_takes_no_task_with_it() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &work()).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    hang_up(engine.get_activity_task(WORK, Some("gone".into()))).await;
    let task = engine.get_activity_task(WORK, Some("here".into())).await.unwrap().unwrap();
    engine.send_task_success(&home(), &task.token, "1".into()).await.unwrap();
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
    let started = types(&engine, &arn).await.into_iter().filter(|name| *name == "ActivityStarted");
    assert_eq!(started.count(), 1);
}

#[tokio::test]
async fn a_task_stopped_while_its_worker_was_gone_is_not_handed_out() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &work()).await;
    let stopped = engine.start_execution(start(&machine, "A", "1")).await.unwrap().arn;
    engine.start_execution(start(&machine, "B", "2")).await.unwrap();
    engine.stop_execution(&stopped, Failure::default()).await.unwrap();
    assert_eq!(engine.get_activity_task(WORK, None).await.unwrap().unwrap().input, "2");
}

#[tokio::test]
async fn nothing_is_lost_when_nothing_fits_into_memory() {
    let mut fixture = Fixture::new();
    let options = Options { live_bytes: 0, ..Options::default() };
    let (engine, _store) = fixture.open_with(store::Options::default(), options, Arc::new(NoServices)).await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &after_work(WORK, 5)).await;
    let arns: Vec<String> = {
        let mut arns = Vec::new();
        for n in 0..20 {
            arns.push(engine.start_execution(start(&machine, &format!("E{n}"), "{}")).await.unwrap().arn);
        }
        arns
    };
    for _ in &arns {
        let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
        engine.send_task_heartbeat(&home(), &task.token).await.unwrap();
        engine.send_task_success(&home(), &task.token, "{}".into()).await.unwrap();
    }
    fixture.clock.advance(Duration::from_secs(5));
    for arn in &arns {
        assert_eq!(ended(&engine, arn).await.status, ExecutionStatus::Succeeded);
    }
}

/// A service that keeps what it is asked and answers as told.
#[derive(Default)]
struct Service {
    calls: Mutex<Vec<String>>,
    answer: Option<TaskResult>,
}

impl Service {
    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Tasks for Service {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        self.calls.lock().unwrap().push(call.idempotency_token.to_string());
        match self.answer.clone() {
            Some(answer) => Box::pin(std::future::ready(answer)),
            None => Box::pin(std::future::pending()),
        }
    }
}

#[tokio::test]
async fn an_interrupted_call_is_made_again_as_the_same_attempt() {
    let mut fixture = Fixture::new();
    let silent = Arc::new(Service::default());
    let (engine, store) =
        fixture.open_with(store::Options::default(), Options::default(), silent.clone()).await;
    let machine = create(&engine, "M", &after_work("arn:aws:states:::aws-sdk:sqs:sendMessage", 0)).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    while silent.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let image = crash(&fixture, engine, store);

    let mut fixture = image;
    let answer = Some(TaskResult::Succeeded(json!({"ok": true}).into()));
    let service = Arc::new(Service { answer, ..Service::default() });
    let (engine, _store) =
        fixture.open_with(store::Options::default(), Options::default(), service.clone()).await;
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("{\"ok\":true}"));
    assert_eq!(service.calls(), silent.calls());
}

/// Takes the files as they are and leaves the first life to itself, as a process that was killed.
pub(super) fn crash(fixture: &Fixture, engine: Engine, store: Store) -> Fixture {
    let image = fixture.next();
    std::fs::create_dir_all(&image.dir).unwrap();
    // The marks first: what they say was acknowledged is in what is copied after them.
    for file in ["secrets.key", "stepgate.marks", "stepgate.db", "stepgate.db-wal"] {
        std::fs::copy(fixture.dir.join(file), image.dir.join(file)).unwrap();
    }
    engine.close();
    drop((engine, store));
    image
}

#[tokio::test]
async fn a_job_that_was_submitted_is_not_submitted_again() {
    let mut fixture = Fixture::new();
    let answer = Some(TaskResult::Submitted(json!({"MessageId": "1"}).into()));
    let service = Arc::new(Service { answer, ..Service::default() });
    let (engine, store) =
        fixture.open_with(store::Options::default(), Options::default(), service.clone()).await;
    let machine = create(
        &engine,
        "M",
        &json!({"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
            "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
            "Parameters": {"Token.$": "$$.Task.Token"}}}}),
    )
    .await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    while !types(&engine, &arn).await.contains(&"TaskSubmitted") {
        tokio::task::yield_now().await;
    }
    let token = service.calls()[0].clone();
    fixture.close(engine, store).await;

    let again = Arc::new(Service::default());
    let (engine, _store) =
        fixture.open_with(store::Options::default(), Options::default(), again.clone()).await;
    engine.send_task_success(&home(), &token, "\"done\"".into()).await.unwrap();
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("\"done\""));
    assert_eq!(again.calls(), [""; 0]);
}

struct Panics;

impl Tasks for Panics {
    fn run(&self, _: TaskCall) -> BoxFuture<'static, TaskResult> {
        panic!("a bug in a service")
    }
}

#[tokio::test]
async fn a_call_that_panics_fails_its_task() {
    let mut fixture = Fixture::new();
    let (engine, _store) =
        fixture.open_with(store::Options::default(), Options::default(), Arc::new(Panics)).await;
    let machine = create(&engine, "M", &after_work("arn:aws:states:::aws-sdk:sqs:sendMessage", 0)).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Failed);
}

#[tokio::test]
async fn a_deletion_that_a_crash_cut_short_is_finished() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "M", &two_waits()).await;
    let idle = create(&engine, "Idle", &two_waits()).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    // As DeleteStateMachine leaves it, and as it is when the last execution has just ended.
    let marked: Result<usize, store::Error> =
        store.write(|tx| tx.execute("UPDATE state_machine SET deleting = 1", &[])).await;
    assert_eq!(marked, Ok(2));
    fixture.close(engine, store).await;

    let (engine, _store) = fixture.open().await;
    gone(&engine, &idle).await;
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Aborted);
    gone(&engine, &machine).await;
}

#[tokio::test]
async fn executions_that_ended_long_ago_are_forgotten_and_open_ones_never() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let done = create(&engine, "Done", &pass()).await;
    let open = create(&engine, "Open", &wait(99_999_999)).await;
    let old = engine.start_execution(start(&done, "E", "{}")).await.unwrap().arn;
    let waiting = engine.start_execution(start(&open, "E", "{}")).await.unwrap().arn;
    ended(&engine, &old).await;
    fixture.clock.advance(Duration::from_secs(90 * 86_400));
    assert_eq!(Retention(engine.inner.base.clone()).forget_old().await, Ok(0));
    assert!(engine.executions().describe(&old).await.is_ok(), "on its last day");
    fixture.clock.advance(Duration::from_millis(1));
    let young = engine.start_execution(start(&done, "F", "{}")).await.unwrap().arn;
    // The engine's own sweep, which the clock has woken too, may have been faster.
    Retention(engine.inner.base.clone()).forget_old().await.unwrap();
    assert_eq!(engine.executions().describe(&old).await, Err(Error::ExecutionDoesNotExist(old.clone())));
    assert!(engine.executions().describe(&young).await.is_ok());
    assert_eq!(engine.executions().describe(&waiting).await.unwrap().status, ExecutionStatus::Running);
    assert_eq!(engine.start_execution(start(&done, "E", "[]")).await.unwrap().arn, old);
}

#[tokio::test]
async fn a_full_disk_refuses_starts_and_steps_go_on_when_there_is_space() {
    let mut fixture = Fixture::new();
    let options = store::Options { pages_max: Some(90), ..store::Options::default() };
    let (engine, store) = fixture.open_with(options, Options::default(), Arc::new(NoServices)).await;
    let machine = create(&engine, "M", &wait(5)).await;
    let arn = engine.start_execution(start(&machine, "Before", "{}")).await.unwrap().arn;
    fill(&store).await;
    let large = format!("\"{}\"", "x".repeat(100_000));
    let refused = engine.start_execution(start(&machine, "During", &large)).await;
    assert_eq!(refused, Err(Error::Store(store::Error::DiskFull)));
    let during = arn_of(&machine, "During");
    let nothing = engine.executions().describe(&during).await;
    assert_eq!(nothing, Err(Error::ExecutionDoesNotExist(during)));

    // The wait is over while nothing can be written: it is tried again, and never told before it is true.
    fixture.clock.advance(Duration::from_secs(5));
    let emptied: Result<usize, store::Error> = store.write(|tx| tx.execute("DELETE FROM filler", &[])).await;
    assert!(emptied.is_ok());
    loop {
        fixture.clock.advance(Duration::from_millis(100));
        tokio::task::yield_now().await;
        if engine.executions().describe(&arn).await.unwrap().status == ExecutionStatus::Succeeded {
            break;
        }
    }
    engine.start_execution(start(&machine, "During", &large)).await.unwrap();
}

/// Writes until nothing fits any more.
async fn fill(store: &Store) {
    store.migrate("filler", &["CREATE TABLE filler (x TEXT NOT NULL)"]).unwrap();
    for size in [50_000, 5_000, 500, 50] {
        loop {
            let text = "x".repeat(size);
            let filled: Result<usize, store::Error> = store
                .write(move |tx| {
                    tx.execute("INSERT INTO filler (x) VALUES (?1)", &[store::Param::Text(&text)])
                })
                .await;
            match filled {
                Ok(_) => {}
                Err(store::Error::DiskFull) => break,
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_large_events_is_short_and_leads_on() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(
        &engine,
        "M",
        &json!({"StartAt": "A", "States": {
            "A": {"Type": "Wait", "Seconds": 0, "Next": "B"}, "B": {"Type": "Pass", "Next": "C"},
            "C": {"Type": "Pass", "Next": "D"},
            "D": {"Type": "Choice", "Default": "A",
                  "Choices": [{"Variable": "$", "StringEquals": "stop", "Next": "E"}]},
            "E": {"Type": "Succeed"}}}),
    )
    .await;
    let input = format!("\"{}\"", "x".repeat(200_000));
    let arn = engine.start_execution(start(&machine, "E", &input)).await.unwrap().arn;
    while newest_event(&engine, &arn).await < 50 {
        fixture.clock.advance(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    engine.stop_execution(&arn, Failure::default()).await.unwrap();
    for reverse in [false, true] {
        let (mut ids, mut token, mut pages): (Vec<u64>, Option<String>, usize) = (Vec::new(), None, 0);
        loop {
            let page =
                engine.executions().history(&arn, Some(1000), reverse, token.as_deref()).await.unwrap();
            ids.extend(page.events.iter().map(|event| event.id));
            pages += 1;
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert!(1 < pages);
        if reverse {
            ids.reverse();
        }
        let n = u64::try_from(ids.len()).unwrap();
        assert_eq!(ids, (1..=n).collect::<Vec<_>>());
    }
}

/// How far the execution is, by the id of its newest event.
async fn newest_event(engine: &Engine, arn: &str) -> u64 {
    let page = engine.executions().history(arn, Some(1), true, None).await.unwrap();
    page.events[0].id
}

#[tokio::test]
async fn no_key_is_given_twice_over_restarts_whichever_table_has_it() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "M", &wait(60)).await;
    let version = engine.state_machines().publish_version(&machine, None, Publish::default()).await.unwrap();
    let routing = || vec![(version.arn.to_string(), 100)];
    // The newest row of all is an alias, which no execution follows.
    let first = engine.state_machines().create_alias("first".into(), None, routing()).await.unwrap();
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    let second = engine.state_machines().create_alias("second".into(), None, routing()).await.unwrap();
    let aliases = engine.state_machines().list_aliases(&machine, None, None).await.unwrap();
    let names: Vec<&str> = aliases.items.iter().map(|alias| alias.name.as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_ne!(first.arn, second.arn);
}
