//! Disk full: writes are refused, acknowledged data is kept, and service resumes.

use serde_json::json;

use crate::client::Client;
use crate::server::{DataDir, Server, is_on_server};
use crate::{HELLO_WORLD, post_execution, states};

/// Some dozens of executions of this size fill the small disk.
const INPUT_BYTES: usize = 200_000;

#[test]
fn a_full_disk_refuses_loses_nothing_and_passes() {
    if is_on_server() {
        return; // It is about the files of the embedded database.
    }
    let dir = DataDir::new("disk");
    // The tutorial is deployed before the disk becomes small.
    assert!(Server::start(&dir, &[]).terminate().success());
    let server = Server::start_with_small_disk(&dir, 6_000);
    let mut client = Client::new(&server.address);
    let start = |client: &mut Client, n: usize| {
        let input = json!({ "n": n, "text": "x".repeat(INPUT_BYTES) }).to_string();
        let body = json!({ "name": format!("e{n}"), "input": input, "stateMachineArn": HELLO_WORLD });
        post_execution(client, &body.to_string())
    };
    let mut kept = Vec::new();
    let refused = (0..200).find_map(|n| {
        let answer = start(&mut client, n);
        if answer.status == 200 {
            kept.push(answer.json()["executionArn"].as_str().unwrap().to_owned());
            return None;
        }
        Some((n, answer))
    });
    let (n, answer) = refused.expect("the disk is small");
    assert!((500..600).contains(&answer.status), "{}: {}", answer.status, answer.text());
    assert!(!kept.is_empty());

    // Called directly, the error has AWS's shape. Meanwhile, a checkpoint may have made space for a few more.
    let refused = (0..200).find_map(|n| {
        let input = json!({ "text": "x".repeat(INPUT_BYTES) }).to_string();
        let name = format!("direct{n}");
        let input = json!({ "stateMachineArn": HELLO_WORLD, "name": name, "input": input });
        let answer = client.states("StartExecution", &input).unwrap();
        if answer.status == 200 {
            kept.push(answer.json()["executionArn"].as_str().unwrap().to_owned());
            return None;
        }
        Some(answer)
    });
    let answer = refused.expect("the disk is small");
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("ServiceUnavailableException"), "{}", answer.text());

    // Reads still work, and show exactly what was acknowledged.
    let listed = |client: &mut Client| {
        let all = json!({ "stateMachineArn": HELLO_WORLD, "maxResults": 1000 });
        let page = states(client, "ListExecutions", all);
        let executions = page["executions"].as_array().unwrap().iter();
        let mut arns: Vec<String> =
            executions.map(|e| e["executionArn"].as_str().unwrap().to_owned()).collect();
        arns.reverse();
        arns
    };
    assert_eq!(listed(&mut client), kept);

    server.make_space();
    let answer = start(&mut client, n);
    assert_eq!(answer.status, 200, "{}", answer.text());
    kept.push(answer.json()["executionArn"].as_str().unwrap().to_owned());
    assert!(server.terminate().success());
    let server = Server::start(&dir, &[]);
    assert_eq!(listed(&mut Client::new(&server.address)), kept);
}
