//! What is known about one request: the values of `$context`, typed, from arrival to response.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use super::address::Target;
use super::authorizers::AuthorizerFacts;
use super::compile::{CompiledMethod, CompiledStage};
use super::execution_log::ExecutionLog;
use super::headers;
use super::notes::{Layer, Notes};
use super::peer::{ClientCertificateFacts, Peer};
use super::plans::limit_headers::Limits;
use super::signers::{InternalCaller, SERVICE as SIGNING_NAME, Signer};
use crate::apis::{ApiKeyId, AuthorizationType, HttpMethod, ResponseType, Variable};
use crate::clock::{Clock, Ids, Timestamp};
use crate::identity::{Head, Query, TargetUri, WebIdentity};

/// The provider of identity pools' credentials.
const COGNITO_IDENTITY: &str = "cognito-identity.amazonaws.com";
/// The header for the session token of temporary credentials.
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// The header in which a client may choose the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The header that names another method for routing.
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

const FORWARDED_FOR: &str = "X-Forwarded-For";
const FORWARDED_PORT: &str = "X-Forwarded-Port";
const FORWARDED_PROTO: &str = "X-Forwarded-Proto";
/// What API Gateway adds to the client's headers before anything of an API sees them: mappings, templates, authorizers and
/// functions read them like the client's own. A test call has none.
const ADDED: [&str; 4] = ["X-Amzn-Trace-Id", FORWARDED_FOR, FORWARDED_PORT, FORWARDED_PROTO];

/// The facts about one request. Each phase adds what it finds out.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) request_id: String,
    pub(crate) extended_request_id: String,
    pub(crate) received: Timestamp,
    /// Monotonic time of arrival.
    pub(crate) started: Duration,
    /// The method for routing, after `X-HTTP-Method-Override`.
    pub(crate) method: Method,
    /// The method that was sent and signed.
    pub(crate) sent_method: Method,
    /// Whether `X-HTTP-Method-Override` is present but not a method; no method is found for such a request.
    pub(crate) is_method_unclear: bool,
    pub(crate) version: Version,
    /// Authority, path and query; used for verification, routing and forwarding.
    pub(crate) uri: TargetUri,
    /// The client's headers as they came. Read them with [`Context::header`], which hides dropped ones.
    pub(crate) headers: HeaderMap,
    pub(crate) target: Target,
    pub(crate) peer: Peer,
    /// Who calls, if that is somebody inside this server.
    pub(crate) internal_caller: Option<Box<InternalCaller>>,
    /// The random part of the trace id.
    trace_digits: [u8; 12],
    /// The trace id, once somebody has asked for it.
    trace_id: OnceLock<HeaderValue>,

    pub(crate) stage: Option<Arc<CompiledStage>>,
    pub(crate) route: Option<Arc<CompiledMethod>>,
    /// Path parameters, not decoded.
    pub(crate) path_parameters: Vec<(Arc<str>, String)>,
    /// The verified signer; only methods with AWS_IAM verify signatures.
    pub(crate) signer: Option<Box<Signer>>,
    /// The result of the method's authorizer, once it has run.
    pub(crate) authorizer: Option<Box<AuthorizerFacts>>,
    /// The API key with which the caller was admitted.
    pub(crate) caller_key: Option<CallerKey>,
    /// The limits to send to the caller, if that is switched on.
    pub(crate) limits: Option<Limits>,
    pub(crate) integration: IntegrationFacts,
    pub(crate) overrides: Overrides,
    /// The reason for a refusal, if there was one.
    pub(crate) failure: Option<Failure>,
    /// What was sent to the client, once it is known.
    pub(crate) outcome: Option<Outcome>,
    /// Collects lines during a test call, or for the inspector; `None` for all other requests.
    pub(crate) log: Option<ExecutionLog>,
    /// What the inspector wants to know besides; `None` for requests that it does not keep.
    pub(crate) notes: Option<Box<Notes>>,
}

