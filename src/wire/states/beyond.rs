//! What AWS has no operation for: forks of executions, and Waits that end before their time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::executions::Started;
use crate::engine;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForkExecution {
    execution_arn: String,
    state_name: String,
    event_id: Option<u64>,
    name: Option<String>,
    input: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SkipWait {
    execution_arn: String,
    state_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Skipped {
    state_names: Vec<Arc<str>>,
}

pub(super) async fn fork_execution(call: &Call, input: ForkExecution) -> Result<Started, ApiError> {
    let ForkExecution { execution_arn, state_name: state, event_id, name, input } = input;
    let fork = engine::ForkExecution { execution_arn, state, event_id, name, input };
    Ok(call.engine().fork_execution(fork).await?.into())
}

pub(super) async fn skip_wait(call: &Call, input: SkipWait) -> Result<Skipped, ApiError> {
    let skipped = call.engine().skip_wait(&input.execution_arn, input.state_name).await?;
    Ok(Skipped { state_names: skipped })
}
