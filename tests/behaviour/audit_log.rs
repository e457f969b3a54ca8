//! The audit log: a line for each call of the AWS APIs and of the server's own pages, with nothing of what was sent.

use std::fs;

use serde_json::{Value, json};

use crate::client::{Client, sign, sign_as};
use crate::roles::{iam, try_iam};
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

#[test]
fn a_line_names_the_statement_that_allowed_or_denied() {
    let dir = DataDir::new("audit-log-statements");
    let config = dir.path().join("stepgate.toml");
    fs::write(&config, "[audit_log]\nto = \"file\"\n[deploy]\ntutorial = false\n").unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    iam(&mut client, "CreateUser", &[("UserName", "ann")]);
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "states:List*", "Resource": "*"},
        {"Effect": "Allow", "Action": "states:CreateActivity", "Resource": "*"},
        {"Sid": "NotInTheClear", "Effect": "Deny", "Action": "states:CreateActivity", "Resource": "*", "Condition": {
            "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "Bool": {"aws:SecureTransport": "false"},
            "StringLike": {"aws:UserAgent": "tester/*"}}},
        {"Sid": "NoMachines", "Effect": "Deny", "Action": "states:ListStateMachines", "Resource": "*"}]})
    .to_string();
    let own = [("UserName", "ann"), ("PolicyName", "own"), ("PolicyDocument", document.as_str())];
    iam(&mut client, "PutUserPolicy", &own);
    let managed = "arn:aws:iam::aws:policy/AWSStepFunctionsReadOnlyAccess";
    iam(&mut client, "AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", managed)]);
    let made = try_iam(&mut client, "CreateAccessKey", &[("UserName", "ann")]).text();
    let element = |name: &str| {
        let (_, rest) = made.split_once(&format!("<{name}>")).unwrap();
        rest.split_once("</").unwrap().0.to_owned()
    };
    let (id, secret) = (element("AccessKeyId"), element("SecretAccessKey"));
    let arn = "arn:aws:states:us-east-1:123456789012:activity:a";
    for (operation, agent, body) in [
        ("ListActivities", "-", "{}".to_owned()),
        ("ListStateMachines", "-", "{}".to_owned()),
        ("DescribeActivity", "-", json!({ "activityArn": arn }).to_string()),
        ("DeleteActivity", "-", json!({ "activityArn": arn }).to_string()),
        ("CreateActivity", "tester/1", json!({"name": "b"}).to_string()),
        ("CreateActivity", "other/1", json!({"name": "b"}).to_string()),
    ] {
        let target = format!("AWSStepFunctions.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("user-agent", agent)];
        let signed = sign_as((&id, &secret), "states", ("POST", "/"), &server.address, &headers, &body);
        client.send_signed("POST", "/", &signed, &body).unwrap();
    }
    // The server's own pages are for the account alone.
    let (log, stack) = ("/_stepgate/functions/f/log", "/_stepgate/stacks/demo");
    let body = json!({"template": "canary-1"}).to_string();
    let address = &server.address;
    for (key, status) in [((id.as_str(), secret.as_str()), 403), (("test", "test"), 404)] {
        let signed = sign_as(key, "lambda", ("GET", log), address, &[], "");
        assert_eq!(client.send_signed("GET", log, &signed, "").unwrap().status, status);
    }
    let signed = sign_as(("test", "test"), "cloudformation", ("POST", stack), address, &[], &body);
    assert_eq!(client.send_signed("POST", stack, &signed, &body).unwrap().status, 400);
    assert_eq!(client.send("GET", "/_stepgate/iam/missing", &[], b"").unwrap().status, 403);
    assert!(server.terminate().success());
    let text = fs::read_to_string(dir.path().join("data/audit.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pages = lines.iter().filter(|line| line["additionalEventData"]["page"].is_string()).map(|line| {
        let decided = &line["additionalEventData"]["authorization"][0];
        json!([
            line["additionalEventData"]["page"],
            line["eventSource"],
            line["eventName"],
            line["errorCode"],
            line["userIdentity"]["type"],
            decided["action"],
            decided["decision"],
            decided["policy"]
        ])
    });
    let (logs, get) = ("logs.amazonaws.com", "logs:GetLogEvents");
    assert_eq!(
        pages.collect::<Vec<_>>(),
        [
            json!([log, logs, "GetLogEvents", "AccessDeniedException", "IAMUser", get, "denied", null]),
            json!([
                log,
                logs,
                "GetLogEvents",
                "ResourceNotFoundException",
                "Root",
                get,
                "allowed",
                "account"
            ]),
            json!([
                stack,
                "cloudformation.amazonaws.com",
                "CreateStack",
                "ValidationError",
                "Root",
                "cloudformation:CreateStack",
                "allowed",
                "account"
            ]),
            json!([
                "/_stepgate/iam/missing",
                "iam.amazonaws.com",
                "SimulatePrincipalPolicy",
                "MissingAuthenticationTokenException",
                null,
                null,
                null,
                null
            ]),
        ],
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
    let of = |name: &str| {
        let line =
            lines.iter().find(|line| line["eventName"] == name).unwrap_or_else(|| panic!("{name}: {text}"));
        line["additionalEventData"]["authorization"].clone()
    };
    let decided = |action: &str, resource: &str, decision: &str, by: Option<(&str, &str)>| {
        let mut decided = json!({"action": action, "resource": resource, "decision": decision});
        if let Some((policy, statement)) = by {
            decided["policy"] = policy.into();
            decided["statement"] = statement.into();
        }
        json!([decided])
    };
    assert_eq!(
        of("ListActivities"),
        decided("states:ListActivities", "*", "allowed", Some(("ann/own", "1")))
    );
    assert_eq!(
        of("ListStateMachines"),
        decided("states:ListStateMachines", "*", "denied", Some(("ann/own", "NoMachines")))
    );
    // The first line; whoever says to be another client is let in by the second statement.
    let create = "states:CreateActivity";
    assert_eq!(of("CreateActivity"), decided(create, "*", "denied", Some(("ann/own", "NotInTheClear"))));
    let allowed = decided(create, "*", "allowed", Some(("ann/own", "2")));
    let by_other = lines.iter().find(|line| line["userAgent"] == "other/1").unwrap();
    assert_eq!(by_other["additionalEventData"]["authorization"], allowed);
    let described = of("DescribeActivity");
    assert_eq!((&described[0]["policy"], &described[0]["decision"]), (&json!(managed), &json!("allowed")));
    assert_eq!(of("DeleteActivity"), decided("states:DeleteActivity", arn, "denied", None));
    let created = of("CreateUser");
    assert_eq!((&created[0]["policy"], &created[0]["decision"]), (&json!("account"), &json!("allowed")));
}

/// Trust policies see where a request comes from, as other policies do, and their statements are in the log.
#[test]
fn a_trust_policy_sees_the_request_and_is_named() {
    let dir = DataDir::new("audit-log-trust");
    let config = dir.path().join("stepgate.toml");
    fs::write(&config, "[audit_log]\nto = \"file\"\n[deploy]\ntutorial = false\n").unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let statement = |sid: &str, effect: &str, condition: Value| {
        json!({"Sid": sid, "Effect": effect, "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"},
            "Condition": condition})
    };
    let here = json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}});
    let elsewhere = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
    let cases = [
        ("Here", json!([statement("FromHere", "Allow", here.clone())]), Some("FromHere"), true),
        ("Elsewhere", json!([statement("FromElsewhere", "Allow", elsewhere)]), None, false),
        (
            "NotHere",
            json!([statement("Anywhere", "Allow", json!({})), statement("NotHere", "Deny", here)]),
            Some("NotHere"),
            false,
        ),
    ];
    for (name, statements, _, is_allowed) in &cases {
        let trust = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        iam(&mut client, "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]);
        let body = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2F{name}"
        );
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let signed = sign("sts", "POST", "/", &server.address, &form, &body);
        let answer = client.send_signed("POST", "/", &signed, &body).unwrap();
        assert_eq!(answer.status, if *is_allowed { 200 } else { 403 }, "{name}: {}", answer.text());
    }
    assert!(server.terminate().success());
    let text = fs::read_to_string(dir.path().join("data/audit.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let assumed: Vec<Value> = lines.filter(|line| line["eventName"] == "AssumeRole").collect();
    for (line, (name, _, sid, is_allowed)) in assumed.iter().zip(&cases) {
        let arn = format!("arn:aws:iam::123456789012:role/{name}");
        let decision = if *is_allowed { "allowed" } else { "denied" };
        let mut expect = json!({"action": "sts:AssumeRole", "resource": arn, "decision": decision});
        if let Some(sid) = sid {
            expect["policy"] = json!(format!("trust policy of {arn}"));
            expect["statement"] = json!(sid);
        }
        assert_eq!(line["additionalEventData"]["authorization"], json!([expect]), "{name}");
    }
    assert_eq!(assumed.len(), cases.len());
}
