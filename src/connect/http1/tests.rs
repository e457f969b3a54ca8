//! Compares the strict reading with hyper's, and with a plain reading of the grammar.

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::reading::Refused;
use super::{FIELDS_MAX, Fault, HEAD_BYTES_MAX, Lenience, Reading, Side, StrictStream};

/// The result of a reading: the requests, as `METHOD target body`, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Reader {
    requests: Vec<String>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Ended between messages.
    Clean,
    /// Ended in the middle of a head or a body.
    Incomplete,
    Refused(Fault),
}

// === The grammar, read plainly ===

/// Reads `bytes` as RFC 9112 says, all at once, with slices and without state.
fn plain(mut bytes: &[u8]) -> Reader {
    let mut requests = Vec::new();
    loop {
        if let Some(rest) = bytes.strip_prefix(b"\r\n") {
            bytes = rest;
        }
        if bytes.is_empty() {
            return Reader { requests, end: End::Clean };
        }
        if bytes.starts_with(b"\r\n") {
            return Reader { requests, end: End::Refused(Fault::EmptyLines) };
        }
        match plain_request(bytes) {
            Ok((request, rest)) => {
                requests.push(request);
                bytes = rest;
            }
            Err(end) => return Reader { requests, end },
        }
    }
}

fn line(bytes: &[u8]) -> Result<(&[u8], &[u8]), End> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Err(End::Incomplete) };
    match &bytes[..end] {
        [line @ .., b'\r'] => Ok((line, &bytes[end + 1..])),
        _ => Err(End::Refused(Fault::LineEnd)),
    }
}

fn token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

fn plain_request(bytes: &[u8]) -> Result<(String, &[u8]), End> {
    if !token(&bytes[..1]) && !bytes.starts_with(b"\r") && !bytes.starts_with(b"\n") {
        return Err(End::Refused(Fault::RequestLine));
    }
    let (request_line, mut rest) = line(bytes)?;
    let words: Vec<&[u8]> = request_line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else { return Err(End::Refused(Fault::RequestLine)) };
    let is_version = version.len() == 8
        && version.starts_with(b"HTTP/")
        && version[5].is_ascii_digit()
        && version[6] == b'.'
        && version[7].is_ascii_digit();
    if !token(method) || target.is_empty() || !is_version {
        return Err(End::Refused(Fault::RequestLine));
    }
    if !matches!(version, b"HTTP/1.1" | b"HTTP/1.0") {
        return Err(End::Refused(Fault::Version));
    }
    if target.iter().any(|byte| byte.is_ascii_control() || *byte == b'#')
        || http::Uri::try_from(target).is_err()
    {
        return Err(End::Refused(Fault::Target));
    }
    let (mut length, mut is_chunked) = (None, false);
    loop {
        let (field, after) = line(rest)?;
        rest = after;
        if field.is_empty() {
            break;
        }
        if field.starts_with(b" ") || field.starts_with(b"\t") {
            return Err(End::Refused(Fault::Folded));
        }
        let colon = field.iter().position(|byte| *byte == b':').unwrap_or(0);
        let (name, value) = (&field[..colon], &field[(colon + 1).min(field.len())..]);
        if !token(name) {
            return Err(End::Refused(Fault::FieldName));
        }
        if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(End::Refused(Fault::FieldValue));
        }
        let text = String::from_utf8_lossy(value).trim_matches([' ', '\t']).to_ascii_lowercase();
        match name.to_ascii_lowercase().as_slice() {
            b"content-length" => {
                let is_number =
                    !text.is_empty() && text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit());
                if !is_number {
                    return Err(End::Refused(Fault::ContentLength));
                }
                if length.replace(text.parse::<usize>().unwrap()).is_some() {
                    return Err(End::Refused(Fault::ContentLengthRepeated));
                }
            }
            b"transfer-encoding" => {
                if is_chunked || !text.ends_with("chunked") {
                    return Err(End::Refused(Fault::TransferEncoding));
                }
                if text != "chunked" {
                    let mut others = text.split(',').map(|it| it.trim_matches([' ', '\t'])).rev();
                    let is_last = others.next() == Some("chunked");
                    let is_list = is_last && others.all(|it| token(it.as_bytes()) && it != "chunked");
                    let fault = if is_list { Fault::UnknownCoding } else { Fault::TransferEncoding };
                    return Err(End::Refused(fault));
                }
                is_chunked = true;
            }
            _ => {}
        }
    }
    let (body, rest) = match (is_chunked, length) {
        (true, _) if version == b"HTTP/1.0" => return Err(End::Refused(Fault::CodingInOldVersion)),
        (true, Some(_)) => return Err(End::Refused(Fault::LengthAndCoding)),
        (true, None) => plain_chunks(rest)?,
        (false, Some(length)) if rest.len() < length => return Err(End::Incomplete),
        (false, length) => {
            let (body, rest) = rest.split_at(length.unwrap_or(0));
            (body.to_vec(), rest)
        }
    };
    let text = [method, target, &body].map(|part| part.escape_ascii().to_string()).join(" ");
    Ok((text, rest))
}

