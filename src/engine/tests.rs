//! The engine on a real store, with a clock that moves when told to.

mod again;
mod durability;
mod express;
mod express_children;
mod fork;
mod jsonata;
mod logging;
mod map_objects;
mod map_run_edges;
mod map_runs;
mod map_sources;
mod nested;
mod redrive;
mod simulation;
mod traces;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::event::{EventKind, Failure};
use super::execution::ExecutionStatus;
use super::*;
use crate::asl::StateMachineType;
use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{Conflicts, Place, Store};

struct NoServices;

impl Tasks for NoServices {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let failure = Failure::new("Test.NoService", format!("{:?}", call.resource));
        Box::pin(async move { TaskResult::Failed(failure) })
    }
}

/// A data directory with the server's life on it; opened again and again.
pub(super) struct Fixture {
    dir: PathBuf,
    pub(super) clock: Arc<VirtualClock>,
    opened: u64,
    logs: Arc<dyn Logs>,
    objects: Arc<dyn Objects>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-engine-{}-{n}", std::process::id()));
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        Self { dir, clock, opened: 0, logs: Arc::new(NoLogs), objects: Arc::new(NoObjects) }
    }

    /// Another directory, at the same time: for the next life.
    fn next(&self) -> Self {
        let mut next = Self::new();
        next.clock = self.clock.clone();
        next.objects = self.objects.clone();
        // This one is opened before it: no life repeats the ids of another.
        next.opened = self.opened + 1;
        next
    }

    pub(super) async fn open(&mut self) -> (Engine, Store) {
        self.open_with(crate::store::Options::default(), Options::default(), Arc::new(NoServices)).await
    }

    /// In its store each job is run again, by itself and with its group, unless a test has other plans.
    pub(super) async fn open_with(
        &mut self,
        mut store: crate::store::Options,
        options: Options,
        tasks: Arc<dyn Tasks>,
    ) -> (Engine, Store) {
        self.opened += 1;
        store.conflicts.get_or_insert_with(Conflicts::always_once);
        let store = Store::open(&self.dir, store, self.clock.clone()).unwrap();
        let ids = Arc::new(SeededIds::new(self.opened));
        let (clock, logs, objects) = (self.clock.clone(), self.logs.clone(), self.objects.clone());
        let ports = Ports { store: store.clone(), clock, ids, tasks, logs, objects };
        let engine = Engine::open(ports, options).await;
        (engine.unwrap(), store)
    }

    pub(super) async fn close(&self, engine: Engine, store: Store) {
        engine.close();
        store.close().await;
        drop((engine, store));
        // The engine's tasks let go of the store's lock when they are next polled.
        while Store::open(&self.dir, crate::store::Options::default(), self.clock.clone()).is_err() {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub(super) fn home() -> AccountRegion {
    AccountRegion {
        account: AccountId::parse("123456789012").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

async fn create(engine: &Engine, name: &str, definition: &Value) -> String {
    let create = CreateStateMachine {
        encryption: None,
        home: home(),
        name: name.to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        kind: StateMachineType::Standard,
        logging: Logging::default(),
        tracing: false,
        tags: Vec::new(),
        publish: None,
    };
    engine.state_machines().create(create).await.unwrap().arn.to_string()
}

fn start(arn: &str, name: &str, input: &str) -> StartExecution {
    StartExecution {
        state_machine_arn: arn.to_owned(),
        name: Some(name.to_owned()),
        input: Some(input.to_owned()),
        trace_header: None,
    }
}

fn wait(seconds: u64) -> Value {
    json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": true}}})
}

/// Waits a minute in one state, and then in another.
fn two_waits() -> Value {
    json!({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 60, "Next": "X"}, "X": {"Type": "Wait", "Seconds": 60, "End": true}}})
}

/// Waits until a machine is gone whose executions have ended.
async fn gone(engine: &Engine, machine: &str) {
    while engine.state_machines().describe(machine).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let gone = engine.state_machines().describe(machine).await;
    assert_eq!(gone, Err(Error::StateMachineDoesNotExist(machine.to_owned())));
}

fn pass() -> Value {
    json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}})
}

