//! Data survives a stop or a crash.

use serde_json::json;

use crate::client::{Client, sign};
use crate::functions_support::{make, value};
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, ROLE, create_waiting_machine, error_of, post_execution, states};

#[test]
fn a_restart_changes_nothing() {
    let dir = DataDir::new("restart");
    let mut server = Server::start(&dir, &[]);
    assert_eq!(server.facts["stacks"][0]["fresh"], true);
    let api = server.output("RestApiId").to_owned();
    let mut client = Client::new(&server.address);
    let named = json!({ "input": "{\"a\":1}", "name": "kept", "stateMachineArn": HELLO_WORLD }).to_string();
    let ended = post_execution(&mut client, &named).json()["executionArn"].clone();
    let machine = create_waiting_machine(&mut client, "Waiting");
    let running =
        states(&mut client, "StartExecution", json!({ "name": "open", "stateMachineArn": machine }));
    let running = running["executionArn"].clone();
    let read = |client: &mut Client| {
        [
            ("DescribeExecution", json!({ "executionArn": ended })),
            ("GetExecutionHistory", json!({ "executionArn": ended })),
            ("DescribeExecution", json!({ "executionArn": running })),
            ("GetExecutionHistory", json!({ "executionArn": running })),
            ("ListExecutions", json!({ "stateMachineArn": HELLO_WORLD })),
            ("ListStateMachines", json!({})),
            ("DescribeStateMachine", json!({ "stateMachineArn": HELLO_WORLD })),
        ]
        .map(|(operation, input)| states(client, operation, input))
    };
    let apis = |client: &mut Client| client.apigateway("GET", "/restapis", &json!(null)).unwrap().json();
    let before = (read(&mut client), apis(&mut client));
    assert_eq!(before.0[0]["status"], "SUCCEEDED");
    assert_eq!(before.0[2]["status"], "RUNNING");

    for crash in [false, true] {
        if crash {
            server.kill();
        } else {
            assert!(server.terminate().success());
        }
        server = Server::start(&dir, &[]);
        assert_eq!(server.facts["stacks"][0]["fresh"], false);
        assert_eq!(server.output("RestApiId"), api);
        client = Client::new(&server.address);
        assert_eq!((read(&mut client), apis(&mut client)), before, "crash: {crash}");
        assert_eq!(error_of(&post_execution(&mut client, &named)), "ExecutionAlreadyExists");
    }
    // And the server works.
    let another = json!({ "stateMachineArn": HELLO_WORLD }).to_string();
    assert!(post_execution(&mut client, &another).json()["executionArn"].is_string());
    states(&mut client, "StopExecution", json!({ "executionArn": running }));
}

#[test]
fn what_executions_and_functions_logged_is_found_after_a_restart() {
    let (dir, group) = (DataDir::new("restart-logs"), "/aws/vendedlogs/states/Kept");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}:*");
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let machine = json!({"name": "Kept", "definition": definition, "roleArn": ROLE, "loggingConfiguration": {
        "level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}});
    let machine = states(&mut client, "CreateStateMachine", machine)["stateMachineArn"].clone();
    states(&mut client, "StartExecution", json!({ "stateMachineArn": machine }));
    let print = "def handler(event, context):\n    print('said by a function')\n";
    make(&mut client, "f", "python3.12", "app.handler", &[("app.py", print)]);
    value(&mut client, "f", &json!({}));
    let events = |client: &mut Client, group: &str| {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        let (host, input) = (client.address().to_owned(), json!({ "logGroupName": group }).to_string());
        let signed = sign("logs", "POST", "/", &host, &headers, &input);
        client.send_signed("POST", "/", &signed, &input).unwrap().json()["events"].clone()
    };
    let files = dir.path().join("data/log-groups/123456789012/us-east-1");
    let is_kept = |file: &str, text: &str| {
        std::fs::read_to_string(files.join(file)).is_ok_and(|kept| kept.contains(text))
    };
    let kept = || {
        is_kept("+aws+vendedlogs+states+Kept.jsonl", "ExecutionSucceeded")
            && is_kept("+aws+lambda+f.jsonl", "said by a function")
    };
    for _ in 0..1_000 {
        if kept() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(kept(), "{:?}", std::fs::read_dir(&files).map(|files| files.flatten().collect::<Vec<_>>()));
    let read = |client: &mut Client| [group, "/aws/lambda/f"].map(|group| events(client, group));
    let before = read(&mut client);
    assert_eq!(before[0].as_array().map(Vec::len), Some(4), "{before:?}");
    for crash in [true, false] {
        if crash {
            server.kill();
        } else {
            assert!(server.terminate().success());
        }
        server = Server::start(&dir, &[]);
        client = Client::new(&server.address);
        let after = read(&mut client);
        // A function's end may have come after what was written.
        let n = before[1].as_array().map_or(0, Vec::len).min(after[1].as_array().map_or(0, Vec::len));
        assert_eq!(
            (&after[0], &after[1].as_array().unwrap()[..n]),
            (&before[0], &before[1].as_array().unwrap()[..n])
        );
        assert!(after[1].to_string().contains("said by a function"));
    }
}

#[test]
fn a_second_server_on_one_data_directory_is_refused() {
    let dir = DataDir::new("second");
    let server = Server::start(&dir, &[]);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path().join("data"))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use by another server") && said.contains("--data-dir"), "{said}");
    assert!(second.stdout.is_empty());
    // The first server did not notice.
    let mut client = Client::new(&server.address);
    assert_eq!(client.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
}
