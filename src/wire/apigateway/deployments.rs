//! Deployments.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{EMBED, LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID};
use super::view;
use crate::apis::{ApiId, CacheClusterSize, CreateDeployment, DeploymentId};
use crate::wire::{ApiError, Call, Limits, Location, Member, Shape, Structure, optional, required};

/// The value of `embed` that adds a summary; `apiSummary` is accepted in any case.
const API_SUMMARY: &str = "apisummary";

const DEPLOYMENT_ID: Member = required("deploymentId", Shape::TEXT).at(Location::Uri("deployment_id"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfDeployment {
    rest_api_id: ApiId,
    deployment_id: DeploymentId,
}

static CANARY_SETTINGS: Structure = Structure::new(
    "DeploymentCanarySettings",
    &[
        optional("percentTraffic", Shape::Float(Limits::NONE)),
        optional("stageVariableOverrides", Shape::STRING_MAP),
        optional("useStageCache", Shape::Boolean),
    ],
);

pub(super) static CREATE: Structure = Structure::new(
    "CreateDeploymentInput",
    &[
        REST_API_ID,
        optional("stageName", Shape::TEXT),
        optional("stageDescription", Shape::TEXT),
        optional("description", Shape::TEXT),
        optional("cacheClusterEnabled", Shape::Boolean),
        optional("cacheClusterSize", Shape::Enum(CacheClusterSize::WORDS)),
        optional("variables", Shape::STRING_MAP),
        optional("canarySettings", Shape::Structure(&CANARY_SETTINGS)),
        optional("tracingEnabled", Shape::Boolean),
    ],
);

#[derive(Deserialize)]
pub(super) struct Create {
    #[serde(flatten)]
    of: OfApi,
    #[serde(flatten)]
    deployment: CreateDeployment,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let id = &input.of.rest_api_id;
    let deployment = call.apis().control.create_deployment(&call.home, id, input.deployment).await?;
    Ok(view::deployment(&deployment))
}

pub(super) static LIST: Structure = Structure::new("GetDeploymentsInput", &[REST_API_ID, POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfApi>) -> Result<Value, ApiError> {
    let (of, page) = input.split();
    let page = call.apis().control.deployments(&call.home, &of.rest_api_id, page).await?;
    Ok(view::page(page, view::deployment))
}

pub(super) static GET: Structure = Structure::new("GetDeploymentInput", &[REST_API_ID, DEPLOYMENT_ID, EMBED]);

#[derive(Deserialize)]
pub(super) struct Get {
    #[serde(flatten)]
    of: OfDeployment,
    #[serde(default)]
    embed: Vec<String>,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let OfDeployment { rest_api_id, deployment_id } = input.of;
    let summarized = input.embed.iter().any(|word| word.eq_ignore_ascii_case(API_SUMMARY));
    let control = &call.apis().control;
    let summary = control.deployment(&call.home, &rest_api_id, &deployment_id, summarized).await?;
    Ok(view::deployment_summary(&summary))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateDeploymentInput", &[REST_API_ID, DEPLOYMENT_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfDeployment>) -> Result<Value, ApiError> {
    let OfDeployment { rest_api_id, deployment_id } = input.of;
    let patches = input.patch_operations;
    let control = &call.apis().control;
    let deployment = control.update_deployment(&call.home, &rest_api_id, &deployment_id, patches).await?;
    Ok(view::deployment(&deployment))
}

pub(super) static DELETE: Structure = Structure::new("DeleteDeploymentInput", &[REST_API_ID, DEPLOYMENT_ID]);

pub(super) async fn delete(call: &Call, input: OfDeployment) -> Result<(), ApiError> {
    let OfDeployment { rest_api_id, deployment_id } = input;
    Ok(call.apis().control.delete_deployment(&call.home, &rest_api_id, &deployment_id).await?)
}
