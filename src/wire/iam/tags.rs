//! Tags of roles.

use serde::{Deserialize, Serialize};

use super::max_items;
use super::roles::ListOfRole;
use crate::identity::iam::{self, page};
use crate::wire::{ApiError, Call};

/// A tag in IAM's form.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

impl From<Tag> for iam::Tag {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

impl From<iam::Tag> for Tag {
    fn from(tag: iam::Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagRole {
    role_name: String,
    tags: Vec<Tag>,
}

pub(super) async fn tag_role(call: &Call, input: TagRole) -> Result<(), ApiError> {
    let tags = input.tags.into_iter().map(Into::into).collect();
    Ok(call.iam().tag_role(&call.caller.account, &input.role_name, tags).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagRole {
    role_name: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag_role(call: &Call, input: UntagRole) -> Result<(), ApiError> {
    Ok(call.iam().untag_role(&call.caller.account, &input.role_name, input.tag_keys).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleTags {
    tags: Vec<Tag>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_role_tags(call: &Call, input: ListOfRole) -> Result<RoleTags, ApiError> {
    let role = call.iam().role(&call.caller.account, &input.role_name).await?;
    let mut tags = role.tags;
    tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let page = page(tags, |tag| &tag.key, input.marker.as_deref(), max_items(input.max_items));
    let tags = page.items.into_iter().map(Into::into).collect();
    Ok(RoleTags { tags, is_truncated: page.marker.is_some(), marker: page.marker })
}
