//! One connection of a runtime to the Runtime API, or its line, out of bytes: what fuzzing needs of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{mpsc, oneshot};

use super::line;
use super::runtime_api::{Job, Peer, Reported, RuntimeApi};
use crate::functions::invocation::{Invocation, PAYLOAD_BYTES_MAX, Payload};

/// The id of the one event that there is.
const REQUEST_ID: &str = "id";
/// Bytes on their way to the runtime.
const BUFFER_BYTES: usize = 64 * 1024;

/// How long the connection stays open after its last byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of the bytes of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversation {
    /// The event was not taken, or not answered.
    Unanswered,
    /// The handler's answer.
    Answered(Vec<u8>),
    /// The handler's error: its name and details.
    Failed(String, Vec<u8>),
    /// A streamed answer: its media type, what of it came, and whether it broke off.
    Streamed(String, Vec<u8>, bool),
}

#[cfg(test)]
impl Conversation {
    fn answer(&self) -> Option<&[u8]> {
        match self {
            Self::Answered(answer) => Some(answer),
            Self::Unanswered | Self::Failed(..) | Self::Streamed(..) => None,
        }
    }
}

/// Gives `pieces` to the Runtime API of an instance, as one connection of its runtime, while one event with the id `id`
/// waits; and lets the connection end when nothing more comes of them.
///
/// To be called where time is paused: it goes on as soon as nothing else does.
pub async fn converse(pieces: &[&[u8]]) -> Conversation {
    converse_by(pieces, |api, theirs| api.converse(theirs, Peer::STAYS)).await
}

/// The same, as the line of an instance.
pub async fn converse_on_line(pieces: &[&[u8]]) -> Conversation {
    converse_by(pieces, line::serve).await
}

