//! What a gateway may forward and what not: RFC 9110 section 7.6, RFC 9112 section 9.

use crate::Fixture;
use crate::backend::{self, Answer, Backend, Received};
use crate::wire;

fn hop(_: &Received) -> Answer {
    let head = "HTTP/1.1 200 OK\r\nConnection: X-Hop, x-other\r\nX-Hop: 1\r\nX-Other: 2\r\nKeep-Alive: timeout=5\r\n\
                Proxy-Connection: keep-alive\r\nUpgrade: x\r\nTrailer: X-T\r\nX-Mine: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                2\r\nok\r\n0\r\nX-T: 1\r\n\r\n";
    (head.as_bytes().to_vec(), false)
}

#[test]
fn fields_of_a_connection_stay_there() {
    let fixture = Fixture::new("http-hops", Backend::start(hop));
    let request = format!(
        "GET {}/through/a HTTP/1.1\r\nHost: {}\r\nConnection: close, X-Secret\r\nConnection: te,x-more\r\nX-Secret: 1\r\n\
         X-More: 2\r\nTE: trailers\r\nTrailer: x\r\nKeep-Alive: 1\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAAQAAP__\r\nX-Mine: 3\r\nMax-Forwards: 5\r\nExpect: 100-continue\r\n\r\n",
        fixture.stage, fixture.server.address
    );
    let (answer, _) = wire::exchange(&fixture.server.address, request.as_bytes(), false);
    let answers = wire::answers(&answer, &[]).unwrap();
    assert_eq!((answers.len(), answers[0].status, &*answers[0].body), (1, 200, b"ok".as_slice()));
    for name in [
        "x-hop",
        "x-other",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "trailer",
        "x-t",
        "transfer-encoding",
    ] {
        assert_eq!(answers[0].field(name), None, "{name}");
    }
    assert_eq!((answers[0].field("x-mine"), answers[0].field("connection")), (Some("3"), Some("close")));
    let received = fixture.backend.take();
    assert_eq!(received[0].values("x-mine"), ["3"]);
    for name in [
        "x-secret",
        "x-more",
        "te",
        "trailer",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "http2-settings",
        "max-forwards",
        "expect",
        "connection",
        "transfer-encoding",
    ] {
        assert!(received[0].values(name).is_empty(), "{name}: {received:?}");
    }
}

#[test]
fn an_answer_made_here_is_framed_here() {
    let fixture = Fixture::new("http-statuses", Backend::start(backend::ok));
    let address = &fixture.server.address;
    for (status, want, body) in [
        (200, 200, "some text"),
        (204, 204, ""),
        (205, 205, ""),
        (304, 304, ""),
        (404, 404, "some text"),
        (100, 500, ""),
        (101, 500, ""),
        (103, 500, ""),
        (199, 500, ""),
    ] {
        let one = |method: &str, last: &str| {
            format!(
                "{method} {}/status/a?status={status} HTTP/1.1\r\nHost: {address}\r\n{last}\r\n",
                fixture.stage
            )
        };
        // The following request is answered as well, so the server counted the right number of bytes.
        let sent = one("GET", "Connection: upgrade\r\nUpgrade: x\r\n")
            + &one("HEAD", "")
            + &one("GET", "Connection: close\r\n");
        let (answer, is_closed) = wire::exchange(address, sent.as_bytes(), false);
        let answers = wire::answers(&answer, &[false, true, false]).unwrap();
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!((statuses, is_closed), (vec![want; 3], true), "{status}: {}", answer.escape_ascii());
        if want != 500 {
            assert_eq!(answers[0].body, body.as_bytes(), "{status}");
        }
        for answer in &answers {
            assert!(answer.field("upgrade").is_none() && answer.field("x-hop").is_none(), "{answer:?}");
        }
    }
}

#[test]
fn an_old_client_gets_no_chunks() {
    let fixture = Fixture::new(
        "http-old",
        Backend::start(|_| {
            (
                format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30000\r\n{}\r\n0\r\n\r\n",
                    "x".repeat(0x30000)
                )
                .into_bytes(),
                false,
            )
        }),
    );
    let request = format!("GET {}/through/a HTTP/1.0\r\n\r\n", fixture.stage);
    let (answer, _) = wire::exchange(&fixture.server.address, request.as_bytes(), false);
    let answers = wire::answers(&answer, &[]).unwrap();
    assert_eq!((answers[0].status, answers[0].body.len()), (200, 0x30000));
    assert_eq!(answers[0].field("transfer-encoding"), None);
}
