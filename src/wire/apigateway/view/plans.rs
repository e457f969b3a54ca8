//! Responses about API keys and usage plans.

use serde_json::{Map, Value};

use super::{EmptyTags, Members, each};
use crate::apis::{
    ApiKey, ApiStage, DailyUsage, ImportedApiKeys, KEY_TYPE, QuotaSettings, ThrottleSettings, Usage,
    UsagePlan,
};

/// Whether a response shows the key's value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::apigateway) enum KeyValue {
    Shown,
    Hidden,
}

impl KeyValue {
    pub(in crate::apigateway) fn shown_if(asked: bool) -> Self {
        if asked { Self::Shown } else { Self::Hidden }
    }
}

pub(in crate::apigateway) fn api_key(key: &ApiKey, value: KeyValue, empty_tags: EmptyTags) -> Value {
    let stage_keys: Vec<&str> = key.stage_keys.iter().map(String::as_str).collect();
    Members::default()
        .with("id", key.id.as_str())
        .maybe("value", (value == KeyValue::Shown).then_some(key.value.expose()))
        .maybe("name", key.name.as_deref())
        .maybe("customerId", key.customer_id.as_deref())
        .maybe("description", key.description.as_deref())
        .with("enabled", key.enabled)
        .with("createdDate", key.created_date.as_seconds())
        .with("lastUpdatedDate", key.last_updated_date.as_seconds())
        .with("stageKeys", stage_keys)
        .tags(&key.tags, empty_tags)
        .done()
}

pub(in crate::apigateway) fn imported_api_keys(imported: &ImportedApiKeys) -> Value {
    let ids: Vec<&str> = imported.ids.iter().map(|id| id.as_str()).collect();
    Members::default().with("ids", ids).filled("warnings", imported.warnings.clone().into()).done()
}

pub(in crate::apigateway) fn usage_plan(plan: &UsagePlan, empty_tags: EmptyTags) -> Value {
    let stages: Vec<Value> = plan.api_stages.iter().map(api_stage).collect();
    Members::default()
        .with("id", plan.id.as_str())
        .with("name", plan.name.as_str())
        .maybe("description", plan.description.as_deref())
        .with("apiStages", stages)
        .maybe("throttle", plan.throttle.as_ref().map(throttle))
        .maybe("quota", plan.quota.as_ref().map(quota))
        .maybe("productCode", plan.product_code.as_deref())
        .tags(&plan.tags, empty_tags)
        .done()
}

fn api_stage(entry: &ApiStage) -> Value {
    Members::default()
        .with("apiId", entry.api_id.as_str())
        .with("stage", entry.stage.as_str())
        .filled("throttle", each(&entry.throttle, |_, settings| throttle(settings)))
        .done()
}

fn throttle(settings: &ThrottleSettings) -> Value {
    Members::default()
        .maybe("burstLimit", settings.burst_limit)
        .maybe("rateLimit", settings.rate_limit)
        .done()
}

fn quota(quota: &QuotaSettings) -> Value {
    Members::default()
        .with("limit", quota.limit)
        .with("offset", quota.offset)
        .with("period", quota.period.as_str())
        .done()
}

/// A key as part of a plan: always with its value, as on AWS.
pub(in crate::apigateway) fn usage_plan_key(key: &ApiKey) -> Value {
    Members::default()
        .with("id", key.id.as_str())
        .with("type", KEY_TYPE)
        .with("value", key.value.expose())
        .maybe("name", key.name.as_deref())
        .done()
}

pub(in crate::apigateway) fn usage(usage: &Usage) -> Value {
    let day = |day: &DailyUsage| Value::from(vec![day.used, day.remaining]);
    let days = |days: &Vec<DailyUsage>| days.iter().map(day).collect::<Value>();
    let keys = usage.keys.items.iter().map(|(key, of_key)| (key.to_string(), days(of_key)));
    Members::default()
        .with("usagePlanId", usage.plan.as_str())
        .with("startDate", usage.days.0.to_string())
        .with("endDate", usage.days.1.to_string())
        .maybe("position", usage.keys.position.as_deref())
        .with("values", keys.collect::<Map<_, _>>())
        .done()
}

/// The header line of usage as CSV.
pub(in crate::apigateway) const USAGE_CSV_HEADER: &str = "keyId,date,used,remaining\r\n";

/// Adds a line for each key and day. Ids, dates and numbers need no quotes.
pub(in crate::apigateway) fn usage_csv(usage: &Usage, text: &mut String) {
    for (key, days) in &usage.keys.items {
        for (n, day) in (0..).zip(days) {
            let date = usage.days.0.plus(n);
            text.push_str(&format!("{key},{date},{},{}\r\n", day.used, day.remaining));
        }
    }
}
