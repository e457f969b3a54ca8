//! CreateUsagePlan, GetUsagePlan(s), UpdateUsagePlan, DeleteUsagePlan.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::http_method::HttpMethod;
use super::super::ids::{ApiId, ApiKeyId, StageName, UsagePlanId};
use super::super::live::Change;
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::stage::Stage;
use super::super::usage_plan::{
    ApiStage, QuotaPeriod, QuotaSettings, ThrottleSettings, UsagePlan, method_of,
};
use super::tags::check_tags;
use super::usage_plan_keys::refuse_two_plans;
use crate::apis::error::{BadRequest, Error, LimitExceeded, NotFound, PlanProblem};
use crate::apis::patch::{PatchOperation, patch_usage_plan};
use crate::id::AccountRegion;

/// The most plans of an account in one region.
const PLANS_MAX: usize = 300;

/// The input of [CreateUsagePlan](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlan.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateUsagePlan {
    /// Name.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// Stages.
    pub api_stages: Vec<NewApiStage>,
    /// Rate and burst of each key.
    pub throttle: Option<ThrottleSettings>,
    /// Requests of each key in a period.
    pub quota: Option<NewQuota>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A stage of a new plan, as given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewApiStage {
    /// The API.
    pub api_id: Option<ApiId>,
    /// The stage.
    pub stage: Option<StageName>,
    /// Methods with their own rate and burst.
    pub throttle: BTreeMap<String, ThrottleSettings>,
}

/// The quota of a new plan, as given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuota {
    /// The number of requests in a period.
    pub limit: Option<i32>,
    /// The day on which a period begins.
    pub offset: i32,
    /// The name of the period.
    pub period: String,
}

impl NewApiStage {
    fn resolve(self) -> Result<ApiStage, PlanProblem> {
        let (Some(api_id), Some(stage)) = (self.api_id, self.stage) else {
            return Err(PlanProblem::NamelessStage);
        };
        if api_id.as_str().is_empty() || stage.as_str().is_empty() {
            return Err(PlanProblem::NamelessStage);
        }
        Ok(ApiStage { api_id, stage, throttle: self.throttle })
    }
}

impl NewQuota {
    fn resolve(self) -> Result<QuotaSettings, PlanProblem> {
        Ok(QuotaSettings {
            limit: self.limit.ok_or(PlanProblem::QuotaLimit)?,
            offset: self.offset,
            period: QuotaPeriod::parse(&self.period).ok_or(PlanProblem::QuotaPeriod)?,
        })
    }
}

impl CreateUsagePlan {
    fn resolve(self, id: UsagePlanId) -> Result<UsagePlan, PlanProblem> {
        Ok(UsagePlan {
            id,
            revision: 0,
            name: self.name,
            description: self.description.filter(|text| !text.is_empty()),
            api_stages: self.api_stages.into_iter().map(NewApiStage::resolve).collect::<Result<_, _>>()?,
            throttle: self.throttle,
            quota: self.quota.map(NewQuota::resolve).transpose()?,
            product_code: None,
            tags: self.tags,
        })
    }
}

