//! Resources.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{EMBED, LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, RESOURCE_ID, REST_API_ID};
use super::view;
use crate::apis::{ApiId, ResourceId};
use crate::wire::{ApiError, Call, Location, Shape, Structure, required};

/// The value of `embed` that puts methods into resources.
const METHODS: &str = "methods";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfResource {
    rest_api_id: ApiId,
    resource_id: ResourceId,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateResourceInput",
    &[
        REST_API_ID,
        required("parentId", Shape::TEXT).at(Location::Uri("parent_id")),
        required("pathPart", Shape::TEXT),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    rest_api_id: ApiId,
    parent_id: ResourceId,
    path_part: String,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let Create { rest_api_id, parent_id, path_part } = input;
    let control = &call.apis().control;
    let resource = control.create_resource(&call.home, &rest_api_id, &parent_id, path_part).await?;
    Ok(view::resource(&resource, false))
}

pub(super) static LIST: Structure =
    Structure::new("GetResourcesInput", &[REST_API_ID, POSITION, LIMIT, EMBED]);

#[derive(Deserialize)]
pub(super) struct List {
    #[serde(flatten)]
    page: Paged<OfApi>,
    #[serde(default)]
    embed: Vec<String>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let with_methods = input.embed.iter().any(|word| word == METHODS);
    let (OfApi { rest_api_id }, page) = input.page.split();
    let page = call.apis().control.resources(&call.home, &rest_api_id, page).await?;
    Ok(view::page(page, |resource| view::resource(resource, with_methods)))
}

pub(super) static GET: Structure = Structure::new("GetResourceInput", &[REST_API_ID, RESOURCE_ID, EMBED]);

#[derive(Deserialize)]
pub(super) struct Get {
    #[serde(flatten)]
    of: OfResource,
    #[serde(default)]
    embed: Vec<String>,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let OfResource { rest_api_id, resource_id } = input.of;
    let resource = call.apis().control.resource(&call.home, &rest_api_id, &resource_id).await?;
    Ok(view::resource(&resource, input.embed.iter().any(|word| word == METHODS)))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateResourceInput", &[REST_API_ID, RESOURCE_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfResource>) -> Result<Value, ApiError> {
    let OfResource { rest_api_id, resource_id } = input.of;
    let patches = input.patch_operations;
    let control = &call.apis().control;
    let resource = control.update_resource(&call.home, &rest_api_id, &resource_id, patches).await?;
    Ok(view::resource(&resource, false))
}

pub(super) static DELETE: Structure = Structure::new("DeleteResourceInput", &[REST_API_ID, RESOURCE_ID]);

pub(super) async fn delete(call: &Call, input: OfResource) -> Result<(), ApiError> {
    let OfResource { rest_api_id, resource_id } = input;
    Ok(call.apis().control.delete_resource(&call.home, &rest_api_id, &resource_id).await?)
}
