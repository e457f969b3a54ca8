//! One target for all who read a request: signatures, routes, policies, backends and the log.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::client::{Client, sign};
use crate::iam::deploy;
use crate::server::{DataDir, Server};

/// `GET /`, answered with `text`.
fn definition(text: &str, auth: &str) -> Value {
    let method = json!({
        "x-amazon-apigateway-auth": {"type": auth},
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
        },
    });
    json!({"openapi": "3.0.1", "info": {"title": text}, "paths": {"/": {"get": method}}})
}

/// Sends bytes as they are; what came back within a second, or until the connection was closed.
fn raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(bytes).unwrap();
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        all.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn get(address: &str, target: &str, headers: &[(String, String)]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    raw(address, format!("GET {target} HTTP/1.1\r\n{lines}connection: close\r\n\r\n").as_bytes())
}

fn host(name: &str) -> Vec<(String, String)> {
    vec![("host".to_owned(), name.to_owned())]
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field of HPACK: a literal without indexing (RFC 7541 section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut out = vec![0];
    for text in [name, value] {
        match text.len().checked_sub(127) {
            None => out.push(u8::try_from(text.len()).unwrap()),
            Some(mut rest) => {
                out.push(127);
                while 128 <= rest {
                    out.push(u8::try_from(rest % 128).unwrap() + 128);
                    rest /= 128;
                }
                out.push(u8::try_from(rest).unwrap());
            }
        }
        out.extend_from_slice(text.as_bytes());
    }
    out
}

#[test]
fn a_signature_for_one_host_is_none_for_another() {
    let dir = DataDir::new("targets-hosts");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let mut host_of = |name: &str| {
        let api = deploy(&mut client, &definition(&format!("ran {name}"), "AWS_IAM"));
        format!("{api}.execute-api.localhost")
    };
    let (x, y) = (host_of("X"), host_of("Y"));
    let signed = sign("execute-api", "GET", "/v1/", &x, &[], "");
    let answer = get(&server.address, "/v1/", &signed);
    assert!(answer.ends_with("ran X"), "{answer}");
    // The address in the request line is what is asked for (RFC 9112 section 3.2.2), and the header's is the same.
    let answer = get(&server.address, &format!("http://{y}/v1/"), &signed);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let answer = get(&server.address, &format!("http://{x}/v1/"), &signed);
    assert!(answer.ends_with("ran X"), "{answer}");

    let h2 = |authority: &str| {
        let mut block = Vec::new();
        for (name, value) in
            [(":method", "GET"), (":scheme", "http"), (":path", "/v1/"), (":authority", authority)]
        {
            block.extend(field(name, value));
        }
        for (name, value) in &signed {
            block.extend(field(name, value));
        }
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        raw(&server.address, &[preface, frame(4, 0, 0, b""), frame(1, 5, 1, &block)].concat())
    };
    assert!(h2(&x).contains("ran X"));
    let answer = h2(&y);
    assert!(!answer.contains("ran Y"), "{answer}");
    assert!(answer.contains("Host differs from the request target's"), "{answer}");
}

#[test]
fn a_path_names_no_other_api_than_the_host() {
    let dir = DataDir::new("targets-paths");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let x = deploy(&mut client, &definition("ran X", "NONE"));
    let y = deploy(&mut client, &definition("ran Y", "NONE"));
    let own = format!("{x}.execute-api.localhost");
    for path in [
        format!("/restapis/{y}/v1/_user_request_/"),
        format!("/_aws/execute-api/{y}/v1/"),
        "/_stepgate/health".to_owned(),
        "/_stepgate/metrics".to_owned(),
        "/".to_owned(),
    ] {
        for host_name in [own.clone(), own.to_uppercase(), format!("{own}."), format!("{own}:80")] {
            let answer = get(&server.address, &path, &host(&host_name));
            assert!(
                answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("{\"message\":\"Forbidden\"}"),
                "{host_name}{path}: {answer}"
            );
        }
    }
    let answer = get(&server.address, &format!("/_aws/execute-api/{y}/v1/"), &host("localhost"));
    assert!(answer.ends_with("ran Y"), "{answer}");
    // What somebody in front says of the host doesn't count.
    let forwarded = [host("localhost"), vec![("x-forwarded-host".to_owned(), own.clone())]].concat();
    let answer = get(&server.address, &format!("/_aws/execute-api/{y}/v1/"), &forwarded);
    assert!(answer.ends_with("ran Y"), "{answer}");

    let invoke = |client: &mut Client, name: &str, path: &str, stage: Option<&str>| {
        let mut arguments = json!({"ApiEndpoint": own, "Method": "GET", "Path": path});
        if let Some(stage) = stage {
            arguments["Stage"] = json!(stage);
        }
        let resource = "arn:aws:states:::apigateway:invoke";
        let task = json!({"Type": "Task", "Resource": resource, "Parameters": arguments, "End": true});
        let definition = json!({"StartAt": "A", "States": {"A": task}}).to_string();
        let machine =
            json!({"name": name, "definition": definition, "roleArn": crate::ROLE, "type": "EXPRESS"});
        let machine = crate::states(client, "CreateStateMachine", machine)["stateMachineArn"].clone();
        crate::states(client, "StartSyncExecution", json!({"stateMachineArn": machine}))
    };
    let told = invoke(&mut client, "good", "/", Some("v1"));
    assert_eq!(told["status"], "SUCCEEDED", "{told}");
    for (name, path, stage, error) in [
        ("by-path", format!("/restapis/{y}/v1/_user_request_/"), None, "ApiGateway.403"),
        ("by-dots", format!("/../restapis/{y}/v1/_user_request_/"), Some("v1"), "ApiGateway.400"),
        ("by-form", format!("/_aws/execute-api/{y}/v1/"), None, "ApiGateway.403"),
    ] {
        let told = invoke(&mut client, name, &path, stage);
        assert_eq!(
            (told["status"].as_str(), told["error"].as_str()),
            (Some("FAILED"), Some(error)),
            "{told}"
        );
    }
}

#[test]
fn targets_that_can_be_read_in_two_ways_are_refused() {
    let dir = DataDir::new("targets-refused");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client, &definition("ran", "NONE"));
    let own = format!("{api}.execute-api.localhost");
    for (target, message) in [
        ("/v1/../v1/", "the request's path has a dot segment"),
        ("/v1/%2e", "the request's path has a dot segment"),
        ("/v1/x/..%2f", "the request's path has a dot segment"),
        ("/v1/?a|b", "the characters |, { and } have to be encoded in query strings"),
        ("/v1/?a=100%", "a percent sign in the request's path or query begins no escape"),
        ("/v1/%zz", "a percent sign in the request's path or query begins no escape"),
    ] {
        for host_name in [own.as_str(), "localhost"] {
            let answer = get(&server.address, target, &host(host_name));
            assert!(answer.starts_with("HTTP/1.1 400 "), "{target}: {answer}");
            let body: Value = serde_json::from_str(answer.rsplit("\r\n\r\n").next().unwrap()).unwrap();
            assert_eq!(body["message"], message, "{target}");
        }
    }
    // The AWS APIs as well: what is signed is `/restapis`.
    let signed = sign("apigateway", "GET", "/restapis", &server.address, &[], "");
    let answer = get(&server.address, "/x/../restapis", &signed);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(get(&server.address, "/restapis", &signed).starts_with("HTTP/1.1 200 "));
    for hosts in [["a", "a"].as_slice(), &["a b"], &["a@b"], &["a/b"]] {
        let headers: Vec<_> = hosts.iter().flat_map(|name| host(name)).collect();
        assert!(get(&server.address, "/v1/", &headers).starts_with("HTTP/1.1 400 "), "{hosts:?}");
    }
}

