//! What a function is asked, and what it answers.

use bytes::Bytes;
use tokio::sync::mpsc;

/// The most bytes of an event, and of an answer that isn't streamed.
pub const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;
/// The most bytes of an event that is only handed over.
pub(crate) const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of a streamed answer.
pub(crate) const STREAM_BYTES_MAX: usize = 200 * 1024 * 1024;
/// What an answer may have beyond its quota, as AWS's texts say.
pub(crate) const ANSWER_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 100;

/// One call of a function.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// The call's id.
    pub request_id: String,
    /// The event, JSON.
    pub payload: Bytes,
    /// The ARN that it was called by.
    pub invoked_arn: String,
    /// What a mobile client says of itself: JSON.
    pub client_context: Option<String>,
    /// Who called with Amazon Cognito: JSON.
    pub cognito_identity: Option<String>,
    /// The header `X-Amzn-Trace-Id`.
    pub trace_id: Option<String>,
}

/// What a function answered.
#[derive(Debug)]
pub struct Answer {
    /// The version that ran: `$LATEST` or a number.
    pub executed_version: String,
    /// Whether it failed: `Unhandled`, and the payload says why.
    pub function_error: Option<&'static str>,
    /// The answer.
    pub payload: Payload,
    /// The last 4 KiB of what this invocation logged; nothing for a streamed answer.
    pub log_tail: String,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Payload {
    /// All of it.
    Whole(Bytes),
    /// Piece after piece.
    Stream(Stream),
}

/// A streamed answer.
#[derive(Debug)]
pub struct Stream {
    /// The media type that the function gave it.
    pub content_type: String,
    /// The pieces, until there are no more.
    pub pieces: mpsc::Receiver<Piece>,
}

/// A part of a streamed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes.
    Data(Bytes),
    /// The function failed after it had begun to answer; nothing follows.
    Failed {
        /// The error's name.
        error_type: String,
        /// What else it says, JSON.
        details: String,
    },
}

impl Payload {
    /// All of it, whichever way it comes, up to `max` bytes; and what broke it off.
    pub async fn collect(self, max: usize) -> (Bytes, Option<Piece>) {
        let mut stream = match self {
            Self::Whole(bytes) => return (bytes, None),
            Self::Stream(stream) => stream,
        };
        let mut whole = Vec::new();
        while let Some(piece) = stream.pieces.recv().await {
            match piece {
                Piece::Data(bytes) if whole.len() + bytes.len() <= max => whole.extend_from_slice(&bytes),
                Piece::Data(_) => return (Bytes::new(), Some(too_large())),
                failed @ Piece::Failed { .. } => return (whole.into(), Some(failed)),
            }
        }
        (whole.into(), None)
    }
}

/// What is said of an answer that is too large.
pub(crate) fn too_large() -> Piece {
    Piece::Failed {
        error_type: "Function.ResponseSizeTooLarge".to_owned(),
        details: format!(
            r#"{{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES_MAX} bytes)."}}"#
        ),
    }
}
