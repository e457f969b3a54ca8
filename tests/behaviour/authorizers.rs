//! Methods with Lambda authorizers, with the function at an endpoint in the settings.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::backend::{Backend, Received, Reply};
use crate::client::{Answer, Client};
use crate::server::{DataDir, Server};
use crate::services::server_with;

const KEY: &str = "key-of-somebody-0123456789";

/// Allows everything to tokens that begin with `ok`; they also contain the caller's API key.
fn function(request: &Received) -> Reply {
    let event: Value = serde_json::from_str(&request.body).unwrap();
    let token = event["authorizationToken"].as_str().or_else(|| event["headers"]["X-Who"].as_str()).unwrap();
    let headers = vec![("content-type", "application/json"), ("x-amzn-requestid", "lambda-1")];
    if token == "unauthorized" {
        let failed = [headers, vec![("x-amz-function-error", "Unhandled")]].concat();
        return (200, failed, json!({"errorMessage": "Unauthorized", "errorType": "Error"}).to_string());
    }
    let effect = if token.starts_with("ok") { "Allow" } else { "Deny" };
    let body = json!({
        "principalId": token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}]},
        "context": {"n": 1},
        "usageIdentifierKey": KEY,
    });
    (200, headers, body.to_string())
}

pub(crate) fn uri() -> String {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:who";
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
}

/// `/token`, `/request` and `/key`, protected by authorizers, in Swagger 2.0.
fn definition() -> Value {
    let method = |scheme: &[&str]| {
        let security: Vec<Value> = scheme.iter().map(|name| json!({ *name: [] })).collect();
        json!({"get": {
            "security": [security.iter().fold(json!({}), |mut all, one| {
                all.as_object_mut().unwrap().extend(one.as_object().unwrap().clone());
                all
            })],
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {
                "type": "mock",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json":
                    "[$context.authorizer.principalId][$context.authorizer.n][$context.identity.apiKey]"}}},
            },
        }})
    };
    let scheme = |header: &str, authorizer: Value| {
        json!({"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": authorizer})
    };
    json!({
        "swagger": "2.0",
        "info": {"title": "guarded"},
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "paths": {
            "/token": method(&["byToken"]),
            "/request": method(&["byRequest"]),
            "/key": method(&["byToken", "api_key"]),
        },
        "securityDefinitions": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "byToken": scheme("X-Token", json!({"type": "token", "authorizerUri": uri()})),
            "byRequest": scheme("Unused", json!({"type": "request", "authorizerUri": uri(),
                "identitySource": "method.request.header.X-Who", "authorizerResultTtlInSeconds": 0})),
        },
    })
}

pub(crate) fn call(client: &mut Client, method: &str, path: &str, input: &Value) -> Value {
    let answer = client.apigateway(method, path, input).unwrap();
    assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// Deploys the API as `v1`; returns its id.
fn deploy(client: &mut Client) -> String {
    let api = call(client, "POST", "/restapis?mode=import", &definition());
    let api = api["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    api
}

fn message(answer: &Answer) -> String {
    if answer.status == 200 { String::new() } else { answer.json()["message"].as_str().unwrap().to_owned() }
}

pub(crate) fn get(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send("GET", path, headers, b"").unwrap()
}

#[test]
fn functions_decide_who_may_call() {
    let (dir, backend) = (DataDir::new("authorizers"), Backend::start(function));
    let server = server_with(&dir, &["lambda"], &backend);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    let path = |path: &str| format!("/_aws/execute-api/{api}/v1/{path}");

    let answer = get(&mut client, &path("token"), &[("x-token", "ok-1")]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "[ok-1][1][]"));
    let asked = backend.take();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let path_asked = "/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:who/invocations";
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("POST", path_asked));
    assert!(asked[0].header("authorization").contains("/us-east-1/lambda/aws4_request"), "{asked:?}");
    let event: Value = serde_json::from_str(&asked[0].body).unwrap();
    let arn = format!("arn:aws:execute-api:us-east-1:123456789012:{api}/v1/GET/token");
    assert_eq!(event, json!({"type": "TOKEN", "authorizationToken": "ok-1", "methodArn": arn}));

    for (token, status, error) in [
        ("no", 403, "AccessDeniedException"),
        ("unauthorized", 401, "UnauthorizedException"),
        ("", 401, "UnauthorizedException"),
    ] {
        let answer = get(&mut client, &path("token"), &[("x-token", token)]);
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, Some(error)), "{token}");
    }

    // A result is cached until it expires or is flushed.
    backend.take();
    get(&mut client, &path("token"), &[("x-token", "ok-1")]);
    assert_eq!(backend.take().len(), 0);
    call(&mut client, "DELETE", &format!("/restapis/{api}/stages/v1/cache/authorizers"), &Value::Null);
    get(&mut client, &path("token"), &[("x-token", "ok-1")]);
    assert_eq!(backend.take().len(), 1);
    let nowhere = format!("/restapis/{api}/stages/v2/cache/authorizers");
    assert_eq!(client.apigateway("DELETE", &nowhere, &Value::Null).unwrap().status, 404);

    let answer = get(&mut client, &path("request?a=1"), &[("x-who", "ok-2")]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "[ok-2][1][]"));
    let event: Value = serde_json::from_str(&backend.take()[0].body).unwrap();
    assert_eq!((&event["type"], &event["queryStringParameters"]), (&json!("REQUEST"), &json!({"a": "1"})));
    assert_eq!(event["requestContext"]["apiId"], json!(api));
    assert_eq!(get(&mut client, &path("request"), &[]).status, 401);
}

