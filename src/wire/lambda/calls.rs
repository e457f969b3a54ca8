//! Calls of functions: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::functions::Named;
use super::{fault, rooms};
use crate::functions::{
    Answer, Called, Invocation, PAYLOAD_BYTES_MAX, Payload, Piece, Reference, Source, Stream,
};
use crate::wire::event_stream::{self, Message};
use crate::wire::{ApiError, Call, Reply, ReplyBody};

/// The longest client context, in base64.
const CLIENT_CONTEXT_BYTES_MAX: usize = 3_583;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Invoke {
    #[serde(flatten)]
    of: Named,
    invocation_type: Option<String>,
    log_type: Option<String>,
    client_context: Option<String>,
    durable_execution_name: Option<String>,
    tenant_id: Option<String>,
}

impl Invoke {
    fn check(&self) -> Result<(), ApiError> {
        for (member, is_given) in [
            ("DurableExecutionName", self.durable_execution_name.is_some()),
            ("TenantId", self.tenant_id.is_some()),
        ] {
            if is_given {
                return Err(fault::unsupported(member));
            }
        }
        Ok(())
    }

    fn invocation(&self, call: &Call) -> Result<Invocation, ApiError> {
        let wrong =
            || fault::invalid("Client context must be a valid Base64-encoded JSON object.".to_owned());
        let client_context = match &self.client_context {
            Some(text) if text.len() <= CLIENT_CONTEXT_BYTES_MAX => {
                let text = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let text = text.ok_or_else(wrong)?;
                // One line: it goes into a header.
                let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong())?;
                Some(value.to_string())
            }
            Some(_) => return Err(wrong()),
            None => None,
        };
        Ok(Invocation {
            request_id: call.request_id.clone(),
            payload: call.payload().clone(),
            client_context,
            trace_id: Some(trace_id(call)),
            ..Invocation::default()
        })
    }
}

/// Callers have been asked for their permission; for a service of AWS that has no role, the function's policy decides.
fn source(call: &Call) -> Source {
    match &call.behalf {
        Some(behalf) => Source::Service {
            principal: behalf.principal,
            arn: behalf.source_arn.clone(),
            account: call.home.account.to_string(),
        },
        None => Source::Permitted,
    }
}

/// The trace that the call belongs to, or one that begins here: version, time, and 96 bits.
fn trace_id(call: &Call) -> String {
    call.trace_id.clone().unwrap_or_else(|| {
        let digits: String = call.request_id.chars().filter(char::is_ascii_hexdigit).skip(8).collect();
        format!("Root=1-{:08x}-{digits};Sampled=0", call.time.as_seconds())
    })
}

pub(super) async fn invoke(call: &Call, input: Invoke) -> Result<Reply, ApiError> {
    input.check()?;
    let Reference { name, qualifier } = input.of.reference(call)?;
    let called =
        Called { home: &call.home, name: &name, qualifier: qualifier.as_deref(), source: source(call) };
    let invocation = input.invocation(call)?;
    let trace = invocation.trace_id.clone().unwrap_or_default();
    match input.invocation_type.as_deref() {
        Some("Event") => {
            rooms(call).enqueue(called, invocation).await?;
            Ok(Reply { status: Some(202), headers: response_headers(&trace), body: ReplyBody::Empty })
        }
        Some("DryRun") => {
            rooms(call).dry_run(called).await?;
            Ok(Reply { status: Some(204), headers: response_headers(&trace), body: ReplyBody::Empty })
        }
        _ => {
            let answer = rooms(call).invoke(called, invocation).await?;
            let mut reply = answered(answer, input.log_type.as_deref() == Some("Tail")).await;
            reply.headers.extend(response_headers(&trace));
            Ok(reply)
        }
    }
}

/// The headers of every response.
fn response_headers(trace_id: &str) -> Vec<(HeaderName, HeaderValue)> {
    let trace = HeaderValue::from_str(trace_id).ok();
    let trace = trace.map(|trace| (HeaderName::from_static("x-amzn-trace-id"), trace));
    let length = (HeaderName::from_static("x-amzn-remapped-content-length"), HeaderValue::from_static("0"));
    trace.into_iter().chain([length]).collect()
}

