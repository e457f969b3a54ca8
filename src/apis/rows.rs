//! Rows of the store: one a part of a working copy, each a record under its API and its own key.
//!
//! An API's id is unique in the whole store, because a host name holds nothing else; whose it is stands in
//! `apigateway_apis` alone. Every function that takes an API's id answers for the owner's APIs only.

mod api_keys;
mod owned;
#[cfg(test)]
mod tests;
mod throttle_buckets;
mod usage;
mod usage_plans;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

pub(super) use api_keys::{API_KEYS, KeyQuery};
pub(super) use throttle_buckets::{keep_buckets, kept_buckets};
pub(super) use usage::forget_usage_before;

pub(super) use owned::{OWNED, all_domain_names};

use super::account::Account;
use super::authorizer::Authorizer;
use super::client_certificate::ClientCertificate;
use super::deployment::{Deployment, DeploymentSnapshot};
use super::gateway_response::{GatewayResponse, ResponseType};
use super::ids::{ApiId, DeploymentId, StageName};
use super::live::LiveStage;
use super::model::Model;
use super::part::{OfApi, Part};
use super::records::SetResponse;
use super::request_validator::RequestValidator;
use super::resource::Resource;
use super::rest_api::RestApi;
use super::stage::Stage;
use crate::apis::LiveKey;
use crate::apis::error::{Error, NotFound};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Param, Record, Row, Step, Tx};

