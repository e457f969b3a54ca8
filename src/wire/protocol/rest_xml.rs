//! REST-XML as S3 speaks it: a bucket in the host or the path, a key in the rest of the path, members in the query, in
//! headers and in XML.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{Decoded, media_type, response, value_of_text, xml};
use crate::connect::Response;
use crate::identity::TargetUri;
use crate::wire::xml::{Element, parse as parse_xml};
use crate::wire::{
    ApiError, Code, Location, Operation, Protocol, Reply, ReplyBody, Route, Service, Shape, Structure,
};

const MALFORMED_XML: Code = Code::model("MalformedXML", 400);
/// Endings of hosts that are this machine.
const LOCAL: [&str; 2] = [".localhost", ".localhost.localstack.cloud"];

/// What a request is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    bucket: Option<String>,
    key: Option<String>,
}

/// The bucket that a host names: `BUCKET.s3.REGION.amazonaws.com`, `BUCKET.localhost`.
pub(crate) fn host_bucket(host: &str) -> Option<&str> {
    let named = [".s3.", ".s3-"].iter().filter_map(|mark| host.find(mark)).min();
    let named = named.map(|end| &host[..end]).or_else(|| {
        let name = LOCAL.iter().find_map(|ending| host.strip_suffix(ending))?;
        (name != "s3" && !name.starts_with("s3.") && !name.starts_with("s3-")).then_some(name)
    });
    named.filter(|name| !name.is_empty())
}

fn place(uri: &TargetUri) -> Result<Place, ApiError> {
    let decoded = |raw: &str| {
        let decoded = percent_decode_str(raw).decode_utf8();
        decoded
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| ApiError::new(Code::model("InvalidURI", 400), "Couldn't parse the specified URI."))
    };
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let host = uri.host();
    let (bucket, key) = match host_bucket(&host) {
        Some(bucket) => (bucket.to_owned(), path),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (decoded(bucket)?, key)
        }
    };
    let key = decoded(key)?;
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(Place { bucket: some(bucket), key: some(key) })
}

/// The row of a request: of those for this method and place, the one that most of its parameters ask for.
pub(super) fn find(
    service: &Service,
    uri: &TargetUri,
    parts: &Parts,
) -> Result<&'static Operation, ApiError> {
    let place = place(uri)?;
    let is_asked_for = |mark: &str| {
        let (name, value) = mark.split_once('=').map_or((mark, None), |(name, value)| (name, Some(value)));
        match name.starts_with("x-amz-") {
            true => parts.headers.contains_key(name),
            false => uri.query().last(name).is_some_and(|found| value.is_none_or(|value| value == found)),
        }
    };
    let fits = |operation: &&Operation| {
        let Route::Rest { method, uri: template, .. } = operation.route else { return false };
        method == parts.method.as_str()
            && template.contains("{Bucket}") == place.bucket.is_some()
            && template.contains("{Key+}") == place.key.is_some()
            && marks(template).all(is_asked_for)
    };
    let found = service.operations.iter().filter(fits).max_by_key(|operation| match operation.route {
        Route::Rest { uri, .. } => marks(uri).count(),
        Route::Target | Route::Action => 0,
    });
    found.ok_or_else(|| {
        let text = "The specified method is not allowed against this resource.";
        ApiError::new(Code::model("MethodNotAllowed", 405), text)
    })
}

