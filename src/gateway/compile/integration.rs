//! Compiled integrations and their responses.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderName, Method as Verb};

use super::Setting;
use super::aws_target::AwsTarget;
use super::templates::Templates;
use super::uri::{HttpAddress, with_stage_variables};
use crate::apis::{
    CALLERS_OWN, ConnectionType, ContentHandling, EndpointType, HttpMethod, Integration, IntegrationResponse,
    IntegrationType, Method, PassthroughBehavior, Pattern, ResponseTransferMode,
};
use crate::connect::ServerCertificate;
use crate::gateway::headers::Rules;
use crate::gateway::mapping::source::Source;
use crate::gateway::upstream::Upstream;

/// How a method's request reaches its backend, and how the response comes back.
#[derive(Debug)]
pub(crate) struct CompiledIntegration {
    pub(crate) backend: Backend,
    pub(crate) parameters: Vec<(RequestTarget, Source)>,
    pub(crate) templates: Templates,
    pub(crate) passthrough: PassthroughBehavior,
    pub(crate) content_handling: Option<ContentHandling>,
    pub(crate) timeout: Duration,
    /// The longest silence of the backend, if its response is streamed; `None` if it is buffered.
    pub(crate) silence_max: Option<Duration>,
    pub(crate) responses: Responses,
}

/// In whose name a service is called.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// API Gateway's own.
    Api,
    /// The role of this ARN.
    Role(String),
    /// The signer of the request.
    Caller,
}

/// The backend of an integration.
#[derive(Debug)]
pub(crate) enum Backend {
    /// None: the request template chooses the response's status.
    Mock,
    /// An HTTP server.
    Http(HttpBackend),
    /// An AWS service.
    Aws {
        /// Service and operation.
        target: AwsTarget,
        /// Verb of the call.
        verb: Verb,
        /// In whose name to call.
        credentials: Credentials,
    },
    /// A Lambda function that receives the request and returns the response (AWS_PROXY).
    LambdaProxy {
        /// The invocation of the function.
        target: AwsTarget,
        /// In whose name to call.
        credentials: Credentials,
    },
    /// The URI is invalid; each request fails.
    InvalidAddress,
    /// Not supported by this gateway; says what. Each request fails.
    Unsupported(String),
}

/// An HTTP server as backend.
#[derive(Debug)]
pub(crate) struct HttpBackend {
    pub(crate) address: HttpAddress,
    /// `None` means the client's own verb.
    pub(crate) verb: Option<Verb>,
    /// Whether requests and responses are passed on unchanged (HTTP_PROXY).
    pub(crate) proxy: bool,
    pub(crate) server_certificate: ServerCertificate,
    /// The target of the VPC link, if there is one; `address` then supplies path, query and `Host`.
    pub(crate) upstream: Option<Upstream>,
}

/// The target of a request parameter mapping.
#[derive(Debug)]
pub(crate) enum RequestTarget {
    /// A header.
    Header(HeaderName),
    /// A query parameter.
    Query(String),
    /// A `{name}` in the URI.
    Path(String),
}

/// Integration responses in the order in which AWS tries them.
#[derive(Debug)]
pub(crate) struct Responses {
    patterned: Vec<(Pattern, CompiledResponse)>,
    default: Option<CompiledResponse>,
}

/// One integration response.
#[derive(Debug)]
pub(crate) struct CompiledResponse {
    pub(crate) status: u16,
    /// Whether the method declares a response with this status; otherwise, the request fails.
    pub(crate) is_declared: bool,
    pub(crate) headers: Vec<(HeaderName, Source)>,
    pub(crate) templates: Templates,
    pub(crate) content_handling: Option<ContentHandling>,
}

impl CompiledIntegration {
    /// Compiles a method's integration. What can't work is logged under `place`, and fails when it is called, as on
    /// AWS.
    pub(super) fn compile(
        endpoint: EndpointType,
        method: &Method,
        integration: &Integration,
        setting: Setting<'_>,
        place: fmt::Arguments<'_>,
    ) -> Self {
        let parameters = integration.request_parameters.iter().filter_map(|(target, source)| {
            let compiled = request_target(target).zip(Source::parse(source).ok());
            if compiled.is_none() {
                tracing::error!("{place}: {target} can't be mapped from {source}");
            }
            compiled
        });
        Self {
            backend: backend(integration, setting),
            parameters: parameters.collect(),
            templates: Templates::compile(&integration.request_templates, place),
            passthrough: integration.passthrough_behavior,
            content_handling: integration.content_handling,
            timeout: Duration::from_millis(integration.timeout_millis.into()),
            silence_max: is_streamed(integration).then(|| silence_max(endpoint)),
            responses: Responses::compile(method, integration, place),
        }
    }

