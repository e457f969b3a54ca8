//! Distributed Maps of a running server: items and results in folders and at an S3 endpoint, over a kill.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::server::{DataDir, Server};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const PATIENCE: Duration = Duration::from_secs(120);

/// A Map that reads `s3://in/data.csv`, and writes to `s3://out/results`.
pub(crate) fn spread(kind: &str, processor: &Value, more: &Value) -> Value {
    let mut processor = processor.clone();
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": kind});
    let mut map = json!({
        "Type": "Map", "Label": "L", "End": true, "ItemProcessor": processor,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "SEMICOLON"},
            "Parameters": {"Bucket": "in", "Key": "data.csv"},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "out", "Prefix": "results"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
        },
    });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "M", "States": {"M": map}})
}

pub(crate) fn pass() -> Value {
    json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}})
}

fn create(client: &mut Client, name: &str, definition: &Value) -> String {
    let input = json!({"name": name, "roleArn": ROLE, "definition": definition.to_string()});
    let created = client.states("CreateStateMachine", &input).unwrap().json();
    created["stateMachineArn"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
}

pub(crate) fn begin(client: &mut Client, machine: &str) -> String {
    let started = client.states("StartExecution", &json!({"stateMachineArn": machine})).unwrap().json();
    started["executionArn"].as_str().unwrap().to_owned()
}

#[allow(clippy::disallowed_methods)] // Clients live in real time.
fn now() -> Instant {
    Instant::now()
}

/// What DescribeExecution says once the execution has ended.
pub(crate) fn ended(client: &mut Client, arn: &str) -> Value {
    let begun = now();
    loop {
        let described = client.states("DescribeExecution", &json!({"executionArn": arn})).unwrap().json();
        if described["status"] != "RUNNING" {
            return described;
        }
        assert!(begun.elapsed() < PATIENCE, "{described}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn output(described: &Value) -> Value {
    let output = described["output"].as_str().unwrap_or_else(|| panic!("{described}"));
    serde_json::from_str(output).unwrap()
}

fn map_run(client: &mut Client, execution: &str) -> Value {
    let listed = client.states("ListMapRuns", &json!({"executionArn": execution})).unwrap().json();
    let run = &listed["mapRuns"][0]["mapRunArn"];
    client.states("DescribeMapRun", &json!({"mapRunArn": run})).unwrap().json()
}

/// A server whose buckets are folders.
pub(crate) fn with_folders(test: &str) -> (DataDir, Server, std::path::PathBuf) {
    let dir = DataDir::new(test);
    let root = dir.path().join("buckets");
    for bucket in ["in", "out"] {
        fs::create_dir_all(root.join(bucket)).unwrap();
    }
    let settings = dir.path().join("stepgate.toml");
    fs::write(&settings, format!("[services.s3]\nroot = {:?}\n", root.to_str().unwrap())).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    (dir, server, root)
}

#[test]
fn items_and_results_are_files_of_a_folder() {
    let (_dir, server, root) = with_folders("maps-folder");
    let mut client = Client::new(&server.address);
    fs::write(root.join("in/data.csv"), "id;name\n1;a,b\n2;c\n").unwrap();
    let machine = create(&mut client, "Folder", &spread("STANDARD", &pass(), &json!({})));
    let execution = begin(&mut client, &machine);
    let described = ended(&mut client, &execution);
    let output = output(&described);
    let key = output["ResultWriterDetails"]["Key"].as_str().unwrap();
    assert_eq!(output["ResultWriterDetails"]["Bucket"], "out");
    let read = |key: &str| fs::read_to_string(root.join("out").join(key)).unwrap();
    let manifest: Value = serde_json::from_str(&read(key)).unwrap();
    assert_eq!(manifest["MapRunArn"], output["MapRunArn"]);
    let [file] = &manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap()[..] else { panic!("{manifest}") };
    assert_eq!(
        (&manifest["ResultFiles"]["FAILED"], &manifest["ResultFiles"]["PENDING"]),
        (&json!([]), &json!([]))
    );
    let written = read(file["Key"].as_str().unwrap());
    assert_eq!(written, "{\"id\":\"1\",\"name\":\"a,b\"}\n{\"id\":\"2\",\"name\":\"c\"}\n");
    assert_eq!(file["Size"], written.len());
    let run = map_run(&mut client, &execution);
    assert_eq!((&run["status"], &run["itemCounts"]["resultsWritten"]), (&json!("SUCCEEDED"), &json!(2)));

    // What isn't in the folder, or is only linked to from there, is no object.
    std::os::unix::fs::symlink("/etc/hostname", root.join("in/link")).unwrap();
    for (name, key, why) in [
        ("Missing", "none", "The specified key does not exist."),
        ("Linked", "link", "is behind a link"),
        ("Outside", "../../stepgate.toml", "is no name of a file"),
    ] {
        let mut definition = spread("STANDARD", &pass(), &json!({}));
        definition["States"]["M"]["ItemReader"]["Parameters"]["Key"] = key.into();
        let machine = create(&mut client, name, &definition);
        let execution = begin(&mut client, &machine);
        let described = ended(&mut client, &execution);
        assert_eq!(described["error"], "States.ItemReaderFailed");
        assert!(described["cause"].as_str().unwrap().contains(why), "{described}");
    }
}

#[test]
fn tasks_read_and_write_objects_of_a_folder() {
    let (_dir, server, root) = with_folders("maps-tasks");
    let mut client = Client::new(&server.address);
    let task = |action: &str, arguments: &Value, next: &Value| {
        let mut state = json!({"Type": "Task", "Resource": format!("arn:aws:states:::aws-sdk:s3:{action}"),
            "Parameters": arguments, "ResultPath": format!("$.{action}")});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        state
    };
    let object = json!({"Bucket": "out", "Key": "a/b.json"});
    let mut put = object.clone();
    put["Body"] = json!({"x": [1]});
    let definition = json!({"StartAt": "Put", "States": {
        "Put": task("putObject", &put, &json!({"Next": "Get"})),
        "Get": task("getObject", &object, &json!({"Next": "List"})),
        "List": task("listObjectsV2", &json!({"Bucket": "out", "Prefix": "a/"}), &json!({"End": true})),
    }});
    let machine = create(&mut client, "Tasks", &definition);
    let execution = begin(&mut client, &machine);
    let output = output(&ended(&mut client, &execution));
    assert_eq!(fs::read_to_string(root.join("out/a/b.json")).unwrap(), "{\"x\":[1]}");
    assert_eq!(
        (&output["getObject"]["Body"], &output["getObject"]["ContentLength"]),
        (&json!("{\"x\":[1]}"), &json!(9))
    );
    assert_eq!(output["putObject"]["ETag"], output["getObject"]["ETag"]);
    let listed = &output["listObjectsV2"];
    assert_eq!((&listed["KeyCount"], &listed["Contents"][0]["Key"]), (&json!(1), &json!("a/b.json")));
    assert_eq!(listed["IsTruncated"], false);
}

/// An S3 that keeps what is written, and gives ranges of it.
fn s3(request: &Received) -> Reply {
    static OBJECTS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut objects = OBJECTS.lock().unwrap();
    objects.entry("/in/data.csv".to_owned()).or_insert_with(|| "id;name\n1;a\n2;b\n3;c\n".to_owned());
    if request.method == "PUT" {
        objects.insert(request.target.clone(), request.body.clone());
        return (200, vec![("etag", "\"e\"")], String::new());
    }
    let Some(body) = objects.get(&request.target) else {
        let error =
            "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
        return (404, vec![("content-type", "application/xml")], error.to_owned());
    };
    assert!(request.header("range").starts_with("bytes=0-"));
    (200, vec![("content-type", "text/csv")], body.clone())
}

#[test]
fn items_and_results_are_objects_of_an_endpoint() {
    let storage = Backend::start(s3);
    let dir = DataDir::new("maps-endpoint");
    let settings = dir.path().join("stepgate.toml");
    fs::write(&settings, format!("[services.s3]\nendpoint = \"{}\"\n", storage.url)).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Endpoint", &spread("STANDARD", &pass(), &json!({})));
    let execution = begin(&mut client, &machine);
    let output = output(&ended(&mut client, &execution));
    let key = output["ResultWriterDetails"]["Key"].as_str().unwrap();
    let asked = storage.take();
    assert!(asked.iter().all(|request| request.header("authorization").starts_with("AWS4-HMAC-SHA256 ")));
    let written: Vec<&Received> = asked.iter().filter(|request| request.method == "PUT").collect();
    let [results, manifest] = written[..] else { panic!("{asked:?}") };
    assert_eq!(manifest.target, format!("/out/{key}"));
    assert!(results.target.ends_with("/SUCCEEDED_0.jsonl"), "{}", results.target);
    assert_eq!(results.body.lines().count(), 3);
}

/// The lines of all files of results of a kind.
fn lines(root: &Path, output: &Value) -> Vec<Value> {
    let bucket = root.join("out");
    let key = output["ResultWriterDetails"]["Key"].as_str().unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(bucket.join(key)).unwrap()).unwrap();
    let files = manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap();
    let read = |file: &Value| fs::read_to_string(bucket.join(file["Key"].as_str().unwrap())).unwrap();
    let texts: Vec<String> = files.iter().map(read).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A number from the environment, for runs that are longer than the ordinary one.
fn number(name: &str) -> Option<usize> {
    Some(std::env::var(name).ok()?.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Kills the server while items are read, children run, and results are written; every item is there once in the end.
fn survives_kills(kind: &str) {
    use std::fmt::Write as _;
    let n = number("STEPGATE_MAP_ITEMS").unwrap_or(4_000);
    let n_kills = number("STEPGATE_MAP_KILLS").unwrap_or(3);
    let patience = PATIENCE + Duration::from_millis(n as u64);
    let (dir, mut server, root) = with_folders(&format!("maps-kill-{kind}"));
    let mut table = String::from("id;pad\n");
    for id in 0..n {
        writeln!(table, "{id};{}", "x".repeat(80)).unwrap();
    }
    fs::write(root.join("in/data.csv"), table).unwrap();
    let mut client = Client::new(&server.address);
    let selected = json!({"MaxConcurrency": 500, "ItemSelector": {"id.$": "$$.Map.Item.Value.id"}});
    let machine = create(&mut client, "Killed", &spread(kind, &pass(), &selected));
    let execution = begin(&mut client, &machine);
    let settings = dir.path().join("stepgate.toml");
    // At once, after the first item, on the way, and after the last.
    let on_the_way = (1..=n_kills).map(|kill| n * kill / (n_kills + 1));
    for n_done in [0, 1].into_iter().chain(on_the_way).chain([n]) {
        let begun = now();
        while map_run(&mut client, &execution)["itemCounts"]["succeeded"].as_u64() < Some(n_done as u64) {
            assert!(begun.elapsed() < patience);
            std::thread::sleep(Duration::from_millis(5));
        }
        server.kill();
        server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
        client = Client::new(&server.address);
    }
    let output = output(&ended(&mut client, &execution));
    let expect: Vec<Value> = (0..n).map(|id| json!({"id": id.to_string()})).collect();
    let found = lines(&root, &output);
    assert!(found == expect, "{} of {n}, or in another order", found.len());
    let run = map_run(&mut client, &execution);
    for counted in ["total", "succeeded", "resultsWritten"] {
        assert_eq!(run["itemCounts"][counted], json!(n), "{counted}: {run}");
    }
}

#[test]
fn a_run_survives_kills() {
    survives_kills("STANDARD");
}

#[test]
fn a_run_with_express_children_survives_kills() {
    survives_kills("EXPRESS");
}
