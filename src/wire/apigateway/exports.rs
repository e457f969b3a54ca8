//! Exports of stages as OpenAPI documents.

use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde::Deserialize;

use super::shapes::REST_API_ID;
use crate::apis::{ApiId, GetExport, StageName};
use crate::wire::{ApiError, Call, Code, Location, Reply, Shape, Structure, optional, required};

pub(super) static GET: Structure = Structure::new(
    "GetExportInput",
    &[
        REST_API_ID,
        required("stageName", Shape::TEXT).at(Location::Uri("stage_name")),
        required("exportType", Shape::TEXT).at(Location::Uri("export_type")),
        optional("parameters", Shape::STRING_MAP).at(Location::QueryMap),
        optional("accepts", Shape::TEXT).at(Location::Header("Accept")),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    rest_api_id: ApiId,
    stage_name: StageName,
    #[serde(flatten)]
    export: GetExport,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Reply, ApiError> {
    let control = &call.apis().control;
    let exported = control.export(&call.home, &input.rest_api_id, &input.stage_name, input.export).await?;
    let disposition = format!("attachment; filename=\"{}\"", exported.file_name);
    let disposition =
        HeaderValue::try_from(disposition).map_err(|_| ApiError::bare(Code::InternalFailure))?;
    let mut reply = Reply::raw(HeaderValue::from_static("application/octet-stream"), exported.text);
    reply.headers.push((CONTENT_DISPOSITION, disposition));
    Ok(reply)
}
