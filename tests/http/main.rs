//! HTTP with arbitrary bytes: the corpora in `tests/data/http1` and `tests/data/http2` are sent to a real server byte
//! by byte, directly, and through to a backend that records what it receives. Nothing may be readable in two ways.

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.

mod answers;
mod backend;
#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
mod corpus;
mod forwarding;
#[path = "../support/frames.rs"]
#[allow(dead_code)]
mod frames;
mod http1;
mod http2;
#[path = "../support/server.rs"]
#[allow(dead_code)]
mod server;
mod streams;
mod wire;

use serde_json::{Value, json};

use backend::Backend;
use client::Client;
use server::{DataDir, Server};

/// A server with one API: the server itself answers `/direct/…`; the backend answers `/through/…`, below `/safe/`, and
/// `/mapped/…`, with a mapping of its response.
pub(crate) struct Fixture {
    pub(crate) server: Server,
    pub(crate) backend: Backend,
    /// The path of the API's stage.
    pub(crate) stage: String,
    _dir: DataDir,
}

impl Fixture {
    pub(crate) fn new(test: &str, backend: Backend) -> Self {
        Self::with_settings(test, backend, "")
    }

    pub(crate) fn with_settings(test: &str, backend: Backend, settings: &str) -> Self {
        let dir = DataDir::new(test);
        let config = dir.path().join("stepgate.toml");
        std::fs::write(&config, settings).unwrap();
        let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
        let mut client = Client::new(&server.address);
        let api = ok(&mut client, "/restapis?mode=import", &definition(backend.port));
        let api = api["id"].as_str().unwrap().to_owned();
        ok(&mut client, &format!("/restapis/{api}/deployments"), &json!({ "stageName": "t" }));
        let stage = format!("/restapis/{api}/t/_user_request_");
        Self { server, backend, stage, _dir: dir }
    }
}

fn ok(client: &mut Client, path: &str, input: &Value) -> Value {
    let answer = client.apigateway("POST", path, input).unwrap();
    assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    answer.json()
}

fn definition(port: u16) -> Value {
    let path = |integration: Value| {
        json!({ "x-amazon-apigateway-any-method": {
            "parameters": [{ "name": "proxy", "in": "path", "required": true, "schema": { "type": "string" } }],
            "responses": { "200": { "description": "ok" } },
            "x-amazon-apigateway-integration": integration,
        }})
    };
    let backend = |kind: &str| {
        json!({
            "type": kind,
            "httpMethod": "ANY",
            "uri": format!("http://127.0.0.1:{port}/safe/{{proxy}}"),
            "requestParameters": { "integration.request.path.proxy": "method.request.path.proxy" },
            "responses": { "default": { "statusCode": "200" } },
        })
    };
    let mock = json!({
        "type": "mock",
        "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
        "responses": { "default": { "statusCode": "200", "responseTemplates": { "application/json": "ok" } } },
    });
    // Answers with the status in the query.
    let status = json!({
        "type": "mock",
        "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
        "responses": { "default": { "statusCode": "200", "responseTemplates": {
            "application/json": "#set($context.responseOverride.status = $input.params('status'))\
                #set($context.responseOverride.header.Content-Length = '1')\
                #set($context.responseOverride.header.Transfer-Encoding = 'chunked')\
                #set($context.responseOverride.header.Connection = 'X-Hop')\
                #set($context.responseOverride.header.Upgrade = 'x')\
                #set($context.responseOverride.header.Keep-Alive = 'x')some text",
        } } },
    });
    json!({
        "openapi": "3.0.1",
        "info": { "title": "http", "version": "1" },
        "paths": {
            "/direct/{proxy+}": path(mock),
            "/status/{proxy+}": path(status),
            "/through/{proxy+}": path(backend("http_proxy")),
            "/mapped/{proxy+}": path(backend("http")),
        },
    })
}
