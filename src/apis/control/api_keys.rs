//! CreateApiKey, GetApiKey(s), UpdateApiKey, DeleteApiKey, ImportApiKeys.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::api_key::{ApiKey, ApiKeyValue};
use super::super::api_key_import::{ImportedKey, parse, warn};
use super::super::ids::{ApiId, ApiKeyId, StageName, UsagePlanId};
use super::super::live::Change;
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::{KeyQuery, Rows};
use super::tags::check_tags;
use super::usage_plan_keys::subscribe;
use crate::apis::error::{BadRequest, Conflict, Error, NotFound, PlanConflict};
use crate::apis::patch::{PatchOperation, patch_api_key};
use crate::clock::{Ids, Timestamp};
use crate::id::AccountRegion;

/// The input of [CreateApiKey](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateApiKey {
    /// Name.
    pub name: Option<String>,
    /// Text for people.
    pub description: Option<String>,
    /// Whether callers can use the key; false by default, as on AWS.
    pub enabled: bool,
    /// The value; generated if not given.
    pub value: Option<ApiKeyValue>,
    /// Stages, from the time before usage plans.
    pub stage_keys: Vec<StageKey>,
    /// The owner's id for the customer who has it.
    pub customer_id: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// See [StageKey](https://docs.aws.amazon.com/apigateway/latest/api/API_StageKey.html).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageKey {
    /// The API.
    pub rest_api_id: ApiId,
    /// The stage.
    pub stage_name: StageName,
}

/// Filters of a list of keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ApiKeyFilter {
    /// A case-sensitive prefix of their names.
    pub name_query: String,
    /// Their customer id.
    pub customer_id: String,
}

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedApiKeys {
    /// The created or overwritten keys, in the file's order.
    pub ids: Vec<ApiKeyId>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

impl CreateApiKey {
    /// The id always differs from the value: `generateDistinctId` has no other effect on AWS any more.
    fn resolve(self, id: ApiKeyId, ids: &dyn Ids, now: Timestamp) -> ApiKey {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let stage_key = |key: StageKey| format!("{}/{}", key.rest_api_id, key.stage_name);
        ApiKey {
            id,
            value: self
                .value
                .filter(|value| !value.expose().is_empty())
                .unwrap_or_else(|| ApiKeyValue::generate(ids)),
            name: given(self.name),
            description: given(self.description),
            customer_id: given(self.customer_id),
            enabled: self.enabled,
            created_date: now,
            last_updated_date: now,
            stage_keys: self.stage_keys.into_iter().map(stage_key).collect(),
            tags: self.tags,
        }
    }
}

impl Apis {
    /// Creates a key.
    pub async fn create_api_key(&self, owner: &AccountRegion, input: CreateApiKey) -> Result<ApiKey, Error> {
        let (ids, now) = (self.ids(), self.now());
        let create = move |rows: &Rows<'_>| {
            let key = input.clone().resolve(free_id(rows, &*ids)?, &*ids, now);
            add(rows, &key)?;
            Ok(key)
        };
        self.write_and_tell(owner, create, changed_key(owner)).await
    }

    /// Keys, newest first.
    pub async fn api_keys(
        &self,
        owner: &AccountRegion,
        filter: ApiKeyFilter,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Error> {
        self.read(owner, move |rows| {
            let query = KeyQuery {
                name: &filter.name_query,
                customer: &filter.customer_id,
                before: before(&page)?,
                len: page.len() + 1,
            };
            let page = Page::cut(rows.api_keys(&query)?, |(serial, _)| serial.to_string(), page.len());
            Ok(page.map(|(_, key)| key))
        })
        .await
    }

    /// One key.
    pub async fn api_key(&self, owner: &AccountRegion, id: &ApiKeyId) -> Result<ApiKey, Error> {
        let id = id.clone();
        self.read(owner, move |rows| existing(rows, &id)).await
    }

    /// Changes a key; its value can't be changed.
    pub async fn update_api_key(
        &self,
        owner: &AccountRegion,
        id: &ApiKeyId,
        patches: Vec<PatchOperation>,
    ) -> Result<ApiKey, Error> {
        let (id, now) = (id.clone(), self.now());
        let update = move |rows: &Rows<'_>| {
            let mut key = existing(rows, &id)?;
            if patches.is_empty() {
                return Ok(key);
            }
            patch_api_key(&mut key, &patches)?;
            key.check().map_err(BadRequest::from)?;
            key.last_updated_date = now;
            rows.put_api_key(&key)?;
            Ok(key)
        };
        self.write_and_tell(owner, update, changed_key(owner)).await
    }

    /// Deletes a key, and removes it from its plans.
    pub async fn delete_api_key(&self, owner: &AccountRegion, id: &ApiKeyId) -> Result<(), Error> {
        let id = id.clone();
        let delete = move |rows: &Rows<'_>| {
            let key = existing(rows, &id)?;
            rows.delete_api_key(&id)?;
            Ok(key)
        };
        self.write_and_tell(owner, delete, changed_key(owner)).await?;
        Ok(())
    }

    /// Creates the keys in a CSV file, and overwrites those with existing values. Rows that can't be imported are left
    /// out with a warning; with `failonwarnings`, nothing is imported.
    pub async fn import_api_keys(
        &self,
        owner: &AccountRegion,
        file: &[u8],
        fail_on_warnings: bool,
    ) -> Result<ImportedApiKeys, Error> {
        let (given, warnings) = parse(file).map_err(BadRequest::from)?;
        let (ids, now) = (self.ids(), self.now());
        let home = owner.clone();
        let import_all = move |rows: &Rows<'_>| {
            let (mut done, mut changes, mut warnings) = (Vec::new(), Vec::new(), warnings.clone());
            for key in &given {
                match import(rows, key, &*ids, now) {
                    Ok(id) => {
                        done.push(id.clone());
                        for text in subscribe_to_all(rows, key, &id)? {
                            warn(&mut warnings, || text);
                        }
                        changes.push(Change::Key(home.clone(), key.value.clone()));
                    }
                    Err(Error::BadRequest(problem)) => warn(&mut warnings, || key.warning(&problem)),
                    Err(error) => return Err(error),
                }
            }
            if fail_on_warnings && !warnings.is_empty() {
                return Err(BadRequest::ImportWarnings(warnings.join("\n\t")).into());
            }
            Ok((ImportedApiKeys { ids: done, warnings }, changes))
        };
        let (imported, _) = self.write_and_tell(owner, import_all, |(_, changes)| changes.clone()).await?;
        Ok(imported)
    }
}