impl Apis {
    /// Creates a plan.
    pub async fn create_usage_plan(
        &self,
        owner: &AccountRegion,
        input: CreateUsagePlan,
    ) -> Result<UsagePlan, Error> {
        let ids = self.ids();
        let create = move |rows: &Rows<'_>| {
            let mut plan =
                input.clone().resolve(ids.lower_alphanumeric(6).into()).map_err(BadRequest::from)?;
            check_tags(&plan.tags)?;
            check(rows, &plan, &[])?;
            if PLANS_MAX <= rows.all_owned::<UsagePlan>()?.len() {
                return Err(LimitExceeded::UsagePlans.into());
            }
            while rows.find_owned::<UsagePlan>(&plan.id)?.is_some() {
                plan.id = ids.lower_alphanumeric(6).into();
            }
            rows.put_owned(&plan)?;
            Ok(plan)
        };
        self.write_and_tell(owner, create, |plan| changed_plan(&plan.api_stages)).await
    }

    /// Plans by id; all, or those of a key.
    pub async fn usage_plans(
        &self,
        owner: &AccountRegion,
        key: Option<ApiKeyId>,
        page: PageRequest,
    ) -> Result<Page<UsagePlan>, Error> {
        self.read(owner, move |rows| {
            let mut plans = rows.all_owned::<UsagePlan>()?;
            if let Some(key) = key {
                let of_key = rows.plans_of_key(&key)?;
                plans.retain(|plan| of_key.contains(&plan.id));
            }
            Ok(Page::of(plans, |plan| plan.id.to_string(), &page)?)
        })
        .await
    }

    /// Changes a plan. The next request sees the change, and past usage still counts.
    pub async fn update_usage_plan(
        &self,
        owner: &AccountRegion,
        id: &UsagePlanId,
        patches: Vec<PatchOperation>,
    ) -> Result<UsagePlan, Error> {
        let id = id.clone();
        let update = move |rows: &Rows<'_>| {
            let before = rows.owned::<UsagePlan>(&id)?;
            if patches.is_empty() {
                return Ok((Vec::new(), before));
            }
            let mut plan = before.clone();
            patch_usage_plan(&mut plan, &patches)?;
            check(rows, &plan, &before.api_stages)?;
            plan.revision += 1;
            rows.put_owned(&plan)?;
            Ok((before.api_stages, plan))
        };
        let changes =
            |(before, plan): &(Vec<ApiStage>, UsagePlan)| changed_plan(before.iter().chain(&plan.api_stages));
        let (_, plan) = self.write_and_tell(owner, update, changes).await?;
        Ok(plan)
    }

    /// Deletes a plan without stages, with its keys' usage.
    pub async fn delete_usage_plan(&self, owner: &AccountRegion, id: &UsagePlanId) -> Result<(), Error> {
        let id = id.clone();
        self.write(owner, move |rows| {
            if let Some(entry) = rows.owned::<UsagePlan>(&id)?.api_stages.into_iter().next() {
                let ApiStage { api_id: api, stage, .. } = entry;
                return Err(BadRequest::from(PlanProblem::HasStages { plan: id.clone(), api, stage }).into());
            }
            rows.delete_usage_plan(&id)
        })
        .await
    }
}

/// The change notifications for the stages into which a plan is compiled.
pub(super) fn changed_plan<'s>(stages: impl IntoIterator<Item = &'s ApiStage>) -> Vec<Change> {
    let apis: BTreeSet<&ApiId> = stages.into_iter().map(|entry| &entry.api_id).collect();
    apis.into_iter().map(|api| Change::Stages(api.clone())).collect()
}

/// Checks a plan by itself, that its new stages and methods exist, and that none of its keys gets a second plan for a
/// stage.
fn check(rows: &Rows<'_>, plan: &UsagePlan, had: &[ApiStage]) -> Result<(), Error> {
    plan.check()?;
    for entry in &plan.api_stages {
        let before = had.iter().find(|other| other.is_of(&entry.api_id, &entry.stage));
        let stage = rows.find_part::<Stage>(&entry.api_id, &entry.stage)?;
        if before.is_none() {
            check_stage(rows, plan, entry, stage.as_ref())?;
        }
        let is_new = |key: &&String| !before.is_some_and(|before| before.throttle.contains_key(*key));
        let new: Vec<&String> = entry.throttle.keys().filter(is_new).collect();
        if let Some(stage) = stage.filter(|_| !new.is_empty()) {
            check_methods(rows, &entry.api_id, &stage, &new)?;
        }
    }
    Ok(())
}

fn check_stage(
    rows: &Rows<'_>,
    plan: &UsagePlan,
    entry: &ApiStage,
    stage: Option<&Stage>,
) -> Result<(), Error> {
    if stage.is_none() {
        return Err(NotFound::ApiStage { api: entry.api_id.clone(), stage: entry.stage.clone() }.into());
    }
    for other in rows.usage_plans_of_stage(&entry.api_id, &entry.stage)? {
        if other.id != plan.id
            && let Some(key) = rows.shared_key(&plan.id, &other.id)?
        {
            refuse_two_plans(plan, &other, &key)?;
        }
    }
    Ok(())
}

/// Checks that what the stage serves has the methods that a plan throttles.
fn check_methods(rows: &Rows<'_>, api: &ApiId, stage: &Stage, keys: &[&String]) -> Result<(), Error> {
    let Some(deployed) = rows.find_snapshot(api, &stage.deployment_id)? else { return Ok(()) };
    for key in keys {
        let (path, method) = method_of(key).map_err(BadRequest::from)?;
        let resource = deployed.resources.iter().find(|resource| resource.path == path);
        let has = |verb: HttpMethod| resource.is_some_and(|resource| resource.methods.contains_key(&verb));
        if !has(method) && !has(HttpMethod::Any) {
            return Err(NotFound::PlanMethod { path: path.to_owned(), method }.into());
        }
    }
    Ok(())
}
