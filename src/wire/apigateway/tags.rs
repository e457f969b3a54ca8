//! Tags.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::shapes::{LIMIT, POSITION};
use super::view;
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, required};

const RESOURCE_ARN: Member = required("resourceArn", Shape::TEXT).at(Location::Uri("resource_arn"));

/// There are at most 50 tags, so one page always contains them all.
pub(super) static GET: Structure = Structure::new("GetTagsInput", &[RESOURCE_ARN, POSITION, LIMIT]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    resource_arn: String,
}

/// How the tags of what an ARN is in are asked for: those of a stage, or of the API, key, plan or domain.
pub(super) fn of(arn: &str) -> Option<(&'static str, Value)> {
    const TAGGED: [&str; 6] =
        ["restapis", "apikeys", "usageplans", "domainnames", "clientcertificates", "vpclinks"];
    let (before, path) = arn.split_once("::/").filter(|_| arn.contains(":apigateway:"))?;
    let segments: Vec<&str> = path.split('/').collect();
    let own = match segments.as_slice() {
        ["restapis", _, "stages", _, ..] => segments.get(..4)?,
        [kind, _, ..] if TAGGED.contains(kind) => segments.get(..2)?,
        _ => return None,
    };
    Some(("GetTags", json!({ "resourceArn": format!("{before}::/{}", own.join("/")) })))
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    Ok(view::tags(&call.apis().control.tags(&call.home, &input.resource_arn).await?))
}

pub(super) static TAG: Structure =
    Structure::new("TagResourceInput", &[RESOURCE_ARN, required("tags", Shape::STRING_MAP)]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tag {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

pub(super) async fn tag(call: &Call, input: Tag) -> Result<(), ApiError> {
    Ok(call.apis().control.tag(&call.home, &input.resource_arn, input.tags).await?)
}

pub(super) static UNTAG: Structure = Structure::new(
    "UntagResourceInput",
    &[RESOURCE_ARN, required("tagKeys", Shape::STRING_LIST).at(Location::Query("tagKeys"))],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Untag {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag(call: &Call, input: Untag) -> Result<(), ApiError> {
    Ok(call.apis().control.untag(&call.home, &input.resource_arn, input.tag_keys).await?)
}
