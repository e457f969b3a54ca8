//! API keys.

use serde::Deserialize;
use serde_json::Value;

use super::account::OfCaller;
use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched, TAGS};
use super::view::{self, EmptyTags, KeyValue};
use crate::apis::{ApiKeyFilter, ApiKeyId, CreateApiKey};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const API_KEY: Member = required("apiKey", Shape::TEXT).at(Location::Uri("api_Key"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfKey {
    api_key: ApiKeyId,
}

static STAGE_KEY: Structure = Structure::new(
    "StageKey",
    // AWS's model requires neither, but a stage without both is invalid.
    &[required("restApiId", Shape::TEXT), required("stageName", Shape::TEXT)],
);

pub(super) static CREATE: Structure = Structure::new(
    "CreateApiKeyInput",
    &[
        optional("name", Shape::TEXT),
        optional("description", Shape::TEXT),
        optional("enabled", Shape::Boolean),
        optional("generateDistinctId", Shape::Boolean),
        optional("value", Shape::TEXT).secret(),
        optional("stageKeys", Shape::list(&Shape::Structure(&STAGE_KEY))),
        optional("customerId", Shape::TEXT),
        TAGS,
    ],
);

pub(super) async fn create(call: &Call, input: CreateApiKey) -> Result<Value, ApiError> {
    let key = call.apis().control.create_api_key(&call.home, input).await?;
    Ok(view::api_key(&key, KeyValue::Shown, EmptyTags::Hidden))
}

pub(super) static LIST: Structure = Structure::new(
    "GetApiKeysInput",
    &[
        POSITION,
        LIMIT,
        optional("nameQuery", Shape::TEXT).at(Location::Query("name")),
        optional("customerId", Shape::TEXT).at(Location::Query("customerId")),
        optional("includeValues", Shape::Boolean).at(Location::Query("includeValues")),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    #[serde(flatten)]
    page: Paged<OfCaller>,
    #[serde(flatten)]
    filter: ApiKeyFilter,
    #[serde(default)]
    include_values: bool,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let (OfCaller {}, page) = input.page.split();
    let value = KeyValue::shown_if(input.include_values);
    let page = call.apis().control.api_keys(&call.home, input.filter, page).await?;
    Ok(view::page(page, |key| view::api_key(key, value, EmptyTags::Hidden)))
}

pub(super) static GET: Structure = Structure::new(
    "GetApiKeyInput",
    &[API_KEY, optional("includeValue", Shape::Boolean).at(Location::Query("includeValue"))],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    api_key: ApiKeyId,
    #[serde(default)]
    include_value: bool,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let key = call.apis().control.api_key(&call.home, &input.api_key).await?;
    Ok(view::api_key(&key, KeyValue::shown_if(input.include_value), EmptyTags::Shown))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateApiKeyInput", &[API_KEY, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfKey>) -> Result<Value, ApiError> {
    let (id, patches) = (input.of.api_key, input.patch_operations);
    let key = call.apis().control.update_api_key(&call.home, &id, patches).await?;
    Ok(view::api_key(&key, KeyValue::Hidden, EmptyTags::Shown))
}

pub(super) static DELETE: Structure = Structure::new("DeleteApiKeyInput", &[API_KEY]);

pub(super) async fn delete(call: &Call, input: OfKey) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_api_key(&call.home, &input.api_key).await?)
}

pub(super) static IMPORT: Structure = Structure::new(
    "ImportApiKeysInput",
    &[
        required("format", Shape::Enum(&["csv"])).at(Location::Query("format")),
        optional("failOnWarnings", Shape::Boolean).at(Location::Query("failonwarnings")),
        required("body", Shape::Blob).at(Location::Payload),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Import {
    #[serde(default)]
    fail_on_warnings: bool,
}

pub(super) async fn import(call: &Call, input: Import) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let imported = control.import_api_keys(&call.home, call.payload(), input.fail_on_warnings).await?;
    Ok(view::imported_api_keys(&imported))
}
