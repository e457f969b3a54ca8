//! The source of a mapped value: `method.request.header.X`, `integration.response.body.a.b`, `'literal'`, …
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::payload::{NotJson, Payload};
use crate::apis::Variable;
use crate::gateway::context::Context;
use crate::json;
use crate::jsonpath::Path;

/// A compiled source expression.
#[derive(Debug)]
pub(crate) enum Source {
    /// `'text'`.
    Literal(String),
    /// `method.request.path.NAME`.
    Path(String),
    /// `method.request.querystring.NAME`: the last value.
    Query(String),
    /// `method.request.multivaluequerystring.NAME`: all values.
    MultiQuery(String),
    /// `method.request.header.NAME`: the last value.
    Header(HeaderName),
    /// `method.request.multivalueheader.NAME`: all values.
    MultiHeader(HeaderName),
    /// `method.request.body`, or a path into it.
    Body(Option<Path>),
    /// `integration.response.header.NAME`: the last value.
    ResponseHeader(HeaderName),
    /// `integration.response.multivalueheader.NAME`: all values.
    ResponseMultiHeader(HeaderName),
    /// `integration.response.body`, or a path into it.
    ResponseBody(Option<Path>),
    /// `stageVariables.NAME`.
    StageVariable(String),
    /// `context.NAME`; `None` for a member that doesn't exist.
    Context(Option<Variable>),
    /// `context.authorizer.NAME`: from the authorizer's result.
    Authorizer(String),
}

impl Source {
    /// Whether this is `$context`'s `variable`.
    pub(crate) fn is_variable(&self, variable: Variable) -> bool {
        matches!(self, Self::Context(Some(own)) if *own == variable)
    }

    /// Whether reading this parses the request's body.
    pub(crate) fn parses_request(&self) -> bool {
        matches!(self, Self::Body(Some(_)))
    }

    /// Whether reading this parses the integration's body.
    pub(crate) fn parses_reply(&self) -> bool {
        matches!(self, Self::ResponseBody(Some(_)))
    }
}

/// Why an expression is not a valid source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SourceError(String);

/// The value of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mapped<'a> {
    /// No value, or the empty string: the target is left out.
    Nothing,
    /// One value.
    One(Cow<'a, str>),
    /// Several values, in order.
    Many(Vec<Cow<'a, str>>),
}

/// What sources read from.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) context: &'a Context,
    /// The method request's body.
    pub(crate) request: &'a Payload,
    /// The integration response's headers and body, if it has arrived.
    pub(crate) response: Option<(&'a HeaderMap, &'a Payload)>,
}

impl Source {
    /// Compiles an expression.
    pub(crate) fn parse(expression: &str) -> Result<Self, SourceError> {
        let error = || SourceError(expression.to_owned());
        if let Some(literal) = expression.strip_prefix('\'') {
            return literal.strip_suffix('\'').map(|text| Self::Literal(text.to_owned())).ok_or_else(error);
        }
        if let Some(name) = expression.strip_prefix("context.") {
            return Ok(match name.strip_prefix("authorizer.") {
                Some(name) => Self::Authorizer(name.to_owned()),
                None => Self::Context(Variable::parse(name)),
            });
        }
        if let Some(name) = expression.strip_prefix("stageVariables.") {
            return Ok(Self::StageVariable(name.to_owned()));
        }
        if let Some(place) = expression.strip_prefix("method.request.") {
            return Self::of_request(place).ok_or_else(error);
        }
        if let Some(place) = expression.strip_prefix("integration.response.") {
            return Self::of_response(place).ok_or_else(error);
        }
        Err(error())
    }

    fn of_request(place: &str) -> Option<Self> {
        let (kind, name) = place.split_once('.').unwrap_or((place, ""));
        Some(match kind {
            "body" => Self::Body(body_path(name)?),
            _ if name.is_empty() => return None,
            "path" => Self::Path(name.to_owned()),
            "querystring" => Self::Query(name.to_owned()),
            "multivaluequerystring" => Self::MultiQuery(name.to_owned()),
            "header" => Self::Header(HeaderName::try_from(name).ok()?),
            "multivalueheader" => Self::MultiHeader(HeaderName::try_from(name).ok()?),
            _ => return None,
        })
    }