fn work() -> Value {
    let activity = "arn:aws:states:us-east-1:123456789012:activity:Work";
    json!({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 100, "End": true}}})
}

/// Lets the engine's tasks run until the execution has ended.
async fn ended(engine: &Engine, arn: &str) -> ExecutionDescription {
    loop {
        let described = engine.executions().describe(arn).await.unwrap();
        if described.status != ExecutionStatus::Running {
            return described;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_same_start_is_the_same_execution_while_it_is_open() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &wait(60)).await;
    let first = engine.start_execution(start(&machine, "E", "{\"a\": 1}")).await.unwrap();
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(engine.start_execution(start(&machine, "E", "{\"a\": 1}")).await.unwrap(), first);
    let other = engine.start_execution(start(&machine, "E", "{\"a\":1}")).await;
    assert_eq!(other, Err(Error::ExecutionAlreadyExists(first.arn.clone())));
    engine.stop_execution(&first.arn, Failure::new("E", "c")).await.unwrap();
    let closed = engine.start_execution(start(&machine, "E", "{\"a\": 1}")).await;
    assert_eq!(closed, Err(Error::ExecutionAlreadyExists(first.arn.clone())));
    let described = engine.executions().describe(&first.arn).await.unwrap();
    assert_eq!(described.status, ExecutionStatus::Aborted);
    assert_eq!((described.error.as_deref(), described.cause.as_deref()), (Some("E"), Some("c")));
}

#[tokio::test]
async fn a_clock_that_is_set_back_delays_no_wait_and_turns_no_history_round() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &wait(4)).await;
    let before = engine.start_execution(start(&machine, "Before", "{}")).await.unwrap();
    fixture.clock.step(-240_000);
    let after = engine.start_execution(start(&machine, "After", "{}")).await.unwrap();
    // The difference is made up at 15/16 of the pace.
    fixture.clock.advance(Duration::from_millis(4_270));
    for arn in [before.arn, after.arn] {
        let described = ended(&engine, &arn).await;
        assert_eq!(described.status, ExecutionStatus::Succeeded);
        let took = described.stopped.unwrap().since(described.started);
        assert!((4_000..=4_300).contains(&took.as_millis()), "{took:?}");
    }
}

#[tokio::test]
async fn an_execution_that_ends_at_once_is_written_once_and_closed() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &pass()).await;
    let started = engine.start_execution(start(&machine, "E", "[ 1 ]")).await.unwrap();
    let described = engine.executions().describe(&started.arn).await.unwrap();
    assert_eq!(described.status, ExecutionStatus::Succeeded);
    assert_eq!(described.output.as_deref(), Some("[ 1 ]"));
    assert!(described.stopped.is_some());
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &pass()).await;
    let missing = machine.replace(":M", ":Nope");
    for (start, want) in [
        (start(&machine, "a b", "{}"), "Invalid Name: 'a b'"),
        (start(&machine, "E", "not json"), "Invalid State Machine Execution Input: '"),
        (start(&machine, "E", ""), "Invalid execution input."),
        (start("nope", "E", "{}"), "Invalid Arn: 'Invalid ARN prefix: nope'"),
        (start(&missing, "E", "{}"), "State Machine Does Not Exist: '"),
    ] {
        let error = engine.start_execution(start).await.unwrap_err().to_string();
        assert!(error.starts_with(want), "{error}");
    }
    let listed = engine.executions().list(&machine, ExecutionFilter::default()).await.unwrap();
    assert_eq!(listed.items, []);
}

