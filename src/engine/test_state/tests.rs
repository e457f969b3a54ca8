//! What TestState tells of states.

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FieldValidation, Mock, MockedError, TestState, TestStatus, TestedState};
use crate::engine::event::Failure;
use crate::engine::machine::Stage;
use crate::engine::tests::{Fixture, home};
use crate::engine::{
    BoxFuture, Engine, Error, HttpExchange, HttpRequest, Options, TaskCall, TaskResult, Tasks, Traced,
};
use crate::json::Payload;

const ROLE: &str = "arn:aws:iam::123456789012:role/r";

fn state(definition: &Value) -> TestState {
    TestState {
        home: home(),
        definition: definition.to_string(),
        state_name: None,
        input: None,
        variables: None,
        role_arn: None,
        mock: None,
        context: None,
        retrier_retry_count: None,
        error_caused_by_state: None,
        map_iteration_failure_count: None,
        map_item_reader_data: None,
        trace: false,
        reveal_secrets: false,
    }
}

fn result(result: &Value) -> Option<Mock> {
    Some(Mock { result: Some(result.to_string()), ..Mock::default() })
}

fn error(error: &str) -> Option<Mock> {
    let error = MockedError { error: Some(error.to_owned()), cause: Some("c".to_owned()) };
    Some(Mock { error: Some(error), ..Mock::default() })
}

fn input(input: &Value) -> Option<String> {
    Some(input.to_string())
}

/// Answers every call with what it was called with.
struct Echo;

impl Tasks for Echo {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let output = json!({"Called": call.input.value(), "Role": &*call.role_arn});
        Box::pin(std::future::ready(TaskResult::Succeeded(Payload::from_value(output))))
    }

    fn trace(&self, call: TaskCall, reveal_secrets: bool) -> BoxFuture<'static, Traced> {
        let run = self.run(call);
        let request = HttpRequest { method: format!("{reveal_secrets}"), ..HttpRequest::default() };
        Box::pin(async move { (run.await, Some(HttpExchange { request, response: None })) })
    }
}

async fn with_engine<T>(of: impl AsyncFnOnce(Engine) -> T) -> T {
    let mut fixture = Fixture::new();
    let store = crate::store::Options::default();
    let (engine, store) = fixture.open_with(store, Options::default(), Arc::new(Echo)).await;
    let told = of(engine.clone()).await;
    fixture.close(engine, store).await;
    told
}

async fn run(test: TestState) -> Result<TestedState, Error> {
    with_engine(async |engine| engine.test_state(test).await).await
}

/// What was told, by the names of the stages.
fn stages(tested: &TestedState) -> Value {
    let data = &tested.inspection.data;
    let members = data.iter().map(|(stage, data)| (format!("{stage:?}"), data.value().clone()));
    Value::Object(members.collect())
}

async fn refused(test: TestState) -> String {
    match run(test).await {
        Ok(tested) => panic!("{tested:?}"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_pass_tells_each_step_of_its_data() {
    // The example of the guide.
    let definition = json!({"Type": "Pass", "InputPath": "$.payload", "Parameters": {"data": 1},
        "ResultPath": "$.result", "OutputPath": "$.result.data", "Next": "Another State"});
    let payload = json!({"payload": {"foo": "bar"}});
    let tested = run(TestState { input: input(&payload), ..state(&definition) }).await.unwrap();
    assert_eq!(tested.status, TestStatus::Succeeded);
    assert_eq!(tested.output.as_ref().unwrap().text(), "1");
    assert_eq!(tested.next_state.as_deref(), Some("Another State"));
    let whole = json!({"payload": {"foo": "bar"}, "result": {"data": 1}});
    assert_eq!(
        stages(&tested),
        json!({"InputPath": {"foo": "bar"}, "Parameters": {"data": 1}, "ResultSelector": {"data": 1},
            "ResultPath": whole})
    );
    assert_eq!(*tested.inspection.input.value(), payload);

    let definition = json!({"Type": "Pass", "Result": {"r": 1}, "End": true});
    let tested = run(state(&definition)).await.unwrap();
    let r = json!({"r": 1});
    assert_eq!(stages(&tested), json!({"Result": r, "ResultSelector": r, "ResultPath": r}));
    assert_eq!((tested.inspection.input.text(), tested.next_state), ("{}", None));
}

#[tokio::test]
async fn states_go_where_they_say_and_fail_as_they_say() {
    let choice = json!({"Type": "Choice", "Default": "No",
        "Choices": [{"Variable": "$.n", "NumericEquals": 2, "Next": "Two"}]});
    let tested = run(TestState { input: input(&json!({"n": 2})), ..state(&choice) }).await.unwrap();
    assert_eq!((tested.next_state.as_deref(), tested.status), (Some("Two"), TestStatus::Succeeded));
    let tested = run(TestState { input: input(&json!({"n": 3})), ..state(&choice) }).await.unwrap();
    assert_eq!(tested.next_state.as_deref(), Some("No"));

    let tested = run(state(&json!({"Type": "Fail", "Error": "E", "Cause": "C"}))).await.unwrap();
    assert_eq!((tested.status, tested.failure), (TestStatus::Failed, Failure::new("E", "C")));
    // The state isn't named, unlike in an execution.
    let tested = run(state(&json!({"Type": "Pass", "InputPath": "$.none", "End": true}))).await.unwrap();
    assert_eq!(tested.failure.error.as_deref(), Some("States.Runtime"));
    let cause = tested.failure.cause.unwrap();
    assert!(cause.starts_with("Invalid path '$.none'"), "{cause}");
    let choice = json!({"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": true, "Next": "X"}]});
    let tested = run(state(&choice)).await.unwrap();
    assert_eq!(tested.status, TestStatus::Failed);
}

#[tokio::test]
async fn a_state_of_a_whole_definition_is_tested() {
    let definition = json!({"StartAt": "A", "TimeoutSeconds": 1, "States": {
        "A": {"Type": "Pass", "Next": "M"},
        "M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index",
                "n.$": "$$.State.Name"}, "Next": "J"},
            "J": {"Type": "Succeed"}}}}}});
    let of = |name: &str| TestState {
        state_name: Some(name.to_owned()),
        input: input(&json!({"x": 1})),
        ..state(&definition)
    };
    assert_eq!(run(of("A")).await.unwrap().next_state.as_deref(), Some("M"));
    let tested = run(of("I")).await.unwrap();
    assert_eq!(*tested.output.unwrap().value(), json!({"v": {"x": 1}, "i": 0, "n": "I"}));
    assert_eq!(tested.next_state.as_deref(), Some("J"));
    let tested = run(of("J")).await.unwrap();
    assert_eq!((tested.status, tested.next_state), (TestStatus::Succeeded, None));
    assert_eq!(refused(of("Z")).await, "State not found in definition");
}

