//! Calls the backend.

use std::time::Duration;

use metrics::Histogram;

use super::{Call, Prepared, Refused, Replied};
use crate::clock::Clock;
use crate::gateway::context::Context;
use crate::gateway::integration::{Outside, perform};
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
        Call::Aws(..) => "AWS",
    };
    let before = clock.monotonic();
    let result = perform(outside, exchange.stage.client_identity.as_ref(), call).await;
    let latency = clock.monotonic().saturating_sub(before);
    if !is_mock {
        seconds(kind).record(latency);
    }
    let facts = &mut exchange.context.integration;
    facts.latency = Some(latency);
    match result {
        Ok(reply) => {
            facts.status = Some(reply.status.as_u16());
            let id = reply.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
            facts.request_id = id.map(str::to_owned);
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

fn log(context: &mut Context, status: u16, latency: Duration) {
    let millis = latency.as_millis();
    context.log(format_args!("Received response. Status: {status}, Integration latency: {millis} ms"));
}

/// Looked up for each call; a call that leaves the gateway costs more than that.
fn seconds(kind: &'static str) -> Histogram {
    metrics::histogram!(meter::INTEGRATION_SECONDS, "type" => kind)
}