fn plain_chunks(mut rest: &[u8]) -> Result<(Vec<u8>, &[u8]), End> {
    let mut body = Vec::new();
    loop {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if 15 < digits {
            return Err(End::Refused(Fault::ChunkSize));
        }
        let blanks = rest[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match (digits, blanks, &rest[digits + blanks..]) {
            (_, 0, []) | (1.., _, []) => return Err(End::Incomplete),
            (1.., _, [b';', extension @ ..]) => {
                let n =
                    extension.iter().take_while(|byte| !byte.is_ascii_control() || **byte == b'\t').count();
                match &extension[n..] {
                    [] | [b'\r'] => return Err(End::Incomplete),
                    [b'\r', b'\n', ..] => {}
                    [b'\r', ..] => return Err(End::Refused(Fault::ChunkSize)),
                    _ => return Err(End::Refused(Fault::ChunkExtension)),
                }
            }
            (1.., 0, [b'\r']) => return Err(End::Incomplete),
            (1.., 0, [b'\r', b'\n', ..]) => {}
            _ => return Err(End::Refused(Fault::ChunkSize)),
        }
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..digits]).unwrap(), 16).unwrap();
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        rest = &rest[end + 1..];
        if size == 0 {
            break;
        }
        if rest.len() <= size {
            return Err(End::Incomplete);
        }
        body.extend_from_slice(&rest[..size]);
        rest = match &rest[size..] {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => return Err(End::Incomplete),
            _ => return Err(End::Refused(Fault::ChunkEnd)),
        };
    }
    loop {
        match rest {
            [b'\r', b'\n', rest @ ..] => return Ok((body, rest)),
            [] | [b'\r'] => return Err(End::Incomplete),
            [b'\r', ..] => return Err(End::Refused(Fault::Trailer)),
            _ => {}
        }
        let name = rest.iter().take_while(|byte| token(&[**byte])).count();
        let value = match &rest[name..] {
            [] if name != 0 => return Err(End::Incomplete),
            [b':', value @ ..] if name != 0 => value,
            _ => return Err(End::Refused(Fault::Trailer)),
        };
        let n = value.iter().take_while(|byte| !byte.is_ascii_control() || **byte == b'\t').count();
        rest = match &value[n..] {
            [] | [b'\r'] => return Err(End::Incomplete),
            [b'\r', b'\n', rest @ ..] => rest,
            _ => return Err(End::Refused(Fault::Trailer)),
        };
    }
}

// === The strict reading ===