/// The API key of a caller.
pub(crate) struct CallerKey {
    pub(crate) id: ApiKeyId,
    pub(crate) value: String,
}

impl fmt::Debug for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallerKey").field(&self.id).finish()
    }
}

/// The integration's response, in figures.
#[derive(Debug, Default)]
pub(crate) struct IntegrationFacts {
    pub(crate) status: Option<u16>,
    /// Monotonic time of the call.
    pub(crate) called: Option<Duration>,
    pub(crate) latency: Option<Duration>,
    pub(crate) request_id: Option<String>,
    pub(crate) error: Option<String>,
    /// The times of a streamed response.
    pub(crate) stream: Option<Arc<StreamTimes>>,
}

/// When the parts of a streamed response were there, since the backend was called.
#[derive(Debug, Default)]
pub(crate) struct StreamTimes {
    /// All headers.
    pub(crate) all_headers: OnceLock<Duration>,
    /// The first byte of the body.
    pub(crate) first_content: OnceLock<Duration>,
    /// The body's end, or when it broke off.
    pub(crate) ended: OnceLock<Duration>,
}

/// The values of `$context.error`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) response_type: Option<ResponseType>,
    pub(crate) message: Option<String>,
    pub(crate) validation_error: Option<String>,
}

/// The response, in figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) length: Option<u64>,
    pub(crate) latency: Duration,
}

/// `$context.requestOverride` and `$context.responseOverride`, as templates have set them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub(crate) request_header: OverrideMap,
    pub(crate) request_querystring: OverrideMap,
    pub(crate) request_path: OverrideMap,
    pub(crate) response_header: OverrideMap,
    /// As text; only an integer from 100 to 599 has an effect.
    pub(crate) response_status: Option<String>,
}

/// Overridden names, each with one or several values.
pub(crate) type OverrideMap = Vec<(String, Vec<String>)>;

impl Context {
    /// The context of a request that has just arrived.
    pub(crate) fn new(
        parts: http::request::Parts,
        uri: TargetUri,
        target: Target,
        peer: Peer,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Self {
        let overridden = overridden_method(&parts.headers);
        let (request_id, extended_request_id, trace_digits) = request_ids(&parts.headers, ids);
        Self {
            request_id,
            extended_request_id,
            received: clock.now(),
            started: clock.monotonic(),
            is_method_unclear: overridden.is_err(),
            method: overridden.ok().flatten().unwrap_or_else(|| parts.method.clone()),
            sent_method: parts.method,
            version: parts.version,
            uri,
            headers: parts.headers,
            target,
            peer,
            internal_caller: None,
            trace_digits,
            trace_id: OnceLock::new(),
            stage: None,
            route: None,
            path_parameters: Vec::new(),
            signer: None,
            authorizer: None,
            caller_key: None,
            limits: None,
            integration: IntegrationFacts::default(),
            overrides: Overrides::default(),
            failure: None,
            outcome: None,
            log: None,
            notes: None,
        }
    }

    /// The signed parts of the request other than the body.
    pub(crate) fn head(&self) -> Head<'_> {
        Head { method: &self.sent_method, uri: &self.uri, headers: &self.headers }
    }

    /// Normalizes the target: of several targets with one signature, it becomes the one that is verified, authorized
    /// and forwarded.
    pub(crate) fn make_signable(&mut self) {
        let before = self.uri.path().len().saturating_sub(self.target.path.len());
        self.uri.make_signable();
        // The part before the stage's path has no empty segments.
        self.target.path = self.uri.path().get(before..).unwrap_or_default().to_owned();
    }