    /// Whether requests and responses are passed on without templates.
    pub(crate) fn is_proxy(&self) -> bool {
        matches!(&self.backend, Backend::Http(http) if http.proxy)
    }

    /// Whether the response is passed on while the backend writes it.
    pub(crate) fn streams(&self) -> bool {
        self.silence_max.is_some()
    }

    /// Whether building the integration request may parse the client's body; templates parse it if `is_json`.
    pub(crate) fn parses_request(&self, is_json: bool) -> bool {
        (is_json && self.templates.are_evaluated())
            || self.parameters.iter().any(|(_, source)| source.parses_request())
    }

    /// Whether building the response may parse the client's body again.
    pub(crate) fn parses_request_again(&self) -> bool {
        self.responses
            .all()
            .any(|response| response.headers.iter().any(|(_, source)| source.parses_request()))
    }

    /// Whether building the response may parse the integration's body.
    pub(crate) fn parses_reply(&self) -> bool {
        let is_function = matches!(&self.backend, Backend::LambdaProxy { .. });
        is_function
            || self.responses.all().any(|response| {
                response.templates.are_evaluated()
                    || response.headers.iter().any(|(_, source)| source.parses_reply())
            })
    }

    /// Which of AWS's header tables applies.
    pub(crate) fn header_rules(&self) -> Rules {
        match &self.backend {
            Backend::Http(http) if http.proxy => Rules::HttpProxy,
            Backend::Aws { .. } | Backend::LambdaProxy { .. } => Rules::Aws,
            Backend::Mock | Backend::Http(_) | Backend::InvalidAddress | Backend::Unsupported(_) => {
                Rules::Plain
            }
        }
    }
}

impl Responses {
    fn compile(method: &Method, integration: &Integration, place: fmt::Arguments<'_>) -> Self {
        let (mut patterned, mut default) = (Vec::new(), None);
        // The map is sorted by status, which is the recorded order: the first match wins.
        for (status, response) in &integration.responses {
            let compiled = CompiledResponse::compile(
                status.as_u16(),
                method.responses.contains_key(status),
                response,
                place,
            );
            match response.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
                None => default = default.or(Some(compiled)),
                Some(pattern) => match Pattern::compile(pattern) {
                    Ok(pattern) => patterned.push((pattern, compiled)),
                    Err(error) => {
                        tracing::error!("{place}: selectionPattern {pattern:?} does not compile: {error}");
                    }
                },
            }
        }
        Self { patterned, default }
    }

    fn all(&self) -> impl Iterator<Item = &CompiledResponse> {
        self.patterned.iter().map(|(_, response)| response).chain(&self.default)
    }

    /// The response for success.
    pub(crate) fn default(&self) -> Option<&CompiledResponse> {
        self.default.as_ref()
    }

    /// The response for a status or error message; the default if no pattern matches.
    pub(crate) fn select(&self, text: &str) -> Option<&CompiledResponse> {
        let found = self.patterned.iter().find(|(pattern, _)| pattern.matches(text));
        found.map(|(_, response)| response).or(self.default.as_ref())
    }
}

impl CompiledResponse {
    fn compile(
        status: u16,
        is_declared: bool,
        response: &IntegrationResponse,
        place: fmt::Arguments<'_>,
    ) -> Self {
        let headers = response.parameters.iter().filter_map(|(target, source)| {
            let name = target.strip_prefix("method.response.header.");
            let compiled =
                name.and_then(|name| HeaderName::try_from(name).ok()).zip(Source::parse(source).ok());
            if compiled.is_none() {
                tracing::error!("{place}, response {status}: {target} can't be mapped from {source}");
            }
            compiled
        });
        let none = BTreeMap::new();
        let templates = response.templates.as_ref().unwrap_or(&none);
        Self {
            status,
            is_declared,
            headers: headers.collect(),
            templates: Templates::compile(templates, format_args!("{place}, response {status}")),
            content_handling: response.content_handling,
        }
    }
}

