//! Requests to APIs with a resource policy, alone and combined with authorizers.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::apis::{AuthorizationType, Authorizer, AuthorizerType, HttpMethod};
use crate::gateway::fixture::{Fixture, api, house_of, method, mock, with};
use crate::gateway::{AwsCall, BackendError, BackendResponse};

/// The caller 192.0.2.7 sends `GET /pets` to the stage `dev`.
fn policed(policy: &str, authorization: AuthorizationType) -> Fixture {
    let mut pets = method(mock(r#"{"statusCode": 200}"#, "$context.authorizer.principalId"));
    pets.authorization_type = authorization;
    pets.authorizer_id = Some("auth01".into());
    let mut api = with(api("abc"), "/pets", HttpMethod::Get, pets);
    api.api.policy = Some(policy.to_owned());
    let authorizer = Authorizer {
        id: "auth01".into(),
        name: "a".to_owned(),
        kind: AuthorizerType::Token,
        provider_arns: Vec::new(),
        auth_type: None,
        authorizer_uri: Some(
            "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/f/invocations".to_owned(),
        ),
        authorizer_credentials: None,
        identity_source: Some("method.request.header.who".to_owned()),
        identity_validation_expression: None,
        result_ttl_seconds: None,
        jwt_configuration: None,
    };
    api.authorizers.insert(authorizer.id.clone(), authorizer);
    let fixture = house_of(api);
    *fixture.backends.function.lock().unwrap() = Some(function);
    fixture
}

/// A function that returns the policy that the token names.
fn function(call: &AwsCall) -> Result<BackendResponse, BackendError> {
    let event: Value = serde_json::from_slice(&call.body).unwrap();
    let token = event["authorizationToken"].as_str().unwrap();
    let statements = match token {
        "silent" => json!([]),
        effect => json!([{"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"}]),
    };
    let body = json!({"principalId": "p", "policyDocument": {"Statement": statements}});
    let (status, headers) = (StatusCode::OK, HeaderMap::new());
    Ok(BackendResponse { status, headers, body: body.to_string().into() })
}

const ALLOW: &str = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
    "Resource":"execute-api:/dev/GET/pets"}}"#;
const SILENT: &str = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
    "Resource":"execute-api:/prod/*"}}"#;
const DENY: &str = r#"{"Statement":[
    {"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"},
    {"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*",
     "Condition":{"IpAddress":{"aws:SourceIp":["192.0.2.0/24"]}}}]}"#;
const MESSAGE: &str = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
    arn:aws:execute-api:us-east-1:********9012:abc/dev/GET/pets";

#[tokio::test]
async fn without_an_authorizer_the_policy_has_to_allow() {
    for (policy, status, message) in [
        (ALLOW, 200, String::new()),
        ("", 200, String::new()),
        (SILENT, 403, MESSAGE.to_owned()),
        (DENY, 403, format!("{MESSAGE} with an explicit deny")),
        ("{}", 403, format!("{MESSAGE} with an explicit deny")),
    ] {
        let answer = policed(policy, AuthorizationType::None).get("/dev/pets").await;
        assert_eq!(answer.status, status, "{policy}");
        if status == 403 {
            assert_eq!(answer.body, json!({ "Message": message }).to_string(), "{policy}");
            assert_eq!(answer.header("x-amzn-errortype"), Some("AccessDeniedException"));
        }
    }
}

#[tokio::test]
async fn policy_and_authorizer_decide_together() {
    for (policy, token, status, n_asked) in [
        (ALLOW, "Allow", 200, 1),
        (ALLOW, "silent", 200, 1),
        (ALLOW, "Deny", 403, 1),
        (SILENT, "Allow", 200, 1),
        (SILENT, "silent", 403, 1),
        (SILENT, "Deny", 403, 1),
        (DENY, "Allow", 403, 0),
        (DENY, "silent", 403, 0),
        (ALLOW, "", 401, 0),
    ] {
        let fixture = policed(policy, AuthorizationType::Custom);
        let request = http::Request::get("/dev/pets").header("who", token).body(Bytes::new()).unwrap();
        let answer = fixture.send(request).await;
        assert_eq!(answer.status, status, "{policy} {token}");
        assert_eq!(fixture.backends.calls.lock().unwrap().len(), n_asked, "{policy} {token}");
        if status == 200 {
            assert_eq!(answer.body, "p");
        }
    }
}

#[tokio::test]
async fn a_call_that_nothing_answers_is_missing_whatever_the_policy() {
    let answer = policed(DENY, AuthorizationType::None).get("/dev/toys").await;
    assert_eq!((answer.status, &*answer.body), (403, r#"{"message":"Missing Authentication Token"}"#));
}