    /// Removes the caller's signature and session token, from the headers and the query, when no further phase needs
    /// them: whoever has them can act as the caller for up to a week. A signature for another service is kept for the
    /// backend.
    pub(crate) fn hide_signature(&mut self) {
        let is_wanted =
            self.route.as_ref().is_some_and(|route| route.authorization == AuthorizationType::AwsIam);
        let header = self.headers.get(AUTHORIZATION);
        if is_wanted || header.is_some_and(|it| it.as_bytes().starts_with(b"AWS4-")) {
            self.headers.remove(AUTHORIZATION);
            self.headers.remove(&SECURITY_TOKEN);
        }
        let is_presigned = || {
            let credential = self.uri.query().last("X-Amz-Credential");
            credential.is_some_and(|it| it.rsplit('/').nth(1) == Some(SIGNING_NAME))
        };
        // Clients write these names in one way only, so most queries need not be parsed here.
        if self.uri.raw_query().is_some_and(|query| query.contains("X-Amz-")) && (is_wanted || is_presigned())
        {
            self.uri.drop_signature();
        }
    }

    /// The query, decoded on first use.
    pub(crate) fn query(&self) -> &Query {
        self.uri.query()
    }

    /// The last value of a client's header, whatever the case of `name`; see [`headers`] for what is hidden.
    ///
    /// AWS compares names in the case that the client sent. HTTP/2 has only lower case, and the HTTP library doesn't
    /// keep the case.
    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(added) = ADDED.iter().find(|added| added.eq_ignore_ascii_case(name))
            && !self.is_test_call()
        {
            return Some(self.added(added).into());
        }
        let values = self.headers.get_all(name);
        let last = values.iter().next_back()?;
        let lowered = name.bytes().any(|b| b.is_ascii_uppercase()).then(|| name.to_ascii_lowercase());
        let hidden = headers::is_dropped_from_client(lowered.as_deref().unwrap_or(name));
        (!hidden).then(|| text_of(last))
    }

    /// The same for a header that the gateway itself reads: neither added nor dropped, so its name needs no look.
    pub(crate) fn own_header(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        debug_assert!(!headers::is_dropped_from_client(name.as_str()) && !name.as_str().starts_with("x-"));
        self.headers.get_all(name).iter().next_back().map(text_of)
    }

    /// The headers with the last value of each: the client's in their conventional spelling, and those that API Gateway
    /// adds.
    pub(crate) fn visible_headers(&self) -> impl Iterator<Item = (String, Cow<'_, str>)> {
        self.visible_header_values().filter_map(|(name, values)| Some((name, values.last()?)))
    }

    /// The same with all values of each.
    pub(crate) fn visible_header_values(
        &self,
    ) -> impl Iterator<Item = (String, impl Iterator<Item = Cow<'_, str>>)> {
        let added = if self.is_test_call() { &[][..] } else { &ADDED[..] };
        let is_added = move |name: &str| added.iter().any(|added| added.eq_ignore_ascii_case(name));
        let sent = self.sent_header_values().filter(move |(name, _)| !is_added(name));
        let added =
            added.iter().map(|name| ((*name).to_owned(), vec![Cow::from(self.added(name))].into_iter()));
        sent.chain(added)
    }

    /// The client's headers with all values of each, in their conventional spelling.
    pub(crate) fn sent_header_values(
        &self,
    ) -> impl Iterator<Item = (String, std::vec::IntoIter<Cow<'_, str>>)> {
        let lower_case = self.version == Version::HTTP_2;
        let names = self.headers.keys().filter(|name| !headers::is_dropped_from_client(name.as_str()));
        names.map(move |name| {
            let values = self.headers.get_all(name).iter();
            let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            let name = if lower_case { name.to_string() } else { headers::spelling(name.as_str()) };
            (name, values.into_iter())
        })
    }

    /// The value of one of [`ADDED`].
    fn added(&self, name: &str) -> String {
        let is_secure = self.peer.is_secure;
        match name {
            FORWARDED_FOR => self.forwarded_for(),
            FORWARDED_PORT => self.uri.port().unwrap_or(if is_secure { 443 } else { 80 }).to_string(),
            FORWARDED_PROTO => if is_secure { "https" } else { "http" }.to_owned(),
            _ => self.trace_text().to_owned(),
        }
    }

    /// A path parameter, not decoded.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.as_str())
    }

    /// `$context.authorizer.{name}`.
    pub(crate) fn authorizer_member(&self, name: &str) -> Option<Cow<'_, str>> {
        self.authorizer.as_ref()?.member(name)
    }

    /// A stage variable.
    pub(crate) fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage.as_ref()?.variables.get(name).map(String::as_str)
    }

    /// Notes for the inspector that the request has passed a layer.
    pub(crate) fn passed(&mut self, layer: Layer, clock: &dyn Clock) {
        if let Some(notes) = &mut self.notes {
            notes.passed.push((layer, clock.monotonic()));
        }
    }

    /// Whether this is a test call.
    pub(crate) fn is_test_call(&self) -> bool {
        self.log.as_ref().is_some_and(ExecutionLog::is_of_test)
    }

    /// Adds a line to the execution log, if the request has one.
    pub(crate) fn log(&mut self, line: fmt::Arguments<'_>) {
        if let Some(log) = &mut self.log {
            log.line(line);
        }
    }

    /// `X-Amzn-Trace-Id`: the client's own, otherwise a root built from the time and random digits.
    pub(crate) fn trace_id(&self) -> &HeaderValue {
        self.trace_id.get_or_init(|| {
            if let Some(given) = self.headers.get("x-amzn-trace-id").filter(|value| value.to_str().is_ok()) {
                return given.clone();
            }
            // Eight digits are enough until the year 2106.
            let seconds = u32::try_from(self.received.as_seconds()).unwrap_or(u32::MAX);
            let mut root = *b"Root=1-00000000-000000000000000000000000";
            let (time, digits) = root[7..].split_at_mut(9);
            let written = [
                hex::encode_to_slice(seconds.to_be_bytes(), &mut time[..8]),
                hex::encode_to_slice(self.trace_digits, digits),
            ];
            debug_assert!(written.iter().all(Result::is_ok));
            HeaderValue::from_bytes(&root).unwrap_or(HeaderValue::from_static(""))
        })
    }

    /// The same as text.
    pub(crate) fn trace_text(&self) -> &str {
        self.trace_id().to_str().unwrap_or_default()
    }

    /// `X-Forwarded-For`: the addresses in all of the client's headers of that name, then the client's.
    pub(crate) fn forwarded_for(&self) -> String {
        let given = self.headers.get_all("x-forwarded-for").iter();
        let mut all: Vec<Cow<'_, str>> =
            given.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        all.push(self.peer.ip.to_canonical().to_string().into());
        all.join(", ")
    }

    /// `$context.path`: the request's path with the stage, whatever the form of the address. On a custom domain, the
    /// path as the client sent it, with the base path.
    pub(crate) fn path(&self) -> String {
        if self.target.custom_domain.is_some() {
            return self.uri.path().to_owned();
        }
        if self.is_test_call() {
            return self.target.path.clone();
        }
        format!("/{}{}", self.target.stage, self.target.path)
    }

    /// The signer's identity in an identity pool.
    fn cognito(&self) -> Option<&WebIdentity> {
        let web = self.signer.as_ref()?.caller.web_identity()?;
        (web.provider == COGNITO_IDENTITY).then_some(web)
    }

    /// The requested host, without its port.
    fn domain_name(&self) -> Option<Cow<'_, str>> {
        Some(self.uri.host()).filter(|host| !host.is_empty())
    }

    fn client_certificate(&self) -> Option<&ClientCertificateFacts> {
        self.peer.certificate.as_deref()
    }

    /// The value of a member of `$context`; `None` if this request doesn't have it (yet).
    pub(crate) fn variable(&self, variable: Variable) -> Option<Cow<'_, str>> {
        let stage = self.stage.as_deref();
        let route = self.route.as_deref();
        let failure = self.failure.as_ref();
        let millis = |duration: Duration| Cow::Owned(duration.as_millis().to_string());
        Some(match variable {
            Variable::AuthorizeError => self.authorizer.as_ref()?.decision.as_ref()?.1.as_deref()?.into(),
            Variable::AuthorizeStatus => self.authorizer.as_ref()?.decision.as_ref()?.0.to_string().into(),
            Variable::AccountId => stage?.owner.account.as_str().into(),
            Variable::ApiId => stage?.api_id.as_str().into(),
            Variable::CustomDomainBasePathMatched => match &*self.target.custom_domain.as_ref()?.base_path {
                "" => "(none)".into(),
                base_path => base_path.into(),
            },
            Variable::DeploymentId => stage?.deployment_id.as_ref()?.as_str().into(),
            Variable::DomainName => self.domain_name()?,
            Variable::DomainPrefix => self.domain_name()?.split('.').next()?.to_owned().into(),
            Variable::ErrorMessage => failure?.message.as_deref()?.into(),
            Variable::ErrorMessageString => match &failure?.message {
                Some(message) => serde_json::Value::String(message.clone()).to_string().into(),
                None => "null".into(),
            },
            Variable::ErrorResponseType => failure?.response_type?.as_str().into(),
            Variable::ErrorValidationErrorString => failure?.validation_error.as_deref()?.into(),
            Variable::ExtendedRequestId => self.extended_request_id.as_str().into(),
            Variable::HttpMethod => self.method.as_str().into(),
            Variable::IdentityClientCertPem => self.client_certificate()?.pem.as_str().into(),
            Variable::IdentityClientCertSubjectDn => self.client_certificate()?.subject_dn.as_str().into(),
            Variable::IdentityClientCertIssuerDn => self.client_certificate()?.issuer_dn.as_str().into(),
            Variable::IdentityClientCertSerialNumber => {
                self.client_certificate()?.serial_number.as_str().into()
            }
            Variable::IdentityClientCertNotBefore => self.client_certificate()?.not_before.as_str().into(),
            Variable::IdentityClientCertNotAfter => self.client_certificate()?.not_after.as_str().into(),
            Variable::IdentitySourceIp => self.peer.ip.to_string().into(),
            Variable::IdentityUserAgent => String::from_utf8_lossy(self.headers.get(USER_AGENT)?.as_bytes()),
            Variable::IsCanaryRequest => if stage?.is_canary? { "true" } else { "false" }.into(),
            Variable::OperationName => route?.operation_name.as_deref()?.into(),
            Variable::Path => self.path().into(),
            Variable::Protocol => protocol(self.version).into(),
            Variable::RequestId => self.request_id.as_str().into(),
            Variable::RequestTime => self.received.to_clf().into(),
            Variable::RequestTimeEpoch => self.received.as_millis().to_string().into(),
            Variable::ResourceId => route?.resource_id.as_str().into(),
            Variable::ResourcePath => (&*route?.resource_path).into(),
            Variable::Stage => stage?.name.as_str().into(),
            Variable::AwsEndpointRequestId | Variable::IntegrationInnerRequestId => {
                self.integration.request_id.as_deref()?.into()
            }
            Variable::IntegrationError | Variable::IntegrationErrorMessage => {
                self.integration.error.as_deref()?.into()
            }
            Variable::IntegrationLatency | Variable::IntegrationInnerLatency => {
                let ended = self.integration.stream.as_ref().and_then(|times| times.ended.get());
                millis(ended.copied().or(self.integration.latency)?)
            }
            Variable::IntegrationResponseTransferMode => {
                let integration = route?.integration.as_ref()?;
                if integration.silence_max.is_some() { "STREAMED" } else { "BUFFERED" }.into()
            }
            Variable::IntegrationTimeToAllHeaders => {
                millis(*self.integration.stream.as_ref()?.all_headers.get()?)
            }
            Variable::IntegrationTimeToFirstContent => {
                millis(*self.integration.stream.as_ref()?.first_content.get()?)
            }
            Variable::IntegrationStatus
            | Variable::IntegrationIntegrationStatus
            | Variable::IntegrationInnerStatus => self.integration.status?.to_string().into(),
            Variable::ResponseLatency => millis(self.outcome?.latency),
            Variable::ResponseLength => self.outcome?.length?.to_string().into(),
            Variable::Status => self.outcome?.status.to_string().into(),
            Variable::XrayTraceId => trace_root(self.trace_text())?.to_owned().into(),
            Variable::IdentityApiKey => self.caller_key.as_ref()?.value.as_str().into(),
            Variable::IdentityApiKeyId => self.caller_key.as_ref()?.id.as_str().into(),
            Variable::IdentityAccessKey => self.signer.as_ref()?.caller.access_key_id.as_deref()?.into(),
            Variable::IdentityAccountId => self.signer.as_ref()?.caller.account.as_str().into(),
            Variable::IdentityCaller | Variable::IdentityUser => {
                (&*self.signer.as_ref()?.caller.user_id).into()
            }
            Variable::IdentityUserArn => (&*self.signer.as_ref()?.caller.arn).into(),
            Variable::IdentityCognitoIdentityId => self.cognito()?.subject.as_str().into(),
            Variable::IdentityCognitoIdentityPoolId => self.cognito()?.audience.as_str().into(),
            Variable::IdentityCognitoAuthenticationType => self.cognito()?.methods.first()?.as_str().into(),
            Variable::IdentityCognitoAuthenticationProvider => {
                let (_, logins) = self.cognito()?.methods.split_first()?;
                (!logins.is_empty()).then(|| logins.join(","))?.into()
            }
        })
    }
}

