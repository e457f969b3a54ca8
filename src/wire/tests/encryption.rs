//! `encryptionConfiguration` of state machines and activities.

use serde_json::{Value, json};

use super::super::harness::World;

const DEFINITION: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
const ASSIGNS: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{"x":1},"End":true}}}"#;
const QUERIES: &str =
    r#"{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;

/// What an operation answers, or its error's name.
async fn call(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let answer = world.states(operation, &input.to_string()).await;
    match answer.status {
        200 => Ok(serde_json::from_str(&answer.body).unwrap()),
        _ => Err(answer.header("x-amzn-errortype").to_owned()),
    }
}

async fn create(world: &World, name: &str, definition: &str, more: Value) -> Result<String, String> {
    let mut input =
        json!({"name": name, "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/r"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = call(world, "CreateStateMachine", input).await?;
    Ok(made["stateMachineArn"].as_str().unwrap().to_owned())
}

async fn shown(world: &World, arn: &str) -> Value {
    let described = call(world, "DescribeStateMachine", json!({ "stateMachineArn": arn })).await.unwrap();
    described["encryptionConfiguration"].clone()
}

#[tokio::test]
async fn what_was_said_of_a_machine_is_kept_by_each_revision_and_shown() {
    let world = World::new().await;
    let key = json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/orders"});
    let kept = json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/orders",
                      "kmsDataKeyReusePeriodSeconds": 300});
    let with = |configuration: &Value| json!({ "encryptionConfiguration": configuration, "publish": true });
    let arn = create(&world, "M", DEFINITION, with(&key)).await.unwrap();
    assert_eq!(shown(&world, &arn).await, kept);
    // The same again is the same machine; another key, or none, is another's.
    assert_eq!(create(&world, "M", DEFINITION, with(&kept)).await, Ok(arn.clone()));
    for other in [json!({"publish": true}), with(&json!({"type": "AWS_OWNED_KEY"}))] {
        assert_eq!(create(&world, "M", DEFINITION, other).await, Err("StateMachineAlreadyExists".to_owned()));
    }

    let execution = call(&world, "StartExecution", json!({ "stateMachineArn": arn })).await.unwrap();
    let own = json!({"type": "AWS_OWNED_KEY"});
    let update = json!({"stateMachineArn": arn, "encryptionConfiguration": own});
    assert!(call(&world, "UpdateStateMachine", update).await.unwrap()["revisionId"].is_string());
    assert_eq!(shown(&world, &arn).await, own);
    assert_eq!(shown(&world, &format!("{arn}:1")).await, kept);
    let named = json!({"executionArn": execution["executionArn"]});
    let described = call(&world, "DescribeStateMachineForExecution", named).await.unwrap();
    assert_eq!(described["encryptionConfiguration"], kept);
}

#[tokio::test]
async fn where_nothing_was_said_it_is_shown_as_recorded() {
    let world = World::new().await;
    let own = json!({"type": "AWS_OWNED_KEY"});
    for (name, definition, expect) in [
        ("Older", DEFINITION, Value::Null),
        ("Assigns", ASSIGNS, own.clone()),
        ("Queries", QUERIES, own.clone()),
    ] {
        let arn = create(&world, name, definition, json!({})).await.unwrap();
        assert_eq!(shown(&world, &arn).await, expect, "{name}");
        // Said or not, it is the same configuration.
        let said = json!({ "encryptionConfiguration": own });
        assert_eq!(create(&world, name, definition, said).await, Ok(arn));
    }
}

#[tokio::test]
async fn a_key_without_its_type_and_a_type_without_its_key_are_refused() {
    let world = World::new().await;
    for (configuration, error) in [
        (json!({"type": "CUSTOMER_MANAGED_KMS_KEY"}), "InvalidEncryptionConfiguration"),
        (json!({"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}), "InvalidEncryptionConfiguration"),
        (
            json!({"type": "AWS_OWNED_KEY", "kmsDataKeyReusePeriodSeconds": 300}),
            "InvalidEncryptionConfiguration",
        ),
        (json!({"kmsKeyId": "k"}), "ValidationException"),
        (json!({"type": "MINE"}), "ValidationException"),
        (
            json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 59}),
            "ValidationException",
        ),
        (
            json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 901}),
            "ValidationException",
        ),
    ] {
        let with = json!({ "encryptionConfiguration": configuration });
        let refused = create(&world, "M", DEFINITION, with).await;
        assert_eq!(refused, Err(error.to_owned()), "{configuration}");
        let activity = json!({"name": "A", "encryptionConfiguration": configuration});
        assert_eq!(call(&world, "CreateActivity", activity).await, Err(error.to_owned()), "{configuration}");
    }
}

#[tokio::test]
async fn activities_keep_their_key() {
    let world = World::new().await;
    let key =
        json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 60});
    let activity = json!({"name": "A", "encryptionConfiguration": key});
    let made = call(&world, "CreateActivity", activity.clone()).await.unwrap();
    let named = json!({"activityArn": made["activityArn"]});
    let described = call(&world, "DescribeActivity", named).await.unwrap();
    assert_eq!(described["encryptionConfiguration"], key);
    assert_eq!(call(&world, "CreateActivity", activity).await, Ok(made));
    let other = call(&world, "CreateActivity", json!({"name": "A"})).await;
    assert_eq!(other, Err("ActivityAlreadyExists".to_owned()));
}
