//! The effects of a signature: bodies, calls in the caller's name, the identity that others see, fresh responses.

use bytes::Bytes;
use serde_json::{Value, json};

use super::iam_tests::{error_of, get, signed_api};
use crate::apis::{
    AuthorizationType, CacheClusterSize, CacheControlStrategy, HttpMethod, IntegrationType, MethodSetting,
};
use crate::gateway::fixture::{Fixture, api, fixture, house_of, integration, live, method, strings, with};
use crate::gateway::{AwsCall, BackendError, BackendResponse, CallAs, Options};

#[tokio::test]
async fn a_body_is_read_once_and_up_to_its_limit() {
    let fixture = house_of(signed_api(""));
    let large = Bytes::from(vec![b' '; 10 * 1024 * 1024]);
    let post = |body: Bytes| http::Request::post("/dev/pets/1").body(body).unwrap();
    assert_eq!(fixture.send(fixture.signed("KEY", post(large.clone()))).await.status, 200);
    let too_large = [large, Bytes::from_static(b" ")].concat();
    let answer = fixture.send(fixture.signed("KEY", post(too_large.into()))).await;
    assert_eq!(error_of(&answer).1, "RequestEntityTooLargeException");
}

#[tokio::test]
async fn a_service_is_called_as_the_caller() {
    let mut calls =
        integration(IntegrationType::Aws, "arn:aws:apigateway:us-east-1:states:action/ListActivities");
    calls.credentials = Some("arn:aws:iam::*:user/*".to_owned());
    let mut signed = method(calls.clone());
    signed.authorization_type = AuthorizationType::AwsIam;
    let api = with(api("abc"), "/signed", HttpMethod::Get, signed);
    let fixture = house_of(with(api, "/open", HttpMethod::Get, method(calls)));
    assert_eq!(fixture.get_signed("KEY", "/dev/signed").await.status, 200);
    let call = fixture.backends.calls.lock().unwrap().pop().unwrap();
    let CallAs::Caller(caller) = call.call_as else { panic!("{:?}", call.call_as) };
    assert_eq!(&*caller.arn, "arn:aws:iam::123456789012:root");
    let answer = fixture.get_signed("KEY", "/dev/open").await;
    assert_eq!((answer.status, fixture.backends.calls.lock().unwrap().len()), (500, 0));
}

#[tokio::test]
async fn functions_learn_who_calls_but_not_the_signature() {
    fn function(call: &AwsCall) -> Result<BackendResponse, BackendError> {
        let event: Value = serde_json::from_slice(&call.body).unwrap();
        let told = json!([event["requestContext"]["identity"], event["headers"], event["multiValueHeaders"]]);
        let body = json!({"body": told.to_string()}).to_string().into();
        Ok(BackendResponse { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body })
    }
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations";
    let mut signed = method(integration(IntegrationType::AwsProxy, uri));
    signed.authorization_type = AuthorizationType::AwsIam;
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, signed));
    *fixture.backends.function.lock().unwrap() = Some(function);
    let told: Value = serde_json::from_str(&fixture.get_signed("KEY", "/dev").await.body).unwrap();
    let identity = &told[0];
    for (name, value) in [
        ("accountId", json!("123456789012")),
        ("accessKey", json!("KEY")),
        ("caller", json!("123456789012")),
        ("user", json!("123456789012")),
        ("userArn", json!("arn:aws:iam::123456789012:root")),
        ("cognitoIdentityId", Value::Null),
        ("principalOrgId", Value::Null),
    ] {
        assert_eq!(identity[name], value, "{name}");
    }
    for headers in [&told[1], &told[2]] {
        assert!(headers["X-Amz-Date"].is_string() || headers["X-Amz-Date"].is_array(), "{headers}");
        assert!(headers.get("Authorization").is_none(), "{headers}");
    }
}