    fn of_response(place: &str) -> Option<Self> {
        let (kind, name) = place.split_once('.').unwrap_or((place, ""));
        Some(match kind {
            "body" => Self::ResponseBody(body_path(name)?),
            "header" => Self::ResponseHeader(HeaderName::try_from(name).ok()?),
            "multivalueheader" => Self::ResponseMultiHeader(HeaderName::try_from(name).ok()?),
            _ => return None,
        })
    }

    /// Reads the value. Fails only if a body has to be JSON and isn't.
    pub(crate) fn read<'a>(&'a self, facts: Facts<'a>) -> Result<Mapped<'a>, NotJson> {
        let context = facts.context;
        Ok(match self {
            Self::Literal(text) => one(Some(Cow::Borrowed(text))),
            Self::Path(name) => one(context.path_parameter(name).map(Cow::Borrowed)),
            Self::Query(name) => one(context.query().last(name).map(Cow::Borrowed)),
            Self::MultiQuery(name) => many(context.query().all(name).map(Cow::Borrowed)),
            Self::Header(name) => one(context.header(name.as_str())),
            Self::MultiHeader(name) => match context.header(name.as_str()) {
                Some(_) => many(header_values(&context.headers, name)),
                None => Mapped::Nothing,
            },
            Self::Body(path) => read_body(facts.request, path.as_ref())?,
            Self::ResponseHeader(name) => {
                one(facts.response.and_then(|(headers, _)| header_values(headers, name).last()))
            }
            Self::ResponseMultiHeader(name) => match facts.response {
                Some((headers, _)) => many(header_values(headers, name)),
                None => Mapped::Nothing,
            },
            Self::ResponseBody(path) => match facts.response {
                Some((_, payload)) => read_body(payload, path.as_ref())?,
                None => Mapped::Nothing,
            },
            Self::StageVariable(name) => one(context.stage_variable(name).map(Cow::Borrowed)),
            Self::Authorizer(name) => one(context.authorizer_member(name)),
            Self::Context(variable) => one(variable.and_then(|variable| context.variable(variable))),
        })
    }
}

impl<'a> Mapped<'a> {
    /// The values as one string, joined like header values.
    pub(crate) fn joined(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Nothing => None,
            Self::One(value) => Some(value),
            Self::Many(values) => Some(Cow::Owned(values.join(","))),
        }
    }

    /// The values one by one.
    pub(crate) fn into_values(self) -> Vec<Cow<'a, str>> {
        match self {
            Self::Nothing => Vec::new(),
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

fn one(value: Option<Cow<'_, str>>) -> Mapped<'_> {
    value.filter(|value| !value.is_empty()).map_or(Mapped::Nothing, Mapped::One)
}

fn many<'a>(values: impl Iterator<Item = Cow<'a, str>>) -> Mapped<'a> {
    let values: Vec<_> = values.collect();
    if values.is_empty() { Mapped::Nothing } else { Mapped::Many(values) }
}

fn header_values<'a>(
    headers: &'a HeaderMap,
    name: &'a HeaderName,
) -> impl DoubleEndedIterator<Item = Cow<'a, str>> {
    headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()))
}

/// The part after `body.`: a JSONPath without its `$.`. Empty means the whole body.
#[allow(clippy::option_option)] // No path, the whole body, or a path into it.
fn body_path(text: &str) -> Option<Option<Path>> {
    if text.is_empty() {
        return Some(None);
    }
    let whole = if text.starts_with('$') { text.to_owned() } else { format!("$.{text}") };
    Path::compile(&whole).ok().map(Some)
}

