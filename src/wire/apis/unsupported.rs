//! Inputs of operations that aren't supported: what their paths name, for a request has to be routed before it
//! can be refused.

use crate::wire::{Location, Member, Shape, Structure, required};

const fn label(name: &'static str, label: &'static str) -> Member {
    required(name, Shape::TEXT).at(Location::Uri(label))
}

const fn labels(members: &'static [Member]) -> Structure {
    Structure::new("Labels", members)
}

pub(super) static OF_MODEL: Structure =
    labels(&[label("restApiId", "restapi_id"), label("modelName", "model_name")]);
pub(super) static OF_SDK: Structure = labels(&[
    label("restApiId", "restapi_id"),
    label("stageName", "stage_name"),
    label("sdkType", "sdk_type"),
]);
pub(super) static OF_SDK_TYPE: Structure = labels(&[label("id", "sdktype_id")]);
pub(super) static OF_ACCESS_ASSOCIATION: Structure =
    labels(&[label("domainNameAccessAssociationArn", "domain_name_access_association_arn")]);
