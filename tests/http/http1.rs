//! The corpus of `tests/data/http1`.

use std::collections::BTreeMap;

use crate::Fixture;
use crate::backend::{self, Backend, Received};
use crate::corpus::{Case, bytes, cases, run};
use crate::wire;

/// The column with the expected result.
struct Expected {
    answers: Vec<One>,
    /// The input is incomplete: the client stops in the middle.
    is_incomplete: bool,
    /// Nothing is answered after it.
    closes: bool,
}

struct One {
    status: u16,
    to_head: bool,
    /// The body that a backend receives, if any.
    passed: Option<Vec<u8>>,
}

impl Expected {
    fn parse(text: &str) -> Self {
        let (text, is_incomplete) = text.strip_prefix('~').map_or((text, false), |text| (text, true));
        let mut answers = Vec::new();
        let mut closes = is_incomplete;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if word == "-" {
                closes = true;
                continue;
            }
            let (status, passed) = match word.split_once(':') {
                Some((status, passed)) => (status, Some(bytes(passed))),
                None => (word, None),
            };
            let (digits, to_head) = status.strip_suffix('h').map_or((status, false), |digits| (digits, true));
            let status = digits.parse().unwrap();
            closes |= 400 <= status;
            answers.push(One { status, to_head, passed });
        }
        Self { answers, is_incomplete, closes }
    }
}

/// Sends the case below `path`, followed by a final request.
fn check(fixture: &Fixture, path: &str, case: &Case) -> Result<(), String> {
    let expected = Expected::parse(&case.expected);
    let fill = |text: &str| text.replace("{P}", path).replace("{H}", &fixture.server.address);
    let mut sent = bytes(&fill(&case.input));
    if !expected.is_incomplete {
        let last = format!(
            "GET {path}/end HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            fixture.server.address
        );
        sent.extend_from_slice(last.as_bytes());
    }
    let (answer, is_closed) = wire::exchange(&fixture.server.address, &sent, expected.is_incomplete);
    if !is_closed {
        return Err(format!("not closed: {}", answer.escape_ascii()));
    }
    let to_head: Vec<bool> = expected.answers.iter().map(|one| one.to_head).collect();
    let answers = wire::answers(&answer, &to_head)?;
    let mut want: Vec<u16> = expected.answers.iter().map(|one| one.status).collect();
    if !expected.closes {
        want.push(200);
    }
    let got: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    if got != want {
        return Err(format!("answered {got:?}: {}", answer.escape_ascii()));
    }
    if let Some(cut) = answers.iter().find(|answer| !answer.is_whole) {
        return Err(format!("cut off: {cut:?}"));
    }
    // If a body breaks off, hyper closes the connection without a response.
    let is_in_head =
        |answer: &&wire::Answer| !answer.body.starts_with(b"{\"message\":\"Incomplete request body");
    let refused = answers.iter().filter(|answer| 400 <= answer.status).find(is_in_head);
    match refused {
        Some(refused) if refused.field("connection") != Some("close") => {
            Err(format!("refused, and not told that the connection ends: {refused:?}"))
        }
        _ => Ok(()),
    }
}

fn corpus() -> Vec<Case> {
    let cases = cases("http1");
    assert!(600 <= cases.len(), "{} cases", cases.len());
    cases
}

#[test]
fn every_case_is_read_in_one_way() {
    let fixture = Fixture::new("http1-direct", Backend::start(backend::ok));
    let stage = &fixture.stage;
    run(&corpus(), |n, case| check(&fixture, &format!("{stage}/direct/c{n}"), case));
    assert!(fixture.backend.take().is_empty());
}

