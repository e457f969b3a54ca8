//! Calls the backend.

use std::time::Duration;

use metrics::Histogram;

use tokio::time::Instant;

use super::stream::Patient;
use super::{Call, Prepared, Refused, Replied, Reply, ReplyBody};
use crate::clock::Clock;
use crate::connect::{ClientIdentity, boxed};
use crate::gateway::context::Context;
use crate::gateway::integration::{Outside, perform};
use crate::gateway::refusal::Refusal;
use crate::meter;

/// `Prepared → Replied`.
pub(crate) async fn integrate(
    prepared: Prepared,
    outside: &Outside,
    clock: &dyn Clock,
) -> Result<Replied, Refused> {
    let Prepared { mut exchange, call } = prepared;
    let is_mock = matches!(call, Call::Mock(_));
    let kind = match &call {
        Call::Mock(_) => "MOCK",
        Call::Http(..) => "HTTP",
        Call::Aws(..) | Call::Function(..) => "AWS",
    };
    let before = clock.monotonic();
    let identity = exchange.stage.client_identity.as_ref();
    let integration = exchange.integration();
    let result = match integration.and_then(|it| Some((it.timeout, it.silence_max?))) {
        Some((timeout, silence_max)) => {
            // Boxed, because few methods stream.
            Box::pin(streamed(outside, identity, call, timeout, silence_max)).await
        }
        None => perform(outside, identity, call).await,
    };
    let latency = clock.monotonic().saturating_sub(before);
    if !is_mock {
        seconds(kind).record(latency);
    }
    let facts = &mut exchange.context.integration;
    facts.latency = Some(latency);
    facts.called = Some(before);
    match result {
        Ok(reply) => {
            facts.status = Some(reply.status.as_u16());
            let id = reply.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
            facts.request_id = id.map(str::to_owned);
            if let (Some(notes), ReplyBody::Whole(body)) = (&mut exchange.context.notes, &reply.body) {
                notes.answer(body);
            }
            if !is_mock {
                log(&mut exchange.context, reply.status.as_u16(), latency);
            }
            Ok(Replied { exchange, reply })
        }
        Err(refusal) => {
            facts.error = refusal.message().map(|message| message.into_owned());
            Err(exchange.refuse(refusal))
        }
    }
}

/// Makes the call; the time limits hold for the body, too.
async fn streamed(
    outside: &Outside,
    identity: Option<&ClientIdentity>,
    call: Call,
    timeout: Duration,
    silence_max: Duration,
) -> Result<Reply, Refusal> {
    let deadline = Instant::now() + timeout;
    let performed = tokio::time::timeout(silence_max, perform(outside, identity, call)).await;
    let reply = performed.unwrap_or(Err(Refusal::IntegrationTimeout))?;
    let body = match reply.body {
        ReplyBody::Whole(bytes) => ReplyBody::Whole(bytes),
        ReplyBody::Streaming(body) => ReplyBody::Streaming(boxed(Patient::new(body, deadline, silence_max))),
    };
    Ok(Reply { body, ..reply })
}

fn log(context: &mut Context, status: u16, latency: Duration) {
    let millis = latency.as_millis();
    context.log(format_args!("Received response. Status: {status}, Integration latency: {millis} ms"));
}

/// Looked up for each call; a call that leaves the gateway costs more than that.
fn seconds(kind: &'static str) -> Histogram {
    metrics::histogram!(meter::INTEGRATION_SECONDS, "type" => kind)
}