/// An answer as Invoke gives it: all of it, whether or not the function streams it.
async fn answered(answer: Answer, has_log: bool) -> Reply {
    let Answer { executed_version, function_error, payload, log_tail } = answer;
    let (bytes, broken) = payload.collect(PAYLOAD_BYTES_MAX).await;
    let (function_error, bytes) = match broken {
        Some(Piece::Failed { details, .. }) => (Some("Unhandled"), Bytes::from(details)),
        Some(Piece::Data(_)) | None => (function_error, bytes),
    };
    let mut headers = Vec::new();
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.push((HeaderName::from_static(name), value));
        }
    };
    add("x-amz-executed-version", &executed_version);
    if let Some(error) = function_error {
        add("x-amz-function-error", error);
    }
    if has_log {
        add("x-amz-log-result", &STANDARD.encode(log_tail));
    }
    let content_type = HeaderValue::from_static("application/json");
    Reply { status: None, headers, body: ReplyBody::Raw { content_type, bytes } }
}

pub(super) async fn invoke_streamed(call: &Call, input: Invoke) -> Result<Reply, ApiError> {
    input.check()?;
    let Reference { name, qualifier } = input.of.reference(call)?;
    let called =
        Called { home: &call.home, name: &name, qualifier: qualifier.as_deref(), source: source(call) };
    if input.invocation_type.as_deref() == Some("DryRun") {
        rooms(call).dry_run(called).await?;
        return Ok(Reply { status: Some(204), headers: Vec::new(), body: ReplyBody::Empty });
    }
    let has_log = input.log_type.as_deref() == Some("Tail");
    let answer = rooms(call).invoke(called, input.invocation(call)?).await?;
    let mut headers = Vec::new();
    if let Ok(version) = HeaderValue::from_str(&answer.executed_version) {
        headers.push((HeaderName::from_static("x-amz-executed-version"), version));
    }
    let content_type = match &answer.payload {
        Payload::Stream(Stream { content_type, .. }) => HeaderValue::from_str(content_type).ok(),
        Payload::Whole(_) => None,
    };
    let content_type = content_type.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream"));
    headers.push((HeaderName::from_static("x-amz-invoke-response-stream-content-type"), content_type));
    let log = has_log.then(|| STANDARD.encode(&answer.log_tail));
    let messages = match answer.payload {
        Payload::Whole(bytes) => {
            let failed = answer
                .function_error
                .map(|error| (error.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
            let mut messages = Vec::new();
            if failed.is_none() {
                messages.push(chunk(&bytes));
            }
            messages.push(complete(failed, log.as_deref()));
            event_stream::whole(messages)
        }
        Payload::Stream(stream) => event_stream::from(stream.pieces, move |piece| match piece {
            Some(Piece::Data(bytes)) => (chunk(&bytes), false),
            Some(Piece::Failed { error_type, details }) => {
                (complete(Some((error_type, details)), log.as_deref()), true)
            }
            None => (complete(None, log.as_deref()), true),
        }),
    };
    let content_type = HeaderValue::from_static("application/vnd.amazon.eventstream");
    Ok(Reply { status: None, headers, body: ReplyBody::stream(content_type, messages) })
}

fn chunk(bytes: &Bytes) -> Message {
    Message::event("PayloadChunk", "application/octet-stream", bytes)
}

fn complete(failed: Option<(String, String)>, log: Option<&str>) -> Message {
    let mut told = serde_json::Map::new();
    if let Some((error, details)) = failed {
        told.insert("ErrorCode".to_owned(), error.into());
        told.insert("ErrorDetails".to_owned(), details.into());
    }
    if let Some(log) = log {
        told.insert("LogResult".to_owned(), log.into());
    }
    Message::event(
        "InvokeComplete",
        "application/json",
        serde_json::Value::Object(told).to_string().as_bytes(),
    )
}