#[tokio::test]
async fn timers_fire_also_after_opening_anew() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let machine = create(&engine, "M", &wait(3_600)).await;
    let far = engine.start_execution(start(&machine, "Far", "{}")).await.unwrap();
    let near_machine = create(&engine, "N", &wait(5)).await;
    let near = engine.start_execution(start(&near_machine, "Near", "{}")).await.unwrap();
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(ended(&engine, &near.arn).await.status, ExecutionStatus::Succeeded);
    fixture.close(engine, store).await;

    let (engine, _store) = fixture.open().await;
    fixture.clock.advance(Duration::from_secs(3_595));
    let described = ended(&engine, &far.arn).await;
    assert_eq!(described.status, ExecutionStatus::Succeeded);
    assert_eq!(described.stopped.unwrap().since(described.started), Duration::from_secs(3_600));
}

#[tokio::test]
async fn a_worker_gets_its_task_and_its_token_outlives_the_process() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let activity = engine.activities().create(home(), "Work", Vec::new()).await.unwrap().arn.to_string();
    let machine = create(&engine, "M", &work()).await;
    let taken = engine.start_execution(start(&machine, "Taken", "{\"n\":1}")).await.unwrap();
    let queued = engine.start_execution(start(&machine, "Queued", "{\"n\":2}")).await.unwrap();
    let task = engine.get_activity_task(&activity, Some("w".into())).await.unwrap().unwrap();
    assert_eq!(task.input, "{\"n\":1}");
    fixture.close(engine, store).await;

    let (engine, _store) = fixture.open().await;
    engine.send_task_heartbeat(&home(), &task.token).await.unwrap();
    engine.send_task_success(&home(), &task.token, "\"done\"".into()).await.unwrap();
    assert_eq!(ended(&engine, &taken.arn).await.output.as_deref(), Some("\"done\""));
    assert_eq!(engine.send_task_success(&home(), &task.token, "1".into()).await, Err(Error::TaskTimedOut));
    let forged = format!("{}x", &task.token[..task.token.len() - 1]);
    assert_eq!(engine.send_task_heartbeat(&home(), &forged).await, Err(Error::InvalidToken));
    assert_eq!(engine.send_task_heartbeat(&home(), "nope").await, Err(Error::InvalidToken));

    let task = engine.get_activity_task(&activity, None).await.unwrap().unwrap();
    engine.send_task_failure(&home(), &task.token, Failure::new("E", "c")).await.unwrap();
    assert_eq!(ended(&engine, &queued.arn).await.error.as_deref(), Some("E"));
}

#[tokio::test]
async fn a_waiting_worker_gets_the_next_task_and_an_idle_one_is_told_so() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let activity = engine.activities().create(home(), "Work", Vec::new()).await.unwrap().arn.to_string();
    let machine = create(&engine, "M", &work()).await;
    let poll =
        |engine: Engine, arn: String| tokio::spawn(async move { engine.get_activity_task(&arn, None).await });
    let waiting = poll(engine.clone(), activity.clone());
    tokio::task::yield_now().await;
    engine.start_execution(start(&machine, "E", "{}")).await.unwrap();
    assert!(waiting.await.unwrap().unwrap().is_some());

    let idle = poll(engine.clone(), activity);
    tokio::task::yield_now().await;
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(idle.await.unwrap(), Ok(None));
}

#[tokio::test]
async fn history_comes_in_pages_both_ways() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(
        &engine,
        "M",
        &json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "W"}, "W": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": {"Type": "Pass", "End": true}}}),
    )
    .await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    fixture.clock.advance(Duration::from_secs(1));
    ended(&engine, &arn).await;
    for reverse in [false, true] {
        for size in 1..=9 {
            let (mut ids, mut token): (Vec<u64>, Option<String>) = (Vec::new(), None);
            loop {
                let page =
                    engine.executions().history(&arn, Some(size), reverse, token.as_deref()).await.unwrap();
                ids.extend(page.events.iter().map(|event| event.id));
                token = page.next_token;
                if token.is_none() {
                    break;
                }
            }
            let mut want: Vec<u64> = (1..=8).collect();
            if reverse {
                want.reverse();
            }
            assert_eq!(ids, want, "pages of {size}, reverse {reverse}");
        }
    }
    let refused = engine.executions().history(&arn, None, false, Some("nope")).await;
    assert_eq!(refused, Err(Error::InvalidToken));
}

