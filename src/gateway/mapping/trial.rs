//! Evaluates a mapping template by itself, without an API, for a made-up request.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value as Json, json};

use super::host::Objects;
use super::payload::{Payload, Reading};
use crate::clock::{Clock, Ids, SeededIds, Timestamp, VirtualClock};
use crate::gateway::address::{Target, TargetApi};
use crate::gateway::compile::compile_nothing;
use crate::gateway::context::{Context, OverrideMap, Overrides};
use crate::gateway::peer::Peer;
use crate::id::{AccountId, AccountRegion, Region};
use crate::identity::{TargetUri, append};
use crate::vtl::{EvalError, Host, HostError, Limits, Object, Observer, Template, Value};

/// When a request of [`Trial::still`] came: 2026 begins.
const STILL: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The request for a template.
#[derive(Clone, Debug, Default)]
pub struct TrialRequest {
    /// The body, `$input.body`.
    pub body: Bytes,
    /// Path parameters, not decoded.
    pub path: Vec<(String, String)>,
    /// Query parameters, decoded.
    pub querystring: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Stage variables.
    pub stage_variables: BTreeMap<String, String>,
    /// Members of `$context`; those not given are as in a test call.
    pub context: Map<String, Json>,
}

/// The result of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialOutcome {
    /// The text.
    pub output: String,
    /// The assignments to `$context.requestOverride` and `$context.responseOverride`, in the same structure.
    pub overrides: Map<String, Json>,
}

/// A made-up request for any number of templates.
#[derive(Debug)]
pub struct Trial {
    context: Context,
    body: Payload,
    reading: Reading,
    given: Json,
}

impl Trial {
    /// Creates the request: an anonymous `POST` to `/` with the parts in `request`.
    ///
    /// # Panics
    /// Never: the account and region are constants.
    pub fn new(request: TrialRequest, clock: &dyn Clock, ids: &dyn Ids) -> Self {
        let owner = AccountRegion {
            account: AccountId::parse("123456789012").expect("twelve digits"),
            region: Region::parse("us-east-1").expect("a region"),
        };
        let api_id = "test-api".into();
        let stage = compile_nothing(&owner, &api_id, &request.stage_variables);
        let mut raw_query = String::new();
        for (name, value) in &request.querystring {
            append(&mut raw_query, name, value);
        }
        let mut http_request = http::Request::new(());
        *http_request.method_mut() = http::Method::POST;
        *http_request.headers_mut() = request.headers;
        let (parts, ()) = http_request.into_parts();
        let target = Target {
            api: TargetApi::Named(api_id),
            stage: stage.name.clone(),
            path: "/".to_owned(),
            custom_domain: None,
        };
        let peer = Peer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None, is_secure: false };
        let mut context = Context::new(parts, TargetUri::of_query(&raw_query), target, peer, clock, ids);
        context.path_parameters =
            request.path.into_iter().map(|(name, value)| (name.into(), value)).collect();
        context.stage = Some(Arc::new(stage));
        let reading = Reading::of_request(context.header("content-type").as_deref());
        Self { context, body: Payload::new(request.body), reading, given: Json::Object(request.context) }
    }

    /// The same with a time and ids that never change: tests expect something of them.
    pub fn still(request: TrialRequest) -> Self {
        Self::new(request, &VirtualClock::new(STILL), &SeededIds::new(1))
    }

    /// Evaluates `template` with the gateway's objects, and notifies `observer`, if there is one, of every step.
    ///
    /// # Errors
    /// As in the gateway, where a client would get 400 for a body that is not JSON and 500 for everything else.
    pub fn evaluate(
        &self,
        template: &Template,
        limits: &Limits,
        observer: Option<&mut dyn Observer>,
    ) -> Result<TrialOutcome, EvalError> {
        let objects = Objects {
            context: &self.context,
            body: &self.body,
            reading: self.reading,
            overrides: Default::default(),
            allowance: Default::default(),
            live: Default::default(),
        };
        let mut host = Given { objects, given: &self.given };
        let output = match observer {
            Some(observer) => template.trace(&mut host, limits, observer),
            None => template.evaluate(&mut host, limits),
        }?;
        Ok(TrialOutcome { output, overrides: shown(Overrides::from(host.objects.overrides)) })
    }
}

/// Overrides in the structure in which templates assign them, without empty ones.
fn shown(overrides: Overrides) -> Map<String, Json> {
    let members = |map: OverrideMap| -> Map<String, Json> {
        let value = |values: Vec<String>| match <[String; 1]>::try_from(values) {
            Ok([one]) => json!(one),
            Err(values) => json!(values),
        };
        map.into_iter().map(|(name, values)| (name, value(values))).collect()
    };
    let mut shown = Map::new();
    let mut put = |side: &str, kind: &str, value: Json| {
        let is_empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if !is_empty && let Json::Object(side) = shown.entry(side).or_insert_with(|| json!({})) {
            side.insert(kind.to_owned(), value);
        }
    };
    put("requestOverride", "header", members(overrides.request_header).into());
    put("requestOverride", "querystring", members(overrides.request_querystring).into());
    put("requestOverride", "path", members(overrides.request_path).into());
    put("responseOverride", "header", members(overrides.response_header).into());
    put("responseOverride", "status", json!(overrides.response_status));
    shown
}

