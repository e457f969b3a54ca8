//! Request validators.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID};
use super::view;
use crate::apis::{ApiId, RequestValidator, RequestValidatorId};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const REQUEST_VALIDATOR_ID: Member =
    required("requestValidatorId", Shape::TEXT).at(Location::Uri("requestvalidator_id"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfValidator {
    rest_api_id: ApiId,
    request_validator_id: RequestValidatorId,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateRequestValidatorInput",
    &[
        REST_API_ID,
        optional("name", Shape::TEXT),
        optional("validateRequestBody", Shape::Boolean),
        optional("validateRequestParameters", Shape::Boolean),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    rest_api_id: ApiId,
    name: Option<String>,
    #[serde(default)]
    validate_request_body: bool,
    #[serde(default)]
    validate_request_parameters: bool,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let Create { rest_api_id: api, name, validate_request_body: body, validate_request_parameters } = input;
    let control = &call.apis().control;
    let validator =
        control.create_request_validator(&call.home, &api, name, body, validate_request_parameters).await?;
    Ok(view::request_validator(&validator))
}

pub(super) static LIST: Structure =
    Structure::new("GetRequestValidatorsInput", &[REST_API_ID, POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfApi>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.parts::<RequestValidator>(&call.home, &of.rest_api_id, page).await?;
    Ok(view::page(page, view::request_validator))
}

pub(super) static GET: Structure =
    Structure::new("GetRequestValidatorInput", &[REST_API_ID, REQUEST_VALIDATOR_ID]);

pub(super) async fn get(call: &Call, input: OfValidator) -> Result<Value, ApiError> {
    let OfValidator { rest_api_id, request_validator_id: id } = input;
    let validator = call.apis().control.part::<RequestValidator>(&call.home, &rest_api_id, &id).await?;
    Ok(view::request_validator(&validator))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateRequestValidatorInput", &[REST_API_ID, REQUEST_VALIDATOR_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfValidator>) -> Result<Value, ApiError> {
    let OfValidator { rest_api_id, request_validator_id: id } = input.of;
    let patches = input.patch_operations;
    let control = &call.apis().control;
    let validator = control.update_request_validator(&call.home, &rest_api_id, &id, patches).await?;
    Ok(view::request_validator(&validator))
}

pub(super) static DELETE: Structure =
    Structure::new("DeleteRequestValidatorInput", &[REST_API_ID, REQUEST_VALIDATOR_ID]);

pub(super) async fn delete(call: &Call, input: OfValidator) -> Result<(), ApiError> {
    let OfValidator { rest_api_id, request_validator_id: id } = input;
    Ok(call.apis().control.delete_request_validator(&call.home, &rest_api_id, &id).await?)
}