#[tokio::test]
async fn listings_are_newest_first_in_pages_and_by_status() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &wait(60)).await;
    for name in ["A", "B", "C"] {
        let arn = engine.start_execution(start(&machine, name, "{}")).await.unwrap().arn;
        if name == "B" {
            engine.stop_execution(&arn, Failure::default()).await.unwrap();
        }
    }
    let filter = |status, token| ExecutionFilter {
        status,
        is_redriven: None,
        max_results: Some(2),
        next_token: token,
    };
    let names =
        |page: &Page<ExecutionItem>| page.items.iter().map(|e| e.arn.name.to_string()).collect::<Vec<_>>();
    let page = engine.executions().list(&machine, filter(None, None)).await.unwrap();
    assert_eq!(names(&page), ["C", "B"]);
    let page = engine.executions().list(&machine, filter(None, page.next_token)).await.unwrap();
    assert_eq!((names(&page), page.next_token), (vec!["A".to_owned()], None));
    let running =
        engine.executions().list(&machine, filter(Some(ExecutionStatus::Running), None)).await.unwrap();
    assert_eq!(names(&running), ["C", "A"]);
}

#[tokio::test]
async fn machines_are_idempotent_by_text_and_change_by_revision() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let arn = create(&engine, "M", &pass()).await;
    let first = engine.state_machines().describe(&arn).await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(create(&engine, "M", &pass()).await, arn);
    assert_eq!(engine.state_machines().describe(&arn).await.unwrap().created, first.created);

    let update = |definition: &Value| UpdateStateMachine {
        encryption: None,
        arn: arn.clone(),
        definition: Some(definition.to_string()),
        role_arn: None,
        logging: None,
        tracing: None,
        publish: None,
    };
    assert_eq!(engine.state_machines().update(update(&pass())).await.unwrap().revision_id, None);
    let running = engine.start_execution(start(&arn, "E", "{}")).await.unwrap().arn;
    let updated = engine.state_machines().update(update(&wait(9))).await.unwrap();
    assert!(updated.revision_id.is_some());
    let used = engine.executions().state_machine(&running).await.unwrap();
    assert_eq!(used.definition, pass().to_string());
    let none = UpdateStateMachine {
        encryption: None,
        arn,
        definition: None,
        role_arn: None,
        logging: None,
        tracing: None,
        publish: None,
    };
    assert_eq!(engine.state_machines().update(none).await, Err(Error::MissingRequiredParameter));
}

#[tokio::test]
async fn an_alias_is_described_as_the_version_that_most_executions_are_of() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machines = engine.state_machines();
    let arn = create(&engine, "M", &pass()).await;
    machines.publish_version(&arn, None, Publish::default()).await.unwrap();
    let update = UpdateStateMachine {
        encryption: None,
        arn: arn.clone(),
        definition: Some(wait(9).to_string()),
        role_arn: None,
        logging: None,
        tracing: None,
        publish: Some(Publish::default()),
    };
    machines.update(update).await.unwrap();
    for (name, weights, version) in
        [("a", [90, 10], 1), ("b", [10, 90], 2), ("c", [50, 50], 1), ("d", [0, 100], 2)]
    {
        let routing = vec![(format!("{arn}:1"), weights[0]), (format!("{arn}:2"), weights[1])];
        let alias = machines.create_alias(name.into(), None, routing).await.unwrap();
        let described = machines.describe(&alias.arn.to_string()).await.unwrap();
        assert_eq!(described.arn.to_string(), format!("{arn}:{version}"));
    }
    let none = machines.describe(&format!("{arn}:none")).await;
    assert!(matches!(none, Err(Error::StateMachineDoesNotExist(_))), "{none:?}");
}

