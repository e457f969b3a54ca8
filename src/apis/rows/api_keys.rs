//! Rows of API keys: there may be millions, so that nothing here reads them all.

use super::{Rows, SERIALS, parse, text};
use crate::apis::api_key::ApiKey;
use crate::apis::error::Error;
use crate::apis::ids::{ApiKeyId, UsagePlanId};
use crate::store::{self, Lookup, Param, Record as _, Row, SealedColumn, Tx};

/// Where keys are, with their values; each is found by its value through a keyed hash.
pub(crate) const API_KEYS: SealedColumn = SealedColumn {
    table: "apigateway_api_keys",
    column: "sealed",
    key: &["account", "region", "id"],
    lookup: Some(Lookup { column: "lookup", of: value_of }),
};
/// Rows that are encrypted at one time.
const ROWS_AT_ONCE: usize = 500;

/// The value of a stored key.
fn value_of(record: &[u8]) -> Option<String> {
    Some(ApiKey::decode(record).ok()?.value.expose().to_owned())
}

/// Which keys a list is of, and where in it; keys are listed from the newest on.
pub(crate) struct KeyQuery<'q> {
    /// What their names begin with; empty for any.
    pub(crate) name: &'q str,
    /// Who has them; empty for anybody.
    pub(crate) customer: &'q str,
    /// Serial numbers below this one.
    pub(crate) before: i64,
    /// How many at most.
    pub(crate) len: usize,
}

/// A key with its place in lists.
pub(crate) type Numbered = (i64, ApiKey);

