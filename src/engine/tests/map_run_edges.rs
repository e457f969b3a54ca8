//! Map Runs at their edges: how children end that wait for their turn, stops that race with redrives, pages, metrics.

use std::collections::BTreeMap;
use std::sync::Mutex;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::map_runs::{children, run_of, spread, until};
use super::*;
use crate::engine::machine::MapRunStatus;

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";

/// A Map whose children wait for a worker without an end.
fn working(more: &Value) -> Value {
    let task = json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": WORK, "End": true}}});
    spread(&task, more)
}

/// Gives the next task back as failed.
async fn fail(engine: &Engine) {
    let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
    engine.send_task_failure(&home(), &task.token, Failure::new("E", "c")).await.unwrap();
}

/// How the children stand, in the order of their items.
async fn statuses(engine: &Engine, run: &str) -> Vec<ExecutionStatus> {
    let mut all = children(engine, run, None).await;
    all.reverse();
    all.into_iter().map(|child| child.status).collect()
}

use ExecutionStatus::{Aborted, Failed, PendingRedrive, Running};

#[tokio::test]
async fn children_that_wait_for_their_turn_say_so_and_stay_as_they_had_ended_if_it_does_not_come() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let map = json!({"MaxConcurrency": 1, "ToleratedFailureCount": 2});
    let machine = create(&engine, "Spread", &working(&map)).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3, 4]")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    fail(&engine).await;
    until(&engine, &run, Running, 1).await;
    let second = children(&engine, &run, Some(Running)).await[0].arn.to_string();
    engine.stop_execution(&second, Failure::default()).await.unwrap();
    until(&engine, &run, Running, 1).await;
    // What was given up is no task any more.
    fail(&engine).await;
    assert_eq!(ended(&engine, &arn).await.status, Failed);
    assert_eq!(statuses(&engine, &run).await, [Failed, Aborted, Failed]);

    engine.redrive_execution(&arn, None).await.unwrap();
    until(&engine, &run, Running, 1).await;
    assert_eq!(statuses(&engine, &run).await, [Running, PendingRedrive, PendingRedrive]);
    let counts = engine.describe_map_run(&run).await.unwrap().executions;
    assert_eq!((counts.running, counts.pending_redrive, counts.pending, counts.total), (1, 2, 1, 4));
    assert_eq!((counts.failed, counts.aborted), (0, 0));
    let waiting = children(&engine, &run, Some(PendingRedrive)).await;
    assert_eq!(waiting.len(), 2);
    let described = engine.executions().describe(&waiting[0].arn.to_string()).await.unwrap();
    assert_eq!((described.status, described.not_redrivable), (PendingRedrive, Some(NotRedrivable::Running)));
    // Stopping one that has nothing to stop changes nothing.
    engine.stop_execution(&waiting[0].arn.to_string(), Failure::default()).await.unwrap();
    assert_eq!(statuses(&engine, &run).await, [Running, PendingRedrive, PendingRedrive]);

    // They still wait after a restart, and are what they were once nobody waits for them.
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    assert_eq!(statuses(&engine, &run).await, [Running, PendingRedrive, PendingRedrive]);
    engine.stop_execution(&arn, Failure::default()).await.unwrap();
    until(&engine, &run, Running, 0).await;
    assert_eq!(statuses(&engine, &run).await, [Aborted, Aborted, Failed]);
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!(
        (of.status, of.executions.pending_redrive, of.executions.pending),
        (MapRunStatus::Aborted, 0, 1)
    );

    // And begin again, all three of them and the one that never had, in the next attempt.
    engine.redrive_execution(&arn, None).await.unwrap();
    for _ in 0..4 {
        let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
        engine.send_task_success(&home(), &task.token, task.input).await.unwrap();
    }
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[1,2,3,4]"));
}

