//! GetUsage, UpdateUsage.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::ids::{ApiKeyId, UsagePlanId};
use super::super::live::Change;
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::usage_plan::UsagePlan;
use super::usage_plan_keys;
use crate::apis::error::{BadRequest, Error, PlanProblem};
use crate::apis::patch::{PatchOp, PatchOperation, replace_only};
use crate::apis::{Day, LiveUsage, Subject, period, remaining};
use crate::id::AccountRegion;

/// The most days of a request, and how long usage is kept.
const DAYS_MAX: i64 = 90;
/// The remaining requests if there is no quota: the largest possible number.
const UNLIMITED: u64 = i32::MAX as u64;

const PATHS: [&str; 1] = ["/remaining"];
const PATHS_PRINTED: &str = "[/remaining]";

/// Only `replace` has paths here, and AWS prints the list of them for each operation.
fn check_patch(patch: &PatchOperation) -> Result<(), BadRequest> {
    if patch.op == PatchOp::Replace {
        return replace_only(patch, &PATHS, PATHS_PRINTED).map(|_| ());
    }
    let path = patch.path.clone().unwrap_or_else(|| "null".to_owned());
    Err(BadRequest::UnsupportedPath { path, op: patch.op.as_str(), paths: "[]" })
}

/// The usage of a plan's keys. See [Usage](https://docs.aws.amazon.com/apigateway/latest/api/API_Usage.html).
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// The plan.
    pub plan: UsagePlanId,
    /// The first and last requested day.
    pub days: (Day, Day),
    /// Keys by id, each with its usage on each day that has begun.
    pub keys: Page<(ApiKeyId, Vec<DailyUsage>)>,
}

/// One day of a key's usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyUsage {
    /// Requests of the day.
    pub used: u64,
    /// Requests left in the quota's period at the end of the day.
    pub remaining: u64,
}

impl Apis {
    /// The usage of one key, or of all keys with usage; up to the moment of the call, for up to 90 days.
    pub async fn usage(
        &self,
        owner: &AccountRegion,
        plan: &UsagePlanId,
        key: Option<ApiKeyId>,
        dates: (&str, &str),
        page: PageRequest,
    ) -> Result<Usage, Error> {
        let (first, last) = match (Day::parse(dates.0), Day::parse(dates.1)) {
            (Some(first), Some(last)) if first <= last => (first, last),
            (_, _) => return Err(BadRequest::from(PlanProblem::Dates).into()),
        };
        if first.plus(DAYS_MAX) <= last {
            return Err(BadRequest::from(PlanProblem::TooManyDays(DAYS_MAX)).into());
        }
        let (plan, live) = (plan.clone(), self.live_usage(owner, plan));
        let today = Day::of(self.now());
        self.read(owner, move |rows| {
            let record = rows.owned::<UsagePlan>(&plan)?;
            let days = first..last.min(today).plus(1);
            let keys = match key {
                Some(key) => {
                    if rows.usage_by_day(&plan, &key, days.clone())?.is_empty() {
                        usage_plan_keys::existing(rows, &plan, &key)?;
                    }
                    Page { items: vec![key], position: None }
                }
                None => keys(rows, &plan, days.clone(), &live, &page)?,
            };
            let of_key = |key: ApiKeyId| {
                let days = daily(rows, &record, &key, days.clone(), &live)?;
                Ok((key, days))
            };
            let Page { items, position } = keys;
            let items = items.into_iter().map(of_key).collect::<Result<_, Error>>()?;
            Ok(Usage { plan, days: (first, last), keys: Page { items, position } })
        })
        .await
    }

    /// Sets what a key has left in the current period.
    pub async fn update_usage(
        &self,
        owner: &AccountRegion,
        plan: &UsagePlanId,
        key: &ApiKeyId,
        patches: Vec<PatchOperation>,
    ) -> Result<Usage, Error> {
        let today = Day::of(self.now());
        let subject = Subject { owner: owner.clone(), plan: plan.clone(), key: key.clone() };
        let live = self.live_usage(owner, plan);
        let changed = subject.clone();
        let update = move |rows: &Rows<'_>| {
            let Subject { plan, key, .. } = &subject;
            let record = rows.owned::<UsagePlan>(plan)?;
            usage_plan_keys::existing(rows, plan, key)?;
            for patch in &patches {
                check_patch(patch)?;
                let left = patch.value.as_deref().and_then(|value| value.parse::<u32>().ok());
                let left = left.ok_or(BadRequest::UsagePlan(PlanProblem::Remaining))?;
                let quota = record.quota.ok_or(BadRequest::UsagePlan(PlanProblem::NoQuota))?;
                let start = period(&quota, today).start;
                let used: u64 = by_day(rows, plan, key, start..today.plus(1), &live)?.values().sum();
                let used = i64::try_from(used).unwrap_or(i64::MAX);
                let extra = i64::from(left).saturating_add(used).saturating_sub(i64::from(quota.limit));
                rows.put_quota_grant(plan, key, start, extra)?;
            }
            Ok(())
        };
        self.write_and_tell(owner, update, |()| vec![Change::Usage(changed)]).await?;
        let date = today.to_string();
        self.usage(owner, plan, Some(key.clone()), (&date, &date), PageRequest::default()).await
    }
}

/// The keys that used a plan on any of the days, by id.
fn keys(
    rows: &Rows<'_>,
    plan: &UsagePlanId,
    days: Range<Day>,
    live: &[LiveUsage],
    page: &PageRequest,
) -> Result<Page<ApiKeyId>, Error> {
    let after = page.after()?.unwrap_or_default();
    let mut keys = rows.keys_with_usage(plan, days.clone(), &after, page.len() + 1)?;
    // The first requests of a key without a quota are not in the store yet.
    let unwritten =
        live.iter().filter(|it| 0 < it.used && days.contains(&it.day) && *after < *it.key.as_str());
    keys.extend(unwritten.map(|it| it.key.clone()));
    keys.sort();
    keys.dedup();
    Ok(Page::cut(keys, ApiKeyId::to_string, page.len()))
}

/// The usage of a key on each day with any. Counters in memory take precedence over the store, which contains reserved
/// blocks.
fn by_day(
    rows: &Rows<'_>,
    plan: &UsagePlanId,
    key: &ApiKeyId,
    days: Range<Day>,
    live: &[LiveUsage],
) -> Result<BTreeMap<Day, u64>, Error> {
    let mut used: BTreeMap<Day, u64> = rows.usage_by_day(plan, key, days.clone())?.into_iter().collect();
    for now in live.iter().filter(|now| now.key == *key && days.contains(&now.day)) {
        used.insert(now.day, now.used);
    }
    Ok(used)
}

fn daily(
    rows: &Rows<'_>,
    plan: &UsagePlan,
    key: &ApiKeyId,
    days: Range<Day>,
    live: &[LiveUsage],
) -> Result<Vec<DailyUsage>, Error> {
    // A period may have begun before the first day.
    let from = plan.quota.map_or(days.start, |quota| period(&quota, days.start).start);
    let used = by_day(rows, &plan.id, key, from..days.end, live)?;
    let mut all = Vec::new();
    let mut day = days.start;
    while day < days.end {
        let remaining = match &plan.quota {
            Some(quota) => {
                let start = period(quota, day).start;
                let so_far = used.range(start..=day).map(|(_, used)| used).sum();
                remaining(quota, rows.quota_grant(&plan.id, key, start)?, so_far)
            }
            None => UNLIMITED,
        };
        all.push(DailyUsage { used: used.get(&day).copied().unwrap_or(0), remaining });
        day = day.plus(1);
    }
    Ok(all)
}
