//! A custom runtime in nothing but Rust's standard library: it answers each event with it. `rustc -O bootstrap.rs`

use std::io::{BufRead, BufReader, Read, Write};
fn main() {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = std::net::TcpStream::connect(&api).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut ask = |head: String, body: &[u8]| {
        stream.write_all(format!("{head} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() { break }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "lambda-runtime-aws-request-id" => id = value.to_owned(),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        (id, body)
    };
    loop {
        let (id, event) = ask("GET /2018-06-01/runtime/invocation/next".into(), b"");
        let answer = [br#"{"rust":"#.as_slice(), &event, b"}"].concat();
        ask(format!("POST /2018-06-01/runtime/invocation/{id}/response"), &answer);
    }
}