#[tokio::test]
async fn a_stop_that_races_with_a_redrive_leaves_a_run_that_agrees_with_its_parent() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "Spread", &working(&json!({"MaxConcurrency": 2}))).await;
    let (mut runs, mut n_stopped) = (Vec::new(), 0);
    for round in 0..24 {
        let name = format!("e{round}");
        let arn = engine.start_execution(start(&machine, &name, "[1, 2, 3]")).await.unwrap().arn;
        let run = run_of(&engine, &arn).await;
        engine.stop_execution(&arn, Failure::default()).await.unwrap();
        let (of, to) = (engine.clone(), arn.clone());
        let redriving = async move { of.redrive_execution(&to, None).await };
        let (of, to) = (engine.clone(), arn.clone());
        let stopping = async move {
            // Each round begins the stop somewhat later.
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            of.stop_execution(&to, Failure::default()).await
        };
        let (redriven, stopped) = tokio::join!(tokio::spawn(redriving), tokio::spawn(stopping));
        redriven.unwrap().unwrap();
        stopped.unwrap().unwrap();
        n_stopped += usize::from(engine.executions().describe(&arn).await.unwrap().status == Aborted);
        runs.push((arn, run));
    }
    assert!(0 < n_stopped && n_stopped < 24, "{n_stopped}: the two never met in another order");
    // What is on its way when the process ends is found by the next one.
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    for (arn, run) in &runs {
        let described = engine.executions().describe(arn).await.unwrap();
        match described.status {
            Aborted => until(&engine, run, Running, 0).await,
            _ => until(&engine, run, Running, 2).await,
        }
        let of = engine.describe_map_run(run).await.unwrap();
        let expect = match described.status {
            Aborted => (MapRunStatus::Aborted, 0),
            _ => (MapRunStatus::Running, 0),
        };
        assert_eq!((of.status, of.executions.pending_redrive), expect, "{arn}");
        assert_eq!((of.redrive_count, described.redrive_count), (1, 1), "{arn}");
        assert_eq!(of.executions.total, 3, "{arn}");
    }
}

#[tokio::test]
async fn lists_of_runs_and_of_their_children_are_cut_into_pages() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    // Every other child fails, and the run with them: it is tried again.
    let processor = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "F", "Choices": [{"Variable": "$", "NumericLessThan": 3, "Next": "S"}]},
        "F": {"Type": "Fail", "Error": "E"}, "S": {"Type": "Succeed"}}});
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 4, "IntervalSeconds": 1}]);
    let more = json!({"Retry": retry, "ToleratedFailureCount": 2, "MaxConcurrency": 1});
    let machine = create(&engine, "Spread", &spread(&processor, &more)).await;
    let arn = engine.start_execution(start(&machine, "e", "[0, 1, 2, 3, 4, 5]")).await.unwrap().arn;
    while engine.executions().describe(&arn).await.unwrap().status == Running {
        fixture.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    let all = engine.list_map_runs(&arn, None, None).await.unwrap().items;
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|two| two[1].started <= two[0].started), "the newest first");
    for size in 1..=6 {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let page = engine.list_map_runs(&arn, Some(size), token.as_deref()).await.unwrap();
            assert!(!page.items.is_empty() && page.items.len() <= size as usize);
            found.extend(page.items);
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, all, "pages of {size}");
    }

    let run = all[0].arn.to_string();
    for (status, n) in
        [(None, 6), (Some(Failed), 3), (Some(ExecutionStatus::Succeeded), 3), (Some(Running), 0)]
    {
        let all = children(&engine, &run, status).await;
        assert_eq!(all.len(), n, "{status:?}");
        for size in 1..=7 {
            let (mut found, mut token) = (Vec::new(), None);
            loop {
                let filter = ExecutionFilter {
                    status,
                    max_results: Some(size),
                    next_token: token,
                    ..Default::default()
                };
                let page = engine.list_map_run_executions(&run, filter).await.unwrap();
                assert!(page.items.len() <= size as usize);
                found.extend(page.items);
                token = page.next_token;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(found, all, "{status:?}, pages of {size}");
        }
    }
    // A token leads on in its own list alone.
    let filter = ExecutionFilter { max_results: Some(2), ..ExecutionFilter::default() };
    let token = engine.list_map_run_executions(&run, filter).await.unwrap().next_token;
    let other = all[1].arn.to_string();
    for (run, status) in [(&other, None), (&run, Some(Failed))] {
        let filter = ExecutionFilter { status, next_token: token.clone(), ..ExecutionFilter::default() };
        assert_eq!(engine.list_map_run_executions(run, filter).await, Err(Error::InvalidToken));
    }
    assert_eq!(engine.list_map_runs(&arn, None, token.as_deref()).await, Err(Error::InvalidToken));
}

