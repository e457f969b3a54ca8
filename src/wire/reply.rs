//! What a handler answers, before a protocol writes it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::{ApiError, Code};

/// A successful answer. Its status is the operation's own.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Headers besides those that every answer has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: ReplyBody,
}

/// The body of a [`Reply`].
#[derive(Clone, Debug)]
pub enum ReplyBody {
    /// No output: `{}` in AWS JSON, nothing in rest-json.
    Empty,
    /// The output as JSON; protocols that don't speak JSON translate it.
    Json(Bytes),
    /// Bytes with a media type of their own.
    Raw {
        /// The media type.
        content_type: HeaderValue,
        /// The bytes.
        bytes: Bytes,
    },
}

/// What [`handler`](super::operation::handler) takes as an output.
pub trait Output {
    /// Writes it.
    fn reply(&self) -> Result<Reply, ApiError>;
}

impl<T: Serialize> Output for T {
    fn reply(&self) -> Result<Reply, ApiError> {
        let body = serde_json::to_vec(self).map_err(|_| ApiError::bare(Code::InternalFailure))?;
        let body = if body == b"null" { ReplyBody::Empty } else { ReplyBody::Json(body.into()) };
        Ok(Reply { headers: Vec::new(), body })
    }
}

impl Output for Reply {
    fn reply(&self) -> Result<Reply, ApiError> {
        Ok(self.clone())
    }
}

impl Reply {
    /// Writes `output`: `()` is an empty answer, a `Reply` is itself, anything else is JSON.
    pub fn of<T: Output>(output: &T) -> Result<Self, ApiError> {
        output.reply()
    }

    /// Bytes with a media type of their own.
    pub fn raw(content_type: HeaderValue, bytes: impl Into<Bytes>) -> Self {
        Self { headers: Vec::new(), body: ReplyBody::Raw { content_type, bytes: bytes.into() } }
    }
}