/// Follows `bytes` in pieces that end at `cuts`.
fn follow(bytes: &[u8], cuts: &mut dyn FnMut() -> usize) -> (usize, Option<Refused>) {
    let mut reading = Reading::new(Side::Requests, Lenience::default());
    let (mut good, mut there) = (0, 0);
    while there < bytes.len() && reading.refused().is_none() {
        there = (there + cuts().max(1)).min(bytes.len());
        good += reading.follow(&bytes[good..there]);
    }
    (good, reading.refused())
}

// === hyper ===

/// What hyper reads of `bytes` behind a strict stream, and its responses.
fn hyper_behind(bytes: &[u8], cuts: &mut dyn FnMut() -> usize) -> (Vec<String>, Vec<u16>, bool) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = requests.clone();
    let serve = service_fn(move |request: http::Request<Incoming>| {
        let kept = kept.clone();
        async move {
            let told = Fault::of_replacement(request.method(), request.uri());
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes());
            let status = match (told, body) {
                (Some((fault, _)), _) => fault.status(),
                (None, Err(_)) => http::StatusCode::BAD_REQUEST,
                (None, Ok(body)) => {
                    let target = parts.uri.to_string();
                    let text = [parts.method.as_str().as_bytes(), target.as_bytes(), &body];
                    kept.lock().unwrap().push(text.map(|part| part.escape_ascii().to_string()).join(" "));
                    http::StatusCode::OK
                }
            };
            Ok::<_, Infallible>(
                http::Response::builder().status(status).body(Full::new(Bytes::new())).unwrap(),
            )
        }
    });
    let answer = run(async {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let stream = TokioIo::new(StrictStream::of_client(server, Lenience::default()));
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.half_close(true).max_headers(FIELDS_MAX).max_buf_size(HEAD_BYTES_MAX);
        let serving = tokio::spawn(builder.serve_connection(stream, serve));
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts().clamp(1, rest.len()));
            if client.write_all(piece).await.is_err() {
                break; // Refused already.
            }
            tokio::task::yield_now().await;
            rest = after;
        }
        // It may have been refused already.
        let _ = client.shutdown().await;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        drop(client);
        // An end in the middle is expected.
        let _ = serving.await.unwrap();
        answer
    });
    let text = String::from_utf8(answer).unwrap();
    let statuses: Vec<u16> = text
        .split("HTTP/1.")
        .skip(1)
        .map(|head| head[2..5].parse().unwrap())
        .filter(|status| *status != 100)
        .collect();
    (Arc::try_unwrap(requests).unwrap().into_inner().unwrap(), statuses, text.contains("connection: close"))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Checks that all three agree on `bytes`, whatever pieces they arrive in.
fn agree(bytes: &[u8], cuts: &mut dyn FnMut() -> usize) -> Reader {
    let shown = bytes.escape_ascii().to_string();
    let expect = plain(bytes);
    let (good, refused) = follow(bytes, cuts);
    // If there are several faults, either may be found first.
    assert_eq!(refused.is_some(), matches!(expect.end, End::Refused(_)), "{shown}: {refused:?} {expect:?}");
    assert!(good <= bytes.len());
    let (requests, statuses, _) = hyper_behind(bytes, cuts);
    // hyper reads no request after the one that the client marked as the last.
    let are_all = requests.len() == expect.requests.len();
    assert_eq!(requests[..], expect.requests[..requests.len()], "{shown}");
    if are_all {
        let mut want = vec![200; requests.len()];
        match (expect.end, refused) {
            (_, Some(refused)) if refused.is_in_head => want.push(refused.fault.status().as_u16()),
            (_, Some(_)) => want.push(400),
            (End::Incomplete, _) if statuses.len() == want.len() + 1 => want.push(400),
            _ => {}
        }
        if statuses.len() + 1 == want.len() {
            want.pop(); // hyper had closed the connection after the request before.
            assert!(closes(bytes), "{shown}");
        }
        assert_eq!(statuses, want, "{shown}");
    } else {
        assert!(closes(bytes), "{shown}: {requests:?}");
    }
    expect
}

