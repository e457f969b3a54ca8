//! rest-json: members in path, query, headers and a JSON body.

use std::collections::HashSet;

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{Decoded, aws_json, media_type, response, routes, value_of_text};
use crate::connect::Response;
use crate::identity::TargetUri;
use crate::wire::{ApiError, Code, Location, Operation, Protocol, Reply, ReplyBody, Route, Shape};

/// The input, collected from the locations of its members.
pub(super) fn decode(
    operation: &Operation,
    target: &TargetUri,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Decoded, ApiError> {
    let members = operation.input.members;
    let takes_payload = members.iter().any(|member| member.location.is_payload());
    let (mut input, payload) = if takes_payload {
        (Map::new(), body)
    } else if members.iter().any(|member| member.location == Location::Body) {
        (body_members(&body)?, Bytes::new())
    } else {
        (Map::new(), Bytes::new())
    };

    let Route::Rest { uri, .. } = operation.route else {
        return Err(ApiError::bare(Code::UnknownOperation));
    };
    let labels = routes::labels(uri, target.path());
    let query = target.query().pairs();
    let named: HashSet<&str> = members
        .iter()
        .filter_map(|member| match member.location {
            Location::Query(name) => Some(name),
            Location::Body
            | Location::Uri(_)
            | Location::QueryMap
            | Location::Header(_)
            | Location::HeaderMap(_)
            | Location::Payload
            | Location::RawPayload
            | Location::Stream => None,
        })
        .collect();
    for member in members {
        let values =
            |name: &str| query.iter().filter(|(key, _)| key == name).map(|(_, v)| v.as_str()).collect();
        let value = match member.location {
            Location::Body
            | Location::Payload
            | Location::RawPayload
            | Location::Stream
            | Location::HeaderMap(_) => continue,
            Location::Uri(label) => match labels.iter().find(|(name, _)| *name == label) {
                Some((_, raw)) => Some(value_of_text(&member.shape, &decoded_label(raw)?)),
                None => None,
            },
            Location::Query(name) => value_of_query(&member.shape, values(name)),
            Location::QueryMap => {
                // To every other operation, the parameter that selects an operation is an ordinary one.
                let rest = query.iter().filter(|(name, _)| {
                    !named.contains(name.as_str())
                        && routes::discriminator(uri).is_none_or(|(n, _)| n != name)
                });
                let map: Map<String, Value> =
                    rest.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
                (!map.is_empty()).then_some(Value::Object(map))
            }
            Location::Header(name) => {
                let header = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
                header.map(|text| value_of_text(&member.shape, &text))
            }
        };
        // A body can't replace what belongs in the path or the query.
        input.remove(member.name);
        if let Some(value) = value {
            input.insert(member.name.to_owned(), value);
        }
    }
    Ok(Decoded { input: Value::Object(input), payload })
}

fn body_members(body: &Bytes) -> Result<Map<String, Value>, ApiError> {
    match aws_json::decode(body)? {
        Value::Object(members) => Ok(members),
        Value::Null => Ok(Map::new()),
        Value::Array(_) => Err(ApiError::new(Code::Serialization, "Start of list found where not expected")),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(ApiError::new(Code::Serialization, "Expected map or null"))
        }
    }
}

fn decoded_label(raw: &str) -> Result<String, ApiError> {
    let invalid = |_| ApiError::new(Code::Serialization, "the path is not UTF-8");
    percent_decode_str(raw).decode_utf8().map(std::borrow::Cow::into_owned).map_err(invalid)
}

fn value_of_query(shape: &Shape, values: Vec<&str>) -> Option<Value> {
    if let Shape::List(item, _) = shape {
        return (!values.is_empty())
            .then(|| values.into_iter().map(|value| value_of_text(item, value)).collect());
    }
    values.first().map(|value| value_of_text(shape, value))
}

pub(super) fn reply(operation: &Operation, reply: &Reply) -> Response {
    let own = match operation.route {
        Route::Rest { status, .. } => status,
        Route::Target | Route::Action => 200,
    };
    let status = reply.status.unwrap_or(own);
    let json = media_type(Protocol::RestJson);
    match &reply.body {
        ReplyBody::Empty => response(status, None, json),
        ReplyBody::Json(body) => response(status, Some(body.clone()), json),
        ReplyBody::Raw { content_type, bytes } => response(status, Some(bytes.clone()), content_type.clone()),
        ReplyBody::Stream { content_type, body } => {
            response(status, Some(Bytes::new()), content_type.clone()).map(|_| ReplyBody::take(body))
        }
    }
}
