//! Parameters as clients see them.

use serde_json::{Value, json};

use crate::assets::harness::World;

async fn ssm(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.json("ssm", "AmazonSSM", operation, input).await.map_err(|(code, _)| code)
}

async fn put(world: &World, name: &str, kind: &str, value: &str) -> Result<Value, String> {
    ssm(world, "PutParameter", json!({"Name": name, "Type": kind, "Value": value})).await
}

#[tokio::test]
async fn parameters_are_put_read_and_deleted() {
    let world = World::new().await;
    assert_eq!(put(&world, "/app/a", "String", "one").await.unwrap()["Version"], 1);
    assert_eq!(put(&world, "/app/a", "String", "two").await, Err("ParameterAlreadyExists".to_owned()));
    let over = json!({"Name": "/app/a", "Value": "two", "Overwrite": true});
    assert_eq!(ssm(&world, "PutParameter", over).await.unwrap()["Version"], 2);
    let world = world.restart().await;
    for name in ["/app/a", "/app/a:2", "arn:aws:ssm:us-east-1:123456789012:parameter/app/a"] {
        let got = ssm(&world, "GetParameter", json!({"Name": name})).await.unwrap();
        assert_eq!(
            (&got["Parameter"]["Value"], &got["Parameter"]["Type"]),
            (&json!("two"), &json!("String"))
        );
        assert_eq!(got["Parameter"]["ARN"], "arn:aws:ssm:us-east-1:123456789012:parameter/app/a");
    }
    let old = ssm(&world, "GetParameter", json!({"Name": "/app/a:1"})).await;
    assert_eq!(old, Err("ParameterVersionNotFound".to_owned()));
    let many = ssm(&world, "GetParameters", json!({"Names": ["/app/a", "/app/b"]})).await.unwrap();
    assert_eq!(
        (many["Parameters"].as_array().unwrap().len(), &many["InvalidParameters"]),
        (1, &json!(["/app/b"]))
    );
    let gone = ssm(&world, "DeleteParameters", json!({"Names": ["/app/a", "/app/b"]})).await.unwrap();
    assert_eq!(gone, json!({"DeletedParameters": ["/app/a"], "InvalidParameters": ["/app/b"]}));
    assert_eq!(
        ssm(&world, "DeleteParameter", json!({"Name": "/app/a"})).await,
        Err("ParameterNotFound".to_owned())
    );
    assert_eq!(
        ssm(&world, "LabelParameterVersion", json!({})).await,
        Err("UnsupportedOperationException".to_owned())
    );
}

#[tokio::test]
async fn secrets_are_shown_to_who_asks_for_them_in_clear() {
    let world = World::new().await;
    put(&world, "secret", "SecureString", "hush").await.unwrap();
    let get = async |open: bool| {
        let input = json!({"Name": "secret", "WithDecryption": open});
        ssm(&world, "GetParameter", input).await.unwrap()["Parameter"]["Value"].as_str().unwrap().to_owned()
    };
    assert_eq!(get(true).await, "hush");
    let sealed = get(false).await;
    assert!(!sealed.contains("hush") && 20 < sealed.len(), "{sealed}");
    let database = std::fs::read(world.dir.join("stepgate.db-wal")).unwrap_or_default();
    assert!(!database.windows(4).any(|bytes| bytes == b"hush"));
}

#[tokio::test]
async fn paths_are_listed_in_pages() {
    let world = World::new().await;
    for name in ["/a/1", "/a/2", "/a/b/3", "/ab/4", "five"] {
        put(&world, name, "String", "x").await.unwrap();
    }
    let names = |answer: &Value, of: &str| -> Vec<String> {
        answer[of].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap().to_owned()).collect()
    };
    let by_path = async |input: Value| ssm(&world, "GetParametersByPath", input).await.unwrap();
    assert_eq!(names(&by_path(json!({"Path": "/a"})).await, "Parameters"), ["/a/1", "/a/2"]);
    assert_eq!(
        names(&by_path(json!({"Path": "/a/", "Recursive": true})).await, "Parameters"),
        ["/a/1", "/a/2", "/a/b/3"]
    );
    assert_eq!(names(&by_path(json!({"Path": "/"})).await, "Parameters"), ["five"]);
    let first = by_path(json!({"Path": "/", "Recursive": true, "MaxResults": 3})).await;
    let next = by_path(json!({"Path": "/", "Recursive": true, "NextToken": first["NextToken"]})).await;
    assert_eq!((names(&first, "Parameters").len(), names(&next, "Parameters").len()), (3, 2));
    let filter = json!({"ParameterFilters": [{"Key": "Name", "Option": "BeginsWith", "Values": ["/a/"]}]});
    let described = ssm(&world, "DescribeParameters", filter).await.unwrap();
    assert_eq!(names(&described, "Parameters"), ["/a/1", "/a/2", "/a/b/3"]);
    assert!(described["Parameters"][0].get("Value").is_none());
}

#[tokio::test]
async fn limits_hold_at_their_edges() {
    let world = World::new().await;
    let invalid = Err("ValidationException".to_owned());
    assert!(put(&world, "a", "String", &"x".repeat(4_096)).await.is_ok());
    assert_eq!(put(&world, "b", "String", &"x".repeat(4_097)).await, invalid);
    let advanced = |n: usize| json!({"Name": "c", "Type": "String", "Tier": "Advanced", "Overwrite": true, "Value": "x".repeat(n)});
    assert!(ssm(&world, "PutParameter", advanced(8_192)).await.is_ok());
    assert_eq!(ssm(&world, "PutParameter", advanced(8_193)).await, invalid);
    assert!(put(&world, &"/a".repeat(15), "String", "x").await.is_ok());
    assert_eq!(
        put(&world, &"/a".repeat(16), "String", "x").await,
        Err("HierarchyLevelLimitExceededException".to_owned())
    );
    for name in ["a b", "a/b", "/a//b", "/a/", "/aws/x", "ssmx", &"n".repeat(1_012)] {
        assert_eq!(put(&world, name, "String", "x").await, invalid, "{name}");
    }
    assert!(put(&world, &"n".repeat(1_011), "String", "x").await.is_ok());
    let tags = |n: usize| {
        let tags: Vec<Value> = (0..n).map(|n| json!({"Key": n.to_string(), "Value": ""})).collect();
        json!({"ResourceType": "Parameter", "ResourceId": "a", "Tags": tags})
    };
    assert!(ssm(&world, "AddTagsToResource", tags(50)).await.is_ok());
    assert_eq!(ssm(&world, "AddTagsToResource", tags(51)).await, Err("TooManyTagsError".to_owned()));
    let of = json!({"ResourceType": "Parameter", "ResourceId": "a"});
    assert_eq!(
        ssm(&world, "ListTagsForResource", of.clone()).await.unwrap()["TagList"].as_array().unwrap().len(),
        50
    );
    let remove = json!({"ResourceType": "Parameter", "ResourceId": "a", "TagKeys": ["1", "2"]});
    ssm(&world, "RemoveTagsFromResource", remove).await.unwrap();
    assert_eq!(
        ssm(&world, "ListTagsForResource", of).await.unwrap()["TagList"].as_array().unwrap().len(),
        48
    );
}