/// Whether hyper may end the connection before its bytes do.
fn closes(bytes: &[u8]) -> bool {
    let text = bytes.to_ascii_lowercase();
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    has(b"close") || has(b"http/1.0")
}

#[test]
fn all_readings_of_the_table_agree() {
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(5000));
    for (bytes, requests, end) in [
        ("", 0, End::Clean),
        ("GET / HTTP/1.1\r\n\r\n", 1, End::Clean),
        ("\r\nGET / HTTP/1.1\r\n\r\n", 1, End::Clean),
        (long.as_str(), 1, End::Clean),
        (
            "GET / HTTP/1.1\r\n\r\nPUT /b HTTP/1.1\r\ncontent-length: 2\r\n\r\nabGET /c HTTP/1.1\r\n\r\n",
            3,
            End::Clean,
        ),
        (
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            2,
            End::Clean,
        ),
        ("PUT / HTTP/1.1\r\nTransfer-Encoding:CHUNKED \r\n\r\n0;a=b\r\nx: y\r\n\r\n", 1, End::Clean),
        ("PUT / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab", 0, End::Incomplete),
        ("GET / HTTP/1.1\r\nx", 0, End::Incomplete),
        ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", 0, End::Refused(Fault::EmptyLines)),
        ("\nGET / HTTP/1.1\r\n\r\n", 0, End::Refused(Fault::LineEnd)),
        ("GET / HTTP/1.1\n\n", 0, End::Refused(Fault::LineEnd)),
        ("GET / HTTP/1.1\r\nx: y\n\r\n", 0, End::Refused(Fault::LineEnd)),
        ("GET /\r\n\r\n", 0, End::Refused(Fault::RequestLine)),
        ("GET  / HTTP/1.1\r\n\r\n", 0, End::Refused(Fault::Target)),
        ("GET x/y HTTP/1.1\r\n\r\n", 0, End::Refused(Fault::Target)),
        ("GET /<a> HTTP/1.1\r\n\r\n", 0, End::Refused(Fault::Target)),
        ("GET / HTTP/1.1 \r\n\r\n", 0, End::Refused(Fault::RequestLine)),
        ("GET / http/1.1\r\n\r\n", 0, End::Refused(Fault::RequestLine)),
        ("GET / HTTP/2.0\r\n\r\n", 0, End::Refused(Fault::Version)),
        ("GET /#a HTTP/1.1\r\n\r\n", 0, End::Refused(Fault::Target)),
        ("GET / HTTP/1.1\r\nx : y\r\n\r\n", 0, End::Refused(Fault::FieldName)),
        ("GET / HTTP/1.1\r\n: y\r\n\r\n", 0, End::Refused(Fault::FieldName)),
        ("GET / HTTP/1.1\r\nx\r\n\r\n", 0, End::Refused(Fault::FieldName)),
        ("GET / HTTP/1.1\r\nx: a\r b\r\n\r\n", 0, End::Refused(Fault::FieldValue)),
        ("GET / HTTP/1.1\r\nx: a\0\r\n\r\n", 0, End::Refused(Fault::FieldValue)),
        ("GET / HTTP/1.1\r\nx: a\r\n b\r\n\r\n", 0, End::Refused(Fault::Folded)),
        ("GET / HTTP/1.1\r\ncontent-length: +1\r\n\r\na", 0, End::Refused(Fault::ContentLength)),
        ("GET / HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\na", 0, End::Refused(Fault::ContentLength)),
        (
            "GET / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\na",
            0,
            End::Refused(Fault::ContentLength),
        ),
        (
            "GET / HTTP/1.1\r\ncontent-length: 1\r\nContent-Length: 1\r\n\r\na",
            0,
            End::Refused(Fault::ContentLengthRepeated),
        ),
        ("GET / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 0, End::Refused(Fault::TransferEncoding)),
        ("GET / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n", 0, End::Refused(Fault::UnknownCoding)),
        (
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
            0,
            End::Refused(Fault::TransferEncoding),
        ),
        (
            "GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            0,
            End::Refused(Fault::CodingInOldVersion),
        ),
        (
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
            0,
            End::Refused(Fault::LengthAndCoding),
        ),
        (
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\nGET / HTTP/1.1\r\n\r\n",
            0,
            End::Refused(Fault::Trailer),
        ),
        ("GET /a HTTP/1.1\r\n\r\nGET / HTTP/1.1\nx: y\r\n\r\n", 1, End::Refused(Fault::LineEnd)),
    ] {
        for size in [1, 2, 7, 100_000] {
            let read = agree(bytes.as_bytes(), &mut || size);
            assert_eq!(read.requests.len(), requests, "{bytes:?}");
            if let End::Refused(fault) = end {
                let (_, refused) = follow(bytes.as_bytes(), &mut || size);
                assert_eq!(refused.map(|refused| refused.fault), Some(fault), "{bytes:?}");
            } else {
                assert_eq!(read.end, end, "{bytes:?}");
            }
        }
    }
}

