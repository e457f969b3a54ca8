//! Protocols: requests become operations with input, replies become responses.

pub(super) mod aws_json;
pub(super) mod query;
pub(super) mod rest_json;
pub(super) mod rest_xml;
mod routes;
pub(super) mod unserved;
mod xml;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

pub use self::routes::Routes;
use super::{ApiError, Operation, Protocol, Reply, Shape};
use crate::connect::{Response, empty, full};
use crate::identity::{Query, TargetUri};

/// The header with the request id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The header with the error type, for clients that don't read the body.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A parsed but unchecked request.
pub(super) struct Decoded {
    /// All members, under their own names.
    pub(super) input: Value,
    /// The body, for operations that take it unparsed.
    pub(super) payload: Bytes,
}

/// Reads the input of `operation`, which `routes` has found for this request.
pub(super) fn decode(
    operation: &Operation,
    uri: &TargetUri,
    parts: &Parts,
    body: Bytes,
) -> Result<Decoded, ApiError> {
    match operation.service.protocol {
        Protocol::Json10(_) | Protocol::Json11(_) => {
            Ok(Decoded { input: aws_json::decode(&body)?, payload: Bytes::new() })
        }
        Protocol::RestJson => rest_json::decode(operation, uri, &parts.headers, body),
        Protocol::RestXml { .. } => rest_xml::decode(operation, uri, &parts.headers, body),
        Protocol::Query { .. } => {
            Ok(Decoded { input: query::decode(operation, uri, &body), payload: Bytes::new() })
        }
    }
}

/// Writes a reply as a response.
pub(super) fn render_reply(operation: &Operation, reply: Reply, request_id: &str) -> Response {
    let protocol = operation.service.protocol;
    let mut response = match protocol {
        Protocol::Json10(_) | Protocol::Json11(_) => aws_json::reply(protocol, &reply),
        Protocol::RestJson => rest_json::reply(operation, &reply),
        Protocol::RestXml { xmlns } => rest_xml::reply(operation, xmlns, &reply),
        Protocol::Query { xmlns } => query::reply(operation, xmlns, &reply, request_id),
    };
    response.headers_mut().extend(reply.headers);
    name_call(response.headers_mut(), request_id);
    if matches!(protocol, Protocol::RestXml { .. }) {
        rest_xml::name_call(response.headers_mut(), request_id);
    }
    response
}

/// Writes an error as a response. If the service is unknown, `protocol` is used.
pub(super) fn render_error(protocol: Protocol, error: &ApiError, request_id: &str) -> Response {
    let body = match protocol {
        Protocol::RestXml { .. } => return rest_xml::error(error, request_id),
        Protocol::Json10(_) | Protocol::Json11(_) | Protocol::RestJson => error.json(protocol),
        Protocol::Query { .. } => query::error(error, request_id).into(),
    };
    let mut response = response(error.status(protocol), Some(body), media_type(protocol));
    let code = match protocol {
        Protocol::Json10(_) | Protocol::Json11(_) | Protocol::RestJson => error.code.name,
        Protocol::RestXml { .. } | Protocol::Query { .. } => error.code.query_name,
    };
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(code));
    name_call(response.headers_mut(), request_id);
    response
}

/// Writes an error as a response in JSON, whatever the service's protocol.
pub(super) fn render_json_error(protocol: Protocol, error: &ApiError, request_id: &str) -> Response {
    let json = media_type(Protocol::RestJson);
    let mut response = response(error.status(protocol), Some(error.json(protocol)), json);
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(error.code.name));
    name_call(response.headers_mut(), request_id);
    response
}

fn media_type(protocol: Protocol) -> HeaderValue {
    HeaderValue::from_static(match protocol {
        Protocol::Json10(_) => "application/x-amz-json-1.0",
        Protocol::Json11(_) => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::RestXml { .. } => "application/xml",
        Protocol::Query { .. } => "text/xml",
    })
}

fn response(status: u16, body: Option<Bytes>, content_type: HeaderValue) -> Response {
    let has_body = body.is_some();
    let mut response = Response::new(body.map_or_else(empty, full));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if has_body {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

pub(super) fn name_call(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

impl ApiError {
    /// Its HTTP status in `protocol`.
    pub fn status(&self, protocol: Protocol) -> u16 {
        match protocol {
            Protocol::Json10(_) | Protocol::Json11(_) => self.code.json_status,
            Protocol::RestJson | Protocol::RestXml { .. } | Protocol::Query { .. } => self.code.status,
        }
    }

    /// Its body in a JSON protocol.
    pub fn json(&self, protocol: Protocol) -> Bytes {
        let mut body = serde_json::Map::new();
        if protocol.target_prefix().is_some() {
            let typed = format!("{}{}", aws_json::namespace(protocol, self.code), self.code.name);
            body.insert("__type".to_owned(), typed.into());
        }
        if let Some(message) = &self.message {
            body.insert("message".to_owned(), message.as_ref().into());
        }
        body.extend(self.members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(body).to_string().into()
    }
}

/// A string from a path, query, header or form as a value of `shape`. What doesn't fit stays a string, which the check
/// then refuses.
fn value_of_text(shape: &Shape, text: &str) -> Value {
    let number = match shape {
        Shape::Integer(_) | Shape::Long(_) => text.parse::<i64>().ok().map(Value::from),
        Shape::Float(_) => text.parse::<f64>().ok().map(Value::from),
        Shape::Boolean => text.parse::<bool>().ok().map(Value::from),
        Shape::String(..)
        | Shape::ByteString(_)
        | Shape::Enum(_)
        | Shape::Timestamp
        | Shape::Blob
        | Shape::List(..)
        | Shape::Map(..)
        | Shape::Structure(_) => None,
    };
    number.unwrap_or_else(|| text.into())
}

/// The pairs of a form, which is parsed like a query string, followed by those of the query string.
fn form_and_query(body: &[u8], uri: &TargetUri) -> Vec<(String, String)> {
    let form = Query::parse(&String::from_utf8_lossy(body));
    form.pairs().iter().chain(uri.query().pairs()).cloned().collect()
}
