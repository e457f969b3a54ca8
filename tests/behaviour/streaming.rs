//! Responses that are passed on while they are written (`responseTransferMode: STREAM`), from HTTP backends and from
//! Node.js functions.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::authorizers::{call, get};
use crate::client::Client;
use crate::commands::{stderr, stepgate};
use crate::functions_support::{self, permit};
use crate::server::{DataDir, Server};

const PATIENCE: Duration = Duration::from_secs(30);

/// A backend that writes what it is told, piece by piece, to one connection at a time.
struct Slow {
    url: String,
    /// A piece to write; `None` closes the connection.
    write: Sender<Option<&'static [u8]>>,
    /// Told when the peer has closed its side.
    left: Receiver<()>,
}

fn slow() -> Slow {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let ((write, pieces), (leaving, left)) = (channel::<Option<&'static [u8]>>(), channel());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Nobody answers what was not asked.
            let mut first = [0];
            stream.read_exact(&mut first).unwrap();
            let (mut reading, leaving) = (stream.try_clone().unwrap(), leaving.clone());
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while reading.read(&mut bytes).is_ok_and(|n| 0 < n) {}
                let _ = leaving.send(());
            });
            while let Ok(Some(piece)) = pieces.recv() {
                let _ = stream.write_all(piece);
            }
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    });
    Slow { url, write, left }
}

/// A request whose response is read as it comes.
struct Reading {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Reading {
    fn start(address: &str, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n").unwrap();
        Self { stream, read: Vec::new() }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// Reads until there is `text`; whether there is.
    fn until(&mut self, text: &str) -> bool {
        let mut bytes = [0; 4096];
        while !self.text().contains(text) {
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return false,
                Ok(n) => self.read.extend_from_slice(&bytes[..n]),
            }
        }
        true
    }

