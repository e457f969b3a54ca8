//! Imports of OpenAPI documents.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::REST_API_ID;
use super::view::{self, EmptyTags};
use crate::apis::{ApiId, ImportOptions, PutMode};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const FAIL_ON_WARNINGS: Member =
    optional("failOnWarnings", Shape::Boolean).at(Location::Query("failonwarnings"));
const PARAMETERS: Member = optional("parameters", Shape::STRING_MAP).at(Location::QueryMap);
const BODY: Member = required("body", Shape::Blob).at(Location::Payload);

pub(super) static IMPORT: Structure =
    Structure::new("ImportRestApiInput", &[FAIL_ON_WARNINGS, PARAMETERS, BODY]);

pub(super) async fn import(call: &Call, input: ImportOptions) -> Result<Value, ApiError> {
    let imported = call.apis().control.import_rest_api(&call.home, call.payload(), input).await?;
    Ok(view::imported(&imported, EmptyTags::Hidden))
}

pub(super) static PUT: Structure = Structure::new(
    "PutRestApiInput",
    &[
        REST_API_ID,
        optional("mode", Shape::Enum(PutMode::WORDS)).at(Location::Query("mode")),
        FAIL_ON_WARNINGS,
        PARAMETERS,
        BODY,
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Put {
    rest_api_id: ApiId,
    mode: Option<PutMode>,
    #[serde(flatten)]
    options: ImportOptions,
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    let (mode, body) = (input.mode.unwrap_or(PutMode::Merge), call.payload());
    let control = &call.apis().control;
    let imported = control.put_rest_api(&call.home, &input.rest_api_id, body, mode, input.options).await?;
    Ok(view::imported(&imported, EmptyTags::Shown))
}
