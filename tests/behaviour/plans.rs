//! Usage plans in front of a service: the README's example as written, through restarts and crashes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::{DataDir, Server};

const README: &str = include_str!("../../README.md");
const TEMPLATE: &str = "config/examples/internal-service.yaml";
const FREE: (&str, &str) = ("x-api-key", "free-key-for-trying-it-out");
const GOLD: (&str, &str) = ("x-api-key", "gold-key-for-trying-it-out");

/// A service that answers every request with the request line, until the test process ends.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(n) = stream.read(&mut bytes) {
                    let text = String::from_utf8_lossy(&bytes[..n]).into_owned();
                    let Some(line) = text.lines().next() else { return };
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{line}", line.len());
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    format!("http://{address}")
}

/// Applies the README's template with the README's arguments.
fn apply(server: &Server, backend: &str, more: &[&str]) -> Value {
    let line = format!("stepgate apply {TEMPLATE} --parameter Backend=http://127.0.0.1:8000");
    assert!(README.lines().any(|of_readme| of_readme == line), "the README has another line");
    let output = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["apply", TEMPLATE, "--json", "--endpoint", &format!("http://{}", server.address)])
        .args(["--parameter", &format!("Backend={backend}")])
        .args(more)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn get(client: &mut Client, key: &[(&str, &str)]) -> Answer {
    client.send("GET", "/v1/index.html?a=b", key, b"").unwrap()
}

fn message(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["message"].as_str().unwrap_or_default().to_owned())
}

fn output<'r>(report: &'r Value, name: &str) -> &'r str {
    report["outputs"][name].as_str().unwrap_or_else(|| panic!("{report}"))
}

/// What a plan's only key has used today, and what it has left.
fn usage(client: &mut Client, plan: &str) -> Value {
    let (_, body) = usage_answer(client, plan, &today());
    let keys = body["values"].as_object().unwrap();
    keys.values().next().map_or(Value::Null, |days| days[0].clone())
}

fn usage_answer(client: &mut Client, plan: &str, day: &str) -> (u16, Value) {
    let path = format!("/usageplans/{plan}/usage?endDate={day}&startDate={day}");
    let answer = client.apigateway("GET", &path, &Value::Null).unwrap();
    (answer.status, answer.json())
}

#[allow(clippy::disallowed_methods)] // The server lives in real time.
fn today() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    stepgate::clock::Timestamp::from_millis(i64::try_from(now).unwrap()).to_iso8601()[..10].to_owned()
}