/// The parameters, and the headers, that tell an operation from others of its path.
fn marks(template: &'static str) -> impl Iterator<Item = &'static str> {
    template.split_once('?').into_iter().flat_map(|(_, marks)| marks.split('&'))
}

/// The input, collected from the locations of its members.
pub(super) fn decode(
    operation: &Operation,
    uri: &TargetUri,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Decoded, ApiError> {
    let Place { bucket, key } = place(uri)?;
    let members = operation.input.members;
    let mut input = Map::new();
    let takes_body = members.iter().any(|member| member.location == Location::Body);
    if takes_body && !body.is_empty() {
        let document = std::str::from_utf8(&body).ok().and_then(parse_xml);
        let document = document.ok_or_else(malformed)?;
        input = structure(operation.input, &document);
    }
    let query = uri.query();
    let is_presigned = !headers.contains_key(http::header::AUTHORIZATION);
    let header = |name: &str| {
        let found = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        // What is presigned may have S3's own headers as parameters.
        found.or_else(|| {
            let own = is_presigned && name.starts_with("x-amz-");
            own.then(|| query.pairs().iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
                .flatten()
                .map(|(_, value)| value.clone())
        })
    };
    for member in members {
        let value = match member.location {
            Location::Body | Location::Payload | Location::RawPayload | Location::Stream => continue,
            Location::Uri("Bucket") => bucket.clone().map(Value::from),
            Location::Uri(_) => key.clone().map(Value::from),
            Location::Query(name) => query.last(name).map(|text| value_of_text(&member.shape, text)),
            Location::QueryMap => None,
            Location::Header(name) => header(name).map(|text| value_of_text(&member.shape, &text)),
            Location::HeaderMap(prefix) => {
                let own = headers.keys().filter_map(|name| {
                    let rest = name.as_str().strip_prefix(prefix)?;
                    Some((rest.to_owned(), Value::from(header(name.as_str())?)))
                });
                let asked = query.pairs().iter().filter_map(|(name, value)| {
                    let name = name.to_ascii_lowercase();
                    let rest = name.strip_prefix(prefix).filter(|_| is_presigned)?;
                    Some((rest.to_owned(), Value::from(value.as_str())))
                });
                let map: Map<String, Value> = asked.chain(own).collect();
                (!map.is_empty()).then_some(Value::Object(map))
            }
        };
        input.remove(member.name);
        if let Some(value) = value {
            input.insert(member.name.to_owned(), value);
        }
    }
    let takes_payload = members.iter().any(|member| member.location.is_payload());
    let payload = if takes_payload { body } else { Bytes::new() };
    Ok(Decoded { input: Value::Object(input), payload })
}

fn malformed() -> ApiError {
    let text = "The XML you provided was not well-formed or did not validate against our published schema";
    ApiError::new(MALFORMED_XML, text)
}

/// The members of an element. Lists are elements of one name beside each other.
fn structure(shape: &Structure, element: &Element) -> Map<String, Value> {
    let members = shape.members.iter().filter(|member| member.location == Location::Body);
    let values = members.filter_map(|member| {
        let mut named = element.children.iter().filter(|child| child.name == member.name).peekable();
        named.peek()?;
        let value = match &member.shape {
            Shape::List(item, _) => named.map(|child| value(item, child)).collect(),
            shape => value(shape, named.next()?),
        };
        Some((member.name.to_owned(), value))
    });
    values.collect()
}

fn value(shape: &Shape, element: &Element) -> Value {
    match shape {
        Shape::Structure(shape) => Value::Object(structure(shape, element)),
        shape => value_of_text(shape, &element.text),
    }
}

pub(super) fn reply(operation: &Operation, xmlns: &str, reply: &Reply) -> Response {
    let own = match operation.route {
        Route::Rest { status, .. } => status,
        Route::Target | Route::Action => 200,
    };
    let status = reply.status.unwrap_or(own);
    let media = media_type(Protocol::RestXml { xmlns: "" });
    match &reply.body {
        ReplyBody::Empty => response(status, None, media),
        // The handler has just written this, so it parses.
        ReplyBody::Json(json) => {
            let value: Value = serde_json::from_slice(json).unwrap_or_default();
            response(status, Some(document(&value, xmlns).into()), media)
        }
        ReplyBody::Raw { content_type, bytes } => response(status, Some(bytes.clone()), content_type.clone()),
        ReplyBody::Stream { content_type, body } => {
            response(status, Some(Bytes::new()), content_type.clone()).map(|_| ReplyBody::take(body))
        }
    }
}

/// An object of one member as a document: its items' lists are elements of one name beside each other.
fn document(value: &Value, xmlns: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if let Some((name, value)) = value.as_object().and_then(|members| members.iter().next()) {
        out.push_str(&format!("<{name} xmlns=\"{xmlns}\">"));
        xml::content(&mut out, value);
        out.push_str(&format!("</{name}>"));
    }
    out
}

/// Names a call as S3 does.
pub(super) fn name_call(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amz-request-id", id);
    }
}

pub(super) fn error(error: &ApiError, request_id: &str) -> Response {
    let (code, status) = match error.code {
        Code::InternalFailure => ("InternalError", 500),
        Code::UnsupportedOperation => ("NotImplemented", 501),
        Code::ConstraintViolation | Code::Serialization => ("InvalidArgument", 400),
        Code::RequestEntityTooLarge => ("EntityTooLarge", 400),
        Code::UnknownOperation => ("MethodNotAllowed", 405),
        code => (code.query_name, code.status),
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    xml::element(&mut out, "Code", &code.into());
    xml::element(&mut out, "Message", &error.message.as_deref().unwrap_or(code).into());
    for (name, value) in &error.members {
        xml::element(&mut out, name, value);
    }
    xml::element(&mut out, "RequestId", &request_id.into());
    xml::element(&mut out, "HostId", &request_id.into());
    out.push_str("</Error>");
    let is_bodiless = matches!(status, 304 | 204);
    let body = (!is_bodiless).then(|| out.into());
    let mut response = response(status, body, media_type(Protocol::RestXml { xmlns: "" }));
    super::name_call(response.headers_mut(), request_id);
    name_call(response.headers_mut(), request_id);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_by_host_or_path() {
        for (host, path, bucket, key) in [
            ("localhost:4566", "/", None, None),
            ("localhost:4566", "/b", Some("b"), None),
            ("localhost:4566", "/b/", Some("b"), None),
            ("localhost:4566", "/b/a%20b//c", Some("b"), Some("a b//c")),
            ("localhost:4566", "/b//c", Some("b"), Some("/c")),
            ("127.0.0.1:4566", "/b/k+1", Some("b"), Some("k+1")),
            ("b.localhost:4566", "/", Some("b"), None),
            ("a.b.localhost:4566", "/k/l", Some("a.b"), Some("k/l")),
            ("s3.localhost:4566", "/b/k", Some("b"), Some("k")),
            ("s3.us-east-1.localhost", "/b/k", Some("b"), Some("k")),
            ("b.s3.localhost", "/k", Some("b"), Some("k")),
            ("b.s3.eu-west-1.amazonaws.com", "/k", Some("b"), Some("k")),
            ("b.s3-eu-west-1.amazonaws.com", "/k", Some("b"), Some("k")),
            ("s3.eu-west-1.amazonaws.com", "/b/k", Some("b"), Some("k")),
            ("b.s3.localhost.localstack.cloud:4566", "/k", Some("b"), Some("k")),
        ] {
            let request = http::Request::get(path).header("host", host);
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            let uri = TargetUri::take(&mut parts).unwrap();
            let want = Place { bucket: bucket.map(str::to_owned), key: key.map(str::to_owned) };
            assert_eq!(place(&uri).unwrap(), want, "{host}{path}");
        }
    }
}
