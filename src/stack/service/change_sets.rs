//! Change sets.

use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Wanted;
use super::pages::page;
use super::shown::{PageOfStack, parameters, tags};
use super::stacks::check_name;
use super::{invalid, refused, stacks};
use crate::stack::model::{ChangeSet, Head};
use crate::stack::record;
use crate::stack::stacks::NewChangeSet;
use crate::stack::template::Template;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateChangeSet {
    stack_name: String,
    #[serde(flatten)]
    wanted: Wanted,
    change_set_name: String,
    client_token: Option<String>,
    description: Option<String>,
    change_set_type: Option<String>,
    on_stack_failure: Option<String>,
}

pub(super) async fn create_change_set(call: &Call, input: CreateChangeSet) -> Result<Value, ApiError> {
    let is_creation = match input.change_set_type.as_deref() {
        Some("CREATE") => true,
        Some("IMPORT") => {
            return Err(invalid("Change sets of the type IMPORT are not supported by this server."));
        }
        _ => false,
    };
    if !input.stack_name.starts_with("arn:") {
        check_name(&input.stack_name)?;
    }
    let is_name = input.change_set_name.starts_with(|c: char| c.is_ascii_alphabetic())
        && input.change_set_name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_name {
        let name = &input.change_set_name;
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    let mut draft = input.wanted.draft(call).await?;
    draft.is_change_set = true;
    let asked = NewChangeSet {
        stack: input.stack_name,
        name: input.change_set_name,
        is_creation,
        description: input.description,
        draft,
        on_failure: input.on_stack_failure,
        token: input.client_token,
    };
    let set = stacks(call).create_change_set(&call.home, asked).await?;
    Ok(json!({ "Id": set.id, "StackId": set.stack_id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NamedChangeSet {
    change_set_name: String,
    stack_name: Option<String>,
    next_token: Option<String>,
}

pub(super) async fn describe_change_set(call: &Call, input: NamedChangeSet) -> Result<Value, ApiError> {
    let found =
        stacks(call).find_change_set(&call.home, input.stack_name.as_deref(), &input.change_set_name).await;
    let (head, set) = found?;
    let settings = &set.settings;
    let (changes, next) = page(set.changes.clone(), input.next_token.as_deref())?;
    let changes = changes.iter().map(|change| json!({ "Type": "Resource", "ResourceChange": change }));
    let changes: Vec<Value> = changes.collect();
    let mut shown = summary(&head, &set);
    let template = Template::of(settings).ok();
    let more = json!({
        "Parameters": template.map(|template| parameters(&template, settings)),
        "NotificationARNs": settings.notifications,
        "RollbackConfiguration": settings.rollback,
        "Capabilities": settings.capabilities,
        "Tags": tags(settings),
        "Changes": changes,
        "NextToken": next,
        "OnStackFailure": set.on_failure,
    });
    if let (Some(shown), Value::Object(more)) = (shown.as_object_mut(), more) {
        shown.extend(more);
    }
    Ok(shown)
}

fn summary(head: &Head, set: &ChangeSet) -> Value {
    json!({
        "ChangeSetName": set.name,
        "ChangeSetId": set.id,
        "StackId": head.id,
        "StackName": head.name,
        "Description": set.description,
        "CreationTime": set.created.to_iso8601(),
        "ExecutionStatus": set.execution,
        "Status": set.status,
        "StatusReason": set.reason,
        "IncludeNestedStacks": false,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ExecuteChangeSet {
    change_set_name: String,
    stack_name: Option<String>,
    client_request_token: Option<String>,
    #[serde(default)]
    disable_rollback: bool,
}

pub(super) async fn execute_change_set(call: &Call, input: ExecuteChangeSet) -> Result<Value, ApiError> {
    let (stack, name) = (input.stack_name.as_deref(), &input.change_set_name);
    let (home, token) = (&call.home, input.client_request_token);
    stacks(call).execute_change_set(home, stack, name, input.disable_rollback, token).await?;
    Ok(json!({}))
}

pub(super) async fn delete_change_set(call: &Call, input: NamedChangeSet) -> Result<Value, ApiError> {
    let stack = input.stack_name.as_deref();
    stacks(call).delete_change_set(&call.home, stack, &input.change_set_name).await?;
    Ok(json!({}))
}

pub(super) async fn list_change_sets(call: &Call, input: PageOfStack) -> Result<Value, ApiError> {
    let found = record::find(&stacks(call).store, &call.home, &input.stack_name).await.map_err(refused)?;
    let head = found.ok_or_else(|| invalid(format!("Stack [{}] does not exist", input.stack_name)))?;
    let sets = record::change_sets(&stacks(call).store, &call.home, &head.id).await.map_err(refused)?;
    let (sets, next) = page(sets, input.next_token.as_deref())?;
    let summaries: Vec<Value> = sets.iter().map(|set| summary(&head, set)).collect();
    Ok(json!({ "Summaries": summaries, "NextToken": next }))
}
