//! RestApis.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID, TAGS};
use super::view::{self, EmptyTags};
use crate::apis::{
    ApiKeySource, CreateRestApi, EndpointAccessMode, EndpointType, IpAddressType, SECURITY_POLICIES,
};
use crate::wire::{ApiError, Call, Shape, Structure, optional, required};

pub(super) static ENDPOINT_CONFIGURATION: Structure = Structure::new(
    "EndpointConfiguration",
    &[
        optional("types", Shape::list(&Shape::Enum(EndpointType::WORDS))),
        optional("ipAddressType", Shape::Enum(IpAddressType::WORDS)),
        optional("vpcEndpointIds", Shape::STRING_LIST),
    ],
);

pub(super) static CREATE: Structure = Structure::new(
    "CreateRestApiInput",
    &[
        required("name", Shape::TEXT),
        optional("description", Shape::TEXT),
        optional("version", Shape::TEXT),
        optional("cloneFrom", Shape::TEXT),
        optional("binaryMediaTypes", Shape::STRING_LIST),
        optional("minimumCompressionSize", Shape::INT),
        optional("apiKeySource", Shape::Enum(ApiKeySource::WORDS)),
        optional("endpointConfiguration", Shape::Structure(&ENDPOINT_CONFIGURATION)),
        optional("policy", Shape::TEXT),
        TAGS,
        optional("disableExecuteApiEndpoint", Shape::Boolean),
        optional("securityPolicy", Shape::Enum(SECURITY_POLICIES)),
        optional("endpointAccessMode", Shape::Enum(EndpointAccessMode::WORDS)),
    ],
);

pub(super) async fn create(call: &Call, input: CreateRestApi) -> Result<Value, ApiError> {
    let api = call.apis().control.create_rest_api(&call.home, input).await?;
    Ok(view::rest_api(&api, EmptyTags::Hidden))
}

pub(super) static LIST: Structure = Structure::new("GetRestApisInput", &[POSITION, LIMIT]);

/// APIs belong only to their owner.
#[derive(Deserialize)]
pub(super) struct OfOwner {}

pub(super) async fn list(call: &Call, input: Paged<OfOwner>) -> Result<Value, ApiError> {
    let (OfOwner {}, page) = input.split();
    let page = call.apis().control.rest_apis(&call.home, page).await?;
    Ok(view::page(page, |api| view::rest_api(api, EmptyTags::Hidden)))
}

pub(super) static GET: Structure = Structure::new("GetRestApiInput", &[REST_API_ID]);

pub(super) async fn get(call: &Call, input: OfApi) -> Result<Value, ApiError> {
    let api = call.apis().control.rest_api(&call.home, &input.rest_api_id).await?;
    Ok(view::rest_api(&api, EmptyTags::Shown))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateRestApiInput", &[REST_API_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfApi>) -> Result<Value, ApiError> {
    let id = &input.of.rest_api_id;
    let api = call.apis().control.update_rest_api(&call.home, id, input.patch_operations).await?;
    Ok(view::rest_api(&api, EmptyTags::Shown))
}

pub(super) static DELETE: Structure = Structure::new("DeleteRestApiInput", &[REST_API_ID]);

pub(super) async fn delete(call: &Call, input: OfApi) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_rest_api(&call.home, &input.rest_api_id).await?)
}
