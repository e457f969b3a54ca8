//! Usage plans.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched, TAGS};
use super::view::{self, EmptyTags};
use crate::apis::{ApiKeyId, CreateUsagePlan, UsagePlan, UsagePlanId};
use crate::wire::{ApiError, Call, Limits, Location, Member, Shape, Structure, optional, required};

pub(super) const USAGE_PLAN_ID: Member =
    required("usagePlanId", Shape::TEXT).at(Location::Uri("usageplanId"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfPlan {
    pub(super) usage_plan_id: UsagePlanId,
}

static THROTTLE_SETTINGS: Structure = Structure::new(
    "ThrottleSettings",
    &[optional("burstLimit", Shape::INT), optional("rateLimit", Shape::Float(Limits::NONE))],
);
static THROTTLE: Shape = Shape::Structure(&THROTTLE_SETTINGS);

/// The period is a string, because AWS's error for an invalid one is special.
static QUOTA_SETTINGS: Structure = Structure::new(
    "QuotaSettings",
    &[optional("limit", Shape::INT), optional("offset", Shape::INT), optional("period", Shape::TEXT)],
);

static API_STAGE: Structure = Structure::new(
    "ApiStage",
    &[
        optional("apiId", Shape::TEXT),
        optional("stage", Shape::TEXT),
        optional("throttle", Shape::map(&Shape::TEXT, &THROTTLE)),
    ],
);

pub(super) static CREATE: Structure = Structure::new(
    "CreateUsagePlanInput",
    &[
        required("name", Shape::TEXT),
        optional("description", Shape::TEXT),
        optional("apiStages", Shape::list(&Shape::Structure(&API_STAGE))),
        optional("throttle", Shape::Structure(&THROTTLE_SETTINGS)),
        optional("quota", Shape::Structure(&QUOTA_SETTINGS)),
        TAGS,
    ],
);

pub(super) async fn create(call: &Call, input: CreateUsagePlan) -> Result<Value, ApiError> {
    let plan = call.apis().control.create_usage_plan(&call.home, input).await?;
    Ok(view::usage_plan(&plan, EmptyTags::Hidden))
}

pub(super) static LIST: Structure = Structure::new(
    "GetUsagePlansInput",
    &[POSITION, optional("keyId", Shape::TEXT).at(Location::Query("keyId")), LIMIT],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfSomeKey {
    key_id: Option<ApiKeyId>,
}

pub(super) async fn list(call: &Call, input: Paged<OfSomeKey>) -> Result<Value, ApiError> {
    let (OfSomeKey { key_id }, page) = input.split();
    let page = call.apis().control.usage_plans(&call.home, key_id, page).await?;
    Ok(view::page(page, |plan| view::usage_plan(plan, EmptyTags::Hidden)))
}

pub(super) static GET: Structure = Structure::new("GetUsagePlanInput", &[USAGE_PLAN_ID]);

pub(super) async fn get(call: &Call, input: OfPlan) -> Result<Value, ApiError> {
    let plan = call.apis().control.owned::<UsagePlan>(&call.home, &input.usage_plan_id).await?;
    Ok(view::usage_plan(&plan, EmptyTags::Shown))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateUsagePlanInput", &[USAGE_PLAN_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfPlan>) -> Result<Value, ApiError> {
    let (id, patches) = (input.of.usage_plan_id, input.patch_operations);
    let plan = call.apis().control.update_usage_plan(&call.home, &id, patches).await?;
    Ok(view::usage_plan(&plan, EmptyTags::Shown))
}

pub(super) static DELETE: Structure = Structure::new("DeleteUsagePlanInput", &[USAGE_PLAN_ID]);

pub(super) async fn delete(call: &Call, input: OfPlan) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_usage_plan(&call.home, &input.usage_plan_id).await?)
}
