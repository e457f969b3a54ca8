//! Models.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shapes::{LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID};
use super::view;
use crate::apis::{ApiId, CreateModel, Model};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const MODEL_NAME: Member = required("modelName", Shape::TEXT).at(Location::Uri("model_name"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfModel {
    rest_api_id: ApiId,
    model_name: String,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateModelInput",
    &[
        REST_API_ID,
        required("name", Shape::TEXT),
        optional("description", Shape::TEXT),
        optional("schema", Shape::TEXT),
        required("contentType", Shape::TEXT),
    ],
);

#[derive(Deserialize)]
pub(super) struct Create {
    #[serde(flatten)]
    of: OfApi,
    #[serde(flatten)]
    model: CreateModel,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let model = control.create_model(&call.home, &input.of.rest_api_id, input.model).await?;
    Ok(view::model(&model))
}

pub(super) static LIST: Structure = Structure::new("GetModelsInput", &[REST_API_ID, POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfApi>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.parts::<Model>(&call.home, &of.rest_api_id, page).await?;
    Ok(view::page(page, view::model))
}

pub(super) static GET: Structure = Structure::new(
    "GetModelInput",
    &[REST_API_ID, MODEL_NAME, optional("flatten", Shape::Boolean).at(Location::Query("flatten"))],
);

#[derive(Deserialize)]
pub(super) struct Get {
    #[serde(flatten)]
    of: OfModel,
    #[serde(default)]
    flatten: bool,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let OfModel { rest_api_id, model_name } = input.of;
    let model = call.apis().control.model(&call.home, &rest_api_id, &model_name, input.flatten).await?;
    Ok(view::model(&model))
}

pub(super) static TEMPLATE: Structure = Structure::new("GetModelTemplateInput", &[REST_API_ID, MODEL_NAME]);

pub(super) async fn template(call: &Call, input: OfModel) -> Result<Value, ApiError> {
    let OfModel { rest_api_id, model_name } = input;
    let control = &call.apis().control;
    Ok(json!({ "value": control.model_template(&call.home, &rest_api_id, &model_name).await? }))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateModelInput", &[REST_API_ID, MODEL_NAME, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfModel>) -> Result<Value, ApiError> {
    let OfModel { rest_api_id, model_name } = input.of;
    let patches = input.patch_operations;
    let model = call.apis().control.update_model(&call.home, &rest_api_id, &model_name, patches).await?;
    Ok(view::model(&model))
}

pub(super) static DELETE: Structure = Structure::new("DeleteModelInput", &[REST_API_ID, MODEL_NAME]);

pub(super) async fn delete(call: &Call, input: OfModel) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_model(&call.home, &input.rest_api_id, &input.model_name).await?)
}