/// Valid and invalid pieces of requests for random streams.
const PIECES: &[&str] = &[
    "GET",
    "POST",
    " ",
    "/",
    "/a?b",
    " HTTP/1.1",
    " HTTP/1.0",
    " HTTP/1.2",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "\t",
    "\0",
    "\x0b",
    "\u{e9}",
    "#",
    ":",
    "x: y",
    "Content-Length: ",
    "content-length:",
    "3",
    "0",
    "5",
    "+",
    "-",
    ",",
    "Transfer-Encoding: chunked",
    "transfer-encoding:",
    "chunked",
    "gzip, ",
    ";",
    "a=b",
    "abc",
    "0\r\n\r\n",
    "3\r\nabc\r\n",
    "Connection: close",
    "Expect: 100-continue",
    "\r\n ",
    "Upgrade: h2c",
    "FFFFFFFFFFFFFFFF",
    "GET / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n",
    "PUT /b HTTP/1.0\r\nConnection: keep-alive\r\ncontent-length: 5\r\nx: y\r\n\r\n0\r\n\r\n",
];
/// How many of the last pieces are whole requests.
const WHOLE: usize = 5;

/// A small generator (xorshift) for reproducible streams.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

#[test]
fn all_readings_of_random_streams_agree() {
    let n = std::env::var("STEPGATE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000);
    for seed in 1..=n {
        let mut random = Random(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let mut bytes = Vec::new();
        // Whole requests with few changes, or pieces in any order.
        let (pieces, n_max) = if seed % 2 == 0 { (&PIECES[PIECES.len() - WHOLE..], 4) } else { (PIECES, 14) };
        for _ in 0..random.below(n_max) {
            bytes.extend_from_slice(pieces[random.below(pieces.len())].as_bytes());
        }
        for _ in 0..random.below(3) {
            let at = random.below(bytes.len() + 1);
            let piece = PIECES[random.below(PIECES.len())].as_bytes();
            let byte = b"\r\n \t\0;:,x0"[random.below(10)];
            match random.below(4) {
                0 if at < bytes.len() => drop(bytes.remove(at)),
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => bytes[at] = byte,
                _ => drop(bytes.splice(at..at, piece.iter().copied())),
            }
        }
        agree(&bytes, &mut || 1 + random.below(40));
    }
}

#[test]
fn heads_are_bounded() {
    let fields = |n: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(n));
    let size = |n: usize| format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(n - 23));
    for (text, fault) in [
        (fields(FIELDS_MAX), None),
        (fields(FIELDS_MAX + 1), Some(Fault::FieldCount)),
        (size(HEAD_BYTES_MAX), None),
        (size(HEAD_BYTES_MAX + 1), Some(Fault::HeadSize)),
        ("x".repeat(HEAD_BYTES_MAX + 1), Some(Fault::HeadSize)),
    ] {
        for cut in [1000, 100_000] {
            let (_, refused) = follow(text.as_bytes(), &mut || cut);
            assert_eq!(refused.map(|refused| refused.fault), fault);
        }
    }
    let (requests, statuses, closes) = hyper_behind(size(HEAD_BYTES_MAX + 1).as_bytes(), &mut || 10_000);
    assert_eq!((requests.len(), statuses, closes), (0, vec![431], true));
}

