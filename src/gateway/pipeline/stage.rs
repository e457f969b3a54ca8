//! Finds the stage that the address names, and decides at random whether its canary serves the request.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;

use super::{Arrived, PAYLOAD_BYTES_MAX, Refused, Staged};
use crate::clock::Ids;
use crate::gateway::compile::{CompiledStage, Served};
use crate::gateway::context::Context;
use crate::gateway::refusal::Refusal;
use crate::gateway::stages::Stages;

/// `Arrived → Staged`.
pub(crate) async fn find(arrived: Arrived, stages: &Stages, ids: &dyn Ids) -> Result<Staged, Refused> {
    let Arrived { mut context, body } = arrived;
    let served = match stages.find(&context.target).await {
        Ok(served) => served,
        Err(refusal) => return Err(Refused { context, refusal }),
    };
    let stage = pick(&served, ids);
    // Only the default endpoint is disabled: custom domains still work.
    if !stage.is_endpoint_enabled && context.target.custom_domain.is_none() {
        return Err(Refused { context, refusal: Refusal::Forbidden });
    }
    context.stage = Some(stage.clone());
    // A body whose length is too large need not be read.
    if PAYLOAD_BYTES_MAX < announced_length(&context) {
        return Err(Refused { context, refusal: Refusal::RequestTooLarge });
    }
    Ok(Staged { context, stage, body })
}

/// Decides for each request separately: `random * 100 < percentTraffic`.
fn pick(served: &Served, ids: &dyn Ids) -> Arc<CompiledStage> {
    match &served.canary {
        Some(canary) if ids.unit() * 100.0 < canary.percent => canary.stage.clone(),
        Some(_) | None => served.stage.clone(),
    }
}

fn announced_length(context: &Context) -> usize {
    let length = context.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}
