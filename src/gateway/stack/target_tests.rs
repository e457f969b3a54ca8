//! One target for everything: the target that is verified is the one that is routed, authorized and forwarded.

use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;

use super::http_tests::{echo_server, seen};
use super::iam_tests::{error_of, get};
use crate::apis::{AuthorizationType, DeploymentSnapshot, HttpMethod, Integration, IntegrationType};
use crate::gateway::fixture::{Fixture, api, house_of, integration, method, mock, strings, with};

/// Passes on the value of `/{proxy+}`.
fn proxy(address: &str) -> Integration {
    let mut proxy = integration(IntegrationType::HttpProxy, &format!("http://{address}/{{proxy}}"));
    proxy.http_method = Some(HttpMethod::Any);
    proxy.request_parameters = strings(&[("integration.request.path.proxy", "method.request.path.proxy")]);
    proxy
}

/// `/a/admin`, answered by a mock and protected by AWS_IAM, beside `/{proxy+}`, protected as `kind` says.
fn siblings(address: &str, kind: AuthorizationType) -> DeploymentSnapshot {
    let mut admin = method(mock(r#"{"statusCode": 200}"#, "admin"));
    admin.authorization_type = AuthorizationType::AwsIam;
    let mut rest = method(proxy(address));
    rest.authorization_type = kind;
    with(with(api("abc"), "/a/admin", HttpMethod::Any, admin), "/{proxy+}", HttpMethod::Any, rest)
}

async fn target(fixture: &Fixture, path: &str) -> String {
    let answer = fixture.get(path).await;
    if answer.status != 200 {
        return answer.status.to_string();
    }
    seen(&answer.body)["target"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_guarded_sibling_is_not_reached_through_an_open_one() {
    let address = echo_server().await;
    let fixture = house_of(siblings(&address, AuthorizationType::None));
    for (path, expect) in [
        ("/dev/a/other", "/a/other"),
        ("/dev/a//other", "/a//other"),
        ("/dev/a%2Fother", "/a%2Fother"),
        ("/dev/a/admin", "403"),
        ("/dev//a///admin/", "403"),
        ("/dev/a%2Fadmin", "403"),
        ("/dev/a%5cadmin", "403"),
        ("/dev/a/admin;v=1", "403"),
        ("/dev/a;v=1/%61dmin", "403"),
        ("/dev/a/admin/more", "/a/admin/more"),
    ] {
        assert_eq!(target(&fixture, path).await, expect, "{path}");
    }
}

#[tokio::test]
async fn what_a_policy_denies_is_denied_in_every_reading() {
    let address = echo_server().await;
    let mut api = with(api("abc"), "/{proxy+}", HttpMethod::Any, method(proxy(&address)));
    let statement = |effect: &str, path: &str| {
        format!(
            r#"{{"Effect":"{effect}","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/{path}"}}"#
        )
    };
    let statements = [statement("Allow", "*"), statement("Deny", "dev/GET/a/admin")].join(",");
    api.api.policy = Some(format!(r#"{{"Statement":[{statements}]}}"#));
    let fixture = house_of(api);
    for path in ["a/admin", "a//admin", "a%2Fadmin", "a/%61dmin", "a\\admin", "a;x/admin;y"] {
        assert_eq!(target(&fixture, &format!("/dev/{path}")).await, "403", "{path}");
    }
    assert_eq!(target(&fixture, "/dev/a/other").await, "/a/other");
}

#[tokio::test]
async fn a_signature_runs_no_other_method_than_it_is_for() {
    let signed = |text: &str| {
        let mut signed = method(mock(r#"{"statusCode": 200}"#, text));
        signed.authorization_type = AuthorizationType::AwsIam;
        signed
    };
    let api = with(api("abc"), "/a/b", HttpMethod::Get, signed("get"));
    let api = with(api, "/a/b", HttpMethod::Delete, signed("delete"));
    let fixture = house_of(with(api, "/a/{rest+}", HttpMethod::Any, signed("rest")));
    let request = || fixture.signed("KEY", get("/dev/a/b"));
    assert_eq!(fixture.send(request()).await.body, "get");
    for path in ["/dev/a//b", "/dev//a/b", "/dev/a///b"] {
        let mut moved = request();
        *moved.uri_mut() = path.parse().unwrap();
        // Repeated slashes are not signed, and have no effect.
        assert_eq!(fixture.send(moved).await.body, "get", "{path}");
    }
    let with_override = |value: &'static [u8]| {
        let mut changed = request();
        changed.headers_mut().append("x-http-method-override", HeaderValue::from_static("DELETE"));
        changed.headers_mut().append("x-http-method-override", HeaderValue::from_bytes(value).unwrap());
        changed
    };
    let mut one = request();
    one.headers_mut().insert("x-http-method-override", HeaderValue::from_static("DELETE"));
    assert_eq!(
        error_of(&fixture.send(one).await).2,
        "'x-http-method-override' must be a 'SignedHeader' in the AWS Authorization."
    );
    for value in [b"DELETE".as_slice(), b"GET", b"CONNECT"] {
        let (status, kind, _) = error_of(&fixture.send(with_override(value)).await);
        assert_eq!((status, kind.as_str()), (403, "MissingAuthenticationTokenException"));
    }
    let signed_override = http::Request::get("/dev/a/b").header("x-http-method-override", "delete");
    let signed_override = fixture.signed("KEY", signed_override.body(Bytes::new()).unwrap());
    assert_eq!(fixture.send(signed_override).await.body, "delete");
    for unknown in ["TRACE", "CONNECT", "ANY", "x", ""] {
        let request = http::Request::get("/dev/a/b").header("x-http-method-override", unknown);
        let answer = fixture.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(
            answer.header("x-amzn-errortype"),
            Some("MissingAuthenticationTokenException"),
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn values_that_a_signature_does_not_tell_apart_are_one_to_all() {
    let address = echo_server().await;
    let mut signed = method(proxy(&address));
    signed.authorization_type = AuthorizationType::AwsIam;
    let fixture = house_of(with(api("abc"), "/{proxy+}", HttpMethod::Any, signed));
    let request = || fixture.signed("KEY", get("/dev/a/b?role=user&x=1%202&role=admin"));
    let expect = "/a/b?role=admin&x=1%202&role=user";
    for (path, expect) in [
        ("/dev/a/b?role=user&x=1%202&role=admin", Some(expect)),
        ("/dev/a/b?role=admin&x=1+2&role=user", Some(expect)),
        ("/dev/a//b?role=admin&x=1+2&role=user", Some(expect)),
        ("/dev/a/b?role=admin;x=1+2;role=user", Some(expect)),
        ("/dev/a/b?role=admin&x=1%2B2&role=user", None),
        ("/dev/a/b?role=admin&x=1%202", None),
        ("/dev/a/%62?role=user&x=1%202&role=admin", None),
    ] {
        let mut moved = request();
        *moved.uri_mut() = path.parse().unwrap();
        let answer = fixture.send(moved).await;
        let found = (answer.status == 200).then(|| seen(&answer.body)["target"].as_str().unwrap().to_owned());
        assert_eq!(found.as_deref(), expect, "{path}");
    }
}

#[tokio::test]
async fn backends_get_nobodys_signature() {
    let address = echo_server().await;
    let fixture = house_of(with(api("abc"), "/{proxy+}", HttpMethod::Any, method(proxy(&address))));
    let presigned = |service: &str| {
        format!(
            "?a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K%2F20200101%2Fr%2F{service}%2Faws4_request&\
             X-Amz-Date=d&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=s"
        )
    };
    assert_eq!(target(&fixture, &format!("/dev/p{}", presigned("execute-api"))).await, "/p?a=1");
    // A signature for a service behind the gateway is passed on.
    let for_s3 = presigned("s3");
    assert_eq!(target(&fixture, &format!("/dev/p{for_s3}")).await, format!("/p{for_s3}"));
    let request = |authorization: &str| {
        let request = http::Request::get("/dev/p").header("authorization", authorization);
        request.header("x-amz-security-token", "token").body(Bytes::new()).unwrap()
    };
    let headers = |body: &str| -> Value { seen(body)["headers"].clone() };
    let signed =
        fixture.send(request("AWS4-HMAC-SHA256 Credential=K/20200101/r/execute-api/aws4_request, x=y")).await;
    for name in ["authorization", "x-amz-security-token"] {
        assert_eq!(headers(&signed.body).get(name), None, "{name}");
    }
    let bearer = headers(&fixture.send(request("Bearer b")).await.body);
    assert_eq!(
        (bearer["authorization"].as_str(), bearer["x-amz-security-token"].as_str()),
        (Some("Bearer b"), Some("token"))
    );
}

#[tokio::test]
async fn a_mapped_value_stays_in_its_place() {
    let address = echo_server().await;
    let mut users =
        integration(IntegrationType::Http, &format!("http://{address}/users/{{id}}?role={{role}}"));
    users.http_method = Some(HttpMethod::Get);
    users.request_parameters = strings(&[
        ("integration.request.path.id", "method.request.querystring.id"),
        ("integration.request.path.role", "method.request.querystring.role"),
    ]);
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, method(users)));
    for (query, expect) in [
        ("id=u7&role=r", "/users/u7?role=r"),
        ("id=a%2Fb%3Fc&role=a%26admin%3D1", "/users/a%2Fb%3Fc?role=a%26admin%3D1"),
        ("id=%252e%252e&role=a+b", "/users/%252e%252e?role=a%20b"),
        ("id=..%2f..%2fadmin&role=r", "400"),
        ("id=..&role=r", "400"),
    ] {
        assert_eq!(target(&fixture, &format!("/dev?{query}")).await, expect, "{query}");
    }
    let refused = fixture.get("/dev?id=..&role=r").await;
    assert_eq!(
        error_of(&refused),
        (
            400,
            "BadRequestException".to_owned(),
            "Invalid value for the integration's path parameter: [id]".to_owned()
        )
    );
}
