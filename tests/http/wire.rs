//! Sends bytes to the server, and parses its responses as strictly as possible.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended properly.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Sends `bytes` and reads until the server closes. Returns what was received, and whether the server closed in time.
pub(crate) fn exchange(address: &str, bytes: &[u8], then_half_close: bool) -> (Vec<u8>, bool) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that refuses a request need not read all of it.
    let _ = stream.write_all(bytes);
    if then_half_close {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let mut piece = [0; 8192];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return (answer, true),
            Ok(n) => answer.extend_from_slice(&piece[..n]),
            Err(error) => return (answer, error.kind() == std::io::ErrorKind::ConnectionReset),
        }
    }
}

/// Parses consecutive responses; those marked in `to_head` have no content. Interim responses are left out.
pub(crate) fn answers(mut bytes: &[u8], to_head: &[bool]) -> Result<Vec<Answer>, String> {
    let mut answers: Vec<Answer> = Vec::new();
    while !bytes.is_empty() {
        let is_to_head = to_head.get(answers.len()).copied().unwrap_or(false);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or_else(|| format!("no head: {}", bytes.escape_ascii()))?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "no text".to_owned())?;
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
        let status: u16 =
            status.and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(|| line.to_owned())?;
        let fields: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())))
            .collect::<Option<_>>()
            .ok_or("a field without colon")?;
        bytes = &bytes[end + 4..];
        if (100..200).contains(&status) {
            continue;
        }
        let mut answer = Answer { status, fields, body: Vec::new(), is_whole: true };
        let values = |name: &str| answer.fields.iter().filter(|(n, _)| n == name).count();
        if 1 < values("content-length") + values("transfer-encoding") {
            return Err(format!("ambiguous answer: {:?}", answer.fields));
        }
        if !is_to_head && !matches!(status, 204 | 304) {
            match (answer.field("content-length"), answer.field("transfer-encoding")) {
                (Some(length), None) => {
                    let length: usize = length.parse().map_err(|_| "length".to_owned())?;
                    answer.is_whole = length <= bytes.len();
                    let (body, rest) = bytes.split_at(length.min(bytes.len()));
                    answer.body = body.to_vec();
                    bytes = rest;
                }
                (None, Some("chunked")) => loop {
                    let end = bytes.windows(2).position(|window| window == b"\r\n");
                    let size = end.and_then(|end| {
                        let size = std::str::from_utf8(&bytes[..end]).ok()?;
                        Some((end + 2, usize::from_str_radix(size, 16).ok()?))
                    });
                    let Some((start, size)) = size.filter(|(start, size)| start + size + 2 <= bytes.len())
                    else {
                        answer.is_whole = false;
                        bytes = b"";
                        break;
                    };
                    answer.body.extend_from_slice(&bytes[start..start + size]);
                    bytes = &bytes[start + size + 2..];
                    if size == 0 {
                        break;
                    }
                },
                // Until the end.
                _ => answer.body = std::mem::take(&mut bytes).to_vec(),
            }
        }
        answers.push(answer);
    }
    Ok(answers)
}
