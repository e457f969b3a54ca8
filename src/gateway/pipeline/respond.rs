//! The only place where a [`Refusal`] becomes a response, and where every response gets the common headers.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html>

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{Answered, Finished, Refused};
use crate::apis::ResponseType;
use crate::connect::{Response, full};
use crate::gateway::context::{Context, Failure};
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::{Facts, Mapped};
use crate::gateway::refusal::Refusal;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The deployment that a response is of, where several nodes serve.
const REVISION: HeaderName = HeaderName::from_static("x-stepgate-revision");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

/// `Answered` or `Refused` → `Finished`: builds the response in either case.
/// `tells_revision` says whether it is told which deployment it is of.
pub(crate) fn finish(result: Result<Answered, Refused>, tells_revision: bool) -> Finished {
    let (context, mut response) = match result {
        Ok(Answered { context, response }) => (context, response),
        Err(Refused { mut context, refusal }) => {
            let response = render(&mut context, &refusal);
            (context, response)
        }
    };
    if let Some(limits) = &context.limits {
        limits.write(response.headers_mut(), context.received);
    }
    // A test call shows only the method's own headers.
    if !context.is_test_call() {
        let headers = response.headers_mut();
        // Both consist of visible ASCII characters.
        if let Ok(id) = HeaderValue::try_from(&context.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Ok(id) = HeaderValue::try_from(&context.extended_request_id) {
            headers.insert(EXTENDED_REQUEST_ID, id);
        }
        let revision = context.stage.as_ref().filter(|_| tells_revision);
        let revision = revision.and_then(|stage| stage.deployment_id.as_ref());
        if let Some(Ok(revision)) = revision.map(|id| HeaderValue::try_from(id.as_str())) {
            headers.insert(REVISION, revision);
        }
    }
    Finished { context, response }
}

fn render(context: &mut Context, refusal: &Refusal) -> Response {
    note(context, refusal);
    let kind = refusal.response_type();
    context.failure = Some(Failure {
        response_type: kind,
        message: refusal.message().map(|message| message.into_owned()),
        validation_error: refusal.validation_error().map(str::to_owned),
    });
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ERROR_TYPE, HeaderValue::from_static(refusal.error_type()));
    let customised = kind.and_then(|kind| customised(context, kind, &mut headers));
    let (own_status, body) = customised.unwrap_or_else(|| {
        if refusal.is_plain_text() {
            headers.insert(CONTENT_TYPE, TEXT);
            return (None, refusal.message().unwrap_or_default().into_owned());
        }
        headers.insert(CONTENT_TYPE, JSON);
        let message = refusal.message().map_or(serde_json::Value::Null, |m| m.into_owned().into());
        (None, serde_json::json!({ "message": message }).to_string())
    });
    if context.is_test_call() {
        headers.remove(CONTENT_TYPE);
    }
    let default = kind.and_then(ResponseType::default_status).map(|status| status.as_u16());
    let status = own_status.or_else(|| refusal.own_status()).or(default).unwrap_or(500);
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// Status and body of the API's gateway response; its headers are added to `headers`.
fn customised(
    context: &Context,
    kind: ResponseType,
    headers: &mut HeaderMap,
) -> Option<(Option<u16>, String)> {
    let response = context.stage.as_ref()?.gateway_responses.of(kind)?;
    let payload = Payload::default();
    let facts = Facts { context, request: &payload, response: None };
    let accept = context.own_header(&ACCEPT);
    let body = match response.template(accept.as_deref()) {
        Some((content_type, text)) => {
            headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type).unwrap_or(JSON));
            text.render(facts, "")
        }
        None => String::new(),
    };
    for (name, source) in &response.headers {
        // These sources never read a body; one without a value is left out.
        let values = source.read(facts).map_or_else(|_| Vec::new(), Mapped::into_values);
        headers.remove(name);
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name, value);
            }
        }
    }
    Some((response.status, body))
}

/// Logs what the client is not told.
fn note(context: &mut Context, refusal: &Refusal) {
    match refusal {
        Refusal::ApiConfiguration(reason) => {
            let stage = context.stage.as_deref();
            tracing::warn!(
                request_id = context.request_id,
                api = stage.map(|stage| stage.api_id.as_str()),
                stage = stage.map(|stage| stage.name.as_str()),
                "the API's configuration failed: {reason}"
            );
            context.integration.error = Some("Internal server error".to_owned());
            context.log(format_args!("Execution failed due to configuration error: {reason}"));
        }
        Refusal::IntegrationTimeout => {
            context.log(format_args!("Execution failed due to a timeout error"));
        }
        Refusal::IntegrationBroken(breakage) => {
            let stage = context.stage.as_deref();
            tracing::warn!(
                request_id = context.request_id,
                api = stage.map(|stage| stage.api_id.as_str()),
                stage = stage.map(|stage| stage.name.as_str()),
                "the integration failed: {breakage}"
            );
            context.integration.error = Some("Internal server error".to_owned());
            context.log(format_args!("{breakage}"));
        }
        Refusal::IntegrationUnreachable => {
            let reason = refusal.message().unwrap_or_default().into_owned();
            context.log(format_args!("Execution failed due to configuration error: {reason}"));
        }
        Refusal::Forbidden
        | Refusal::AmbiguousApi { .. }
        | Refusal::Unavailable
        | Refusal::BodyBroken
        | Refusal::AccessDenied(_)
        | Refusal::PolicyDenied(_)
        | Refusal::AuthorizerConfiguration
        | Refusal::AuthorizerFailure
        | Refusal::InvalidPathValue(_)
        | Refusal::MissingParameters(_)
        | Refusal::InvalidBody(_)
        | Refusal::BodyNotJson(_)
        | Refusal::MappedBodyNotJson
        | Refusal::ExpiredToken
        | Refusal::InvalidApiKey
        | Refusal::InvalidSignature(_)
        | Refusal::IncompleteSignature(_)
        | Refusal::MissingAuthenticationToken
        | Refusal::QuotaExceeded
        | Refusal::RequestTooLarge
        | Refusal::ValuesTooLarge
        | Refusal::ResourceNotFound
        | Refusal::Throttled
        | Refusal::TokenExpired
        | Refusal::Unauthorized
        | Refusal::UnrecognizedClient
        | Refusal::UriTooLong
        | Refusal::UnsupportedMediaType
        | Refusal::WafFiltered => {
            if let Some(message) = refusal.message() {
                let message = message.into_owned();
                context.log(format_args!("Execution failed: {message}"));
            }
        }
    }
}
