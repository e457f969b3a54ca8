//! Event source mappings of streams and of queues with filters, at a small stand-in of their services.

use std::fs;

use serde_json::{Value, json};

use crate::client::Client;
use crate::functions_support::{done, lambda, make};
use crate::land::Land;
use crate::server::{DataDir, Server};

const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2024-01-01T00:00:00.000";

fn start(dir: &DataDir, land: &Land) -> Server {
    let path = dir.path().join("stepgate.toml");
    let services = ["sqs", "kinesis", "dynamodb"].map(|name| {
        let url = &land.backend.url;
        format!("[services.{name}]\nendpoint = \"{url}\"\naccess_key_id = \"k\"\nsecret_access_key = \"s\"\n")
    });
    fs::write(&path, format!("{}[deploy]\ntutorial = false\n", services.concat())).unwrap();
    Server::start(dir, &["--config", path.to_str().unwrap()])
}

/// A function that keeps what it is given, one event a line, and fails with what it is told to.
fn handler(dir: &DataDir, client: &mut Client, name: &str) {
    let record = dir.path().join(name);
    let source = format!(
        r#"
import base64, json
def handler(event, context):
    records = event['Records']
    if 'kinesis' in records[0]:
        seen = [base64.b64decode(r['kinesis']['data']).decode() for r in records]
        ids = [r['kinesis']['sequenceNumber'] for r in records]
    elif 'dynamodb' in records[0]:
        seen = [[r['eventName'], r['dynamodb']['Keys']['id']['S']] for r in records]
        ids = [r['dynamodb']['SequenceNumber'] for r in records]
    else:
        seen = [r['body'] for r in records]
        ids = [r['messageId'] for r in records]
    with open({record:?}, 'a') as file:
        file.write(json.dumps(seen) + '\n')
    if 'worst' in seen:
        raise ValueError('no')
    return {{'batchItemFailures': [{{'itemIdentifier': id}} for id, text in zip(ids, seen) if text == 'bad']}}
"#
    );
    make(client, name, "python3.12", "app.handler", &[("app.py", &source)]);
}

/// The events that a function was given.
fn handled(dir: &DataDir, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect()
}

fn wait_for(what: impl Fn() -> String, condition: impl Fn() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{}", what());
}

/// Waits until the function was given exactly this.
fn until(dir: &DataDir, name: &str, want: &Value) {
    wait_for(|| format!("{:?}, not {want}", handled(dir, name)), || json!(handled(dir, name)) == *want);
}

fn map(client: &mut Client, function: &str, source: &str, more: &Value) -> Value {
    let mut input = json!({ "FunctionName": function, "EventSourceArn": source });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    done(client, "POST", MAPPINGS, &input)
}

fn records(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| json!(text)).collect()
}

