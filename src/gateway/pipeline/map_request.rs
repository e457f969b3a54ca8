//! Builds the integration request: parameters, content handling, template, overrides, in AWS's order.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};

use super::{Call, Exchange, PAYLOAD_BYTES_MAX, Prepared, Refused, Routed, Validated};
use crate::apis::PassthroughBehavior;
use crate::connect;
use crate::connect::{Body, full};
use crate::gateway::access::api_arn;
use crate::gateway::backends::{AwsCall, CallAs};
use crate::gateway::bulkhead::Bulkhead;
use crate::gateway::compile::{
    AddressError, Backend, CompiledIntegration, CompiledMethod, CompiledStage, Credentials, FilledAddress,
    HttpAddress, HttpBackend, PlacedValue, RequestTarget, Writing, essence,
};
use crate::gateway::context::Context;
use crate::gateway::execution_log::{JavaMap, shown_address};
use crate::gateway::headers::{Rules, is_dropped_to_proxy_backend, is_illegal_target, spelling};
use crate::gateway::integration::mock;
use crate::gateway::mapping::content::{Content, convert_request};
use crate::gateway::mapping::host::{Side, evaluate};
use crate::gateway::mapping::payload::{Payload, Reading};
use crate::gateway::mapping::source::{Facts, Mapped, Source};
use crate::gateway::proxy_event;
use crate::gateway::refusal::{Misconfiguration, Refusal};
use crate::identity::append;

/// `Validated → Prepared`.
pub(crate) async fn prepare(
    Validated { mut routed, body: read_before }: Validated,
    bulkhead: &Bulkhead,
) -> Result<Prepared, Refused> {
    let Routed { method, body, .. } = &routed;
    let streams = method.integration.as_ref().is_some_and(CompiledIntegration::is_proxy)
        && method.integration.as_ref().is_some_and(|i| i.parameters.is_empty() || !reads_body(i))
        && http_body::Body::size_hint(body).exact().is_some();
    let read = match read_before {
        Some(request) => Some(request),
        None if streams => None,
        None => match routed.read_body(bulkhead).await {
            Ok(request) => Some(request),
            Err(refusal) => return Err(routed.refuse(refusal)),
        },
    };
    let Routed { context, stage, method, body, held } = routed;
    let (request, streaming) = match read {
        Some(request) => (request, None),
        None => (Payload::held(Bytes::new(), held), Some(body)),
    };
    let (bytes, text) = (request.bytes().len(), request.bytes().clone());
    let reading = Reading::of_request(context.own_header(&CONTENT_TYPE).as_deref());
    let is_json = reading == Reading::Json;
    let parses = method.integration.as_ref().is_some_and(|it| it.parses_request(is_json));
    let exchange = Exchange { context, stage, method, request };
    let called = bulkhead.run(
        bytes,
        || if parses { vec![text] } else { Vec::new() },
        (exchange, streaming),
        |(mut exchange, streaming)| {
            let Exchange { context, stage, method, request } = &mut exchange;
            let call = call(context, stage, method, request, streaming);
            // The backend may take long, and few response mappings read the request.
            request.forget_json();
            match call {
                Ok(call) => Ok(Prepared { exchange, call }),
                Err(refusal) => Err(exchange.refuse(refusal)),
            }
        },
    );
    match called.await {
        Ok(result) => result,
        Err(((exchange, _), refusal)) => Err(exchange.refuse(refusal)),
    }
}

fn reads_body(integration: &CompiledIntegration) -> bool {
    integration.parameters.iter().any(|(_, source)| matches!(source, Source::Body(_)))
}