async fn converse_by<F: Future<Output = ()>>(
    pieces: &[&[u8]],
    serve: impl FnOnce(Arc<RuntimeApi>, DuplexStream) -> F,
) -> Conversation {
    let (jobs, waiting) = mpsc::channel(1);
    let (reply, answered) = oneshot::channel();
    let (taken, _is_taken) = oneshot::channel();
    let invocation =
        Invocation { request_id: REQUEST_ID.to_owned(), payload: "{}".into(), ..Invocation::default() };
    let job = Job { invocation, deadline_ms: 0, reply, taken };
    // There is room for it.
    let _ = jobs.try_send(job);
    // After it there is no other: who asks again is told that the instance ends.
    drop(jobs);
    let api = Arc::new(RuntimeApi::new("f", "$LATEST", waiting));
    let (own, theirs) = tokio::io::duplex(BUFFER_BYTES);
    let (mut reader, mut writer) = tokio::io::split(own);
    let serving = serve(api.clone(), theirs);
    let talking = async {
        for piece in pieces {
            // The server may have ended the connection.
            if writer.write_all(piece).await.is_err() || writer.flush().await.is_err() {
                break;
            }
        }
        // The end of a connection ends what it asked for.
        tokio::time::sleep(PATIENCE).await;
        let _ = writer.shutdown().await;
    };
    let listening = async {
        let mut buffer = [0; 4096];
        while reader.read(&mut buffer).await.is_ok_and(|n| 0 < n) {}
    };
    let hearing = async {
        match answered.await {
            Err(_) => Conversation::Unanswered,
            Ok(Reported::Answer(bytes)) => Conversation::Answered(bytes.to_vec()),
            Ok(Reported::Failed(details, name)) => Conversation::Failed(name, details.to_vec()),
            Ok(Reported::Stream(stream, _)) => {
                let content_type = stream.content_type.clone();
                let (bytes, broken) = Payload::Stream(stream).collect(PAYLOAD_BYTES_MAX).await;
                Conversation::Streamed(content_type, bytes.to_vec(), broken.is_some())
            }
        }
    };
    // A poll that waits behind bytes nobody reads doesn't see the end of its connection: the end of the instance ends it.
    // What the API still holds of the event goes with it.
    let serving = async move {
        let _ = tokio::time::timeout(PATIENCE * 2, serving).await;
        drop(api);
    };
    let ((), (), (), conversation) = tokio::join!(serving, talking, listening, hearing);
    conversation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::invocation::ANSWER_BYTES_MAX;

    const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n\r\n";

    fn post(path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    async fn said(text: &str) -> Conversation {
        converse(&[text.as_bytes()]).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_answered_by_its_id_after_it_was_taken() {
        let answer = post("invocation/id/response", "", "[1]");
        assert_eq!(said(&format!("{NEXT}{answer}")).await, Conversation::Answered(b"[1]".to_vec()));
        assert_eq!(said(&answer).await, Conversation::Unanswered);
        let other = post("invocation/other/response", "", "[1]");
        assert_eq!(said(&format!("{NEXT}{other}")).await, Conversation::Unanswered);
        // Once.
        let twice = format!("{NEXT}{answer}{}", post("invocation/id/response", "", "[2]"));
        assert_eq!(said(&twice).await, Conversation::Answered(b"[1]".to_vec()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_and_what_breaks_off_is_told() {
        let failed = post("invocation/id/error", "Lambda-Runtime-Function-Error-Type: E\r\n", "no json");
        let details = br#"{"errorType":"E"}"#.to_vec();
        assert_eq!(said(&format!("{NEXT}{failed}")).await, Conversation::Failed("E".into(), details));
        let head = "POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nHost: a\r\n\
                    Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: text/x\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{NEXT}{head}3\r\nabc\r\n0\r\n\r\n");
        let streamed = |broken| Conversation::Streamed("text/x".into(), b"abc".to_vec(), broken);
        assert_eq!(said(&whole).await, streamed(false));
        assert_eq!(said(&format!("{NEXT}{head}3\r\nabc\r\n")).await, streamed(true));
        // However it is cut.
        for cut in 0..whole.len() {
            let (one, two) = whole.as_bytes().split_at(cut);
            assert_eq!(converse(&[one, two]).await, streamed(false), "{cut}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_that_is_no_request_does_anything() {
        for text in ["", "\0", "GET", "GET / HTTP/1.1\r\n\r\n", "POST /2018-06-01/runtime/x HTTP/1.1\r\n\r\n"]
        {
            assert_eq!(said(text).await, Conversation::Unanswered, "{text:?}");
        }
        // An extension that waits for its end has it with the connection.
        let waits = "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(said(waits).await, Conversation::Unanswered);
    }

    fn message(kind: char, told: &str) -> String {
        let length = u32::try_from(told.len()).unwrap().to_le_bytes();
        format!("{kind}{}{told}", String::from_utf8(length.to_vec()).unwrap())
    }

    async fn said_on_line(messages: &[(char, &str)]) -> Conversation {
        let text: String = messages.iter().map(|(kind, told)| message(*kind, told)).collect();
        converse_on_line(&[text.as_bytes()]).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_answers_an_event_once_after_it_was_taken() {
        let answered = Conversation::Answered(b"[1]".to_vec());
        assert_eq!(said_on_line(&[('N', ""), ('R', "[1]"), ('R', "[2]")]).await, answered);
        assert_eq!(said_on_line(&[('R', "[1]"), ('N', "")]).await, Conversation::Unanswered);
        let failed = |name: &str, details: &str| Conversation::Failed(name.into(), details.into());
        assert_eq!(said_on_line(&[('N', ""), ('E', "E\n{\"a\":1}")]).await, failed("E", "{\"a\":1}"));
        let unknown = r#"{"errorType":"Runtime.Unknown"}"#;
        for told in ["", "\n", "no line end"] {
            assert_eq!(said_on_line(&[('N', ""), ('E', told)]).await, failed("Runtime.Unknown", unknown));
        }
        // An error of the start belongs to no event.
        assert_eq!(said_on_line(&[('I', "E\n{}"), ('N', ""), ('R', "1")]).await.answer(), Some(&b"1"[..]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_streams_until_its_end_or_an_error() {
        let begun = [('N', ""), ('S', "text/x"), ('D', "ab"), ('D', ""), ('D', "c")];
        let streamed = |broken| Conversation::Streamed("text/x".into(), b"abc".to_vec(), broken);
        assert_eq!(said_on_line(&[&begun[..], &[('F', "")]].concat()).await, streamed(false));
        assert_eq!(said_on_line(&[&begun[..], &[('B', "E\n{}")]].concat()).await, streamed(true));
        // It may not end, or say what doesn't belong there.
        assert_eq!(said_on_line(&begun).await, streamed(true));
        assert_eq!(said_on_line(&[&begun[..], &[('R', "1")]].concat()).await, streamed(true));
        let whole: String =
            begun.iter().chain(&[('F', "")]).map(|(kind, told)| message(*kind, told)).collect();
        for cut in 0..whole.len() {
            let (one, two) = whole.as_bytes().split_at(cut);
            assert_eq!(converse_on_line(&[one, two]).await, streamed(false), "{cut}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_has_bounds() {
        let most = "x".repeat(ANSWER_BYTES_MAX);
        assert_eq!(said_on_line(&[('N', ""), ('R', &most)]).await.answer(), Some(most.as_bytes()));
        let more = said_on_line(&[('N', ""), ('R', &format!("{most}x"))]).await;
        assert!(matches!(more, Conversation::Failed(name, _) if name == "Function.ResponseSizeTooLarge"));
        // What is announced is not waited for, nor is there memory for it.
        for head in
            [b"NR\xff\xff\xff\xff".as_slice(), b"X\0\0\0\0", b"N\x01\0\0\0x", b"N\0\0\0\0S\x01\x04\0\0"]
        {
            assert_eq!(converse_on_line(&[head, b"xxx"]).await, Conversation::Unanswered, "{head:?}");
        }
    }
}
