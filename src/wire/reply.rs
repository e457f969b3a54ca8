//! What a handler answers, before a protocol writes it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::{ApiError, Code};
use crate::connect::Body;

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status, where it isn't the operation's own.
    pub status: Option<u16>,
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
    /// Bytes that are still to come, with a media type of their own.
    Stream {
        /// The media type.
        content_type: HeaderValue,
        /// The bytes, which one response has.
        body: Arc<Mutex<Option<Body>>>,
    },
}

impl ReplyBody {
    /// Bytes that are still to come.
    pub fn stream(content_type: HeaderValue, body: Body) -> Self {
        Self::Stream { content_type, body: Arc::new(Mutex::new(Some(body))) }
    }

    /// The bytes of [`Self::Stream`]; none for whoever asks again.
    pub(super) fn take(body: &Mutex<Option<Body>>) -> Body {
        body.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(crate::connect::empty)
    }
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
        Ok(Reply { status: None, headers: Vec::new(), body })
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
        Self { status: None, headers: Vec::new(), body: ReplyBody::Raw { content_type, bytes: bytes.into() } }
    }
}
