//! Recorded test calls.

use std::sync::Arc;

use crate::apis::{HttpMethod, IntegrationType, Method, TestInvocation, TestInvoke as _, TestOutcome};
use crate::gateway::fixture::{api, house_of, integration, method, mock, owner, strings, with};

async fn call(path: &str, method: Method, edit: impl FnOnce(&mut TestInvocation)) -> TestOutcome {
    let deployment = with(api("abc"), path, HttpMethod::Any, method);
    let mut invocation = TestInvocation {
        owner: owner(),
        api: Arc::new(deployment.clone()),
        resource_id: "r0".into(),
        method: HttpMethod::Any,
        http_method: HttpMethod::Get,
        path_with_query_string: None,
        body: None,
        headers: Vec::new(),
        client_certificate: None,
        stage_variables: Default::default(),
        vpc_links: Default::default(),
    };
    edit(&mut invocation);
    house_of(deployment).gateway.test_invoke(invocation).await
}

/// The log without ids and times.
fn lines(outcome: &TestOutcome) -> Vec<String> {
    const TIME: &str = "Tue Nov 14 22:13:20 UTC 2023 : ";
    let mut lines = outcome.log.split('\n');
    assert!(lines.next().unwrap().starts_with("Execution log for request "));
    let mut rest: Vec<String> =
        lines.map(|line| line.strip_prefix(TIME).unwrap_or(line).to_owned()).collect();
    assert_eq!(rest.pop().as_deref(), Some(""));
    assert!(rest.remove(0).starts_with("Starting execution for request: "));
    rest
}

#[tokio::test]
async fn a_mock_logs_as_recorded() {
    let answered = method(mock(r#"{"statusCode": 200}"#, r#"{"pets": "all the pets"}"#));
    let outcome = call("/pets/{petId}", answered, |invocation| {
        invocation.path_with_query_string = Some("/pets/123?foo=bar".to_owned());
        invocation.body = Some(r#"{"foo": "bar"}"#.to_owned());
        invocation.http_method = HttpMethod::Post;
    })
    .await;
    assert_eq!((outcome.status, &*outcome.body), (200, r#"{"pets": "all the pets"}"#));
    assert_eq!(outcome.headers, [("Content-Type".to_owned(), vec!["application/json".to_owned()])]);
    assert_eq!(
        lines(&outcome),
        [
            "HTTP Method: POST, Resource Path: /pets/123",
            "Method request path: {petId=123}",
            "Method request query string: {foo=bar}",
            "Method request headers: {}",
            r#"Method request body before transformations: {"foo": "bar"}"#,
            r#"Method response body after transformations: {"pets": "all the pets"}"#,
            "Method response headers: {Content-Type=application/json}",
            "Successfully completed execution",
            "Method completed with status: 200",
        ]
    );
}

#[tokio::test]
async fn paths_stand_for_themselves_or_for_nothing() {
    let answered = || method(mock(r#"{"statusCode": 200}"#, ""));
    let outcome = call("/pets/{petId}", answered(), |_| {}).await;
    assert_eq!(lines(&outcome)[0], "HTTP Method: GET, Resource Path: /pets/{petId}");
    assert_eq!(lines(&outcome)[1], "Method request path: {petId={petId}}");
    let outcome = call("/pets/{petId}", answered(), |invocation| {
        invocation.path_with_query_string = Some("/random/test".to_owned());
    })
    .await;
    assert_eq!(lines(&outcome)[1], "Method request path: {}");
}

#[tokio::test]
async fn a_broken_address_logs_as_recorded() {
    let broken = method(integration(IntegrationType::HttpProxy, "https://${stageVariables.testHost}"));
    let outcome = call("/", broken, |_| {}).await;
    assert_eq!((outcome.status, &*outcome.body), (500, r#"{"message":"Internal server error"}"#));
    let error_type = vec!["InternalServerErrorException".to_owned()];
    assert_eq!(outcome.headers, [("x-amzn-ErrorType".to_owned(), error_type)]);
    assert_eq!(
        lines(&outcome),
        [
            "HTTP Method: GET, Resource Path: /",
            "Method request path: {}",
            "Method request query string: {}",
            "Method request headers: {}",
            "Method request body before transformations: ",
            "Execution failed due to configuration error: Invalid endpoint address",
            "Method completed with status: 500",
        ]
    );
}

#[tokio::test]
async fn a_service_of_the_house_is_logged_with_its_endpoint() {
    let uri = "arn:aws:apigateway:us-east-1:states:action/StartExecution";
    let mut answered = method(integration(IntegrationType::Aws, uri));
    answered.api_key_required = true; // Keys don't apply to test calls.
    let outcome = call("/", answered, |invocation| {
        invocation.body = Some("{}".to_owned());
        invocation.headers = vec![("X-Mine".to_owned(), vec!["1".to_owned(), "2".to_owned()])];
    })
    .await;
    assert_eq!(outcome.status, 200);
    let lines = lines(&outcome);
    assert_eq!(lines[3], "Method request headers: {X-Mine=2}");
    assert_eq!(
        lines[5],
        "Endpoint request URI: https://states.us-east-1.amazonaws.com/?Action=StartExecution"
    );
    assert!(lines[6].starts_with("Endpoint request headers: {Accept=application/json, User-Agent="));
    assert_eq!(lines[7], "Endpoint request body after transformations: {}");
    assert_eq!(lines[8], "Sending request to https://states.us-east-1.amazonaws.com/?Action=StartExecution");
    assert_eq!(lines[9], "Received response. Status: 200, Integration latency: 0 ms");
    assert_eq!(lines[10], "Endpoint response headers: {Content-Type=application/x-amz-json-1.0}");
    assert_eq!(lines[11], "Endpoint response body before transformations: {}");
    assert_eq!(lines[12], "Method response body after transformations: {}");
}

#[tokio::test]
async fn declared_names_keep_their_spelling() {
    let mut backend = mock(r#"{"statusCode": 200}"#, "");
    for response in backend.responses.values_mut() {
        response.parameters = strings(&[("method.response.header.x-ALLOWED", "'*'")]);
    }
    let mut answered = method(backend);
    for response in answered.responses.values_mut() {
        response.parameters.insert("method.response.header.x-ALLOWED".to_owned(), false);
    }
    let outcome = call("/", answered, |_| {}).await;
    assert!(outcome.headers.iter().any(|(name, _)| name == "x-ALLOWED"), "{:?}", outcome.headers);
}
