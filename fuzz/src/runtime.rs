//! What a runtime says to the Runtime API of its instance, and on its line: the same however it is cut, and never more than
//! one answer.

use stepgate::functions::{Conversation, converse, converse_on_line};

pub(crate) fn execute(text: &str) {
    let bytes = text.as_bytes();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    let (one, two) = bytes.split_at(bytes.len() / 2);
    let whole = runtime.block_on(converse(&[bytes]));
    check(bytes, &whole, &runtime.block_on(converse(&[one, two])));
    let whole = runtime.block_on(converse_on_line(&[bytes]));
    check(bytes, &whole, &runtime.block_on(converse_on_line(&[one, two])));
}

fn check(bytes: &[u8], whole: &Conversation, cut: &Conversation) {
    if let Conversation::Answered(answer) | Conversation::Streamed(_, answer, _) = whole {
        assert!(answer.len() <= bytes.len(), "more was answered than said");
    }
    assert_eq!(cut, whole, "pieces are read differently");
}

pub(crate) const WORDS: &[&str] = &[
    "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nHost: a\r\n",
    "POST /2018-06-01/runtime/invocation/id/error HTTP/1.1\r\nHost: a\r\n",
    "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: a\r\n",
    "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: a\r\n",
    "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: a\r\n\r\n",
    "Lambda-Runtime-Function-Response-Mode: streaming\r\n",
    "Lambda-Runtime-Function-Error-Type: E\r\n",
    "Lambda-Runtime-Function-Error-Body: e30=\r\n",
    "Trailer: Lambda-Runtime-Function-Error-Type\r\n",
    "Expect: 100-continue\r\n",
    "Content-Type: text/plain\r\n",
    "Content-Length: 2\r\n\r\n{}",
    "Content-Length: 99999999999\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "0\r\nLambda-Runtime-Function-Error-Type: E\r\n\r\n",
    "Connection: close\r\n",
    "N\0\0\0\0",
    "R\x02\0\0\0{}",
    "E\x04\0\0\0E\n{}",
    "I\x04\0\0\0E\n{}",
    "S\x06\0\0\0text/x",
    "D\x03\0\0\0abc",
    "F\0\0\0\0",
    "B\x04\0\0\0E\n{}",
    "\r\n",
    "/",
    "id",
];
