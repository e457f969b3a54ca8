//! What a Lambda function costs here: a warm call compared with the same handler behind its language's own HTTP server, a
//! cold start compared with the interpreter's, and the memory of idle instances.
//!
//! `cargo bench --bench functions` starts the release binary, or the program that `STEPGATE_BINARY` names, on core 0, its
//! instances with it, and sends requests from core 1. `-- --seconds 5 --rounds 3 --connections 1,16` changes the run. It
//! needs Python 3 and Node.js. Compare ratios within one run.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints; one that can not run panics.

#[path = "../../tests/support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../paths/load.rs"]
mod load;
mod memory;
#[path = "../paths/process.rs"]
mod process;

use std::io::{Cursor, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, ZipWriter};

use client::Client;
use load::{Outcome, Target};
use process::Served;

const BODY: &str =
    r#"{"orderId":"0f9b6d2e-5a57-4d6f","customer":{"id":12345678,"name":"Ada"},"total":123.45}"#;
/// Cold starts, and instances that are idle at one time.
const STARTS: usize = 15;
const INSTANCES: usize = 64;

/// A language: its handler, and the handler behind the language's own HTTP server.
struct Language {
    name: &'static str,
    runtime: &'static str,
    program: &'static str,
    file: &'static str,
    handler: &'static str,
    server: &'static str,
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "Python",
        runtime: "python3.12",
        program: "python3",
        file: "index.py",
        handler: include_str!("handler.py"),
        server: include_str!("server.py"),
    },
    Language {
        name: "Node.js",
        runtime: "nodejs22.x",
        program: "node",
        file: "index.js",
        handler: include_str!("handler.js"),
        server: include_str!("server.js"),
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let seconds: f64 = value("--seconds").map_or(2.0, |s| s.parse().expect("--seconds takes a number"));
    let rounds: usize = value("--rounds").map_or(3, |s| s.parse().expect("--rounds takes a number"));
    let connections = value("--connections").unwrap_or_else(|| "1,16".to_owned());
    let connections: Vec<usize> =
        connections.split(',').map(|n| n.parse().expect("--connections takes numbers")).collect();
    process::pin_this_process();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = process::scratch("functions");
    std::fs::create_dir_all(&dir).unwrap();
    let server = Served::with_functions(&dir);
    for language in LANGUAGES {
        runtime.block_on(warm(language, &server, &dir, &connections, rounds, seconds));
        cold(language, &server, &dir);
        idle(language, &server);
    }
    drop(server);
    std::fs::remove_dir_all(&dir).unwrap();
}

/// Warm calls, beside the same handler over plain HTTP.
async fn warm(
    language: &Language,
    server: &Served,
    dir: &std::path::Path,
    connections: &[usize],
    rounds: usize,
    seconds: f64,
) {
    std::fs::write(dir.join(language.file), language.handler).unwrap();
    let script = dir.join(format!("server-{}", language.file));
    std::fs::write(&script, language.server).unwrap();
    let plain = Served::script(language.program, &script);
    let name = format!("warm-{}", language.program);
    make(server, language, &name, language.handler);
    let targets = [
        Target::plain("handler over plain HTTP", &plain, "/", BODY),
        Target { name: "Invoke", server, request: signed(server, &name, BODY), expect: "" },
    ];
    for connections in connections {
        let mut results: Vec<Vec<Outcome>> = targets.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (target, results) in targets.iter().zip(&mut results) {
                // Once without being measured: instances are started, code is compiled.
                load::run(target, *connections, Duration::from_millis(300)).await;
                results.push(load::run(target, *connections, Duration::from_secs_f64(seconds)).await);
            }
        }
        let mut bare: Option<(f64, f64, f64)> = None;
        for (target, mut results) in targets.iter().zip(results) {
            results.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
            let Outcome { per_second, p50, p99, failed, cpu_micros } = &results[results.len() / 2];
            let (rate, median, cpu) = *bare.get_or_insert((*per_second, p50.as_secs_f64(), *cpu_micros));
            println!(
                "{:8} {:26} {connections:>3} connections {per_second:>8.0} req/s, p50 {:>6} µs, p99 {:>6} µs, {:.2} times the time",
                language.name,
                target.name,
                p50.as_micros(),
                p99.as_micros(),
                p50.as_secs_f64() / median,
            );
            println!(
                "{:36} {:.2} of the requests a second, {cpu_micros:.0} µs of CPU each with all that runs, {:.2} times as much",
                "",
                per_second / rate,
                cpu_micros / cpu
            );
            assert_eq!(*failed, 0, "{failed} requests failed");
        }
    }
}

