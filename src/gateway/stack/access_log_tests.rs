//! The content and the destinations of access logs.

use bytes::Bytes;

use crate::apis::{AccessLogSettings, DeploymentSnapshot, HttpMethod, IntegrationType, LiveStage};
use crate::gateway::Options;
use crate::gateway::fixture::{Fixture, api, fixture, integration, live, method, mock, with};

const ARN: &str = "arn:aws:logs:us-east-1:123456789012:log-group:web";

fn deployment() -> DeploymentSnapshot {
    let ok = mock(r#"{"statusCode": 200}"#, "hello");
    let api = with(api("abc"), "/pets/{id}", HttpMethod::Get, method(ok));
    let echo = integration(IntegrationType::Aws, "arn:aws:apigateway:us-east-1:states:action/ListActivities");
    let api = with(api, "/echo", HttpMethod::Post, method(echo));
    let gone = integration(IntegrationType::Aws, "arn:aws:apigateway:us-east-1:sqs:action/ListQueues");
    with(api, "/gone", HttpMethod::Post, method(gone))
}

fn logging(format: &str, destination_arn: Option<&str>) -> LiveStage {
    let mut live = live(deployment());
    live.stage.access_log_settings = Some(AccessLogSettings {
        format: Some(format.to_owned()),
        destination_arn: destination_arn.map(str::to_owned),
    });
    live
}

impl Fixture {
    /// The lines written since the last call; all have the same destination.
    fn lines(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.access_logs.0.lock().unwrap());
        let line = |(arn, line)| {
            assert_eq!(arn, ARN);
            line
        };
        lines.into_iter().map(line).collect()
    }
}

/// Checks what `format` gives for a request.
async fn check(format: &str, request: http::request::Builder, expect: &str) {
    let fixture = fixture(Options::default(), [logging(format, Some(ARN))]);
    fixture.send(request.body(Bytes::from("{}")).unwrap()).await;
    assert_eq!(fixture.lines(), [expect], "{format}");
}

#[tokio::test]
async fn variables_have_what_the_request_was_and_became() {
    let get = || http::Request::get("/dev/pets/7?q=1");
    let post = |path: &str| http::Request::post(path).header("content-type", "application/json");
    for (format, expect) in [
        ("$context.httpMethod $context.resourcePath $context.protocol", "GET /pets/{id} HTTP/1.1"),
        (
            "$context.path $context.stage $context.apiId $context.accountId",
            "/dev/pets/7 dev abc 123456789012",
        ),
        ("$context.status $context.responseLength $context.responseLatency", "200 5 0"),
        ("$context.requestTimeEpoch [$context.requestTime]", "1700000000123 [14/Nov/2023:22:13:20 +0000]"),
        ("$context.identity.sourceIp $context.identity.user $context.identity.userAgent", "192.0.2.7 - -"),
        ("$context.domainName $context.domainPrefix", "abc.execute-api.us-east-1.amazonaws.com abc"),
        ("$context.deploymentId $context.resourceId $context.isCanaryRequest", "d00001 r0 -"),
        ("$context.error.message $context.error.messageString $context.error.responseType", "- - -"),
        ("$context.integration.status $context.integrationStatus $context.integration.error", "200 200 -"),
        ("$context.integration.latency $context.integrationLatency", "0 0"),
        ("$context.authorizer.principalId $context.wafResponseCode $context.nope", "- - -"),
        ("100% $context $ $context. $stageVariables.no", "100% $context $ $context. -"),
    ] {
        check(format, get(), expect).await;
    }
    let trace = "Root=1-67891233-abcdef012345678912345678;Sampled=1";
    let traced = get().header("x-amzn-trace-id", trace);
    check("$context.xrayTraceId", traced, "1-67891233-abcdef012345678912345678").await;
    let chosen = get().header("x-amzn-requestid", "mine");
    check("$context.requestId", chosen, "mine").await;

    let refused = r#"{"message":$context.error.messageString,"type":"$context.error.responseType","status":$context.status}"#;
    let expect =
        r#"{"message":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN","status":403}"#;
    check(refused, http::Request::get("/dev/nope"), expect).await;
    check(
        "$context.integration.integrationStatus $context.integrationErrorMessage",
        post("/dev/echo"),
        "200 -",
    )
    .await;
    let format =
        "$context.status $context.integration.status $context.integration.error $context.error.responseType";
    check(format, post("/dev/gone"), "500 - Internal server error API_CONFIGURATION_ERROR").await;
}

#[tokio::test]
async fn a_request_is_one_line_whatever_it_holds() {
    let fixture =
        fixture(Options::default(), [logging("$method.request.querystring.q $context.status", Some(ARN))]);
    fixture.get("/dev/pets/1?q=a%0Ab%0D").await;
    assert_eq!(fixture.lines(), ["a\\nb\\r 200"]);
}

#[tokio::test]
async fn a_log_without_a_destination_is_the_servers_own() {
    let fixture = fixture(Options::default(), [logging("$context.requestId", None)]);
    assert_eq!(fixture.get("/dev/pets/1").await.status, 200);
    assert_eq!(fixture.lines(), [""; 0]);
}
