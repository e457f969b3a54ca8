//! HTTP and HTTP_PROXY: a call through the pooled client.

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

/// What a failed call means to the client.
pub(crate) fn refusal(error: &Error) -> Refusal {
    match error {
        // Somebody tries, or the settings forget, something: the house should hear of it.
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
            // A 504 says nothing of why; this is the only place that knows.
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