/// Steps of the schema, oldest first; a step that has been released never changes.
pub(super) const STEPS: &[Step] = &[
    Step::Sql(
        "
    CREATE TABLE apigateway_accounts (
        account TEXT NOT NULL, region TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (account, region)
    );
    CREATE TABLE apigateway_apis (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX apigateway_apis_by_owner ON apigateway_apis (account, region);
    CREATE TABLE apigateway_parts (
        api TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (api, kind, id)
    );
    CREATE INDEX apigateway_parts_by_id ON apigateway_parts (kind, id);
    CREATE TABLE apigateway_deployments (
        api TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, snapshot TEXT NOT NULL,
        PRIMARY KEY (api, id)
    );
",
    ),
    Step::Sql(
        "
    CREATE TABLE apigateway_owned (
        account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (account, region, kind, id)
    );
",
    ),
    Step::Sql(
        "
    CREATE TABLE apigateway_api_keys (
        account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, serial BIGINT NOT NULL,
        value TEXT NOT NULL, name TEXT NOT NULL, customer TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (account, region, id)
    );
    CREATE UNIQUE INDEX apigateway_api_keys_by_value ON apigateway_api_keys (account, region, value);
    CREATE UNIQUE INDEX apigateway_api_keys_by_serial ON apigateway_api_keys (account, region, serial);
    CREATE TABLE apigateway_usage_plan_keys (
        account TEXT NOT NULL, region TEXT NOT NULL, plan TEXT NOT NULL, key TEXT NOT NULL,
        serial BIGINT NOT NULL,
        PRIMARY KEY (account, region, plan, key)
    );
    CREATE UNIQUE INDEX apigateway_usage_plan_keys_by_serial
        ON apigateway_usage_plan_keys (account, region, plan, serial);
    CREATE INDEX apigateway_usage_plan_keys_by_key ON apigateway_usage_plan_keys (account, region, key);
    CREATE TABLE apigateway_usage (
        account TEXT NOT NULL, region TEXT NOT NULL, plan TEXT NOT NULL, key TEXT NOT NULL,
        day BIGINT NOT NULL, used BIGINT NOT NULL,
        PRIMARY KEY (account, region, plan, key, day)
    );
    CREATE INDEX apigateway_usage_by_day ON apigateway_usage (day);
    CREATE TABLE apigateway_quota_grants (
        account TEXT NOT NULL, region TEXT NOT NULL, plan TEXT NOT NULL, key TEXT NOT NULL,
        period BIGINT NOT NULL, extra BIGINT NOT NULL,
        PRIMARY KEY (account, region, plan, key, period)
    );
",
    ),
    Step::Sql(
        "
    CREATE TABLE apigateway_throttle_buckets (
        scope TEXT NOT NULL, name TEXT NOT NULL, full_at BIGINT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    CREATE INDEX apigateway_throttle_buckets_by_full_at ON apigateway_throttle_buckets (full_at);
",
    ),
    // Values of API keys, private keys and whatever else an account owns are encrypted from here on.
    Step::Sql(
        "
    ALTER TABLE apigateway_api_keys ADD COLUMN lookup BLOB;
    ALTER TABLE apigateway_api_keys ADD COLUMN sealed BLOB;
    ALTER TABLE apigateway_owned ADD COLUMN sealed BLOB;
",
    ),
    Step::Run(api_keys::seal_all),
    Step::Run(owned::seal_all),
    Step::Run(drop_unsealed),
    // Keys get their serial numbers from the store.
    Step::Sql(
        "INSERT INTO key_sequence (name, reserved) SELECT 'apigateway key', COALESCE(MAX(serial), 0) + 1
        FROM (SELECT MAX(serial) AS serial FROM apigateway_api_keys
            UNION ALL SELECT MAX(serial) FROM apigateway_usage_plan_keys) AS serials",
    ),
];

/// Under which name API keys, and keys in usage plans, get their serial numbers, which are their order.
const SERIALS: &str = "apigateway key";

/// Drops the columns that held in plain text what is encrypted now.
fn drop_unsealed(tx: &Tx<'_>) -> Result<(), store::Error> {
    for sql in [
        "DROP INDEX apigateway_api_keys_by_value",
        "ALTER TABLE apigateway_api_keys DROP COLUMN value",
        "ALTER TABLE apigateway_api_keys DROP COLUMN body",
        "CREATE UNIQUE INDEX apigateway_api_keys_by_lookup ON apigateway_api_keys (account, region, lookup)",
        "ALTER TABLE apigateway_owned DROP COLUMN body",
    ] {
        tx.execute(sql, &[])?;
    }
    Ok(())
}

/// The kinds of parts that go into a deployment, beside the API itself.
const FROZEN: [&str; 5] = [
    <Resource as Part>::KIND,
    <Model as Part>::KIND,
    <RequestValidator as Part>::KIND,
    <Authorizer as Part>::KIND,
    <SetResponse as Part>::KIND,
];

/// A transaction, as seen by one owner.
pub(super) struct Rows<'t> {
    tx: &'t Tx<'t>,
    owner: AccountRegion,
}

impl<'t> Rows<'t> {
    pub(super) fn new(tx: &'t Tx<'t>, owner: AccountRegion) -> Self {
        Self { tx, owner }
    }

    /// The owner's account.
    pub(super) fn owners_account(&self) -> &AccountId {
        &self.owner.account
    }

    // === APIs ===

    pub(super) fn apis(&self) -> Result<Vec<RestApi>, Error> {
        let sql = "SELECT body FROM apigateway_apis WHERE account = ?1 AND region = ?2";
        let owner = [self.owner.account.as_str().into(), self.owner.region.as_str().into()];
        let bodies = self.tx.query(sql, &owner, |row| row.text(0))?;
        bodies.iter().map(parse).collect()
    }

    pub(super) fn api(&self, id: &ApiId) -> Result<RestApi, Error> {
        let missing = || NotFound::Api { account: self.owner.account.clone(), api: id.clone() };
        self.find_api(id)?.ok_or_else(|| missing().into())
    }

    pub(super) fn has_api(&self, id: &ApiId) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM apigateway_apis WHERE id = ?1 AND account = ?2 AND region = ?3";
        let key = self.key(id);
        Ok(self.tx.query_one(sql, &key, |_| Ok(()))?.is_some())
    }

    /// What a row of an API is found by.
    fn key<'p>(&'p self, id: &'p ApiId) -> [Param<'p>; 3] {
        [id.as_str().into(), self.owner.account.as_str().into(), self.owner.region.as_str().into()]
    }

    fn find_api(&self, id: &ApiId) -> Result<Option<RestApi>, Error> {
        let sql = "SELECT body FROM apigateway_apis WHERE id = ?1 AND account = ?2 AND region = ?3";
        let key = self.key(id);
        let body = self.tx.query_one(sql, &key, |row| row.text(0))?;
        body.map(|body| parse(&body)).transpose()
    }

    pub(super) fn add_api(&self, api: &RestApi) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_apis (id, account, region, body) VALUES (?1, ?2, ?3, ?4)";
        let [id, account, region] = self.key(&api.id);
        self.tx.execute(sql, &[id, account, region, Param::Text(&text(api)?)])?;
        Ok(())
    }

    pub(super) fn put_api(&self, api: &RestApi) -> Result<(), Error> {
        let sql = "UPDATE apigateway_apis SET body = ?4 WHERE id = ?1 AND account = ?2 AND region = ?3";
        let [id, account, region] = self.key(&api.id);
        self.tx.execute(sql, &[id, account, region, Param::Text(&text(api)?)])?;
        Ok(())
    }

    pub(super) fn delete_api(&self, id: &ApiId) -> Result<(), Error> {
        for sql in [
            "DELETE FROM apigateway_parts WHERE api = ?1",
            "DELETE FROM apigateway_deployments WHERE api = ?1",
            "DELETE FROM apigateway_apis WHERE id = ?1",
        ] {
            self.tx.execute(sql, &[id.as_str().into()])?;
        }
        Ok(())
    }

    /// The API as it would be deployed now.
    pub(super) fn working_copy(&self, id: &ApiId) -> Result<DeploymentSnapshot, Error> {
        let models = self.parts::<Model>(id)?.into_iter().map(|model| (model.name.clone(), model));
        let validators = self.parts::<RequestValidator>(id)?.into_iter();
        let authorizers = self.parts::<Authorizer>(id)?.into_iter();
        Ok(DeploymentSnapshot {
            api: self.api(id)?,
            resources: self.resources_of(id)?,
            models: models.collect(),
            request_validators: validators.map(|validator| (validator.id.clone(), validator)).collect(),
            authorizers: authorizers.map(|authorizer| (authorizer.id.clone(), authorizer)).collect(),
            gateway_responses: self.gateway_responses(id)?,
        })
    }

    /// A number that tells whether a working copy is still the same: over all that goes into it, as it is stored.
    pub(super) fn working_copy_hash(&self, id: &ApiId) -> Result<u64, Error> {
        let mut hasher = DefaultHasher::new();
        let sql = "SELECT body FROM apigateway_apis WHERE id = ?1 AND account = ?2 AND region = ?3";
        self.tx.query_one(sql, &self.key(id), |row| row.text(0))?.hash(&mut hasher);
        let sql = "SELECT kind, id, body FROM apigateway_parts WHERE api = ?1 ORDER BY kind, id";
        let part = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
        let parts = self.tx.query(sql, &[id.as_str().into()], part)?;
        parts.iter().filter(|(kind, ..)| FROZEN.contains(&kind.as_str())).for_each(|it| it.hash(&mut hasher));
        Ok(hasher.finish())
    }

    // === resources ===

    /// All resources by path; an API that isn't there has none that could be found.
    pub(super) fn resources_of(&self, api: &ApiId) -> Result<Vec<Resource>, Error> {
        if !self.has_api(api)? {
            return Err(NotFound::Resource.into());
        }
        let mut resources: Vec<Resource> = self.parts(api)?;
        resources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(resources)
    }

    // === gateway responses ===

    pub(super) fn gateway_responses(
        &self,
        api: &ApiId,
    ) -> Result<BTreeMap<ResponseType, GatewayResponse>, Error> {
        let responses: Vec<SetResponse> = self.parts(api)?;
        Ok(responses.into_iter().map(|it| (it.response_type, it.response)).collect())
    }

    pub(super) fn put_gateway_response(
        &self,
        api: &ApiId,
        response_type: ResponseType,
        response: &GatewayResponse,
    ) -> Result<(), Error> {
        let record = SetResponse { response_type, response: response.clone() };
        self.put_part(api, &record)
    }

    pub(super) fn delete_gateway_response(
        &self,
        api: &ApiId,
        response_type: ResponseType,
    ) -> Result<(), Error> {
        self.delete_part::<SetResponse>(api, response_type.as_str())
    }

    // === deployments ===

    pub(super) fn deployments(&self, api: &ApiId) -> Result<Vec<Deployment>, Error> {
        if !self.has_api(api)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT body FROM apigateway_deployments WHERE api = ?1 ORDER BY id";
        let bodies = self.tx.query(sql, &[api.as_str().into()], |row| row.text(0))?;
        bodies.iter().map(parse).collect()
    }

    pub(super) fn find_deployment(
        &self,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<Option<Deployment>, Error> {
        let sql = "SELECT body FROM apigateway_deployments WHERE api = ?1 AND id = ?2";
        self.deployment_column(api, id, sql)?.map(|body| parse(&body)).transpose()
    }

    pub(super) fn find_snapshot(
        &self,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentSnapshot>, Error> {
        self.find_snapshot_text(api, id)?.map(|snapshot| parse(&snapshot)).transpose()
    }

    /// A snapshot as it is stored.
    fn find_snapshot_text(&self, api: &ApiId, id: &DeploymentId) -> Result<Option<String>, Error> {
        let sql = "SELECT snapshot FROM apigateway_deployments WHERE api = ?1 AND id = ?2";
        self.deployment_column(api, id, sql)
    }

    fn deployment_column(
        &self,
        api: &ApiId,
        id: &DeploymentId,
        sql: &'static str,
    ) -> Result<Option<String>, Error> {
        if !self.has_api(api)? {
            return Ok(None);
        }
        Ok(self.tx.query_one(sql, &[api.as_str().into(), id.as_str().into()], |row| row.text(0))?)
    }

    pub(super) fn add_deployment(
        &self,
        api: &ApiId,
        deployment: &Deployment,
        snapshot: &str,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_deployments (api, id, body, snapshot) VALUES (?1, ?2, ?3, ?4)";
        let (body, id) = (text(deployment)?, deployment.id.as_str());
        self.tx.execute(sql, &[api.as_str().into(), id.into(), (&body).into(), snapshot.into()])?;
        Ok(())
    }

    pub(super) fn update_deployment(&self, api: &ApiId, deployment: &Deployment) -> Result<(), Error> {
        let sql = "UPDATE apigateway_deployments SET body = ?3 WHERE api = ?1 AND id = ?2";
        let body = text(deployment)?;
        self.tx.execute(sql, &[api.as_str().into(), deployment.id.as_str().into(), (&body).into()])?;
        Ok(())
    }

    pub(super) fn delete_deployment(&self, api: &ApiId, id: &DeploymentId) -> Result<(), Error> {
        let sql = "DELETE FROM apigateway_deployments WHERE api = ?1 AND id = ?2";
        self.tx.execute(sql, &[api.as_str().into(), id.as_str().into()])?;
        Ok(())
    }

    // === account ===

    pub(super) fn account(&self) -> Result<Account, Error> {
        let sql = "SELECT body FROM apigateway_accounts WHERE account = ?1 AND region = ?2";
        let owner = [self.owner.account.as_str().into(), self.owner.region.as_str().into()];
        let body = self.tx.query_one(sql, &owner, |row| row.text(0))?;
        body.map_or_else(|| Ok(Account::default()), |body| parse(&body))
    }

    pub(super) fn put_account(&self, account: &Account) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_accounts (account, region, body) VALUES (?1, ?2, ?3)
            ON CONFLICT (account, region) DO UPDATE SET body = excluded.body";
        let (id, region) = (self.owner.account.as_str(), self.owner.region.as_str());
        self.tx.execute(sql, &[id.into(), region.into(), Param::Text(&text(account)?)])?;
        Ok(())
    }

    // === parts ===

    /// All of an API's parts of a kind, by key.
    pub(super) fn parts<T: OfApi>(&self, api: &ApiId) -> Result<Vec<T>, Error> {
        if !self.has_api(api)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT body FROM apigateway_parts WHERE api = ?1 AND kind = ?2 ORDER BY id";
        let key = [api.as_str().into(), <T as Part>::KIND.into()];
        self.tx.query(sql, &key, |row| row.text(0))?.iter().map(parse).collect()
    }

    pub(super) fn find_part<T: OfApi>(&self, api: &ApiId, key: impl AsRef<str>) -> Result<Option<T>, Error> {
        if !self.has_api(api)? {
            return Ok(None);
        }
        let sql = "SELECT body FROM apigateway_parts WHERE api = ?1 AND kind = ?2 AND id = ?3";
        let key = [api.as_str().into(), <T as Part>::KIND.into(), key.as_ref().into()];
        self.tx.query_one(sql, &key, |row| row.text(0))?.map(|body| parse(&body)).transpose()
    }

    /// A part that is there.
    pub(super) fn part<T: OfApi>(&self, api: &ApiId, key: impl AsRef<str>) -> Result<T, Error> {
        let key = key.as_ref();
        self.find_part(api, key)?.ok_or_else(|| T::missing(key).into())
    }

    pub(super) fn put_part<T: OfApi>(&self, api: &ApiId, part: &T) -> Result<(), Error> {
        let sql = "INSERT INTO apigateway_parts (api, kind, id, body) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (api, kind, id) DO UPDATE SET body = excluded.body";
        let (kind, body) = (<T as Part>::KIND, text(part)?);
        self.tx.execute(sql, &[api.as_str().into(), kind.into(), part.key().into(), (&body).into()])?;
        Ok(())
    }

    pub(super) fn delete_part<T: OfApi>(&self, api: &ApiId, key: impl AsRef<str>) -> Result<(), Error> {
        let sql = "DELETE FROM apigateway_parts WHERE api = ?1 AND kind = ?2 AND id = ?3";
        self.tx.execute(sql, &[api.as_str().into(), <T as Part>::KIND.into(), key.as_ref().into()])?;
        Ok(())
    }
}

