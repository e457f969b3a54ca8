//! Map Runs: describing, listing, updating.

use serde::{Deserialize, Serialize};

use super::time::EpochSeconds;
use crate::engine;
use crate::engine::machine::MapRunStatus;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeMapRun {
    map_run_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    map_run_arn: String,
    execution_arn: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    max_concurrency: u64,
    tolerated_failure_percentage: f64,
    tolerated_failure_count: u64,
    item_counts: Counts,
    execution_counts: Counts,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<EpochSeconds>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    pending: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    timed_out: u64,
    aborted: u64,
    total: u64,
    results_written: u64,
    /// These two are recorded as absent from a run that was never redriven.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures_not_redrivable: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_redrive: Option<u64>,
}

impl Counts {
    fn new(counts: engine::MapRunCounts, is_redriven: bool) -> Self {
        let engine::MapRunCounts {
            pending,
            running,
            succeeded,
            failed,
            timed_out,
            aborted,
            total,
            results_written,
            pending_redrive,
            failures_not_redrivable,
        } = counts;
        let shown = |n: u64| (is_redriven || 0 < n).then_some(n);
        let (failures_not_redrivable, pending_redrive) =
            (shown(failures_not_redrivable), shown(pending_redrive));
        Self {
            pending,
            running,
            succeeded,
            failed,
            timed_out,
            aborted,
            total,
            results_written,
            failures_not_redrivable,
            pending_redrive,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListMapRuns {
    execution_arn: String,
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    map_runs: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    map_run_arn: String,
    state_machine_arn: String,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateMapRun {
    map_run_arn: String,
    max_concurrency: Option<u64>,
    tolerated_failure_percentage: Option<f64>,
    tolerated_failure_count: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Updated {}

fn status_name(status: MapRunStatus) -> &'static str {
    match status {
        MapRunStatus::Running => "RUNNING",
        MapRunStatus::Succeeded => "SUCCEEDED",
        MapRunStatus::Failed => "FAILED",
        MapRunStatus::Aborted => "ABORTED",
    }
}

pub(super) async fn describe_map_run(call: &Call, input: DescribeMapRun) -> Result<Described, ApiError> {
    let found = call.engine().describe_map_run(&input.map_run_arn).await?;
    Ok(Described {
        map_run_arn: found.arn.to_string(),
        execution_arn: found.execution_arn.to_string(),
        status: status_name(found.status),
        start_date: found.started.into(),
        stop_date: found.stopped.map(Into::into),
        max_concurrency: found.limits.max_concurrency,
        tolerated_failure_percentage: found.limits.tolerated_failure_percentage.unwrap_or(0.0),
        tolerated_failure_count: found.limits.tolerated_failure_count.unwrap_or(0),
        item_counts: Counts::new(found.items, 0 < found.redrive_count),
        execution_counts: Counts::new(found.executions, 0 < found.redrive_count),
        redrive_count: found.redrive_count,
        redrive_date: found.redriven.map(Into::into),
    })
}

pub(super) async fn list_map_runs(call: &Call, input: ListMapRuns) -> Result<Listed, ApiError> {
    let engine = call.engine();
    let page =
        engine.list_map_runs(&input.execution_arn, input.max_results, input.next_token.as_deref()).await?;
    let items = page.items.into_iter().map(|item| Item {
        execution_arn: input.execution_arn.clone(),
        map_run_arn: item.arn.to_string(),
        state_machine_arn: item.state_machine_arn().to_string(),
        start_date: item.started.into(),
        stop_date: item.stopped.map(Into::into),
    });
    Ok(Listed { map_runs: items.collect(), next_token: page.next_token })
}

pub(super) async fn update_map_run(call: &Call, input: UpdateMapRun) -> Result<Updated, ApiError> {
    let update = engine::UpdateMapRun {
        max_concurrency: input.max_concurrency,
        tolerated_failure_count: input.tolerated_failure_count,
        tolerated_failure_percentage: input.tolerated_failure_percentage,
    };
    call.engine().update_map_run(&input.map_run_arn, update).await?;
    Ok(Updated {})
}
