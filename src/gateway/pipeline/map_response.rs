//! Builds the method's response from the integration's: selection, content handling, template, headers, overrides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use super::{Answered, Exchange, Refused, Replied, Reply, ReplyBody};
use crate::connect::{Body, Response, full};
use crate::gateway::bulkhead::{Bulkhead, Held};
use crate::gateway::compile::{Backend, CompiledIntegration, CompiledResponse, essence, first_accepted};
use crate::gateway::context::Context;
use crate::gateway::execution_log::JavaMap;
use crate::gateway::headers::{ResponseHeader, Rules, response_header, spelling};
use crate::gateway::integration::http_refusal;
use crate::gateway::mapping::content::{Content, convert_response};
use crate::gateway::mapping::host::{Side, evaluate};
use crate::gateway::mapping::payload::{Payload, Reading};
use crate::gateway::mapping::source::{Facts, Mapped};
use crate::gateway::proxy_response::ProxyResponse;
use crate::gateway::refusal::{Breakage, Misconfiguration, Refusal};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `Replied → Answered`.
pub(crate) async fn answer(replied: Replied, bulkhead: &Bulkhead) -> Result<Answered, Refused> {
    let Replied { exchange, reply } = replied;
    if exchange.integration().is_some_and(CompiledIntegration::is_proxy) {
        return proxied(exchange, reply, bulkhead).await;
    }
    let Reply { status, headers, body } = reply;
    let (body, held) = match whole(body, bulkhead).await {
        Ok(body) => body,
        Err(refusal) => return Err(exchange.refuse(refusal)),
    };
    let integration = exchange.integration();
    let again = integration.is_some_and(CompiledIntegration::parses_request_again);
    let parsed = [
        integration.is_some_and(CompiledIntegration::parses_reply).then_some(&body),
        again.then_some(exchange.request.bytes()),
    ];
    let bytes = body.len() + if again { exchange.request.bytes().len() } else { 0 };
    let parsed: Vec<_> = parsed.into_iter().flatten().cloned().collect();
    let mapped = bulkhead.run(
        bytes,
        || parsed,
        exchange,
        move |exchange| {
            let _held = held;
            mapped(exchange, status, headers, body)
        },
    );
    match mapped.await {
        Ok(result) => result,
        Err((exchange, refusal)) => Err(exchange.refuse(refusal)),
    }
}