#[test]
fn a_backend_gets_what_was_sent_and_nothing_else() {
    let fixture = Fixture::new("http1-through", Backend::start(backend::ok));
    let stage = &fixture.stage;
    let cases = corpus();
    run(&cases, |n, case| check(&fixture, &format!("{stage}/through/c{n}"), case));
    let mut by_case: BTreeMap<usize, Vec<Received>> = BTreeMap::new();
    for request in fixture.backend.take() {
        let rest =
            request.target.strip_prefix("/safe/c").unwrap_or_else(|| panic!("out of place: {request:?}"));
        let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        by_case.entry(digits.parse().unwrap()).or_default().push(request);
    }
    run(&cases, |n, case| {
        let expected = Expected::parse(&case.expected);
        let mut want: Vec<Vec<u8>> = expected.answers.iter().filter_map(|one| one.passed.clone()).collect();
        if !expected.closes {
            want.push(Vec::new());
        }
        let none = Vec::new();
        let received = by_case.get(&n).unwrap_or(&none);
        let got: Vec<&[u8]> = received.iter().map(|request| request.body.as_slice()).collect();
        if got != want {
            return Err(format!("the backend got {received:#?}"));
        }
        match received.iter().find(|request| request.target.contains("smuggled")) {
            Some(request) => Err(format!("smuggled: {request:?}")),
            None => Ok(()),
        }
    });
}

/// Requests in many small pieces are the same requests.
#[test]
fn pieces_make_no_difference() {
    use std::io::{Read, Write};
    let fixture = Fixture::new("http1-pieces", Backend::start(backend::ok));
    let path = format!("{}/through/p", fixture.stage);
    let host = &fixture.server.address;
    let text = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n\
         PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nde"
    );
    for size in [1, 2, 3, 5, 24, 25] {
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in text.as_bytes().chunks(size) {
            stream.write_all(piece).unwrap();
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let statuses: Vec<u16> =
            wire::answers(&answer, &[]).unwrap().iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 200], "{size}");
        let bodies: Vec<Vec<u8>> = fixture.backend.take().into_iter().map(|request| request.body).collect();
        assert_eq!(bodies, [b"abc".to_vec(), b"de".to_vec()], "{size}");
    }
}

/// A client that keeps sending after a refusal still sees the refusal.
#[test]
fn a_refusal_is_seen_by_a_client_that_goes_on_sending() {
    let fixture = Fixture::new("http1-linger", Backend::start(backend::ok));
    let mut sent =
        format!("POST {}/direct/a HTTP/1.1\r\nHost: a b\r\nContent-Length: 200000\r\n\r\n", fixture.stage);
    sent.push_str(&"x".repeat(200_000));
    let (answer, is_closed) = wire::exchange(&fixture.server.address, sent.as_bytes(), false);
    assert!(is_closed && answer.starts_with(b"HTTP/1.1 400 "), "{}", answer.escape_ascii());
}

/// Input that a setting permits is accepted, and still read in one way.
#[test]
fn relaxed_points_are_taken() {
    let settings = "[http]\nrelax = [\"bare-line-feed\", \"repeated-content-length\", \"content-length-with-chunked\", \
                    \"host-missing\", \"host-differs\", \"https-over-plain\", \"look-alikes\"]\n";
    let fixture = Fixture::with_settings("http1-relaxed", Backend::start(backend::ok), settings);
    let (path, host) = (format!("{}/through/r", fixture.stage), &fixture.server.address);
    let last = format!("GET {path}/end HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for (text, body, answers) in [
        (format!("POST {path} HTTP/1.1\nHost: {host}\nContent-Length: 3\n\nabc"), "abc", 2),
        (
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
            "abc",
            2,
        ),
        (format!("POST {path} HTTP/1.1\r\n\r\n"), "", 2),
        (format!("POST http://other.test{path} HTTP/1.1\r\nHost: a\r\n\r\n"), "", 2),
        (format!("POST https://a{path} HTTP/1.1\r\nHost: a\r\n\r\n"), "", 2),
        (format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent_Length: 3\r\n\r\n"), "", 2),
        // The connection ends after it, whatever follows.
        (
            format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            ),
            "abc",
            1,
        ),
    ] {
        let (answer, is_closed) = wire::exchange(host, format!("{text}{last}").as_bytes(), false);
        let statuses: Vec<u16> =
            wire::answers(&answer, &[]).unwrap().iter().map(|answer| answer.status).collect();
        assert_eq!((statuses, is_closed), (vec![200; answers], true), "{text}");
        let received = fixture.backend.take();
        assert_eq!((received.len(), &*received[0].body), (answers, body.as_bytes()), "{text}");
    }
}