fn call(
    context: &mut Context,
    stage: &CompiledStage,
    method: &CompiledMethod,
    request: &Payload,
    streaming: Option<Body>,
) -> Result<Call, Refusal> {
    let Some(integration) = &method.integration else {
        let reason = "The method has no integration".to_owned();
        return Err(Refusal::ApiConfiguration(Misconfiguration::Unsupported(reason)));
    };
    match &integration.backend {
        Backend::InvalidAddress => Err(Refusal::ApiConfiguration(Misconfiguration::EndpointAddress)),
        Backend::Unsupported(reason) => {
            Err(Refusal::ApiConfiguration(Misconfiguration::Unsupported(reason.clone())))
        }
        Backend::Mock => {
            let transformed = transform(context, stage, integration, request)?;
            let body = transformed.body.into_bytes();
            log_mock(context, &body);
            let status = mock::status_code(&body);
            status.map(Call::Mock).ok_or(Refusal::ApiConfiguration(Misconfiguration::MockStatus))
        }
        Backend::Http(backend) if backend.proxy => {
            proxy_call(context, stage, integration, backend, request, streaming)
        }
        Backend::Http(backend) => {
            let mut mapped = mapped(context, integration, request)?;
            let transformed = transform(context, stage, integration, request)?;
            if transformed.ran {
                mapped.override_with(context, integration.header_rules())?;
            }
            let verb = backend.verb.clone().unwrap_or_else(|| context.method.clone());
            let mut headers = default_headers(context, stage, &verb);
            headers.insert("x-amzn-trace-id", context.trace_id().clone());
            insert(&mut headers, "x-amzn-apigateway-api-id", stage.api_id.as_str());
            mapped.replace_headers(&mut headers);
            let mut address = mapped.fill(&backend.address)?;
            address.push_query(&encoded(&mapped.query));
            let body = transformed.body.into_bytes();
            log_endpoint(context, || address.to_text(), &headers, Some(&body));
            http_call(integration, backend, verb, &address, headers, full(body))
        }
        Backend::LambdaProxy { target, credentials } => {
            let call_as = call_as(credentials, context, stage)?;
            let content_type = context.own_header(&CONTENT_TYPE);
            let kind = content_type.as_deref().map_or("application/json", essence);
            let is_binary = !stage.binary_types.is_empty() && stage.binary_types.contains(kind);
            let event = proxy_event::of_request(context, request.bytes(), is_binary);
            let body = Bytes::from(event.to_string());
            let mut headers = default_headers(context, stage, &Method::POST);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert("x-amzn-trace-id", context.trace_id().clone());
            log_endpoint(context, || target.to_string(), &headers, Some(&body));
            let source_arn = matches!(call_as, CallAs::Api).then(|| source_arn(context, stage));
            let call = AwsCall {
                owner: stage.owner.clone(),
                service: target.service.clone(),
                region: target.region.clone(),
                operation: target.unfilled(),
                method: Method::POST,
                call_as,
                source_arn,
                headers,
                query: target.query.clone(),
                body,
                timeout: integration.timeout,
            };
            Ok(match integration.silence_max {
                Some(_) => Call::Function(Box::new(call), integration.timeout),
                None => Call::Aws(Box::new(call), integration.timeout),
            })
        }
        Backend::Aws { target, verb, credentials } => {
            let call_as = call_as(credentials, context, stage)?;
            let mut mapped = mapped(context, integration, request)?;
            let transformed = transform(context, stage, integration, request)?;
            if transformed.ran {
                mapped.override_with(context, integration.header_rules())?;
            }
            let mut headers = default_headers(context, stage, verb);
            headers.insert("x-amzn-trace-id", context.trace_id().clone());
            mapped.replace_headers(&mut headers);
            let body = transformed.body.into_bytes();
            log_endpoint(context, || target.to_string(), &headers, Some(&body));
            let mut query = target.query.clone();
            query.append(&mut mapped.query);
            let source_arn = matches!(call_as, CallAs::Api).then(|| source_arn(context, stage));
            let call = AwsCall {
                owner: stage.owner.clone(),
                service: target.service.clone(),
                region: target.region.clone(),
                operation: target.fill(|name| mapped.path(name)).map_err(left_its_place)?,
                method: verb.clone(),
                call_as,
                source_arn,
                headers,
                query,
                body,
                timeout: integration.timeout,
            };
            Ok(Call::Aws(Box::new(call), integration.timeout))
        }
    }
}

/// What calls a function, as its policy may name it: stage, verb and resource, with the names of its variables.
fn source_arn(context: &Context, stage: &CompiledStage) -> String {
    let api = api_arn(&stage.owner, stage.api_id.as_str());
    let path = context.route.as_ref().map_or("/", |method| &*method.resource_path);
    [&*api, "/", stage.name.as_str(), "/", context.method.as_str(), path].concat()
}

