//! Documentation parts.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID};
use super::view;
use crate::apis::{
    ApiId, DocumentationPart, DocumentationPartFilter, DocumentationPartId, DocumentationPartLocation,
    DocumentationPartType, LocationStatus, PutMode,
};
use crate::wire::{ApiError, Call, Limits, Location, Member, Pattern, Shape, Structure, optional, required};

const DOCUMENTATION_PART_ID: Member =
    required("documentationPartId", Shape::TEXT).at(Location::Uri("part_id"));

static STATUS_CODE: Pattern = Pattern {
    text: DocumentationPartLocation::STATUS_CODE_PATTERN,
    matches: DocumentationPartLocation::is_status_code,
};

static LOCATION: Structure = Structure::new(
    "DocumentationPartLocation",
    &[
        required("type", Shape::Enum(DocumentationPartType::WORDS)),
        optional("path", Shape::TEXT),
        optional("method", Shape::TEXT),
        optional("statusCode", Shape::String(Limits::NONE, Some(&STATUS_CODE))),
        optional("name", Shape::TEXT),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfPart {
    rest_api_id: ApiId,
    documentation_part_id: DocumentationPartId,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateDocumentationPartInput",
    &[REST_API_ID, required("location", Shape::Structure(&LOCATION)), required("properties", Shape::TEXT)],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    rest_api_id: ApiId,
    location: DocumentationPartLocation,
    properties: String,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let Create { rest_api_id: api, location, properties } = input;
    let control = &call.apis().control;
    let part = control.create_documentation_part(&call.home, &api, location, properties).await?;
    Ok(view::documentation_part(&part))
}

pub(super) static LIST: Structure = Structure::new(
    "GetDocumentationPartsInput",
    &[
        REST_API_ID,
        optional("type", Shape::Enum(DocumentationPartType::WORDS)).at(Location::Query("type")),
        optional("nameQuery", Shape::TEXT).at(Location::Query("name")),
        optional("path", Shape::TEXT).at(Location::Query("path")),
        POSITION,
        LIMIT,
        optional("locationStatus", Shape::Enum(LocationStatus::WORDS)).at(Location::Query("locationStatus")),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    #[serde(flatten)]
    page: Paged<OfApi>,
    #[serde(rename = "type")]
    kind: Option<DocumentationPartType>,
    name_query: Option<String>,
    path: Option<String>,
    location_status: Option<LocationStatus>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let List { page, kind, name_query: name, path, location_status: status } = input;
    let (of, page) = page.split();
    let filter = DocumentationPartFilter { kind, name, path, status };
    let control = &call.apis().control;
    let page = control.documentation_parts(&call.home, &of.rest_api_id, filter, page).await?;
    Ok(view::page(page, view::documentation_part))
}

pub(super) static GET: Structure =
    Structure::new("GetDocumentationPartInput", &[REST_API_ID, DOCUMENTATION_PART_ID]);

pub(super) async fn get(call: &Call, input: OfPart) -> Result<Value, ApiError> {
    let OfPart { rest_api_id, documentation_part_id: id } = input;
    let part = call.apis().control.part::<DocumentationPart>(&call.home, &rest_api_id, &id).await?;
    Ok(view::documentation_part(&part))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateDocumentationPartInput", &[REST_API_ID, DOCUMENTATION_PART_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfPart>) -> Result<Value, ApiError> {
    let OfPart { rest_api_id, documentation_part_id: id } = input.of;
    let patches = input.patch_operations;
    let control = &call.apis().control;
    let part = control.update_documentation_part(&call.home, &rest_api_id, &id, patches).await?;
    Ok(view::documentation_part(&part))
}

pub(super) static DELETE: Structure =
    Structure::new("DeleteDocumentationPartInput", &[REST_API_ID, DOCUMENTATION_PART_ID]);

pub(super) async fn delete(call: &Call, input: OfPart) -> Result<(), ApiError> {
    let OfPart { rest_api_id, documentation_part_id: id } = input;
    Ok(call.apis().control.delete_documentation_part(&call.home, &rest_api_id, &id).await?)
}

pub(super) static IMPORT: Structure = Structure::new(
    "ImportDocumentationPartsInput",
    &[
        REST_API_ID,
        optional("mode", Shape::Enum(PutMode::WORDS)).at(Location::Query("mode")),
        optional("failOnWarnings", Shape::Boolean).at(Location::Query("failonwarnings")),
        required("body", Shape::Blob).at(Location::Payload),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Import {
    rest_api_id: ApiId,
    mode: Option<PutMode>,
    #[serde(default)]
    fail_on_warnings: bool,
}

pub(super) async fn import(call: &Call, input: Import) -> Result<Value, ApiError> {
    let Import { rest_api_id: api, mode, fail_on_warnings } = input;
    let (body, mode) = (call.payload(), mode.unwrap_or(PutMode::Merge));
    let control = &call.apis().control;
    let imported = control.import_documentation_parts(&call.home, &api, body, mode, fail_on_warnings).await?;
    Ok(view::imported_documentation(&imported))
}
