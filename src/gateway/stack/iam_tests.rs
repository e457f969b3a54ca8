//! Requests to methods with AWS_IAM: who signed, what policies say of them, and who learns of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use crate::gateway::api::{
    AuthorizationType, CacheClusterSize, CacheControlStrategy, DeploymentSnapshot, GatewayResponse,
    HttpMethod, IntegrationType, Method, MethodSetting, ResponseType,
};
use crate::gateway::fixture::{
    Answer, HOST, House, NOW, api, code, credential, house, house_of, integration, live, method, mock,
    strings, with,
};
use crate::gateway::{AwsCall, BackendError, BackendResponse, CallAs, Options};
use crate::identity::{Grants, Layer, Secret};
use crate::policy::{Policy, PolicyKind};

/// Answers with what it knows of the caller, and the body.
const WHO: &str = "$context.identity.accountId $context.identity.caller $context.identity.user \
    $context.identity.userArn $context.identity.accessKey $input.body";

/// `GET` and `POST /pets/{id}` with AWS_IAM, of which the latter answers with the body, `/open` without.
fn signed_api(policy: &str) -> DeploymentSnapshot {
    let method = |kind| {
        let mut method = method(mock(r#"{"statusCode": 200}"#, WHO));
        method.authorization_type = kind;
        method
    };
    let mut api = with(api("abc"), "/pets/{id}", HttpMethod::Get, method(AuthorizationType::AwsIam));
    let echo = integration(IntegrationType::Aws, "arn:aws:apigateway:us-east-1:states:action/Any");
    let post = Method { integration: Some(echo), ..method(AuthorizationType::AwsIam) };
    api = with(api, "/pets/{id}", HttpMethod::Post, post);
    api = with(api, "/open", HttpMethod::Get, method(AuthorizationType::None));
    api.api.policy = Some(policy.to_owned());
    api
}

fn get(path: &str) -> http::Request<Bytes> {
    http::Request::get(path).body(Bytes::new()).unwrap()
}

fn layer(statements: &Value) -> Layer {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    vec![Arc::new(Policy::parse(&document, PolicyKind::Identity).unwrap())]
}

/// Status, type and message.
fn error_of(answer: &Answer) -> (u16, String, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
    let kind = answer.header("x-amzn-errortype").unwrap_or_default();
    (answer.status, kind.to_owned(), message.unwrap_or_default().to_owned())
}

impl House {
    /// `key` has these statements and no others.
    fn grant(&self, key: &str, statements: &Value) {
        let grants = Grants::Policies { identity: layer(statements), bounds: Vec::new() };
        self.granted.0.lock().unwrap().insert(key.to_owned(), Arc::new(grants));
    }

    async fn get_signed(&self, key: &str, path: &str) -> Answer {
        self.send(self.signed(key, get(path))).await
    }
}

#[tokio::test]
async fn who_signs_is_let_in_and_known() {
    let house = house_of(signed_api(""));
    let answer = house.get_signed("KEY", "/dev/pets/1?b=2&a=%20").await;
    let root = "123456789012 123456789012 123456789012 arn:aws:iam::123456789012:root KEY ";
    // A body that is not there is `{}` to templates.
    assert_eq!((answer.status, answer.body), (200, format!("{root}{{}}")));
    let body = http::Request::post("/dev/pets/a%2Fb").body("{\"a\":1}".into()).unwrap();
    assert_eq!(house.send(house.signed("KEY", body)).await.body, "{\"a\":1}");
    // Where no signature is asked for none is looked at.
    let mut wrong = house.signed("KEY", get("/dev/open"));
    wrong
        .headers_mut()
        .insert("authorization", HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=nobody"));
    let answer = house.send(wrong).await;
    assert_eq!((answer.status, &*answer.body), (200, "     {}"));
}

#[tokio::test]
async fn every_flaw_of_a_signature_has_aws_s_answer() {
    let house = house_of(signed_api(""));
    let mut expired = credential("KEY");
    (expired.session_token, expired.expires) = (Some(Secret::new("t")), Some(NOW));
    house.keys.insert("EXPIRED", expired);
    let change = |change: &dyn Fn(&mut http::Request<Bytes>)| {
        let mut request = house.signed("KEY", get("/dev/pets/1"));
        change(&mut request);
        request
    };
    let in_header = |from: &'static str, to: &'static str| {
        change(&|request| {
            let header = request.headers()["authorization"].to_str().unwrap().replace(from, to);
            request.headers_mut().insert("authorization", header.try_into().unwrap());
        })
    };
    let header = |value: &'static str| {
        change(&|request| {
            request.headers_mut().insert("authorization", HeaderValue::from_static(value));
        })
    };
    for (name, request, error_type, message) in [
        (
            "unsigned",
            get("/dev/pets/1"),
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        (
            "a token of another kind",
            header("Bearer abc"),
            "IncompleteSignatureException",
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with \
             Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='.",
        ),
        (
            "half a signature",
            header(
                "AWS4-HMAC-SHA256 Credential=KEY/20231114/us-east-1/execute-api/aws4_request, Signature=0",
            ),
            "IncompleteSignatureException",
            "Authorization header requires 'SignedHeaders' parameter. (Hashed with",
        ),
        (
            "another scheme",
            header("Digest Credential=a, SignedHeaders=host, Signature=0"),
            "IncompleteSignatureException",
            "Invalid key=value pair (missing equal-sign)",
        ),
        (
            "half a scope",
            in_header("/execute-api/aws4_request", ""),
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements",
        ),
        (
            "nobody's key",
            in_header("=KEY/", "=NOBODY/"),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "a token that the key has none of",
            change(&|request| {
                request.headers_mut().insert("x-amz-security-token", HeaderValue::from_static("t"));
            }),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "a session that is over",
            change(&|request| {
                let header =
                    request.headers()["authorization"].to_str().unwrap().replace("=KEY/", "=EXPIRED/");
                request.headers_mut().insert("authorization", header.try_into().unwrap());
                request.headers_mut().insert("x-amz-security-token", HeaderValue::from_static("t"));
            }),
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        (
            "another path",
            change(&|request| *request.uri_mut() = "/dev/pets/2".parse().unwrap()),
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String \
             for this request should have been\n'GET\n/dev/pets/2\n",
        ),
        (
            "another service",
            in_header("/execute-api/", "/apigateway/"),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'execute-api'. ",
        ),
        (
            "another region",
            in_header("/us-east-1/", "/eu-west-1/"),
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'eu-west-1'. ",
        ),
        (
            "no region",
            in_header("/us-east-1/", "/US/"),
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'US'. ",
        ),
        (
            "an unsigned header of AWS's",
            change(&|request| {
                request.headers_mut().insert("x-amz-meta", HeaderValue::from_static("1"));
            }),
            "InvalidSignatureException",
            "'x-amz-meta' must be a 'SignedHeader' in the AWS Authorization.",
        ),
    ] {
        let answer = house.send(request).await;
        let (status, found, said) = error_of(&answer);
        assert_eq!((status, &*found), (403, error_type), "{name}: {said}");
        assert!(said.starts_with(message), "{name}: {said}");
    }
    let old = house.signed("KEY", get("/dev/pets/1"));
    house.clock.advance(Duration::from_secs(301));
    let (status, found, said) = error_of(&house.send(old).await);
    assert_eq!((status, &*found), (403, "InvalidSignatureException"));
    assert_eq!(
        said,
        "Signature expired: 20231114T221320Z is now earlier than 20231114T221321Z (20231114T221821Z - 5 min.)"
    );
}

#[tokio::test]
async fn the_verb_that_was_sent_is_signed_and_the_other_one_routes() {
    let house = house_of(signed_api(""));
    let request = |signed_as: &str| {
        let request = http::Request::builder().method(signed_as).uri("/dev/pets/1");
        let mut request = house.signed("KEY", request.body(Bytes::new()).unwrap());
        request.headers_mut().insert("x-http-method-override", HeaderValue::from_static("post"));
        request
    };
    assert_eq!(house.send(request("PATCH")).await.status, 200);
    let mut changed = request("GET");
    *changed.method_mut() = http::Method::POST;
    assert_eq!(house.send(changed).await.header("x-amzn-errortype"), Some("InvalidSignatureException"));
}

#[tokio::test]
async fn every_form_of_the_address_is_signed_as_it_is_sent() {
    let house = house_of(signed_api(""));
    for path in ["/dev/pets/1", "/_aws/execute-api/abc/dev/pets/1", "/restapis/abc/dev/_user_request_/pets/1"]
    {
        assert_eq!(house.get_signed("KEY", path).await.status, 200, "{path}");
    }
    // Nobody may put a signature under another host.
    let request = house.signed("KEY", get("/_aws/execute-api/abc/dev/pets/1"));
    assert_eq!(house.send_to(HOST, request.clone()).await.status, 200);
    let elsewhere = house.send_to("localhost:4566", request).await;
    assert_eq!(elsewhere.header("x-amzn-errortype"), Some("InvalidSignatureException"));
}

#[tokio::test]
async fn gateway_responses_word_the_flaws() {
    let mut api = signed_api("");
    for (kind, status) in [
        (ResponseType::InvalidSignature, 418),
        (ResponseType::MissingAuthenticationToken, 419),
        (ResponseType::AccessDenied, 420),
    ] {
        let said = GatewayResponse { status_code: Some(code(status)), ..GatewayResponse::default() };
        api.gateway_responses.insert(kind, said);
    }
    let house = house_of(api);
    let mut wrong = house.signed("KEY", get("/dev/pets/1"));
    *wrong.method_mut() = http::Method::POST;
    assert_eq!(house.send(wrong).await.status, 418);
    assert_eq!(house.get("/dev/pets/1").await.status, 419);
    house.grant("KEY", &json!([]));
    assert_eq!(house.get_signed("KEY", "/dev/pets/1").await.status, 420);
}

const DENIED: &str = "is not authorized to perform: execute-api:Invoke on resource: \
    arn:aws:execute-api:us-east-1:********9012:abc/dev/GET/pets/1";

#[tokio::test]
async fn the_callers_policies_and_the_api_s_decide_together() {
    let statement = |effect: &str, principal: &str, more: &str| {
        format!(
            r#"{{"Effect":"{effect}","Principal":{principal},"Action":"execute-api:*","Resource":"execute-api:/*"{more}}}"#
        )
    };
    let policy = |statements: &[String]| format!(r#"{{"Statement":[{}]}}"#, statements.join(","));
    let everybody = r#""*""#;
    let own = r#"{"AWS":"123456789012"}"#;
    let other = r#"{"AWS":"arn:aws:iam::210987654321:root"}"#;
    let condition = r#","Condition":{"StringEquals":{"aws:PrincipalAccount":"210987654321",
        "aws:userid":"210987654321","aws:PrincipalType":"Account"},
        "ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:*"}}"#;
    let allow = json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*/dev/GET/pets/*"}]);
    let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]);
    let nothing = json!([]);
    let everything = Value::Null;
    let explicit = " with an explicit deny";
    let (ours, theirs) = ("arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:root");
    for (name, key, grants, policy, denied) in [
        ("the account itself", "KEY", &everything, String::new(), None),
        ("an allow", "KEY", &allow, String::new(), None),
        ("silence", "KEY", &nothing, String::new(), Some((ours, ""))),
        ("a deny", "KEY", &deny, String::new(), Some((ours, explicit))),
        ("an allow of the API's", "KEY", &nothing, policy(&[statement("Allow", own, "")]), None),
        ("an allow for others", "KEY", &nothing, policy(&[statement("Allow", other, "")]), Some((ours, ""))),
        (
            "a deny against an allow",
            "KEY",
            &deny,
            policy(&[statement("Allow", own, "")]),
            Some((ours, explicit)),
        ),
        (
            "a deny of the API's",
            "KEY",
            &everything,
            policy(&[statement("Allow", everybody, ""), statement("Deny", own, "")]),
            Some((ours, explicit)),
        ),
        ("a policy that can't be read", "KEY", &everything, "{}".to_owned(), Some((ours, explicit))),
        ("another account", "OTHER", &everything, String::new(), Some((theirs, ""))),
        (
            "another account that is let in",
            "OTHER",
            &everything,
            policy(&[statement("Allow", other, "")]),
            None,
        ),
        (
            "another account under a condition",
            "OTHER",
            &allow,
            policy(&[statement("Allow", "\"*\"", condition)]),
            None,
        ),
        (
            "our account under theirs",
            "KEY",
            &nothing,
            policy(&[statement("Allow", "\"*\"", condition)]),
            Some((ours, "")),
        ),
        (
            "only one side allows",
            "OTHER",
            &nothing,
            policy(&[statement("Allow", other, "")]),
            Some((theirs, "")),
        ),
    ] {
        let house = house_of(signed_api(&policy));
        if !grants.is_null() {
            house.grant(key, grants);
        }
        let answer = house.get_signed(key, "/dev/pets/1").await;
        match denied {
            None => assert_eq!(answer.status, 200, "{name}: {}", answer.body),
            Some((user, suffix)) => {
                let message = format!("User: {user} {DENIED}{suffix}");
                assert_eq!(answer.body, json!({ "Message": message }).to_string(), "{name}");
                assert_eq!(error_of(&answer).1, "AccessDeniedException", "{name}");
            }
        }
    }
    // Whom the API's policy keeps out in any case hears that before being asked to sign.
    let house = house_of(signed_api(&policy(&[statement("Deny", everybody, "")])));
    let said = error_of(&house.get("/dev/pets/1").await).2;
    assert_eq!(said, format!("User: anonymous {DENIED}{explicit}"));
    let house = house_of(signed_api(&policy(&[statement("Deny", own, "")])));
    assert_eq!(error_of(&house.get("/dev/pets/1").await).2, "Missing Authentication Token");
}

#[tokio::test]
async fn values_in_paths_lead_around_no_policy() {
    let house = house_of(signed_api(""));
    house.grant(
        "KEY",
        &json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"},
                {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*/GET/pets/admin"}]),
    );
    for (path, status) in [
        ("/dev/pets/1", 200),
        ("/dev/pets/admin", 403),
        ("/dev/pets/%61dmin", 403),
        ("/dev//pets/admin/", 403),
    ] {
        assert_eq!(house.get_signed("KEY", path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_body_is_read_once_and_up_to_its_limit() {
    let house = house_of(signed_api(""));
    let large = Bytes::from(vec![b' '; 10 * 1024 * 1024]);
    let post = |body: Bytes| http::Request::post("/dev/pets/1").body(body).unwrap();
    assert_eq!(house.send(house.signed("KEY", post(large.clone()))).await.status, 200);
    let too_large = [large, Bytes::from_static(b" ")].concat();
    let answer = house.send(house.signed("KEY", post(too_large.into()))).await;
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
    let house = house_of(with(api, "/open", HttpMethod::Get, method(calls)));
    assert_eq!(house.get_signed("KEY", "/dev/signed").await.status, 200);
    let call = house.backends.calls.lock().unwrap().pop().unwrap();
    let CallAs::Caller(caller) = call.call_as else { panic!("{:?}", call.call_as) };
    assert_eq!(&*caller.arn, "arn:aws:iam::123456789012:root");
    let answer = house.get_signed("KEY", "/dev/open").await;
    assert_eq!((answer.status, house.backends.calls.lock().unwrap().len()), (500, 0));
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
    let house = house_of(with(api("abc"), "/", HttpMethod::Get, signed));
    *house.backends.function.lock().unwrap() = Some(function);
    let told: Value = serde_json::from_str(&house.get_signed("KEY", "/dev").await.body).unwrap();
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
    live.stage.access_log_settings = Some(crate::gateway::api::AccessLogSettings {
        format: Some("$context.identity.userArn $context.identity.accessKey $context.status".to_owned()),
        destination_arn: Some("arn:aws:logs:us-east-1:123456789012:log-group:g".to_owned()),
    });
    let house = house(Options::default(), [live]);
    house.get_signed("KEY", "/dev/pets/1").await;
    house.grant("KEY", &json!([]));
    house.get_signed("KEY", "/dev/pets/1").await;
    house.get("/dev/pets/1").await;
    let lines: Vec<String> =
        house.access_logs.0.lock().unwrap().iter().map(|(_, line)| line.clone()).collect();
    let arn = "arn:aws:iam::123456789012:root";
    assert_eq!(lines, [format!("{arn} KEY 200"), format!("{arn} KEY 403"), "- - 403".to_owned()]);
}

/// `GET /pets` is cached; only who may can have it made anew.
fn cached_house(kind: AuthorizationType, policy: &str, strategy: CacheControlStrategy) -> House {
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
    house(Options::default(), [live])
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
            let house = cached_house(kind, &policy, strategy);
            if !grants.is_null() {
                house.grant("KEY", grants);
            }
            let old = house.send(house.signed("KEY", get("/dev/pets"))).await;
            assert_eq!(old.status, 200, "{name}: {}", old.body);
            let answer = house.send(house.signed("KEY", fresh())).await;
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
