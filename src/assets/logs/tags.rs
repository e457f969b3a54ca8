//! Tags of log groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::groups::{self, Named, change};
use super::tables::Group;
use super::{INVALID_PARAMETER, LogGroups, group_of};
use crate::assets::error::Error;
use crate::wire::{ApiError, Call, Code};

/// The most tags of a group.
const TAGS_MAX: usize = 50;
const TOO_MANY_TAGS: Code = Code::model("TooManyTagsException", 400);

/// The tags, if they are not too many.
pub(super) fn checked(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    match tags.len() <= TAGS_MAX {
        true => Ok(tags),
        false => Err(Error::new(TOO_MANY_TAGS, "The maximum number of tags on a resource is 50")),
    }
}

fn named(arn: &str) -> Result<String, ApiError> {
    group_of(arn).ok_or_else(|| ApiError::new(INVALID_PARAMETER, "The resource ARN is no log group's."))
}

fn adding(tags: BTreeMap<String, String>) -> impl Fn(Group) -> Result<Group, Error> + Send + 'static {
    move |mut group| {
        group.tags.extend(tags.clone());
        Ok(Group { tags: checked(group.tags.clone())?, ..group })
    }
}

fn removing(keys: Vec<String>) -> impl Fn(Group) -> Result<Group, Error> + Send + 'static {
    move |mut group| {
        group.tags.retain(|key, _| !keys.contains(key));
        Ok(group)
    }
}

async fn tags_of(call: &Call, name: String) -> Result<Value, ApiError> {
    let state = call.state::<LogGroups>();
    let (home, has_lines) = (call.home.clone(), state.lines(&call.home, &name).is_some());
    let read = state.store.read(move |tx| groups::find(tx, &home, &name, has_lines));
    Ok(json!({"tags": read.await?.tags}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

pub(super) async fn add(call: &Call, input: Add) -> Result<(), ApiError> {
    change(call, named(&input.resource_arn)?, adding(input.tags)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddToGroup {
    log_group_name: String,
    tags: BTreeMap<String, String>,
}

pub(super) async fn add_to_group(call: &Call, input: AddToGroup) -> Result<(), ApiError> {
    change(call, input.log_group_name, adding(input.tags)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn remove(call: &Call, input: Remove) -> Result<(), ApiError> {
    change(call, named(&input.resource_arn)?, removing(input.tag_keys)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoveFromGroup {
    log_group_name: String,
    tags: Vec<String>,
}

pub(super) async fn remove_from_group(call: &Call, input: RemoveFromGroup) -> Result<(), ApiError> {
    change(call, input.log_group_name, removing(input.tags)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    resource_arn: String,
}

pub(super) async fn list(call: &Call, input: Resource) -> Result<Value, ApiError> {
    tags_of(call, named(&input.resource_arn)?).await
}

pub(super) async fn list_of_group(call: &Call, input: Named) -> Result<Value, ApiError> {
    tags_of(call, input.log_group_name).await
}
