//! SDKs of what stages serve.

use std::collections::BTreeMap;

use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::OfCaller;
use super::shapes::{LIMIT, POSITION, Paged, REST_API_ID};
use super::view;
use crate::apis::{ApiId, SdkType, StageName};
use crate::wire::{ApiError, Call, Code, Location, Reply, Shape, Structure, optional, required};

pub(super) static GET: Structure = Structure::new(
    "GetSdkInput",
    &[
        REST_API_ID,
        required("stageName", Shape::TEXT).at(Location::Uri("stage_name")),
        required("sdkType", Shape::TEXT).at(Location::Uri("sdk_type")),
        optional("parameters", Shape::STRING_MAP).at(Location::QueryMap),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    rest_api_id: ApiId,
    stage_name: StageName,
    sdk_type: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Reply, ApiError> {
    let Get { rest_api_id, stage_name, sdk_type, parameters } = input;
    let control = &call.apis().control;
    let sdk = control.sdk(&call.home, &rest_api_id, &stage_name, &sdk_type, &parameters).await?;
    let disposition = format!("attachment; filename=\"{}\"", sdk.file_name);
    let disposition =
        HeaderValue::try_from(disposition).map_err(|_| ApiError::bare(Code::InternalFailure))?;
    let mut reply = Reply::raw(HeaderValue::from_static("application/octet-stream"), sdk.archive);
    reply.headers.push((CONTENT_DISPOSITION, disposition));
    Ok(reply)
}

pub(super) static LIST_TYPES: Structure = Structure::new("GetSdkTypesInput", &[POSITION, LIMIT]);

pub(super) async fn list_types(call: &Call, input: Paged<OfCaller>) -> Result<Value, ApiError> {
    let (OfCaller {}, page) = input.split();
    Ok(view::page(call.apis().control.sdk_types(&page)?, sdk_type))
}

pub(super) static GET_TYPE: Structure =
    Structure::new("GetSdkTypeInput", &[required("id", Shape::TEXT).at(Location::Uri("sdktype_id"))]);

#[derive(Deserialize)]
pub(super) struct OfType {
    id: String,
}

pub(super) async fn get_type(call: &Call, input: OfType) -> Result<Value, ApiError> {
    Ok(sdk_type(&call.apis().control.sdk_type(&input.id)?))
}

fn sdk_type(it: &SdkType) -> Value {
    let property = |property: &crate::apis::SdkProperty| {
        json!({
            "name": property.name, "friendlyName": property.friendly_name, "required": property.required,
        })
    };
    json!({
        "id": it.id,
        "friendlyName": it.friendly_name,
        "description": it.description,
        "configurationProperties": it.properties.iter().map(property).collect::<Vec<_>>(),
    })
}
