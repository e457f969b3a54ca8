//! CreateUsagePlanKey, GetUsagePlanKey(s), DeleteUsagePlanKey.

use super::super::api_key::ApiKey;
use super::super::ids::{ApiKeyId, UsagePlanId};
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::{KeyQuery, Rows};
use super::super::usage_plan::UsagePlan;
use super::api_keys;
use super::api_keys::changed_key;
use crate::apis::error::{BadRequest, Conflict, Error, KeyProblem, LimitExceeded, NotFound, PlanConflict};
use crate::id::AccountRegion;

/// The only type of keys.
pub const KEY_TYPE: &str = "API_KEY";
/// The most plans of a key.
const PLANS_MAX: usize = 10;

impl Apis {
    /// Adds a key to a plan.
    pub async fn create_usage_plan_key(
        &self,
        owner: &AccountRegion,
        plan: &UsagePlanId,
        key: &ApiKeyId,
        key_type: &str,
    ) -> Result<ApiKey, Error> {
        if key_type != KEY_TYPE {
            return Err(BadRequest::from(KeyProblem::Type).into());
        }
        let (plan, key) = (plan.clone(), key.clone());
        self.write_and_tell(owner, move |rows| subscribe(rows, &plan, &key), changed_key(owner)).await
    }

    /// The keys of a plan whose names begin with `name`, newest first. As recorded from AWS, a plan that doesn't exist
    /// has none.
    pub async fn usage_plan_keys(
        &self,
        owner: &AccountRegion,
        plan: &UsagePlanId,
        name: String,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Error> {
        let plan = plan.clone();
        self.read(owner, move |rows| {
            let before = api_keys::before(&page)?;
            let query = KeyQuery { name: &name, customer: "", before, len: page.len() + 1 };
            let keys = rows.api_keys_of_plan(&plan, &query)?;
            Ok(Page::cut(keys, |(serial, _)| serial.to_string(), page.len()).map(|(_, key)| key))
        })
        .await
    }

    /// One key of a plan.
    pub async fn usage_plan_key(
        &self,
        owner: &AccountRegion,
        plan: &UsagePlanId,
        key: &ApiKeyId,
    ) -> Result<ApiKey, Error> {
        let (plan, key) = (plan.clone(), key.clone());
        self.read(owner, move |rows| existing(rows, &plan, &key)).await
    }

    /// Removes a key from a plan; its usage is kept.
    pub async fn delete_usage_plan_key(
        &self,
        owner: &AccountRegion,
        plan: &UsagePlanId,
        key: &ApiKeyId,
    ) -> Result<(), Error> {
        let (plan, key) = (plan.clone(), key.clone());
        let delete = move |rows: &Rows<'_>| {
            let key = existing(rows, &plan, &key)?;
            rows.take_from_plan(&plan, &key.id)?;
            Ok(key)
        };
        self.write_and_tell(owner, delete, changed_key(owner)).await?;
        Ok(())
    }
}

pub(super) fn existing(rows: &Rows<'_>, plan: &UsagePlanId, key: &ApiKeyId) -> Result<ApiKey, Error> {
    rows.owned::<UsagePlan>(plan)?;
    let key = api_keys::existing(rows, key)?;
    if rows.is_in_plan(plan, &key.id)? { Ok(key) } else { Err(NotFound::ApiKey.into()) }
}

/// Adds a key to a plan, unless it would then have two plans for one stage.
pub(super) fn subscribe(rows: &Rows<'_>, plan: &UsagePlanId, key: &ApiKeyId) -> Result<ApiKey, Error> {
    let plan = rows.owned::<UsagePlan>(plan)?;
    let key = api_keys::existing(rows, key)?;
    let others = rows.plans_of_key(&key.id)?;
    if others.contains(&plan.id) {
        return Err(Conflict::from(PlanConflict::Key).into());
    }
    if PLANS_MAX <= others.len() {
        return Err(LimitExceeded::PlansOfKey.into());
    }
    for other in others {
        let Some(other) = rows.find_owned::<UsagePlan>(&other)? else { continue };
        refuse_two_plans(&plan, &other, &key.id)?;
    }
    rows.add_to_plan(&plan.id, &key.id)?;
    Ok(key)
}

/// Refuses two plans for one key if they have a stage in common.
pub(super) fn refuse_two_plans(plan: &UsagePlan, other: &UsagePlan, key: &ApiKeyId) -> Result<(), Conflict> {
    let shared = plan.api_stages.iter().find(|entry| other.stage(&entry.api_id, &entry.stage).is_some());
    match shared {
        Some(entry) => {
            let (api, stage) = (entry.api_id.clone(), entry.stage.clone());
            Err(PlanConflict::TwoPlans { key: key.to_string(), api, stage }.into())
        }
        None => Ok(()),
    }
}
