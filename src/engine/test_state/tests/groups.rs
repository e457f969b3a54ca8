//! TestState of Maps and Parallels.

use super::*;

#[tokio::test]
async fn a_map_tells_what_its_iterations_are_given() {
    let definition = json!({"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2,
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "k.$": "$.k"},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b": 1}},
        "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 60, "Label": "L",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
        "Catch": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Handle"}],
        "ResultSelector": {"all.$": "$[*]"}, "End": true});
    let test = TestState {
        input: input(&json!({"items": ["a", "b", "c"], "k": 0})),
        mock: result(&json!([1, 2, 3])),
        ..state(&definition)
    };
    let tested = run(test.clone()).await.unwrap();
    let given = |i: u64, v: &str| json!({"v": v, "i": i, "k": 0});
    let items = [given(0, "a"), given(1, "b"), given(2, "c")];
    let told = stages(&tested);
    assert_eq!(told["ItemsPath"], json!(["a", "b", "c"]));
    assert_eq!(told["ItemSelector"], json!(items));
    assert_eq!(
        told["ItemBatcher"],
        json!([{"BatchInput": {"b": 1}, "Items": items[..2]}, {"BatchInput": {"b": 1}, "Items": items[2..]}])
    );
    assert_eq!(told.get("Result"), None);
    assert_eq!(*tested.output.unwrap().value(), json!({"all": [1, 2, 3]}));
    let inspection = &tested.inspection;
    assert_eq!((inspection.max_concurrency, inspection.tolerated_failure_count), (Some(2), Some(1)));
    assert_eq!(inspection.tolerated_failure_percentage, Some(60.0));

    let failed = |n: u64| TestState { map_iteration_failure_count: Some(n), ..test.clone() };
    assert_eq!(run(failed(1)).await.unwrap().status, TestStatus::Succeeded);
    let tested = run(failed(2)).await.unwrap();
    assert_eq!((tested.status, tested.next_state.as_deref()), (TestStatus::CaughtError, Some("Handle")));
    assert_eq!(tested.failure.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    let too_many = "Map iteration failure count must be less than or equal to the number of Map iterations";
    assert_eq!(refused(failed(4)).await, too_many);

    let of = |source: &str| TestState {
        mock: error("E"),
        error_caused_by_state: Some(source.to_owned()),
        ..test.clone()
    };
    assert_eq!(run(of("I")).await.unwrap().status, TestStatus::Failed);
    assert_eq!(refused(of("Z")).await, "State 'Z' not found in state 'StateName'");
}

#[tokio::test]
async fn what_an_item_reader_reads_is_brought_along() {
    let definition = json!({"Type": "Map", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "b", "Key": "k"},
            "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/b", "MaxItems": 2}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}, "End": true});
    let read = |data: &str| TestState {
        map_item_reader_data: Some(data.to_owned()),
        mock: result(&json!([])),
        ..state(&definition)
    };
    let tested = run(read(r#"{"a": {"b": [1, 2, 3]}}"#)).await.unwrap();
    assert_eq!(stages(&tested)["ItemsPointer"], json!([1, 2]));
    assert_eq!(stages(&tested).get("ItemsPath"), None);
    let tested = run(read(r#"{"a": 1}"#)).await.unwrap();
    assert_eq!(tested.failure.error.as_deref(), Some("States.ItemReaderFailed"));
}

#[tokio::test]
async fn a_large_selection_is_not_told() {
    let definition = json!({"Type": "Map", "ItemSelector": {"all.$": "$"}, "End": true,
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}});
    let items = vec!["x".repeat(90); 1000];
    let test = TestState { input: input(&json!(items)), mock: result(&json!([])), ..state(&definition) };
    let tested = run(test).await.unwrap();
    assert_eq!(tested.status, TestStatus::Succeeded);
    assert!(!tested.inspection.data.contains_key(&Stage::ItemSelector));
    assert!(tested.inspection.data.contains_key(&Stage::ItemsPath));
}

#[tokio::test]
async fn a_parallel_takes_a_result_for_each_branch() {
    let branch = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
    let definition = json!({"Type": "Parallel", "Branches": [branch("A"), branch("B")],
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}], "ResultPath": "$.r", "End": true});
    let tested = run(TestState { mock: result(&json!([1, 2])), ..state(&definition) }).await.unwrap();
    assert_eq!(*tested.output.as_ref().unwrap().value(), json!({"r": [1, 2]}));
    assert_eq!(stages(&tested), json!({"ResultSelector": [1, 2], "ResultPath": {"r": [1, 2]}}));
    let count = "Mocked result must contain the same number of items as number of Parallel branches.";
    for (mock, message) in [
        (result(&json!([1])), count),
        (result(&json!({})), "Mocked result must be an array."),
        (Some(Mock { result: Some("x".to_owned()), ..Mock::default() }), "Mocked result must be valid JSON"),
    ] {
        assert_eq!(refused(TestState { mock, ..state(&definition) }).await, message);
    }
    let test =
        TestState { mock: error("E"), error_caused_by_state: Some("B".to_owned()), ..state(&definition) };
    assert_eq!(run(test).await.unwrap().status, TestStatus::Retriable);
    let untestable = run(state(&definition)).await;
    assert_eq!(untestable, Err(Error::UntestableState));
}

/// A Map in DISTRIBUTED mode with `more` fields.
fn distributed(more: &Value) -> Value {
    let mut map = json!({"Type": "Map", "End": true, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    map
}

#[tokio::test]
async fn the_fields_of_a_map_are_evaluated_in_the_order_of_an_execution() {
    let map = distributed(&json!({"ItemsPath": "$.items", "ToleratedFailureCountPath": "$.count"}));
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let test = TestState {
        input: input(&json!({"items": 7, "count": "no number"})),
        mock: result(&json!([])),
        ..state(&map)
    };
    let tested = engine.test_state(test).await.unwrap();
    let cause = tested.failure.cause.unwrap();
    assert!(cause.contains("$.items") && !cause.contains("$.count"), "{cause}");
}

#[tokio::test]
async fn a_map_that_writes_its_results_comes_to_where_they_are() {
    let writer = json!({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "b", "Prefix": "p"}}});
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let mocked = |mock: &Value, map: &Value| TestState {
        input: input(&json!([1])),
        mock: result(mock),
        ..state(&distributed(map))
    };
    let details = json!({"ResultWriterDetails": {"Bucket": "b", "Key": "p/1/manifest.json"}});
    let tested = engine.test_state(mocked(&details, &writer)).await.unwrap();
    assert_eq!((tested.status, tested.output), (TestStatus::Succeeded, Some(Payload::from_value(details))));
    let refused = engine.test_state(mocked(&json!([1]), &writer)).await;
    assert_eq!(refused, Err(Error::InvalidTest("Mocked result must be a JSON object.".to_owned())));
    // One that only says how they are put has them as its own result.
    let config = json!({"ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN"}}});
    assert_eq!(engine.test_state(mocked(&json!([1]), &config)).await.unwrap().status, TestStatus::Succeeded);
    let refused = engine.test_state(mocked(&json!({}), &config)).await;
    assert_eq!(refused, Err(Error::InvalidTest("Mocked result must be an array.".to_owned())));
}