impl Rows<'_> {
    pub(crate) fn api_keys(&self, query: &KeyQuery<'_>) -> Result<Vec<Numbered>, Error> {
        let sql = "SELECT serial, id, sealed FROM apigateway_api_keys
            WHERE account = ?1 AND region = ?2 AND serial < ?3
              AND substr(name, 1, LENGTH(?4)) = ?4 AND (?5 = '' OR customer = ?5)
            ORDER BY serial DESC LIMIT ?6";
        let (account, region) = self.owner_texts();
        let params = [
            account.into(),
            region.into(),
            query.before.into(),
            query.name.into(),
            query.customer.into(),
            count(query.len).into(),
        ];
        self.numbered(self.tx.query(sql, &params, serial_id_and_sealed)?)
    }

    /// Keys of a plan; [`KeyQuery::customer`] is not asked for.
    pub(crate) fn api_keys_of_plan(
        &self,
        plan: &UsagePlanId,
        query: &KeyQuery<'_>,
    ) -> Result<Vec<Numbered>, Error> {
        let sql = "SELECT p.serial, k.id, k.sealed FROM apigateway_usage_plan_keys p
            JOIN apigateway_api_keys k ON k.account = p.account AND k.region = p.region AND k.id = p.key
            WHERE p.account = ?1 AND p.region = ?2 AND p.plan = ?3 AND p.serial < ?4
              AND substr(k.name, 1, LENGTH(?5)) = ?5
            ORDER BY p.serial DESC LIMIT ?6";
        let (account, region) = self.owner_texts();
        let params = [
            account.into(),
            region.into(),
            plan.as_str().into(),
            query.before.into(),
            query.name.into(),
            count(query.len).into(),
        ];
        self.numbered(self.tx.query(sql, &params, serial_id_and_sealed)?)
    }

    pub(crate) fn find_api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let sql = "SELECT id, sealed FROM apigateway_api_keys WHERE account = ?1 AND region = ?2 AND id = ?3";
        self.one_api_key(sql, id.as_str().into())
    }

    pub(crate) fn find_api_key_of(&self, value: &str) -> Result<Option<ApiKey>, Error> {
        let sql =
            "SELECT id, sealed FROM apigateway_api_keys WHERE account = ?1 AND region = ?2 AND lookup = ?3";
        self.one_api_key(sql, Param::Blob(&self.tx.lookup(&API_KEYS, value)))
    }

    fn one_api_key(&self, sql: &'static str, by: Param<'_>) -> Result<Option<ApiKey>, Error> {
        let (account, region) = self.owner_texts();
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.blob(1)?));
        let found = self.tx.query_one(sql, &[account.into(), region.into(), by], read)?;
        found.map(|(id, sealed)| self.unsealed(&id, &sealed)).transpose()
    }

    fn unsealed(&self, id: &str, sealed: &[u8]) -> Result<ApiKey, Error> {
        let (account, region) = self.owner_texts();
        parse(&self.tx.unseal(&API_KEYS, &[account, region, id], sealed)?)
    }

    fn numbered(&self, rows: Vec<(i64, String, Vec<u8>)>) -> Result<Vec<Numbered>, Error> {
        rows.into_iter().map(|(serial, id, sealed)| Ok((serial, self.unsealed(&id, &sealed)?))).collect()
    }

    /// Adds a key, the newest from now on.
    pub(crate) fn add_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        let (account, region) = self.owner_texts();
        let serial = self.tx.take_numbers(SERIALS, 1)?;
        let sql =
            "INSERT INTO apigateway_api_keys (account, region, id, serial, lookup, name, customer, sealed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let lookup = self.tx.lookup(&API_KEYS, key.value.expose());
        let sealed = self.tx.seal(&API_KEYS, &[account, region, key.id.as_str()], text(key)?.as_bytes())?;
        let values = [
            account.into(),
            region.into(),
            key.id.as_str().into(),
            serial.into(),
            Param::Blob(&lookup),
            key.name.as_deref().unwrap_or_default().into(),
            key.customer_id.as_deref().unwrap_or_default().into(),
            Param::Blob(&sealed),
        ];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    /// Stores a key that is there, whose value never changes.
    pub(crate) fn put_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        let sql = "UPDATE apigateway_api_keys SET name = ?4, customer = ?5, sealed = ?6
            WHERE account = ?1 AND region = ?2 AND id = ?3";
        let (account, region) = self.owner_texts();
        let sealed = self.tx.seal(&API_KEYS, &[account, region, key.id.as_str()], text(key)?.as_bytes())?;
        let values = [
            account.into(),
            region.into(),
            key.id.as_str().into(),
            key.name.as_deref().unwrap_or_default().into(),
            key.customer_id.as_deref().unwrap_or_default().into(),
            Param::Blob(&sealed),
        ];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    /// Deletes a key and takes it out of its plans; what it used stays.
    pub(crate) fn delete_api_key(&self, id: &ApiKeyId) -> Result<(), Error> {
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

/// Encrypts keys that an earlier version has stored in plain text.
pub(super) fn seal_all(tx: &Tx<'_>) -> Result<(), store::Error> {
    let select =
        "SELECT account, region, id, value, body FROM apigateway_api_keys WHERE sealed IS NULL LIMIT ?1";
    let update = "UPDATE apigateway_api_keys SET sealed = ?4, lookup = ?5
        WHERE account = ?1 AND region = ?2 AND id = ?3";
    loop {
        let read = |row: &Row<'_>| Ok([row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?, row.text(4)?]);
        let rows = tx.query(select, &[count(ROWS_AT_ONCE).into()], read)?;
        for [account, region, id, value, body] in &rows {
            let sealed = tx.seal(&API_KEYS, &[account, region, id], body.as_bytes())?;
            let lookup = tx.lookup(&API_KEYS, value);
            let values =
                [account.into(), region.into(), id.into(), Param::Blob(&sealed), Param::Blob(&lookup)];
            tx.execute(update, &values)?;
        }
        if rows.len() < ROWS_AT_ONCE {
            return Ok(());
        }
    }
}

fn serial_id_and_sealed(row: &Row<'_>) -> Result<(i64, String, Vec<u8>), store::Error> {
    Ok((row.int(0)?, row.text(1)?, row.blob(2)?))
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
