//! Keys of usage plans.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, POSITION, Paged};
use super::usage_plans::USAGE_PLAN_ID;
use super::view;
use crate::apis::{ApiKeyId, UsagePlanId};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

pub(super) const KEY_ID: Member = required("keyId", Shape::TEXT).at(Location::Uri("keyId"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfPlanKey {
    pub(super) usage_plan_id: UsagePlanId,
    pub(super) key_id: ApiKeyId,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateUsagePlanKeyInput",
    &[USAGE_PLAN_ID, required("keyId", Shape::TEXT), required("keyType", Shape::TEXT)],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    #[serde(flatten)]
    of: OfPlanKey,
    key_type: String,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let OfPlanKey { usage_plan_id: plan, key_id } = input.of;
    let control = &call.apis().control;
    Ok(view::usage_plan_key(
        &control.create_usage_plan_key(&call.home, &plan, &key_id, &input.key_type).await?,
    ))
}

pub(super) static LIST: Structure = Structure::new(
    "GetUsagePlanKeysInput",
    &[USAGE_PLAN_ID, POSITION, LIMIT, optional("nameQuery", Shape::TEXT).at(Location::Query("name"))],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    usage_plan_id: UsagePlanId,
    #[serde(default)]
    name_query: String,
}

pub(super) async fn list(call: &Call, input: Paged<List>) -> Result<Value, ApiError> {
    let (List { usage_plan_id: plan, name_query }, page) = input.split();
    let page = call.apis().control.usage_plan_keys(&call.home, &plan, name_query, page).await?;
    Ok(view::page(page, view::usage_plan_key))
}

pub(super) static GET: Structure = Structure::new("GetUsagePlanKeyInput", &[USAGE_PLAN_ID, KEY_ID]);

pub(super) async fn get(call: &Call, input: OfPlanKey) -> Result<Value, ApiError> {
    let OfPlanKey { usage_plan_id: plan, key_id } = input;
    Ok(view::usage_plan_key(&call.apis().control.usage_plan_key(&call.home, &plan, &key_id).await?))
}

pub(super) static DELETE: Structure = Structure::new("DeleteUsagePlanKeyInput", &[USAGE_PLAN_ID, KEY_ID]);

pub(super) async fn delete(call: &Call, input: OfPlanKey) -> Result<(), ApiError> {
    let OfPlanKey { usage_plan_id: plan, key_id } = input;
    Ok(call.apis().control.delete_usage_plan_key(&call.home, &plan, &key_id).await?)
}