/// AWS parses a body only if it begins like JSON; other bodies have no members.
fn read_body<'a>(payload: &'a Payload, path: Option<&Path>) -> Result<Mapped<'a>, NotJson> {
    let Some(path) = path else {
        return Ok(one(Some(String::from_utf8_lossy(payload.bytes()))));
    };
    let first = payload.bytes().iter().find(|b| !b.is_ascii_whitespace());
    if !first.is_some_and(|b| matches!(b, b'{' | b'[' | b'"' | b'\'')) {
        return Ok(Mapped::Nothing);
    }
    let Some(document) = payload.json()? else { return Ok(Mapped::Nothing) };
    // A path that finds nothing is a missing value, not an error.
    let Ok(value) = path.read(document) else { return Ok(Mapped::Nothing) };
    Ok(one(match &*value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Owned(text.clone())),
        other => Some(Cow::Owned(json::compact(other))),
    }))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::clock::{SeededIds, Timestamp, VirtualClock};
    use crate::gateway::address::{Target, TargetApi};
    use crate::gateway::peer::Peer;
    use crate::identity::TargetUri;

    fn context() -> Context {
        let request = http::Request::get("/dev/x?q=1&q=2&e=")
            .header("x-two", "a")
            .header("x-two", "b")
            .header("content-md5", "hidden");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let target = Target {
            api: TargetApi::Named("abc".into()),
            stage: "dev".into(),
            path: "/x".to_owned(),
            custom_domain: None,
        };
        let peer = Peer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None, is_secure: false };
        let clock = VirtualClock::new(Timestamp::EPOCH);
        let mut context = Context::new(parts, uri, target, peer, &clock, &SeededIds::new(1));
        context.path_parameters = vec![("id".into(), "4%202".to_owned())];
        context
    }

    fn check(source: &str, body: &'static str, expect: &[&str]) {
        let (context, payload) = (context(), Payload::new(body.into()));
        let source = Source::parse(source).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-back", "end".parse().unwrap());
        let facts = Facts { context: &context, request: &payload, response: Some((&headers, &payload)) };
        assert_eq!(source.read(facts).unwrap().into_values(), expect, "{source:?} over {body}");
    }

    #[test]
    fn each_place_has_its_value() {
        check("'it is'", "", &["it is"]);
        check("method.request.path.id", "", &["4%202"]);
        check("method.request.querystring.q", "", &["2"]);
        check("method.request.multivaluequerystring.q", "", &["1", "2"]);
        check("method.request.header.X-Two", "", &["b"]);
        check("method.request.multivalueheader.x-two", "", &["a", "b"]);
        check("integration.response.header.X-Back", "", &["end"]);
        check("integration.response.multivalueheader.x-back", "", &["end"]);
        check("context.httpMethod", "", &["GET"]);
        check("method.request.body", "whole", &["whole"]);
        check("integration.response.body", "whole", &["whole"]);
    }

    #[test]
    fn what_is_missing_or_empty_is_left_out() {
        for source in [
            "''",
            "method.request.path.no",
            "method.request.querystring.e",
            "method.request.header.no",
            "method.request.header.content-md5",
            "method.request.multivalueheader.no",
            "stageVariables.no",
            "context.no.such",
            "context.identity.user",
            "method.request.body.a",
            "method.request.body",
        ] {
            check(source, "", &[]);
        }
        check("method.request.body.a", "text without members", &[]);
    }

    #[test]
    fn a_body_that_begins_like_json_must_be_json() {
        let (context, payload) = (context(), Payload::new("{broken".into()));
        let facts = Facts { context: &context, request: &payload, response: None };
        assert!(Source::parse("method.request.body.a").unwrap().read(facts).is_err());
    }

    #[test]
    fn members_of_bodies_are_text_or_json() {
        let body = r#"{"a":{"b":"x","n":1.5,"none":null,"list":[1,"2"]}}"#;
        check("method.request.body.a.b", body, &["x"]);
        check("integration.response.body.a.n", body, &["1.5"]);
        check("method.request.body.a.list", body, &[r#"[1,"2"]"#]);
        check("method.request.body.a.none", body, &[]);
        check("method.request.body.a.nope", body, &[]);
        check("method.request.body.$.a.b", body, &["x"]);
    }

    #[test]
    fn other_expressions_are_errors() {
        for bad in [
            "",
            "'open",
            "text",
            "method.request",
            "method.request.cookie.a",
            "method.request.header",
            "method.request.header.a b",
            "integration.response.path.a",
            "$context.stage",
        ] {
            assert!(Source::parse(bad).is_err(), "{bad}");
        }
    }
}