/// First calls of new functions, beside the interpreter's own start with the same file.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
fn cold(language: &Language, server: &Served, dir: &std::path::Path) {
    let file = dir.join(language.file);
    // What is on the PATH may be a script that looks for the interpreter.
    let ask = if language.program == "node" {
        ["-p", "process.execPath"]
    } else {
        ["-c", "import sys; print(sys.executable)"]
    };
    let program = Command::new(language.program).args(ask).output().unwrap().stdout;
    let program = String::from_utf8(program).unwrap();
    let own = (0..STARTS).map(|_| {
        let begin = Instant::now();
        let status = Command::new("taskset")
            .args(["-c", "0", program.trim()])
            .arg(&file)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success());
        begin.elapsed()
    });
    let own = median(own.collect());
    let mut client = Client::new(&server.address);
    let started = (0..STARTS).map(|n| {
        let name = format!("cold-{}-{n}", language.program);
        // Another package each time, so that none is unpacked already.
        let comment = if language.program == "node" { "//" } else { "#" };
        make(server, language, &name, &format!("{}\n{comment} {n}\n", language.handler));
        let begin = Instant::now();
        invoke(&mut client, &name, BODY);
        begin.elapsed()
    });
    let started = median(started.collect());
    println!(
        "{:8} cold start {} ms, the interpreter's own {} ms",
        language.name,
        started.as_millis(),
        own.as_millis()
    );
}

/// Instances that wait for their next event, beside the interpreter with the same file.
fn idle(language: &Language, server: &Served) {
    let name = format!("idle-{}", language.program);
    make(server, language, &name, language.handler);
    let threads: Vec<_> = (0..INSTANCES)
        .map(|_| {
            let (address, name) = (server.address.clone(), name.clone());
            // Long enough for all of them to be called at one time.
            std::thread::spawn(move || invoke(&mut Client::new(&address), &name, r#"{"sleep":20}"#))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let found = memory::below(server.pid(), language.program);
    println!(
        "{:8} {} instances at one time, each {} KiB and its supervisor {} KiB (proportional), the interpreter alone {} KiB",
        language.name,
        found.runtimes,
        found.runtime_kib / found.runtimes.max(1),
        found.supervisor_kib / found.runtimes.max(1),
        memory::interpreter(language.program),
    );
    assert!(INSTANCES <= found.runtimes, "{} instances", found.runtimes);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn make(server: &Served, language: &Language, name: &str, source: &str) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(language.file, SimpleFileOptions::default()).unwrap();
    zip.write_all(source.as_bytes()).unwrap();
    let code = STANDARD.encode(zip.finish().unwrap().into_inner());
    let input = json!({"FunctionName": name, "Runtime": language.runtime, "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/bench", "Code": {"ZipFile": code}, "Timeout": 60});
    let (path, body) = ("/2015-03-31/functions", input.to_string());
    let signed = client::sign("lambda", "POST", path, &server.address, &[], &body);
    let made = Client::new(&server.address).send_signed("POST", path, &signed, &body).unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
}

fn invoke(client: &mut Client, name: &str, body: &str) -> Value {
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let signed = client::sign("lambda", "POST", &path, client.address(), &[], body);
    let answer = client.send_signed("POST", &path, &signed, body).unwrap();
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, None), "{}", answer.text());
    answer.json()
}

/// A call of a function, signed once: a signature is valid for five minutes.
fn signed(server: &Served, name: &str, body: &str) -> Vec<u8> {
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let mut request = format!("POST {path} HTTP/1.1\r\n");
    for (name, value) in client::sign("lambda", "POST", &path, &server.address, &[], body) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    request.into_bytes()
}
