//! AWS: calls a service of this server, in process.

use std::time::Duration;

use crate::gateway::backends::{AwsCall, BackendError, BackendStream, Backends};
use crate::gateway::pipeline::{Reply, ReplyBody};
use crate::gateway::refusal::{Breakage, Misconfiguration, Refusal};

pub(super) async fn perform(
    backends: &dyn Backends,
    call: AwsCall,
    timeout: Duration,
) -> Result<Reply, Refusal> {
    match tokio::time::timeout(timeout, backends.call(call)).await {
        Err(_) => Err(Refusal::IntegrationTimeout),
        Ok(Ok(answer)) => {
            let body = ReplyBody::Whole(answer.body);
            Ok(Reply { status: answer.status, headers: answer.headers, body })
        }
        Ok(Err(error)) => Err(refusal(&error)),
    }
}

/// The same for a response that is passed on while it is written: returns as soon as it begins.
pub(super) async fn stream(
    backends: &dyn Backends,
    call: AwsCall,
    timeout: Duration,
) -> Result<Reply, Refusal> {
    match tokio::time::timeout(timeout, backends.stream(call)).await {
        Err(_) => Err(Refusal::IntegrationTimeout),
        Ok(Ok(BackendStream { status, headers, body })) => {
            Ok(Reply { status, headers, body: ReplyBody::Streaming(body) })
        }
        Ok(Err(error)) => Err(refusal(&error)),
    }
}

fn refusal(error: &BackendError) -> Refusal {
    match error {
        BackendError::Unreachable => Refusal::IntegrationUnreachable,
        BackendError::TimedOut => Refusal::IntegrationTimeout,
        BackendError::Malformed => Refusal::IntegrationBroken(Breakage::MalformedAnswer),
        BackendError::UnknownService { .. }
        | BackendError::UnknownOperation { .. }
        | BackendError::Credentials { .. } => {
            Refusal::ApiConfiguration(Misconfiguration::Unsupported(error.to_string()))
        }
    }
}
