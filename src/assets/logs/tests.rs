//! Log groups as clients see them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Feed;
use crate::assets::harness::World;
use crate::clock::{Clock as _, Timestamp};
use crate::id::{AccountId, AccountRegion, Region};

const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;

async fn logs(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.json("logs", "Logs_20140328", operation, input).await.map_err(|(code, _)| code)
}

async fn with_stream() -> World {
    let world = World::new().await;
    logs(&world, "CreateLogGroup", json!({"logGroupName": "/app", "tags": {"a": "b"}})).await.unwrap();
    logs(&world, "CreateLogStream", json!({"logGroupName": "/app", "logStreamName": "s"})).await.unwrap();
    world
}

fn put(events: &[(i64, &str)]) -> Value {
    let events: Vec<Value> =
        events.iter().map(|(at, text)| json!({"timestamp": at, "message": text})).collect();
    json!({"logGroupName": "/app", "logStreamName": "s", "logEvents": events})
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

fn home() -> AccountRegion {
    AccountRegion {
        account: AccountId::parse("123456789012").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

#[tokio::test]
async fn events_are_put_and_found() {
    let world = with_stream().await;
    logs(&world, "PutLogEvents", put(&[(NOW - 2, "one"), (NOW - 1, "two ERROR"), (NOW, "three")]))
        .await
        .unwrap();
    let world = world.restart().await;
    let filter = async |input: Value| {
        let mut all = json!({"logGroupName": "/app"});
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        logs(&world, "FilterLogEvents", all).await
    };
    assert_eq!(messages(&filter(json!({})).await.unwrap()), ["one", "two ERROR", "three"]);
    assert_eq!(messages(&filter(json!({"filterPattern": "ERROR"})).await.unwrap()), ["two ERROR"]);
    assert_eq!(
        messages(&filter(json!({"startTime": NOW - 1, "endTime": NOW - 1})).await.unwrap()),
        ["two ERROR"]
    );
    let page = filter(json!({"limit": 2})).await.unwrap();
    let rest = filter(json!({"limit": 2, "nextToken": page["nextToken"]})).await.unwrap();
    assert_eq!((messages(&page), messages(&rest)), (vec!["one", "two ERROR"], vec!["three"]));
    assert!(rest.get("nextToken").is_none());
    assert_eq!(
        filter(json!({"filterPattern": "{ $.a = 1 }"})).await,
        Err("InvalidParameterException".to_owned())
    );
    assert_eq!(messages(&filter(json!({"logStreamNames": ["other"]})).await.unwrap()), [""; 0]);
    let get = async |input: Value| {
        let mut all = json!({"logGroupName": "/app", "logStreamName": "s"});
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        logs(&world, "GetLogEvents", all).await
    };
    let last = get(json!({"limit": 2})).await.unwrap();
    assert_eq!(messages(&last), ["two ERROR", "three"]);
    let before = get(json!({"limit": 2, "nextToken": last["nextBackwardToken"]})).await.unwrap();
    assert_eq!(messages(&before), ["one"]);
    let after = get(json!({"nextToken": last["nextForwardToken"]})).await.unwrap();
    assert_eq!((messages(&after), &after["nextForwardToken"]), (vec![], &last["nextForwardToken"]));
    assert_eq!(messages(&get(json!({"startFromHead": true, "limit": 1})).await.unwrap()), ["one"]);
    let streams = logs(&world, "DescribeLogStreams", json!({"logGroupName": "/app"})).await.unwrap();
    assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], NOW);
    logs(&world, "DeleteLogGroup", json!({"logGroupName": "/app"})).await.unwrap();
    assert_eq!(filter(json!({})).await, Err("ResourceNotFoundException".to_owned()));
}

#[tokio::test]
async fn what_this_server_logs_is_found_without_a_group() {
    let world = World::new().await;
    let feed: &Feed = &world.feed;
    for (at, text) in [(0, "a"), (1, "b")] {
        feed.take(
            &home(),
            "/aws/vendedlogs/states/M",
            world.clock.now() + std::time::Duration::from_millis(at),
            text.to_owned(),
        );
    }
    let groups =
        logs(&world, "DescribeLogGroups", json!({"logGroupNamePrefix": "/aws/vended"})).await.unwrap();
    assert_eq!(groups["logGroups"][0]["logGroupName"], "/aws/vendedlogs/states/M");
    let found =
        logs(&world, "FilterLogEvents", json!({"logGroupName": "/aws/vendedlogs/states/M"})).await.unwrap();
    assert_eq!(messages(&found), ["a", "b"]);
    let got = json!({"logGroupName": "/aws/vendedlogs/states/M", "logStreamName": "stepgate"});
    assert_eq!(messages(&logs(&world, "GetLogEvents", got).await.unwrap()), ["a", "b"]);
    logs(&world, "DeleteLogGroup", json!({"logGroupName": "/aws/vendedlogs/states/M"})).await.unwrap();
    assert_eq!(logs(&world, "DescribeLogGroups", json!({})).await.unwrap()["logGroups"], json!([]));
}

const OWN: &str = "/aws/vendedlogs/states/M";

fn log(world: &World, at: i64, text: &str) {
    world.feed.take(&home(), OWN, Timestamp::from_millis(at), text.to_owned());
}

async fn own(world: &World) -> Value {
    logs(world, "FilterLogEvents", json!({"logGroupName": OWN})).await.unwrap_or_default()
}

fn file(world: &World) -> PathBuf {
    world.dir.join("log-groups/123456789012/us-east-1/+aws+vendedlogs+states+M.jsonl")
}

#[tokio::test]
async fn what_this_server_logs_outlives_it() {
    let world = World::new().await;
    log(&world, NOW, "a\n\"b\"");
    world.groups.save().await;
    log(&world, NOW + 1, "c");
    world.groups.save().await;
    log(&world, NOW + 2, "comes too late");
    let before = own(&world).await;
    // A server that was killed has written half a line.
    OpenOptions::new().append(true).open(file(&world)).unwrap().write_all(b"[3,17").unwrap();
    let world = world.restart().await;
    let after = own(&world).await;
    assert_eq!(messages(&after), ["a\n\"b\"", "c"]);
    assert_eq!(after["events"].as_array().unwrap()[..], before["events"].as_array().unwrap()[..2]);
    log(&world, NOW + 3, "d");
    world.groups.save().await;
    let world = world.restart().await.restart().await;
    assert_eq!(messages(&own(&world).await), ["a\n\"b\"", "c", "d"]);
    logs(&world, "DeleteLogGroup", json!({"logGroupName": OWN})).await.unwrap();
    assert!(!file(&world).exists());
    log(&world, NOW + 4, "anew");
    world.groups.save().await;
    let world = world.restart().await;
    assert_eq!(messages(&own(&world).await), ["anew"]);
}

#[tokio::test]
async fn what_is_older_than_its_groups_retention_is_removed() {
    let world = World::new().await;
    log(&world, NOW - 25 * HOUR, "old");
    log(&world, NOW, "new");
    world.groups.save().await;
    let retention = json!({"logGroupName": OWN, "retentionInDays": 1});
    logs(&world, "PutRetentionPolicy", retention).await.unwrap();
    world.groups.expire().await.unwrap();
    world.groups.save().await;
    let text = std::fs::read_to_string(file(&world)).unwrap();
    assert!(text.contains("new") && !text.contains("old"), "{text}");
    logs(&world, "DeleteRetentionPolicy", json!({"logGroupName": OWN})).await.unwrap();
    assert_eq!(messages(&own(&world).await), ["new"]);
}

#[tokio::test]
async fn a_groups_file_is_bounded() {
    let world = World::new().await;
    let text = "x".repeat(100_000);
    for n in 0..60 {
        log(&world, NOW + n, &text);
        world.groups.save().await;
    }
    assert!(std::fs::metadata(file(&world)).unwrap().len() < 3 * 1_048_576);
    let before = own(&world).await;
    let world = world.restart().await;
    assert_eq!(own(&world).await, before);
}

#[tokio::test]
async fn limits_hold_at_their_edges() {
    let world = with_stream().await;
    let bad = Err("InvalidParameterException".to_owned());
    let fill = "x".repeat(1_048_576 - 26);
    assert!(logs(&world, "PutLogEvents", put(&[(NOW, &fill)])).await.is_ok());
    assert_eq!(logs(&world, "PutLogEvents", put(&[(NOW, &format!("{fill}x"))])).await, bad);
    assert_eq!(logs(&world, "PutLogEvents", put(&[(NOW, "b"), (NOW - 1, "a")])).await, bad);
    assert!(logs(&world, "PutLogEvents", put(&[(NOW - 24 * HOUR, "a"), (NOW, "b")])).await.is_ok());
    assert_eq!(logs(&world, "PutLogEvents", put(&[(NOW - 24 * HOUR - 1, "a"), (NOW, "b")])).await, bad);
    let old = logs(&world, "PutLogEvents", put(&[(NOW - 15 * 24 * HOUR, "old")])).await.unwrap();
    assert_eq!(old["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"], 1);
    let new = logs(&world, "PutLogEvents", put(&[(NOW + 2 * HOUR, "in"), (NOW + 2 * HOUR + 1, "out")]))
        .await
        .unwrap();
    assert_eq!(new["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"], 1);
    let many = |n: usize| put(&vec![(NOW, "x"); n]);
    assert!(logs(&world, "PutLogEvents", many(10_000)).await.is_ok());
    assert_eq!(logs(&world, "PutLogEvents", many(10_001)).await, bad);
    // Only the newest are kept.
    let all = logs(&world, "FilterLogEvents", json!({"logGroupName": "/app", "filterPattern": "in"}))
        .await
        .unwrap();
    assert_eq!(messages(&all), [""; 0]);
    let retention = |days: i64| json!({"logGroupName": "/app", "retentionInDays": days});
    assert!(logs(&world, "PutRetentionPolicy", retention(1)).await.is_ok());
    assert_eq!(logs(&world, "PutRetentionPolicy", retention(2)).await, bad);
    let group = logs(&world, "DescribeLogGroups", json!({})).await.unwrap();
    assert_eq!(group["logGroups"][0]["retentionInDays"], 1);
    let expired = logs(&world, "PutLogEvents", put(&[(NOW - 24 * HOUR - 1, "gone")])).await.unwrap();
    assert_eq!(expired["rejectedLogEventsInfo"]["expiredLogEventEndIndex"], 1);
    logs(&world, "DeleteRetentionPolicy", json!({"logGroupName": "/app"})).await.unwrap();
    assert_eq!(logs(&world, "CreateLogGroup", json!({"logGroupName": "a b"})).await, bad);
    assert_eq!(
        logs(&world, "CreateLogGroup", json!({"logGroupName": "/app"})).await,
        Err("ResourceAlreadyExistsException".to_owned())
    );
    assert!(logs(&world, "CreateLogGroup", json!({"logGroupName": "n".repeat(512)})).await.is_ok());
    assert_eq!(logs(&world, "CreateLogGroup", json!({"logGroupName": "n".repeat(513)})).await, bad);
}

#[tokio::test]
async fn groups_have_tags() {
    let world = with_stream().await;
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/app";
    logs(&world, "TagResource", json!({"resourceArn": arn, "tags": {"c": "d"}})).await.unwrap();
    logs(&world, "UntagLogGroup", json!({"logGroupName": "/app", "tags": ["a"]})).await.unwrap();
    let tags = logs(&world, "ListTagsForResource", json!({"resourceArn": format!("{arn}:*")})).await.unwrap();
    assert_eq!(tags, json!({"tags": {"c": "d"}}));
    let tags = |n: usize| {
        let tags: serde_json::Map<String, Value> = (0..n).map(|n| (n.to_string(), json!(""))).collect();
        json!({"logGroupName": "/app", "tags": tags})
    };
    assert!(logs(&world, "TagLogGroup", tags(49)).await.is_ok());
    assert_eq!(logs(&world, "TagLogGroup", tags(51)).await, Err("TooManyTagsException".to_owned()));
    assert_eq!(logs(&world, "StartQuery", json!({})).await, Err("UnsupportedOperationException".to_owned()));
}