const REQUEST_ID_CHARS_MAX: usize = 128;

/// The request id, which the client may choose, the extended one, which it may not, and the random digits of the trace
/// id.
fn request_ids(headers: &HeaderMap, ids: &dyn Ids) -> (String, String, [u8; 12]) {
    // One call to the source of randomness for all: 16 bytes of UUID, 11 bytes for 15 characters and one `=` of base64
    // (AWS's form), 12 bytes of trace id.
    let mut uuid = [0; 16];
    let mut extended = [0; 11];
    let mut trace = [0; 12];
    let mut bytes = [0; 39];
    ids.fill(&mut bytes);
    let (first, rest) = bytes.split_at(16);
    let (second, third) = rest.split_at(11);
    uuid.copy_from_slice(first);
    extended.copy_from_slice(second);
    trace.copy_from_slice(third);
    let chosen = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let request_id = match chosen.filter(|id| (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())) {
        Some(id) => id.to_owned(),
        None => {
            let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
            let uuid = uuid::Builder::from_random_bytes(uuid).into_uuid();
            uuid.as_hyphenated().encode_lower(&mut buffer).to_owned()
        }
    };
    (request_id, STANDARD.encode(extended), trace)
}

/// A header's value as text. Nearly all are ASCII, which this is quick to see.
fn text_of(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(value.as_bytes()),
    }
}

/// The root in `Root=1-…;Parent=…;Sampled=…`.
fn trace_root(header: &str) -> Option<&str> {
    header.split(';').find_map(|part| part.trim().strip_prefix("Root="))
}

/// The method that the client wants instead of the one it sent; an error if it isn't one of AWS's methods.
fn overridden_method(headers: &HeaderMap) -> Result<Option<Method>, NoMethod> {
    let mut names = headers.get_all(METHOD_OVERRIDE).iter();
    let (Some(name), second) = (names.next(), names.next()) else { return Ok(None) };
    let name = name.to_str().map_err(|_| NoMethod)?.to_ascii_uppercase();
    // A backend may read the header too, and might take the other of two values.
    match HttpMethod::parse(&name) {
        Some(method) if method != HttpMethod::Any && second.is_none() => {
            Method::from_bytes(name.as_bytes()).map(Some).map_err(|_| NoMethod)
        }
        Some(_) | None => Err(NoMethod),
    }
}

/// The client named something that is not a method.
struct NoMethod;

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}