fn authorizer_path(client: &mut Client, api: &str, name: &str) -> String {
    let path = format!("/restapis/{api}/authorizers");
    let authorizers = call(client, "GET", &path, &Value::Null);
    let found = authorizers["item"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
    format!("{path}/{}", found["id"].as_str().unwrap())
}

#[test]
fn authorizers_are_tested_by_themselves() {
    let (dir, backend) = (DataDir::new("authorizer-alone"), Backend::start(function));
    let server = server_with(&dir, &["lambda"], &backend);
    let mut client = Client::new(&server.address);
    let api = call(&mut client, "POST", "/restapis?mode=import", &definition());
    let api = api["id"].as_str().unwrap();
    let path = authorizer_path(&mut client, api, "byToken");
    let told = call(
        &mut client,
        "POST",
        &path,
        &json!({"headers": {"X-Token": "ok"}, "pathWithQueryString": "/a?b"}),
    );
    assert_eq!((&told["clientStatus"], &told["principalId"]), (&json!(0), &json!("ok")), "{told}");
    let policy: Value = serde_json::from_str(told["policy"].as_str().unwrap()).unwrap();
    let arn = format!("arn:aws:execute-api:us-east-1:123456789012:{api}/ESTestInvoke-stage/GET/a");
    assert_eq!(policy["Statement"][0]["Resource"], arn);
    assert!(told["log"].as_str().unwrap().contains("Successfully completed authorizer execution"), "{told}");
    for (token, status) in [("", 401), ("unauthorized", 401)] {
        let told = call(&mut client, "POST", &path, &json!({"multiValueHeaders": {"X-Token": [token]}}));
        assert_eq!((&told["clientStatus"], &told["policy"]), (&json!(status), &Value::Null), "{told}");
    }
    let path = authorizer_path(&mut client, api, "byRequest");
    let told = call(&mut client, "POST", &path, &json!({"headers": {"X-Who": "no"}}));
    assert_eq!((&told["clientStatus"], &told["principalId"]), (&json!(0), &json!("no")), "{told}");
    let nobody = format!("/restapis/{api}/authorizers/nobody");
    let refused = client.apigateway("POST", &nobody, &json!({})).unwrap();
    assert_eq!(
        (refused.status, &refused.json()["message"]),
        (404, &json!("Invalid Authorizer identifier specified"))
    );
}

/// Serves the keys of a user pool.
fn keys(_: &Received) -> Reply {
    let keys = include_str!("../data/user_pools/jwks.json");
    (200, vec![("content-type", "application/json")], keys.to_owned())
}

#[allow(clippy::disallowed_methods)] // The server lives in real time.
fn id_token(issuer: &str, key: &str, valid_s: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let end = i64::try_from(now).unwrap() + valid_s;
    let header = Header { kid: Some(key.to_owned()), ..Header::new(Algorithm::RS256) };
    let claims = json!({"iss": issuer, "token_use": "id", "sub": "s-1", "exp": end});
    let key = EncodingKey::from_rsa_der(include_bytes!("../data/user_pools/private_key.der"));
    encode(&header, &claims, &key).unwrap()
}

#[test]
fn tokens_of_user_pools_are_verified_with_keys_from_their_address() {
    let (dir, backend) = (DataDir::new("user-pools"), Backend::start(keys));
    let arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a";
    let settings = dir.path().join("stepgate.toml");
    std::fs::write(&settings, format!("[user_pools.\"{arn}\"]\nissuer = \"{}\"\n", backend.url)).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let api = call(&mut client, "POST", "/restapis?mode=import", &definition());
    let api = api["id"].as_str().unwrap();
    let authorizer = json!({"name": "pool", "type": "COGNITO_USER_POOLS", "providerARNs": [arn],
        "identitySource": "method.request.header.Authorization"});
    let authorizer = call(&mut client, "POST", &format!("/restapis/{api}/authorizers"), &authorizer);
    let resources = call(&mut client, "GET", &format!("/restapis/{api}/resources"), &Value::Null);
    for resource in resources["item"].as_array().unwrap().iter().filter(|it| it["path"] != "/") {
        let method = format!("/restapis/{api}/resources/{}/methods/GET", resource["id"].as_str().unwrap());
        let patch = |path: &str, value: &Value| json!({"op": "replace", "path": path, "value": value});
        let patches = [
            patch("/authorizationType", &json!("COGNITO_USER_POOLS")),
            patch("/authorizerId", &authorizer["id"]),
        ];
        call(&mut client, "PATCH", &method, &json!({"patchOperations": patches}));
    }
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    let path = format!("/_aws/execute-api/{api}/v1/token");
    let mut status = |issuer: &str, key: &str, valid_s: i64| {
        let token = format!("Bearer {}", id_token(issuer, key, valid_s));
        let answer = get(&mut client, &path, &[("authorization", &token)]);
        (answer.status, message(&answer))
    };
    let ok = (200, String::new());
    let unauthorized = (401, "Unauthorized".to_owned());
    assert_eq!(status(&backend.url, "key-1", 60), ok);
    assert_eq!(status(&backend.url, "key-1", 60), ok);
    assert_eq!(status(&backend.url, "key-1", -1), (401, "The incoming token has expired".to_owned()));
    assert_eq!(status(&backend.url, "key-2", 60), unauthorized);
    assert_eq!(status("https://elsewhere", "key-1", 60), unauthorized);
    let asked: Vec<String> =
        backend.take().into_iter().map(|it| format!("{} {}", it.method, it.target)).collect();
    assert_eq!(asked, ["GET /.well-known/jwks.json"]);
}

#[test]
fn a_function_names_the_caller_s_key() {
    let (dir, backend) = (DataDir::new("authorizer-keys"), Backend::start(function));
    let server = server_with(&dir, &["lambda"], &backend);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    let path = format!("/_aws/execute-api/{api}/v1/key");
    let token = [("x-token", "ok")];
    assert_eq!(get(&mut client, &path, &token).status, 403, "no such key yet");

    let key = call(&mut client, "POST", "/apikeys", &json!({"name": "k", "value": KEY, "enabled": true}));
    let stages = json!([{"apiId": api, "stage": "v1"}]);
    let plan = call(&mut client, "POST", "/usageplans", &json!({"name": "p", "apiStages": stages}));
    let plan = plan["id"].as_str().unwrap();
    call(
        &mut client,
        "POST",
        &format!("/usageplans/{plan}/keys"),
        &json!({"keyId": key["id"], "keyType": "API_KEY"}),
    );
    let answer = get(&mut client, &path, &token);
    assert_eq!((answer.status, answer.text()), (200, format!("[ok][1][{KEY}]")));
    // This API doesn't take its keys from the header.
    assert_eq!(get(&mut client, &path, &[("x-api-key", KEY)]).status, 401);
}

#[test]
fn a_test_call_asks_no_authorizer() {
    let (dir, backend) = (DataDir::new("authorizer-test"), Backend::start(function));
    let server = server_with(&dir, &["lambda"], &backend);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    let resources = call(&mut client, "GET", &format!("/restapis/{api}/resources"), &Value::Null);
    let resource = resources["item"].as_array().unwrap().iter().find(|it| it["path"] == "/token").unwrap();
    let method = format!("/restapis/{api}/resources/{}/methods/GET", resource["id"].as_str().unwrap());
    let told = call(&mut client, "POST", &method, &json!({}));
    assert_eq!((&told["status"], &told["body"]), (&json!(200), &json!("[][][]")));
    assert_eq!(backend.take().len(), 0);
}

#[test]
fn a_function_that_is_nowhere_lets_nobody_in() {
    let dir = DataDir::new("authorizer-nowhere");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = call(&mut client, "POST", "/restapis?mode=import", &definition());
    let api = api["id"].as_str().unwrap();
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    let refused = get(&mut client, &format!("/_aws/execute-api/{api}/v1/token"), &[("x-token", "ok-1")]);
    assert_eq!((refused.status, refused.text().as_str()), (500, r#"{"message":null}"#));
}

/// An issuer with a discovery document.
fn issuer(request: &Received) -> Reply {
    let own = format!("http://{}", request.header("host"));
    match request.target.as_str() {
        "/.well-known/openid-configuration" => {
            (200, Vec::new(), json!({ "issuer": own, "jwks_uri": format!("{own}/keys") }).to_string())
        }
        "/keys" => keys(request),
        _ => (404, Vec::new(), String::new()),
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // The server lives in real time.
fn tokens_of_trusted_issuers_are_verified_with_the_keys_that_those_name() {
    let (dir, backend) = (DataDir::new("authorizer-jwt"), Backend::start(issuer));
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let mock = |scopes: Value| {
        json!({
            "responses": { "200": { "description": "" } }, "security": [{ "people": scopes }],
            "x-amazon-apigateway-integration": {
                "type": "mock", "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
                "responses": { "default": { "statusCode": "200", "responseTemplates": {
                    "application/json": "$context.authorizer.claims.sub" } } },
            },
        })
    };
    let trusted = json!({
        "issuers": [{ "issuer": backend.url, "audiences": ["us"], "additionalClaims": [
            { "claimName": "tier", "format": "SINGLE_STRING", "required": false, "expectedValues": ["gold"] },
        ] }],
        "defaultAlgorithms": ["RS256"],
    });
    let document = json!({
        "openapi": "3.0.1", "info": { "title": "jwt", "version": "1" },
        "paths": { "/any": { "get": mock(json!([])) }, "/scoped": { "get": mock(json!(["pets"])) } },
        "components": { "securitySchemes": { "people": {
            "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "jwt",
            "x-amazon-apigateway-authorizer": { "type": "jwt", "jwtConfiguration": trusted },
        } } },
    });
    let api = call(&mut client, "POST", "/restapis?mode=import", &document);
    let api = api["id"].as_str().unwrap();
    let path = authorizer_path(&mut client, api, "people");
    let shown = call(&mut client, "GET", &path, &Value::Null);
    assert_eq!((&shown["type"], &shown["jwtConfiguration"]), (&json!("JWT"), &trusted));
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({ "stageName": "dev" }));
    let export = format!("/restapis/{api}/stages/dev/exports/oas30?extensions=apigateway");
    let exported = call(&mut client, "GET", &export, &Value::Null);
    let scheme = &exported["components"]["securitySchemes"]["people"]["x-amazon-apigateway-authorizer"];
    assert_eq!((&scheme["type"], &scheme["jwtConfiguration"]), (&json!("jwt"), &trusted));

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let token = |change: Value, algorithm: Algorithm| {
        let mut claims =
            json!({ "iss": backend.url, "aud": "us", "sub": "s-1", "exp": now + 60, "scope": "cats pets" });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let header = Header { kid: Some("key-1".to_owned()), ..Header::new(algorithm) };
        let key = EncodingKey::from_rsa_der(include_bytes!("../data/user_pools/private_key.der"));
        format!("Bearer {}", encode(&header, &claims, &key).unwrap())
    };
    let good = token(json!({}), Algorithm::RS256);
    for (path, token, status, text) in [
        ("/any", good.clone(), 200, "s-1"),
        ("/scoped", good, 200, "s-1"),
        ("/any", token(json!({ "aud": ["others", "us"], "tier": "gold" }), Algorithm::RS256), 200, "s-1"),
        ("/scoped", token(json!({ "scope": "cats" }), Algorithm::RS256), 401, "Unauthorized"),
        ("/any", token(json!({ "aud": "others" }), Algorithm::RS256), 401, "Unauthorized"),
        ("/any", token(json!({ "tier": "silver" }), Algorithm::RS256), 401, "Unauthorized"),
        ("/any", token(json!({ "iss": "http://localhost:1" }), Algorithm::RS256), 401, "Unauthorized"),
        ("/any", token(json!({ "exp": now - 1 }), Algorithm::RS256), 401, "The incoming token has expired"),
        // Valid, but not signed with an algorithm that the authorizer accepts.
        ("/any", token(json!({}), Algorithm::RS384), 401, "Unauthorized"),
        ("/any", "nonsense".to_owned(), 401, "Unauthorized"),
    ] {
        let answer =
            get(&mut client, &format!("/_aws/execute-api/{api}/dev{path}"), &[("authorization", &token)]);
        assert_eq!(answer.status, status, "{path} {token}: {}", answer.text());
        assert!(answer.text().contains(text), "{path} {token}: {}", answer.text());
    }
    let asked: Vec<String> =
        backend.take().iter().map(|request| format!("{} {}", request.method, request.target)).collect();
    assert_eq!(asked, ["GET /.well-known/openid-configuration", "GET /keys"]);
}
