//! Valid and invalid responses of backends, and what the client gets.

use crate::Fixture;
use crate::backend::{Answer, Backend, Received};
use crate::wire;

/// A backend's bytes, whether it closes after them, and what the client gets: status and body.
struct Told {
    bytes: &'static str,
    closes: bool,
    status: u16,
    body: &'static str,
}

const fn told(bytes: &'static str, closes: bool, status: u16, body: &'static str) -> Told {
    Told { bytes, closes, status, body }
}

/// By the number in the path.
const TOLD: &[Told] = &[
    told("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok"),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, 200, "ok"),
    told(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n",
        false,
        200,
        "ok",
    ),
    told("HTTP/1.1 200 OK\r\n\r\nok", true, 200, "ok"),
    told("HTTP/1.0 200 OK\r\n\r\nok", true, 200, "ok"),
    told("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok"),
    told("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok"),
    told(
        "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        false,
        200,
        "ok",
    ),
    // Responses that break off.
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", true, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", true, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", true, 502, ""),
    told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", true, 502, ""),
    told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 502, ""),
    told("HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nok", true, 502, ""),
    // Responses that can be read in two ways.
    told(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        false,
        502,
        "",
    ),
    told(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        false,
        502,
        "",
    ),
    told("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok", true, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, 502, ""),
    told(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        false,
        502,
        "",
    ),
    told(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        false,
        502,
        "",
    ),
    told("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, 502, ""),
    told("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\n", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n", false, 502, ""),
    told(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nok\r\n0\r\n\r\n",
        false,
        502,
        "",
    ),
    // Not final responses.
    told("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nok", false, 502, ""),
    told("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("SSH-2.0-x\r\n", false, 502, ""),
    told("HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok", false, 502, ""),
    told("HTTP/1.1 200 OK\r\nno colon\r\n\r\nok", false, 502, ""),
];

/// Content where none is allowed: the response is used, but the bytes after it are not a response to the next request.
const NO_CONTENT: &[(&str, u16)] = &[
    (
        "HTTP/1.1 204 No Content\r\nContent-Length: 44\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        204,
    ),
    ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 204),
    ("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 204),
    (
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        304,
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        200,
    ),
];

fn answer(request: &Received) -> Answer {
    let number = |prefix: &str| request.target.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
    if let Some(n) = number("/safe/told/") {
        return (TOLD[n].bytes.as_bytes().to_vec(), TOLD[n].closes);
    }
    if let Some(n) = number("/safe/none/") {
        return (NO_CONTENT[n].0.as_bytes().to_vec(), false);
    }
    let text = "x".repeat(200_000);
    match request.target.as_str() {
        "/safe/chunked" => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            (format!("{head}{:x}\r\n{text}\r\n", text.len()).into_bytes(), true)
        }
        "/safe/sized" => {
            (format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{text}").into_bytes(), true)
        }
        _ => (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood".to_vec(), false),
    }
}

fn get(fixture: &Fixture, path: &str) -> wire::Answer {
    let request = format!(
        "GET {}{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        fixture.stage, fixture.server.address
    );
    let (answer, _) = wire::exchange(&fixture.server.address, request.as_bytes(), false);
    wire::answers(&answer, &[]).unwrap().pop().unwrap_or_else(|| panic!("{path}: no answer"))
}

#[test]
fn a_backend_s_answer_is_read_beyond_doubt_or_not_at_all() {
    let fixture = Fixture::new("http-answers", Backend::start(answer));
    for (n, told) in TOLD.iter().enumerate() {
        let shown = told.bytes.escape_default();
        for way in ["through", "mapped"] {
            let got = get(&fixture, &format!("/{way}/told/{n}"));
            assert_eq!(got.status, told.status, "{way}: {shown}: {got:?}");
            if told.status == 200 {
                assert_eq!(got.body, told.body.as_bytes(), "{way}: {shown}");
            } else {
                assert_eq!(got.body, br#"{"message":"Internal server error"}"#, "{way}: {shown}");
            }
            assert!(got.is_whole, "{way}: {shown}");
            // The next request gets its own response.
            let next = get(&fixture, &format!("/{way}/next"));
            assert_eq!((next.status, &*next.body), (200, b"good".as_slice()), "{way}: after {shown}");
        }
    }
}

#[test]
fn what_follows_an_answer_is_nobody_s_answer() {
    let fixture = Fixture::new("http-surplus", Backend::start(answer));
    for (n, (bytes, status)) in NO_CONTENT.iter().enumerate() {
        for _ in 0..3 {
            let got = get(&fixture, &format!("/through/none/{n}"));
            assert_eq!(got.status, *status, "{bytes:?}");
            let next = get(&fixture, "/through/next");
            assert_eq!((next.status, &*next.body), (200, b"good".as_slice()), "after {bytes:?}");
        }
    }
}

#[test]
fn a_long_answer_that_breaks_off_does_not_end_well() {
    let fixture = Fixture::new("http-broken", Backend::start(answer));
    for (path, expect) in [
        ("/through/chunked", (502, true)),
        ("/mapped/chunked", (502, true)),
        // The client already has its head.
        ("/through/sized", (200, false)),
        ("/mapped/sized", (502, true)),
    ] {
        let got = get(&fixture, path);
        assert_eq!((got.status, got.is_whole), expect, "{path}");
    }
}

/// Accepted only if rules are relaxed.
const LAX: &[&str] = &[
    "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
];

#[test]
fn relaxed_points_are_taken_of_backends() {
    let settings = "[http]\nrelax = [\"backend-bare-line-feed\", \"backend-repeated-content-length\", \
                    \"backend-content-length-with-chunked\"]\n";
    let backend = Backend::start(|request| {
        let n: usize = request.target.strip_prefix("/safe/").unwrap().parse().unwrap();
        (LAX[n].as_bytes().to_vec(), false)
    });
    let fixture = Fixture::with_settings("http-lax", backend, settings);
    for (n, bytes) in LAX.iter().enumerate() {
        for _ in 0..2 {
            let got = get(&fixture, &format!("/through/{n}"));
            assert_eq!((got.status, &*got.body), (200, b"ok".as_slice()), "{bytes:?}: {got:?}");
        }
    }
}
