//! Custom domain names and their base path mappings.

use serde::Deserialize;
use serde_json::Value;

use super::access_associations::{OfOwner, RESOURCE_OWNER};
use super::rest_apis::ENDPOINT_CONFIGURATION;
use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched, TAGS};
use super::view::{self, EmptyTags};
use crate::apis::{
    ApiId, BasePathMapping, CreateDomainName, DomainNameKey, EndpointAccessMode, RoutingMode,
    SECURITY_POLICIES,
};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const DOMAIN_NAME: Member = required("domainName", Shape::TEXT).at(Location::Uri("domain_name"));
const BASE_PATH: Member = required("basePath", Shape::TEXT).at(Location::Uri("base_path"));
/// Only private domains have ids.
const DOMAIN_NAME_ID: Member = optional("domainNameId", Shape::TEXT).at(Location::Query("domainNameId"));

static MUTUAL_TLS: Structure = Structure::new(
    "MutualTlsAuthenticationInput",
    &[optional("truststoreUri", Shape::TEXT), optional("truststoreVersion", Shape::TEXT)],
);

pub(super) static CREATE: Structure = Structure::new(
    "CreateDomainNameInput",
    &[
        required("domainName", Shape::TEXT),
        optional("certificateName", Shape::TEXT),
        optional("certificateBody", Shape::TEXT),
        optional("certificatePrivateKey", Shape::TEXT),
        optional("certificateChain", Shape::TEXT),
        optional("certificateArn", Shape::TEXT),
        optional("regionalCertificateName", Shape::TEXT),
        optional("regionalCertificateArn", Shape::TEXT),
        optional("endpointConfiguration", Shape::Structure(&ENDPOINT_CONFIGURATION)),
        TAGS,
        optional("securityPolicy", Shape::Enum(SECURITY_POLICIES)),
        optional("endpointAccessMode", Shape::Enum(EndpointAccessMode::WORDS)),
        optional("mutualTlsAuthentication", Shape::Structure(&MUTUAL_TLS)),
        optional("ownershipVerificationCertificateArn", Shape::TEXT),
        optional("policy", Shape::TEXT),
        optional("routingMode", Shape::Enum(RoutingMode::WORDS)),
    ],
);

pub(super) async fn create(call: &Call, input: CreateDomainName) -> Result<Value, ApiError> {
    let domain = call.apis().control.create_domain_name(&call.home, input).await?;
    Ok(view::domain_name(&domain, &call.home, EmptyTags::Hidden))
}

pub(super) static LIST: Structure = Structure::new("GetDomainNamesInput", &[POSITION, LIMIT, RESOURCE_OWNER]);

pub(super) async fn list(call: &Call, input: Paged<OfOwner>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.domain_names(&call.home, of.owner(), page).await?;
    Ok(view::page(page, |it| view::domain_name(it, &call.home, EmptyTags::Hidden)))
}

pub(super) static GET: Structure = Structure::new("GetDomainNameInput", &[DOMAIN_NAME, DOMAIN_NAME_ID]);

pub(super) async fn get(call: &Call, input: DomainNameKey) -> Result<Value, ApiError> {
    let domain = call.apis().control.domain_name(&call.home, input).await?;
    Ok(view::domain_name(&domain, &call.home, EmptyTags::Shown))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateDomainNameInput", &[DOMAIN_NAME, DOMAIN_NAME_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<DomainNameKey>) -> Result<Value, ApiError> {
    let (key, patches) = (input.of, input.patch_operations);
    let domain = call.apis().control.update_domain_name(&call.home, key, patches).await?;
    Ok(view::domain_name(&domain, &call.home, EmptyTags::Shown))
}

pub(super) static DELETE: Structure = Structure::new("DeleteDomainNameInput", &[DOMAIN_NAME, DOMAIN_NAME_ID]);

pub(super) async fn delete(call: &Call, input: DomainNameKey) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_domain_name(&call.home, input).await?)
}

pub(super) static CREATE_MAPPING: Structure = Structure::new(
    "CreateBasePathMappingInput",
    &[
        DOMAIN_NAME,
        DOMAIN_NAME_ID,
        optional("basePath", Shape::TEXT),
        required("restApiId", Shape::TEXT),
        optional("stage", Shape::TEXT),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateMapping {
    #[serde(flatten)]
    of: DomainNameKey,
    #[serde(default)]
    base_path: String,
    rest_api_id: ApiId,
    #[serde(default)]
    stage: String,
}

pub(super) async fn create_mapping(call: &Call, input: CreateMapping) -> Result<Value, ApiError> {
    let CreateMapping { of, base_path, rest_api_id, stage } = input;
    let mapping = BasePathMapping { rest_api_id, stage: BasePathMapping::stage_of(&stage) };
    let control = &call.apis().control;
    let mapped = control.create_base_path_mapping(&call.home, of, &base_path, mapping).await?;
    Ok(view::base_path_mapping(&mapped))
}

pub(super) static LIST_MAPPINGS: Structure =
    Structure::new("GetBasePathMappingsInput", &[DOMAIN_NAME, DOMAIN_NAME_ID, POSITION, LIMIT]);

pub(super) async fn list_mappings(call: &Call, input: Paged<DomainNameKey>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.base_path_mappings(&call.home, of, page).await?;
    Ok(view::page(page, view::base_path_mapping))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfMapping {
    #[serde(flatten)]
    of: DomainNameKey,
    base_path: String,
}

pub(super) static GET_MAPPING: Structure =
    Structure::new("GetBasePathMappingInput", &[DOMAIN_NAME, BASE_PATH, DOMAIN_NAME_ID]);

pub(super) async fn get_mapping(call: &Call, input: OfMapping) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let mapped = control.base_path_mapping(&call.home, input.of, &input.base_path).await?;
    Ok(view::base_path_mapping(&mapped))
}

pub(super) static UPDATE_MAPPING: Structure =
    Structure::new("UpdateBasePathMappingInput", &[DOMAIN_NAME, BASE_PATH, DOMAIN_NAME_ID, PATCHES]);

pub(super) async fn update_mapping(call: &Call, input: Patched<OfMapping>) -> Result<Value, ApiError> {
    let (OfMapping { of, base_path }, patches) = (input.of, input.patch_operations);
    let control = &call.apis().control;
    let mapped = control.update_base_path_mapping(&call.home, of, &base_path, patches).await?;
    Ok(view::base_path_mapping(&mapped))
}

pub(super) static DELETE_MAPPING: Structure =
    Structure::new("DeleteBasePathMappingInput", &[DOMAIN_NAME, BASE_PATH, DOMAIN_NAME_ID]);

pub(super) async fn delete_mapping(call: &Call, input: OfMapping) -> Result<(), ApiError> {
    let control = &call.apis().control;
    Ok(control.delete_base_path_mapping(&call.home, input.of, &input.base_path).await?)
}
