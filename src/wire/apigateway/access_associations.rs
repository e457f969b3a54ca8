//! Access associations of private custom domain names.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, POSITION, Paged, TAGS};
use super::view::{self, EmptyTags};
use crate::apis::{CreateAccessAssociation, ResourceOwner};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

pub(super) static CREATE: Structure = Structure::new(
    "CreateDomainNameAccessAssociationInput",
    &[
        required("domainNameArn", Shape::TEXT),
        required("accessAssociationSourceType", Shape::Enum(&["VPCE"])),
        required("accessAssociationSource", Shape::TEXT),
        TAGS,
    ],
);

pub(super) async fn create(call: &Call, input: CreateAccessAssociation) -> Result<Value, ApiError> {
    let made = call.apis().control.create_access_association(&call.home, input).await?;
    Ok(view::access_association(&made, EmptyTags::Hidden))
}

pub(super) const RESOURCE_OWNER: Member =
    optional("resourceOwner", Shape::Enum(ResourceOwner::WORDS)).at(Location::Query("resourceOwner"));

/// The owner whose resources are listed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfOwner {
    resource_owner: Option<ResourceOwner>,
}

impl OfOwner {
    pub(super) fn owner(&self) -> ResourceOwner {
        self.resource_owner.unwrap_or(ResourceOwner::Own)
    }
}

pub(super) static LIST: Structure =
    Structure::new("GetDomainNameAccessAssociationsInput", &[POSITION, LIMIT, RESOURCE_OWNER]);

pub(super) async fn list(call: &Call, input: Paged<OfOwner>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.access_associations(&call.home, of.owner(), page).await?;
    Ok(view::page(page, |it| view::access_association(it, EmptyTags::Hidden)))
}

pub(super) static DELETE: Structure = Structure::new(
    "DeleteDomainNameAccessAssociationInput",
    &[required("domainNameAccessAssociationArn", Shape::TEXT)
        .at(Location::Uri("domain_name_access_association_arn"))],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delete {
    domain_name_access_association_arn: String,
}

pub(super) async fn delete(call: &Call, input: Delete) -> Result<(), ApiError> {
    let arn = &input.domain_name_access_association_arn;
    Ok(call.apis().control.delete_access_association(&call.home, arn).await?)
}

pub(super) static REJECT: Structure = Structure::new(
    "RejectDomainNameAccessAssociationInput",
    &[
        required("domainNameAccessAssociationArn", Shape::TEXT)
            .at(Location::Query("domainNameAccessAssociationArn")),
        required("domainNameArn", Shape::TEXT).at(Location::Query("domainNameArn")),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reject {
    domain_name_access_association_arn: String,
    domain_name_arn: String,
}

pub(super) async fn reject(call: &Call, input: Reject) -> Result<(), ApiError> {
    let Reject { domain_name_access_association_arn: arn, domain_name_arn } = input;
    Ok(call.apis().control.reject_access_association(&call.home, &arn, &domain_name_arn).await?)
}
