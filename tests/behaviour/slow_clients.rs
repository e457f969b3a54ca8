//! Slow connections of all kinds at once, and a client that only wants to be served.
//!
//! `STEPGATE_HEAVY=1 cargo test --release --test behaviour -- slow_clients --nocapture` opens ten thousand of them,
//! prints what it measured and checks the limits in `docs/reliability.md`. Otherwise there are five hundred, and limits
//! on time are not checked, because other work on the machine would decide them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::authorizers::call;
use crate::client::Client;
use crate::connections::{metric, server_with_limits, wait_until};
use crate::frames::Frames;
use crate::server::DataDir;

/// Some clients read nothing of a response of this size, which fits the system's buffers. A larger one (beyond
/// `UNSENT_BYTES_MAX` in `server/listen.rs`) would stay in the server's memory for each of them.
const ANSWER_BYTES: usize = 50_000;
const RESIDENT_MIB_MAX: u64 = 200;
const P99_TIMES_MAX: f64 = 2.0;
const KINDS: usize = 8;

#[allow(clippy::disallowed_methods)] // Clients live in real time.
fn now() -> Instant {
    Instant::now()
}

/// An API with an answer at `GET /answer`, one too large for buffers at `GET /large` and bodies at `POST /body`.
fn deploy(client: &mut Client) -> String {
    let mock = |text: &str| {
        json!({
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {
                "type": "mock",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
            },
        })
    };
    let large = "0123456789".repeat(ANSWER_BYTES / 10);
    let definition = json!({
        "openapi": "3.0.1",
        "info": {"title": "slow"},
        "paths": {
            "/answer": {"get": mock("{\"a\": 1}")},
            "/large": {"get": mock(&large)},
            "/body": {"post": mock("{}")},
        },
    });
    let api = call(client, "POST", "/restapis?mode=import", &definition);
    let api = api["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    format!("/_aws/execute-api/{api}/v1")
}

/// Connects with a small window for answers.
fn connect(address: SocketAddr, begin: &[u8]) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream: TcpStream = socket.into();
    stream.write_all(begin).unwrap();
    stream
}

/// How long requests take, one after another on one connection; all are answered.
fn latencies(address: &str, path: &str, n: usize) -> Vec<Duration> {
    let mut client = Client::new(address);
    let mut latencies: Vec<Duration> = (0..n)
        .map(|_| {
            let began = now();
            let answer = client.send("GET", path, &[], b"").unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            began.elapsed()
        })
        .collect();
    latencies.sort_unstable();
    latencies
}

/// The median of the p99s of five rounds, in microseconds: what else the machine does meets some of them.
fn p99_us(address: &str, path: &str, n: usize) -> f64 {
    let mut rounds: Vec<Duration> =
        (0..5).map(|_| latencies(address, path, n / 5)[n / 5 * 99 / 100]).collect();
    rounds.sort_unstable();
    rounds[2].as_secs_f64() * 1e6
}

fn resident_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
#[allow(clippy::print_stdout)] // What it measured is what it is run for.
fn whoever_is_quick_is_served_among_slow_clients() {
    let is_heavy = std::env::var_os("STEPGATE_HEAVY").is_some();
    let (n_slow, n_requests) = if is_heavy { (10_000, 10_000) } else { (500, 500) };
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(n_slow + 200 < files, "{files} files are too few for {n_slow} connections");
    let n_slow = usize::try_from(n_slow).unwrap();
    let dir = DataDir::new("slow-clients");
    // As few as five hundred need less time.
    let few = "header_read_timeout_s = 10\nidle_timeout_s = 10\nbody_read_timeout_s = 10\nanswer_write_timeout_s = 10";
    // And ten thousand need more to be there all at once, on a machine that is busy.
    let many = "tls_handshake_timeout_s = 30";
    let server =
        server_with_limits(&dir, if is_heavy { many } else { few }, &["--tls-listen", "127.0.0.1:0"]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client);
    let plain: SocketAddr = server.address.parse().unwrap();
    let tls: SocketAddr = server.facts["tls_endpoint"].as_str().unwrap()["https://".len()..].parse().unwrap();
    let path = format!("{base}/answer");
    latencies(&server.address, &path, n_requests / 5); // Warms up.
    let alone_us = p99_us(&server.address, &path, n_requests);
    let alone_mib = resident_mib(server.process_id());

    let began = now();
    let answered = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    let large = format!("GET {base}/large HTTP/1.1\r\nhost: a\r\n\r\n");
    let body = format!(
        "POST {base}/body HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{{"
    );
    let mut trickling = Vec::new();
    let mut slow: Vec<TcpStream> = Vec::new();
    for kind in 0..KINDS {
        for _ in 0..n_slow / KINDS {
            slow.push(match kind {
                0 => connect(plain, b""),
                1 => connect(plain, answered.as_bytes()),
                2 => connect(plain, b"GET /answer HTTP/1.1\r\nhost: a\r\nx: "),
                3 => connect(plain, b"PRI * HTTP/2.0\r\n\r\n"),
                4 => Frames::connect(&server.address, &[]).stream,
                5 => connect(plain, large.as_bytes()),
                6 => {
                    trickling.push(connect(plain, body.as_bytes()));
                    continue;
                }
                // It has least time: last.
                _ => connect(tls, b""),
            });
        }
    }
    let opening = began.elapsed();
    // Until all are accepted.
    let n_slow = n_slow / KINDS * KINDS;
    // By default there are 10,240 connections, 64 of them kept.
    let n_open = n_slow;
    // Who idled meanwhile is one of them.
    while metric(&mut Client::new(&server.address), "stepgate_connections") < n_open as f64 {
        let took = began.elapsed();
        assert!(
            took < Duration::from_secs(30),
            "some are not accepted, or gone already: opened in {opening:?}"
        );
    }
    let accepting = began.elapsed();
    let is_over = Arc::new(AtomicBool::new(false));
    let trickler = std::thread::spawn({
        let is_over = is_over.clone();
        move || {
            while !is_over.load(Ordering::Relaxed) {
                for stream in &mut trickling {
                    let _ = stream.write_all(b" "); // Given up is what it may be by now.
                }
                std::thread::sleep(Duration::from_secs(1));
            }
            trickling
        }
    });
    let among_us = p99_us(&server.address, &path, n_requests);
    let among_mib = resident_mib(server.process_id());
    let lasted = began.elapsed();
    println!(
        "{n_slow} slow connections, opened in {opening:?}, accepted in {accepting:?}, measured until {lasted:?}: \
         p99 {alone_us:.0} µs alone, {among_us:.0} µs among them; RSS {alone_mib} MiB alone, {among_mib} MiB among them"
    );
    assert!(among_mib <= RESIDENT_MIB_MAX, "{among_mib} MiB");
    if is_heavy {
        assert!(among_us <= P99_TIMES_MAX * alone_us, "{among_us} µs, {alone_us} µs alone");
    }
    is_over.store(true, Ordering::Relaxed);
    drop(trickler.join().unwrap());
    // Each of them is gone in its time, if nobody had any more of it.
    for stream in &mut slow {
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let mut rest = [0; 4096];
        while matches!(stream.read(&mut rest), Ok(n) if n != 0) {}
    }
    assert!(now() - began < Duration::from_secs(110), "not in time");
    // The client has idled as long as they have.
    let mut client = Client::new(&server.address);
    wait_until(&mut client, "one request in flight", |client| {
        metric(client, "stepgate_requests_in_flight") == 1.0
    });
}
