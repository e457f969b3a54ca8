//! Random lives: clients and workers do what they do, the process dies at a random commit, and the next one opens
//! the files as they were. `STEPGATE_SEED` repeats a run, `STEPGATE_LIVES` makes it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use super::map_objects::Buckets;
use super::*;
use crate::clock::{Clock, Ids};
use crate::store::{self, Probe};

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";
/// What clients and workers do in one life at the most.
const ACTIONS: usize = 60;

/// What clients were told: true for ever.
#[derive(Clone, Default)]
struct Acknowledged {
    /// Executions that were acknowledged, and when they began.
    started: BTreeMap<String, Timestamp>,
    /// Executions that were seen ended, and how.
    ended: BTreeMap<String, ExecutionStatus>,
    /// Names whose start nobody answered.
    unsure: Vec<String>,
}

/// Takes the files of a dying process.
struct Death {
    from: PathBuf,
    to: PathBuf,
    /// Moments to live.
    left: Mutex<Option<usize>>,
}

impl Death {
    fn probe(self: &Arc<Self>) -> Probe {
        let death = self.clone();
        Probe::new(move |_| {
            let mut left = death.left.lock().unwrap();
            match &mut *left {
                Some(0) => {
                    copy(&death.from, &death.to);
                    *left = None;
                }
                Some(moments) => *moments -= 1,
                None => {}
            }
        })
    }

    fn has_come(&self) -> bool {
        self.left.lock().unwrap().is_none()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    // The marks first: what they say was acknowledged is in what is copied after them.
    for file in ["secrets.key", "stepgate.marks", "stepgate.db", "stepgate.db-wal"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn machines() -> Vec<(&'static str, Value)> {
    let branch = |seconds: u64| {
        json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "Next": "P"},
               "P": {"Type": "Pass", "End": true}}})
    };
    let branches = json!({"StartAt": "F", "States": {
        "F": {"Type": "Parallel", "Branches": [branch(1), branch(7)], "End": true}}});
    let retried = json!({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": WORK, "TimeoutSeconds": 40, "HeartbeatSeconds": 15, "Next": "W",
              "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "W"}]},
        "W": {"Type": "Wait", "Seconds": 3, "End": true}}});
    // The states of branches have names of their own.
    let mut branches_text = branches.to_string();
    branches_text = branches_text.replacen("\"StartAt\":\"W\"", "\"StartAt\":\"W2\"", 1);
    branches_text = branches_text.replacen("\"W\":{", "\"W2\":{", 1);
    branches_text = branches_text.replacen("\"Next\":\"P\"", "\"Next\":\"P2\"", 1);
    branches_text = branches_text.replacen("\"P\":{", "\"P2\":{", 1);
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 2, "Next": "T"},
        "T": {"Type": "Task", "Resource": WORK, "TimeoutSeconds": 20, "End": true}}});
    let mapped = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": inner, "Next": "D",
              "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]},
        "D": {"Type": "Succeed"}}});
    // Whose execution takes longer than the second attempt may, so that some are stopped.
    let nested = json!({"StartAt": "N", "States": {
        "N": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "TimeoutSeconds": 30,
              "Parameters": {"StateMachineArn": machine_arn("Retried"), "Input.$": "$"}, "Next": "D",
              "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]},
        "D": {"Type": "Succeed"}}});
    let callback = json!({"StartAt": "C", "States": {
        "C": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
              "Parameters": {"StateMachineArn": machine_arn("Wait"), "Input": {"token.$": "$$.Task.Token"},
                             "Name.$": "States.Format('{}-called', $$.Execution.Name)"},
              "TimeoutSeconds": 30, "HeartbeatSeconds": 15, "Next": "D",
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]},
        "D": {"Type": "Succeed"}}});
    let spread = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ToleratedFailureCount": 1, "Next": "D",
              "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                  "StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 2, "Next": "T"},
                  "T": {"Type": "Task", "Resource": WORK, "TimeoutSeconds": 20, "End": true}}},
              "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]},
        "D": {"Type": "Succeed"}}});
    // In batches that run in memory, from an object that is too long for the journal, to files.
    let stored = json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "MaxConcurrency": 3, "Label": "L", "End": true,
              "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
                  "Parameters": {"Bucket": "b", "Key": "items.jsonl"}},
              "ItemBatcher": {"MaxItemsPerBatch": 400},
              "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                  "StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 1, "End": true}}},
              "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
                  "Parameters": {"Bucket": "b", "Prefix": "out"}, "WriterConfig": {"Transformation": "COMPACT"}}}}});
    // Children that end in their first step, one with each item: some run in memory, some have journals.
    let short = |kind: &str, name: &str| {
        let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
            "StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
        json!({"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": processor,
               "ResultPath": format!("$.{name}")})
    };
    let mut shorts =
        json!({"StartAt": "E", "States": {"E": short("EXPRESS", "e"), "S": short("STANDARD", "s")}});
    shorts["States"]["E"]["Next"] = json!("S");
    shorts["States"]["S"]["End"] = json!(true);
    vec![
        ("Short", shorts),
        ("Stored", stored),
        ("Spread", spread),
        ("Pass", pass()),
        ("Wait", wait(5)),
        ("Branches", serde_json::from_str(&branches_text).unwrap()),
        ("Retried", retried),
        ("Mapped", mapped),
        ("Nested", nested),
        ("Callback", callback),
    ]
}

fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}")
}

/// All executions of a machine.
async fn list(engine: &Engine, machine: &str, status: Option<ExecutionStatus>) -> Vec<String> {
    let mut arns = Vec::new();
    let mut filter = ExecutionFilter { status, max_results: Some(1000), ..ExecutionFilter::default() };
    loop {
        let page = engine.executions().list(&machine_arn(machine), filter.clone()).await.unwrap();
        arns.extend(page.items.into_iter().map(|item| item.arn.to_string()));
        filter.next_token = page.next_token;
        if filter.next_token.is_none() {
            return arns;
        }
    }
}

/// One of the numbers below `n`.
fn pick(ids: &SeededIds, n: usize) -> usize {
    let mut bytes = [0; 8];
    ids.fill(&mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(n).unwrap()).unwrap()
}

struct World {
    ids: SeededIds,
    told: Acknowledged,
    tokens: Vec<String>,
    n_started: usize,
}

impl World {
    async fn act(&mut self, engine: &Engine, clock: &VirtualClock) {
        match pick(&self.ids, 16) {
            0 | 1 => self.fork(engine).await,
            2 => self.skip(engine).await,
            _ => {}
        }
        match pick(&self.ids, 8) {
            0..=2 => self.start(engine).await,
            3 => {
                let by = u64::try_from(pick(&self.ids, 4_000)).unwrap();
                clock.advance(Duration::from_millis(by));
            }
            4 => self.work(engine).await,
            5 | 6 => self.answer(engine).await,
            _ => self.look(engine).await,
        }
        tokio::task::yield_now().await;
    }

    async fn start(&mut self, engine: &Engine) {
        let all = machines();
        let (machine, _) = &all[pick(&self.ids, all.len())];
        let name = format!("e{}", self.n_started);
        self.n_started += 1;
        let machine = machine_arn(machine);
        let arn = format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"));
        self.told.unsure.push(arn.clone());
        let started = engine.start_execution(start(&machine, &name, "{\"items\": [1, 2, 3]}")).await.unwrap();
        assert_eq!(started.arn, arn);
        self.told.started.insert(arn, started.started);
    }