/// A caller who has not signed has no credentials to call anything with.
fn call_as(credentials: &Credentials, context: &Context, stage: &CompiledStage) -> Result<CallAs, Refusal> {
    match credentials {
        Credentials::Api => Ok(CallAs::Api),
        Credentials::Role(role) => Ok(CallAs::role(role, source_arn(context, stage))),
        Credentials::Caller => match &context.signer {
            Some(signer) => Ok(CallAs::Caller(Box::new(signer.caller.clone()))),
            None => {
                let reason = "The caller has no credentials for the integration".to_owned();
                Err(Refusal::ApiConfiguration(Misconfiguration::Unsupported(reason)))
            }
        },
    }
}

/// The body for the backend, and whether a template produced it.
struct Transformed {
    body: Content,
    ran: bool,
}

fn transform(
    context: &mut Context,
    stage: &CompiledStage,
    integration: &CompiledIntegration,
    request: &Payload,
) -> Result<Transformed, Refusal> {
    let content_type = context.own_header(&CONTENT_TYPE).map(|value| value.into_owned());
    let is_binary = !stage.binary_types.is_empty()
        && stage.binary_types.contains(content_type.as_deref().map_or("application/json", essence));
    let content = convert_request(request.bytes().clone(), is_binary, integration.content_handling)
        .map_err(|_| Refusal::ApiConfiguration(Misconfiguration::Base64))?;
    let Some(template) = integration.templates.for_content_type(content_type.as_deref()) else {
        let passes = match integration.passthrough {
            PassthroughBehavior::WhenNoMatch => true,
            PassthroughBehavior::WhenNoTemplates => integration.templates.is_empty(),
            PassthroughBehavior::Never => false,
        };
        if !passes {
            return Err(Refusal::UnsupportedMediaType);
        }
        return Ok(Transformed { body: content, ran: false });
    };
    // Parse it once for parameters and template, unless the conversion has changed the text.
    let text = match content {
        Content::Text(text) => text,
        // Even for an empty body: on AWS, preflight requests fail in APIs with the binary type `*/*`.
        Content::Binary(_) => return Err(Refusal::ApiConfiguration(Misconfiguration::BinaryPayload)),
    };
    // Binary content arrives as Base64, which is not JSON, whatever its type.
    let reading = if is_binary { Reading::Text } else { Reading::of_request(content_type.as_deref()) };
    let output = if text == *request.bytes() {
        evaluate(template, context, request, reading, Side::Request)?
    } else {
        evaluate(template, context, &Payload::new(text), reading, Side::Request)?
    };
    Ok(Transformed { body: Content::Text(output.into()), ran: true })
}

/// The mapped parameters for the backend.
#[derive(Debug, Default)]
struct MappedParameters {
    headers: Vec<(HeaderName, Vec<String>)>,
    query: Vec<(String, String)>,
    path: Vec<PathValue>,
}

/// A value for a variable in the integration's URI.
#[derive(Debug)]
struct PathValue {
    name: String,
    text: String,
    writing: Writing,
    is_greedy: bool,
}

fn mapped(
    context: &Context,
    integration: &CompiledIntegration,
    request: &Payload,
) -> Result<MappedParameters, Refusal> {
    let facts = Facts { context, request, response: None };
    let rules = integration.header_rules();
    let mut mapped = MappedParameters::default();
    for (target, source) in &integration.parameters {
        if let RequestTarget::Header(name) = target {
            check_target(name, rules)?;
        }
        let value = source.read(facts).map_err(|_| Refusal::MappedBodyNotJson)?;
        match target {
            _ if value == Mapped::Nothing => {}
            RequestTarget::Header(name) => {
                if let Some(value) = value.joined() {
                    mapped.headers.push((name.clone(), vec![value.into_owned()]));
                }
            }
            RequestTarget::Query(name) => {
                let values = value.into_values().into_iter();
                mapped.query.extend(values.map(|value| (name.clone(), value.into_owned())));
            }
            RequestTarget::Path(name) => {
                let (writing, is_greedy) = writing(source, context);
                let text = value.joined().map(|value| value.into_owned());
                let value = |text| PathValue { name: name.clone(), text, writing, is_greedy };
                mapped.path.extend(text.map(value));
            }
        }
    }
    Ok(mapped)
}

