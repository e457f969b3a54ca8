//! A closed loop of HTTP/1.1 requests over raw sockets: the client must cost less than what it measures.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Served;

/// One path to measure.
pub(crate) struct Target<'a> {
    pub(crate) name: &'static str,
    pub(crate) server: &'a Served,
    pub(crate) request: Vec<u8>,
    /// What an answer has in it, if it is the right one: an execution may fail, and be answered with 200.
    pub(crate) expect: &'static str,
}

/// The result of one run.
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) cpu_micros: f64,
    pub(crate) failed: usize,
}

impl<'a> Target<'a> {
    /// A POST of a JSON body.
    pub(crate) fn plain(name: &'static str, server: &'a Served, path: &str, body: &str) -> Self {
        Self::post(name, server, path, "", body)
    }

    /// The same with an API key.
    #[allow(dead_code)] // Other benches share the file and have no keys.
    pub(crate) fn keyed(name: &'static str, server: &'a Served, path: &str, body: &str) -> Self {
        Self::post(name, server, path, "X-API-Key: bench-key-0123456789\r\n", body)
    }

    fn post(name: &'static str, server: &'a Served, path: &str, more: &str, body: &str) -> Self {
        let (host, length) = (&server.address, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n{body}"
        );
        Self { name, server, request: request.into_bytes(), expect: "" }
    }

    /// The same if its answers have this in them.
    #[allow(dead_code)] // Other benches share the file and look at the status alone.
    pub(crate) fn expecting(self, expect: &'static str) -> Self {
        Self { expect, ..self }
    }
}

/// Drives `target` over `connections` for `time`.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
pub(crate) async fn run(target: &Target<'_>, connections: usize, time: Duration) -> Outcome {
    let cpu = target.server.cpu_micros();
    let start = Instant::now();
    let end = start + time;
    let loops = (0..connections).map(|_| {
        let (address, request) = (target.server.address.clone(), target.request.clone());
        let expect = target.expect;
        tokio::spawn(async move { drive(&address, &request, expect, end).await })
    });
    let mut times = Vec::new();
    let mut failed = 0;
    for one in loops.collect::<Vec<_>>() {
        let (mut took, bad) = one.await.unwrap();
        times.append(&mut took);
        failed += bad;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let cpu = target.server.cpu_micros() - cpu;
    times.sort();
    // On a machine that is busy, a short run may end before its first answer.
    let at = |q: f64| {
        let n = (times.len().saturating_sub(1) as f64 * q) as usize;
        times.get(n).copied().unwrap_or_default()
    };
    Outcome {
        per_second: times.len() as f64 / elapsed,
        p50: at(0.5),
        p99: at(0.99),
        cpu_micros: cpu / times.len() as f64,
        failed,
    }
}

#[allow(clippy::disallowed_methods)] // A bench measures real time.
async fn drive(address: &str, request: &[u8], expect: &str, end: Instant) -> (Vec<Duration>, usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut times, mut failed, mut answer) = (Vec::new(), 0, Vec::with_capacity(4096));
    while Instant::now() < end {
        let start = Instant::now();
        stream.write_all(request).await.unwrap();
        if !read_answer(&mut stream, &mut answer).await {
            failed += 1;
        }
        // All are alike.
        if times.is_empty() {
            let text = String::from_utf8_lossy(&answer);
            assert!(text.contains(expect), "{expect} is not in {text}");
        }
        times.push(start.elapsed());
    }
    (times, failed)
}

/// Reads one complete response; false if its status is not 200.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    answer.clear();
    loop {
        let head = answer.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.expect("an answer has a length").trim().parse().unwrap();
            if answer.len() == head + 4 + length {
                return text.starts_with("http/1.1 200");
            }
        }
        assert_ne!(stream.read_buf(answer).await.unwrap(), 0, "the server hung up");
    }
}