#[test]
fn another_protocol_is_refused_at_its_first_byte() {
    for bytes in [b"\x16\x03\x01".as_slice(), b" GET", b"\0", b"{"] {
        let (good, refused) = follow(bytes, &mut || 1);
        assert_eq!((good, refused.map(|refused| refused.fault)), (0, Some(Fault::RequestLine)));
    }
    // HTTP/2 passes, but only with its exact preface.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\n\n";
    for cut in [1, 24, 100] {
        assert_eq!(follow(preface, &mut || cut), (preface.len(), None));
    }
    let (_, refused) = follow(b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", &mut || 3);
    assert_eq!(refused.map(|refused| refused.fault), Some(Fault::Version));
}

#[test]
fn relaxed_points_are_read_as_hyper_reads_them() {
    let lenience = Lenience { bare_line_feed: true, repeated_length: true, length_with_chunked: true };
    for (text, good) in [
        ("\nGET / HTTP/1.1\nx: y\n\n", true),
        ("PUT / HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nab", true),
        ("PUT / HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nab", false),
        ("PUT / HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", true),
        ("PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\n\n", false),
    ] {
        let mut reading = Reading::new(Side::Requests, lenience);
        let n = reading.follow(text.as_bytes());
        assert_eq!((reading.refused().is_none(), n == text.len()), (good, good), "{text:?}");
    }
}

/// The reading of a response: accepted bytes, the fault, whether the connection must not be reused.
fn answered(answer: &str, is_head_request: bool) -> (usize, Option<Fault>, bool) {
    let mut reading = Reading::new(Side::Answers, Lenience::default());
    reading.await_answer(is_head_request);
    let mut good = 0;
    for there in 1..=answer.len() {
        good += reading.follow(&answer.as_bytes()[good..there]);
    }
    (good, reading.refused().map(|refused| refused.fault), reading.is_spoilt())
}

#[test]
fn answers_are_read_as_strictly() {
    let good = |text: &str| (text.len(), None, false);
    for text in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.0 200 \r\n\r\nuntil the end\n\n\0",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 304 Not\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 204 No\r\ncontent-length: 0\r\n\r\n",
    ] {
        assert_eq!(answered(text, false), good(text), "{text:?}");
    }
    for text in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        assert_eq!(answered(text, true), good(text), "{text:?}");
    }
    for (text, fault) in [
        ("HTTP/2 200 OK\r\n", Fault::StatusLine),
        ("HTTP/1.1 20 OK\r\n", Fault::StatusLine),
        ("HTTP/1.1  200 OK\r\n", Fault::StatusLine),
        ("HTTP/1.1 099 OK\r\n", Fault::StatusLine),
        ("ICY 200 OK\r\n", Fault::StatusLine),
        ("HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", Fault::SwitchedProtocols),
        ("HTTP/1.1 200 OK\ncontent-length: 0\n\n", Fault::LineEnd),
        ("HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n", Fault::Folded),
        ("HTTP/1.1 200 OK\r\nx : y\r\n\r\n", Fault::FieldName),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n", Fault::ContentLengthRepeated),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
            Fault::LengthAndCoding,
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", Fault::TransferEncoding),
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Fault::CodingInOldVersion),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\n", Fault::Trailer),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n", Fault::Unasked),
    ] {
        assert_eq!(answered(text, false).1, Some(fault), "{text:?}");
    }
    for text in [
        "HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let (good, fault, is_spoilt) = answered(text, false);
        assert_eq!((good < text.len(), fault, is_spoilt), (true, None, true), "{text:?}");
    }
}
