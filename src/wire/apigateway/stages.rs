//! Stages.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{OfApi, PATCHES, Patched, REST_API_ID, TAGS};
use super::view;
use crate::apis::{ApiId, CacheClusterSize, CreateStage, DeploymentId, Stage, StageName};
use crate::wire::{ApiError, Call, Limits, Location, Member, Shape, Structure, optional, required};

const STAGE_NAME: Member = required("stageName", Shape::TEXT).at(Location::Uri("stage_name"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfStage {
    rest_api_id: ApiId,
    stage_name: StageName,
}

static CANARY_SETTINGS: Structure = Structure::new(
    "CanarySettings",
    &[
        optional("percentTraffic", Shape::Float(Limits::NONE)),
        optional("deploymentId", Shape::TEXT),
        optional("stageVariableOverrides", Shape::STRING_MAP),
        optional("useStageCache", Shape::Boolean),
    ],
);

pub(super) static CREATE: Structure = Structure::new(
    "CreateStageInput",
    &[
        REST_API_ID,
        required("stageName", Shape::TEXT),
        required("deploymentId", Shape::TEXT),
        optional("description", Shape::TEXT),
        optional("cacheClusterEnabled", Shape::Boolean),
        optional("cacheClusterSize", Shape::Enum(CacheClusterSize::WORDS)),
        optional("variables", Shape::STRING_MAP),
        optional("documentationVersion", Shape::TEXT),
        optional("canarySettings", Shape::Structure(&CANARY_SETTINGS)),
        optional("tracingEnabled", Shape::Boolean),
        TAGS,
    ],
);

#[derive(Deserialize)]
pub(super) struct Create {
    #[serde(flatten)]
    of: OfApi,
    #[serde(flatten)]
    stage: CreateStage,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let stage = call.apis().control.create_stage(&call.home, &input.of.rest_api_id, input.stage).await?;
    Ok(view::stage(&stage))
}

pub(super) static LIST: Structure = Structure::new(
    "GetStagesInput",
    &[REST_API_ID, optional("deploymentId", Shape::TEXT).at(Location::Query("deploymentId"))],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    rest_api_id: ApiId,
    deployment_id: Option<DeploymentId>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let List { rest_api_id, deployment_id } = input;
    Ok(view::stages(&call.apis().control.stages(&call.home, &rest_api_id, deployment_id).await?))
}

pub(super) static GET: Structure = Structure::new("GetStageInput", &[REST_API_ID, STAGE_NAME]);

pub(super) async fn get(call: &Call, input: OfStage) -> Result<Value, ApiError> {
    let OfStage { rest_api_id, stage_name } = input;
    Ok(view::stage(&call.apis().control.part::<Stage>(&call.home, &rest_api_id, &stage_name).await?))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateStageInput", &[REST_API_ID, STAGE_NAME, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfStage>) -> Result<Value, ApiError> {
    let OfStage { rest_api_id, stage_name } = input.of;
    let patches = input.patch_operations;
    let stage = call.apis().control.update_stage(&call.home, &rest_api_id, &stage_name, patches).await?;
    Ok(view::stage(&stage))
}

pub(super) static DELETE: Structure = Structure::new("DeleteStageInput", &[REST_API_ID, STAGE_NAME]);

pub(super) async fn delete(call: &Call, input: OfStage) -> Result<(), ApiError> {
    let OfStage { rest_api_id, stage_name } = input;
    Ok(call.apis().control.delete_stage(&call.home, &rest_api_id, &stage_name).await?)
}

pub(super) static FLUSH_CACHE: Structure = Structure::new("FlushStageCacheInput", &[REST_API_ID, STAGE_NAME]);

pub(super) async fn flush_cache(call: &Call, input: OfStage) -> Result<(), ApiError> {
    let OfStage { rest_api_id, stage_name } = input;
    Ok(call.apis().control.flush_stage_cache(&call.home, &rest_api_id, &stage_name).await?)
}

pub(super) static FLUSH_AUTHORIZERS: Structure =
    Structure::new("FlushStageAuthorizersCacheInput", &[REST_API_ID, STAGE_NAME]);

pub(super) async fn flush_authorizers(call: &Call, input: OfStage) -> Result<(), ApiError> {
    let OfStage { rest_api_id, stage_name } = input;
    Ok(call.apis().control.flush_authorizers_cache(&call.home, &rest_api_id, &stage_name).await?)
}
