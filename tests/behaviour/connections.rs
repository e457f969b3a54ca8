//! Clients that keep others waiting: silent, slow, too many. The server gives up on each after its timeout and not
//! before, and serves everybody else.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::authorizers::call;
use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::frames::{Frames, HEADERS, head};
use crate::server::{DataDir, Server};

/// Longer than anything here should take, however busy the machine is.
const DEADLINE: Duration = Duration::from_secs(60);
pub(crate) const BIG: usize = 9_000_000;

/// A server with these `[limits]`.
pub(crate) fn server_with_limits(dir: &DataDir, limits: &str, arguments: &[&str]) -> Server {
    let config = dir.path().join("limits.toml");
    std::fs::write(&config, format!("[limits]\n{limits}\n")).unwrap();
    Server::start(dir, &[&["--config", config.to_str().unwrap()], arguments].concat())
}

fn connect(address: &str, begin: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(begin).unwrap();
    stream
}

/// What arrives until the server closes.
fn rest_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection stays open: {error}"),
    }
    rest
}

#[allow(clippy::disallowed_methods)] // Clients live in real time.
fn now() -> Instant {
    Instant::now()
}

/// An API with a large response at `GET /big`, whose path it returns, and a mapped body at `POST /post`.
pub(crate) fn deploy(client: &mut Client, backend: &Backend) -> String {
    let get = json!({"x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": backend.url}});
    let post = json!({
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "#set($all = $input.body){\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200"}},
        },
    });
    let definition = json!({
        "openapi": "3.0.1",
        "info": {"title": "slow"},
        "paths": {"/big": {"get": get}, "/post": {"post": post}},
    });
    let api = call(client, "POST", "/restapis?mode=import", &definition);
    let api = api["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    format!("/_aws/execute-api/{api}/v1")
}

pub(crate) fn big(_: &Received) -> Reply {
    (200, vec![("content-type", "text/plain")], "a".repeat(BIG))
}

