//! Requests to methods with Lambda authorizers: which authorizer is called, its event, and the effect of its result.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::apis::{
    AccessLogSettings, AuthorizationType, Authorizer, AuthorizerType, Change, DeploymentSnapshot,
    GatewayResponse, HttpMethod, Method, ResponseType,
};
use crate::gateway::fixture::{Answer, Fixture, Function, api, fixture, live, method, mock, strings, with};
use crate::gateway::stack::Options;
use crate::gateway::{AwsCall, AwsOperation, BackendError, BackendResponse};

const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
    arn:aws:lambda:us-east-1:123456789012:function:${stageVariables.function}/invocations";
const OK: &str = r#"{"statusCode": 200}"#;
const SAID: &str = "$context.authorizer.principalId $context.authorizer.level [$context.authorizer.nope]\
    [$context.authorizer.status]";

fn authorizer(kind: AuthorizerType, source: &str) -> Authorizer {
    Authorizer {
        id: "auth01".into(),
        name: "a".to_owned(),
        kind,
        provider_arns: Vec::new(),
        auth_type: None,
        authorizer_uri: Some(URI.to_owned()),
        authorizer_credentials: None,
        identity_source: Some(source.to_owned()),
        identity_validation_expression: None,
        result_ttl_seconds: None,
        jwt_configuration: None,
    }
}

fn token() -> Authorizer {
    authorizer(AuthorizerType::Token, "method.request.header.Authorization")
}

fn guarded() -> Method {
    let mut method = method(mock(OK, SAID));
    method.authorization_type = AuthorizationType::Custom;
    method.authorizer_id = Some("auth01".into());
    method
}

/// `GET /pets/{id}` and `GET /toys`, both behind `authorizer`.
fn deployment(authorizer: Authorizer) -> DeploymentSnapshot {
    let mut api = with(api("abc"), "/pets/{id}", HttpMethod::Get, guarded());
    api = with(api, "/toys", HttpMethod::Get, guarded());
    api.authorizers.insert(authorizer.id.clone(), authorizer);
    api
}

fn house_with(deployment: DeploymentSnapshot, function: Function) -> Fixture {
    let mut live = live(deployment);
    live.stage.variables = strings(&[("function", "f")]);
    live.stage.access_log_settings = Some(AccessLogSettings::default());
    let fixture = fixture(Options::default(), [live]);
    *fixture.backends.function.lock().unwrap() = Some(function);
    fixture
}

fn answer(body: &Value) -> Result<BackendResponse, BackendError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-requestid", "lambda-1".parse().unwrap());
    Ok(BackendResponse { status: StatusCode::OK, headers, body: body.to_string().into() })
}

fn verdict(effect: &str, resource: &str) -> Value {
    json!({
        "principalId": "me",
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}]},
        "context": {"level": 3, "status": "mine"},
    })
}

/// A function that returns what the token says.
fn obedient(call: &AwsCall) -> Result<BackendResponse, BackendError> {
    let event: Value = serde_json::from_slice(&call.body).unwrap();
    let failed = |message: &str| {
        answer(&json!({"errorMessage": message, "errorType": "Error"})).map(|mut response| {
            response.headers.insert("x-amz-function-error", "Unhandled".parse().unwrap());
            response
        })
    };
    match event["authorizationToken"].as_str().unwrap_or("allow") {
        "allow" => answer(&verdict("Allow", "*")),
        "deny" => answer(&verdict("Deny", "*")),
        "pets" => answer(&verdict("Allow", "arn:aws:execute-api:us-east-1:*:abc/dev/GET/pets/*")),
        "unauthorized" => failed("Unauthorized"),
        "throw" => failed("unauthorized, or so"),
        "garbage" => answer(&json!("Allow")),
        "nested" => {
            let mut nested = verdict("Allow", "*");
            nested["context"]["level"] = json!({"a": 1});
            answer(&nested)
        }
        "status" => {
            answer(&Value::Null).map(|response| BackendResponse { status: StatusCode::FORBIDDEN, ..response })
        }
        _ => Err(BackendError::Unreachable),
    }
}

