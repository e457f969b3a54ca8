//! Rows of what keys used, by plan and day, and of what was granted beyond quotas.

use std::ops::Range;

use super::Rows;
use crate::apis::Day;
use crate::apis::error::Error;
use crate::apis::ids::{ApiKeyId, UsagePlanId};
use crate::store::{Param, Tx};

impl Rows<'_> {
    fn subject<'p>(&'p self, plan: &'p UsagePlanId, key: &'p ApiKeyId) -> [Param<'p>; 4] {
        let (account, region) = self.owner_texts();
        [account.into(), region.into(), plan.as_str().into(), key.as_str().into()]
    }

    /// Requests of a day; none without a row.
    pub(crate) fn usage(&self, plan: &UsagePlanId, key: &ApiKeyId, day: Day) -> Result<u64, Error> {
        let sql = "SELECT used FROM apigateway_usage
            WHERE account = ?1 AND region = ?2 AND plan = ?3 AND key = ?4 AND day = ?5";
        let [account, region, plan, key] = self.subject(plan, key);
        let used =
            self.tx.query_one(sql, &[account, region, plan, key, day.number().into()], |row| row.int(0))?;
        Ok(count(used.unwrap_or(0)))
    }

    /// Requests of each day that has some, in order.
    pub(crate) fn usage_by_day(
        &self,
        plan: &UsagePlanId,
        key: &ApiKeyId,
        days: Range<Day>,
    ) -> Result<Vec<(Day, u64)>, Error> {
        let sql = "SELECT day, used FROM apigateway_usage
            WHERE account = ?1 AND region = ?2 AND plan = ?3 AND key = ?4 AND ?5 <= day AND day < ?6 ORDER BY day";
        let [account, region, plan, key] = self.subject(plan, key);
        let params = [account, region, plan, key, days.start.number().into(), days.end.number().into()];
        Ok(self.tx.query(sql, &params, |row| Ok((Day::from_number(row.int(0)?), count(row.int(1)?))))?)
    }

    /// The keys that used a plan on some of the days, by id, from after `after` on.
    pub(crate) fn keys_with_usage(
        &self,
        plan: &UsagePlanId,
        days: Range<Day>,
        after: &str,
        len: usize,
    ) -> Result<Vec<ApiKeyId>, Error> {
        let sql = "SELECT DISTINCT key FROM apigateway_usage
            WHERE account = ?1 AND region = ?2 AND plan = ?3 AND ?4 < key AND ?5 <= day AND day < ?6
            ORDER BY key LIMIT ?7";
        let (account, region) = self.owner_texts();
        let params = [
            account.into(),
            region.into(),
            plan.as_str().into(),
            after.into(),
            days.start.number().into(),
            days.end.number().into(),
            i64::try_from(len).unwrap_or(i64::MAX).into(),
        ];
        Ok(self.tx.query(sql, &params, |row| Ok(row.text(0)?.into()))?)
    }

    pub(crate) fn put_usage(
        &self,
        plan: &UsagePlanId,
        key: &ApiKeyId,
        day: Day,
        used: u64,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_usage (account, region, plan, key, day, used)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (account, region, plan, key, day) DO UPDATE SET used = excluded.used";
        let [account, region, plan, key] = self.subject(plan, key);
        self.tx.execute(sql, &[account, region, plan, key, day.number().into(), int(used).into()])?;
        Ok(())
    }

    /// What a period has beyond its quota; nothing without a row.
    pub(crate) fn quota_grant(&self, plan: &UsagePlanId, key: &ApiKeyId, period: Day) -> Result<i64, Error> {
        let sql = "SELECT extra FROM apigateway_quota_grants
            WHERE account = ?1 AND region = ?2 AND plan = ?3 AND key = ?4 AND period = ?5";
        let [account, region, plan, key] = self.subject(plan, key);
        let params = [account, region, plan, key, period.number().into()];
        Ok(self.tx.query_one(sql, &params, |row| row.int(0))?.unwrap_or(0))
    }

    pub(crate) fn put_quota_grant(
        &self,
        plan: &UsagePlanId,
        key: &ApiKeyId,
        period: Day,
        extra: i64,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_quota_grants (account, region, plan, key, period, extra)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (account, region, plan, key, period) DO UPDATE SET extra = excluded.extra";
        let [account, region, plan, key] = self.subject(plan, key);
        self.tx.execute(sql, &[account, region, plan, key, period.number().into(), extra.into()])?;
        Ok(())
    }
}

/// Forgets what is older than `day`, whoever owns it.
pub(crate) fn forget_usage_before(tx: &Tx<'_>, day: Day) -> Result<(), Error> {
    tx.execute("DELETE FROM apigateway_usage WHERE day < ?1", &[day.number().into()])?;
    tx.execute("DELETE FROM apigateway_quota_grants WHERE period < ?1", &[day.number().into()])?;
    Ok(())
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
