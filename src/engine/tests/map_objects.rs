//! Map Runs whose items come from buckets and whose results go there, over crashes too.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use bytes::Bytes;

use super::map_runs::{children, run_of, spread, until};
use super::*;
use crate::engine::machine::MapRunStatus;

/// Objects in memory, by bucket and key.
#[derive(Default)]
pub(super) struct Buckets(Mutex<BTreeMap<(String, String), Bytes>>);

impl Buckets {
    pub(super) fn with(objects: &[(&str, &str)]) -> Arc<Self> {
        let buckets = Self::default();
        for (key, body) in objects {
            buckets.put(key, body);
        }
        Arc::new(buckets)
    }

    fn put(&self, key: &str, body: &str) {
        self.0.lock().unwrap().insert(("b".to_owned(), key.to_owned()), body.to_owned().into());
    }

    /// A written file, as JSON; a line each if it has lines.
    pub(super) fn json(&self, key: &str) -> Value {
        let objects = self.0.lock().unwrap();
        let body = objects.get(&("b".to_owned(), key.to_owned())).unwrap_or_else(|| panic!("no {key}"));
        serde_json::from_slice(body).unwrap()
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().map(|(_, key)| key.clone()).collect()
    }
}

impl Objects for Buckets {
    fn read(&self, object: ObjectName, range: Range<u64>) -> BoxFuture<'static, Result<ObjectPart, Failure>> {
        let found = self.0.lock().unwrap().get(&(object.bucket, object.key)).cloned();
        Box::pin(std::future::ready(match found {
            None => Err(Failure::new("S3.NoSuchKeyException", "The specified key does not exist.")),
            Some(body) => {
                let place = |at: u64| usize::try_from(at).unwrap().min(body.len());
                let bytes = body.slice(place(range.start)..place(range.end));
                Ok(ObjectPart { bytes, total: body.len() as u64 })
            }
        }))
    }

    fn list(
        &self,
        prefix: ObjectName,
        next: Option<String>,
    ) -> BoxFuture<'static, Result<ObjectListing, Failure>> {
        let after = next.unwrap_or_default();
        let objects = self.0.lock().unwrap();
        let keys = objects.keys().filter(|(_, key)| key.starts_with(&prefix.key) && after < *key);
        let keys: Vec<String> = keys.map(|(_, key)| key.clone()).take(3).collect();
        let listed = |key: &String| ListedObject {
            key: key.clone(),
            etag: None,
            size: Some(1),
            modified: None,
            storage_class: None,
        };
        let next = (keys.len() == 3).then(|| keys[2].clone());
        Box::pin(std::future::ready(Ok(ObjectListing { objects: keys.iter().map(listed).collect(), next })))
    }

    fn write(&self, object: ObjectName, body: Bytes) -> BoxFuture<'static, Result<(), Failure>> {
        let written = match &*object.bucket {
            "b" => {
                self.0.lock().unwrap().insert((object.bucket, object.key), body);
                Ok(())
            }
            _ => Err(Failure::new("S3.NoSuchBucketException", "The specified bucket does not exist")),
        };
        Box::pin(std::future::ready(written))
    }
}

/// Reads an object with this `config`, or lists objects if there is no key.
pub(super) fn reader(key: Option<&str>, config: &Value) -> Value {
    let (action, arguments) = match key {
        Some(key) => ("getObject", json!({"Bucket": "b", "Key": key})),
        None => ("listObjectsV2", json!({"Bucket": "b", "Prefix": "data/"})),
    };
    json!({"ItemReader": {"Resource": format!("arn:aws:states:::s3:{action}"), "ReaderConfig": config,
        "Parameters": arguments}})
}

pub(super) async fn house_with(objects: Arc<Buckets>) -> (Fixture, Engine, Store) {
    let mut fixture = Fixture::new();
    fixture.objects = objects;
    let (engine, store) = fixture.open().await;
    (fixture, engine, store)
}