async fn get(fixture: &Fixture, path: &str, token: &str) -> Answer {
    let request = http::Request::get(format!("/dev{path}")).header("authorization", token);
    fixture.send(request.body(Bytes::new()).unwrap()).await
}

fn n_asked(fixture: &Fixture) -> usize {
    fixture.backends.calls.lock().unwrap().len()
}

#[tokio::test]
async fn the_function_s_answer_is_what_the_caller_gets() {
    let fixture = house_with(deployment(token()), obedient);
    let denied = r#"{"Message":"User is not authorized to access this resource"}"#;
    let explicitly = r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#;
    for (path, token, status, body, error) in [
        ("/pets/1", "allow", 200, "me 3 [][mine]", None),
        ("/pets/1", "deny", 403, explicitly, Some("AccessDeniedException")),
        ("/pets/1", "pets", 200, "me 3 [][mine]", None),
        ("/toys", "pets", 403, denied, Some("AccessDeniedException")),
        ("/toys", "", 401, r#"{"message":"Unauthorized"}"#, Some("UnauthorizedException")),
        ("/toys", "unauthorized", 401, r#"{"message":"Unauthorized"}"#, Some("UnauthorizedException")),
        ("/toys", "throw", 500, r#"{"message":null}"#, Some("AuthorizerConfigurationException")),
        ("/toys", "garbage", 500, r#"{"message":null}"#, Some("AuthorizerConfigurationException")),
        ("/toys", "nested", 500, r#"{"message":null}"#, Some("AuthorizerConfigurationException")),
        ("/toys", "status", 500, r#"{"message":null}"#, Some("AuthorizerConfigurationException")),
        ("/toys", "unreachable", 500, r#"{"message":null}"#, Some("AuthorizerConfigurationException")),
    ] {
        let answer = get(&fixture, path, token).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path} {token}");
        assert_eq!(answer.header("x-amzn-errortype"), error, "{path} {token}");
    }
}

#[tokio::test]
async fn gateway_responses_tell_failures_apart_and_know_the_authorizer() {
    let mut deployment = deployment(token());
    for (kind, status) in [
        (ResponseType::AuthorizerFailure, 590),
        (ResponseType::AuthorizerConfigurationError, 591),
        (ResponseType::AccessDenied, 490),
        (ResponseType::Unauthorized, 491),
    ] {
        let text = "$context.error.responseType $context.authorizer.level $context.authorizer.error \
            $context.authorizer.integrationStatus $context.authorizer.requestId $context.authorize.status \
            $context.authorize.error";
        let response = GatewayResponse {
            status_code: crate::apis::StatusCode::new(status),
            response_templates: strings(&[("application/json", text)]),
            ..GatewayResponse::default()
        };
        deployment.gateway_responses.insert(kind, response);
    }
    let fixture = house_with(deployment, obedient);
    for (token, status, body) in [
        ("throw", 590, "AUTHORIZER_FAILURE  the function failed 200 lambda-1  "),
        ("unreachable", 590, "AUTHORIZER_FAILURE  the service did not answer    "),
        ("garbage", 591, "AUTHORIZER_CONFIGURATION_ERROR  the answer is no JSON object 200 lambda-1  "),
        (
            "deny",
            490,
            "ACCESS_DENIED 3  200 lambda-1 403 User is not authorized to access this resource with an explicit deny",
        ),
        ("unauthorized", 491, "UNAUTHORIZED  Unauthorized 200 lambda-1  "),
        ("", 491, "UNAUTHORIZED      "),
    ] {
        let answer = get(&fixture, "/pets/1", token).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{token}");
    }
}

#[tokio::test]
async fn answers_are_kept_by_identity_and_held_against_each_request() {
    let fixture = house_with(deployment(token()), obedient);
    for _ in 0..3 {
        assert_eq!(get(&fixture, "/pets/1", "pets").await.status, 200);
        assert_eq!(get(&fixture, "/pets/2", "pets").await.status, 200);
        assert_eq!(get(&fixture, "/toys", "pets").await.status, 403);
    }
    assert_eq!(n_asked(&fixture), 1);
    assert_eq!(get(&fixture, "/pets/1", "deny").await.status, 403);
    assert_eq!(get(&fixture, "/pets/1", "deny").await.status, 403);
    assert_eq!(n_asked(&fixture), 2);
    // Failures are not cached.
    for token in ["unauthorized", "throw", "garbage"] {
        let before = n_asked(&fixture);
        get(&fixture, "/toys", token).await;
        get(&fixture, "/toys", token).await;
        assert_eq!(n_asked(&fixture), before + 2, "{token}");
    }

    let before = n_asked(&fixture);
    fixture.clock.advance(Duration::from_secs(299));
    assert_eq!(get(&fixture, "/pets/1", "pets").await.status, 200);
    assert_eq!(n_asked(&fixture), before);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&fixture, "/pets/1", "pets").await.status, 200);
    assert_eq!(n_asked(&fixture), before + 1);

    fixture.notify(Change::Authorizers("abc".into(), "prod".into())).await;
    get(&fixture, "/pets/1", "pets").await;
    assert_eq!(n_asked(&fixture), before + 1);
    fixture.notify(Change::Authorizers("abc".into(), "dev".into())).await;
    get(&fixture, "/pets/1", "pets").await;
    assert_eq!(n_asked(&fixture), before + 2);
}

#[tokio::test]
async fn without_a_time_to_live_each_request_is_asked_for() {
    let mut authorizer = token();
    authorizer.result_ttl_seconds = Some(0);
    let fixture = house_with(deployment(authorizer), obedient);
    for n in 1..4 {
        assert_eq!(get(&fixture, "/toys", "allow").await.status, 200);
        assert_eq!(n_asked(&fixture), n);
    }
}

#[tokio::test]
async fn a_token_must_look_like_one() {
    let mut authorizer = token();
    authorizer.identity_validation_expression = Some("[a-z]{5}".to_owned());
    let fixture = house_with(deployment(authorizer), obedient);
    for (token, status) in [("allow", 200), ("allows", 401), ("ALLOW", 401), ("deny", 401)] {
        assert_eq!(get(&fixture, "/toys", token).await.status, status, "{token}");
    }
    let none = fixture.get("/dev/toys").await;
    assert_eq!((none.status, none.body.as_str()), (401, r#"{"message":"Unauthorized"}"#));
    assert_eq!(n_asked(&fixture), 1);
}

#[tokio::test]
async fn a_token_authorizer_is_told_the_token_and_the_call() {
    let fixture = house_with(deployment(token()), obedient);
    get(&fixture, "/pets/a%20b/", "allow").await;
    let calls = fixture.backends.calls.lock().unwrap();
    let call = calls.first().unwrap();
    let path = "/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations";
    assert_eq!(call.operation, AwsOperation::Path(path.to_owned()));
    let event: Value = serde_json::from_slice(&call.body).unwrap();
    let expect = json!({
        "type": "TOKEN",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/a%20b",
        "authorizationToken": "allow",
    });
    assert_eq!(event, expect);
}

#[tokio::test]
async fn a_request_authorizer_is_told_the_request() {
    let source =
        "method.request.header.X-Who, method.request.querystring.q, stageVariables.function, context.stage";
    let fixture = house_with(deployment(authorizer(AuthorizerType::Request, source)), obedient);
    let request = |query: &str| {
        let request = http::Request::get(format!("/dev/pets/1{query}"));
        request.header("x-who", "a").header("x-who", "b").header("user-agent", "test/1")
    };
    for query in ["", "?q=", "?Q=1"] {
        let answer = fixture.send(request(query).body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.status, 401, "{query}");
    }
    assert_eq!(n_asked(&fixture), 0);
    let answer = fixture.send(request("?q=1&q=2&r").body(Bytes::new()).unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "me 3 [][mine]"));
    let mut event: Value =
        serde_json::from_slice(&fixture.backends.calls.lock().unwrap().first().unwrap().body).unwrap();
    for generated in ["requestId", "extendedRequestId"] {
        let id = event["requestContext"].as_object_mut().unwrap().remove(generated).unwrap();
        assert!(id.as_str().is_some_and(|id| !id.is_empty()), "{generated}");
    }
    let (trace, traces) =
        (event["headers"]["X-Amzn-Trace-Id"].take(), event["multiValueHeaders"]["X-Amzn-Trace-Id"].take());
    assert!(trace.as_str().is_some_and(|trace| trace.starts_with("Root=1-")), "{trace}");
    assert_eq!(traces, json!([trace]));
    let host = "abc.execute-api.us-east-1.amazonaws.com";
    let expect = json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/1",
        "resource": "/pets/{id}",
        "path": "/pets/1",
        "httpMethod": "GET",
        "headers": {
            "X-Who": "b", "User-Agent": "test/1", "Host": host, "X-Amzn-Trace-Id": null,
            "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Port": "80", "X-Forwarded-Proto": "http",
        },
        "multiValueHeaders": {
            "X-Who": ["a", "b"], "User-Agent": ["test/1"], "Host": [host], "X-Amzn-Trace-Id": null,
            "X-Forwarded-For": ["192.0.2.7"], "X-Forwarded-Port": ["80"], "X-Forwarded-Proto": ["http"],
        },
        "queryStringParameters": {"q": "2", "r": ""},
        "multiValueQueryStringParameters": {"q": ["1", "2"], "r": [""]},
        "pathParameters": {"id": "1"},
        "stageVariables": {"function": "f"},
        "requestContext": {
            "resourceId": "r0",
            "resourcePath": "/pets/{id}",
            "httpMethod": "GET",
            "requestTime": "14/Nov/2023:22:13:20 +0000",
            "path": "/dev/pets/1",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "dev",
            "domainPrefix": "abc",
            "requestTimeEpoch": 1_700_000_000_123_i64,
            "identity": {
                "cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null, "caller": null,
                "sourceIp": "192.0.2.7", "principalOrgId": null, "accessKey": null,
                "cognitoAuthenticationType": null, "cognitoAuthenticationProvider": null, "userArn": null,
                "userAgent": "test/1", "user": null,
            },
            "domainName": host,
            "deploymentId": "d00001",
            "apiId": "abc",
        },
    });
    assert_eq!(event, expect);
    // The same identity is cached; another one is not.
    fixture.send(request("?q=1&q=2&other").body(Bytes::new()).unwrap()).await;
    assert_eq!(n_asked(&fixture), 1);
    fixture.send(request("?q=2").body(Bytes::new()).unwrap()).await;
    assert_eq!(n_asked(&fixture), 2);
}

#[tokio::test]
async fn maps_without_members_are_empty_for_authorizers() {
    let mut authorizer = authorizer(AuthorizerType::Request, "");
    authorizer.result_ttl_seconds = Some(0);
    let fixture = house_with(deployment(authorizer), obedient);
    assert_eq!(fixture.get("/dev/toys").await.status, 200);
    let event: Value =
        serde_json::from_slice(&fixture.backends.calls.lock().unwrap().first().unwrap().body).unwrap();
    for name in ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters"] {
        assert_eq!(event[name], json!({}), "{name}");
    }
}

#[tokio::test]
async fn broken_authorizers_are_closed() {
    let broken = |change: fn(&mut Authorizer)| {
        let mut authorizer = token();
        change(&mut authorizer);
        authorizer
    };
    for (why, authorizer) in [
        ("no function", broken(|it| it.authorizer_uri = Some("arn:aws:apigateway:r:s3:path/x".to_owned()))),
        ("no source", broken(|it| it.identity_source = None)),
        ("no pattern", broken(|it| it.identity_validation_expression = Some("(".to_owned()))),
        ("another's", broken(|it| it.id = "other1".into())),
    ] {
        let fixture = house_with(deployment(authorizer), obedient);
        let answer = get(&fixture, "/toys", "allow").await;
        assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"message":null}"#), "{why}");
        assert_eq!(n_asked(&fixture), 0, "{why}");
    }
}

#[tokio::test]
async fn calls_with_too_long_an_arn_are_refused() {
    let fixture = house_with(deployment(token()), obedient);
    let answer = get(&fixture, &format!("/pets/{}", "x".repeat(1_600)), "allow").await;
    assert_eq!((answer.status, answer.body.as_str()), (414, r#"{"message":"Request URI too long"}"#));
}
