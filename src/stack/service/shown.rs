//! Stacks, their events and their resources, as clients see them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::{PAGE_MAX, closed, opened, page};
use super::{invalid, refused, stacks};
use crate::clock::Timestamp;
use crate::stack::model::{Event, Head, Settings, Shown};
use crate::stack::parameter::is_secret;
use crate::stack::record;
use crate::stack::status::Status;
use crate::stack::template::Template;
use crate::wire::{ApiError, Call};

/// A reason that is no news.
const ASKED: &str = "User Initiated";
/// What is shown of a value that must not be shown.
const HIDDEN: &str = "****";

fn time(at: Timestamp) -> String {
    at.to_iso8601()
}

/// The stack of this name, or any of this ARN.
pub(super) async fn find(call: &Call, name: &str) -> Result<Head, ApiError> {
    let found = record::find(&stacks(call).store, &call.home, name).await.map_err(refused)?;
    found.ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PageOfStacks {
    stack_name: Option<String>,
    next_token: Option<String>,
}

pub(super) async fn describe_stacks(call: &Call, input: PageOfStacks) -> Result<Value, ApiError> {
    let found = match input.stack_name {
        Some(name) => vec![find(call, &name).await?],
        None => {
            let all = record::all(&stacks(call).store, &call.home).await.map_err(refused)?;
            all.into_iter().filter(|head| head.status != Status::DeleteComplete).collect()
        }
    };
    let (found, next) = page(found, input.next_token.as_deref())?;
    let mut shown_stacks = Vec::with_capacity(found.len());
    for head in &found {
        let mut shown = stack(head);
        shown["DriftInformation"] = drifted(call, head);
        shown["RootId"] = json!(root(call, head).await?);
        shown_stacks.push(shown);
    }
    Ok(json!({ "Stacks": shown_stacks, "NextToken": next }))
}

/// The stack at the root of those that one is nested in.
async fn root(call: &Call, head: &Head) -> Result<Option<String>, ApiError> {
    let mut root = head.parent.clone();
    while let Some(id) = &root {
        let found = record::find(&stacks(call).store, &call.home, id).await.map_err(refused)?;
        match found.and_then(|head| head.parent) {
            Some(parent) => root = Some(parent),
            None => break,
        }
    }
    Ok(root)
}

fn stack(head: &Head) -> Value {
    let settings = &head.settings;
    let template = Template::of(settings).ok();
    let outputs = head.outputs.iter().map(|output| {
        json!({
            "OutputKey": output.key, "OutputValue": output.value, "Description": output.description,
            "ExportName": output.export,
        })
    });
    let is_reason = |reason: &&String| reason.as_str() != ASKED;
    json!({
        "StackId": head.id,
        "StackName": head.name,
        "ChangeSetId": head.change_set,
        "Description": template.as_ref().and_then(|template| template.description.clone()),
        "Parameters": template.as_ref().map(|template| parameters(template, settings)),
        "CreationTime": time(head.created),
        "DeletionTime": head.deleted.map(time),
        "LastUpdatedTime": head.updated.map(time),
        "RollbackConfiguration": settings.rollback,
        "StackStatus": head.status.as_str(),
        "StackStatusReason": head.reason.as_ref().filter(is_reason),
        "DisableRollback": head.disables_rollback,
        "NotificationARNs": settings.notifications,
        "TimeoutInMinutes": settings.timeout_min,
        "Capabilities": settings.capabilities,
        "Outputs": outputs.collect::<Vec<_>>(),
        "RoleARN": settings.role,
        "Tags": tags(settings),
        "EnableTerminationProtection": head.is_protected,
        "ParentId": head.parent,
    })
}

/// What is known of a stack's drift.
fn drifted(call: &Call, head: &Head) -> Value {
    match stacks(call).drift(&head.id) {
        Some(drift) => json!({ "StackDriftStatus": drift.status(), "LastCheckTimestamp": time(drift.time) }),
        None => json!({ "StackDriftStatus": "NOT_CHECKED" }),
    }
}

pub(super) fn tags(settings: &Settings) -> Value {
    settings.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The values of a template's parameters, given or default.
pub(super) fn parameters(template: &Template, settings: &Settings) -> Value {
    let shown = template.parameters.iter().filter_map(|(key, declared)| {
        let value = settings.parameters.get(key).or_else(|| declared.get("Default"))?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let is_secret = is_secret(declared);
        let is_elsewhere =
            declared.get("Type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("AWS::SSM::"));
        let resolved = is_elsewhere.then(|| settings.resolved.get(&value)).flatten();
        let value = if is_secret { HIDDEN.to_owned() } else { value.clone() };
        Some(json!({ "ParameterKey": key, "ParameterValue": value, "ResolvedValue": resolved }))
    });
    shown.collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStacks {
    next_token: Option<String>,
    #[serde(default)]
    stack_status_filter: Vec<String>,
}

pub(super) async fn list_stacks(call: &Call, input: ListStacks) -> Result<Value, ApiError> {
    let wanted = &input.stack_status_filter;
    let all = record::all(&stacks(call).store, &call.home).await.map_err(refused)?;
    let all = all.into_iter();
    let all = all.filter(|head| wanted.is_empty() || wanted.iter().any(|it| it == head.status.as_str()));
    let (found, next) = page(all.collect(), input.next_token.as_deref())?;
    let summaries = found.iter().map(|head: &Head| {
        let template = Template::of(&head.settings).ok();
        json!({
            "StackId": head.id,
            "StackName": head.name,
            "TemplateDescription": template.and_then(|template| template.description),
            "CreationTime": time(head.created),
            "LastUpdatedTime": head.updated.map(time),
            "DeletionTime": head.deleted.map(time),
            "StackStatus": head.status.as_str(),
            "StackStatusReason": head.reason.as_ref().filter(|reason| reason.as_str() != ASKED),
            "ParentId": head.parent,
            "DriftInformation": drifted(call, head),
        })
    });
    Ok(json!({ "StackSummaries": summaries.collect::<Vec<_>>(), "NextToken": next }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PageOfStack {
    pub(super) stack_name: String,
    pub(super) next_token: Option<String>,
}

pub(super) async fn describe_stack_events(call: &Call, input: PageOfStack) -> Result<Value, ApiError> {
    let head = record::find(&stacks(call).store, &call.home, &input.stack_name).await.map_err(refused)?;
    let head = head.ok_or_else(|| invalid(format!("Stack [{}] does not exist", input.stack_name)))?;
    let after = opened(input.next_token.as_deref())?;
    let n_max = i64::try_from(PAGE_MAX).unwrap_or(i64::MAX) + 1;
    let found = record::events(&stacks(call).store, &call.home, &head.id, after, n_max).await;
    let mut found = found.map_err(refused)?;
    let has_more = PAGE_MAX < found.len();
    found.truncate(PAGE_MAX);
    let next = found.last().filter(|_| has_more).map(|(number, _)| closed(number));
    let events: Vec<Value> = found.iter().map(|(_, it)| event(&head, it)).collect();
    Ok(json!({ "StackEvents": events, "NextToken": next }))
}

fn event(head: &Head, event: &Event) -> Value {
    json!({
        "StackId": head.id,
        "EventId": event.id,
        "StackName": head.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "Timestamp": time(event.time),
        "ResourceStatus": event.status.as_str(),
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties.as_ref().map(|properties| Value::Object(properties.clone()).to_string()),
        "ClientRequestToken": event.token,
    })
}

/// The resources that a stack has, or had if it is deleted.
async fn resources(call: &Call, head: &Head) -> Result<Vec<Shown>, ApiError> {
    let all = record::shown(&stacks(call).store, &call.home, &head.id).await.map_err(refused)?;
    let is_gone = head.status == Status::DeleteComplete;
    Ok(all
        .into_iter()
        .filter(|it| is_gone || !matches!(it.status, Status::DeleteComplete | Status::DeleteSkipped))
        .collect())
}

fn resource(call: &Call, head: &Head, shown: &Shown, time_name: &str) -> Value {
    let drift = stacks(call).drift(&head.id);
    let drift = drift.as_ref().and_then(|drift| drift.of(&shown.logical_id));
    let drift = drift.map_or_else(
        || json!({ "StackResourceDriftStatus": "NOT_CHECKED" }),
        |drift| {
            let checked = time(drift.time);
            json!({ "StackResourceDriftStatus": drift.status.as_str(), "LastCheckTimestamp": checked })
        },
    );
    let mut value = json!({
        "StackName": head.name,
        "StackId": head.id,
        "LogicalResourceId": shown.logical_id,
        "PhysicalResourceId": shown.physical_id,
        "ResourceType": shown.kind,
        "ResourceStatus": shown.status.as_str(),
        "ResourceStatusReason": shown.reason,
        "DriftInformation": drift,
    });
    value[time_name] = json!(time(shown.time));
    value
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StackResource {
    stack_name: String,
    logical_resource_id: String,
}

pub(super) async fn describe_stack_resource(call: &Call, input: StackResource) -> Result<Value, ApiError> {
    let head = find_stack(call, &input.stack_name).await?;
    let found = resources(call, &head).await?;
    let found = found.iter().find(|shown| shown.logical_id == input.logical_resource_id);
    let found = found.ok_or_else(|| {
        let id = &input.logical_resource_id;
        invalid(format!("Resource {id} does not exist for stack {}", head.name))
    })?;
    let mut detail = resource(call, &head, found, "LastUpdatedTimestamp");
    let template = Template::of(&head.settings).ok();
    let metadata = template.and_then(|template| {
        let declared = template.resources.into_iter().find(|it| it.logical_id == found.logical_id)?;
        declared.metadata.map(|metadata| metadata.to_string())
    });
    detail["Metadata"] = json!(metadata);
    Ok(json!({ "StackResourceDetail": detail }))
}

async fn find_stack(call: &Call, name: &str) -> Result<Head, ApiError> {
    let found = record::find(&stacks(call).store, &call.home, name).await.map_err(refused)?;
    found.ok_or_else(|| invalid(format!("Stack '{name}' does not exist")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StackResources {
    stack_name: Option<String>,
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
}

pub(super) async fn describe_stack_resources(call: &Call, input: StackResources) -> Result<Value, ApiError> {
    let (head, found) = match (&input.stack_name, &input.physical_resource_id) {
        (Some(name), None) => {
            let head = find(call, name).await?;
            let found = resources(call, &head).await?;
            (head, found)
        }
        (None, Some(id)) => of_physical(call, id).await?,
        _ => return Err(invalid("You must specify either StackName or PhysicalResourceId, and not both")),
    };
    let wanted = input.logical_resource_id.as_ref();
    let found = found.iter().filter(|shown| wanted.is_none_or(|id| shown.logical_id == *id));
    let found: Vec<Value> = found.map(|shown| resource(call, &head, shown, "Timestamp")).collect();
    Ok(json!({ "StackResources": found }))
}

/// The stack with the resource of this physical id, and its resources.
async fn of_physical(call: &Call, id: &str) -> Result<(Head, Vec<Shown>), ApiError> {
    let all = record::all(&stacks(call).store, &call.home).await.map_err(refused)?;
    for head in all.into_iter().filter(|head| head.status != Status::DeleteComplete) {
        let found = resources(call, &head).await?;
        if found.iter().any(|shown| shown.physical_id == id) {
            return Ok((head, found));
        }
    }
    Err(invalid(format!("Stack for {id} does not exist")))
}

pub(super) async fn list_stack_resources(call: &Call, input: PageOfStack) -> Result<Value, ApiError> {
    let head = find(call, &input.stack_name).await?;
    let (found, next) = page(resources(call, &head).await?, input.next_token.as_deref())?;
    let found: Vec<Value> =
        found.iter().map(|shown| resource(call, &head, shown, "LastUpdatedTimestamp")).collect();
    Ok(json!({ "StackResourceSummaries": found, "NextToken": next }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    next_token: Option<String>,
}

pub(super) async fn list_exports(call: &Call, input: Page) -> Result<Value, ApiError> {
    let exported = record::exported(&stacks(call).store, &call.home).await.map_err(refused)?;
    let all = record::all(&stacks(call).store, &call.home).await.map_err(refused)?;
    let id = |name: &str| {
        let live = all.iter().find(|head| head.name == name && head.status != Status::DeleteComplete);
        live.map(|head| head.id.clone())
    };
    let (found, next) = page(exported, input.next_token.as_deref())?;
    let exports = found.iter().map(
        |export| json!({ "ExportingStackId": id(&export.stack), "Name": export.name, "Value": export.value }),
    );
    Ok(json!({ "Exports": exports.collect::<Vec<_>>(), "NextToken": next }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListImports {
    export_name: String,
    next_token: Option<String>,
}

pub(super) async fn list_imports(call: &Call, input: ListImports) -> Result<Value, ApiError> {
    let name = &input.export_name;
    let importers = record::importers(&stacks(call).store, &call.home, name).await.map_err(refused)?;
    if importers.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    let (found, next) = page(importers, input.next_token.as_deref())?;
    Ok(json!({ "Imports": found, "NextToken": next }))
}
