//! Tasks that call other AWS services, at the endpoints in the settings.

use serde_json::{Value, json};

use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::states;
use crate::tasks::{output, run};

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
const ID: (&str, &str) = ("x-amzn-requestid", "id");

/// Answers as the requested service does.
fn answer(request: &Received) -> Reply {
    let ok = |body: &str| (200, vec![JSON, ID], body.to_owned());
    match (request.header("x-amz-target"), request.target.as_str()) {
        ("AmazonSQS.SendMessage", _) => ok(r#"{"MD5OfMessageBody":"m","MessageId":"1"}"#),
        ("DynamoDB_20120810.GetItem", _) => ok(r#"{"Item":{"id":{"S":"1"}}}"#),
        ("DynamoDB_20120810.PutItem", _) => {
            let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#;
            (400, vec![JSON, ID], body.to_owned())
        }
        ("AWSEvents.PutEvents", _) => ok(r#"{"Entries":[{"EventId":"e"}],"FailedEntryCount":0}"#),
        ("secretsmanager.GetSecretValue", _) => {
            ok(r#"{"Name":"n","SecretString":"s","CreatedDate":1700000000.5}"#)
        }
        (_, path) if path.starts_with("/2015-03-31/functions/") => {
            let echo = if request.body.is_empty() { "{}".to_owned() } else { request.body.clone() };
            (200, vec![("content-type", "application/json"), ID, ("x-amz-executed-version", "$LATEST")], echo)
        }
        _ => {
            let body = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
                <MessageId>m</MessageId></PublishResult></PublishResponse>";
            (200, vec![("content-type", "text/xml"), ID], body.to_owned())
        }
    }
}

/// A server with these services' endpoints at `backend`.
pub(crate) fn server_with(dir: &DataDir, services: &[&str], backend: &Backend) -> Server {
    let sections = services.iter().map(|name| format!("[services.{name}]\nendpoint = \"{}\"\n", backend.url));
    let path = dir.path().join("stepgate.toml");
    std::fs::write(&path, sections.collect::<String>()).unwrap();
    Server::start(dir, &["--config", path.to_str().unwrap()])
}

fn only(backend: &Backend) -> Received {
    let mut received = backend.take();
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

#[test]
fn tasks_call_services_in_their_protocols_and_signed() {
    let (dir, backend) = (DataDir::new("services"), Backend::start(answer));
    let server =
        server_with(&dir, &["sqs", "sns", "dynamodb", "events", "secretsmanager", "lambda"], &backend);
    let mut client = Client::new(&server.address);

    let message = json!({"QueueUrl": "q", "MessageBody": {"a": 1}, "DelaySeconds": null});
    let sent = output(&run(&mut client, "Sqs", "sqs:sendMessage", &message));
    assert_eq!(sent["MessageId"], "1");
    assert_eq!(sent["SdkHttpMetadata"]["HttpStatusCode"], 200);
    assert_eq!(sent["SdkResponseMetadata"]["RequestId"], "id");
    let request = only(&backend);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/"));
    assert_eq!(request.header("content-type"), "application/x-amz-json-1.0");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, json!({"QueueUrl": "q", "MessageBody": "{\"a\":1}"}));
    let signature = request.header("authorization");
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=test/"), "{signature}");
    assert!(signature.contains("/us-east-1/sqs/aws4_request"), "{signature}");

    let message = json!({"TopicArn": "arn:t", "Message": {"b": 2}});
    let sent = output(&run(&mut client, "Sns", "sns:publish", &message));
    assert_eq!(
        (&sent["MessageId"], &sent["SdkHttpMetadata"]["HttpHeaders"]["Content-Type"]),
        (&json!("m"), &json!("text/xml"))
    );
    let request = only(&backend);
    assert_eq!(request.body, "Action=Publish&Version=2010-03-31&TopicArn=arn%3At&Message=%7B%22b%22%3A2%7D");

    let item = json!({"TableName": "t", "Key": {"id": {"S": "1"}}});
    let found = output(&run(&mut client, "Get", "dynamodb:getItem", &item));
    assert_eq!(found["Item"], json!({"id": {"S": "1"}}));
    let found = output(&run(&mut client, "SdkGet", "aws-sdk:dynamodb:getItem", &item));
    assert_eq!(found, json!({"Item": {"id": {"S": "1"}}}));
    backend.take();

    let event = json!({"Entries": [{"Detail": {"c": 3}, "DetailType": "d", "Source": "s"}]});
    let put = run(&mut client, "Events", "events:putEvents", &event);
    assert_eq!(output(&put), json!({"Entries": [{"EventId": "e"}], "FailedEntryCount": 0}));
    let body: Value = serde_json::from_str(&only(&backend).body).unwrap();
    assert_eq!(body["Entries"][0]["Detail"], "{\"c\":3}");
    assert_eq!(body["Entries"][0]["Resources"], json!([put["executionArn"], put["stateMachineArn"]]));

    let secret = json!({"SecretId": "n"});
    let told = output(&run(&mut client, "Secret", "aws-sdk:secretsmanager:getSecretValue", &secret));
    assert_eq!(told["CreatedDate"], "2023-11-14T22:13:20.500Z");
    backend.take();

    let invoke = json!({"FunctionName": "f", "Payload": {"x": 1}, "Qualifier": "1"});
    let told = output(&run(&mut client, "Lambda", "lambda:invoke", &invoke));
    assert_eq!((&told["Payload"], &told["ExecutedVersion"]), (&json!({"x": 1}), &json!("$LATEST")));
    assert_eq!(only(&backend).target, "/2015-03-31/functions/f/invocations?Qualifier=1");
}

#[test]
fn errors_of_services_are_named_as_aws_names_them() {
    let (dir, backend) = (DataDir::new("service-errors"), Backend::start(answer));
    let server = server_with(&dir, &["dynamodb"], &backend);
    let mut client = Client::new(&server.address);
    let item = json!({"TableName": "t", "Item": {}});
    let failed = run(&mut client, "Put", "dynamodb:putItem", &item);
    assert_eq!(failed["error"], "DynamoDB.ResourceNotFoundException", "{failed}");
    assert_eq!(
        failed["cause"],
        "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; \
         Request ID: id; Proxy: null)"
    );
    let failed = run(&mut client, "SdkPut", "aws-sdk:dynamodb:putItem", &item);
    assert_eq!(failed["error"], "DynamoDb.ResourceNotFoundException", "{failed}");
    let unsupported = json!({"TableName": "t", "Item": {}, "Items": []});
    let failed = run(&mut client, "Bad", "dynamodb:putItem", &unsupported);
    assert_eq!(failed["error"], "States.Runtime", "{failed}");
    let unknown = run(&mut client, "Ecs", "aws-sdk:ecs:listClusters", &json!({}));
    assert_eq!(unknown["error"], "States.Runtime", "{unknown}");
    let missing = run(&mut client, "Sqs", "sqs:sendMessage", &json!({"QueueUrl": "q", "MessageBody": "b"}));
    assert!(missing["cause"].as_str().unwrap().contains("[services.sqs]"), "{missing}");
}

#[test]
fn a_token_that_a_queue_carries_ends_its_task() {
    let (dir, backend) = (DataDir::new("service-token"), Backend::start(answer));
    let server = server_with(&dir, &["sqs"], &backend);
    let mut client = Client::new(&server.address);
    let definition = json!({"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true,
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}}}});
    let machine = json!({"name": "M", "definition": definition.to_string(), "roleArn": crate::ROLE});
    let machine = states(&mut client, "CreateStateMachine", machine)["stateMachineArn"].clone();
    let started = states(&mut client, "StartExecution", json!({"stateMachineArn": machine}));
    let named = json!({"executionArn": started["executionArn"]});
    let types = |client: &mut Client| -> Vec<String> {
        let history = states(client, "GetExecutionHistory", named.clone());
        let events = history["events"].as_array().unwrap().iter();
        events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    while !types(&mut client).contains(&"TaskSubmitted".to_owned()) {
        std::thread::yield_now();
    }
    let body: Value = serde_json::from_str(&only(&backend).body).unwrap();
    let message: Value = serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap();
    states(&mut client, "SendTaskSuccess", json!({"taskToken": message["token"], "output": "7"}));
    let described = states(&mut client, "DescribeExecution", named.clone());
    assert_eq!(output(&described), 7);
}

/// An HTTP endpoint and a token endpoint; the first token that it issues is refused.
fn endpoint(request: &Received) -> Reply {
    let json = || vec![("content-type", "application/json")];
    match request.target.split('?').next().unwrap_or_default() {
        "/token" => {
            static GIVEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
            let n = GIVEN.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            (
                200,
                json(),
                format!("{{\"access_token\":\"t{n}\",\"token_type\":\"bearer\",\"expires_in\":3600}}"),
            )
        }
        "/orders" if request.header("authorization") == "Bearer t0" => (401, Vec::new(), String::new()),
        "/busy" => (503, vec![("content-type", "text/plain")], "busy".to_owned()),
        _ => (200, json(), "{\"ok\":true}".to_owned()),
    }
}

/// TestState shows what an HTTP task sends, and what its connection adds only to those who ask for it.
#[test]
fn a_tested_http_task_shows_its_request() {
    let (dir, backend) = (DataDir::new("http-test"), Backend::start(endpoint));
    let path = dir.path().join("stepgate.toml");
    let settings = "[connections.key]\nauthorization = { type = \"API_KEY\", name = \"X-Key\", value = \"hush\" }\n\
         query = { q = \"hush\" }\nbody = { b = \"hush\", n = \"hush\" }\nallow_http = true\n";
    std::fs::write(&path, settings).unwrap();
    let server = Server::start(&dir, &["--config", path.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let definition = json!({"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {
        "ApiEndpoint": format!("{}/busy", backend.url), "Method": "POST",
        "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/key/1"},
        "Headers": {"X-Own": "h"}, "QueryParameters": {"own": "1"}, "RequestBody": {"n": 1, "own": 2}},
        "Retry": [{"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 7}], "End": true});
    let test = |level: &str, reveal: bool| {
        json!({"definition": definition.to_string(), "roleArn": crate::ROLE,
        "inspectionLevel": level, "revealSecrets": reveal})
    };

    let told = states(&mut client, "TestState", test("TRACE", false));
    assert_eq!(
        (&told["status"], &told["error"]),
        (&json!("RETRIABLE"), &json!("States.Http.StatusCode.503"))
    );
    let data = &told["inspectionData"];
    assert_eq!(data["errorDetails"], json!({"retryIndex": 0, "retryBackoffIntervalSeconds": 7}));
    let request = &data["request"];
    assert_eq!((&request["method"], &request["protocol"]), (&json!("POST"), &json!("http")));
    assert_eq!(request["url"], format!("{}/busy?own=1", backend.url));
    assert_eq!(request["body"], "{\"own\":2}");
    assert!(request["headers"].as_str().unwrap().starts_with("[x-own: h, "), "{request}");
    assert!(!request.to_string().contains("hush"), "{request}");
    let response = &data["response"];
    assert_eq!(
        (&response["statusCode"], &response["statusMessage"], &response["body"]),
        (&json!("503"), &json!("Service Unavailable"), &json!("busy"))
    );

    let told = states(&mut client, "TestState", test("TRACE", true));
    let request = &told["inspectionData"]["request"];
    assert_eq!(request["url"], format!("{}/busy?own=1&q=hush", backend.url));
    assert_eq!(request["body"], "{\"n\":\"hush\",\"own\":2,\"b\":\"hush\"}");
    assert!(request["headers"].as_str().unwrap().contains("x-key: hush"), "{request}");
    // What is sent is the same, whatever is shown.
    let sent = backend.take();
    assert!(sent.iter().all(|r| r.header("x-key") == "hush" && r.target == "/busy?own=1&q=hush"), "{sent:?}");

    let told = states(&mut client, "TestState", test("DEBUG", false));
    assert_eq!(told["inspectionData"].get("request"), None);
    assert_eq!(states(&mut client, "TestState", test("INFO", false)).get("inspectionData"), None);
}

#[test]
fn tasks_call_http_endpoints_with_a_connection() {
    let (dir, backend) = (DataDir::new("http"), Backend::start(endpoint));
    let path = dir.path().join("stepgate.toml");
    let settings = format!(
        "[connections.key]\nauthorization = {{ type = \"API_KEY\", name = \"X-Key\", value = \"hush\" }}\n\
         allow_http = true\n[connections.token]\nauthorization = {{ type = \"OAUTH_CLIENT_CREDENTIALS\", \
         authorization_endpoint = \"{}/token\", client_id = \"me\", client_secret = \"hush\", \
         parameters = {{ scope = \"all\" }} }}\nallow_http = true\n",
        backend.url
    );
    std::fs::write(&path, settings).unwrap();
    let server = Server::start(&dir, &["--config", path.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let call = |path: &str, connection: &str| {
        let arn = format!("arn:aws:events:us-east-1:123456789012:connection/{connection}/1");
        json!({"ApiEndpoint": format!("{}{path}", backend.url), "Method": "POST",
            "Authentication": {"ConnectionArn": arn}, "RequestBody": {"n": 1}})
    };
    let told = output(&run(&mut client, "Key", "http:invoke", &call("/orders", "key")));
    assert_eq!((&told["ResponseBody"], &told["StatusCode"]), (&json!({"ok": true}), &json!(200)));
    let request = only(&backend);
    assert_eq!((request.header("x-key"), request.body.as_str()), ("hush", "{\"n\":1}"));

    // The first token is refused, so another one is fetched and kept.
    for name in ["Token", "TokenAgain"] {
        output(&run(&mut client, name, "http:invoke", &call("/orders", "token")));
    }
    let targets: Vec<String> =
        backend.take().into_iter().map(|r| format!("{} {}", r.target, r.header("authorization"))).collect();
    let basic = "Basic bWU6aHVzaA==";
    let expect = ["/token ", "/orders Bearer t0", "/token ", "/orders Bearer t1", "/orders Bearer t1"];
    let expect =
        expect.map(|line| if line == "/token " { format!("/token {basic}") } else { line.to_owned() });
    assert_eq!(targets, expect);

    let failed = run(&mut client, "Busy", "http:invoke", &call("/busy", "key"));
    assert_eq!((&failed["error"], &failed["cause"]), (&json!("States.Http.StatusCode.503"), &json!("busy")));
    let mut nowhere = call("/", "key");
    nowhere["ApiEndpoint"] = json!("http://127.0.0.1:9");
    let failed = run(&mut client, "Nowhere", "http:invoke", &nowhere);
    assert_eq!(failed["error"], "States.Http.Socket", "{failed}");
    let mut unknown = call("/", "nope");
    unknown["ApiEndpoint"] = json!("https://localhost/");
    let failed = run(&mut client, "Unknown", "http:invoke", &unknown);
    assert!(failed["cause"].as_str().unwrap().contains("[connections.NAME]"), "{failed}");
    let failed = run(&mut client, "Plain", "http:invoke", &call("/", "nope"));
    assert!(failed["cause"].as_str().unwrap().contains("must have the scheme 'https'"), "{failed}");
}
