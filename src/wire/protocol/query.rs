//! AWS query: a form in, XML out.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{form_and_query, media_type, response, value_of_text, xml};
use crate::connect::Response;
use crate::identity::TargetUri;
use crate::wire::{ApiError, Operation, Protocol, Reply, ReplyBody, Shape, Structure};

/// The most parameters of a request; further ones are ignored.
const PARAMETERS_MAX: usize = 4_096;

/// The input: members by their flattened names, such as `Tags.member.1.Key`.
pub(super) fn decode(operation: &Operation, uri: &TargetUri, body: &[u8]) -> Value {
    let mut form = HashMap::new();
    for (name, value) in form_and_query(body, uri).into_iter().take(PARAMETERS_MAX) {
        form.entry(name).or_insert(value);
    }
    structure(operation.input, &form, "").unwrap_or_else(|| Value::Object(Map::new()))
}

fn structure(shape: &Structure, form: &HashMap<String, String>, prefix: &str) -> Option<Value> {
    let members = shape.members.iter().filter_map(|member| {
        let name = format!("{prefix}{}", member.name);
        Some((member.name.to_owned(), value(&member.shape, form, &name)?))
    });
    let members: Map<String, Value> = members.collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

fn value(shape: &Shape, form: &HashMap<String, String>, name: &str) -> Option<Value> {
    match shape {
        Shape::List(item, _) => {
            let items = (1..=form.len()).map_while(|n| value(item, form, &format!("{name}.member.{n}")));
            let items: Vec<Value> = items.collect();
            // An empty list is sent as the bare name.
            (!items.is_empty() || form.contains_key(name)).then_some(Value::Array(items))
        }
        Shape::Map(_, item, _) => {
            let entries = (1..=form.len()).map_while(|n| {
                let key = form.get(&format!("{name}.entry.{n}.key"))?.clone();
                Some((key, value(item, form, &format!("{name}.entry.{n}.value"))?))
            });
            let entries: Map<String, Value> = entries.collect();
            (!entries.is_empty()).then_some(Value::Object(entries))
        }
        Shape::Structure(shape) => structure(shape, form, &format!("{name}.")),
        Shape::String(..)
        | Shape::ByteString(_)
        | Shape::Enum(_)
        | Shape::Integer(_)
        | Shape::Long(_)
        | Shape::Float(_)
        | Shape::Boolean
        | Shape::Timestamp
        | Shape::Blob => form.get(name).map(|text| value_of_text(shape, text)),
    }
}

pub(super) fn reply(operation: &Operation, xmlns: &str, reply: &Reply, request_id: &str) -> Response {
    let name = operation.name;
    let result = match &reply.body {
        // No operation of this protocol streams.
        ReplyBody::Empty | ReplyBody::Stream { .. } => None,
        // The handler has just written this, so it parses.
        ReplyBody::Json(json) | ReplyBody::Raw { bytes: json, .. } => {
            serde_json::from_slice::<Value>(json).ok()
        }
    };
    let mut out = format!("<{name}Response xmlns=\"{xmlns}\">\n");
    if let Some(result) = result {
        xml::element(&mut out, &format!("{name}Result"), &result);
    }
    out.push_str("<ResponseMetadata>");
    xml::element(&mut out, "RequestId", &request_id.into());
    out.push_str("</ResponseMetadata>\n");
    out.push_str(&format!("</{name}Response>\n"));
    response(200, Some(out.into()), media_type(Protocol::QUERY))
}

/// The body of an error.
pub(super) fn error(error: &ApiError, request_id: &str) -> String {
    let fault = if error.status(Protocol::QUERY) < 500 { "Sender" } else { "Receiver" };
    let mut out = String::from("<ErrorResponse>\n<Error>");
    xml::element(&mut out, "Type", &fault.into());
    xml::element(&mut out, "Code", &error.code.query_name.into());
    xml::element(&mut out, "Message", &error.message.as_deref().unwrap_or_default().into());
    out.push_str("</Error>\n");
    xml::element(&mut out, "RequestId", &request_id.into());
    out.push_str("</ErrorResponse>\n");
    out
}
