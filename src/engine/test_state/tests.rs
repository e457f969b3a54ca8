//! What TestState tells of states.

mod groups;
mod mocks;

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