#[tokio::test]
async fn items_come_from_objects_of_all_kinds() {
    let inventory = json!({"destinationBucket": "arn:aws:s3:::b", "fileFormat": "CSV",
        "fileSchema": "Bucket, Key", "files": [{"key": "i/1.csv"}, {"key": "i/2.csv"}]});
    let objects = Buckets::with(&[
        ("t.csv", "a,b\n1,2\n3,4\n"),
        ("d.json", r#"{"in": [1, {"x": 2}]}"#),
        ("l.jsonl", "1\n[2]\n"),
        ("manifest.json", &inventory.to_string()),
        ("i/1.csv", "\"b\",\"k1\"\n\"b\",\"k2\"\n"),
        ("i/2.csv", "\"b\",\"k3\"\n"),
        ("files.csv", "s3://b/data/1.jsonl\ns3://b/data/3.jsonl\n"),
        ("data/1.jsonl", "1\n2\n"),
        ("data/2.jsonl", "3\n"),
        ("data/3.jsonl", "4\n5\n"),
        ("data/4.jsonl", "6\n"),
    ]);
    let (_house, engine, _store) = house_with(objects).await;
    let csv = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
    let flat = |max| json!({"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": max});
    let listed =
        |key: &str| json!({"Etag": null, "Key": key, "LastModified": null, "Size": 1, "StorageClass": null});
    for (n, (reader, expect)) in [
        (reader(Some("t.csv"), &csv), json!([{"a": "1", "b": "2"}, {"a": "3", "b": "4"}])),
        (reader(Some("d.json"), &json!({"InputType": "JSON", "ItemsPointer": "/in"})), json!([1, {"x": 2}])),
        (reader(Some("l.jsonl"), &json!({"InputType": "JSONL"})), json!([1, [2]])),
        (
            reader(Some("manifest.json"), &json!({"ManifestType": "S3_INVENTORY", "MaxItems": 2})),
            json!([{"Bucket": "b", "Key": "k1"}, {"Bucket": "b", "Key": "k2"}]),
        ),
        (
            reader(Some("files.csv"), &json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"})),
            json!([1, 2, 4, 5]),
        ),
        (reader(None, &flat(0)), json!([1, 2, 3, 4, 5, 6])),
        (reader(None, &flat(4)), json!([1, 2, 3, 4])),
        (reader(None, &json!({"MaxItems": 2})), json!([listed("data/1.jsonl"), listed("data/2.jsonl")])),
    ]
    .into_iter()
    .enumerate()
    {
        let machine = create(&engine, &format!("M{n}"), &spread(&pass(), &reader)).await;
        let arn = engine.start_execution(start(&machine, "e", "{}")).await.unwrap().arn;
        let described = ended(&engine, &arn).await;
        let output = described.output.unwrap_or_else(|| panic!("{reader}: {:?}", described.cause));
        assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), expect, "{reader}");
        let run = run_of(&engine, &arn).await;
        let n_items = engine.describe_map_run(&run).await.unwrap().items.total;
        assert_eq!(n_items, expect.as_array().unwrap().len() as u64);
    }
}

