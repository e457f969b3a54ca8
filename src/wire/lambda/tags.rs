//! Tags of functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::rooms;
use crate::functions::Reference;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    resource: String,
    tags: BTreeMap<String, String>,
}

pub(super) async fn tag(call: &Call, input: Tag) -> Result<(), ApiError> {
    let Reference { name, .. } = Reference::parse(&input.resource, None, &call.home)?;
    Ok(rooms(call).tag(&call.home, &name, input.tags, Vec::new()).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Untag {
    resource: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag(call: &Call, input: Untag) -> Result<(), ApiError> {
    let Reference { name, .. } = Reference::parse(&input.resource, None, &call.home)?;
    Ok(rooms(call).tag(&call.home, &name, BTreeMap::new(), input.tag_keys).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    resource: String,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.resource, None, &call.home)?;
    let view = rooms(call).view(&call.home, &name, None).await?;
    Ok(json!({"Tags": view.function.tags}))
}