    /// Forks an execution at the state that it entered last, or at one before.
    async fn fork(&mut self, engine: &Engine) {
        let known: Vec<String> = self.told.started.keys().cloned().collect();
        if known.is_empty() {
            return;
        }
        let old = &known[pick(&self.ids, known.len())];
        let page = engine.executions().history(old, Some(1000), false, None).await.unwrap();
        let entered: Vec<(u64, Arc<str>)> = page
            .events
            .into_iter()
            .filter_map(|event| match event.kind {
                EventKind::StateEntered { name, .. } => Some((event.id, name)),
                _ => None,
            })
            .collect();
        let (event_id, state) = &entered[pick(&self.ids, entered.len())];
        let name = format!("f{}", self.n_started);
        self.n_started += 1;
        let (machine, _) = old.rsplit_once(':').unwrap();
        let arn = format!("{machine}:{name}");
        self.told.unsure.push(arn.clone());
        let fork = ForkExecution {
            execution_arn: old.clone(),
            state: state.to_string(),
            event_id: Some(*event_id),
            name: Some(name),
            input: None,
        };
        match engine.fork_execution(fork).await {
            Ok(started) => {
                assert_eq!(started.arn, arn);
                self.told.started.insert(arn, started.started);
            }
            // What ran beside the state was cut off between two states.
            Err(error) => assert!(matches!(error, Error::NoFork(_)), "{error}"),
        }
    }

    async fn skip(&mut self, engine: &Engine) {
        let known: Vec<String> = self.told.started.keys().cloned().collect();
        if !known.is_empty() {
            let skipped = engine.skip_wait(&known[pick(&self.ids, known.len())], None).await;
            assert!(matches!(skipped, Ok(_) | Err(Error::NoWait(_))), "{skipped:?}");
        }
    }

    /// Takes a task if one is in line.
    async fn work(&mut self, engine: &Engine) {
        // A long poll is not waited for: it is given a few chances to end.
        let polling = tokio::spawn({
            let engine = engine.clone();
            async move { engine.get_activity_task(WORK, None).await }
        });
        for _ in 0..200 {
            if polling.is_finished() {
                break;
            }
            tokio::task::yield_now().await;
        }
        match polling.is_finished() {
            true => self.tokens.extend(polling.await.unwrap().unwrap().map(|task| task.token)),
            // A worker that hangs up, maybe with a task on its way to it.
            false => polling.abort(),
        }
    }

    async fn answer(&mut self, engine: &Engine) {
        if self.tokens.is_empty() {
            return;
        }
        let at = pick(&self.ids, self.tokens.len());
        let token = self.tokens[at].clone();
        let answered = match pick(&self.ids, 3) {
            0 => engine.send_task_heartbeat(&home(), &token).await,
            1 => {
                self.tokens.remove(at);
                engine.send_task_failure(&home(), &token, Failure::new("E", "c")).await
            }
            _ => {
                self.tokens.remove(at);
                engine.send_task_success(&home(), &token, "{\"worked\":true}".into()).await
            }
        };
        assert!(matches!(answered, Ok(()) | Err(Error::TaskTimedOut)), "{answered:?}");
    }

    async fn look(&mut self, engine: &Engine) {
        let known: Vec<String> = self.told.started.keys().cloned().collect();
        if known.is_empty() {
            return;
        }
        let arn = &known[pick(&self.ids, known.len())];
        let described = engine.executions().describe(arn).await.unwrap();
        if arn.contains(":Callback:") {
            // The one who was called has the token in its input.
            let called = format!("{}-called", arn.replace(":Callback:", ":Wait:"));
            if let Ok(called) = engine.executions().describe(&called).await {
                let input: Value = serde_json::from_str(&called.input).unwrap();
                self.tokens.push(input["token"].as_str().unwrap().to_owned());
            }
        }
        if described.status != ExecutionStatus::Running {
            let before = self.told.ended.insert(arn.clone(), described.status);
            assert!(before.is_none_or(|before| before == described.status), "{arn} ended twice");
        }
    }