#[tokio::test]
async fn access_logs_name_who_signed_also_where_policies_refuse() {
    let mut live = live(signed_api(""));
    live.stage.access_log_settings = Some(crate::apis::AccessLogSettings {
        format: Some("$context.identity.userArn $context.identity.accessKey $context.status".to_owned()),
        destination_arn: Some("arn:aws:logs:us-east-1:123456789012:log-group:g".to_owned()),
    });
    let fixture = fixture(Options::default(), [live]);
    fixture.get_signed("KEY", "/dev/pets/1").await;
    fixture.grant("KEY", &json!([]));
    fixture.get_signed("KEY", "/dev/pets/1").await;
    fixture.get("/dev/pets/1").await;
    let lines: Vec<String> =
        fixture.access_logs.0.lock().unwrap().iter().map(|(_, line)| line.clone()).collect();
    let arn = "arn:aws:iam::123456789012:root";
    assert_eq!(lines, [format!("{arn} KEY 200"), format!("{arn} KEY 403"), "- - 403".to_owned()]);
}

/// `GET /pets` is cached; only callers with permission can get a fresh response.
fn cached_house(kind: AuthorizationType, policy: &str, strategy: CacheControlStrategy) -> Fixture {
    let mut echo = integration(IntegrationType::Aws, "arn:aws:apigateway:us-east-1:states:action/Any");
    echo.request_templates = strings(&[("application/json", "$context.requestId")]);
    let mut pets = method(echo);
    pets.authorization_type = kind;
    let mut api = with(api("abc"), "/pets", HttpMethod::Get, pets);
    api.api.policy = Some(policy.to_owned());
    let mut live = live(api);
    live.stage.cache_cluster_enabled = true;
    live.stage.cache_cluster_size = Some(CacheClusterSize::Gb0_5);
    let setting = MethodSetting {
        caching_enabled: true,
        require_authorization_for_cache_control: true,
        unauthorized_cache_control_header_strategy: strategy,
        ..MethodSetting::default()
    };
    live.stage.method_settings = [("*/*".to_owned(), setting)].into();
    fixture(Options::default(), [live])
}

#[tokio::test]
async fn a_fresh_answer_is_for_those_who_may_have_one() {
    use CacheControlStrategy::{FailWith403, SucceedWithResponseHeader, SucceedWithoutResponseHeader};
    let fresh =
        || http::Request::get("/dev/pets").header("cache-control", "max-age=0").body(Bytes::new()).unwrap();
    let both = json!([{"Effect": "Allow", "Action": "execute-api:*", "Resource": "*/dev/GET/pets"}]);
    let invoke = json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]);
    let elsewhere = json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"},
        {"Effect": "Allow", "Action": "execute-api:InvalidateCache", "Resource": "*/prod/*"}]);
    let policy = |action: &str, principal: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"execute-api:/*"}}]}}"#
        )
    };
    let anyone = r#""*""#;
    let own = r#"{"AWS":"123456789012"}"#;
    let (none, iam) = (AuthorizationType::None, AuthorizationType::AwsIam);
    for (name, kind, grants, policy, may) in [
        ("the account itself", iam, &Value::Null, String::new(), true),
        ("own policies", iam, &both, String::new(), true),
        ("own policies without it", iam, &invoke, String::new(), false),
        ("own policies for another stage", iam, &elsewhere, String::new(), false),
        ("the API's policy for who signed", iam, &invoke, policy("execute-api:InvalidateCache", own), true),
        ("the API's policy for anybody", none, &Value::Null, policy("execute-api:*", anyone), true),
        ("the API's policy without it", none, &Value::Null, policy("execute-api:Invoke", anyone), false),
        ("nothing said", none, &Value::Null, String::new(), false),
    ] {
        for strategy in [FailWith403, SucceedWithResponseHeader, SucceedWithoutResponseHeader] {
            let fixture = cached_house(kind, &policy, strategy);
            if !grants.is_null() {
                fixture.grant("KEY", grants);
            }
            let old = fixture.send(fixture.signed("KEY", get("/dev/pets"))).await;
            assert_eq!(old.status, 200, "{name}: {}", old.body);
            let answer = fixture.send(fixture.signed("KEY", fresh())).await;
            let said = (answer.status, answer.header("warning").is_some(), answer.body == old.body);
            let expect = match (may, strategy) {
                (true, _) => (200, false, false),
                (false, FailWith403) => (403, false, false),
                (false, SucceedWithResponseHeader) => (200, true, true),
                (false, SucceedWithoutResponseHeader) => (200, false, true),
            };
            assert_eq!(said, expect, "{name}, {strategy:?}: {}", answer.body);
        }
    }
}