#[tokio::test]
async fn what_can_not_be_read_fails_the_map() {
    let (_house, engine, _store) = house_with(Buckets::with(&[("d", "{}"), ("t", "a,a\n")])).await;
    let json_type = json!({"InputType": "JSON"});
    for (n, (reader, cause)) in [
        (reader(Some("none"), &json_type), "The specified key does not exist."),
        (reader(Some("d"), &json_type), "Attempting to map over non-iterable node."),
        (
            reader(Some("t"), &json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"})),
            "CSV headers cannot contain duplicates.",
        ),
        (
            reader(Some("d"), &json!({"InputType": "JSON", "MaxItemsPath": "$.n"})),
            "field MaxItems must be positive",
        ),
        (
            reader(Some("d"), &json!({"InputType": "PARQUET"})),
            "The object can't be read as Parquet: EOF: Parquet file too small. Size is 2 but need 8",
        ),
        (
            json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": json_type,
                "Parameters": {"Bucket": "b"}}}),
            "The field 'Key' is required but was missing",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let machine = create(&engine, &format!("M{n}"), &spread(&pass(), &reader)).await;
        let arn = engine.start_execution(start(&machine, "e", r#"{"n": -1}"#)).await.unwrap().arn;
        let described = ended(&engine, &arn).await;
        assert_eq!(described.error.as_deref(), Some("States.ItemReaderFailed"));
        assert_eq!(described.cause.as_deref(), Some(cause));
    }
}

/// So many rows as their number, in the store.
async fn count(store: &Store, sql: &'static str) -> i64 {
    let n: Result<_, crate::store::Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await;
    n.unwrap().unwrap()
}

#[tokio::test]
async fn many_items_stand_in_the_store_and_live_on_when_the_process_ends() {
    use std::fmt::Write as _;
    const N: usize = 5_000;
    let mut lines = String::new();
    for n in 0..N {
        writeln!(lines, "{{\"n\": {n}, \"pad\": \"{}\"}}", "x".repeat(60)).unwrap();
    }
    let (mut fixture, engine, store) = house_with(Buckets::with(&[("l", &lines)])).await;
    let mut map = reader(Some("l"), &json!({"InputType": "JSONL"}));
    map["MaxConcurrency"] = json!(2_000);
    map["ItemSelector"] = json!({"i.$": "$$.Map.Item.Index", "n.$": "$$.Map.Item.Value.n"});
    map["ResultWriter"] = json!({"Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "b", "Prefix": "out/"}, "WriterConfig": {"Transformation": "COMPACT"}});
    let machine = create(&engine, "Many", &spread(&wait(10), &map)).await;
    let arn = engine.start_execution(start(&machine, "e", "{}")).await.unwrap().arn;
    let run = run_of(&engine, &arn).await;
    // Somewhere in the middle of reading, and again while children begin.
    while count(&store, "SELECT COUNT(*) FROM map_item").await < 10 {
        tokio::task::yield_now().await;
    }
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    while engine.describe_map_run(&run).await.unwrap().items.running < 500 {
        tokio::task::yield_now().await;
    }
    fixture.close(engine, store).await;
    let (engine, store) = fixture.open().await;
    until_running(&engine, &run, 2_000).await;
    assert_eq!(engine.describe_map_run(&run).await.unwrap().items.total, N as u64);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM map_item").await, 50);
    fixture.clock.advance(Duration::from_secs(10));
    for n_ended in [2_000, 4_000] {
        while engine.describe_map_run(&run).await.unwrap().items.succeeded < n_ended {
            tokio::task::yield_now().await;
        }
        until_running(&engine, &run, 2_000.min(N as u64 - n_ended)).await;
        fixture.clock.advance(Duration::from_secs(10));
    }
    let described = ended(&engine, &arn).await;
    let output: Value = serde_json::from_str(&described.output.unwrap()).unwrap();
    let id = run.rsplit(':').next().unwrap();
    assert_eq!(output["MapRunArn"], run);
    assert_eq!(
        output["ResultWriterDetails"],
        json!({"Bucket": "b", "Key": format!("out/{id}/manifest.json")})
    );
    assert_eq!(count(&store, "SELECT COUNT(*) FROM map_item").await, 0);
    // Each item once, in order.
    let results = house_objects(&fixture, &format!("out/{id}/SUCCEEDED_0.json"));
    let expect: Vec<Value> = (0..N).map(|n| json!({"i": n, "n": n})).collect();
    assert_eq!(results, Value::Array(expect));
}

/// A file that the engine has written.
fn house_objects(fixture: &Fixture, key: &str) -> Value {
    let read = fixture.objects.read(
        ObjectName {
            home: home(),
            acting: None,
            bucket: "b".into(),
            key: key.into(),
            version: None,
            owner: None,
        },
        0..u64::MAX,
    );
    let part = futures_of(read).unwrap();
    serde_json::from_slice(&part.bytes).unwrap()
}

/// What a future that is ready comes to.
fn futures_of<T>(future: BoxFuture<'static, T>) -> T {
    let mut future = future;
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => panic!("not ready"),
    }
}

async fn until_running(engine: &Engine, run: &str, n: u64) {
    while engine.describe_map_run(run).await.unwrap().items.running != n {
        tokio::task::yield_now().await;
    }
}

/// Fails for 1, waits for 2, and gives the rest back.
fn picky() -> Value {
    json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "P", "Choices": [
            {"Variable": "$.n", "NumericEquals": 1, "Next": "F"},
            {"Variable": "$.n", "NumericEquals": 2, "Next": "W"}]},
        "F": {"Type": "Fail", "Error": "E", "Cause": "c"},
        "W": {"Type": "Wait", "Seconds": 100, "Next": "P"},
        "P": {"Type": "Pass", "End": true}}})
}

