//! Usage plans and API keys: limits, who has used how much, and what is left.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::addresses::{self, address};
use super::plan_now::{now, quota, readings};
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// Plans and keys of a page.
const SHOWN_MAX: u64 = 500;
/// Days whose usage is shown.
const DAYS: u64 = 30;
/// The size of a chart of usage.
const CHART: (f64, f64) = (240.0, 28.0);

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let aws = &visit.aws;
    let plans = aws.apigateway("GetUsagePlans", json!({ "limit": SHOWN_MAX })).await?;
    let keys = aws.apigateway("GetApiKeys", json!({ "limit": SHOWN_MAX })).await?;
    let plans = list(&plans, "item").iter().map(|plan| {
        json!({
            "id": text(plan, "id"), "name": text(plan, "name"), "limits": limits(plan),
            "href": addresses::plan(text(plan, "id")),
            "nStages": list(plan, "apiStages").len(),
        })
    });
    let own_keys = list(&keys, "item").iter().map(|key| {
        json!({
            "id": text(key, "id"), "name": text(key, "name"), "isEnabled": key.get("enabled"),
            "created": shown::time_of(key, "createdDate"),
        })
    });
    let data = json!({
        "plans": plans.collect::<Vec<_>>(), "keys": own_keys.collect::<Vec<_>>(),
        "hasMore": keys.get("position").is_some(), "csrf": &*visit.signed.csrf, "base": crate::console::PREFIX,
    });
    visit.render(Page { title: "Usage plans", section: "Usage plans", template: "plans", parts: &[], data })
}

fn limits(plan: &Value) -> Value {
    let number = |pointer: &str| plan.pointer(pointer).filter(|it| !it.is_null()).map(Value::to_string);
    let quota = number("/quota/limit").map(|limit| {
        let period = plan.pointer("/quota/period").and_then(Value::as_str).unwrap_or_default();
        format!("{limit} a {}", period.to_ascii_lowercase())
    });
    json!({"rate": number("/throttle/rateLimit"), "burst": number("/throttle/burstLimit"), "quota": quota})
}

/// A plan, with the usage of its keys.
pub(super) async fn plan(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let id = visit.required("id")?;
    let aws = &visit.aws;
    let plan = aws.apigateway("GetUsagePlan", json!({ "usagePlanId": id })).await?;
    let keys = aws.apigateway("GetUsagePlanKeys", json!({"usagePlanId": id, "limit": SHOWN_MAX})).await?;
    let usage = usage(visit, id).await?;
    let (readings, quota, at) = (readings(visit, id), quota(&plan), visit.shared.clock.now());
    let rows: Vec<_> = list(&keys, "item")
        .iter()
        .map(|key| {
            let own = text(key, "id");
            let days: Vec<(u64, i64)> = usage
                .pointer(&format!("/values/{own}"))
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|day| Some((day.get(0)?.as_u64()?, day.get(1)?.as_i64()?)))
                .collect();
            let today = days.last().copied();
            json!({
                "id": own, "name": text(key, "name"), "today": today.map(|(used, _)| used),
                "now": now(readings.get(own), quota, today.map(|(_, left)| left), at),
                "total": days.iter().map(|(used, _)| used).sum::<u64>(), "bars": bars(&days),
            })
        })
        .collect();
    let stages = list(&plan, "apiStages").iter().map(|stage| {
        json!({
            "api": text(stage, "apiId"), "stage": text(stage, "stage"), "href": addresses::api(text(stage, "apiId"), "stages"),
        })
    });
    let name = text(&plan, "name").to_owned();
    let data = json!({
        "id": id, "name": name, "limits": limits(&plan), "stages": stages.collect::<Vec<_>>(), "keys": rows,
        "from": text(&usage, "startDate"), "to": text(&usage, "endDate"),
        "csv": address("/plans/usage.csv", &[("id", id)]), "csvNow": address("/plans/now.csv", &[("id", id)]), "width": CHART.0, "height": CHART.1,
    });
    visit.render(Page { title: &name, section: "Usage plans", template: "plan", parts: &[], data })
}

