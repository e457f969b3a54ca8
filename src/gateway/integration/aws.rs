//! AWS: calls a service of this server, in process.

use std::time::Duration;

use crate::gateway::backends::{AwsCall, BackendError, Backends};
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
        Ok(Err(error)) => Err(match error {
            BackendError::Unreachable => Refusal::IntegrationUnreachable,
            BackendError::Malformed => Refusal::IntegrationBroken(Breakage::MalformedAnswer),
            BackendError::UnknownService { .. }
            | BackendError::UnknownOperation { .. }
            | BackendError::Credentials { .. } => {
                Refusal::ApiConfiguration(Misconfiguration::Unsupported(error.to_string()))
            }
        }),
    }
}