/// Changes limits of a plan.
fn patch(client: &mut Client, plan: &str, patches: &[(&str, &str)]) {
    let operations: Vec<Value> =
        patches.iter().map(|(path, value)| json!({"op": "replace", "path": path, "value": value})).collect();
    let body = json!({ "patchOperations": operations });
    let answer = client.apigateway("PATCH", &format!("/usageplans/{plan}"), &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn the_readme_s_service_is_fronted_as_it_says() {
    let dir = DataDir::new("fronted");
    let server = Server::start(&dir, &[]);
    let backend = service();
    let report = apply(&server, &backend, &[]);
    let mut client = Client::new(&server.address);
    assert_eq!(message(&get(&mut client, &[])), (403, "Forbidden".to_owned()));
    assert_eq!(message(&get(&mut client, &[("x-api-key", "nobody's")])), (403, "Forbidden".to_owned()));
    let answer = get(&mut client, &[FREE]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "GET /index.html?a=b HTTP/1.1"));
    // One request a second with a burst of two: of many at once, most are throttled.
    let statuses: Vec<u16> = (0..20).map(|_| get(&mut client, &[FREE]).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    let refused = (0..20).map(|_| get(&mut client, &[FREE])).find(|answer| answer.status == 429).unwrap();
    assert_eq!(message(&refused), (429, "Too Many Requests".to_owned()));
    assert_eq!(refused.header("x-amzn-errortype"), Some("TooManyRequestsException"));
    assert_eq!(refused.header("retry-after"), None);
    // The other plan is not affected.
    for _ in 0..20 {
        assert_eq!(get(&mut client, &[GOLD]).status, 200);
    }
    let plan = output(&report, "GoldPlanId");
    assert_eq!(usage(&mut client, plan), json!([20, 999_980]));
    let keys = client.apigateway("GET", &format!("/usageplans/{plan}/keys"), &Value::Null).unwrap().json();
    let (key, day) = (keys["item"][0]["id"].as_str().unwrap(), today());
    let path = format!("/usageplans/{plan}/usage?endDate={day}&limit=1&startDate={day}");
    let csv = client.apigateway_accepting("text/csv", "GET", &path, &Value::Null).unwrap();
    assert_eq!(csv.header("content-type"), Some("text/csv"));
    assert_eq!(csv.text(), format!("keyId,date,used,remaining\r\n{key},{day},20,999980\r\n"));

    let metrics = client.send("GET", "/_stepgate/metrics", &[], b"").unwrap().text();
    let plan = format!("plan=\"{}\"", output(&report, "GoldPlanId"));
    let series = metrics.lines().find(|line| {
        line.starts_with("stepgate_plan_requests_total") && line.contains(&plan) && line.contains("admitted")
    });
    assert!(series.is_some_and(|line| line.ends_with(" 20")), "{metrics}");
    assert!(!metrics.contains(GOLD.1), "no secrets in metrics");

    // Applying it again changes nothing. Applying it with another key enables that one at once, and disables the old
    // one.
    let report = apply(&server, &backend, &[]);
    assert!(report["changes"].as_array().unwrap().iter().all(|change| change["action"] == "unchanged"));
    apply(&server, &backend, &["--parameter", "GoldKey=another-key-0123456789"]);
    assert_eq!(get(&mut client, &[("x-api-key", "another-key-0123456789")]).status, 200);
    assert_eq!(get(&mut client, &[GOLD]).status, 403);
}

#[test]
fn a_quota_holds_through_stops_and_crashes() {
    let dir = DataDir::new("quota");
    let mut server = Server::start(&dir, &[]);
    let backend = service();
    let report = apply(&server, &backend, &[]);
    let plan = output(&report, "GoldPlanId").to_owned();
    let mut client = Client::new(&server.address);
    patch(&mut client, &plan, &[("/quota/limit", "100"), ("/throttle/rateLimit", "10000")]);
    let mut passed = 0;
    for end in ["stop", "crash", "stop", "crash", "last"] {
        client = Client::new(&server.address);
        let before = passed;
        while passed < before + 13 && get(&mut client, &[GOLD]).status == 200 {
            passed += 1;
        }
        match end {
            "stop" => {
                let used = usage(&mut client, &plan);
                assert!(server.terminate().success());
                server = Server::start(&dir, &[]);
                client = Client::new(&server.address);
                // Exactly the same as before.
                assert_eq!(usage(&mut client, &plan), used);
            }
            "crash" => {
                server.kill();
                server = Server::start(&dir, &[]);
            }
            _ => {}
        }
    }
    client = Client::new(&server.address);
    while get(&mut client, &[GOLD]).status == 200 {
        passed += 1;
    }
    assert_eq!(message(&get(&mut client, &[GOLD])), (429, "Limit Exceeded".to_owned()));
    // Two crashes cost at most a block of five each.
    assert!((90..=100).contains(&passed), "{passed}");
    assert_eq!(usage(&mut client, &plan), json!([100, 0]));

    // The remaining requests and the limits can be changed while it serves.
    let keys = client.apigateway("GET", &format!("/usageplans/{plan}/keys"), &Value::Null).unwrap().json();
    let key = keys["item"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"patchOperations": [{"op": "replace", "path": "/remaining", "value": "2"}]});
    let path = format!("/usageplans/{plan}/keys/{key}/usage");
    let answer = client.apigateway("PATCH", &path, &body).unwrap();
    assert_eq!(answer.json()["values"][&key], json!([[100, 2]]), "{}", answer.text());
    let statuses: Vec<u16> = (0..3).map(|_| get(&mut client, &[GOLD]).status).collect();
    assert_eq!(statuses, [200, 200, 429]);
    patch(&mut client, &plan, &[("/quota/limit", "101")]);
    let statuses: Vec<u16> = (0..2).map(|_| get(&mut client, &[GOLD]).status).collect();
    assert_eq!(statuses, [200, 429]);
}

#[test]
fn callers_of_one_key_are_told_apart_by_a_tag_and_rates_survive_the_server() {
    let dir = DataDir::new("callers");
    let mut server = Server::start(&dir, &[]);
    let backend = service();
    let report = apply(&server, &backend, &[]);
    let plan = output(&report, "GoldPlanId").to_owned();
    let mut client = Client::new(&server.address);
    patch(&mut client, &plan, &[("/throttle/rateLimit", "0.001"), ("/throttle/burstLimit", "2")]);
    let statuses =
        |client: &mut Client| -> Vec<u16> { (0..3).map(|_| get(client, &[GOLD]).status).collect() };
    assert_eq!(statuses(&mut client), [200, 200, 429]);
    assert!(server.terminate().success());
    server = Server::start(&dir, &[]);
    client = Client::new(&server.address);
    assert_eq!(statuses(&mut client), [429, 429, 429]);

    let path = format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fusageplans%2F{plan}");
    let tag = |client: &mut Client, value: &str| {
        client.apigateway("PUT", &path, &json!({"tags": {"stepgate:throttleBy": value}})).unwrap()
    };
    let refused = tag(&mut client, "the weather");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("Invalid value the weather of the tag"), "{}", refused.text());
    assert_eq!(tag(&mut client, "context.identity.sourceIp").status, 204);
    // From this request on, the caller has its own, new buckets.
    assert_eq!(statuses(&mut client), [200, 200, 429]);
}

#[test]
fn many_connections_get_exactly_the_quota() {
    const CONNECTIONS: usize = 16;
    let dir = DataDir::new("connections");
    let server = Server::start(&dir, &[]);
    let backend = service();
    let report = apply(&server, &backend, &[]);
    let plan = output(&report, "GoldPlanId").to_owned();
    let mut client = Client::new(&server.address);
    patch(
        &mut client,
        &plan,
        &[("/quota/limit", "300"), ("/throttle/rateLimit", "100000"), ("/throttle/burstLimit", "5000")],
    );
    let passed: usize = std::thread::scope(|scope| {
        let call = || {
            let mut client = Client::new(&server.address);
            (0..40).filter(|_| get(&mut client, &[GOLD]).status == 200).count()
        };
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(call)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 300);
    assert_eq!(usage(&mut client, &plan), json!([300, 0]));
}

#[test]
fn usage_is_asked_for_by_date() {
    let dir = DataDir::new("dates");
    let server = Server::start(&dir, &[]);
    let backend = service();
    let report = apply(&server, &backend, &[]);
    let plan = output(&report, "FreePlanId").to_owned();
    let mut client = Client::new(&server.address);
    let (status, body) = usage_answer(&mut client, &plan, &today());
    assert_eq!((status, &body["values"]), (200, &json!({})));
    assert_eq!((&body["usagePlanId"], &body["startDate"]), (&json!(plan), &json!(today())));
    assert_eq!(get(&mut client, &[FREE]).status, 200);
    assert_eq!(usage(&mut client, &plan), json!([1, 99]));
    assert_eq!(usage_answer(&mut client, &plan, "2026-02-30").0, 400);
    assert_eq!(usage_answer(&mut client, "nope", &today()).0, 404);
}
