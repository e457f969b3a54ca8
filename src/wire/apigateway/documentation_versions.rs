//! Documentation versions.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID};
use super::view;
use crate::apis::{ApiId, CreateDocumentationVersion, DocumentationVersion};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const DOCUMENTATION_VERSION: Member =
    required("documentationVersion", Shape::TEXT).at(Location::Uri("doc_version"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfVersion {
    rest_api_id: ApiId,
    documentation_version: String,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateDocumentationVersionInput",
    &[
        REST_API_ID,
        required("documentationVersion", Shape::TEXT),
        optional("stageName", Shape::TEXT),
        optional("description", Shape::TEXT),
    ],
);

#[derive(Deserialize)]
pub(super) struct Create {
    #[serde(flatten)]
    of: OfApi,
    #[serde(flatten)]
    version: CreateDocumentationVersion,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let version =
        control.create_documentation_version(&call.home, &input.of.rest_api_id, input.version).await?;
    Ok(view::documentation_version(&version))
}

pub(super) static LIST: Structure =
    Structure::new("GetDocumentationVersionsInput", &[REST_API_ID, POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfApi>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.parts::<DocumentationVersion>(&call.home, &of.rest_api_id, page).await?;
    Ok(view::page(page, view::documentation_version))
}

pub(super) static GET: Structure =
    Structure::new("GetDocumentationVersionInput", &[REST_API_ID, DOCUMENTATION_VERSION]);

pub(super) async fn get(call: &Call, input: OfVersion) -> Result<Value, ApiError> {
    let OfVersion { rest_api_id, documentation_version: name } = input;
    let version = call.apis().control.part::<DocumentationVersion>(&call.home, &rest_api_id, &name).await?;
    Ok(view::documentation_version(&version))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateDocumentationVersionInput", &[REST_API_ID, DOCUMENTATION_VERSION, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfVersion>) -> Result<Value, ApiError> {
    let OfVersion { rest_api_id, documentation_version: name } = input.of;
    let patches = input.patch_operations;
    let control = &call.apis().control;
    let version = control.update_documentation_version(&call.home, &rest_api_id, &name, patches).await?;
    Ok(view::documentation_version(&version))
}

pub(super) static DELETE: Structure =
    Structure::new("DeleteDocumentationVersionInput", &[REST_API_ID, DOCUMENTATION_VERSION]);

pub(super) async fn delete(call: &Call, input: OfVersion) -> Result<(), ApiError> {
    let OfVersion { rest_api_id, documentation_version: name } = input;
    Ok(call.apis().control.delete_documentation_version(&call.home, &rest_api_id, &name).await?)
}
