//! Data survives a stop or a crash.

use serde_json::json;

use crate::client::Client;
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, create_waiting_machine, error_of, post_execution, states};

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