/// How to encode a value from this source, and whether it may contain several path segments.
fn writing(source: &Source, context: &Context) -> (Writing, bool) {
    match source {
        Source::Literal(_) | Source::StageVariable(_) => (Writing::Author, true),
        Source::Path(name) => (Writing::PathPart, greedy_variable(context) == Some(name)),
        Source::Query(_)
        | Source::MultiQuery(_)
        | Source::Header(_)
        | Source::MultiHeader(_)
        | Source::Body(_)
        | Source::ResponseHeader(_)
        | Source::ResponseMultiHeader(_)
        | Source::ResponseBody(_)
        | Source::Context(_)
        | Source::Authorizer(_) => (Writing::Plain, false),
    }
}

/// The greedy variable of the method's resource, if there is one.
fn greedy_variable(context: &Context) -> Option<&str> {
    let path = &context.route.as_ref()?.resource_path;
    path.rsplit('/').next()?.strip_prefix('{')?.strip_suffix("+}")
}

fn left_its_place(AddressError::DotSegment(name): AddressError) -> Refusal {
    Refusal::InvalidPathValue(name)
}

fn check_target(name: &HeaderName, rules: Rules) -> Result<(), Refusal> {
    if is_illegal_target(name.as_str(), rules) {
        let target = format!("integration.request.header.{name}");
        return Err(Refusal::ApiConfiguration(Misconfiguration::Mapping(target)));
    }
    Ok(())
}

impl MappedParameters {
    /// Overrides replace mappings of the same name, and may add names.
    fn override_with(&mut self, context: &Context, rules: Rules) -> Result<(), Refusal> {
        let overrides = &context.overrides;
        for (name, values) in &overrides.request_header {
            let Ok(name) = HeaderName::try_from(name) else {
                return Err(Refusal::ApiConfiguration(Misconfiguration::Mapping(name.clone())));
            };
            check_target(&name, rules)?;
            self.headers.retain(|(other, _)| *other != name);
            self.headers.push((name, values.clone()));
        }
        for (name, values) in &overrides.request_querystring {
            self.query.retain(|(other, _)| other != name);
            self.query.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
        for (name, values) in &overrides.request_path {
            self.path.retain(|value| value.name != *name);
            let is_greedy = greedy_variable(context) == Some(name);
            let value = |text: &String| {
                let (name, text) = (name.clone(), text.clone());
                PathValue { name, text, writing: Writing::Template, is_greedy }
            };
            self.path.extend(values.first().map(value));
        }
        Ok(())
    }

    fn path(&self, name: &str) -> Option<PlacedValue<'_>> {
        let PathValue { text, writing, is_greedy, .. } = self.path.iter().find(|value| value.name == name)?;
        Some(PlacedValue { text, writing: *writing, is_greedy: *is_greedy })
    }

    fn fill(&self, address: &HttpAddress) -> Result<FilledAddress, Refusal> {
        address.fill(|name| self.path(name)).map_err(left_its_place)
    }

    fn replace_headers(&self, headers: &mut HeaderMap) {
        for (name, values) in &self.headers {
            headers.remove(name);
            for value in values {
                // A value with control characters can't be sent, so the header is left out.
                if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                    headers.append(name, value);
                }
            }
        }
    }
}

/// The headers that non-proxy integrations always send to backends.
fn default_headers(context: &Context, stage: &CompiledStage, verb: &Method) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let agent = format!("AmazonAPIGateway_{}", stage.api_id);
    headers.extend(HeaderValue::try_from(agent).map(|agent| (USER_AGENT, agent)));
    if !matches!(*verb, Method::GET | Method::HEAD | Method::OPTIONS) {
        // The value by which templates and models were chosen.
        let given = context.headers.get_all(CONTENT_TYPE).iter().next_back().cloned();
        headers.insert(CONTENT_TYPE, given.unwrap_or(HeaderValue::from_static("application/json")));
    }
    headers
}

