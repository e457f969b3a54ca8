//! Activities and their workers.

use serde::{Deserialize, Serialize};

use super::encryption::EncryptionConfiguration;
use super::tags::Tag;
use super::time::EpochSeconds;
use crate::engine::Encryption;
use crate::engine::event::Failure;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateActivity {
    name: String,
    #[serde(default)]
    tags: Vec<Tag>,
    encryption_configuration: Option<EncryptionConfiguration>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    activity_arn: String,
    creation_date: EpochSeconds,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByArn {
    activity_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    activity_arn: String,
    name: String,
    creation_date: EpochSeconds,
    encryption_configuration: EncryptionConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    activities: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    activity_arn: String,
    name: String,
    creation_date: EpochSeconds,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetActivityTask {
    activity_arn: String,
    worker_name: Option<String>,
}

/// Without a task, neither member is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityTask {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskSuccess {
    task_token: String,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskFailure {
    task_token: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskHeartbeat {
    task_token: String,
}

pub(super) async fn create_activity(call: &Call, input: CreateActivity) -> Result<Created, ApiError> {
    let encryption = match input.encryption_configuration {
        Some(configuration) => configuration.read()?,
        None => Encryption::AwsOwnedKey,
    };
    let tags = input.tags.into_iter().map(Into::into).collect();
    let made =
        call.engine().activities().create_encrypted(call.home.clone(), &input.name, tags, encryption).await?;
    Ok(Created { activity_arn: made.arn.to_string(), creation_date: made.created.into() })
}

pub(super) async fn describe_activity(call: &Call, input: ByArn) -> Result<Described, ApiError> {
    let found = call.engine().activities().describe(&input.activity_arn).await?;
    Ok(Described {
        activity_arn: found.arn.to_string(),
        name: found.arn.name.to_string(),
        creation_date: found.created.into(),
        encryption_configuration: (&found.encryption).into(),
    })
}

pub(super) async fn delete_activity(call: &Call, input: ByArn) -> Result<(), ApiError> {
    Ok(call.engine().activities().delete(&input.activity_arn).await?)
}

pub(super) async fn list_activities(call: &Call, input: List) -> Result<Listed, ApiError> {
    let page = call
        .engine()
        .activities()
        .list(call.home.clone(), input.max_results, input.next_token.as_deref())
        .await?;
    let items = page.items.into_iter().map(|activity| Item {
        name: activity.arn.name.to_string(),
        activity_arn: activity.arn.to_string(),
        creation_date: activity.created.into(),
    });
    Ok(Listed { activities: items.collect(), next_token: page.next_token })
}

pub(super) async fn get_activity_task(call: &Call, input: GetActivityTask) -> Result<ActivityTask, ApiError> {
    let task = call.engine().get_activity_task(&input.activity_arn, input.worker_name).await?;
    let (task_token, input) = task.map(|task| (task.token, task.input)).unzip();
    Ok(ActivityTask { task_token, input })
}

pub(super) async fn send_task_success(call: &Call, input: TaskSuccess) -> Result<(), ApiError> {
    Ok(call.engine().send_task_success(&call.home, &input.task_token, input.output).await?)
}

pub(super) async fn send_task_failure(call: &Call, input: TaskFailure) -> Result<(), ApiError> {
    let failure = Failure { error: input.error.map(Into::into), cause: input.cause.map(Into::into) };
    Ok(call.engine().send_task_failure(&call.home, &input.task_token, failure).await?)
}

pub(super) async fn send_task_heartbeat(call: &Call, input: TaskHeartbeat) -> Result<(), ApiError> {
    Ok(call.engine().send_task_heartbeat(&call.home, &input.task_token).await?)
}