    /// Lets everything come to its end and holds it to what was told.
    async fn finish(&self, engine: &Engine, store: &Store, clock: &VirtualClock) {
        for arn in &self.told.unsure {
            let mut rounds = 0;
            let described = loop {
                match engine.executions().describe(arn).await {
                    Ok(described) if described.status != ExecutionStatus::Running => break Some(described),
                    Ok(_) => {}
                    Err(error) => {
                        assert_eq!(error, Error::ExecutionDoesNotExist(arn.clone()));
                        break None;
                    }
                }
                // What no worker takes any more times out and is retried.
                clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
                rounds += 1;
                assert!(rounds < 20_000, "{arn} never ends");
            };
            let started = self.told.started.get(arn);
            let Some(described) = described else {
                assert!(started.is_none(), "{arn} was acknowledged and is gone");
                continue;
            };
            if let Some(started) = started {
                assert_eq!(described.started, *started, "{arn}");
            }
            if let Some(status) = self.told.ended.get(arn) {
                assert_eq!(described.status, *status, "{arn}");
            }
            let page = engine.executions().history(arn, Some(1000), false, None).await.unwrap();
            let ids: Vec<u64> = page.events.iter().map(|event| event.id).collect();
            assert_eq!(ids, (1..=u64::try_from(ids.len()).unwrap()).collect::<Vec<_>>(), "{arn}");
            let ends = page.events.iter().filter(|event| {
                matches!(
                    event.kind.type_name(),
                    "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionAborted" | "ExecutionTimedOut"
                )
            });
            assert_eq!(ends.count(), 1, "{arn}");
        }
        check_nested(engine, store, clock).await;
    }
}

/// Nobody is left behind, and every start that a parent knows of is one execution, and the other way round.
async fn check_nested(engine: &Engine, store: &Store, clock: &VirtualClock) {
    for (machine, _) in machines() {
        let mut rounds = 0;
        while !list(engine, machine, Some(ExecutionStatus::Running)).await.is_empty() {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
            rounds += 1;
            assert!(rounds < 20_000, "executions of {machine} never end");
        }
    }
    super::nested::unlinked(store).await;
    check_spread(engine, clock).await;
    check_short(engine).await;
    let mut known = BTreeSet::new();
    for parent in list(engine, "Nested", None).await {
        let page = engine.executions().history(&parent, Some(1000), false, None).await.unwrap();
        for event in page.events {
            if let EventKind::TaskSubmitted { output, .. } = event.kind {
                let child = output.value()["ExecutionArn"].as_str().unwrap().to_owned();
                assert!(known.insert(child), "{parent}: told twice");
            }
        }
    }
    let is_nested = |arn: &String| !arn.contains(":Retried:e") && !arn.contains(":Retried:f");
    let children: BTreeSet<_> = list(engine, "Retried", None).await.into_iter().filter(is_nested).collect();
    assert_eq!(known, children);
    assert!(!known.is_empty(), "no execution started another: the test shows nothing");
}

/// Items of the object that Map Runs read: too many for the journal.
const ITEMS: usize = 3_000;

fn items() -> String {
    (0..ITEMS).map(|id| json!({"id": id, "more": "x".repeat(80)}).to_string() + "\n").collect()
}

/// Each item stands in the files once, in order.
async fn check_stored(engine: &Engine, buckets: &Buckets) {
    let mut n_done = 0;
    for arn in list(engine, "Stored", None).await {
        let described = engine.executions().describe(&arn).await.unwrap();
        assert_eq!(described.status, ExecutionStatus::Succeeded, "{arn}: {described:?}");
        let output: Value = serde_json::from_str(&described.output.unwrap()).unwrap();
        let manifest = buckets.json(output["ResultWriterDetails"]["Key"].as_str().unwrap());
        let files = manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap();
        let batches = files
            .iter()
            .flat_map(|file| buckets.json(file["Key"].as_str().unwrap()).as_array().unwrap().clone());
        let ids = batches
            .flat_map(|batch| batch["Items"].as_array().unwrap().clone())
            .map(|item| item["id"].clone());
        assert!(ids.eq((0..ITEMS).map(|id| json!(id))), "{arn}");
        n_done += 1;
    }
    assert!(0 < n_done, "no execution read items: the test shows nothing");
}