/// Sets a header that the gateway generates, and removes the client's header of that name.
fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.remove(name);
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// The client's request is passed on completely; mappings replace what they name.
fn proxy_call(
    context: &mut Context,
    stage: &CompiledStage,
    integration: &CompiledIntegration,
    backend: &HttpBackend,
    request: &Payload,
    streaming: Option<Body>,
) -> Result<Call, Refusal> {
    let mapped = mapped(context, integration, request)?;
    let mut headers = passed_headers(context);
    insert(&mut headers, "x-forwarded-for", &context.forwarded_for());
    insert(&mut headers, "x-forwarded-port", "443");
    insert(&mut headers, "x-forwarded-proto", "https");
    headers.insert("x-amzn-trace-id", context.trace_id().clone());
    insert(&mut headers, "x-amzn-apigateway-api-id", stage.api_id.as_str());
    mapped.replace_headers(&mut headers);

    let mut address = mapped.fill(&backend.address)?;
    if mapped.query.is_empty() {
        address.push_query(context.uri.raw_query().unwrap_or_default());
    } else {
        let passed = context
            .query()
            .pairs()
            .iter()
            .filter(|(name, _)| !mapped.query.iter().any(|(mapped, _)| mapped == name));
        let all: Vec<_> = passed.chain(&mapped.query).cloned().collect();
        address.push_query(&encoded(&all));
    }
    let verb = backend.verb.clone().unwrap_or_else(|| context.method.clone());
    log_endpoint(context, || address.to_text(), &headers, streaming.is_none().then_some(request.bytes()));
    let body = streaming.unwrap_or_else(|| full(request.bytes().clone()));
    http_call(integration, backend, verb, &address, headers, body)
}

fn passed_headers(context: &Context) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(context.headers.keys_len() + 8);
    for name in context.headers.keys().filter(|name| !is_dropped_to_proxy_backend(name.as_str())) {
        let mut values = context.headers.get_all(name).iter();
        let (Some(first), rest) = (values.next(), values) else { continue };
        // Repeated headers are joined into one.
        let mut joined = first.clone();
        let rest: Vec<_> = rest.collect();
        if !rest.is_empty() {
            let all: Vec<&[u8]> = std::iter::once(first).chain(rest).map(HeaderValue::as_bytes).collect();
            if let Ok(value) = HeaderValue::from_bytes(&all.join(b", ".as_slice())) {
                joined = value;
            }
        }
        headers.insert(name.clone(), joined);
    }
    headers
}

fn encoded(pairs: &[(String, String)]) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        append(&mut query, name, value);
    }
    query
}

fn http_call(
    integration: &CompiledIntegration,
    backend: &HttpBackend,
    verb: Method,
    address: &FilledAddress,
    mut headers: HeaderMap,
    body: Body,
) -> Result<Call, Refusal> {
    let invalid = || Refusal::ApiConfiguration(Misconfiguration::EndpointAddress);
    let mut uri = address.to_uri().ok_or_else(invalid)?;
    if let Some(upstream) = &backend.upstream {
        if let (Some(authority), false) = (uri.authority(), headers.contains_key(HOST)) {
            headers.insert(HOST, HeaderValue::try_from(authority.as_str()).map_err(|_| invalid())?);
        }
        uri = upstream.locate(uri).ok_or_else(invalid)?;
    }
    let mut request = connect::Request::new(body);
    *request.method_mut() = verb;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let streams = integration.silence_max.is_some();
    let bounds = connect::Call {
        timeout: integration.timeout,
        response_bytes_max: if streams { usize::MAX } else { PAYLOAD_BYTES_MAX },
        streams,
        server_certificate: backend.server_certificate,
    };
    Ok(Call::Http(Box::new(request), bounds))
}

/// Tells the inspector what a MOCK integration reads its status from. AWS's log of a test call has no such line.
fn log_mock(context: &mut Context, body: &[u8]) {
    if context.log.as_ref().is_some_and(|log| !log.is_of_test()) {
        let body = String::from_utf8_lossy(body);
        context.log(format_args!("Mock request body after transformations: {body}"));
    }
}

/// Writes the execution log's lines about the endpoint request.
fn log_endpoint(
    context: &mut Context,
    uri: impl FnOnce() -> String,
    headers: &HeaderMap,
    body: Option<&bytes::Bytes>,
) {
    if context.log.is_none() {
        return;
    }
    let shown = headers.iter().map(|(name, value)| {
        (spelling(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let shown: Vec<_> = shown.collect();
    let uri = shown_address(&uri());
    context.log(format_args!("Endpoint request URI: {uri}"));
    context.log(format_args!("Endpoint request headers: {}", JavaMap(shown.iter().map(|(k, v)| (k, v)))));
    let body = body.map(|body| String::from_utf8_lossy(body)).unwrap_or_default();
    context.log(format_args!("Endpoint request body after transformations: {body}"));
    context.log(format_args!("Sending request to {uri}"));
}