/// The change notification for a key that was created, deleted or changed.
pub(super) fn changed_key(owner: &AccountRegion) -> impl FnOnce(&ApiKey) -> Vec<Change> + use<> {
    let owner = owner.clone();
    move |key| vec![Change::Key(owner, key.value.clone())]
}

/// Imports one key of a file.
fn import(rows: &Rows<'_>, given: &ImportedKey, ids: &dyn Ids, now: Timestamp) -> Result<ApiKeyId, Error> {
    let given_text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    if let Some(mut key) = rows.find_api_key_of(given.value.expose())? {
        key.name = given_text(&given.name);
        key.description = given_text(&given.description);
        key.enabled = given.enabled;
        key.last_updated_date = now;
        key.check().map_err(BadRequest::from)?;
        rows.put_api_key(&key)?;
        return Ok(key.id);
    }
    let input = CreateApiKey {
        name: given_text(&given.name),
        description: given_text(&given.description),
        enabled: given.enabled,
        value: Some(given.value.clone()),
        ..CreateApiKey::default()
    };
    // An empty value is refused, not generated.
    given.value.check().map_err(BadRequest::from)?;
    let key = input.resolve(free_id(rows, ids)?, ids, now);
    add(rows, &key)?;
    Ok(key.id)
}

/// Adds an imported key to its plans; returns warnings about those that can't have it.
fn subscribe_to_all(rows: &Rows<'_>, given: &ImportedKey, id: &ApiKeyId) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    for plan in &given.usage_plan_ids {
        let plan = UsagePlanId::from(plan.as_str());
        match subscribe(rows, &plan, id) {
            // Importing a file again is not worth a warning.
            Ok(_) | Err(Error::Conflict(Conflict::Plans(PlanConflict::Key))) => {}
            Err(
                error @ (Error::BadRequest(_)
                | Error::NotFound(_)
                | Error::Conflict(_)
                | Error::LimitExceeded(_)),
            ) => warnings.push(given.warning(&format!("usage plan {plan}: {error}"))),
            Err(error) => return Err(error),
        }
    }
    Ok(warnings)
}

fn add(rows: &Rows<'_>, key: &ApiKey) -> Result<(), Error> {
    key.check().map_err(BadRequest::from)?;
    check_tags(&key.tags)?;
    if rows.find_api_key_of(key.value.expose())?.is_some() {
        return Err(Conflict::from(PlanConflict::ApiKey).into());
    }
    rows.add_api_key(key)
}

fn free_id(rows: &Rows<'_>, ids: &dyn Ids) -> Result<ApiKeyId, Error> {
    loop {
        let id = ApiKeyId::from(ids.lower_alphanumeric(10));
        if rows.find_api_key(&id)?.is_none() {
            return Ok(id);
        }
    }
}

pub(super) fn existing(rows: &Rows<'_>, id: &ApiKeyId) -> Result<ApiKey, Error> {
    rows.find_api_key(id)?.ok_or(NotFound::ApiKey).map_err(Error::from)
}

/// The serial number below which a page of keys begins.
pub(super) fn before(page: &PageRequest) -> Result<i64, BadRequest> {
    let after = page.after()?;
    after.map_or(Ok(i64::MAX), |serial| serial.parse().map_err(|_| BadRequest::Position))
}
