//! Rows of which keys are in which usage plans, and of what they used.

use super::{Rows, SERIALS};
use crate::apis::error::Error;
use crate::apis::ids::{ApiId, ApiKeyId, StageName, UsagePlanId};
use crate::apis::usage_plan::UsagePlan;

impl Rows<'_> {
    /// The plans that have a stage, by id.
    pub(crate) fn usage_plans_of_stage(
        &self,
        api: &ApiId,
        stage: &StageName,
    ) -> Result<Vec<UsagePlan>, Error> {
        let mut plans = self.all_owned::<UsagePlan>()?;
        plans.retain(|plan| plan.stage(api, stage).is_some());
        Ok(plans)
    }

    /// The plans that have a key, by id.
    pub(crate) fn plans_of_key(&self, key: &ApiKeyId) -> Result<Vec<UsagePlanId>, Error> {
        let sql = "SELECT plan FROM apigateway_usage_plan_keys
            WHERE account = ?1 AND region = ?2 AND key = ?3 ORDER BY plan";
        let (account, region) = self.owner_texts();
        let params = [account.into(), region.into(), key.as_str().into()];
        Ok(self.tx.query(sql, &params, |row| Ok(row.text(0)?.into()))?)
    }

    pub(crate) fn is_in_plan(&self, plan: &UsagePlanId, key: &ApiKeyId) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM apigateway_usage_plan_keys
            WHERE account = ?1 AND region = ?2 AND plan = ?3 AND key = ?4";
        let (account, region) = self.owner_texts();
        let params = [account.into(), region.into(), plan.as_str().into(), key.as_str().into()];
        Ok(self.tx.query_one(sql, &params, |_| Ok(()))?.is_some())
    }

    /// A key that both plans have.
    pub(crate) fn shared_key(
        &self,
        plan: &UsagePlanId,
        other: &UsagePlanId,
    ) -> Result<Option<ApiKeyId>, Error> {
        let sql = "SELECT a.key FROM apigateway_usage_plan_keys a
            JOIN apigateway_usage_plan_keys b ON b.account = a.account AND b.region = a.region AND b.key = a.key
            WHERE a.account = ?1 AND a.region = ?2 AND a.plan = ?3 AND b.plan = ?4 LIMIT 1";
        let (account, region) = self.owner_texts();
        let params = [account.into(), region.into(), plan.as_str().into(), other.as_str().into()];
        Ok(self.tx.query_one(sql, &params, |row| Ok(row.text(0)?.into()))?)
    }

    pub(crate) fn add_to_plan(&self, plan: &UsagePlanId, key: &ApiKeyId) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_usage_plan_keys (account, region, plan, key, serial)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        let (account, region) = self.owner_texts();
        let serial = self.tx.take_numbers(SERIALS, 1)?;
        let values =
            [account.into(), region.into(), plan.as_str().into(), key.as_str().into(), serial.into()];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    pub(crate) fn take_from_plan(&self, plan: &UsagePlanId, key: &ApiKeyId) -> Result<(), Error> {
        let sql = "DELETE FROM apigateway_usage_plan_keys
            WHERE account = ?1 AND region = ?2 AND plan = ?3 AND key = ?4";
        let (account, region) = self.owner_texts();
        let key = [account.into(), region.into(), plan.as_str().into(), key.as_str().into()];
        self.tx.execute(sql, &key)?;
        Ok(())
    }

    /// Deletes a plan with its list of keys and all that they used.
    pub(crate) fn delete_usage_plan(&self, id: &UsagePlanId) -> Result<(), Error> {
        let (account, region) = self.owner_texts();
        for sql in [
            "DELETE FROM apigateway_usage_plan_keys WHERE account = ?1 AND region = ?2 AND plan = ?3",
            "DELETE FROM apigateway_usage WHERE account = ?1 AND region = ?2 AND plan = ?3",
            "DELETE FROM apigateway_quota_grants WHERE account = ?1 AND region = ?2 AND plan = ?3",
        ] {
            self.tx.execute(sql, &[account.into(), region.into(), id.as_str().into()])?;
        }
        self.delete_owned::<UsagePlan>(id)
    }

    /// Takes stages out of all plans: those of an API, or the one that is named.
    pub(crate) fn take_stages_from_plans(&self, api: &ApiId, stage: Option<&StageName>) -> Result<(), Error> {
        for mut plan in self.all_owned::<UsagePlan>()? {
            let n_before = plan.api_stages.len();
            plan.api_stages
                .retain(|entry| entry.api_id != *api || stage.is_some_and(|stage| entry.stage != *stage));
            if plan.api_stages.len() < n_before {
                plan.revision += 1;
                self.put_owned(&plan)?;
            }
        }
        Ok(())
    }
}
