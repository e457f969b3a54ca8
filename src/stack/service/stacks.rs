//! Making, changing and deleting stacks.

use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Wanted, actor, object};
use super::shown::find;
use super::{invalid, refused, stacks};
use crate::stack::model::OnFailure;
use crate::stack::record;
use crate::stack::stack_policy::StackPolicy;
use crate::stack::stacks::NewStack;
use crate::stack::status::Status;
use crate::wire::{ApiError, Call};

/// The longest name of a stack.
const NAME_MAX: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateStack {
    stack_name: String,
    #[serde(flatten)]
    wanted: Wanted,
    disable_rollback: Option<bool>,
    on_failure: Option<String>,
    stack_policy_body: Option<String>,
    #[serde(rename = "StackPolicyURL")]
    stack_policy_url: Option<String>,
    client_request_token: Option<String>,
    #[serde(default)]
    enable_termination_protection: bool,
}

/// Checks the name of a stack that is to be made.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_name {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    match name.len() <= NAME_MAX {
        true => Ok(()),
        false => Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must have length less than or equal to {NAME_MAX}"
        ))),
    }
}

pub(super) async fn create_stack(call: &Call, input: CreateStack) -> Result<Value, ApiError> {
    check_name(&input.stack_name)?;
    if input.disable_rollback.is_some() && input.on_failure.is_some() {
        return Err(invalid("Only one of OnFailure or DisableRollback may be specified."));
    }
    let disables_rollback = input.disable_rollback.unwrap_or(false);
    let on_failure = match input.on_failure.as_deref() {
        Some("DO_NOTHING") => OnFailure::Nothing,
        Some("DELETE") => OnFailure::Delete,
        _ if disables_rollback => OnFailure::Nothing,
        _ => OnFailure::Rollback,
    };
    let asked = NewStack {
        policy: policy(call, input.stack_policy_body, input.stack_policy_url).await?,
        name: input.stack_name,
        draft: input.wanted.draft(call).await?,
        on_failure,
        disables_rollback,
        is_protected: input.enable_termination_protection,
        token: input.client_request_token,
    };
    let id = stacks(call).create(&call.home, asked).await?;
    Ok(json!({ "StackId": id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateStack {
    stack_name: String,
    #[serde(flatten)]
    wanted: Wanted,
    #[serde(default)]
    disable_rollback: bool,
    stack_policy_body: Option<String>,
    #[serde(rename = "StackPolicyURL")]
    stack_policy_url: Option<String>,
    stack_policy_during_update_body: Option<String>,
    #[serde(rename = "StackPolicyDuringUpdateURL")]
    stack_policy_during_update_url: Option<String>,
    client_request_token: Option<String>,
}

pub(super) async fn update_stack(call: &Call, input: UpdateStack) -> Result<Value, ApiError> {
    let policy = policy(call, input.stack_policy_body, input.stack_policy_url).await?;
    let (body, url) = (input.stack_policy_during_update_body, input.stack_policy_during_update_url);
    let during = self::policy(call, body, url).await?;
    let draft = input.wanted.draft(call).await?;
    let asked = crate::stack::stacks::NewUpdate {
        name: input.stack_name,
        draft,
        policy,
        during,
        disables_rollback: input.disable_rollback,
        token: input.client_request_token,
    };
    let id = stacks(call).update(&call.home, asked).await?;
    Ok(json!({ "StackId": id }))
}

/// A stack policy, which is a JSON document.
async fn policy(call: &Call, body: Option<String>, url: Option<String>) -> Result<Option<String>, ApiError> {
    let text = match (body, url) {
        (Some(_), Some(_)) => {
            return Err(invalid("You cannot specify both StackPolicyURL and StackPolicyBody"));
        }
        (None, Some(url)) => object(call, &url).await?,
        (Some(body), None) => body,
        (None, None) => return Ok(None),
    };
    match StackPolicy::parse(&text) {
        Ok(_) => Ok(Some(text)),
        Err(problem) => Err(invalid(format!("Error validating stack policy: {problem}"))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteStack {
    stack_name: String,
    #[serde(default)]
    retain_resources: Vec<String>,
    #[serde(rename = "RoleARN")]
    role: Option<String>,
    client_request_token: Option<String>,
    deletion_mode: Option<String>,
}

pub(super) async fn delete_stack(call: &Call, input: DeleteStack) -> Result<(), ApiError> {
    if input.deletion_mode.as_deref() == Some("FORCE_DELETE_STACK") {
        return Err(invalid("DeletionMode FORCE_DELETE_STACK is not supported: name the RetainResources."));
    }
    let who = if input.role.is_some() { None } else { actor(call)? };
    let (name, token) = (&input.stack_name, input.client_request_token);
    Ok(stacks(call).delete(&call.home, name, input.retain_resources, (input.role, who), token).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Stack {
    stack_name: String,
}

pub(super) async fn cancel_update_stack(call: &Call, input: Stack) -> Result<(), ApiError> {
    Ok(stacks(call).cancel(&call.home, &input.stack_name).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContinueUpdateRollback {
    stack_name: String,
    #[serde(default)]
    resources_to_skip: Vec<String>,
    client_request_token: Option<String>,
}

pub(super) async fn continue_update_rollback(
    call: &Call,
    input: ContinueUpdateRollback,
) -> Result<(), ApiError> {
    let (skip, token) = (input.resources_to_skip, input.client_request_token);
    Ok(stacks(call).continue_rollback(&call.home, &input.stack_name, skip, token).await?)
}

pub(super) async fn get_stack_policy(call: &Call, input: Stack) -> Result<Value, ApiError> {
    let head = super::shown::find(call, &input.stack_name).await?;
    Ok(json!({ "StackPolicyBody": head.policy }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetStackPolicy {
    stack_name: String,
    stack_policy_body: Option<String>,
    #[serde(rename = "StackPolicyURL")]
    stack_policy_url: Option<String>,
}

pub(super) async fn set_stack_policy(call: &Call, input: SetStackPolicy) -> Result<(), ApiError> {
    let mut head = idle(call, &input.stack_name).await?;
    let policy = policy(call, input.stack_policy_body, input.stack_policy_url).await?;
    head.policy = Some(policy.ok_or_else(|| invalid("StackPolicyBody or StackPolicyURL must be specified"))?);
    record::put(&stacks(call).store, &call.home, &head).await.map_err(refused)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateTerminationProtection {
    enable_termination_protection: bool,
    stack_name: String,
}

pub(super) async fn update_termination_protection(
    call: &Call,
    input: UpdateTerminationProtection,
) -> Result<Value, ApiError> {
    let mut head = idle(call, &input.stack_name).await?;
    head.is_protected = input.enable_termination_protection;
    record::put(&stacks(call).store, &call.home, &head).await.map_err(refused)?;
    Ok(json!({ "StackId": head.id }))
}

/// A stack to which nothing is being done.
async fn idle(call: &Call, name: &str) -> Result<crate::stack::model::Head, ApiError> {
    let head = super::shown::find(call, name).await?;
    match head.status.is_busy() || head.status == Status::DeleteComplete {
        true => {
            let problem = format!("Stack:{} is in {} state and can not be updated.", head.id, head.status);
            Err(invalid(problem))
        }
        false => Ok(head),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Signal {
    stack_name: String,
    logical_resource_id: String,
    unique_id: String,
    status: String,
}

pub(super) async fn signal_resource(call: &Call, input: Signal) -> Result<Value, ApiError> {
    let head = find(call, &input.stack_name).await?;
    let Signal { logical_resource_id: resource, unique_id, status, .. } = &input;
    let signalled = stacks(call).signal(&call.home, &head.id, (resource, unique_id, status)).await;
    if signalled.map_err(refused)? {
        return Ok(json!({}));
    }
    let (id, state) = (&head.id, head.status);
    Err(invalid(match head.status.is_busy() {
        true => format!("Resource {resource} of stack {id} is not waiting for signals."),
        false => format!("Stack:{id} is in {state} state and can not be signaled."),
    }))
}
