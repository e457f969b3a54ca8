//! Mocks: who needs one, what doesn't go with one, and what a mocked result must look like.

use super::*;

#[tokio::test]
async fn jobs_callbacks_and_activities_need_a_mock() {
    let task = |resource: &str| {
        json!({"Type": "Task", "Resource": resource, "End": true,
        "Parameters": {"StateMachineArn": "m", "Input": {"t.$": "$$.Task.Token"}}})
    };
    let callback = task("arn:aws:states:::states:startExecution.waitForTaskToken");
    let activity = json!({"Type": "Task", "End": true,
        "Resource": "arn:aws:states:us-east-1:123456789012:activity:none"});
    for definition in [&callback, &activity] {
        let test = TestState { role_arn: Some(ROLE.to_owned()), ..state(definition) };
        let message = refused(test.clone()).await;
        assert!(message.ends_with("when a mock is not specified."), "{message}");
        let tested = run(TestState { mock: result(&json!({"done": true})), ..test }).await.unwrap();
        assert_eq!(*tested.output.unwrap().value(), json!({"done": true}));
    }
    let context = Some(json!({"Task": {"Token": "mine"}}).to_string());
    let test = TestState { context, mock: result(&json!(1)), ..state(&callback) };
    let tested = run(test).await.unwrap();
    assert_eq!(tested.inspection.data[&Stage::Parameters].value()["Input"], json!({"t": "mine"}));
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"}, "End": true});
    let both = Mock { result: Some("1".to_owned()), ..error("E").unwrap() };
    let nameless = Mock { error: Some(MockedError::default()), ..Mock::default() };
    let one = "A test mock should have only one of the following fields: [result, errorOutput].";
    let mocked = TestState { mock: result(&json!({})), ..state(&task) };
    let bare = TestState { role_arn: Some(ROLE.to_owned()), ..state(&task) };
    for (test, message) in [
        (TestState { mock: Some(both), ..bare.clone() }, one),
        (TestState { mock: Some(Mock::default()), ..bare.clone() }, one),
        (
            TestState { mock: Some(nameless), ..bare.clone() },
            "The field 'error' is required when mock.errorOutput is specified.",
        ),
        (
            TestState { reveal_secrets: true, ..mocked.clone() },
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
        (
            TestState { map_iteration_failure_count: Some(0), ..bare.clone() },
            "TestState does not support MapIterationFailureCount when a mock is not specified.",
        ),
        (
            TestState { context: input(&json!({})), ..bare.clone() },
            "TestState does not support Context when a mock is not specified.",
        ),
        (
            TestState { input: Some("{".to_owned()), ..bare.clone() },
            "Invalid State Machine Execution Input: ",
        ),
        (TestState { role_arn: Some("r".to_owned()), ..bare }, "Invalid ARN"),
        (
            TestState {
                definition: json!({"Type": "Wait", "Seconds": 1, "End": true}).to_string(),
                ..mocked.clone()
            },
            "State type 'Wait' is not supported when a mock is specified",
        ),
        (
            TestState { definition: json!({"Type": "Pass"}).to_string(), ..mocked.clone() },
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ",
        ),
    ] {
        let found = refused(test).await;
        assert!(found.contains(message), "{found}");
    }
    let context = |context: &Value| TestState { context: input(context), ..mocked.clone() };
    for (given, message) in [
        (json!({"Execution": {"Id": 1}}), "Execution.Id must be a string"),
        (json!({"Execution": {"x": 1}}), "Field 'x' is not allowed"),
        (json!({"X": 1}), "Field 'X' is not allowed"),
        (json!({"State": {"RetryCount": "1"}}), "State.RetryCount must be a number"),
        (json!({"Map": {}}), "'Map' field is not supported when mocking a Context object"),
        (
            json!({"Task": {}}),
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' \
             service integration pattern",
        ),
    ] {
        let found = refused(context(&given)).await;
        assert_eq!(found, format!("Invalid Context object provided: {message}"));
    }
}

#[tokio::test]
async fn mocked_results_are_held_against_the_api() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let task = |resource: &str| {
        json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "End": true,
            "QueryLanguage": "JSONata", "Arguments": "{% {} %}"})
    };
    let missing = "Required field 'ExecutionArn' is missing";
    for (resource, mocked, strict, present) in [
        ("states:startExecution", json!({}), missing, ""),
        (
            "states:startExecution.sync:2",
            json!({"ExecutionArn": "a", "Status": "X"}),
            "StateMachineArn",
            "Status",
        ),
        ("states:startExecution.waitForTaskToken", json!({"Status": 1}), "", ""),
        (
            "events:putEvents",
            json!({"Entries": 1}),
            "'Entries' must be an array",
            "'Entries' must be an array",
        ),
        (
            "events:putEvents",
            json!({"Entries": [{}, {"EventId": []}]}),
            "'EventId' must be a string",
            "EventId",
        ),
        ("lambda:invoke", json!({"Payload": {"any": 1}, "Other": 1}), "", ""),
        ("lambda:invoke", json!({"StatusCode": "200"}), "'StatusCode' must be a number", "StatusCode"),
        (
            "aws-sdk:kms:encrypt",
            json!({"CiphertextBlob": ""}),
            "smaller than the minimum length",
            "Ciphertext",
        ),
        ("aws-sdk:s3:getObject", json!({"StorageClass": "Papyrus"}), "not an expected value", "StorageClass"),
        (
            "aws-sdk:sfn:startExecution",
            json!({"ExecutionArn": "a", "StartDate": true}),
            "StartDate",
            "a string",
        ),
        (
            "aws-sdk:lambda:getFunction",
            json!({"Configuration": {"MemorySize": 127}}),
            "'MemorySize' is less than the minimum value",
            "MemorySize",
        ),
        ("dynamodb:getItem", json!({"Item": {"id": {"S": 1}}}), "'S' must be a string", "'S'"),
        ("http:invoke", json!({"StatusCode": "x"}), "", ""),
        ("apigateway:invoke", json!(1), "", ""),
        ("sqs:sendMessage", json!([]), "must be an object", "must be an object"),
    ] {
        for (validation, problem) in [
            (FieldValidation::Strict, strict),
            (FieldValidation::Present, present),
            (FieldValidation::None, ""),
        ] {
            let mock = Some(Mock { result: Some(mocked.to_string()), error: None, validation });
            let test = TestState { mock, ..state(&task(resource)) };
            match (engine.test_state(test).await, problem) {
                (Ok(tested), "") => assert_eq!(*tested.output.unwrap().value(), mocked),
                (Err(error), problem) if !problem.is_empty() => {
                    let found = error.to_string();
                    assert!(found.starts_with("Mock result schema validation error: "), "{found}");
                    assert!(found.contains(problem), "{resource} {mocked}: {found}");
                }
                (found, _) => panic!("{resource} {mocked} {validation:?}: {found:?}"),
            }
        }
    }
    fixture.close(engine, store).await;
}