    /// Reads until the connection ends.
    fn finish(mut self) -> String {
        let _ = self.until("nothing that a response has");
        self.text()
    }
}

fn integration(uri: &str, timeout: u32) -> Value {
    json!({"x-amazon-apigateway-integration": {
        "type": "http_proxy", "httpMethod": "GET", "uri": uri, "responseTransferMode": "STREAM",
        "timeoutInMillis": timeout,
    }})
}

fn deploy(client: &mut Client, paths: &Value) -> (String, String) {
    let definition = json!({"openapi": "3.0.1", "info": {"title": "t"}, "paths": paths,
        "x-amazon-apigateway-minimum-compression-size": 0});
    let api = call(client, "POST", "/restapis?mode=import", &definition);
    let api = api["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    (format!("/_aws/execute-api/{api}/v1"), api)
}

const HEAD: &[u8] =
    b"HTTP/1.1 203 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn the_first_byte_comes_before_the_last_is_written() {
    let dir = DataDir::new("streaming");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let backend = slow();
    let (base, _) = deploy(&mut client, &json!({"/a": {"get": integration(&backend.url, 60_000)}}));
    let mut reading = Reading::start(&server.address, &format!("{base}/a"), "accept-encoding: gzip\r\n");
    backend.write.send(Some(HEAD)).unwrap();
    assert!(reading.until("\r\n\r\n"), "the head comes before any of the body");
    let head = reading.text().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 203 "), "{head}");
    assert!(head.contains("transfer-encoding: chunked") && head.contains("text/event-stream"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
    backend.write.send(Some(b"3\r\none\r\n")).unwrap();
    assert!(reading.until("\r\none\r\n"), "{}", reading.text());
    backend.write.send(Some(b"3\r\ntwo\r\n0\r\n\r\n")).unwrap();
    assert!(reading.until("\r\ntwo\r\n0\r\n\r\n"), "{}", reading.text());
}

#[test]
fn a_client_that_leaves_stops_the_backend() {
    let dir = DataDir::new("streaming-left");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let backend = slow();
    let (base, _) = deploy(&mut client, &json!({"/a": {"get": integration(&backend.url, 60_000)}}));
    let mut reading = Reading::start(&server.address, &format!("{base}/a"), "");
    backend.write.send(Some(HEAD)).unwrap();
    backend.write.send(Some(b"3\r\none\r\n")).unwrap();
    assert!(reading.until("one"));
    assert!(backend.left.try_recv().is_err());
    drop(reading);
    // It may have closed only its own side, so it is missed when it takes no more.
    let has_left = (0..300).any(|_| {
        backend.write.send(Some(b"3\r\ntwo\r\n")).unwrap();
        backend.left.recv_timeout(Duration::from_millis(100)).is_ok()
    });
    assert!(has_left, "the backend goes on");
}

#[test]
fn a_time_limit_is_a_504_before_the_head_and_breaks_off_later() {
    let dir = DataDir::new("streaming-late");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let backend = slow();
    let (base, _) = deploy(&mut client, &json!({"/a": {"get": integration(&backend.url, 1_000)}}));
    let late = get(&mut client, &format!("{base}/a"), &[]);
    assert_eq!((late.status, late.text().as_str()), (504, r#"{"message":"Endpoint request timed out"}"#));
    backend.write.send(None).unwrap();

    let mut reading = Reading::start(&server.address, &format!("{base}/a"), "");
    backend.write.send(Some(HEAD)).unwrap();
    backend.write.send(Some(b"3\r\none\r\n")).unwrap();
    assert!(reading.until("one"));
    let text = reading.finish();
    assert!(text.ends_with("\r\none\r\n"), "{text}");

    // A backend that breaks off breaks the response off.
    backend.write.send(None).unwrap();
    let mut reading = Reading::start(&server.address, &format!("{base}/a"), "");
    backend.write.send(Some(HEAD)).unwrap();
    backend.write.send(Some(b"3\r\none\r\n")).unwrap();
    assert!(reading.until("one"));
    backend.write.send(None).unwrap();
    assert!(reading.finish().ends_with("\r\none\r\n"));
}

const FUNCTION: &str = r#"
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const handler = awslambda.streamifyResponse(async (event, response) => {
  const { how, file } = event.queryStringParameters ?? {};
  if (how === 'fails') throw new Error('before');
  if (how === 'plain') return response.end('{"statusCode":200,"body":"x"}');
  const out = awslambda.HttpResponseStream.from(response, {
    statusCode: 202, headers: { 'x-path': event.path }, cookies: ['a=1', 'b=2'] });
  out.write('one');
  while (file && !existsSync(file)) await sleep(5);
  if (how === 'breaks') throw new Error('after');
  out.end('two');
});
export const buffered = async () => ({ statusCode: 200, body: 'x' });
"#;

fn make(client: &mut Client, name: &str, handler: &str) {
    functions_support::make(client, name, "nodejs22.x", &format!("app.{handler}"), &[("app.mjs", FUNCTION)]);
}

fn function_uri(name: &str) -> String {
    let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/{function}/response-streaming-invocations"
    )
}

fn function(name: &str) -> Value {
    json!({"get": {"x-amazon-apigateway-integration": {
        "type": "aws_proxy", "httpMethod": "POST", "uri": function_uri(name), "responseTransferMode": "STREAM",
    }}})
}

#[test]
fn a_function_streams_its_response() {
    let dir = DataDir::new("streaming-function");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "handler");
    make(&mut client, "g", "buffered");
    let (base, api) = deploy(&mut client, &json!({"/a": function("f"), "/b": function("g")}));
    assert_eq!(get(&mut client, &format!("{base}/a"), &[]).status, 500, "nobody has let it in");
    for name in ["f", "g"] {
        permit(&mut client, name, &format!("{api}/*/GET/*"));
    }

    let file = dir.path().join("go-on");
    let path = format!("{base}/a?file={}", file.display());
    let mut reading = Reading::start(&server.address, &path, "accept-encoding: gzip\r\n");
    assert!(reading.until("one"), "{}", reading.text());
    let head = reading.text().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 202 ") && head.contains("transfer-encoding: chunked"), "{head}");
    assert!(head.contains("x-path: /a") && !head.contains("content-encoding"), "{head}");
    assert!(head.contains("set-cookie: a=1") && head.contains("set-cookie: b=2"), "{head}");
    std::fs::write(&file, "").unwrap();
    assert!(reading.until("\r\ntwo\r\n0\r\n\r\n"), "{}", reading.text());

    // What fails before the prelude is an error; later, nothing can be said of it.
    let internal = r#"{"message":"Internal server error"}"#;
    for path in ["/a?how=fails", "/a?how=plain", "/b"] {
        let answer = get(&mut client, &format!("{base}{path}"), &[]);
        assert_eq!((answer.status, answer.text().as_str()), (502, internal), "{path}");
    }
    let file = dir.path().join("break-off");
    let path = format!("{base}/a?how=breaks&file={}", file.display());
    let mut broken = Reading::start(&server.address, &path, "");
    assert!(broken.until("one"), "{}", broken.text());
    std::fs::write(&file, "").unwrap();
    let broken = broken.finish();
    assert!(broken.ends_with("\r\none\r\n"), "{broken}");

    // A test call gets what there is in one piece, and no log.
    let resources = call(&mut client, "GET", &format!("/restapis/{api}/resources"), &Value::Null);
    let items = resources["item"].as_array().unwrap();
    let id = items.iter().find(|item| item["path"] == "/a").unwrap()["id"].as_str().unwrap();
    let tested = call(
        &mut client,
        "POST",
        &format!("/restapis/{api}/resources/{id}/methods/GET"),
        &json!({"pathWithQueryString": "/a"}),
    );
    assert_eq!((&tested["status"], &tested["body"]), (&json!(202), &json!("onetwo")), "{tested}");
    assert_eq!(tested["log"].as_str().unwrap_or_default(), "");
}

#[test]
fn the_transfer_mode_is_set_shown_patched_and_exported() {
    let dir = DataDir::new("streaming-control");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let (_, api) = deploy(&mut client, &json!({"/a": {"get": integration("http://127.0.0.1:9/", 900_000)}}));
    let exported = call(
        &mut client,
        "GET",
        &format!("/restapis/{api}/stages/v1/exports/oas30?extensions=integrations"),
        &Value::Null,
    );
    let shown = &exported["paths"]["/a"]["get"]["x-amazon-apigateway-integration"];
    assert_eq!(
        (&shown["responseTransferMode"], &shown["timeoutInMillis"]),
        (&json!("STREAM"), &json!(900_000)),
        "{exported}"
    );
    let resources = call(&mut client, "GET", &format!("/restapis/{api}/resources"), &Value::Null);
    let items = resources["item"].as_array().unwrap();
    let id = items.iter().find(|item| item["path"] == "/a").unwrap()["id"].as_str().unwrap();
    let path = format!("/restapis/{api}/resources/{id}/methods/GET/integration");
    assert_eq!(call(&mut client, "GET", &path, &Value::Null)["responseTransferMode"], "STREAM");
    let patch = |client: &mut Client, changes: &[(&str, &str)]| {
        let operations: Vec<Value> = changes
            .iter()
            .map(|(path, value)| json!({"op": "replace", "path": path, "value": value}))
            .collect();
        client.apigateway("PATCH", &path, &json!({"patchOperations": operations})).unwrap()
    };
    // A buffered response has to be there earlier.
    let refused = patch(&mut client, &[("/responseTransferMode", "BUFFERED")]);
    assert_eq!(
        (refused.status, &refused.json()["message"]),
        (400, &json!("Timeout should be between 50 ms and 29000 ms"))
    );
    let refused = patch(&mut client, &[("/timeoutInMillis", "900001")]);
    assert_eq!(refused.json()["message"], "Timeout should be between 50 ms and 900000 ms");
    let patched = patch(&mut client, &[("/responseTransferMode", "BUFFERED"), ("/timeoutInMillis", "29000")]);
    assert_eq!((patched.status, &patched.json()["responseTransferMode"]), (200, &json!("BUFFERED")));
    let refused =
        client.apigateway("PUT", &path, &json!({"type": "MOCK", "responseTransferMode": "STREAM"})).unwrap();
    assert_eq!(refused.status, 400, "{}", refused.text());

    // From a template.
    let template = json!({"Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "stacked"}},
        "Get": {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "HttpMethod": "GET", "AuthorizationType": "NONE",
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": function_uri("f"),
                "ResponseTransferMode": "STREAM", "TimeoutInMillis": 900_000},
        }},
    }, "Outputs": {"Api": {"Value": {"Ref": "Api"}}, "Root": {"Value": {"Fn::GetAtt": ["Api", "RootResourceId"]}}}});
    let file = dir.path().join("template.json");
    std::fs::write(&file, template.to_string()).unwrap();
    let applied =
        stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &format!("http://{}", server.address)]);
    assert!(applied.status.success(), "{}", stderr(&applied));
    let apis = call(&mut client, "GET", "/restapis", &Value::Null);
    let api = apis["item"].as_array().unwrap().iter().find(|api| api["name"] == "stacked").unwrap();
    let (id, root) = (api["id"].as_str().unwrap(), api["rootResourceId"].as_str().unwrap());
    let path = format!("/restapis/{id}/resources/{root}/methods/GET/integration");
    let shown = call(&mut client, "GET", &path, &Value::Null);
    assert_eq!(
        (&shown["responseTransferMode"], &shown["timeoutInMillis"]),
        (&json!("STREAM"), &json!(900_000))
    );
}