/// The value of a metric without labels, or with these.
pub(crate) fn metric(client: &mut Client, name: &str) -> f64 {
    let page = client.send("GET", "/_stepgate/metrics", &[], b"").unwrap().text();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

/// Asks until it is so: a request gives its place back a moment after its client has the answer.
pub(crate) fn wait_until(client: &mut Client, what: &str, is_so: impl Fn(&mut Client) -> bool) {
    let began = now();
    while !is_so(client) {
        assert!(began.elapsed() < DEADLINE, "not so in time: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn connections_that_ask_for_nothing_are_closed() {
    let dir = DataDir::new("silent");
    let limits = "tls_handshake_timeout_s = 1\nheader_read_timeout_s = 2\nidle_timeout_s = 3";
    let server = server_with_limits(&dir, limits, &["--tls-listen", "127.0.0.1:0"]);
    let tls = server.facts["tls_endpoint"].as_str().unwrap().trim_start_matches("https://").to_owned();
    let began = now();
    let plain = server.address.as_str();
    let answered = b"GET /_stepgate/health HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let mut half_of_http_2 = Frames::connect(plain, &[]);
    half_of_http_2.send(HEADERS, 0, 1, &head("GET", "/_stepgate/health")).unwrap();
    let connections = [
        ("silent", 2, connect(plain, b"")),
        ("half a preface", 2, connect(plain, b"PRI * HTTP/2.0\r\n")),
        ("one line", 2, connect(plain, b"GET / HTTP/1.1\r\n")),
        ("only a preface", 2, Frames::connect(plain, &[]).stream),
        ("half a head of HTTP/2", 2, half_of_http_2.stream),
        ("silent to TLS", 1, connect(&tls, b"")),
        ("half a hello", 1, connect(&tls, &[22, 3, 1, 0, 200, 1, 0])),
        ("idle", 3, connect(plain, answered)),
        ("half a second head", 2, connect(plain, &[answered, b"GET / HTTP/1.1\r\n"].concat())),
    ];
    for (what, at_least_s, mut stream) in connections {
        rest_of(&mut stream);
        let took = began.elapsed();
        assert!(Duration::from_secs(at_least_s) <= took, "{what}: closed after {took:?}");
    }
    let mut client = Client::new(plain);
    for (reason, at_least) in [("handshake", 2.0), ("head", 5.0), ("idle", 1.0)] {
        let n = metric(&mut client, &format!("stepgate_connections_given_up_total{{reason=\"{reason}\"}}"));
        assert!(at_least <= n, "{reason}: {n}");
    }
}

#[test]
fn a_byte_now_and_then_does_not_keep_a_connection() {
    let dir = DataDir::new("trickled-head");
    let server = server_with_limits(&dir, "header_read_timeout_s = 1", &[]);
    let mut stream = connect(&server.address, b"GET / HTTP/1.1\r\nx: ");
    let began = now();
    // Until the other end is gone; the second failing write shows it at the latest.
    while stream.write_all(b"x").is_ok() {
        assert!(began.elapsed() < DEADLINE, "still taken");
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        if matches!(stream.read(&mut [0]), Ok(0)) {
            break;
        }
    }
    assert!(Duration::from_secs(1) <= began.elapsed());
}

#[test]
fn a_connection_that_asks_in_time_is_kept() {
    let dir = DataDir::new("kept");
    let server = server_with_limits(&dir, "header_read_timeout_s = 2\nidle_timeout_s = 2", &[]);
    let mut stream = connect(&server.address, b"");
    let began = now();
    // For longer than any of the timeouts, with waits that are within them.
    while began.elapsed() < Duration::from_secs(5) {
        stream.write_all(b"GET /_stepgate/health HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut answer = [0; 4096];
        let n = stream.read(&mut answer).unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200 "), "{n}");
        stream.set_read_timeout(Some(Duration::from_millis(900))).unwrap();
        assert!(stream.read(&mut answer).is_err(), "closed");
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
    }
}

#[test]
fn a_trickled_body_is_given_up_and_its_place_with_it() {
    let dir = DataDir::new("trickled-body");
    let server = server_with_limits(&dir, "body_read_timeout_s = 1\nbody_rate_min = 1000", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let head = format!(
        "POST {base}/post HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n "
    );
    let mut stream = connect(&server.address, head.as_bytes());
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let began = now();
    let mut answer = [0; 4096];
    let n = loop {
        // A hundred bytes a second, in ten pieces: no piece is late.
        assert!(began.elapsed() < DEADLINE, "still waited for");
        if stream.write_all(&[b' '; 10]).is_err() {
            break 0; // Closed after its answer.
        }
        if let Ok(n) = stream.read(&mut answer) {
            break n;
        }
    };
    assert!(Duration::from_secs(1) <= began.elapsed());
    assert!(n == 0 || answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer[..n]));
    wait_until(&mut client, "one request in flight", |client| {
        metric(client, "stepgate_requests_in_flight") == 1.0
    });
    assert_eq!(metric(&mut client, "stepgate_connections_given_up_total{reason=\"body\"}"), 1.0);
}

#[test]
fn an_answer_that_nobody_takes_is_given_up_and_its_place_with_it() {
    let dir = DataDir::new("slow-reader");
    let server = server_with_limits(&dir, "answer_write_timeout_s = 1\nbody_rate_min = 10000", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let request = format!("GET {base}/big HTTP/1.1\r\nhost: a\r\n\r\n");
    let _readers: Vec<TcpStream> = (0..3).map(|_| connect(&server.address, request.as_bytes())).collect();
    let given_up = "stepgate_connections_given_up_total{reason=\"answer\"}";
    wait_until(&mut client, "three given up", |client| metric(client, given_up) == 3.0);
    wait_until(&mut client, "one request in flight", |client| {
        metric(client, "stepgate_requests_in_flight") == 1.0
    });
}

#[test]
fn requests_sent_ahead_without_reading_an_answer_are_given_up() {
    let dir = DataDir::new("sent-ahead");
    let limits = "answer_write_timeout_s = 1\nheader_read_timeout_s = 1\nidle_timeout_s = 1";
    let server = server_with_limits(&dir, limits, &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    for path in [format!("{base}/big"), "/_stepgate/health".to_owned(), "/_stepgate/metrics".to_owned()] {
        let requests = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").repeat(100);
        let mut stream = connect(&server.address, b"");
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        let mut n_sent = 0;
        // Until the server is gone: it neither reads all of them nor lets them wait.
        let error = loop {
            match stream.write_all(requests.as_bytes()) {
                Ok(()) => n_sent += requests.len(),
                Err(error) => break error,
            }
            assert!(n_sent < 100 * 1024 * 1024, "{path}: taken without end");
        };
        assert!(
            matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{path}: {error}"
        );
    }
    let mut client = Client::new(&server.address); // The other one idled for too long.
    wait_until(&mut client, "one request in flight", |client| {
        metric(client, "stepgate_requests_in_flight") == 1.0
    });
}

#[test]
fn a_slow_reader_gets_all_of_its_answer() {
    let dir = DataDir::new("patient-reader");
    let server = server_with_limits(&dir, "answer_write_timeout_s = 1\nbody_rate_min = 10000", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let request = format!("GET {base}/big HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let mut stream = connect(&server.address, request.as_bytes());
    let (mut n_read, mut piece) = (0, vec![0; 256 * 1024]);
    let began = now();
    loop {
        let n = stream.read(&mut piece).unwrap();
        if n == 0 {
            break;
        }
        n_read += n;
        // Some ten times the minimum rate, and much longer than the timeout in total.
        if began.elapsed() < Duration::from_secs(4) {
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    assert!(BIG < n_read, "{n_read} of {BIG}");
}

#[test]
fn one_address_has_so_many_connections() {
    let dir = DataDir::new("per-address");
    let server = server_with_limits(&dir, "connections_per_address = 3", &[]);
    let mut client = Client::new(&server.address); // One of them.
    assert_eq!(client.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
    let mut others: Vec<TcpStream> = (0..2).map(|_| connect(&server.address, b"")).collect();
    wait_until(&mut client, "three are open", |client| metric(client, "stepgate_connections") == 3.0);
    let mut fourth = connect(&server.address, b"");
    assert_eq!(rest_of(&mut fourth), b"");
    others.pop();
    wait_until(&mut client, "two are open", |client| metric(client, "stepgate_connections") == 2.0);
    let mut another = Client::new(&server.address);
    assert_eq!(another.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
}

#[test]
fn health_and_the_aws_apis_answer_while_every_place_is_taken() {
    let dir = DataDir::new("reserve");
    let server = server_with_limits(&dir, "requests_in_flight = 2\nreserved = 2", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let mut writers: Vec<TcpStream> = (0..2).map(|_| half_a_body(&server.address, &base)).collect();
    let refused = client.send("POST", &format!("{base}/post"), &[], b"{}").unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
    assert_eq!(client.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
    assert_eq!(client.states("ListStateMachines", &json!({})).unwrap().status, 200);
    // Not signed for an AWS API, or not at all: the reserved slots are not for deployed APIs.
    assert_eq!(client.send("GET", &format!("{base}/big"), &[], b"").unwrap().status, 503);

    writers.pop();
    let json = [("content-type", "application/json")];
    wait_until(&mut client, "one is free", |client| {
        client.send("POST", &format!("{base}/post"), &json, b"{}").unwrap().status == 200
    });
}

/// A request that has a place and keeps it, because the rest of its body does not come. That it has one is told by
/// `100 Continue`; one that came while all were taken, as the request before gives its place back after the answer,
/// is sent again.
fn half_a_body(address: &str, base: &str) -> TcpStream {
    let head = format!(
        "POST {base}/post HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\
         expect: 100-continue\r\n\r\n"
    );
    let began = now();
    loop {
        let mut stream = connect(address, head.as_bytes());
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        match &status {
            b"HTTP/1.1 100" => {
                stream.write_all(b"{").unwrap();
                return stream;
            }
            b"HTTP/1.1 503" => assert!(began.elapsed() < DEADLINE, "no place in time"),
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
}

#[test]
fn with_few_files_silent_connections_end_nobody_s_service() {
    let dir = DataDir::new("few-files");
    let server = Server::start_with_few_files(&dir, 256);
    let silent: Vec<TcpStream> = (0..400).map(|_| connect(&server.address, b"")).collect();
    for _ in 0..20 {
        let mut client = Client::new(&server.address);
        assert_eq!(client.send("GET", "/_stepgate/health", &[], b"").unwrap().status, 200);
        let listed = client.states("ListStateMachines", &json!({})).unwrap();
        assert_eq!(listed.status, 200, "{}", listed.text());
    }
    let mut client = Client::new(&server.address);
    let evicted = metric(&mut client, "stepgate_connections_given_up_total{reason=\"evicted\"}");
    assert!(200.0 < evicted, "{evicted}");
    // The oldest had to go.
    let mut silent = silent;
    assert_eq!(rest_of(&mut silent[0]), b"");
}

#[test]
fn a_slow_reader_holds_a_stop_up_for_the_drain_time_at_most() {
    let dir = DataDir::new("slow-drain");
    let server = server_with_limits(&dir, "drain_s = 1", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let request = format!("GET {base}/big HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut reader = connect(&server.address, request.as_bytes());
    wait_until(&mut client, "in flight", |client| metric(client, "stepgate_requests_in_flight") == 2.0);
    let mut first = [0; 12];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let began = now();
    assert_eq!(server.terminate().code(), Some(0));
    let took = began.elapsed();
    assert!(Duration::from_secs(1) <= took && took < Duration::from_secs(20), "{took:?}");
}