/// The gateway's objects, with given members of `$context` taking precedence over the request's own.
struct Given<'a> {
    objects: Objects<'a>,
    given: &'a Json,
}

impl Given<'_> {
    /// The given value of a member of `$context` or of an object in it. An object that the gateway knows stays the
    /// gateway's, so that its other members exist as well.
    fn given(&self, object: Object, property: &str) -> Option<Value> {
        let path = super::context_object::path(object)?;
        let owner = path.iter().try_fold(self.given, |owner, name| owner.get(name))?;
        let member = owner.get(property)?;
        if member.is_object() && super::context_object::is_object(object, property) {
            return None;
        }
        Some(Value::from_json(member))
    }
}

impl Host for Given<'_> {
    fn lookup(&mut self, name: &str) -> Option<Value> {
        self.objects.lookup(name)
    }

    fn get(&mut self, object: Object, property: &str) -> Result<Value, HostError> {
        match self.given(object, property) {
            Some(value) => Ok(value),
            None => self.objects.get(object, property),
        }
    }

    fn set(&mut self, object: Object, property: &str, value: Value) -> Result<(), HostError> {
        self.objects.set(object, property, value)
    }

    fn call(&mut self, object: Object, method: &str, args: &[Value]) -> Result<Value, HostError> {
        if let ("get" | "containsKey", [name]) = (method, args)
            && let Some(value) = self.given(object, &name.to_display_string())
        {
            return Ok(if method == "get" { value } else { Value::Bool(!value.is_null()) });
        }
        self.objects.call(object, method, args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> Trial {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = HeaderMap::new();
        headers.insert("x-mine", "h".parse().unwrap());
        let context = json!({
            "httpMethod": "PUT",
            "identity": {"sourceIp": "192.0.2.1"},
            "authorizer": {"claims": {"sub": "u1"}, "level": 3},
            "made": {"up": [1, {"x": true}]},
        });
        let request = TrialRequest {
            body: r#"{"a":"b"}"#.into(),
            path: vec![pair("id", "7")],
            querystring: vec![pair("q", "a b&c"), pair("q", "last")],
            headers,
            stage_variables: BTreeMap::from([pair("v", "x")]),
            context: context.as_object().cloned().unwrap_or_default(),
        };
        Trial::new(request, &VirtualClock::new(Timestamp::EPOCH), &SeededIds::new(1))
    }

    fn check(template: &str, expect: &str) {
        let parsed = Template::parse(template).unwrap();
        let outcome = trial().evaluate(&parsed, &Limits::default(), None).unwrap();
        assert_eq!(outcome.output, expect, "{template}");
    }

    #[test]
    fn the_request_is_as_given() {
        check("$input.json('$.a') $input.params('id') $input.params('q')", "\"b\" 7 last");
        check("$input.params().header.get('X-Mine')$stageVariables.v", "hx");
    }

    #[test]
    fn what_is_given_of_the_context_wins() {
        check("$context.httpMethod $context.identity.sourceIp", "PUT 192.0.2.1");
        check("$context.authorizer.claims.sub $context.authorizer.level", "u1 3");
        check("$context.get('httpMethod') $context.identity.get('sourceIp')", "PUT 192.0.2.1");
        check("$context.made.up[1].x $context.containsKey('made')", "true true");
        check("$context.stage [$context.authorizer.nope][$context.nope]", "test-invoke-stage [][]");
    }

    #[test]
    fn overrides_are_told() {
        let template = "#set($context.requestOverride.header.a = ['1', '2'])\
                        #set($context.responseOverride.status = 201)";
        let template = Template::parse(template).unwrap();
        let outcome = trial().evaluate(&template, &Limits::default(), None).unwrap();
        let expect = json!({
            "requestOverride": {"header": {"a": ["1", "2"]}},
            "responseOverride": {"status": "201"},
        });
        assert_eq!(Json::Object(outcome.overrides), expect);
    }

    #[test]
    fn bodies_that_are_no_json_fail_where_they_are_read() {
        let request = TrialRequest { body: "xyz".into(), ..TrialRequest::default() };
        let trial = Trial::new(request, &VirtualClock::new(Timestamp::EPOCH), &SeededIds::new(1));
        let evaluate = |text: &str| trial.evaluate(&Template::parse(text).unwrap(), &Limits::default(), None);
        assert_eq!(evaluate("$input.body").unwrap().output, "xyz");
        let error = evaluate("\n $input.json('$')").unwrap_err();
        assert_eq!((error.position().line, error.position().column), (2, 9));
    }

    #[test]
    fn bodies_of_other_types_are_texts() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let request = TrialRequest { body: "a=1&b=2".into(), headers, ..TrialRequest::default() };
        let trial = Trial::new(request, &VirtualClock::new(Timestamp::EPOCH), &SeededIds::new(1));
        let template = Template::parse("$input.json('$') $input.path('$').split('&').size()").unwrap();
        assert_eq!(trial.evaluate(&template, &Limits::default(), None).unwrap().output, "\"a=1&b=2\" 2");
    }
}
