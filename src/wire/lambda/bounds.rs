//! Concurrency: reserved, provisioned, and the server's own.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::functions::Named;
use super::page::OfFunction;
use super::rooms;
use crate::functions::{Reference, UNZIPPED_BYTES_MAX, ZIPPED_BYTES_MAX, function_arn};
use crate::wire::{ApiError, Call, Code};

const NOT_PROVISIONED: Code = Code::model("ProvisionedConcurrencyConfigNotFoundException", 404);

fn not_provisioned() -> ApiError {
    let text = "No Provisioned Concurrency Config found for this function";
    ApiError::new(NOT_PROVISIONED, text.to_owned()).with("Type", "User")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutConcurrency {
    function_name: String,
    reserved_concurrent_executions: u32,
}

pub(super) async fn put_concurrency(call: &Call, input: PutConcurrency) -> Result<Value, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let n = input.reserved_concurrent_executions;
    rooms(call).reserve(&call.home, &name, Some(n)).await?;
    Ok(json!({"ReservedConcurrentExecutions": n}))
}

pub(super) async fn get_concurrency(call: &Call, input: Named) -> Result<Value, ApiError> {
    let Reference { name, .. } = input.reference(call)?;
    let view = rooms(call).view(&call.home, &name, None).await?;
    Ok(view.function.reserved.map_or_else(|| json!({}), |n| json!({"ReservedConcurrentExecutions": n})))
}

pub(super) async fn delete_concurrency(call: &Call, input: Named) -> Result<(), ApiError> {
    let Reference { name, .. } = input.reference(call)?;
    Ok(rooms(call).reserve(&call.home, &name, None).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutProvisioned {
    #[serde(flatten)]
    of: Named,
    provisioned_concurrent_executions: u32,
}

/// What is there of provisioned concurrency.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Provisioned {
    #[serde(skip_serializing_if = "Option::is_none")]
    function_arn: Option<String>,
    requested_provisioned_concurrent_executions: u32,
    available_provisioned_concurrent_executions: u32,
    allocated_provisioned_concurrent_executions: u32,
    status: &'static str,
}

fn provisioned(function_arn: Option<String>, wanted: u32, there: u32) -> Provisioned {
    Provisioned {
        function_arn,
        requested_provisioned_concurrent_executions: wanted,
        available_provisioned_concurrent_executions: there,
        allocated_provisioned_concurrent_executions: there,
        status: if there < wanted { "IN_PROGRESS" } else { "READY" },
    }
}

pub(super) async fn put_provisioned(call: &Call, input: PutProvisioned) -> Result<Provisioned, ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    let n = input.provisioned_concurrent_executions;
    let qualifier = qualifier.ok_or_else(not_provisioned)?;
    rooms(call).provision(&call.home, &name, qualifier, Some(n)).await?;
    Ok(provisioned(None, n, 0))
}

pub(super) async fn get_provisioned(call: &Call, input: Named) -> Result<Provisioned, ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    let all = rooms(call).provisioned(&call.home, &name).await?;
    let found = all.into_iter().find(|(of, ..)| Some(of) == qualifier.as_ref());
    let (_, wanted, there) = found.ok_or_else(not_provisioned)?;
    Ok(provisioned(None, wanted, there))
}

pub(super) async fn delete_provisioned(call: &Call, input: Named) -> Result<(), ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    let qualifier = qualifier.ok_or_else(not_provisioned)?;
    Ok(rooms(call).provision(&call.home, &name, qualifier, None).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedProvisioned {
    provisioned_concurrency_configs: Vec<Provisioned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list_provisioned(call: &Call, input: OfFunction) -> Result<ListedProvisioned, ApiError> {
    let (name, page) = (input.name(call)?, input.page);
    let after = page.marker.as_deref().unwrap_or_default();
    let all = rooms(call).provisioned(&call.home, &name).await?;
    let found = all.into_iter().filter(|(qualifier, ..)| after < qualifier.as_str());
    let (found, next_marker) = page.of(found, |(qualifier, ..)| qualifier.clone());
    let arn = function_arn(&call.home, &name);
    let view = |(qualifier, wanted, there)| provisioned(Some(format!("{arn}:{qualifier}")), wanted, there);
    let provisioned_concurrency_configs = found.into_iter().map(view).collect();
    Ok(ListedProvisioned { provisioned_concurrency_configs, next_marker })
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn account_settings(call: &Call, _: Nothing) -> Result<Value, ApiError> {
    let limits = rooms(call).limits(&call.home).await?;
    Ok(json!({
        "AccountLimit": {
            "TotalCodeSize": limits.code_bytes_max,
            "CodeSizeUnzipped": UNZIPPED_BYTES_MAX,
            "CodeSizeZipped": ZIPPED_BYTES_MAX,
            "ConcurrentExecutions": limits.concurrency,
            "UnreservedConcurrentExecutions": limits.unreserved,
        },
        "AccountUsage": {"TotalCodeSize": limits.code_bytes, "FunctionCount": limits.functions},
    }))
}
