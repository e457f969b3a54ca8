//! VPC links.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::account::OfCaller;
use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched, TAGS};
use super::view::{self, EmptyTags, LinkStatus};
use crate::apis::{VpcLink, VpcLinkId};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const VPC_LINK_ID: Member = required("vpcLinkId", Shape::TEXT).at(Location::Uri("vpclink_id"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfLink {
    vpc_link_id: VpcLinkId,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateVpcLinkInput",
    &[
        required("name", Shape::TEXT),
        optional("description", Shape::TEXT),
        required("targetArns", Shape::STRING_LIST),
        TAGS,
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    description: Option<String>,
    target_arns: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// The response shows a link that is being created, although it is available at once.
pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let Create { name, description, target_arns, tags } = input;
    let control = &call.apis().control;
    let link = control.create_vpc_link(&call.home, name, description, target_arns, tags).await?;
    Ok(view::vpc_link(&link, LinkStatus::Pending, EmptyTags::Hidden))
}

pub(super) static LIST: Structure = Structure::new("GetVpcLinksInput", &[POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfCaller>) -> Result<Value, ApiError> {
    let (OfCaller {}, page) = input.split();
    let page = call.apis().control.all_owned::<VpcLink>(&call.home, page).await?;
    Ok(view::page(page, |link| view::vpc_link(link, LinkStatus::Available, EmptyTags::Hidden)))
}

pub(super) static GET: Structure = Structure::new("GetVpcLinkInput", &[VPC_LINK_ID]);

pub(super) async fn get(call: &Call, OfLink { vpc_link_id: id }: OfLink) -> Result<Value, ApiError> {
    let link = call.apis().control.owned::<VpcLink>(&call.home, &id).await?;
    Ok(view::vpc_link(&link, LinkStatus::Available, EmptyTags::Shown))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateVpcLinkInput", &[VPC_LINK_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfLink>) -> Result<Value, ApiError> {
    let (id, patches) = (input.of.vpc_link_id, input.patch_operations);
    let link = call.apis().control.update_vpc_link(&call.home, &id, patches).await?;
    Ok(view::vpc_link(&link, LinkStatus::Available, EmptyTags::Shown))
}

pub(super) static DELETE: Structure = Structure::new("DeleteVpcLinkInput", &[VPC_LINK_ID]);

pub(super) async fn delete(call: &Call, OfLink { vpc_link_id: id }: OfLink) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_vpc_link(&call.home, &id).await?)
}
