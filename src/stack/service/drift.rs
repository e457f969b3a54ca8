//! Drift, as clients ask for it. It is detected while it is asked for, so that detection is complete at once.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pages::page;
use super::shown::find;
use super::{invalid, refused, stacks};
use crate::stack::model::{DriftStatus, ResourceDrift};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfStack {
    stack_name: String,
    #[serde(default)]
    logical_resource_ids: Vec<String>,
}

pub(super) async fn detect_stack_drift(call: &Call, input: OfStack) -> Result<Value, ApiError> {
    let head = find(call, &input.stack_name).await?;
    if head.status.is_busy() {
        let (id, status) = (&head.id, head.status);
        return Err(invalid(format!("Stack:{id} is in {status} state and drift can not be detected.")));
    }
    let wanted = (!input.logical_resource_ids.is_empty()).then_some(input.logical_resource_ids.as_slice());
    let drift = stacks(call).detect_drift(&call.home, &head, wanted).await.map_err(refused)?;
    Ok(json!({ "StackDriftDetectionId": drift.id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Detection {
    stack_drift_detection_id: String,
}

pub(super) async fn describe_detection(call: &Call, input: Detection) -> Result<Value, ApiError> {
    let id = &input.stack_drift_detection_id;
    let drift = stacks(call).detected(id);
    let drift = drift.ok_or_else(|| invalid(format!("Drift detection with id {id} does not exist")))?;
    let failed = !drift.failures.is_empty();
    let reason =
        failed.then(|| format!("Failed to detect drift on resources: {}", drift.failures.join("; ")));
    Ok(json!({
        "StackId": drift.stack,
        "StackDriftDetectionId": drift.id,
        "StackDriftStatus": drift.status(),
        "DetectionStatus": if failed { "DETECTION_FAILED" } else { "DETECTION_COMPLETE" },
        "DetectionStatusReason": reason,
        "DriftedStackResourceCount": drift.n_drifted(),
        "Timestamp": drift.time.to_iso8601(),
    }))
}

fn text(properties: &Map<String, Value>) -> String {
    Value::Object(properties.clone()).to_string()
}

fn shown(stack: &str, drift: &ResourceDrift) -> Value {
    let is_there = matches!(drift.status, DriftStatus::InSync | DriftStatus::Modified);
    json!({
        "StackId": stack,
        "LogicalResourceId": drift.logical_id,
        "PhysicalResourceId": drift.physical_id,
        "ResourceType": drift.kind,
        "StackResourceDriftStatus": drift.status.as_str(),
        "ExpectedProperties": is_there.then(|| text(&drift.expected)),
        "ActualProperties": is_there.then(|| text(&drift.actual)),
        "PropertyDifferences": drift.differences,
        "Timestamp": drift.time.to_iso8601(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Drifts {
    stack_name: String,
    #[serde(default)]
    stack_resource_drift_status_filters: Vec<String>,
    next_token: Option<String>,
}

pub(super) async fn describe_resource_drifts(call: &Call, input: Drifts) -> Result<Value, ApiError> {
    let head = find(call, &input.stack_name).await?;
    let drift = stacks(call).drift(&head.id);
    let wanted = &input.stack_resource_drift_status_filters;
    let found = drift.iter().flat_map(|drift| &drift.resources).filter(|drift| match wanted.is_empty() {
        // Nothing is said of what can't be checked, unless it is asked for.
        true => drift.status != DriftStatus::NotChecked,
        false => wanted.iter().any(|status| status == drift.status.as_str()),
    });
    let found: Vec<Value> = found.map(|drift| shown(&head.id, drift)).collect();
    let (found, next) = page(found, input.next_token.as_deref())?;
    Ok(json!({ "StackResourceDrifts": found, "NextToken": next }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfResource {
    stack_name: String,
    logical_resource_id: String,
}

pub(super) async fn detect_resource_drift(call: &Call, input: OfResource) -> Result<Value, ApiError> {
    let head = find(call, &input.stack_name).await?;
    let id = input.logical_resource_id;
    let drift = stacks(call).detect_drift(&call.home, &head, Some(std::slice::from_ref(&id))).await;
    let drift = drift.map_err(refused)?;
    if let Some(failure) = drift.failures.first() {
        return Err(invalid(format!("Failed to detect drift on resource {failure}")));
    }
    let found = drift
        .of(&id)
        .ok_or_else(|| invalid(format!("Resource {id} does not exist for stack {}", head.name)))?;
    Ok(json!({ "StackResourceDrift": shown(&head.id, found) }))
}
