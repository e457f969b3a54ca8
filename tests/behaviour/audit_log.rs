//! The audit log: a line for each call of the AWS APIs, with nothing of what was sent.

use std::fs;

use serde_json::{Value, json};

use crate::client::{Client, sign};
use crate::server::{DataDir, Server};

#[test]
fn every_call_has_a_line_without_what_was_sent() {
    let dir = DataDir::new("audit-log");
    let config = dir.path().join("stepgate.toml");
    fs::write(&config, "[audit_log]\nto = \"file\"\n[deploy]\ntutorial = false\n").unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let input = json!({"name": "canary-1", "tags": [{"key": "k", "value": "canary-2"}]});
    assert_eq!(client.states("CreateActivity", &input).unwrap().status, 200);
    assert_eq!(client.states("DescribeActivity", &json!({"activityArn": "canary-3"})).unwrap().status, 400);
    // Signed for another path.
    let host = server.address.clone();
    let agent = [("user-agent", "tester/1"), ("x-api-key", "canary-4")];
    let signed = sign("apigateway", "GET", "/apikeys", &host, &agent, "");
    let answer = client.send_signed("GET", "/restapis?position=canary-5", &signed, "").unwrap();
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(server.terminate().success());

    let path = dir.path().join("data/audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |line: &Value| {
        let members = ["eventSource", "eventName", "errorCode"]
            .map(|name| line[name].as_str().unwrap_or("").to_owned());
        (members, line["userIdentity"]["arn"].as_str().map(str::to_owned))
    };
    let expect = |source: &str, name: &str, code: &str, by: Option<&str>| {
        ([source.to_owned(), name.to_owned(), code.to_owned()], by.map(str::to_owned))
    };
    let root = Some("arn:aws:iam::123456789012:root");
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [
            expect("states.amazonaws.com", "CreateActivity", "", root),
            expect("states.amazonaws.com", "DescribeActivity", "InvalidArn", root),
            // Who that was is not proven.
            expect("apigateway.amazonaws.com", "GetRestApis", "InvalidSignatureException", None),
        ],
        "{text}"
    );
    assert_eq!(lines[0]["sourceIPAddress"], "127.0.0.1");
    assert_eq!(lines[0]["userIdentity"]["accessKeyId"], "test");
    assert_eq!(lines[2]["userAgent"], "tester/1");
    assert!(!text.contains("canary") && !text.contains("Signature="), "{text}");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
