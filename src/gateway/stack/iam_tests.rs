//! Requests to methods with AWS_IAM: who signed, what policies decide, and who is told about the caller.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use crate::apis::{
    AuthorizationType, DeploymentSnapshot, GatewayResponse, HttpMethod, IntegrationType, Method, ResponseType,
};
use crate::gateway::fixture::{
    Answer, Fixture, HOST, NOW, api, code, credential, house_of, integration, method, mock, with,
};
use crate::identity::{Grants, Layer, Secret};
use crate::policy::{Policy, PolicyKind};

/// Answers with the caller's identity, and the body.
const WHO: &str = "$context.identity.accountId $context.identity.caller $context.identity.user \
    $context.identity.userArn $context.identity.accessKey $input.body";

/// `GET` and `POST /pets/{id}` with AWS_IAM, where the latter answers with the body; `/open` without.
pub(super) fn signed_api(policy: &str) -> DeploymentSnapshot {
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

pub(super) fn get(path: &str) -> http::Request<Bytes> {
    http::Request::get(path).body(Bytes::new()).unwrap()
}

pub(super) fn layer(statements: &Value) -> Layer {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    vec![Arc::new(Policy::parse(&document, PolicyKind::Identity).unwrap())]
}

/// Status, type and message.
pub(super) fn error_of(answer: &Answer) -> (u16, String, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
    let kind = answer.header("x-amzn-errortype").unwrap_or_default();
    (answer.status, kind.to_owned(), message.unwrap_or_default().to_owned())
}

impl Fixture {
    /// Gives `key` exactly these statements.
    pub(super) fn grant(&self, key: &str, statements: &Value) {
        let grants = Grants::Policies { identity: layer(statements), bounds: Vec::new() };
        self.granted.0.lock().unwrap().insert(key.to_owned(), Arc::new(grants));
    }

    pub(super) async fn get_signed(&self, key: &str, path: &str) -> Answer {
        self.send(self.signed(key, get(path))).await
    }
}

#[tokio::test]
async fn who_signs_is_let_in_and_known() {
    let fixture = house_of(signed_api(""));
    let answer = fixture.get_signed("KEY", "/dev/pets/1?b=2&a=%20").await;
    let root = "123456789012 123456789012 123456789012 arn:aws:iam::123456789012:root KEY ";
    // To templates, a missing body is `{}`.
    assert_eq!((answer.status, answer.body), (200, format!("{root}{{}}")));
    let body = http::Request::post("/dev/pets/a%2Fb").body("{\"a\":1}".into()).unwrap();
    assert_eq!(fixture.send(fixture.signed("KEY", body)).await.body, "{\"a\":1}");
    // A method without AWS_IAM ignores signatures.
    let mut wrong = fixture.signed("KEY", get("/dev/open"));
    wrong
        .headers_mut()
        .insert("authorization", HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=nobody"));
    let answer = fixture.send(wrong).await;
    assert_eq!((answer.status, &*answer.body), (200, "     {}"));
}

#[tokio::test]
async fn every_flaw_of_a_signature_has_aws_s_answer() {
    let fixture = house_of(signed_api(""));
    let mut expired = credential("KEY");
    (expired.session_token, expired.expires) = (Some(Secret::new("t")), Some(NOW));
    fixture.keys.insert("EXPIRED", expired);
    let change = |change: &dyn Fn(&mut http::Request<Bytes>)| {
        let mut request = fixture.signed("KEY", get("/dev/pets/1"));
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
        let answer = fixture.send(request).await;
        let (status, found, said) = error_of(&answer);
        assert_eq!((status, &*found), (403, error_type), "{name}: {said}");
        assert!(said.starts_with(message), "{name}: {said}");
    }
    let old = fixture.signed("KEY", get("/dev/pets/1"));
    fixture.clock.advance(Duration::from_secs(301));
    let (status, found, said) = error_of(&fixture.send(old).await);
    assert_eq!((status, &*found), (403, "InvalidSignatureException"));
    assert_eq!(
        said,
        "Signature expired: 20231114T221320Z is now earlier than 20231114T221321Z (20231114T221821Z - 5 min.)"
    );
}

#[tokio::test]
async fn the_verb_that_was_sent_is_signed_and_the_other_one_routes() {
    let fixture = house_of(signed_api(""));
    let request = |signed_as: &str| {
        let request = http::Request::builder().method(signed_as).uri("/dev/pets/1");
        let request = request.header("x-http-method-override", "post");
        fixture.signed("KEY", request.body(Bytes::new()).unwrap())
    };
    assert_eq!(fixture.send(request("PATCH")).await.status, 200);
    let mut changed = request("GET");
    *changed.method_mut() = http::Method::POST;
    assert_eq!(fixture.send(changed).await.header("x-amzn-errortype"), Some("InvalidSignatureException"));
}

#[tokio::test]
async fn every_form_of_the_address_is_signed_as_it_is_sent() {
    let fixture = house_of(signed_api(""));
    let own = "localhost:4566";
    for (host, path) in [
        (HOST, "/dev/pets/1"),
        (own, "/_aws/execute-api/abc/dev/pets/1"),
        (own, "/restapis/abc/dev/_user_request_/pets/1"),
    ] {
        let request = fixture.signed_for(host, "KEY", get(path));
        assert_eq!(fixture.send_to(host, request).await.status, 200, "{host}{path}");
    }
    // A signature is not valid for another host.
    let request = fixture.signed_for(own, "KEY", get("/_aws/execute-api/abc/dev/pets/1"));
    let elsewhere = fixture.send_to("127.0.0.1:4566", request).await;
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
    let fixture = house_of(api);
    let mut wrong = fixture.signed("KEY", get("/dev/pets/1"));
    *wrong.method_mut() = http::Method::POST;
    assert_eq!(fixture.send(wrong).await.status, 418);
    assert_eq!(fixture.get("/dev/pets/1").await.status, 419);
    fixture.grant("KEY", &json!([]));
    assert_eq!(fixture.get_signed("KEY", "/dev/pets/1").await.status, 420);
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
        let fixture = house_of(signed_api(&policy));
        if !grants.is_null() {
            fixture.grant(key, grants);
        }
        let answer = fixture.get_signed(key, "/dev/pets/1").await;
        match denied {
            None => assert_eq!(answer.status, 200, "{name}: {}", answer.body),
            Some((user, suffix)) => {
                let message = format!("User: {user} {DENIED}{suffix}");
                assert_eq!(answer.body, json!({ "Message": message }).to_string(), "{name}");
                assert_eq!(error_of(&answer).1, "AccessDeniedException", "{name}");
            }
        }
    }
    // A caller whom the API's policy refuses in any case gets that answer before being asked to sign.
    let fixture = house_of(signed_api(&policy(&[statement("Deny", everybody, "")])));
    let said = error_of(&fixture.get("/dev/pets/1").await).2;
    assert_eq!(said, format!("User: anonymous {DENIED}{explicit}"));
    let fixture = house_of(signed_api(&policy(&[statement("Deny", own, "")])));
    assert_eq!(error_of(&fixture.get("/dev/pets/1").await).2, "Missing Authentication Token");
}

#[tokio::test]
async fn values_in_paths_lead_around_no_policy() {
    let fixture = house_of(signed_api(""));
    fixture.grant(
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
        assert_eq!(fixture.get_signed("KEY", path).await.status, status, "{path}");
    }
}
