//! Access associations of private custom domain names.

use serde::Deserialize;
use serde_json::Value;

use super::account::OfCaller;
use super::shapes::{LIMIT, POSITION, Paged, TAGS};
use super::view;
use crate::gateway::api::AccessAssociation;
use crate::wire::{ApiError, Call, Location, Shape, Structure, optional, required};

pub(super) static CREATE: Structure = Structure::new(
    "CreateDomainNameAccessAssociationInput",
    &[
        required("domainNameArn", Shape::TEXT),
        required("accessAssociationSourceType", Shape::Enum(&["VPCE"])),
        required("accessAssociationSource", Shape::TEXT),
        TAGS,
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    domain_name_arn: String,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let control = &call.rooms.apis.control;
    Ok(view_of(&control.create_access_association(&call.home, &input.domain_name_arn).await?))
}

pub(super) static LIST: Structure = Structure::new(
    "GetDomainNameAccessAssociationsInput",
    &[
        POSITION,
        LIMIT,
        optional("resourceOwner", Shape::Enum(&["SELF", "OTHER_ACCOUNTS"]))
            .at(Location::Query("resourceOwner")),
    ],
);

pub(super) async fn list(call: &Call, input: Paged<OfCaller>) -> Result<Value, ApiError> {
    let (OfCaller {}, page) = input.split();
    Ok(view::page(call.rooms.apis.control.access_associations(&page)?, view_of))
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
    Ok(call.rooms.apis.control.delete_access_association(&input.domain_name_access_association_arn)?)
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
    Ok(call.rooms.apis.control.reject_access_association(&call.home, &arn, &domain_name_arn).await?)
}

fn view_of(association: &AccessAssociation) -> Value {
    match *association {}
}
