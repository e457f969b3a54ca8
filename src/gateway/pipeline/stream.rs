//! Passes a response on while the backend still writes it (`responseTransferMode: STREAM`). It takes the place of
//! `map_response` for such methods.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html>

#[cfg(test)]
mod fed;
mod paced;
mod patient;
mod prelude;

pub(super) use patient::Patient;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use self::paced::{Paced, Record};
use self::prelude::{Prelude, read_prelude};
use super::map_response::{function_error, function_headers, proxied_headers};
use super::{Answered, Exchange, Refused, Replied, Reply, ReplyBody};
use crate::clock::Clock;
use crate::connect::{Body, Response, boxed, collect, full};
use crate::gateway::compile::{Backend, CompiledIntegration};
use crate::gateway::context::StreamTimes;
use crate::gateway::integration::http_refusal;
use crate::gateway::refusal::{Breakage, Misconfiguration, Refusal};

/// The most bytes of what is said of a function that failed before it wrote anything.
const ERROR_BYTES_MAX: usize = 256 * 1024;

/// Whether the response of `exchange` is streamed.
pub(crate) fn is_streamed(replied: &Replied) -> bool {
    replied.exchange.integration().is_some_and(CompiledIntegration::streams)
}

/// `Replied → Answered`, as soon as the status and all headers are there.
///
/// What fails until then is a refusal; what fails later breaks the response off.
pub(crate) async fn answer(replied: Replied, clock: &Arc<dyn Clock>) -> Result<Answered, Refused> {
    let Replied { mut exchange, reply } = replied;
    let (status, headers, first, body) = match head(&exchange, reply).await {
        Ok(head) => head,
        Err(refusal) => return Err(exchange.refuse(refusal)),
    };
    let times = Arc::new(StreamTimes::default());
    let facts = &mut exchange.context.integration;
    facts.stream = Some(times.clone());
    let record = Record { times, clock: clock.clone(), started: facts.called.unwrap_or_default() };
    let _ = record.times.all_headers.set(record.since());
    let mut response = Response::new(boxed(Paced::new(first, body, record)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(Answered { context: exchange.context, response })
}

/// Status, headers, the beginning of the body, and its rest.
async fn head(exchange: &Exchange, reply: Reply) -> Result<(StatusCode, HeaderMap, Bytes, Body), Refusal> {
    let Reply { status, headers, body } = reply;
    let body = match body {
        ReplyBody::Whole(bytes) => full(bytes),
        ReplyBody::Streaming(body) => body,
    };
    let is_function =
        exchange.integration().is_some_and(|it| matches!(it.backend, Backend::LambdaProxy { .. }));
    if !is_function {
        return Ok((status, proxied_headers(&headers), Bytes::new(), body));
    }
    if !status.is_success() {
        return Err(Refusal::ApiConfiguration(Misconfiguration::LambdaStatus(status.as_u16())));
    }
    if headers.contains_key("x-amz-function-error") {
        let details = collect(body, ERROR_BYTES_MAX).await.map_err(|error| http_refusal(&error))?;
        let message = function_error(&headers, &details).unwrap_or_default();
        return Err(Refusal::IntegrationBroken(Breakage::FunctionError(message)));
    }
    let (Prelude { status, headers }, first, body) = read_prelude(body).await?;
    Ok((status, function_headers(headers, &exchange.context), first, body))
}