fn request_target(target: &str) -> Option<RequestTarget> {
    let (kind, name) = target.strip_prefix("integration.request.")?.split_once('.')?;
    Some(match kind {
        "header" => RequestTarget::Header(HeaderName::try_from(name).ok()?),
        "querystring" => RequestTarget::Query(name.to_owned()),
        "path" => RequestTarget::Path(name.to_owned()),
        _ => return None,
    })
}

fn backend(integration: &Integration, setting: Setting<'_>) -> Backend {
    let variables = setting.variables;
    let uri = with_stage_variables(integration.uri.as_deref().unwrap_or_default(), variables);
    let upstream = if integration.connection_type == ConnectionType::VpcLink {
        let id = with_stage_variables(integration.connection_id.as_deref().unwrap_or_default(), variables);
        match setting.links.find(&id) {
            Some(upstream) => Some(upstream.clone()),
            None => return Backend::Unsupported(format!("The VPC link {id} leads to no upstream")),
        }
    } else {
        None
    };
    match integration.kind {
        IntegrationType::Mock => Backend::Mock,
        IntegrationType::Http => http_backend(integration, &uri, upstream, false),
        IntegrationType::HttpProxy => http_backend(integration, &uri, upstream, true),
        IntegrationType::AwsProxy => match AwsTarget::parse(&uri) {
            Some(target) if target.service != "lambda" => {
                Backend::Unsupported("AWS_PROXY integrations call Lambda only".to_owned())
            }
            Some(_) if verb(integration.http_method) != Some(Verb::POST) => {
                Backend::Unsupported("Lambda functions are called by POST".to_owned())
            }
            // AWS does not document what happens to a URI of the other kind.
            Some(target) if target.streams() != is_streamed(integration) => {
                let reason = if target.streams() {
                    "response-streaming-invocations need the response transfer mode STREAM"
                } else {
                    "The response transfer mode STREAM needs response-streaming-invocations"
                };
                Backend::Unsupported(reason.to_owned())
            }
            Some(target) => Backend::LambdaProxy { target, credentials: credentials(integration, variables) },
            None => Backend::InvalidAddress,
        },
        IntegrationType::Aws => match AwsTarget::parse(&uri) {
            Some(target) => Backend::Aws {
                target,
                verb: verb(integration.http_method).unwrap_or(Verb::POST),
                credentials: credentials(integration, variables),
            },
            None => Backend::InvalidAddress,
        },
    }
}

/// How long a backend may be silent, before its head and between two pieces of its body.
///
/// AWS documents the times, but not whether they count before the head; a connection's idle time does.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html>
fn silence_max(endpoint: EndpointType) -> Duration {
    match endpoint {
        EndpointType::Edge => Duration::from_secs(30),
        EndpointType::Regional | EndpointType::Private => Duration::from_secs(5 * 60),
    }
}

/// Whether the response is passed on while it is written.
fn is_streamed(integration: &Integration) -> bool {
    integration.response_transfer_mode == Some(ResponseTransferMode::Stream)
}

fn credentials(integration: &Integration, variables: &BTreeMap<String, String>) -> Credentials {
    match integration.credentials.as_deref().map(|given| with_stage_variables(given, variables)) {
        None => Credentials::Api,
        Some(given) if given == CALLERS_OWN => Credentials::Caller,
        Some(role) => Credentials::Role(role),
    }
}

fn http_backend(integration: &Integration, uri: &str, upstream: Option<Upstream>, proxy: bool) -> Backend {
    let Some(address) = HttpAddress::compile(uri) else { return Backend::InvalidAddress };
    let skip = integration.tls_config.is_some_and(|tls| tls.insecure_skip_verification);
    Backend::Http(HttpBackend {
        address,
        verb: verb(integration.http_method),
        proxy,
        server_certificate: if skip { ServerCertificate::Unverified } else { ServerCertificate::Verified },
        upstream,
    })
}

/// `None` for `ANY`, and if there is none.
fn verb(method: Option<HttpMethod>) -> Option<Verb> {
    match method? {
        HttpMethod::Get => Some(Verb::GET),
        HttpMethod::Put => Some(Verb::PUT),
        HttpMethod::Post => Some(Verb::POST),
        HttpMethod::Delete => Some(Verb::DELETE),
        HttpMethod::Patch => Some(Verb::PATCH),
        HttpMethod::Options => Some(Verb::OPTIONS),
        HttpMethod::Head => Some(Verb::HEAD),
        HttpMethod::Any => None,
    }
}
