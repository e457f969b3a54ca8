//! Requests to Lambda functions: the events of AWS_PROXY, its responses, and how AWS integrations select a response by
//! the error.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::apis::{
    DeploymentSnapshot, HttpMethod, Integration, IntegrationResponse, IntegrationType, TestInvocation,
    TestInvoke as _,
};
use crate::gateway::fixture::{
    Answer, Fixture, Function, api, code, fixture, integration, live, method, owner, strings, with,
};
use crate::gateway::stack::Options;
use crate::gateway::{AwsCall, AwsOperation, BackendError, BackendResponse};

const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
    arn:aws:lambda:us-east-1:123456789012:function:f/invocations";

fn proxy() -> Integration {
    integration(IntegrationType::AwsProxy, URI)
}

fn house_with(deployment: DeploymentSnapshot, function: Function) -> Fixture {
    let fixture = fixture(Options::default(), [live(deployment)]);
    *fixture.backends.function.lock().unwrap() = Some(function);
    fixture
}

fn proxied(function: Function) -> Fixture {
    let mut deployment = with(api("abc"), "/pets/{id}", HttpMethod::Any, method(proxy()));
    deployment.api.binary_media_types = vec!["image/png".to_owned()];
    house_with(deployment, function)
}

fn answer(status: u16, error: bool, body: &str) -> Result<BackendResponse, BackendError> {
    let mut headers = HeaderMap::new();
    if error {
        headers.insert("x-amz-function-error", "Unhandled".parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    Ok(BackendResponse { status, headers, body: body.to_owned().into() })
}

/// Answers as the header `X-Answer` says.
fn obedient(call: &AwsCall) -> Result<BackendResponse, BackendError> {
    let event: Value = serde_json::from_slice(&call.body).unwrap();
    match event["headers"]["X-Answer"].as_str().unwrap_or_default() {
        "throw" => answer(200, true, r#"{"errorMessage":"secret reason","errorType":"Error"}"#),
        "throttled" => answer(429, false, "{}"),
        "missing" => answer(404, false, "{}"),
        "unreachable" => Err(BackendError::Unreachable),
        "late" => Err(BackendError::TimedOut),
        body => answer(200, false, body),
    }
}

async fn get(fixture: &Fixture, says: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = http::Request::get("/dev/pets/1").header("x-answer", says);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    fixture.send(request.body(Bytes::new()).unwrap()).await
}

fn event(fixture: &Fixture) -> Value {
    serde_json::from_slice(&fixture.backends.calls.lock().unwrap().last().unwrap().body).unwrap()
}

#[tokio::test]
async fn a_function_is_told_the_whole_request() {
    let fixture = proxied(|_| answer(200, false, "{}"));
    let request = http::Request::post("/dev/pets/a%20b?q=1&q=2").header("content-type", "text/plain");
    let request =
        request.header("x-forwarded-for", "198.51.100.1").body(Bytes::from_static(b"h\xffi")).unwrap();
    assert_eq!(fixture.send(request).await.status, 200);
    {
        let calls = fixture.backends.calls.lock().unwrap();
        let call = calls.first().unwrap();
        let path = "/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations";
        assert_eq!(
            (&call.operation, &call.method),
            (&AwsOperation::Path(path.to_owned()), &http::Method::POST)
        );
        assert_eq!(call.headers.get("content-type").unwrap(), "application/json");
    }
    let event = event(&fixture);
    let names: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    let expect = [
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
        "body",
        "isBase64Encoded",
    ];
    assert_eq!(names, expect);
    assert_eq!((&event["path"], &event["pathParameters"]), (&json!("/pets/a%20b"), &json!({"id": "a%20b"})));
    assert_eq!(event["multiValueQueryStringParameters"], json!({"q": ["1", "2"]}));
    assert_eq!(event["headers"]["X-Forwarded-For"], "198.51.100.1, 192.0.2.7");
    assert_eq!(event["stageVariables"], Value::Null);
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("h\u{fffd}i"), &json!(false)));
    assert_eq!(event["requestContext"]["path"], "/dev/pets/a%20b");
    assert_eq!(event["requestContext"].get("authorizer"), None);
}

#[tokio::test]
async fn binary_bodies_are_encoded() {
    let fixture = proxied(|_| answer(200, false, "{}"));
    let request = http::Request::post("/dev/pets/1").header("content-type", "image/png");
    fixture.send(request.body(Bytes::from_static(b"\xff")).unwrap()).await;
    let told = event(&fixture);
    assert_eq!((&told["body"], &told["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    fixture.get("/dev/pets/1").await;
    let told = event(&fixture);
    assert_eq!((&told["body"], &told["isBase64Encoded"]), (&Value::Null, &json!(false)));
    assert_eq!(told["queryStringParameters"], Value::Null);
}

#[tokio::test]
async fn the_answer_says_what_the_response_is() {
    let fixture = proxied(obedient);
    let given = r#"{"statusCode": 201, "body": "made", "headers": {"Content-Type": "text/plain", "Date": "d",
        "Content-Length": "99"}, "multiValueHeaders": {"Set-Cookie": ["a", "b"]}}"#;
    let answer = get(&fixture, &given.replace('\n', ""), &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "made"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-amzn-remapped-date"), Some("d"));
    assert_eq!(answer.header("content-length"), None);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a", "b"]);
    assert!(answer.header("x-amzn-trace-id").is_some());
    let answer = get(&fixture, "{}", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn encoded_answers_are_decoded_for_who_accepts_them() {
    let fixture = proxied(obedient);
    let given = r#"{"body": "/w==", "isBase64Encoded": true}"#;
    let accept = |kind: &'static str| [("accept", kind)];
    assert_eq!(&*get(&fixture, given, &accept("image/png, */*")).await.bytes, b"\xff");
    assert_eq!(get(&fixture, given, &accept("text/html, image/png")).await.body, "/w==");
    assert_eq!(get(&fixture, given, &[]).await.body, "/w==");
    let broken = r#"{"body": "%", "isBase64Encoded": true}"#;
    assert_eq!(get(&fixture, broken, &accept("image/png")).await.status, 500);
}

#[tokio::test]
async fn failures_of_functions_are_the_server_s() {
    let fixture = proxied(obedient);
    for (says, status) in [
        ("throw", 502),
        ("\"text\"", 502),
        (r#"{"statusCode": 200, "message": "m"}"#, 502),
        ("", 502),
        ("throttled", 500),
        ("missing", 500),
    ] {
        let answer = get(&fixture, says, &[]).await;
        let expect = (status, r#"{"message": "Internal server error"}"#.replace(": ", ":"));
        assert_eq!((answer.status, answer.body), expect, "{says}");
        let error = answer.headers.get("x-amzn-errortype").unwrap();
        assert_eq!(error, "InternalServerErrorException", "{says}");
    }
    for (says, message) in
        [("unreachable", "Network error communicating with endpoint"), ("late", "Endpoint request timed out")]
    {
        let answer = get(&fixture, says, &[]).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (504, &*format!(r#"{{"message":"{message}"}}"#)),
            "{says}"
        );
    }
}

#[tokio::test]
async fn a_function_that_can_t_be_called_is_a_broken_definition() {
    for change in [
        (|it| it.http_method = Some(HttpMethod::Get)) as fn(&mut Integration),
        |it| it.uri = Some("arn:aws:apigateway:us-east-1:firehose:action/PutRecord".to_owned()),
        |it| it.uri = Some("arn:aws:apigateway".to_owned()),
    ] {
        let mut integration = proxy();
        change(&mut integration);
        let fixture =
            house_with(with(api("abc"), "/pets/{id}", HttpMethod::Get, method(integration)), obedient);
        assert_eq!(get(&fixture, "{}", &[]).await.status, 500);
        assert_eq!(fixture.backends.calls.lock().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn an_aws_integration_selects_by_the_error_s_message() {
    let mut function = integration(IntegrationType::Aws, URI);
    function.request_templates =
        strings(&[("application/json", r#"{"headers": {"X-Answer": "$input.params('x-answer')"}}"#)]);
    let matching = |pattern: &str| IntegrationResponse {
        selection_pattern: Some(pattern.to_owned()),
        ..IntegrationResponse::default()
    };
    function.responses = [
        (code(200), IntegrationResponse::default()),
        (code(404), matching("secret.*")),
        (code(418), matching("200")),
    ]
    .into();
    let fixture = house_with(with(api("abc"), "/pets/{id}", HttpMethod::Get, method(function)), obedient);
    let answer = get(&fixture, "throw", &[]).await;
    assert_eq!((answer.status, answer.body.contains("secret reason")), (404, true));
    assert_eq!(get(&fixture, "1", &[]).await.status, 200);
}

#[tokio::test]
async fn a_test_call_says_what_was_malformed() {
    let deployment = with(api("abc"), "/pets/{id}", HttpMethod::Get, method(proxy()));
    let fixture = house_with(deployment.clone(), |_| answer(200, false, "[]"));
    let invocation = TestInvocation {
        owner: owner(),
        api: std::sync::Arc::new(deployment),
        resource_id: "r0".into(),
        method: HttpMethod::Get,
        http_method: HttpMethod::Get,
        path_with_query_string: Some("/pets/1".to_owned()),
        body: None,
        headers: Vec::new(),
        client_certificate: None,
        stage_variables: Default::default(),
        vpc_links: Default::default(),
    };
    let outcome = fixture.gateway.test_invoke(invocation).await;
    assert_eq!(outcome.status, 502);
    assert!(outcome.log.contains("Malformed Lambda proxy response"), "{}", outcome.log);
    assert_eq!(event(&fixture)["headers"], Value::Null);
}
