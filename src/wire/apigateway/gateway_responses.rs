//! Gateway responses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{
    LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID, STATUS_CODE_SHAPE, checked,
};
use super::view;
use crate::apis::{ApiId, GatewayResponse, ResponseType, StatusCode};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const RESPONSE_TYPE: Member =
    required("responseType", Shape::Enum(ResponseType::WORDS)).at(Location::Uri("response_type"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfType {
    rest_api_id: ApiId,
    response_type: ResponseType,
}

pub(super) static PUT: Structure = Structure::new(
    "PutGatewayResponseInput",
    &[
        REST_API_ID,
        RESPONSE_TYPE,
        optional("statusCode", STATUS_CODE_SHAPE),
        optional("responseParameters", Shape::STRING_MAP),
        optional("responseTemplates", Shape::STRING_MAP),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Put {
    #[serde(flatten)]
    of: OfType,
    status_code: Option<String>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    #[serde(default)]
    response_templates: BTreeMap<String, String>,
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    let OfType { rest_api_id, response_type } = input.of;
    let status = input.status_code.map(|status| checked(StatusCode::parse(&status))).transpose()?;
    let response = GatewayResponse {
        status_code: status,
        response_parameters: input.response_parameters,
        response_templates: input.response_templates,
    };
    let control = &call.apis().control;
    let response = control.put_gateway_response(&call.home, &rest_api_id, response_type, response).await?;
    Ok(view::gateway_response(&response))
}

pub(super) static LIST: Structure =
    Structure::new("GetGatewayResponsesInput", &[REST_API_ID, POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfApi>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.gateway_responses(&call.home, &of.rest_api_id, page).await?;
    Ok(view::page(page, view::gateway_response))
}

pub(super) static GET: Structure = Structure::new("GetGatewayResponseInput", &[REST_API_ID, RESPONSE_TYPE]);

pub(super) async fn get(call: &Call, input: OfType) -> Result<Value, ApiError> {
    let OfType { rest_api_id, response_type } = input;
    let response = call.apis().control.gateway_response(&call.home, &rest_api_id, response_type).await?;
    Ok(view::gateway_response(&response))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateGatewayResponseInput", &[REST_API_ID, PATCHES, RESPONSE_TYPE]);

pub(super) async fn update(call: &Call, input: Patched<OfType>) -> Result<Value, ApiError> {
    let OfType { rest_api_id, response_type } = input.of;
    let patches = input.patch_operations;
    let control = &call.apis().control;
    let response = control.update_gateway_response(&call.home, &rest_api_id, response_type, patches).await?;
    Ok(view::gateway_response(&response))
}

pub(super) static DELETE: Structure =
    Structure::new("DeleteGatewayResponseInput", &[REST_API_ID, RESPONSE_TYPE]);

pub(super) async fn delete(call: &Call, input: OfType) -> Result<(), ApiError> {
    let OfType { rest_api_id, response_type } = input;
    Ok(call.apis().control.delete_gateway_response(&call.home, &rest_api_id, response_type).await?)
}
