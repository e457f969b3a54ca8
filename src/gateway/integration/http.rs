//! HTTP and HTTP_PROXY: calls through the pooled client.

use crate::connect::{Call, ClientIdentity, Error, HttpClient, Request};
use crate::gateway::pipeline::{Reply, ReplyBody};
use crate::gateway::refusal::{Breakage, Misconfiguration, Refusal};

pub(super) async fn perform(
    client: &HttpClient,
    identity: Option<&ClientIdentity>,
    request: Request,
    bounds: Call,
) -> Result<Reply, Refusal> {
    match client.send_as(identity, request, bounds).await {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            Ok(Reply { status: parts.status, headers: parts.headers, body: ReplyBody::Streaming(body) })
        }
        Err(error) => Err(refusal(&error)),
    }
}

/// The refusal for a failed call.
pub(crate) fn refusal(error: &Error) -> Refusal {
    match error {
        // Either an attack, or a setting is missing: the operator should know.
        Error::Refused(refused) => tracing::warn!("an integration was not called: {refused}"),
        error => tracing::debug!(error = error as &dyn std::error::Error, "integration call failed"),
    }
    match error {
        Error::InvalidAddress(_) | Error::Refused(_) => {
            Refusal::ApiConfiguration(Misconfiguration::EndpointAddress)
        }
        Error::Timeout => Refusal::IntegrationTimeout,
        Error::TooLarge { bytes_max } => {
            Refusal::ApiConfiguration(Misconfiguration::ResponseTooLarge(*bytes_max))
        }
        Error::NoRoom => Refusal::Unavailable,
        Error::Connect(_) | Error::Tls(_) | Error::Broken(_) => {
            // A 504 doesn't say why, and the reason is known only here.
            tracing::warn!(error = error as &dyn std::error::Error, "integration call failed");
            Refusal::IntegrationUnreachable
        }
        Error::Answer(_) => {
            tracing::warn!(error = error as &dyn std::error::Error, "an endpoint's answer is no answer");
            Refusal::IntegrationBroken(Breakage::MalformedAnswer)
        }
        Error::Body(_) => Refusal::BodyBroken,
    }
}