#[tokio::test]
async fn variables_are_seen_and_assigned() {
    let definition =
        json!({"Type": "Pass", "Parameters": {"a.$": "$a"}, "Assign": {"b.$": "$.a"}, "End": true});
    let variables = input(&json!({"a": [1]}));
    let tested = run(TestState { variables, ..state(&definition) }).await.unwrap();
    assert_eq!(*tested.output.unwrap().value(), json!({"a": [1]}));
    assert_eq!(*tested.inspection.variables.unwrap().value(), json!({"a": [1], "b": [1]}));
    for bad in ["[]", "x"] {
        let test = TestState { variables: Some(bad.to_owned()), ..state(&definition) };
        assert_eq!(refused(test).await, "Variables must be a valid JSON object");
    }
}

#[tokio::test]
async fn tasks_are_called_as_in_an_execution() {
    let definition = json!({"Type": "Task", "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {"a.$": "$.a"}, "ResultSelector": {"told.$": "$.Called.a"}, "ResultPath": "$.r", "End": true});
    let test =
        TestState { input: input(&json!({"a": 1})), role_arn: Some(ROLE.to_owned()), ..state(&definition) };
    let tested = run(test.clone()).await.unwrap();
    assert_eq!((tested.status, tested.exchange), (TestStatus::Succeeded, None));
    let data = &tested.inspection.data;
    assert_eq!(*data[&Stage::Result].value(), json!({"Called": {"a": 1}, "Role": ROLE}));
    assert_eq!(*data[&Stage::ResultSelector].value(), json!({"told": 1}));
    assert_eq!(*tested.output.unwrap().value(), json!({"a": 1, "r": {"told": 1}}));
    for reveal_secrets in [false, true] {
        let tested = run(TestState { trace: true, reveal_secrets, ..test.clone() }).await.unwrap();
        assert_eq!(tested.exchange.unwrap().request.method, reveal_secrets.to_string());
    }
    let test = TestState { role_arn: None, ..test };
    assert_eq!(refused(test).await, "RoleArn must be specified when testing a Task state");
}

#[tokio::test]
async fn an_error_meets_retriers_and_catchers() {
    let definition = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"},
        "Retry": [{"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 2.0, "MaxAttempts": 3}],
        "Catch": [{"ErrorEquals": ["F"], "ResultPath": "$.error", "Next": "Handle", "Assign": {"v.$": "$.Error"}}],
        "Next": "Fine"});
    let test = |name: &str, count: u64| TestState {
        input: input(&json!({"data": "value"})),
        mock: error(name),
        retrier_retry_count: Some(count),
        ..state(&definition)
    };
    let tested = run(test("E", 1)).await.unwrap();
    assert_eq!((tested.status, tested.output, tested.next_state), (TestStatus::Retriable, None, None));
    assert_eq!(tested.failure, Failure::new("E", "c"));
    let details = tested.inspection.error_details.unwrap();
    assert_eq!((details.retry_index, details.catch_index), (Some(1), None));
    assert_eq!(details.retry_backoff, Some(Duration::from_secs(4)));

    // As many as there may be: the error is no catcher's.
    let tested = run(test("E", 3)).await.unwrap();
    assert_eq!((tested.status, tested.failure), (TestStatus::Failed, Failure::new("E", "c")));
    let details = tested.inspection.error_details.unwrap();
    assert_eq!((details.retry_index, details.retry_backoff), (Some(1), None));

    let tested = run(test("F", 0)).await.unwrap();
    assert_eq!((tested.status, tested.next_state.as_deref()), (TestStatus::CaughtError, Some("Handle")));
    assert_eq!(tested.failure, Failure::new("F", "c"));
    let caught = json!({"data": "value", "error": {"Error": "F", "Cause": "c"}});
    assert_eq!(*tested.output.unwrap().value(), caught);
    assert_eq!(tested.inspection.error_details.unwrap().catch_index, Some(0));
    assert_eq!(*tested.inspection.variables.unwrap().value(), json!({"v": "F"}));
    assert_eq!(*tested.inspection.data[&Stage::Parameters].value(), json!({"FunctionName": "f"}));

    let tested = run(test("G", 0)).await.unwrap();
    assert_eq!((tested.status, tested.inspection.error_details), (TestStatus::Failed, None));
}

#[tokio::test]
async fn jsonata_has_arguments_and_no_paths() {
    let definition = json!({"Type": "Task", "QueryLanguage": "JSONata", "End": true,
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $states.input.f %}"},
        "Output": {"told": "{% $states.result.Payload %}", "v": "{% $v %}"}, "Assign": {"w": "{% $v + 1 %}"},
        "Catch": [{"ErrorEquals": ["E"], "Output": "{% $states.errorOutput %}", "Next": "Handle"}]});
    let test = TestState {
        input: input(&json!({"f": "g"})),
        variables: input(&json!({"v": 1})),
        mock: result(&json!({"Payload": [1]})),
        ..state(&definition)
    };
    let tested = run(test.clone()).await.unwrap();
    let told = json!({"Arguments": {"FunctionName": "g"}, "Result": {"Payload": [1]}});
    assert_eq!(stages(&tested), told);
    assert_eq!(*tested.output.unwrap().value(), json!({"told": [1], "v": 1}));
    assert_eq!(*tested.inspection.variables.unwrap().value(), json!({"v": 1, "w": 2}));
    let tested = run(TestState { mock: error("E"), ..test.clone() }).await.unwrap();
    assert_eq!((tested.status, tested.next_state.as_deref()), (TestStatus::CaughtError, Some("Handle")));
    assert_eq!(*tested.output.unwrap().value(), json!({"Error": "E", "Cause": "c"}));
    // Where an expression fails, what was told before it is told.
    let failing = definition.to_string().replace("$v + 1", "$v + 'x'");
    let tested = run(TestState { definition: failing, ..test }).await.unwrap();
    assert_eq!(tested.failure.error.as_deref(), Some("States.QueryEvaluationError"));
    assert_eq!(stages(&tested), told);

    let pass = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": 1, "End": true});
    let tested = run(state(&pass)).await.unwrap();
    assert_eq!((stages(&tested), tested.output.unwrap().text()), (json!({}), "1"));
    let map = json!({"Type": "Map", "QueryLanguage": "JSONata", "Items": [1, 2], "MaxConcurrency": "{% 3 %}",
        "ItemSelector": {"i": "{% $states.context.Map.Item.Value %}"}, "End": true,
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}});
    let tested = run(TestState { mock: result(&json!([])), ..state(&map) }).await.unwrap();
    assert_eq!(stages(&tested), json!({"ItemSelector": [{"i": 1}, {"i": 2}]}));
    assert_eq!(tested.inspection.max_concurrency, Some(3));
}

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
async fn the_context_object_is_the_one_given() {
    let definition = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName.$": "$$.Execution.Input.f"},
        "ResultSelector": {"name.$": "$$.State.Name", "execution.$": "$$.Execution.Name"}, "End": true});
    let context = json!({"Execution": {"Input": {"f": "g"}, "Name": "n"}});
    let test = TestState { context: input(&context), mock: result(&json!({})), ..state(&definition) };
    let tested = run(test).await.unwrap();
    assert_eq!(*tested.inspection.data[&Stage::Parameters].value(), json!({"FunctionName": "g"}));
    // What it doesn't say is as in any test.
    assert_eq!(*tested.output.unwrap().value(), json!({"name": "StateName", "execution": "n"}));
}

#[tokio::test]
async fn a_test_takes_five_minutes_at_most() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let wait = |seconds: u64| state(&json!({"Type": "Wait", "Seconds": seconds, "End": true}));
    let clock = fixture.clock.clone();
    let run = async |test: TestState, after: u64| {
        let mut testing = std::pin::pin!(engine.test_state(test));
        // It goes as far as it can at this time.
        let first = std::future::poll_fn(|context| Poll::Ready(testing.as_mut().poll(context))).await;
        assert!(first.is_pending());
        clock.advance(Duration::from_secs(after));
        testing.await.unwrap()
    };
    assert_eq!(run(wait(300), 300).await.status, TestStatus::Succeeded);
    let tested = run(wait(301), 300).await;
    assert_eq!((tested.status, tested.failure), (TestStatus::Failed, Failure::timeout()));
    fixture.close(engine, store).await;
}

#[tokio::test]
async fn mocked_results_are_held_against_the_api() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    let task = |resource: &str| json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "End": true});
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
