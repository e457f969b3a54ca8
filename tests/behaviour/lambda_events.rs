//! Events and the destinations of their ends: functions, state machines, and services at endpoints of the settings.

use serde_json::{Value, json};

use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::functions_support::{Following, PATIENCE, done, invoke, make};
use crate::server::DataDir;
use crate::services::server_with;
use crate::{ROLE, states};

const HANDLER: &str = r#"
def handler(event, context):
    print("told", event)
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError(event["fail"])
    return {"n": 7}
"#;

/// Takes what it is told, as the requested service does.
fn service(request: &Received) -> Reply {
    let body = match request.header("x-amz-target") {
        "AmazonSQS.SendMessage" => r#"{"MD5OfMessageBody":"m","MessageId":"1"}"#,
        "AWSEvents.PutEvents" => r#"{"Entries":[{"EventId":"e"}],"FailedEntryCount":0}"#,
        _ => {
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
        }
    };
    (200, Vec::new(), body.to_owned())
}

/// Has the ends of events of `f` told to these, and no event tried twice.
fn configure(client: &mut Client, success: &str, failure: &str) {
    let input = json!({"MaximumRetryAttempts": 0, "DestinationConfig": {
        "OnSuccess": {"Destination": success}, "OnFailure": {"Destination": failure}}});
    done(client, "PUT", "/2019-09-25/functions/f/event-invoke-config", &input);
}

fn send(client: &mut Client, event: &Value) -> String {
    let answer = invoke(client, "f", &[("x-amz-invocation-type", "Event")], event);
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    answer.header("x-amzn-requestid").unwrap().to_owned()
}

/// The requests that a backend gets, one after the other.
#[allow(clippy::disallowed_methods)] // A test waits in real time.
fn received(backend: &Backend) -> Received {
    let begun = std::time::Instant::now();
    loop {
        if let Some(request) = backend.take().pop() {
            return request;
        }
        assert!(begun.elapsed() < PATIENCE, "the service is told");
        std::thread::yield_now();
    }
}

/// A form's value, decoded.
fn form(body: &str, name: &str) -> String {
    let value =
        body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
    let mut decoded = Vec::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).unwrap()
}

#[test]
fn functions_and_state_machines_are_told_how_events_ended() {
    let (dir, backend) = (DataDir::new("destinations-own"), Backend::start(service));
    let server = server_with(&dir, &["sqs"], &backend);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", HANDLER)]);
    make(&mut client, "told", "python3.12", "app.handler", &[("app.py", HANDLER)]);
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let machine = json!({"name": "Told", "definition": definition, "roleArn": ROLE});
    let machine = states(&mut client, "CreateStateMachine", machine)["stateMachineArn"].clone();
    let machine = machine.as_str().unwrap();
    configure(&mut client, machine, "arn:aws:lambda:us-east-1:123456789012:function:told");

    let following = Following::start(&["logs", "-f", "told"], &server.address);
    let id = send(&mut client, &json!({"fail": "why"}));
    let line = following.until_log("told {");
    for part in [
        id.as_str(),
        "'condition': 'RetriesExhausted'",
        "'errorMessage': 'why'",
        "'approximateInvokeCount': 1",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let id = send(&mut client, &json!({"a": 1}));
    let list = json!({"stateMachineArn": machine, "statusFilter": "SUCCEEDED"});
    #[allow(clippy::disallowed_methods)] // A test waits in real time.
    let begun = std::time::Instant::now();
    let execution = loop {
        let listed = states(&mut client, "ListExecutions", list.clone());
        if let Some(execution) = listed["executions"].as_array().unwrap().first() {
            break execution["executionArn"].clone();
        }
        assert!(begun.elapsed() < PATIENCE, "an execution is started");
    };
    let told = states(&mut client, "DescribeExecution", json!({"executionArn": execution}));
    let record: Value = serde_json::from_str(told["input"].as_str().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["requestId"], id);
    assert_eq!((&record["requestPayload"], &record["responsePayload"]), (&json!({"a": 1}), &json!({"n": 7})));
}

#[test]
fn services_of_the_settings_are_told_how_events_ended() {
    let (dir, backend) = (DataDir::new("destinations-services"), Backend::start(service));
    let server = server_with(&dir, &["sqs", "sns", "events"], &backend);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", HANDLER)]);
    let (queue, topic) = ("arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:sns:us-east-1:123456789012:t");
    let bus = "arn:aws:events:us-east-1:123456789012:event-bus/b";

    configure(&mut client, queue, topic);
    let id = send(&mut client, &json!({}));
    let request = received(&backend);
    assert_eq!(request.header("x-amz-target"), "AmazonSQS.SendMessage");
    let message: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(message["QueueUrl"], "https://sqs.us-east-1.amazonaws.com/123456789012/q");
    let record: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&record["requestContext"]["requestId"], &record["responsePayload"]["n"]),
        (&json!(id), &json!(7))
    );

    send(&mut client, &json!({"fail": "f & f"}));
    let request = received(&backend);
    assert_eq!(
        (form(&request.body, "Action").as_str(), form(&request.body, "TopicArn").as_str()),
        ("Publish", topic)
    );
    let record: Value = serde_json::from_str(&form(&request.body, "Message")).unwrap();
    assert_eq!(record["responsePayload"]["errorMessage"], "f & f");

    configure(&mut client, bus, queue);
    send(&mut client, &json!({}));
    let request = received(&backend);
    assert_eq!(request.header("x-amz-target"), "AWSEvents.PutEvents");
    let entry = &serde_json::from_str::<Value>(&request.body).unwrap()["Entries"][0];
    assert_eq!((&entry["EventBusName"], &entry["Source"]), (&json!(bus), &json!("lambda")));
    assert_eq!(entry["DetailType"], "Lambda Function Invocation Result - Success");
}

#[test]
fn an_event_outlives_the_server() {
    let (dir, backend) = (DataDir::new("events-restart"), Backend::start(service));
    let mut server = server_with(&dir, &["sqs"], &backend);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", HANDLER)]);
    configure(&mut client, "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:sqs:us-east-1:123456789012:q");
    // Nothing has a place until the server has been started again.
    done(
        &mut client,
        "PUT",
        "/2017-10-31/functions/f/concurrency",
        &json!({"ReservedConcurrentExecutions": 0}),
    );
    let id = send(&mut client, &json!({}));
    server.kill();
    let server = server_with(&dir, &["sqs"], &backend);
    let mut client = Client::new(&server.address);
    done(&mut client, "DELETE", "/2017-10-31/functions/f/concurrency", &Value::Null);
    let message: Value = serde_json::from_str(&received(&backend).body).unwrap();
    let record: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["requestId"], id);
}
