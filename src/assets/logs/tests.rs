//! Log groups as clients see them.

use serde_json::{Value, json};

use super::Feed;
use crate::assets::harness::World;
use crate::clock::Clock as _;
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