#[test]
fn calls_go_where_the_settings_let_them() {
    let dir = DataDir::new("targets-egress");
    let settings = dir.path().join("stepgate.toml");
    std::fs::write(&settings, "[egress]\ndeny = [\"127.0.0.2\", \"localhost\"]\n").unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let backend = Backend::start(|_| (200, Vec::new(), "called".to_owned()));
    let port = backend.url.rsplit(':').next().unwrap().to_owned();
    let addresses = [
        (format!("http://127.0.0.1:{port}/"), 200),
        (format!("http://127.0.0.2:{port}/"), 500),
        (format!("http://localhost:{port}/"), 500),
        (format!("http://{}/_stepgate/health", server.address), 500),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), 500),
        ("http://[fd00:ec2::254]/".to_owned(), 500),
    ];
    for (address, status) in addresses {
        let mut definition = definition("egress", "NONE");
        definition["paths"]["/"]["get"]["x-amazon-apigateway-integration"] =
            json!({"type": "http_proxy", "httpMethod": "GET", "uri": address});
        let api = deploy(&mut client, &definition);
        let answer = client.send("GET", &format!("/_aws/execute-api/{api}/v1/"), &[], b"").unwrap();
        assert_eq!(answer.status, status, "{address}: {}", answer.text());
    }
    assert_eq!(backend.take().len(), 1);
}

#[test]
fn no_log_has_a_signature_or_a_token() {
    let dir = DataDir::new("targets-log");
    let log = dir.path().join("log");
    let mut server = Server::start_logging(&dir, &log);
    let (signature, token) = ("0123456789abcdef0123456789abcdef", "c2VjcmV0IHRva2Vu");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20200101%2Fus-east-1%2Fexecute-api%2Faws4_request\
         &X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token={token}\
         &X-Amz-Signature={signature}"
    );
    for path in ["/alpha/execution", "/restapis", "/", "/_stepgate/stacks/x", "/a/../b"] {
        get(&server.address, &format!("{path}?{query}"), &host("localhost"));
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/states/aws4_request, Signature={signature}"
        );
        let mut headers = host("localhost");
        headers.push(("authorization".to_owned(), header));
        headers.push(("x-amz-security-token".to_owned(), token.to_owned()));
        get(&server.address, path, &headers);
    }
    server.kill();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("/alpha/execution"), "{said}");
    for secret in [signature, token] {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
