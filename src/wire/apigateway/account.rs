//! The account's settings.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{PATCHES, Patched};
use super::view;
use crate::gateway::API_GATEWAY;
use crate::id::AccountRegion;
use crate::wire::{ApiError, Assigned, Call, Code, Operation, Permission, Structure};

/// What the logging role has to be allowed.
const OF_LOGS: [&str; 7] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:GetLogEvents",
    "logs:FilterLogEvents",
];

/// The logging role of the account, which is checked when it is set.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>
pub(super) fn assigned(operation: &Operation, input: &Value, _: &AccountRegion) -> Vec<Assigned> {
    if operation.name != "UpdateAccount" {
        return Vec::new();
    }
    let patches = input.get("patchOperations").and_then(Value::as_array).into_iter().flatten();
    let roles = patches.filter_map(|patch| {
        let is_set = patch.get("op").and_then(Value::as_str) != Some("remove");
        let is_role = patch.get("path").and_then(Value::as_str) == Some("/cloudwatchRoleArn");
        patch.get("value").and_then(Value::as_str).filter(|role| is_set && is_role && role.contains(":role/"))
    });
    let assigned = |role: &str| Assigned {
        role_arn: Some(role.to_owned()),
        service: API_GATEWAY,
        source_arn: None,
        refused: not_authorized,
        needed: OF_LOGS.map(|action| (Permission::new(action, "*"), not_authorized as _)).into(),
    };
    roles.map(assigned).collect()
}

fn not_authorized(_: &str) -> ApiError {
    let message = "The role ARN does not have required permissions configured. Please grant trust permission for API \
                   Gateway and add the required role policy.";
    ApiError::new(Code::BadRequest, message)
}

/// A caller has only one account, so nothing identifies it.
#[derive(Deserialize)]
pub(super) struct OfCaller {}

pub(super) async fn get(call: &Call, OfCaller {}: OfCaller) -> Result<Value, ApiError> {
    Ok(view::account(&call.apis().control.account(&call.home).await?))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateAccountInput", &[PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfCaller>) -> Result<Value, ApiError> {
    let account = call.apis().control.update_account(&call.home, input.patch_operations).await?;
    Ok(view::account(&account))
}
