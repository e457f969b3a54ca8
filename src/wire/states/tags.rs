//! Tags.

use serde::{Deserialize, Serialize};

use crate::engine;
use crate::wire::{ApiError, Call};

/// A tag on the wire.
#[derive(Deserialize, Serialize)]
pub(super) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

impl From<Tag> for engine::Tag {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListTags {
    resource_arn: String,
}

#[derive(Serialize)]
pub(super) struct Tags {
    tags: Vec<Tag>,
}

pub(super) async fn tag_resource(call: &Call, input: TagResource) -> Result<(), ApiError> {
    let tags = input.tags.into_iter().map(Into::into).collect();
    Ok(call.engine().tags().add(&input.resource_arn, tags).await?)
}

pub(super) async fn untag_resource(call: &Call, input: UntagResource) -> Result<(), ApiError> {
    Ok(call.engine().tags().remove(&input.resource_arn, input.tag_keys).await?)
}

pub(super) async fn list_tags_for_resource(call: &Call, input: ListTags) -> Result<Tags, ApiError> {
    let tags = call.engine().tags().list(&input.resource_arn).await?;
    Ok(Tags { tags: tags.into_iter().map(|tag| Tag { key: tag.key, value: tag.value }).collect() })
}
