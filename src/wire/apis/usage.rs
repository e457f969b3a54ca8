//! What keys of usage plans used.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched};
use super::usage_plan_keys::{KEY_ID, OfPlanKey};
use super::usage_plans::USAGE_PLAN_ID;
use super::view;
use crate::gateway::api::{ApiKeyId, UsagePlanId};
use crate::wire::{ApiError, Call, Location, Shape, Structure, optional, required};

pub(super) static GET: Structure = Structure::new(
    "GetUsageInput",
    &[
        USAGE_PLAN_ID,
        optional("keyId", Shape::TEXT).at(Location::Query("keyId")),
        required("startDate", Shape::TEXT).at(Location::Query("startDate")),
        required("endDate", Shape::TEXT).at(Location::Query("endDate")),
        POSITION,
        LIMIT,
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    usage_plan_id: UsagePlanId,
    key_id: Option<ApiKeyId>,
    start_date: String,
    end_date: String,
}

pub(super) async fn get(call: &Call, input: Paged<Get>) -> Result<Value, ApiError> {
    let (Get { usage_plan_id: plan, key_id, start_date, end_date }, page) = input.split();
    let control = &call.rooms.apis.control;
    let usage = control.usage(&call.home, &plan, key_id, (&start_date, &end_date), page).await?;
    Ok(view::usage(&usage))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateUsageInput", &[USAGE_PLAN_ID, KEY_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfPlanKey>) -> Result<Value, ApiError> {
    let OfPlanKey { usage_plan_id: plan, key_id } = input.of;
    let control = &call.rooms.apis.control;
    let usage = control.update_usage(&call.home, &plan, &key_id, input.patch_operations).await?;
    Ok(view::usage(&usage))
}
