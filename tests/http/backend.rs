//! A backend that records requests and parses them as strictly as possible.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names as sent.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// The bytes of a response, and whether the connection ends after them.
pub(crate) type Answer = (Vec<u8>, bool);

#[derive(Default)]
struct Log {
    received: Vec<Received>,
    /// What could not be parsed unambiguously.
    doubtful: Vec<String>,
}

pub(crate) struct Backend {
    pub(crate) port: u16,
    log: Arc<Mutex<Log>>,
}

impl Backend {
    /// Serves until the process ends.
    pub(crate) fn start(answer: fn(&Received) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log::default()));
        let keeper = log.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let keeper = keeper.clone();
                std::thread::spawn(move || serve(stream.unwrap(), answer, &keeper));
            }
        });
        Self { port, log }
    }

    /// The requests so far, all of which were unambiguous.
    pub(crate) fn take(&self) -> Vec<Received> {
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        assert!(log.doubtful.is_empty(), "{:#?}", log.doubtful);
        log.received
    }
}

/// 200 with `ok`; without content for HEAD.
pub(crate) fn ok(request: &Received) -> Answer {
    let content = if request.method == "HEAD" { "" } else { "ok" };
    (format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{content}").into_bytes(), false)
}

fn serve(mut stream: TcpStream, answer: fn(&Received) -> Answer, log: &Mutex<Log>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        loop {
            match read(&bytes) {
                Ok(Some((request, size))) => {
                    bytes.drain(..size);
                    let (answer, is_last) = answer(&request);
                    log.lock().unwrap().received.push(request);
                    if stream.write_all(&answer).is_err() {
                        return;
                    }
                    if is_last {
                        // It may already be gone.
                        let _ = stream.shutdown(Shutdown::Both);
                        return;
                    }
                }
                Ok(None) => break,
                Err(why) => {
                    log.lock().unwrap().doubtful.push(format!("{why}: {}", bytes.escape_ascii()));
                    return;
                }
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

/// The first request and its size, if it is complete; otherwise what is ambiguous about it.
fn read(bytes: &[u8]) -> Result<Option<(Received, usize)>, &'static str> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]);
    if head.bytes().any(|byte| byte == 0) || head.replace("\r\n", "").contains(['\r', '\n']) {
        return Err("line ends or NUL");
    }
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else { return Err("request line") };
    if !["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].contains(&method) {
        return Err("method");
    }
    let mut fields = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("no colon")?;
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        {
            return Err("name");
        }
        fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
    let request = Received { method: method.to_owned(), target: target.to_owned(), fields, body: Vec::new() };
    if request.values("host").len() != 1 {
        return Err("not one host");
    }
    let (lengths, codings) = (request.values("content-length"), request.values("transfer-encoding"));
    let start = end + 4;
    let (body, size) = match (&lengths[..], &codings[..]) {
        ([], []) => (Vec::new(), start),
        ([length], []) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            let length: usize = length.parse().map_err(|_| "length")?;
            match bytes.get(start..start + length) {
                Some(body) => (body.to_vec(), start + length),
                None => return Ok(None),
            }
        }
        ([], ["chunked"]) => match chunks(&bytes[start..])? {
            Some((body, size)) => (body, start + size),
            None => return Ok(None),
        },
        _ => return Err("framing"),
    };
    Ok(Some((Received { body, ..request }, size)))
}

fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, &'static str> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(end) = bytes[at..].windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[at..at + end]).map_err(|_| "chunk size")?;
        if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("chunk size");
        }
        let size = usize::from_str_radix(size, 16).map_err(|_| "chunk size")?;
        at += end + 2;
        let Some(data) = bytes.get(at..at + size + 2) else { return Ok(None) };
        if &data[size..] != b"\r\n" {
            return Err("chunk end");
        }
        body.extend_from_slice(&data[..size]);
        at += size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}
