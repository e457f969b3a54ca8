//! Methods with AWS_IAM: requests have to be signed, and the signature has to match what went through the socket.

use serde_json::{Value, json};

use crate::authorizers::{call, get};
use crate::client::{Answer, Client, sign};
use crate::server::{DataDir, Server};

const ROOT: &str = "arn:aws:iam::123456789012:root";

/// `GET` and `POST /pets/{id}` need a signature, `GET /open` doesn't; all show the caller and the body.
pub(crate) fn definition() -> Value {
    let method = |auth: &str| {
        json!({
            "x-amazon-apigateway-auth": {"type": auth},
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {
                "type": "mock",
                "passthroughBehavior": "when_no_match",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json":
                    "$context.identity.userArn $context.identity.accessKey $context.path"}}},
            },
        })
    };
    json!({
        "openapi": "3.0.1",
        "info": {"title": "signed"},
        "paths": {
            "/pets/{id}": {"get": method("AWS_IAM"), "post": method("AWS_IAM")},
            "/open": {"get": method("NONE")},
        },
    })
}

/// Deploys the API as `v1`; returns its id.
pub(crate) fn deploy(client: &mut Client, definition: &Value) -> String {
    let api = call(client, "POST", "/restapis?failonwarnings=true&mode=import", definition);
    let api = api["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    api
}

/// Signs and sends a request to a host that may differ from the server's own name.
fn signed(client: &mut Client, method: &str, host: &str, path: &str, body: &str) -> Answer {
    let signed = sign("execute-api", method, path, host, &[("content-type", "application/json")], body);
    let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    client.send(method, path, &headers, body.as_bytes()).unwrap()
}

fn type_of(answer: &Answer) -> &str {
    answer.header("x-amzn-errortype").unwrap_or_default()
}

#[test]
fn signatures_hold_in_every_form_of_the_address() {
    let dir = DataDir::new("iam");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client, &definition());
    let domain = json!({"domainName": "api.example.test",
        "regionalCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "endpointConfiguration": {"types": ["REGIONAL"]}});
    call(&mut client, "POST", "/domainnames", &domain);
    let mapping = json!({"basePath": "base", "restApiId": api, "stage": "v1"});
    call(&mut client, "POST", "/domainnames/api.example.test/basepathmappings", &mapping);

    let own = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let local = server.address.clone();
    for (host, path, shown) in [
        (own.as_str(), "/v1/pets/1".to_owned(), "/v1/pets/1"),
        (&local, format!("/_aws/execute-api/{api}/v1/pets/a%2Fb"), "/v1/pets/a%2Fb"),
        (&local, format!("/restapis/{api}/v1/_user_request_/pets/1"), "/v1/pets/1"),
        (&local, "/v1/pets/1?a=1&b=%20".to_owned(), "/v1/pets/1"),
        ("api.example.test", "/base/pets/1".to_owned(), "/base/pets/1"),
    ] {
        for (method, body) in [("GET", ""), ("POST", "{\"name\": \"Rex\"}")] {
            let answer = signed(&mut client, method, host, &path, body);
            let expect = (200, format!("{ROOT} test {shown}"));
            assert_eq!((answer.status, answer.text()), expect, "{method} {host}{path}");
        }
    }
}

#[test]
fn what_is_not_signed_is_refused_and_what_needs_no_signature_is_not() {
    let dir = DataDir::new("iam");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client, &definition());
    let path = |path: &str| format!("/_aws/execute-api/{api}/v1/{path}");
    let pets = path("pets/1");

    for (header, error) in [
        (None, "MissingAuthenticationTokenException"),
        (Some("Bearer abc"), "IncompleteSignatureException"),
        (Some("AWS4-HMAC-SHA256 Credential=test/20200101"), "IncompleteSignatureException"),
    ] {
        let headers: Vec<(&str, &str)> = header.map(|header| ("authorization", header)).into_iter().collect();
        let answer = get(&mut client, &pets, &headers);
        assert_eq!((answer.status, type_of(&answer)), (403, error), "{header:?}");
        assert!(answer.json()["message"].is_string());
        let open = get(&mut client, &path("open"), &headers);
        assert_eq!((open.status, open.text().trim()), (200, "/v1/open"), "{header:?}");
    }
    // Signed, and then changed on the way: path, body, method, service.
    let host = server.address.clone();
    let headers_of = |service: &str, method: &str, body: &str| sign(service, method, &pets, &host, &[], body);
    for (service, method, signed_body, sent_method, sent_path, sent_body, error) in [
        ("execute-api", "GET", "", "GET", path("pets/2"), "", "InvalidSignatureException"),
        ("execute-api", "POST", "{}", "POST", pets.clone(), "[]", "InvalidSignatureException"),
        ("execute-api", "GET", "", "POST", pets.clone(), "", "InvalidSignatureException"),
        ("apigateway", "GET", "", "GET", pets.clone(), "", "InvalidSignatureException"),
        ("execute-api", "POST", "{}", "POST", pets.clone(), "{}", ""),
    ] {
        let signed = headers_of(service, method, signed_body);
        let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let answer = client.send(sent_method, &sent_path, &headers, sent_body.as_bytes()).unwrap();
        assert_eq!(type_of(&answer), error, "{service} {method} {sent_method} {sent_path}");
    }
    // The signature is for the method that was sent, whichever method is routed.
    let own = [("x-http-method-override", "GET")];
    let signed = sign("execute-api", "PUT", &pets, &host, &own, "");
    let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(client.send("PUT", &pets, &headers, b"").unwrap().status, 200);
    // A signature that was seen can't be used with another method.
    let mut signed = headers_of("execute-api", "PUT", "");
    signed.push(("x-http-method-override".to_owned(), "GET".to_owned()));
    let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let answer = client.send("PUT", &pets, &headers, b"").unwrap();
    assert_eq!(type_of(&answer), "InvalidSignatureException");
}

#[test]
fn the_api_s_policy_binds_the_account_too() {
    let dir = DataDir::new("iam");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let statement = |effect: &str, principal: Value, resource: &str| json!({"Effect": effect, "Principal": principal, "Action": "execute-api:Invoke", "Resource": resource});
    let mut definition = definition();
    definition["x-amazon-apigateway-policy"] = json!({"Version": "2012-10-17", "Statement": [
        statement("Allow", json!("*"), "execute-api:/*/GET/*"),
        statement("Deny", json!({"AWS": ROOT}), "execute-api:/*/GET/pets/secret"),
    ]});
    let api = deploy(&mut client, &definition);
    let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    assert_eq!(signed(&mut client, "GET", &host, "/v1/pets/1", "").status, 200);
    assert_eq!(signed(&mut client, "POST", &host, "/v1/pets/1", "").status, 200);
    for path in ["/v1/pets/secret", "/v1/pets/s%65cret"] {
        let answer = signed(&mut client, "GET", &host, path, "");
        let told = path.trim_start_matches("/v1/");
        let expect = format!(
            "User: {ROOT} is not authorized to perform: execute-api:Invoke on resource: \
             arn:aws:execute-api:us-east-1:********9012:{api}/v1/GET/{told} with an explicit deny"
        );
        assert_eq!((answer.status, type_of(&answer)), (403, "AccessDeniedException"));
        assert_eq!(answer.json(), json!({ "Message": expect }));
    }
    assert_eq!(
        type_of(&get(&mut client, "/v1/pets/secret", &[("host", &host)])),
        "MissingAuthenticationTokenException"
    );
}
