//! The usage of usage plans' keys.

use http::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched};
use super::usage_plan_keys::{KEY_ID, OfPlanKey};
use super::usage_plans::USAGE_PLAN_ID;
use super::view;
use crate::apis::{ApiKeyId, UsagePlanId};
use crate::wire::{ApiError, Call, Location, Reply, Shape, Structure, optional, required};

pub(super) static GET: Structure = Structure::new(
    "GetUsageInput",
    &[
        USAGE_PLAN_ID,
        optional("keyId", Shape::TEXT).at(Location::Query("keyId")),
        required("startDate", Shape::TEXT).at(Location::Query("startDate")),
        required("endDate", Shape::TEXT).at(Location::Query("endDate")),
        POSITION,
        LIMIT,
        // On AWS, the console converts usage to CSV; here the operation does.
        optional("accepts", Shape::TEXT).at(Location::Header("Accept")),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    usage_plan_id: UsagePlanId,
    key_id: Option<ApiKeyId>,
    start_date: String,
    end_date: String,
    accepts: Option<String>,
}

pub(super) async fn get(call: &Call, input: Paged<Get>) -> Result<Reply, ApiError> {
    let (Get { usage_plan_id: plan, key_id, start_date, end_date, accepts }, mut page) = input.split();
    let control = &call.apis().control;
    let dates = (&*start_date, &*end_date);
    let mut usage = control.usage(&call.home, &plan, key_id.clone(), dates, page.clone()).await?;
    if accepts.as_deref() != Some(CSV) {
        return Reply::of(&view::usage(&usage));
    }
    let mut text = view::USAGE_CSV_HEADER.to_owned();
    view::usage_csv(&usage, &mut text);
    // A table has no position for a next page, so it contains all pages.
    while let Some(position) = usage.keys.position.take() {
        page.position = Some(position);
        usage = control.usage(&call.home, &plan, key_id.clone(), dates, page.clone()).await?;
        view::usage_csv(&usage, &mut text);
    }
    Ok(Reply::raw(HeaderValue::from_static(CSV), text))
}

/// The media type of usage as a table, with a line for each key and day.
const CSV: &str = "text/csv";

pub(super) static UPDATE: Structure = Structure::new("UpdateUsageInput", &[USAGE_PLAN_ID, KEY_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfPlanKey>) -> Result<Value, ApiError> {
    let OfPlanKey { usage_plan_id: plan, key_id } = input.of;
    let control = &call.apis().control;
    let usage = control.update_usage(&call.home, &plan, &key_id, input.patch_operations).await?;
    Ok(view::usage(&usage))
}