#[test]
fn records_of_a_stream_are_handled_in_their_order_and_once_over_restarts() {
    let (land, dir) = (Land::new(false), DataDir::new("source-kinesis"));
    let mut server = start(&dir, &land);
    let mut client = Client::new(&server.address);
    handler(&dir, &mut client, "f");
    land.put(STREAM, "first", &records(&["1", "2", "3"]));
    let made = map(
        &mut client,
        "f",
        STREAM,
        &json!({"StartingPosition": "TRIM_HORIZON", "BatchSize": 2, "MaximumRetryAttempts": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"], "DestinationConfig": {"OnFailure": {
                "Destination": "arn:aws:sqs:us-east-1:000000000000:lost"}}}),
    );
    assert_eq!(
        (&made["StartingPosition"], &made["MaximumRetryAttempts"], &made["MaximumRecordAgeInSeconds"]),
        (&json!("TRIM_HORIZON"), &json!(1), &json!(-1)),
        "{made}"
    );
    until(&dir, "f", &json!([["1", "2"], ["3"]]));
    // What the function says it has not handled is tried once more, and then left out.
    land.put(STREAM, "first", &records(&["4", "bad", "6"]));
    until(&dir, "f", &json!([["1", "2"], ["3"], ["4", "bad"], ["bad"], ["6"]]));
    let lost = || {
        let all = land.backend.take();
        all.into_iter().find(|request| request.header("x-amz-target") == "AmazonSQS.SendMessage")
    };
    let told: Value = serde_json::from_str(&lost().expect("somebody is told").body).unwrap();
    let told: Value = serde_json::from_str(told["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(told["requestContext"]["condition"], "RetryAttemptsExhausted", "{told}");
    let info = &told["KinesisBatchInfo"];
    assert_eq!(
        (&info["shardId"], &info["startSequenceNumber"], &info["batchSize"], &info["streamArn"]),
        (&json!("first"), &json!("00005"), &json!(1), &json!(STREAM)),
        "{told}"
    );

    // How far it was read outlives the server, once it reads on, and a shard's child begins when it is at its end.
    let reads_on = || {
        let all = land.backend.take();
        all.iter().any(|it| it.header("x-amz-target").ends_with("GetRecords") && it.body.contains("|first|6"))
    };
    wait_for(|| "it does not read on".to_owned(), reads_on);
    server.kill();
    land.change_shard(STREAM, "second", |shard| shard.parent = Some("first"));
    land.put(STREAM, "second", &records(&["8"]));
    land.put(STREAM, "first", &records(&["7"]));
    let server = start(&dir, &land);
    until(&dir, "f", &json!([["1", "2"], ["3"], ["4", "bad"], ["bad"], ["6"], ["7"]]));
    land.change_shard(STREAM, "first", |shard| shard.is_closed = true);
    until(&dir, "f", &json!([["1", "2"], ["3"], ["4", "bad"], ["bad"], ["6"], ["7"], ["8"]]));

    let mut client = Client::new(&server.address);
    let id = made["UUID"].as_str().unwrap();
    let shown = done(&mut client, "GET", &format!("{MAPPINGS}/{id}"), &Value::Null);
    assert_eq!(shown["LastProcessingResult"], "OK", "{shown}");
    done(&mut client, "DELETE", &format!("{MAPPINGS}/{id}"), &Value::Null);
}

#[test]
fn a_batch_that_fails_is_tried_in_halves() {
    let (land, dir) = (Land::new(false), DataDir::new("source-halves"));
    let server = start(&dir, &land);
    let mut client = Client::new(&server.address);
    handler(&dir, &mut client, "f");
    land.put(STREAM, "s", &records(&["old"]));
    map(
        &mut client,
        "f",
        STREAM,
        &json!({"StartingPosition": "LATEST", "MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": true}),
    );
    // It begins with what comes then.
    let began = || land.things.lock().unwrap().shards[STREAM][0].asked.len();
    wait_for(|| "nobody reads".to_owned(), || 0 < began());
    land.put(STREAM, "s", &records(&["1", "2", "worst", "4"]));
    until(&dir, "f", &json!([["1", "2", "worst", "4"], ["1", "2"], ["worst", "4"], ["worst"], ["4"]]));
}

/// A record of a key that came at a time, in seconds.
fn record(key: &str, text: &str, at: f64) -> Value {
    json!({"Data": text, "PartitionKey": key, "ApproximateArrivalTimestamp": at})
}

#[test]
fn batches_of_a_shard_are_handled_at_one_time_but_those_of_a_key() {
    let (land, dir) = (Land::new(false), DataDir::new("source-parallel"));
    let mut server = start(&dir, &land);
    let mut client = Client::new(&server.address);
    let record_of = dir.path().join("f");
    // The first record is not handled before one of those that come after it.
    let source = format!(
        r#"
import base64, json, os, time
def handler(event, context):
    seen = [base64.b64decode(r['kinesis']['data']).decode() for r in event['Records']]
    while seen == ['waits'] and not os.path.exists({record_of:?}):
        time.sleep(0.02)
    with open({record_of:?}, 'a') as file:
        file.write(json.dumps(seen) + '\n')
"#
    );
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", &source)]);
    let mut all = vec![record("k0", "waits", 1.0), record("k0", "follows", 1.0)];
    all.extend((1..12).map(|n| record(&format!("k{n}"), &n.to_string(), 1.0)));
    land.put(STREAM, "s", &all);
    let made = map(
        &mut client,
        "f",
        STREAM,
        &json!({"StartingPosition": "TRIM_HORIZON", "BatchSize": 1, "ParallelizationFactor": 4}),
    );
    assert_eq!(made["ParallelizationFactor"], 4, "{made}");
    let seen = || {
        let all = texts(&handled(&dir, "f"));
        (all.iter().position(|it| it == "waits"), all.iter().position(|it| it == "follows"), all.len())
    };
    let waits = |n: usize| wait_for(|| format!("{:?}", handled(&dir, "f")), || n <= seen().2);
    waits(13);
    let (first, second, _) = seen();
    assert!(first > Some(0) && first < second, "{:?}", handled(&dir, "f"));
    // What was handled is not handled again.
    let id = made["UUID"].as_str().unwrap().to_owned();
    let reads_on = || {
        let all = land.backend.take();
        all.iter().any(|it| it.header("x-amz-target").ends_with("GetRecords") && it.body.contains("|s|13"))
    };
    wait_for(|| "it does not read on".to_owned(), reads_on);
    server.kill();
    land.put(STREAM, "s", &[record("k", "last", 1.0)]);
    let server = start(&dir, &land);
    waits(14);
    assert_eq!(texts(&handled(&dir, "f")).last().map(String::as_str), Some("last"));
    done(&mut Client::new(&server.address), "DELETE", &format!("{MAPPINGS}/{id}"), &Value::Null);
}

/// The texts of all events, one after the other.
fn texts(events: &[Value]) -> Vec<String> {
    let texts = events.iter().filter_map(Value::as_array).flatten();
    texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_window_is_handed_on_with_what_the_function_has_made_of_it() {
    let (land, dir) = (Land::new(false), DataDir::new("source-window"));
    let mut server = start(&dir, &land);
    let mut client = Client::new(&server.address);
    let record_of = dir.path().join("f");
    let source = format!(
        r#"
import base64, json
def handler(event, context):
    seen = [base64.b64decode(r['kinesis']['data']).decode() for r in event['Records']]
    with open({record_of:?}, 'a') as file:
        file.write(json.dumps([event['window']['start'], seen, event['state'], event['isFinalInvokeForWindow']]) + '\n')
    return {{'state': {{'n': event['state'].get('n', 0) + len(seen)}}}}
"#
    );
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", &source)]);
    land.put(STREAM, "s", &[record("a", "1", 100.0), record("b", "2", 110.0), record("c", "3", 130.0)]);
    let made = map(
        &mut client,
        "f",
        STREAM,
        &json!({"StartingPosition": "TRIM_HORIZON", "BatchSize": 2, "TumblingWindowInSeconds": 60}),
    );
    assert_eq!(made["TumblingWindowInSeconds"], 60, "{made}");
    let (one, two) = ("1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z");
    let mut want = vec![
        json!([one, ["1", "2"], {}, false]),
        json!([one, [], {"n": 2}, true]),
        json!([two, ["3"], {}, false]),
        json!([two, [], {"n": 1}, true]),
    ];
    until(&dir, "f", &json!(want));
    // A window that was not over when the server was killed begins anew.
    let (later, far) = (4_102_444_800.0, "2100-01-01T00:00:00Z");
    land.put(STREAM, "s", &[record("a", "4", later)]);
    want.push(json!([far, ["4"], {}, false]));
    until(&dir, "f", &json!(want));
    server.kill();
    land.put(STREAM, "s", &[record("a", "5", later + 60.0)]);
    let _server = start(&dir, &land);
    want.push(json!([far, ["4"], {}, false]));
    want.push(json!([far, [], {"n": 1}, true]));
    want.push(json!(["2100-01-01T00:01:00Z", ["5"], {}, false]));
    until(&dir, "f", &json!(want));
}

fn change(name: &str, id: &str, status: &str) -> Value {
    json!({"eventName": name, "eventID": id, "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {"Keys": {"id": {"S": id}}, "NewImage": {"status": {"S": status}}}})
}

#[test]
fn filters_say_what_of_a_stream_or_a_queue_is_handled() {
    let (land, dir) = (Land::new(false), DataDir::new("source-filters"));
    let server = start(&dir, &land);
    let mut client = Client::new(&server.address);
    for name in ["table", "clicks", "queue"] {
        handler(&dir, &mut client, name);
    }
    let filter = |pattern: Value| json!({"Filters": [{"Pattern": pattern.to_string()}]});
    let changes = [
        change("INSERT", "a", "paid"),
        change("MODIFY", "b", "paid"),
        change("INSERT", "c", "open"),
        change("INSERT", "d", "paid"),
    ];
    land.put(TABLE, "s", &changes);
    let wanted =
        filter(json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["paid"]}}}}));
    map(&mut client, "table", TABLE, &json!({"StartingPosition": "TRIM_HORIZON", "FilterCriteria": wanted}));
    until(&dir, "table", &json!([[["INSERT", "a"], ["INSERT", "d"]]]));

    land.put(STREAM, "s", &records(&[r#"{"n": 1}"#, "text", r#"{"n": 5}"#]));
    let wanted = filter(json!({"data": {"n": [{"numeric": [">", 2]}]}}));
    map(
        &mut client,
        "clicks",
        STREAM,
        &json!({"StartingPosition": "TRIM_HORIZON", "FilterCriteria": wanted}),
    );
    until(&dir, "clicks", &json!([[r#"{"n": 5}"#]]));

    let queue = "arn:aws:sqs:us-east-1:000000000000:orders";
    land.things.lock().unwrap().all.insert("queue/orders".to_owned(), json!({"attributes": {}}));
    land.send("orders", &[r#"{"kind": "a"}"#, r#"{"kind": "b"}"#, "text"]);
    let wanted = filter(json!({"body": {"kind": [{"prefix": "b"}]}}));
    let made = map(&mut client, "queue", queue, &json!({"FilterCriteria": wanted}));
    assert_eq!(made["FilterCriteria"], wanted);
    until(&dir, "queue", &json!([[r#"{"kind": "b"}"#]]));
    // What isn't wanted is gone, too.
    wait_for(|| format!("{:?}", land.left("orders")), || land.left("orders").is_empty());
}

#[test]
fn what_can_t_be_polled_is_refused() {
    let (land, dir) = (Land::new(false), DataDir::new("source-refused"));
    let server = start(&dir, &land);
    let mut client = Client::new(&server.address);
    handler(&dir, &mut client, "f");
    let mut check = |source: &str, more: Value, says: &str| {
        let mut input = json!({ "FunctionName": "f", "EventSourceArn": source });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = lambda(&mut client, "POST", MAPPINGS, &[], &input.to_string());
        let error = answer.header("x-amzn-errortype").unwrap_or_default().to_owned();
        assert_eq!(
            (answer.status, error.as_str()),
            (400, "InvalidParameterValueException"),
            "{input}: {}",
            answer.text()
        );
        assert!(answer.text().contains(says), "{input}: {}", answer.text());
    };
    let queue = "arn:aws:sqs:us-east-1:000000000000:orders";
    check(STREAM, json!({}), "StartingPosition");
    check(queue, json!({"StartingPosition": "LATEST"}), "not for queues");
    check(
        TABLE,
        json!({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1.0}),
        "AT_TIMESTAMP",
    );
    check(STREAM, json!({"StartingPosition": "AT_TIMESTAMP"}), "StartingPositionTimestamp");
    check(queue, json!({"ParallelizationFactor": 2}), "not for queues");
    check(
        STREAM,
        json!({"StartingPosition": "LATEST", "ParallelizationFactor": 2, "TumblingWindowInSeconds": 5}),
        "together with tumbling windows",
    );
    check(
        STREAM,
        json!({"StartingPosition": "LATEST", "MaximumRecordAgeInSeconds": 5}),
        "MaximumRecordAgeInSeconds",
    );
    check(
        queue,
        json!({"FilterCriteria": {"Filters": [{"Pattern": "[]"}]}}),
        "Invalid filter pattern definition.",
    );
    check(&format!("{STREAM}/consumer/fan:1"), json!({"StartingPosition": "LATEST"}), "enhanced fan-out");
    check("arn:aws:mq:us-east-1:000000000000:broker:b", json!({}), "mq");
}
