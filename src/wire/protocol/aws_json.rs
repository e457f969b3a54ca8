//! AWS JSON 1.0 and 1.1: every call is `POST /` with an `X-Amz-Target`.

use bytes::Bytes;
use serde_json::Value;

use super::{media_type, response};
use crate::connect::Response;
use crate::wire::error::Origin;
use crate::wire::{ApiError, Code, Protocol, Reply, ReplyBody};

/// The input: the body; an empty one counts as `{}`.
pub(crate) fn decode(body: &Bytes) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| {
        // The parser's message says where; AWS's error has no message.
        ApiError::new(Code::Serialization, format!("the request body is not valid JSON: {error}"))
    })
}

pub(super) fn reply(protocol: Protocol, reply: &Reply) -> Response {
    let (body, content_type) = match &reply.body {
        ReplyBody::Empty => (Bytes::from_static(b"{}"), media_type(protocol)),
        ReplyBody::Json(body) => (body.clone(), media_type(protocol)),
        ReplyBody::Raw { content_type, bytes } => (bytes.clone(), content_type.clone()),
        // No operation of these protocols has one.
        ReplyBody::Stream { content_type, .. } => (Bytes::new(), content_type.clone()),
    };
    response(200, Some(body), content_type)
}

/// The prefix of a code in `__type`.
pub(super) fn namespace(protocol: Protocol, code: Code) -> &'static str {
    match (protocol, code.origin) {
        (Protocol::Json10(names), Origin::Model) => names.error_namespace,
        (Protocol::Json10(_), Origin::Validate) => "com.amazon.coral.validate#",
        (Protocol::Json10(_), Origin::Service) => "com.amazon.coral.service#",
        // Services of 1.1 leave it out.
        (Protocol::Json11(_) | Protocol::RestJson | Protocol::RestXml { .. } | Protocol::Query { .. }, _) => {
            ""
        }
    }
}