/// Each item has one child that ended well, in its place.
async fn check_short(engine: &Engine) {
    for arn in list(engine, "Short", None).await {
        let described = engine.executions().describe(&arn).await.unwrap();
        let output: Value = serde_json::from_str(&described.output.unwrap()).unwrap();
        // A fork may begin behind the first Map, with what that had come to.
        let expect = json!({"items": [1, 2, 3], "e": [1, 2, 3], "s": [1, 2, 3]});
        assert_eq!((described.status, output), (ExecutionStatus::Succeeded, expect), "{arn}");
        for run in engine.list_map_runs(&arn, None, None).await.unwrap().items {
            let counts = engine.describe_map_run(&run.arn.to_string()).await.unwrap().executions;
            assert_eq!((counts.succeeded, counts.total), (3, 3), "{arn}");
        }
    }
}

/// Children of a Map Run end with it, and each item has one.
async fn check_spread(engine: &Engine, clock: &VirtualClock) {
    let parents = list(engine, "Spread", None).await;
    assert!(!parents.is_empty(), "no execution had a Map Run: the test shows nothing");
    for parent in parents {
        for run in engine.list_map_runs(&parent, None, None).await.unwrap().items {
            let mut rounds = 0;
            let run = loop {
                let run = engine.describe_map_run(&run.arn.to_string()).await.unwrap();
                assert_ne!(run.status, crate::engine::machine::MapRunStatus::Running, "{parent}");
                if run.executions.running == 0 {
                    break run;
                }
                clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
                rounds += 1;
                assert!(rounds < 20_000, "children of {parent} never end");
            };
            assert_eq!((run.items.total, run.items), (3, run.executions), "{parent}");
        }
    }
}

#[tokio::test]
async fn whatever_was_told_stays_true_over_crashes() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("STEPGATE_SEED").unwrap_or(12);
    let lives = number("STEPGATE_LIVES").unwrap_or(12);
    let ids = SeededIds::new(seed);
    let mut world = World { ids, told: Acknowledged::default(), tokens: Vec::new(), n_started: 0 };
    let buckets = Buckets::with(&[("items.jsonl", &items())]);
    let mut fixture = Fixture::new();
    fixture.objects = buckets.clone();
    for life in 0..lives {
        let next = fixture.next();
        let left = Mutex::new((life != 0).then(|| 5 + pick(&world.ids, 80)));
        let death = Arc::new(Death { from: fixture.dir.clone(), to: next.dir.clone(), left });
        // Sometimes nothing stays in memory between two steps.
        let live_bytes = if pick(&world.ids, 2) == 0 { 0 } else { Options::default().live_bytes };
        let options = Options { live_bytes, ..Options::default() };
        let store_options = store::Options { probe: Some(death.probe()), ..store::Options::default() };
        let (engine, store) = fixture.open_with(store_options, options, Arc::new(NoServices)).await;
        if life == 0 {
            engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
            for (name, definition) in machines() {
                create(&engine, name, &definition).await;
            }
            *death.left.lock().unwrap() = Some(5);
        }
        for _ in 0..ACTIONS {
            // What is answered in the very action in which it dies may have been answered after its death.
            let (told, tokens) = (world.told.clone(), world.tokens.clone());
            world.act(&engine, &fixture.clock).await;
            if death.has_come() {
                let unsure = std::mem::take(&mut world.told.unsure);
                world.told = Acknowledged { unsure, ..told };
                world.tokens = tokens;
                break;
            }
        }
        if !death.has_come() {
            fixture.close(engine, store).await;
            copy_closed(&fixture.dir, &next.dir);
        } else {
            engine.close();
            drop((engine, store));
        }
        fixture = next;
    }
    let (engine, store) = fixture.open().await;
    world.finish(&engine, &store, &fixture.clock).await;
    check_stored(&engine, &buckets).await;
    assert!(20 < world.told.started.len(), "hardly anything was started: the test shows nothing");
    assert!(fixture.clock.now() > Timestamp::from_millis(1_700_000_000_000));
}

fn copy_closed(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["secrets.key", "stepgate.marks", "stepgate.db"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}
