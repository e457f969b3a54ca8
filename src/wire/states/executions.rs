//! Executions: starting, describing, listing, stopping.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::time::EpochSeconds;
use super::versions::{alias_arn, version_arn};
use super::words::IncludedData;
use crate::engine::event::Failure;
use crate::engine::execution::ExecutionStatus;
use crate::engine::{self, ExecutionFilter};
use crate::json::Payload;
use crate::wire::{ApiError, Call, Code};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartExecution {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    #[serde(default)]
    included_data: IncludedData,
}

impl StartExecution {
    /// The header names the trace before the member does.
    fn into_engine(self, call: &Call) -> engine::StartExecution {
        engine::StartExecution {
            state_machine_arn: self.state_machine_arn,
            name: self.name,
            input: self.input,
            trace_header: call.trace_id.clone().or(self.trace_header),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Started {
    execution_arn: String,
    start_date: EpochSeconds,
}

impl From<engine::Started> for Started {
    fn from(started: engine::Started) -> Self {
        Self { execution_arn: started.arn, start_date: started.started.into() }
    }
}

#[derive(Serialize)]
struct Included {
    included: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncResult {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    start_date: EpochSeconds,
    stop_date: EpochSeconds,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Payload>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Payload>,
    output_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    billing_details: BillingDetails,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BillingDetails {
    #[serde(rename = "billedMemoryUsedInMB")]
    billed_memory_used_in_mb: u64,
    billed_duration_in_milliseconds: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeExecution {
    execution_arn: String,
    #[serde(default)]
    included_data: IncludedData,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<Included>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<EpochSeconds>,
    redrive_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_status_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListExecutions {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    executions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<EpochSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StopExecution {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stopped {
    stop_date: EpochSeconds,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedriveExecution {
    execution_arn: String,
    client_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Redriven {
    redrive_date: EpochSeconds,
}

fn status_name(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Running => "RUNNING",
        ExecutionStatus::Succeeded => "SUCCEEDED",
        ExecutionStatus::Failed => "FAILED",
        ExecutionStatus::TimedOut => "TIMED_OUT",
        ExecutionStatus::Aborted => "ABORTED",
        ExecutionStatus::PendingRedrive => "PENDING_REDRIVE",
    }
}

pub(super) async fn start_execution(call: &Call, input: StartExecution) -> Result<Started, ApiError> {
    Ok(call.engine().start_execution(input.into_engine(call)).await?.into())
}

pub(super) async fn start_sync_execution(call: &Call, input: StartExecution) -> Result<SyncResult, ApiError> {
    let included = input.included_data == IncludedData::AllData;
    let done = call.engine().start_sync_execution(input.into_engine(call)).await?;
    let ending = done.ending;
    Ok(SyncResult {
        execution_arn: done.arn,
        state_machine_arn: done.state_machine_arn,
        name: done.name,
        start_date: done.started.into(),
        stop_date: ending.stopped.into(),
        status: status_name(ending.status),
        error: ending.failure.error,
        cause: ending.failure.cause,
        input: included.then_some(done.input),
        input_details: Included { included },
        output: ending.output.filter(|_| included),
        output_details: Included { included },
        trace_header: done.trace_header,
        billing_details: BillingDetails {
            billed_memory_used_in_mb: done.billing.memory_mb,
            billed_duration_in_milliseconds: done.billing.duration_ms,
        },
    })
}

pub(super) async fn describe_execution(call: &Call, input: DescribeExecution) -> Result<Described, ApiError> {
    let found = call.engine().executions().describe(&input.execution_arn).await?;
    let included = input.included_data == IncludedData::AllData;
    let redrive_status = match found.not_redrivable {
        Some(engine::NotRedrivable::OfMapRun) => "REDRIVABLE_BY_MAP_RUN",
        Some(_) => "NOT_REDRIVABLE",
        None => "REDRIVABLE",
    };
    Ok(Described {
        state_machine_version_arn: found.version.map(|number| version_arn(&found.state_machine_arn, number)),
        state_machine_alias_arn: found.alias.map(|name| alias_arn(&found.state_machine_arn, name)),
        map_run_arn: found.map_run.map(|run| run.to_string()),
        execution_arn: found.arn.to_string(),
        state_machine_arn: found.state_machine_arn.to_string(),
        name: found.arn.name.to_string(),
        status: status_name(found.status),
        start_date: found.started.into(),
        stop_date: found.stopped.map(Into::into),
        input: included.then_some(found.input),
        input_details: Included { included },
        output_details: found.output.is_some().then_some(Included { included }),
        output: found.output.filter(|_| included),
        error: found.error,
        cause: found.cause,
        trace_header: found.trace_header,
        redrive_count: found.redrive_count,
        redrive_date: found.redriven.map(Into::into),
        redrive_status,
        redrive_status_reason: found.not_redrivable.map(|reason| reason.to_string()),
    })
}

pub(super) async fn list_executions(call: &Call, input: ListExecutions) -> Result<Listed, ApiError> {
    let is_of_run = match (&input.state_machine_arn, &input.map_run_arn) {
        (Some(_), None) => false,
        (None, Some(_)) => true,
        (Some(_), Some(_)) | (None, None) => {
            let message =
                "Must provide exactly one of the following parameters: stateMachineArn or mapRunArn";
            return Err(ApiError::new(Code::Validation, message));
        }
    };
    // No others are filtered that way.
    let is_redriven = match input.redrive_filter.as_deref() {
        None => None,
        Some(_) if !is_of_run => {
            let message = "The redriveFilter is only supported with a mapRunArn";
            return Err(ApiError::new(Code::Validation, message));
        }
        Some(filter) => Some(filter == "REDRIVEN"),
    };
    let arn = input.state_machine_arn.or(input.map_run_arn).unwrap_or_default();
    let status = match input.status_filter.as_deref() {
        None => None,
        Some("RUNNING") => Some(ExecutionStatus::Running),
        Some("SUCCEEDED") => Some(ExecutionStatus::Succeeded),
        Some("FAILED") => Some(ExecutionStatus::Failed),
        Some("TIMED_OUT") => Some(ExecutionStatus::TimedOut),
        Some("ABORTED") => Some(ExecutionStatus::Aborted),
        // The check has refused all other words but PENDING_REDRIVE.
        Some(_) if is_of_run => Some(ExecutionStatus::PendingRedrive),
        Some(_) => {
            let message = "The statusFilter PENDING_REDRIVE is only supported with a mapRunArn";
            return Err(ApiError::new(Code::Validation, message));
        }
    };
    let (max_results, next_token) = (input.max_results, input.next_token);
    let filter = ExecutionFilter { status, is_redriven, max_results, next_token };
    let engine = call.engine();
    let page = match is_of_run {
        true => engine.list_map_run_executions(&arn, filter).await?,
        false => engine.executions().list(&arn, filter).await?,
    };
    let items = page.items.into_iter().map(|item| Item {
        state_machine_version_arn: item.version.map(|number| version_arn(&item.state_machine_arn, number)),
        state_machine_alias_arn: item.alias.map(|name| alias_arn(&item.state_machine_arn, name)),
        map_run_arn: item.map_run.map(|run| run.to_string()),
        item_count: item.n_items,
        execution_arn: item.arn.to_string(),
        state_machine_arn: item.state_machine_arn.to_string(),
        name: item.arn.name.to_string(),
        status: status_name(item.status),
        start_date: item.started.into(),
        stop_date: item.stopped.map(Into::into),
        redrive_count: item.redrive_count,
        redrive_date: item.redriven.map(Into::into),
    });
    Ok(Listed { executions: items.collect(), next_token: page.next_token })
}

pub(super) async fn stop_execution(call: &Call, input: StopExecution) -> Result<Stopped, ApiError> {
    let failure = Failure { error: input.error.map(Into::into), cause: input.cause.map(Into::into) };
    let stopped = call.engine().stop_execution(&input.execution_arn, failure).await?;
    Ok(Stopped { stop_date: stopped.into() })
}

pub(super) async fn redrive_execution(call: &Call, input: RedriveExecution) -> Result<Redriven, ApiError> {
    let at = call.engine().redrive_execution(&input.execution_arn, input.client_token).await?;
    Ok(Redriven { redrive_date: at.into() })
}
