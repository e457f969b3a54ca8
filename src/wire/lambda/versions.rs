//! Versions.

use serde::{Deserialize, Serialize};

use super::page::OfFunction;
use super::rooms;
use super::view::Configuration;
use crate::functions::Reference;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Publish {
    function_name: String,
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
    publish_to: Option<String>,
}

pub(super) async fn publish(call: &Call, input: Publish) -> Result<Configuration, ApiError> {
    if input.publish_to.is_some() {
        return Err(super::fault::unsupported("PublishTo"));
    }
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let Publish { code_sha256, description, revision_id, .. } = input;
    let view = rooms(call).publish(&call.home, &name, code_sha256, description, revision_id).await?;
    Ok(Configuration::of(&call.home, &name, view.version, true))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    versions: Vec<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list(call: &Call, input: OfFunction) -> Result<Listed, ApiError> {
    let (name, page) = (input.name(call)?, input.page);
    let after = page.marker.as_ref().and_then(|marker| marker.parse().ok()).unwrap_or(-1);
    let (versions, is_more) = rooms(call).versions(&call.home, &name, after, page.max()).await?;
    // `$LATEST` comes first, and counts as 0.
    let number = |text: &str| text.parse::<u64>().unwrap_or(0).to_string();
    let next_marker = versions.last().filter(|_| is_more).map(|last| number(&last.version));
    let versions = versions.into_iter().map(|version| Configuration::of(&call.home, &name, version, true));
    Ok(Listed { versions: versions.collect(), next_marker })
}