#[tokio::test]
async fn a_deleted_machine_goes_with_its_last_execution_and_frees_its_name() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(&engine, "M", &two_waits()).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    let other = engine.start_execution(start(&machine, "O", "{}")).await.unwrap().arn;
    engine.state_machines().delete(&machine).await.unwrap();
    engine.state_machines().delete(&machine).await.unwrap();
    assert_eq!(
        engine.state_machines().describe(&machine).await.unwrap().status,
        StateMachineStatus::Deleting
    );
    let deleting = Error::StateMachineDeleting(machine.clone());
    assert_eq!(engine.start_execution(start(&machine, "F", "{}")).await, Err(deleting.clone()));
    assert_eq!(engine.executions().describe(&arn).await.unwrap().status, ExecutionStatus::Running);
    engine.stop_execution(&other, Failure::default()).await.unwrap();
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Aborted);
    let page = engine.executions().history(&arn, None, false, None).await.unwrap();
    let types: Vec<&str> = page.events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(types, ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionAborted"]);
    gone(&engine, &machine).await;
    let refused = engine.start_execution(start(&machine, "F", "{}")).await;
    assert_eq!(refused, Err(Error::StateMachineDoesNotExist(machine.clone())));
    assert_eq!(engine.executions().describe(&arn).await.unwrap().status, ExecutionStatus::Aborted);
    assert_eq!(engine.executions().state_machine(&arn).await.unwrap().arn.to_string(), machine);
    assert_eq!(create(&engine, "M", &wait(60)).await, machine);
    assert!(engine.start_execution(start(&machine, "E", "{}")).await.is_ok());
}

#[tokio::test]
async fn a_task_that_no_service_takes_fails_clearly() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(
        &engine,
        "M",
        &json!({"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "End": true}}}),
    )
    .await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.error.as_deref(), Some("Test.NoService"));
    let page = engine.executions().history(&arn, None, false, None).await.unwrap();
    let types: Vec<&str> = page.events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "ExecutionFailed"
        ]
    );
    assert!(matches!(page.events[0].kind, EventKind::ExecutionStarted { .. }));
}

#[tokio::test]
async fn express_machines_answer_and_leave_nothing_behind() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let create = CreateStateMachine {
        encryption: None,
        home: home(),
        name: "X".into(),
        definition: pass().to_string(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        kind: StateMachineType::Express,
        logging: Logging::default(),
        tracing: false,
        tags: Vec::new(),
        publish: None,
    };
    let machine = engine.state_machines().create(create).await.unwrap().arn.to_string();
    let done = engine.start_sync_execution(start(&machine, "E", "{}")).await.unwrap();
    assert_eq!(done.ending.status, ExecutionStatus::Succeeded);
    assert!(done.arn.starts_with("arn:aws:states:us-east-1:123456789012:express:X:E:"));
    let one = engine.start_execution(start(&machine, "E", "{}")).await.unwrap();
    assert_ne!(one.arn, done.arn);
    let refused = engine.executions().list(&machine, ExecutionFilter::default()).await;
    assert_eq!(refused, Err(Error::StateMachineTypeNotSupported));
    let refused = engine.executions().describe(&one.arn).await.unwrap_err().to_string();
    assert_eq!(refused, "Invalid Arn: 'Resource type not valid in this context: express'");
}

#[tokio::test]
async fn tags_are_kept_in_order_and_bounded() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let arn = create(&engine, "M", &pass()).await;
    let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
    engine.tags().add(&arn, vec![tag("b", "1"), tag("a", "2")]).await.unwrap();
    engine.tags().add(&arn, vec![tag("b", "3")]).await.unwrap();
    assert_eq!(engine.tags().list(&arn).await.unwrap(), [tag("b", "3"), tag("a", "2")]);
    engine.tags().remove(&arn, vec!["b".into(), "nope".into()]).await.unwrap();
    assert_eq!(engine.tags().list(&arn).await.unwrap(), [tag("a", "2")]);
    let many: Vec<Tag> = (0..50).map(|n| tag(&format!("k{n}"), "")).collect();
    assert_eq!(engine.tags().add(&arn, many).await, Err(Error::TooManyTags));
    assert_eq!(engine.tags().list(&arn).await.unwrap().len(), 1);
}
