//! What the inspector keeps of a request.

use std::time::Duration;

use serde_json::{Value, json};

use super::access::{Decided, decided};
use super::compile::Tried;
use super::context::{Context, Outcome};
use super::execution_log::{lines, shown_address, without_bodies};
use super::notes::{BucketLevel, KeyRefused, Layer, Notes, masked};
use crate::apis::{ApiKeyId, UsagePlanId, Variable};
use crate::clock::Timestamp;

/// As much of a request's log as is kept.
const LOG_BYTES_MAX: usize = 32 * 1024;
/// Overrides of a kind that are kept.
const OVERRIDES_MAX: usize = 50;

/// What is told of a request besides what [`Inspected`] has members for.
const TOLD: &[(&str, Variable)] = &[
    ("apiId", Variable::ApiId),
    ("stage", Variable::Stage),
    ("deploymentId", Variable::DeploymentId),
    ("isCanaryRequest", Variable::IsCanaryRequest),
    ("resourcePath", Variable::ResourcePath),
    ("resourceId", Variable::ResourceId),
    ("errorResponseType", Variable::ErrorResponseType),
    ("errorMessage", Variable::ErrorMessage),
    ("validationError", Variable::ErrorValidationErrorString),
    ("authorizeError", Variable::AuthorizeError),
    ("authorizeStatus", Variable::AuthorizeStatus),
    ("apiKeyId", Variable::IdentityApiKeyId),
    ("userArn", Variable::IdentityUserArn),
    ("accessKey", Variable::IdentityAccessKey),
    ("sourceIp", Variable::IdentitySourceIp),
    ("userAgent", Variable::IdentityUserAgent),
    ("protocol", Variable::Protocol),
    ("integrationStatus", Variable::IntegrationStatus),
    ("integrationLatency", Variable::IntegrationLatency),
    ("integrationError", Variable::IntegrationError),
    ("responseLength", Variable::ResponseLength),
    ("requestId", Variable::RequestId),
];

