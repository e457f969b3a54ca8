//! Rows of API keys: there may be millions, so that nothing here reads them all.

use super::{Rows, parse, text};
use crate::gateway::api::api_key::ApiKey;
use crate::gateway::api::ids::{ApiKeyId, UsagePlanId};
use crate::gateway::error::Error;
use crate::store;
use crate::store::Row;

/// Which keys a list is of, and where in it; keys are listed from the newest on.
pub(in crate::api) struct KeyQuery<'q> {
    /// What their names begin with; empty for any.
    pub(in crate::api) name: &'q str,
    /// Who has them; empty for anybody.
    pub(in crate::api) customer: &'q str,
    /// Serial numbers below this one.
    pub(in crate::api) before: i64,
    /// How many at most.
    pub(in crate::api) len: usize,
}

/// A key with its place in lists.
pub(in crate::api) type Numbered = (i64, ApiKey);

impl Rows<'_> {
    pub(in crate::api) fn api_keys(&self, query: &KeyQuery<'_>) -> Result<Vec<Numbered>, Error> {
        let sql = "SELECT serial, body FROM apigateway_api_keys
            WHERE account = ?1 AND region = ?2 AND serial < ?3
              AND substr(name, 1, ?4) = ?5 AND (?6 = '' OR customer = ?6)
            ORDER BY serial DESC LIMIT ?7";
        let (account, region) = self.owner_texts();
        let params = [
            account.into(),
            region.into(),
            query.before.into(),
            count(query.name.chars().count()).into(),
            query.name.into(),
            query.customer.into(),
            count(query.len).into(),
        ];
        numbered(self.tx.query(sql, &params, serial_and_body)?)
    }

    /// Keys of a plan; [`KeyQuery::customer`] is not asked for.
    pub(in crate::api) fn api_keys_of_plan(
        &self,
        plan: &UsagePlanId,
        query: &KeyQuery<'_>,
    ) -> Result<Vec<Numbered>, Error> {
        let sql = "SELECT p.serial, k.body FROM apigateway_usage_plan_keys p
            JOIN apigateway_api_keys k ON k.account = p.account AND k.region = p.region AND k.id = p.key
            WHERE p.account = ?1 AND p.region = ?2 AND p.plan = ?3 AND p.serial < ?4
              AND substr(k.name, 1, ?5) = ?6
            ORDER BY p.serial DESC LIMIT ?7";
        let (account, region) = self.owner_texts();
        let params = [
            account.into(),
            region.into(),
            plan.as_str().into(),
            query.before.into(),
            count(query.name.chars().count()).into(),
            query.name.into(),
            count(query.len).into(),
        ];
        numbered(self.tx.query(sql, &params, serial_and_body)?)
    }

    pub(in crate::api) fn find_api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let sql = "SELECT body FROM apigateway_api_keys WHERE account = ?1 AND region = ?2 AND id = ?3";
        self.one_api_key(sql, id.as_str())
    }

    pub(in crate::api) fn find_api_key_of(&self, value: &str) -> Result<Option<ApiKey>, Error> {
        let sql = "SELECT body FROM apigateway_api_keys WHERE account = ?1 AND region = ?2 AND value = ?3";
        self.one_api_key(sql, value)
    }

    fn one_api_key(&self, sql: &'static str, by: &str) -> Result<Option<ApiKey>, Error> {
        let (account, region) = self.owner_texts();
        let body = self.tx.query_one(sql, &[account.into(), region.into(), by.into()], |row| row.text(0))?;
        body.map(|body| parse(&body)).transpose()
    }

    /// Adds a key, the newest from now on.
    pub(in crate::api) fn add_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        let (account, region) = self.owner_texts();
        let sql =
            "SELECT COALESCE(MAX(serial), 0) FROM apigateway_api_keys WHERE account = ?1 AND region = ?2";
        let last = self.tx.query_one(sql, &[account.into(), region.into()], |row| row.int(0))?;
        let serial = last.unwrap_or(0) + 1;
        let sql = "INSERT INTO apigateway_api_keys (account, region, id, serial, value, name, customer, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let body = text(key)?;
        let values = [
            account.into(),
            region.into(),
            key.id.as_str().into(),
            serial.into(),
            key.value.expose().into(),
            key.name.as_deref().unwrap_or_default().into(),
            key.customer_id.as_deref().unwrap_or_default().into(),
            (&body).into(),
        ];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    /// Stores a key that is there, whose value never changes.
    pub(in crate::api) fn put_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        let sql = "UPDATE apigateway_api_keys SET name = ?4, customer = ?5, body = ?6
            WHERE account = ?1 AND region = ?2 AND id = ?3";
        let (account, region) = self.owner_texts();
        let body = text(key)?;
        let values = [
            account.into(),
            region.into(),
            key.id.as_str().into(),
            key.name.as_deref().unwrap_or_default().into(),
            key.customer_id.as_deref().unwrap_or_default().into(),
            (&body).into(),
        ];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    /// Deletes a key and takes it out of its plans; what it used stays.
    pub(in crate::api) fn delete_api_key(&self, id: &ApiKeyId) -> Result<(), Error> {
        let (account, region) = self.owner_texts();
        for sql in [
            "DELETE FROM apigateway_usage_plan_keys WHERE account = ?1 AND region = ?2 AND key = ?3",
            "DELETE FROM apigateway_api_keys WHERE account = ?1 AND region = ?2 AND id = ?3",
        ] {
            self.tx.execute(sql, &[account.into(), region.into(), id.as_str().into()])?;
        }
        Ok(())
    }
}

fn serial_and_body(row: &Row<'_>) -> Result<(i64, String), store::Error> {
    Ok((row.int(0)?, row.text(1)?))
}

fn numbered(rows: Vec<(i64, String)>) -> Result<Vec<Numbered>, Error> {
    rows.into_iter().map(|(serial, body)| Ok((serial, parse(&body)?))).collect()
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