/// The key of this value.
pub(super) fn find_live_key(rows: &Rows<'_>, value: &str) -> Result<Option<LiveKey>, Error> {
    let Some(key) = rows.find_api_key_of(value)? else { return Ok(None) };
    let plans = rows.plans_of_key(&key.id)?;
    Ok(Some(LiveKey { id: key.id, enabled: key.enabled, plans }))
}

/// The stage `name` of an API, whoever owns it, with what it serves.
pub(super) fn find_live_stage(
    tx: &Tx<'_>,
    api_id: &ApiId,
    name: &StageName,
) -> Result<Option<LiveStage>, Error> {
    let sql = "SELECT account, region FROM apigateway_apis WHERE id = ?1";
    let owner = tx.query_one(sql, &[api_id.as_str().into()], |row| Ok((row.text(0)?, row.text(1)?)))?;
    let Some((account, region)) = owner else { return Ok(None) };
    let (Some(account), Some(region)) = (AccountId::parse(&account), Region::parse(&region)) else {
        return Ok(None);
    };
    let rows = Rows::new(tx, AccountRegion { account, region });
    let Some(stage) = rows.find_part::<Stage>(api_id, name)? else { return Ok(None) };
    let snapshot = |id: &DeploymentId| {
        let text = rows.find_snapshot_text(api_id, id)?;
        text.map(|text| Ok::<_, Error>((text.len(), Arc::new(parse(&text)?)))).transpose()
    };
    let Some((bytes, deployment)) = snapshot(&stage.deployment_id)? else { return Ok(None) };
    let canary = match &stage.canary_settings {
        Some(canary) => snapshot(&canary.deployment_id)?,
        None => None,
    };
    let stored_bytes = bytes + canary.as_ref().map_or(0, |(bytes, _)| *bytes);
    let (canary, vpc_links) = (canary.map(|(_, snapshot)| snapshot), rows.vpc_link_names()?);
    let client_certificate = match stage.client_certificate_id.as_deref() {
        Some(id) => rows.find_owned::<ClientCertificate>(id)?,
        None => None,
    };
    let usage_plans = rows.usage_plans_of_stage(api_id, name)?;
    Ok(Some(LiveStage {
        owner: rows.owner,
        api_id: api_id.clone(),
        stage,
        deployment,
        canary,
        vpc_links,
        client_certificate,
        usage_plans,
        stored_bytes,
    }))
}

/// The APIs that have a stage of this name, whoever owns them, by id.
pub(super) fn find_apis_with_stage(tx: &Tx<'_>, name: &StageName) -> Result<Vec<ApiId>, Error> {
    let sql = "SELECT api FROM apigateway_parts WHERE kind = ?1 AND id = ?2 ORDER BY api";
    Ok(tx.query(sql, &[<Stage as Part>::KIND.into(), name.as_str().into()], |row| Ok(row.text(0)?.into()))?)
}

fn parse<T: Record>(body: impl AsRef<[u8]>) -> Result<T, Error> {
    Ok(T::decode(body.as_ref())?)
}

pub(super) fn text(record: &impl Record) -> Result<String, Error> {
    Ok(record.encode()?)
}