/// A request that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// Its number; a later one has a higher one.
    pub number: u64,
    /// When it came.
    pub received: Timestamp,
    /// How long it took until the response began.
    pub took: Duration,
    /// Its method.
    pub method: String,
    /// Its path and query as sent; secrets are shortened.
    pub target: String,
    /// Its host.
    pub authority: String,
    /// The status of the response.
    pub status: u16,
    /// Facts by name, those that are known.
    pub facts: Vec<(&'static str, String)>,
    /// How long the method's authorizer took; zero for an answer that was kept.
    pub authorizer_took: Option<Duration>,
    /// The headers that it came with; secrets are shortened.
    pub headers: Vec<(String, String)>,
    /// The headers of the response, likewise.
    pub response_headers: Vec<(String, String)>,
    /// Its body, if bodies are kept and something has read it.
    pub body: Option<String>,
    /// The layers that it passed, and how long after its arrival.
    pub passed: Vec<(Layer, Duration)>,
    /// The resources that its path was compared with, in order; the last one may be its own.
    pub tried: Vec<Tried>,
    /// What each policy that was asked decided, and by which statement.
    pub decided: Vec<Decided>,
    /// Why its API key did not do, and the key's id if it is known.
    pub key_refused: Option<(KeyRefused, Option<ApiKeyId>)>,
    /// The plan of its key.
    pub plan: Option<UsagePlanId>,
    /// The buckets that it took from, as they were right after.
    pub buckets: Vec<BucketLevel>,
    /// Requests left of its key's quota, after it.
    pub quota_left: Option<u64>,
    /// What templates put in place of parameters, headers and the status: kind, name and value.
    pub overrides: Vec<(&'static str, String, String)>,
    /// How long its caller has to wait, if a limit was reached.
    pub wait: Option<Duration>,
    /// The ARN of the execution that it started.
    pub execution: Option<String>,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// Whether the method needs an API key.
    pub needs_key: bool,
    /// How the method authorizes.
    pub authorization: Option<&'static str>,
    /// What the phases logged, as in a test call, without bodies.
    pub log: String,
}

impl Inspected {
    /// What is known of a request that was answered. Called for requests that are kept, so it may take its time.
    pub(super) fn of(
        context: &Context,
        outcome: Outcome,
        notes: Notes,
        number: u64,
        response_headers: Vec<(String, String)>,
        log: String,
    ) -> Self {
        let Notes { headers, passed, quota_left, plan, key_refused, buckets, wait, execution, body, .. } =
            notes;
        let started = context.started;
        let facts = TOLD
            .iter()
            .filter_map(|(name, variable)| Some((*name, context.variable(*variable)?.into_owned())));
        let raw = context.uri.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
        let (stage, route) = (context.stage.as_deref(), context.route.as_deref());
        let authorizer = route.and_then(|route| route.authorizer.as_deref());
        let authorizer = authorizer.map(|it| ("authorizerId", it.id.to_string()));
        Self {
            number,
            received: context.received,
            took: outcome.latency,
            method: context.sent_method.to_string(),
            target: shown_address(&format!("{}{raw}", context.uri.path())),
            authority: context.uri.authority().to_owned(),
            status: outcome.status,
            facts: facts.chain(authorizer).collect(),
            authorizer_took: context.authorizer.as_ref().and_then(|facts| facts.latency),
            headers,
            response_headers,
            body,
            passed: passed.into_iter().map(|(layer, at)| (layer, at.saturating_sub(started))).collect(),
            tried: stage
                .map(|stage| stage.routes.explain(&context.target.path, &context.method))
                .unwrap_or_default(),
            decided: decided(context),
            key_refused,
            plan,
            buckets,
            quota_left,
            overrides: overrides(context),
            wait,
            execution,
            is_secure: context.peer.is_secure,
            needs_key: route.is_some_and(|route| route.is_api_key_required),
            authorization: route.map(|route| route.authorization.as_str()),
            log: beginning(log),
        }
    }

    /// What a step of the log says, such as `Endpoint request URI`.
    pub fn step(&self, name: &str) -> Option<String> {
        let of = |line: String| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned());
        lines(&self.log).find_map(of)
    }

    /// The same without what may be a body.
    pub(super) fn without_bodies(&self) -> Self {
        Self { body: None, log: without_bodies(&self.log), ..self.clone() }
    }

    /// As other programs read it.
    pub fn to_json(&self) -> Value {
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        let pairs = |pairs: &[(String, String)]| -> Vec<Value> {
            pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
        };
        let facts: serde_json::Map<String, Value> =
            self.facts.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        let passed =
            self.passed.iter().map(|(layer, at)| json!({"layer": layer.name(), "afterMs": millis(*at)}));
        let tried = self.tried.iter().map(|it| json!({"resource": it.resource, "whyNot": it.why_not}));
        let decided = self
            .decided
            .iter()
            .map(|it| json!({"policy": it.policy, "decision": it.decision, "statement": it.statement}));
        let buckets = self.buckets.iter().map(|it| {
            json!({"bucket": it.bucket, "level": it.level, "rate": it.rate.per_second, "burst": it.rate.burst})
        });
        let overrides = self
            .overrides
            .iter()
            .map(|(kind, name, value)| json!({"of": kind, "name": name, "value": value}));
        let key_refused = self
            .key_refused
            .as_ref()
            .map(|(why, key)| json!({"why": why.name(), "keyId": key.as_ref().map(ApiKeyId::as_str)}));
        json!({
            "number": self.number, "received": self.received.to_iso8601(), "tookMs": millis(self.took),
            "method": self.method, "host": self.authority, "target": self.target, "isSecure": self.is_secure,
            "status": self.status, "facts": facts, "headers": pairs(&self.headers), "body": self.body,
            "responseHeaders": pairs(&self.response_headers), "passed": passed.collect::<Vec<_>>(),
            "tried": tried.collect::<Vec<_>>(), "authorization": self.authorization,
            "authorizerTookMs": self.authorizer_took.map(millis), "decided": decided.collect::<Vec<_>>(),
            "needsKey": self.needs_key, "keyRefused": key_refused, "plan": self.plan.as_ref().map(UsagePlanId::as_str),
            "buckets": buckets.collect::<Vec<_>>(), "quotaLeft": self.quota_left, "waitMs": self.wait.map(millis),
            "overrides": overrides.collect::<Vec<_>>(), "execution": self.execution,
            "steps": lines(&self.log).collect::<Vec<_>>(),
        })
    }
}

/// What templates have overridden; secrets are shortened.
fn overrides(context: &Context) -> Vec<(&'static str, String, String)> {
    let of = &context.overrides;
    let maps = [
        ("request header", &of.request_header),
        ("request query", &of.request_querystring),
        ("request path", &of.request_path),
        ("response header", &of.response_header),
    ];
    let all = maps.into_iter().flat_map(|(kind, map)| {
        map.iter().take(OVERRIDES_MAX).map(move |(name, values)| {
            let (name, value) = masked(name.clone(), values.join(", "));
            (kind, name, value)
        })
    });
    let status = of.response_status.iter().map(|status| ("response status", String::new(), status.clone()));
    all.chain(status).collect()
}

fn beginning(mut text: String) -> String {
    if LOG_BYTES_MAX < text.len() {
        let end = (0..=LOG_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("…\n");
    }
    text
}
