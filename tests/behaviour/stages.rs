//! Stage settings: access logs and caches.

use std::fs;
use std::net::UdpSocket;

use serde_json::{Value, json};

use crate::backend::{Backend, Received};
use crate::client::{Answer, Client};
use crate::server::{DataDir, Server};

const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:web";

fn ok(client: &mut Client, method: &str, path: &str, input: Value) -> Value {
    let answer = client.apigateway(method, path, &input).unwrap();
    assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn replace(changes: &[(&str, &str)]) -> Value {
    let operations =
        changes.iter().map(|(path, value)| json!({"op": "replace", "path": path, "value": value}));
    json!({ "patchOperations": operations.collect::<Vec<_>>() })
}

/// Imports an API with one `GET /pets` with `integration`, deploys it to `prod`, and returns its id.
fn deploy(client: &mut Client, integration: Value) -> String {
    let document = json!({
        "openapi": "3.0.1",
        "info": { "title": "pets", "version": "1" },
        "paths": { "/pets": { "get": {
            "parameters": [{ "name": "kind", "in": "query", "schema": { "type": "string" } }],
            "responses": { "200": { "description": "ok" } },
            "x-amazon-apigateway-integration": integration,
        } } },
    });
    let api = ok(client, "POST", "/restapis?mode=import", document)["id"].as_str().unwrap().to_owned();
    ok(client, "POST", &format!("/restapis/{api}/deployments"), json!({ "stageName": "prod" }));
    api
}

fn get(client: &mut Client, api: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let headers: Vec<_> = headers.iter().copied().chain([("host", host.as_str())]).collect();
    client.send("GET", path, &headers, b"").unwrap()
}

#[test]
fn access_logs_go_to_files_and_to_collectors() {
    let dir = DataDir::new("access-logs");
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = format!(
        "[access_logs.destinations]\n\"{GROUP}-2:*\" = \"udp://{}\"\n",
        collector.local_addr().unwrap()
    );
    let config = dir.path().join("stepgate.toml");
    fs::write(&config, settings).unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let mock = json!({
        "type": "mock",
        "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
        "responses": { "default": { "statusCode": "200", "responseTemplates": { "application/json": "pets" } } },
    });
    let api = deploy(&mut client, mock);
    let stage = format!("/restapis/{api}/stages/prod");
    let format =
        "$context.requestId $context.httpMethod $context.path $context.status $context.responseLength";
    let to = |arn: &str| {
        replace(&[("/accessLogSettings/format", format), ("/accessLogSettings/destinationArn", arn)])
    };
    ok(&mut client, "PATCH", &stage, to(GROUP));
    assert_eq!(get(&mut client, &api, "/prod/pets", &[("x-amzn-requestid", "one")]).status, 200);
    assert_eq!(get(&mut client, &api, "/prod/nope", &[("x-amzn-requestid", "two")]).status, 403);
    ok(&mut client, "PATCH", &stage, to(&format!("{GROUP}-2")));
    assert_eq!(get(&mut client, &api, "/prod/pets", &[("x-amzn-requestid", "three")]).status, 200);
    let mut datagram = [0; 200];
    let n = collector.recv(&mut datagram).unwrap();
    assert_eq!(str::from_utf8(&datagram[..n]).unwrap(), "three GET /prod/pets 200 4");
    drop(client);
    assert!(server.terminate().success());
    let file = dir.path().join("data/access-logs/123456789012/us-east-1/web.log");
    let lines = fs::read_to_string(file).unwrap();
    assert_eq!(lines, "one GET /prod/pets 200 4\ntwo GET /prod/nope 403 42\n");
}

#[test]
fn a_cached_answer_spares_the_backend_until_it_is_flushed() {
    let dir = DataDir::new("cache");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let backend = Backend::start(|request: &Received| {
        (200, vec![("content-type", "text/plain")], format!("pets of {}", request.target))
    });
    let proxy = json!({
        "type": "http_proxy", "httpMethod": "GET", "uri": format!("{}/pets", backend.url),
        "requestParameters": { "integration.request.querystring.kind": "method.request.querystring.kind" },
        "cacheKeyParameters": ["method.request.querystring.kind"],
    });
    let api = deploy(&mut client, proxy);
    let stage = format!("/restapis/{api}/stages/prod");
    let asked = |client: &mut Client, path: &str| {
        let answer = get(client, &api, path, &[]);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/plain")),
            "{}",
            answer.text()
        );
        (answer.text(), backend.take().len())
    };
    let dogs = "pets of /pets?kind=dog".to_owned();
    for _ in 0..2 {
        assert_eq!(asked(&mut client, "/prod/pets?kind=dog"), (dogs.clone(), 1));
    }
    let cached = replace(&[("/cacheClusterEnabled", "true"), ("/*/*/caching/enabled", "true")]);
    let changed = ok(&mut client, "PATCH", &stage, cached);
    assert_eq!(
        (&changed["cacheClusterSize"], &changed["cacheClusterStatus"]),
        (&json!("0.5"), &json!("AVAILABLE"))
    );
    for calls in [1, 0, 0] {
        assert_eq!(asked(&mut client, "/prod/pets?kind=dog"), (dogs.clone(), calls));
    }
    assert_eq!(asked(&mut client, "/prod/pets?kind=cat").1, 1);
    let metrics = client.send("GET", "/_stepgate/metrics", &[], b"").unwrap().text();
    for (metric, count) in [("hits", 2), ("misses", 2)] {
        let line = format!("stepgate_gateway_cache_{metric}_total{{api=\"{api}\",stage=\"prod\"}} {count}");
        assert!(metrics.contains(&line), "{line}");
    }
    ok(&mut client, "DELETE", &format!("{stage}/cache/data"), Value::Null);
    assert_eq!(asked(&mut client, "/prod/pets?kind=dog"), (dogs.clone(), 1));
    assert_eq!(asked(&mut client, "/prod/pets?kind=dog"), (dogs, 0));
    let missing = client.apigateway("DELETE", &format!("/restapis/{api}/stages/no/cache/data"), &Value::Null);
    assert_eq!(missing.unwrap().status, 404);
}