/// Keeps counters and gauges by name and labels.
#[derive(Default)]
struct Kept(Arc<Mutex<BTreeMap<String, f64>>>);

struct One(Arc<Mutex<BTreeMap<String, f64>>>, String);

impl One {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut all = self.0.lock().unwrap();
        let value = all.entry(self.1.clone()).or_default();
        *value = change(*value);
    }
}

impl CounterFn for One {
    fn increment(&self, by: u64) {
        self.change(|value| value + by as f64);
    }

    fn absolute(&self, to: u64) {
        self.change(|_| to as f64);
    }
}

impl GaugeFn for One {
    fn increment(&self, by: f64) {
        self.change(|value| value + by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| value - by);
    }

    fn set(&self, to: f64) {
        self.change(|_| to);
    }
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<&str> = key.labels().map(|label| label.value()).collect();
        Arc::new(One(self.0.clone(), format!("{} {}", key.name(), labels.join(" ")).trim_end().to_owned()))
    }

    /// What is counted of Map Runs, but nothing that is zero.
    fn of_map_runs(&self) -> Vec<(String, f64)> {
        let all = self.0.lock().unwrap();
        let of = all.iter().filter(|(name, value)| name.contains("_map_run") && **value != 0.0);
        of.map(|(name, value)| (name.replace("stepgate_map_run", ""), *value)).collect()
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn map_runs_and_their_items_are_counted() {
    let kept = Kept::default();
    let _recording = metrics::set_default_local_recorder(&kept);
    // Counted once it is durable, which others may see earlier.
    let counted = async |expect: &[(&str, f64)]| {
        let expect: Vec<_> = expect.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let is_counted = async {
            while kept.of_map_runs() != expect {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let counted = tokio::time::timeout(Duration::from_secs(10), is_counted).await;
        assert!(counted.is_ok(), "{:?} instead of {expect:?}", kept.of_map_runs());
    };
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let batches = json!({"ItemBatcher": {"MaxItemsPerBatch": 2}, "MaxConcurrency": 1});
    let machine = create(&engine, "Spread", &working(&batches)).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    counted(&[("s_open", 1.0), ("s_started_total", 1.0)]).await;
    // A batch counts with its items.
    fail(&engine).await;
    assert_eq!(ended(&engine, &arn).await.status, Failed);
    counted(&[("_items_ended_total FAILED", 2.0), ("s_ended_total FAILED", 1.0), ("s_started_total", 1.0)])
        .await;

    engine.redrive_execution(&arn, None).await.unwrap();
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, Running, 1).await;
    let open = [
        ("_items_ended_total FAILED", 2.0),
        ("s_ended_total FAILED", 1.0),
        ("s_open", 1.0),
        ("s_redriven_total", 1.0),
        ("s_started_total", 1.0),
    ];
    counted(&open).await;
    // What is open is known after a restart, too.
    fixture.close(engine, store).await;
    kept.0.lock().unwrap().remove("stepgate_map_runs_open");
    let (engine, _store) = fixture.open().await;
    counted(&open).await;
    for _ in 0..2 {
        let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
        engine.send_task_success(&home(), &task.token, "1".to_owned()).await.unwrap();
    }
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("[1,1]"));
    let other = engine.start_execution(start(&machine, "f", "[1]")).await.unwrap().arn;
    engine.stop_execution(&other, Failure::default()).await.unwrap();
    until(&engine, &run_of(&engine, &other).await, Aborted, 1).await;
    counted(&[
        ("_items_ended_total ABORTED", 1.0),
        ("_items_ended_total FAILED", 2.0),
        ("_items_ended_total SUCCEEDED", 3.0),
        ("s_ended_total ABORTED", 1.0),
        ("s_ended_total FAILED", 1.0),
        ("s_ended_total SUCCEEDED", 1.0),
        ("s_redriven_total", 1.0),
        ("s_started_total", 2.0),
    ])
    .await;
}