/// Usage, day by day, until today.
async fn usage(visit: &Visit<'_>, id: &str) -> Result<Value, Failure> {
    let now = visit.shared.clock.now();
    let day = |back: u64| {
        let at = now.as_millis() - i64::try_from(Duration::from_secs(back * 86_400).as_millis()).unwrap_or(0);
        crate::clock::Timestamp::from_millis(at).to_iso8601().chars().take(10).collect::<String>()
    };
    let input = json!({"usagePlanId": id, "startDate": day(DAYS - 1), "endDate": day(0), "limit": SHOWN_MAX});
    visit.aws.apigateway("GetUsage", input).await
}

/// A bar a day, the highest as high as the chart.
fn bars(days: &[(u64, i64)]) -> Vec<Value> {
    let most = days.iter().map(|(used, _)| *used).max().unwrap_or(0).max(1);
    #[allow(clippy::cast_precision_loss)] // For a picture.
    let share = |used: u64| used as f64 / most as f64;
    #[allow(clippy::cast_precision_loss)]
    let width = CHART.0 / days.len().max(1) as f64;
    let mut x = 0.0;
    let bar = |(used, _): &(u64, i64)| {
        let height = (share(*used) * CHART.1).max(if 0 < *used { 1.0 } else { 0.0 });
        let bar = json!({"x": x, "y": CHART.1 - height, "width": width - 1.0, "height": height});
        x += width;
        bar
    };
    days.iter().map(bar).collect()
}

/// The same as a table for other programs.
pub(super) async fn csv(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let id = visit.required("id")?;
    let usage = usage(visit, id).await?;
    let mut table = "keyId,day,used,remaining\r\n".to_owned();
    for (key, days) in usage.get("values").and_then(Value::as_object).into_iter().flatten() {
        for (n, day) in days.as_array().into_iter().flatten().enumerate() {
            let number = |at: usize| day.get(at).map(Value::to_string).unwrap_or_default();
            // Ids and numbers need no quotes. The first day is the one that the page says.
            let _ = write!(table, "{key},{n},{},{}\r\n", number(0), number(1));
        }
    }
    let name = format!("usage-{}.csv", text(&usage, "endDate"));
    Ok(Answer::File { name, media: "text/csv; charset=utf-8", bytes: table.into() })
}

/// What the keys have at this moment, likewise.
pub(super) async fn csv_now(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let id = visit.required("id")?;
    // Who may read the usage may read the rest of it.
    usage(visit, id).await?;
    let bytes = super::plan_now::csv(&readings(visit, id)).into();
    Ok(Answer::File { name: "plan-now.csv".to_owned(), media: "text/csv; charset=utf-8", bytes })
}

/// Creates a key, and shows its value this once.
///
/// # Errors
/// What the operation says.
pub(super) async fn create_key(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let mut input = json!({"name": form.required("name")?, "enabled": true});
    if let Some(text) = form.filled("description") {
        input["description"] = text.into();
    }
    let key = visit.aws.apigateway("CreateApiKey", input).await?;
    let id = text(&key, "id");
    if let Some(plan) = form.filled("plan") {
        let input = json!({"usagePlanId": plan, "keyId": id, "keyType": "API_KEY"});
        visit.aws.apigateway("CreateUsagePlanKey", input).await?;
    }
    let data = json!({"id": id, "name": text(&key, "name"), "value": text(&key, "value"), "base": crate::console::PREFIX});
    Ok(Answer::Html(visit.shared.renderer.part("key-made", &data)?))
}

/// Lets a key call again, or no more.
///
/// # Errors
/// What the operation says.
pub(super) async fn switch_key(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let enabled = if form.text("enabled") == "true" { "true" } else { "false" };
    let patch = json!([{"op": "replace", "path": "/enabled", "value": enabled}]);
    visit
        .aws
        .apigateway("UpdateApiKey", json!({"apiKey": form.required("id")?, "patchOperations": patch}))
        .await?;
    Ok(Answer::Done(address("/plans", &[])))
}
