//! HTTP/1.1 framing: the same bytes are accepted and refused however they are split.

use stepgate::connect::http1::{Lenience, Reading, Refused, Side};

pub(crate) fn execute(text: &str) {
    let bytes = text.as_bytes();
    for side in [Side::Requests, Side::Answers] {
        let whole = follow(bytes, side, bytes.len());
        for size in [1, 3, 24] {
            assert_eq!(follow(bytes, side, size), whole, "pieces of {size} bytes are read differently");
        }
        assert!(whole.0 <= bytes.len());
    }
}

/// How many bytes are accepted, and what is wrong with the next one.
fn follow(bytes: &[u8], side: Side, size: usize) -> (usize, Option<Refused>) {
    let mut reading = Reading::new(side, Lenience::default());
    // Responses, to one request.
    reading.await_answer(false);
    let (mut good, mut there) = (0, 0);
    while there < bytes.len() && reading.refused().is_none() && !reading.is_spoilt() {
        there = bytes.len().min(there + size.max(1));
        good += reading.follow(&bytes[good..there]);
    }
    (good, reading.refused())
}

pub(crate) const WORDS: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "POST /a HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 204 No\r\n",
    "Host: a\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "0\r\nx: y\r\n\r\n",
    ";a=b",
    " ",
    "\t",
    "\0",
    ":",
    ",",
    "#",
    "chunked",
    "gzip, ",
    "é",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];