#[tokio::test]
async fn a_failed_run_has_files_of_all_three_kinds() {
    let objects = Buckets::with(&[]);
    let (_house, engine, _store) = house_with(objects.clone()).await;
    let map = json!({"MaxConcurrency": 2, "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "b"}}});
    let machine = create(&engine, "Picky", &spread(&picky(), &map)).await;
    let input = r#"[{"n": 2}, {"n": 0}, {"n": 1}, {"n": 3}]"#;
    let arn = engine.start_execution(start(&machine, "e", input)).await.unwrap().arn;
    let described = ended(&engine, &arn).await;
    assert_eq!(described.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    let run = run_of(&engine, &arn).await;
    let id = run.rsplit(':').next().unwrap().to_owned();
    let manifest = objects.json(&format!("{id}/manifest.json"));
    assert_eq!((&manifest["DestinationBucket"], &manifest["MapRunArn"]), (&json!("b"), &json!(run)));
    for kind in ["FAILED", "PENDING", "SUCCEEDED"] {
        let [file] = &manifest["ResultFiles"][kind].as_array().unwrap()[..] else { panic!("{manifest}") };
        assert_eq!(file["Key"], format!("{id}/{kind}_0.json"));
        assert!(0 < file["Size"].as_u64().unwrap());
    }
    let succeeded = objects.json(&format!("{id}/SUCCEEDED_0.json"));
    let child = &succeeded[0];
    let machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:Picky/L";
    assert_eq!(child["StateMachineArn"], machine_arn);
    let name = child["Name"].as_str().unwrap();
    assert_eq!(child["ExecutionArn"], format!("{}:{name}", machine_arn.replace("stateMachine", "execution")));
    assert_eq!((&child["Input"], &child["Output"]), (&json!("{\"n\":0}"), &json!("{\"n\":0}")));
    assert_eq!(child["RedriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven");
    let names: Vec<&String> = child.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    let unsuccessful = objects.json(&format!("{id}/FAILED_0.json"));
    let statuses: Vec<&Value> =
        unsuccessful.as_array().unwrap().iter().map(|child| &child["Status"]).collect();
    assert_eq!(statuses, ["FAILED", "ABORTED"]);
    assert_eq!((&unsuccessful[0]["Error"], &unsuccessful[0]["Cause"]), (&json!("E"), &json!("c")));
    let pending = objects.json(&format!("{id}/PENDING_0.json"));
    assert_eq!(
        pending,
        json!([{"Input": "{\"n\":3}", "InputDetails": {"Included": true}, "Status": "PENDING"}])
    );
}

#[tokio::test]
async fn results_that_are_not_exported_are_put_as_is_asked() {
    let (_house, engine, _store) = house_with(Buckets::with(&[])).await;
    for (n, (transformation, expect)) in
        [("COMPACT", json!([[1, 2], 3])), ("FLATTEN", json!([1, 2, 3]))].into_iter().enumerate()
    {
        let map = json!({"ResultWriter": {"WriterConfig": {"Transformation": transformation}}});
        let machine = create(&engine, &format!("M{n}"), &spread(&pass(), &map)).await;
        let arn = engine.start_execution(start(&machine, "e", "[[1, 2], 3]")).await.unwrap().arn;
        let output = ended(&engine, &arn).await.output.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), expect);
    }
    let map = json!({"ResultWriter": {"WriterConfig": {"Transformation": "NONE"}}});
    let machine = create(&engine, "M", &spread(&pass(), &map)).await;
    let arn = engine.start_execution(start(&machine, "e", "[7]")).await.unwrap().arn;
    let output: Value = serde_json::from_str(&ended(&engine, &arn).await.output.unwrap()).unwrap();
    assert_eq!((&output[0]["Output"], &output[0]["Status"]), (&json!("7"), &json!("SUCCEEDED")));
    // As any result, it has the largest size of a payload.
    let long = format!("[{:?}, {:?}]", "x".repeat(130_000), "y".repeat(130_000));
    let arn = engine.start_execution(start(&machine, "long", &long)).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.error.as_deref(), Some("States.DataLimitExceeded"));
}

#[tokio::test]
async fn results_that_can_not_be_written_fail_the_map() {
    let objects = Buckets::with(&[]);
    let (_house, engine, _store) = house_with(objects.clone()).await;
    for (n, (arguments, cause)) in [
        (json!({"Bucket": "c"}), "The specified bucket does not exist"),
        (json!({"Prefix": "p"}), "The field 'Bucket' is required but was missing"),
    ]
    .into_iter()
    .enumerate()
    {
        let map =
            json!({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": arguments}});
        let machine = create(&engine, &format!("M{n}"), &spread(&pass(), &map)).await;
        let arn = engine.start_execution(start(&machine, "e", "[1]")).await.unwrap().arn;
        let described = ended(&engine, &arn).await;
        assert_eq!(described.error.as_deref(), Some("States.ResultWriterFailed"));
        assert_eq!(described.cause.as_deref(), Some(cause));
    }
    assert!(objects.keys().is_empty());
}

#[tokio::test]
async fn a_redriven_run_keeps_what_succeeded_over_a_restart() {
    let (mut fixture, engine, store) = house_with(Buckets::with(&[])).await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let activity = "arn:aws:states:us-east-1:123456789012:activity:Work";
    let machine = create(&engine, "Redriven", &spread(&work(), &json!({"MaxConcurrency": 2}))).await;
    let arn = engine.start_execution(start(&machine, "e", "[1, 2, 3]")).await.unwrap().arn;
    let done = |engine: Engine, fails: bool| async move {
        let task = engine.get_activity_task(activity, None).await.unwrap().unwrap();
        match fails {
            true => engine.send_task_failure(&home(), &task.token, Failure::new("E", "c")).await.unwrap(),
            false => engine.send_task_success(&home(), &task.token, task.input).await.unwrap(),
        }
    };
    done(engine.clone(), false).await;
    done(engine.clone(), true).await;
    let described = ended(&engine, &arn).await;
    assert_eq!((described.status, described.not_redrivable), (ExecutionStatus::Failed, None));
    let run = run_of(&engine, &arn).await;
    until(&engine, &run, ExecutionStatus::Running, 0).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.redrive_count), (MapRunStatus::Failed, 0));
    assert_eq!((of.items.succeeded, of.items.failed, of.items.aborted), (1, 1, 1));

    let at = engine.redrive_execution(&arn, None).await.unwrap();
    fixture.close(engine, store).await;
    let (engine, _store) = fixture.open().await;
    until(&engine, &run, ExecutionStatus::Running, 2).await;
    let of = engine.describe_map_run(&run).await.unwrap();
    assert_eq!((of.status, of.redrive_count, of.redriven), (MapRunStatus::Running, 1, Some(at)));
    assert_eq!((of.items.succeeded, of.items.running, of.items.pending_redrive), (1, 2, 0));
    let filter =
        |is_redriven| ExecutionFilter { is_redriven: Some(is_redriven), ..ExecutionFilter::default() };
    let listed = engine.list_map_run_executions(&run, filter(true)).await.unwrap().items;
    assert!(listed.len() == 2 && listed.iter().all(|child| child.redrive_count == 1), "{listed:?}");
    assert_eq!(engine.list_map_run_executions(&run, filter(false)).await.unwrap().items.len(), 1);
    for _ in 0..2 {
        done(engine.clone(), false).await;
    }
    let described = ended(&engine, &arn).await;
    assert_eq!(described.output.as_deref(), Some("[1,2,3]"));
    assert_eq!(children(&engine, &run, Some(ExecutionStatus::Succeeded)).await.len(), 3);
}