fn mapped(
    mut exchange: Exchange,
    status: StatusCode,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Answered, Refused> {
    let is_function =
        exchange.integration().is_some_and(|it| matches!(it.backend, Backend::LambdaProxy { .. }));
    let answered = if is_function {
        lambda_proxied(&mut exchange, status, &headers, &body)
    } else {
        map(&mut exchange, status, headers, body)
    };
    match answered {
        Ok(response) => Ok(Answered { context: exchange.context, response }),
        Err(refusal) => Err(exchange.refuse(refusal)),
    }
}

async fn whole(body: ReplyBody, bulkhead: &Bulkhead) -> Result<(bytes::Bytes, Option<Held>), Refusal> {
    match body {
        ReplyBody::Whole(bytes) => Ok((bytes, None)),
        ReplyBody::Streaming(body) => bulkhead.collect(body).await.map_err(|error| http_refusal(&error)),
    }
}

fn map(
    exchange: &mut Exchange,
    status: StatusCode,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Refusal> {
    let Exchange { context, stage, method, request } = exchange;
    let Some(integration) = &method.integration else {
        return Err(Refusal::ResourceNotFound); // Not reached: `map_request` has found it.
    };
    let rules = integration.header_rules();
    log_reply(context, &headers, &body, rules);
    let selected = match &integration.backend {
        Backend::Aws { target, .. } if target.service == "lambda" && status.is_success() => {
            // The error of a failed function is matched; a successful one always gets the default response.
            match function_error(&headers, &body) {
                Some(error) => integration.responses.select(&error),
                None => integration.responses.default(),
            }
        }
        _ => integration.responses.select(status.as_str()),
    };
    let no_match =
        || Refusal::ApiConfiguration(Misconfiguration::NoOutputMapping(status.as_str().to_owned()));
    let selected = selected.ok_or_else(no_match)?;
    if !selected.is_declared {
        return Err(Refusal::ApiConfiguration(Misconfiguration::MethodResponse(selected.status)));
    }

    let backend_type = headers.get(CONTENT_TYPE).cloned();
    let accept = context.own_header(&ACCEPT).map(|accept| accept.into_owned());
    let content = if stage.binary_types.is_empty() && selected.content_handling.is_none() {
        Content::Text(body.clone())
    } else {
        let given = backend_type.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_binary = stage.binary_types.contains(essence(given));
        let accepts = accept.as_deref().map_or("application/json", first_accepted);
        let accepts_binary = stage.binary_types.contains(accepts);
        // An empty body is both text and binary, so there is nothing to convert.
        let handling = if body.is_empty() { None } else { selected.content_handling };
        if body.is_empty() {
            Content::Text(body.clone())
        } else {
            convert_response(body.clone(), is_binary, accepts_binary, handling)
                .map_err(|_| Refusal::ApiConfiguration(Misconfiguration::Base64))?
        }
    };

    let raw = Payload::new(body);
    let template = selected.templates.for_accept(accept.as_deref());
    let (content_type, out) = match template {
        // An AWS service's own content type (`application/x-amz-json-1.0`) is not passed on unless it is mapped.
        None if rules == Rules::Aws => (JSON, content.into_bytes()),
        None => (backend_type.unwrap_or(JSON), content.into_bytes()),
        Some((key, template)) => {
            let text = match content {
                Content::Text(text) => text,
                Content::Binary(_) => return Err(Refusal::ApiConfiguration(Misconfiguration::BinaryPayload)),
            };
            let reading = backend_type.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
            let reading = Reading::of_response(reading.as_deref());
            let output = if text == *raw.bytes() {
                evaluate(template, context, &raw, reading, Side::Response)?
            } else {
                // Base64 of binary content is not JSON, whatever its type.
                evaluate(template, context, &Payload::new(text), Reading::Either, Side::Response)?
            };
            (HeaderValue::try_from(key).unwrap_or(JSON), output.into())
        }
    };

    let mut answer = HeaderMap::with_capacity(selected.headers.len() + 4);
    answer.insert(CONTENT_TYPE, content_type);
    if rules != Rules::Plain || !matches!(integration.backend, Backend::Mock) {
        set_trace_id(&mut answer, context);
    }
    let facts = Facts { context, request, response: Some((&headers, &raw)) };
    mapped_headers(selected, facts, rules, &mut answer)?;
    // Overrides count whichever template set them, including the request template.
    let status = overridden(context, rules, &mut answer);
    log_answer(context, &out, &answer);
    let mut response = Response::new(full(out));
    *response.status_mut() =
        StatusCode::from_u16(status.unwrap_or(selected.status)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer;
    Ok(response)
}

fn set_trace_id(answer: &mut HeaderMap, context: &Context) {
    answer.insert(HeaderName::from_static("x-amzn-trace-id"), context.trace_id().clone());
}

fn mapped_headers(
    selected: &CompiledResponse,
    facts: Facts<'_>,
    rules: Rules,
    answer: &mut HeaderMap,
) -> Result<(), Refusal> {
    for (name, source) in &selected.headers {
        let mapped = source.read(facts).map_err(|_| {
            let target = format!("method.response.header.{name}");
            Refusal::ApiConfiguration(Misconfiguration::Mapping(target))
        })?;
        if mapped != Mapped::Nothing {
            let values = mapped.into_values();
            put(answer, name, values.iter().map(|value| value.as_bytes()), rules);
        }
    }
    Ok(())
}

/// Applies `$context.responseOverride`; returns the status if it is valid.
fn overridden(context: &Context, rules: Rules, answer: &mut HeaderMap) -> Option<u16> {
    for (name, values) in &context.overrides.response_header {
        if let Ok(name) = HeaderName::try_from(name) {
            put(answer, &name, values.iter().map(String::as_bytes), rules);
        }
    }
    let status = context.overrides.response_status.as_deref()?.parse().ok()?;
    (100..=599).contains(&status).then_some(status)
}

/// Sets a header, under its remapped name if API Gateway remaps it.
fn put<'a>(answer: &mut HeaderMap, name: &HeaderName, values: impl Iterator<Item = &'a [u8]>, rules: Rules) {
    let renamed;
    let name = match response_header(name, rules) {
        ResponseHeader::Pass => name,
        ResponseHeader::Drop => return,
        ResponseHeader::Remap(other) => {
            renamed = other;
            &renamed
        }
    };
    answer.remove(name);
    for value in values {
        // A value with control characters can't be sent, so it is left out.
        if let Ok(value) = HeaderValue::from_bytes(value) {
            answer.append(name, value);
        }
    }
}

/// The error of a Lambda function; `None` if it succeeded.
pub(super) fn function_error(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    headers.get("x-amz-function-error")?;
    let error: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    Some(error.get("errorMessage").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned())
}

/// AWS_PROXY: the function's result is the response.
fn lambda_proxied(
    exchange: &mut Exchange,
    status: StatusCode,
    headers: &HeaderMap,
    body: &bytes::Bytes,
) -> Result<Response, Refusal> {
    let Exchange { context, stage, .. } = exchange;
    log_reply(context, headers, body, Rules::Aws);
    if !status.is_success() {
        return Err(Refusal::ApiConfiguration(Misconfiguration::LambdaStatus(status.as_u16())));
    }
    if let Some(error) = function_error(headers, body) {
        return Err(Refusal::IntegrationBroken(Breakage::FunctionError(error)));
    }
    let malformed = || Refusal::IntegrationBroken(Breakage::MalformedProxyResponse);
    let given = ProxyResponse::parse(body).map_err(|_| malformed())?;
    let answer = function_headers(given.headers, context);
    let accepts_binary = || {
        let accept = context.own_header(&ACCEPT);
        stage.binary_types.contains(accept.as_deref().map_or("application/json", first_accepted))
    };
    let out = if given.is_base64_encoded && accepts_binary() {
        let decoded = STANDARD.decode(given.body);
        decoded.map_err(|_| Refusal::ApiConfiguration(Misconfiguration::Base64))?.into()
    } else {
        bytes::Bytes::from(given.body)
    };
    log_answer(context, &out, &answer);
    let mut response = Response::new(full(out));
    *response.status_mut() = given.status;
    *response.headers_mut() = answer;
    Ok(response)
}

/// The headers that a function gives its response, with what API Gateway adds.
pub(super) fn function_headers(given: Vec<(HeaderName, HeaderValue)>, context: &Context) -> HeaderMap {
    let mut answer = HeaderMap::with_capacity(given.len() + 4);
    for (name, value) in given {
        // The server computes the Content-Length that is sent.
        match response_header(&name, Rules::Aws) {
            _ if name == CONTENT_LENGTH => {}
            ResponseHeader::Pass => {
                answer.append(name, value);
            }
            ResponseHeader::Drop => {}
            ResponseHeader::Remap(name) => {
                answer.append(name, value);
            }
        }
    }
    if !answer.contains_key(CONTENT_TYPE) {
        answer.insert(CONTENT_TYPE, JSON);
    }
    set_trace_id(&mut answer, context);
    answer
}

/// The headers of a proxied HTTP backend.
pub(super) fn proxied_headers(headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        match response_header(name, Rules::HttpProxy) {
            ResponseHeader::Pass => {
                answer.append(name, value.clone());
            }
            ResponseHeader::Drop => {}
            ResponseHeader::Remap(name) => {
                answer.append(name, value.clone());
            }
        }
    }
    if !answer.contains_key(CONTENT_TYPE) {
        answer.insert(CONTENT_TYPE, JSON);
    }
    answer
}

/// HTTP_PROXY: passes on status, headers and body. A body of known length is streamed. Others are read first, because
/// one that is too large has to be refused before its status is sent.
async fn proxied(exchange: Exchange, reply: Reply, bulkhead: &Bulkhead) -> Result<Answered, Refused> {
    let Exchange { mut context, stage, .. } = exchange;
    let Reply { status, headers, body } = reply;
    let answer = proxied_headers(&headers);
    let mut body: Body = match body {
        ReplyBody::Whole(bytes) => full(bytes),
        ReplyBody::Streaming(body) => body,
    };
    let is_binary = || {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        stage.binary_types.contains(essence(given))
    };
    let accepts_binary = || {
        let accept = context.own_header(&ACCEPT);
        stage.binary_types.contains(accept.as_deref().map_or("application/json", first_accepted))
    };
    // Text is never converted, only a body that is binary on one side but not on the other.
    let converts = !stage.binary_types.is_empty() && is_binary() && !accepts_binary();
    let has_length = http_body::Body::size_hint(&body).exact().is_some();
    if converts || !has_length || context.is_test_call() {
        let (bytes, _held) = match bulkhead.collect(body).await {
            Ok(bytes) => bytes,
            Err(error) => return Err(Refused { context, refusal: http_refusal(&error) }),
        };
        log_reply(&mut context, &headers, &bytes, Rules::HttpProxy);
        let content =
            if converts { convert_response(bytes, true, false, None) } else { Ok(Content::Text(bytes)) };
        let Ok(content) = content else {
            return Err(Refused { context, refusal: Refusal::ApiConfiguration(Misconfiguration::Base64) });
        };
        let bytes = content.into_bytes();
        log_answer(&mut context, &bytes, &answer);
        body = full(bytes);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = answer;
    Ok(Answered { context, response })
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        (spelling(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    shown.collect()
}

fn log_reply(context: &mut Context, headers: &HeaderMap, body: &[u8], _rules: Rules) {
    // A mock has no endpoint to log.
    if context.log.is_none() || is_mock(context) {
        return;
    }
    let shown = shown(headers);
    context.log(format_args!("Endpoint response headers: {}", JavaMap(shown.iter().map(|(k, v)| (k, v)))));
    let body = String::from_utf8_lossy(body);
    context.log(format_args!("Endpoint response body before transformations: {body}"));
}

fn is_mock(context: &Context) -> bool {
    let integration = context.route.as_ref().and_then(|route| route.integration.as_ref());
    integration.is_some_and(|i| matches!(i.backend, Backend::Mock))
}

fn log_answer(context: &mut Context, body: &[u8], headers: &HeaderMap) {
    if context.log.is_none() {
        return;
    }
    let shown = shown(headers);
    let body = String::from_utf8_lossy(body);
    context.log(format_args!("Method response body after transformations: {body}"));
    context.log(format_args!("Method response headers: {}", JavaMap(shown.iter().map(|(k, v)| (k, v)))));
    context.log(format_args!("Successfully completed execution"));
}
