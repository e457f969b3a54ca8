//! Lambda functions behind methods (AWS_PROXY), at an endpoint in the settings, with a resource policy.

use serde_json::{Value, json};

use crate::authorizers::{call, get, uri};
use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::services::server_with;

/// Answers with the event that it received.
fn function(request: &Received) -> Reply {
    let headers = vec![("content-type", "application/json")];
    let event: Value = serde_json::from_str(&request.body).unwrap();
    if event["queryStringParameters"]["answer"] == "garbage" {
        return (200, headers, "[]".to_owned());
    }
    let body = json!({
        "statusCode": 201,
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "headers": {"X-Path": event["path"]},
        "body": event.to_string(),
    });
    (200, headers, body.to_string())
}

fn definition(policy: &Value) -> Value {
    json!({
        "openapi": "3.0.1",
        "info": {"title": "functions"},
        "x-amazon-apigateway-policy": policy,
        "paths": {"/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {
            "type": "aws_proxy", "httpMethod": "POST", "uri": uri(),
        }}}},
    })
}

/// A resource policy that admits every address except `denied`.
fn policy(denied: &str) -> Value {
    let statement = |effect: &str| json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/v1/*"});
    let mut deny = statement("Deny");
    deny["Condition"] = json!({"IpAddress": {"aws:SourceIp": [denied]}});
    json!({"Version": "2012-10-17", "Statement": [statement("Allow"), deny]})
}

fn deploy(client: &mut Client, policy: &Value) -> String {
    let api = call(client, "POST", "/restapis?mode=import", &definition(policy));
    let api = api["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    format!("/_aws/execute-api/{api}/v1")
}

#[test]
fn a_function_answers_requests() {
    let (dir, backend) = (DataDir::new("functions"), Backend::start(function));
    let server = server_with(&dir, &["lambda"], &backend);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &policy("192.0.2.0/24"));
    let path = format!("{base}/a/b?q=1");
    let answer = client.send("PUT", &path, &[("content-type", "text/plain")], b"hello").unwrap();
    assert_eq!((answer.status, answer.header("x-path")), (201, Some("/a/b")), "{}", answer.text());
    assert_eq!(answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).count(), 2);
    let event = answer.json();
    assert_eq!((&event["httpMethod"], &event["body"]), (&json!("PUT"), &json!("hello")));
    assert_eq!(event["pathParameters"], json!({"proxy": "a/b"}));
    assert_eq!(event["requestContext"]["identity"]["sourceIp"], "127.0.0.1");
    let port = server.address.rsplit_once(':').unwrap().1;
    assert_eq!(
        (&event["headers"]["X-Forwarded-Port"], &event["headers"]["X-Forwarded-For"]),
        (&json!(port), &json!("127.0.0.1"))
    );

    let garbage = get(&mut client, &format!("{base}/a?answer=garbage"), &[]);
    assert_eq!((garbage.status, garbage.text().as_str()), (502, r#"{"message":"Internal server error"}"#));
}

#[test]
fn a_resource_policy_keeps_addresses_out() {
    let (dir, backend) = (DataDir::new("policies"), Backend::start(function));
    let server = server_with(&dir, &["lambda"], &backend);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &policy("127.0.0.0/8"));
    let refused = get(&mut client, &format!("{base}/a"), &[]);
    assert_eq!((refused.status, refused.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
    let message = refused.json()["Message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("User: anonymous is not authorized to perform: execute-api:Invoke"),
        "{message}"
    );
    assert!(message.ends_with("/v1/GET/a with an explicit deny"), "{message}");
    assert_eq!(backend.take().len(), 0);
}

#[test]
fn what_can_t_be_read_is_not_deployed() {
    let dir = DataDir::new("functions-nowhere");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let broken = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let api = call(&mut client, "POST", "/restapis?mode=import", &definition(&broken));
    let deployments = format!("/restapis/{}/deployments", api["id"].as_str().unwrap());
    let refused = client.apigateway("POST", &deployments, &json!({"stageName": "v1"})).unwrap();
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("grammar"), "{}", refused.text());
    // A function that is nowhere is missed when it is called.
    let base = deploy(&mut client, &policy("192.0.2.0/24"));
    let answer = get(&mut client, &format!("{base}/a"), &[]);
    assert_eq!((answer.status, answer.text().as_str()), (500, r#"{"message":"Internal server error"}"#));
}
