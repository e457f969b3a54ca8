//! A small HTTP/1.1 client over a blocking socket, which signs as AWS clients do.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// One connection to one server; reconnects after a failure.
pub(crate) struct Client {
    address: String,
    stream: Option<TcpStream>,
    /// By how many seconds its clock is ahead.
    ahead_s: i64,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, ahead_s: 0 }
    }

    /// The same with a clock that is wrong by so many seconds.
    pub(crate) fn ahead(self, ahead_s: i64) -> Self {
        Self { ahead_s, ..self }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Sends one request and reads its answer.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let answer = self.exchange(method, path, headers, body);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    /// Calls an operation of Step Functions, signed with `test`/`test`.
    pub(crate) fn states(&mut self, operation: &str, input: &Value) -> io::Result<Answer> {
        let body = input.to_string();
        let target = format!("AWSStepFunctions.{operation}");
        let content_type = ("content-type", "application/x-amz-json-1.0");
        let headers = [content_type, ("x-amz-target", &target)];
        let key = (("test", "test"), self.ahead_s);
        let signed = sign_at(key, "states", ("POST", "/"), &self.address, &headers, &body);
        self.send_signed("POST", "/", &signed, &body)
    }

    /// Calls the control plane of API Gateway, signed with `test`/`test`.
    pub(crate) fn apigateway(&mut self, method: &str, path: &str, input: &Value) -> io::Result<Answer> {
        self.apigateway_accepting("application/json", method, path, input)
    }

    /// The same for a client that wants an answer of another media type.
    pub(crate) fn apigateway_accepting(
        &mut self,
        accept: &str,
        method: &str,
        path: &str,
        input: &Value,
    ) -> io::Result<Answer> {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        let headers = [("accept", accept), ("content-type", "application/json")];
        let key = (("test", "test"), self.ahead_s);
        let signed = sign_at(key, "apigateway", (method, path), &self.address, &headers, &body);
        self.send_signed(method, path, &signed, &body)
    }

    pub(crate) fn send_signed(
        &mut self,
        method: &str,
        path: &str,
        signed: &[(String, String)],
        body: &str,
    ) -> io::Result<Answer> {
        let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.send(method, path, &headers, body.as_bytes())
    }

    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(90)))?;
                none.insert(stream)
            }
        };
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(&[head.as_bytes(), body].concat())?;
        read_answer(stream)
    }
}

fn read_answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    loop {
        if let Some(head) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
            let mut lines = text.lines();
            let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|s| s.parse().ok());
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(n, v)| (n.to_owned(), v.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-length"));
            let length: usize = length.and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
            if head + 4 + length <= bytes.len() {
                let status = status.ok_or_else(|| broken("no status line"))?;
                return Ok(Answer { status, headers, body: bytes[head + 4..head + 4 + length].to_vec() });
            }
        }
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..n]);
    }
}

/// The headers of a request signed with Signature Version 4; written against AWS's description of it, apart
/// from the server's own verifier.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>
pub(crate) fn sign(
    service: &str,
    method: &str,
    path: &str,
    host: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<(String, String)> {
    sign_as(("test", "test"), service, (method, path), host, headers, body)
}

/// The same with another key: its id and its secret.
pub(crate) fn sign_as(
    key: (&str, &str),
    service: &str,
    request: (&str, &str),
    host: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<(String, String)> {
    sign_at((key, 0), service, request, host, headers, body)
}

/// The same by a clock that is so many seconds ahead.
#[allow(clippy::disallowed_methods)] // A client lives in real time.
fn sign_at(
    ((id, secret), ahead_s): ((&str, &str), i64),
    service: &str,
    (method, path): (&str, &str),
    host: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<(String, String)> {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let millis = i64::try_from(millis).unwrap() + ahead_s * 1_000;
    let now = stepgate::clock::Timestamp::from_millis(millis).to_amz_date();
    let scope = format!("{}/us-east-1/{service}/aws4_request", &now[..8]);
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    headers.push(("host".to_owned(), host.to_owned()));
    headers.push(("x-amz-date".to_owned(), now.clone()));
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(n, _)| n.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // Outside of S3 the path is encoded once more than on the wire.
    let path = path.replace('%', "%25");
    let payload = hex::encode(Sha256::digest(body));
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
    let hash = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{hash}");
    let key = hmac(format!("AWS4{secret}").as_bytes(), &now[..8]);
    let key = hmac(&hmac(&hmac(&key, "us-east-1"), service), "aws4_request");
    let signature = hex::encode(hmac(&key, &to_sign));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    headers.push(("authorization".to_owned(), authorization));
    headers
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
