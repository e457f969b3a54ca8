//! The result of a handler, before a protocol writes it.

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
    /// Headers in addition to those of every response.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: ReplyBody,
}

/// The body of a [`Reply`].
#[derive(Clone, Debug)]
pub enum ReplyBody {
    /// No output: `{}` in AWS JSON, nothing in rest-json.
    Empty,
    /// The output as JSON; protocols without JSON convert it.
    Json(Bytes),
    /// Bytes with their own media type.
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

/// The possible output types of [`handler`](super::operation::handler).
pub trait Output {
    /// Writes the output.
    fn reply(&self) -> Result<Reply, ApiError>;
}

impl<T: Serialize> Output for T {
    fn reply(&self) -> Result<Reply, ApiError> {
        let body = crate::json::to_vec(self).map_err(|_| ApiError::bare(Code::InternalFailure))?;
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
    /// Converts `output`: `()` becomes an empty reply, a `Reply` stays itself, anything else becomes JSON.
    pub fn of<T: Output>(output: &T) -> Result<Self, ApiError> {
        output.reply()
    }

    /// Bytes with their own media type.
    pub fn raw(content_type: HeaderValue, bytes: impl Into<Bytes>) -> Self {
        Self { status: None, headers: Vec::new(), body: ReplyBody::Raw { content_type, bytes: bytes.into() } }
    }
}
