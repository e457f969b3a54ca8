//! CreateStage, GetStage(s), UpdateStage, DeleteStage.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::client_certificate::ClientCertificate;
use super::super::documentation_version::DocumentationVersion;
use super::super::ids::{ApiId, DeploymentId, StageName};
use super::super::live::Change;
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::stage::{CacheClusterSize, CacheClusterStatus, CanarySettings, Stage};
use super::base_path_mappings::check_unmapped;
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Conflict, Error, LimitExceeded};
use crate::apis::patch::{PatchOperation, patch_stage};
use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// The most stages of an API.
const STAGES_MAX: usize = 10;

/// The input of [CreateStage](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateStage {
    /// Name.
    pub stage_name: StageName,
    /// The deployment to serve.
    pub deployment_id: DeploymentId,
    /// Text for people.
    pub description: Option<String>,
    /// Whether it has a cache cluster.
    #[serde(default)]
    pub cache_cluster_enabled: bool,
    /// Size of the cache.
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// Stage variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Version of the documentation.
    pub documentation_version: Option<String>,
    /// Canary.
    pub canary_settings: Option<NewCanary>,
    /// Whether requests are traced.
    #[serde(default)]
    pub tracing_enabled: bool,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// The settings of a new canary, as given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewCanary {
    /// The share of requests; 0.0 by default.
    pub percent_traffic: Option<f64>,
    /// The deployment; by default the stage's own, or the new one if CreateDeployment creates the canary.
    pub deployment_id: Option<DeploymentId>,
    /// Variables that override the stage's own.
    pub stage_variable_overrides: BTreeMap<String, String>,
    /// Whether both share a cache.
    pub use_stage_cache: bool,
}

impl NewCanary {
    pub(super) fn resolve(self, deployment_id: &DeploymentId) -> CanarySettings {
        CanarySettings {
            percent_traffic: self.percent_traffic.unwrap_or(0.0),
            deployment_id: self.deployment_id.unwrap_or_else(|| deployment_id.clone()),
            stage_variable_overrides: self.stage_variable_overrides,
            use_stage_cache: self.use_stage_cache,
        }
    }
}

impl CreateStage {
    pub(super) fn resolve(self, now: Timestamp) -> Stage {
        let canary_settings = self.canary_settings.map(|canary| canary.resolve(&self.deployment_id));
        let mut stage = Stage {
            name: self.stage_name,
            deployment_id: self.deployment_id,
            description: self.description.filter(|text| !text.is_empty()),
            created_date: now,
            last_updated_date: now,
            client_certificate_id: None,
            cache_cluster_enabled: false,
            cache_cluster_size: self.cache_cluster_size,
            cache_cluster_status: CacheClusterStatus::NotAvailable,
            method_settings: BTreeMap::new(),
            variables: self.variables,
            documentation_version: self.documentation_version.filter(|text| !text.is_empty()),
            access_log_settings: None,
            canary_settings,
            tracing_enabled: self.tracing_enabled,
            web_acl_arn: None,
            tags: self.tags,
        };
        stage.enable_cache_cluster(self.cache_cluster_enabled);
        stage
    }
}

impl Apis {
    /// Creates a stage for a deployment.
    pub async fn create_stage(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        input: CreateStage,
    ) -> Result<Stage, Error> {
        let (id, now) = (api_id.clone(), self.now());
        let create = move |rows: &Rows<'_>| {
            rows.api(&id)?;
            let stage = input.clone().resolve(now);
            add_stage(rows, &id, &stage)?;
            Ok(stage)
        };
        let api = api_id.clone();
        self.write_and_tell(owner, create, |_| vec![Change::StageNames(api)]).await
    }

    /// The stages of an API by name; all, or those that serve a deployment.
    pub async fn stages(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        deployment_id: Option<DeploymentId>,
    ) -> Result<Vec<Stage>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            let mut stages = rows.parts::<Stage>(&api_id)?;
            if let Some(id) = deployment_id {
                stages.retain(|stage| stage.deployment_id == id);
            }
            Ok(stages)
        })
        .await
    }

    /// Changes a stage; the next request sees the change.
    pub async fn update_stage(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &StageName,
        patches: Vec<PatchOperation>,
    ) -> Result<Stage, Error> {
        let (id, name, now) = (api_id.clone(), name.clone(), self.now());
        let update = move |rows: &Rows<'_>| {
            let before = rows.part::<Stage>(&id, &name)?;
            if patches.is_empty() {
                return Ok((before, Vec::new()));
            }
            let mut stage = before.clone();
            patch_stage(&mut stage, &patches)?;
            check_stage(rows, &id, &stage)?;
            if stage.logs() && !before.logs() && rows.account()?.cloudwatch_role_arn.is_none() {
                return Err(BadRequest::LoggingRole.into());
            }
            stage.last_updated_date = now;
            rows.put_part(&id, &stage)?;
            let mut changes = vec![Change::Stages(id.clone())];
            // A cluster that is switched off or gets another size loses its content.
            if before.cache_cluster_enabled != stage.cache_cluster_enabled
                || before.cache_cluster_size != stage.cache_cluster_size
            {
                changes.push(Change::Cache(id.clone(), name.clone()));
            }
            Ok((stage, changes))
        };
        let (stage, _) = self.write_and_tell(owner, update, |(_, changes)| changes.clone()).await?;
        Ok(stage)
    }

    /// Removes all cached responses of a stage.
    pub async fn flush_stage_cache(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &StageName,
    ) -> Result<(), Error> {
        self.part::<Stage>(owner, api_id, name).await?;
        self.flush(Change::Cache(api_id.clone(), name.clone())).await
    }

    /// Removes all cached results of a stage's authorizers.
    pub async fn flush_authorizers_cache(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &StageName,
    ) -> Result<(), Error> {
        self.part::<Stage>(owner, api_id, name).await?;
        self.flush(Change::Authorizers(api_id.clone(), name.clone())).await
    }

    /// Deletes a stage, also from usage plans.
    pub async fn delete_stage(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &StageName,
    ) -> Result<(), Error> {
        let (id, stage) = (api_id.clone(), name.clone());
        let delete = move |rows: &Rows<'_>| {
            rows.part::<Stage>(&id, &stage)?;
            check_unmapped(rows, &id, Some(&stage))?;
            rows.take_stages_from_plans(&id, Some(&stage))?;
            rows.delete_part::<Stage>(&id, &stage)
        };
        let (api, stage) = (api_id.clone(), name.clone());
        let changes = |(): &()| vec![Change::StageNames(api.clone()), Change::Cache(api, stage)];
        self.write_and_tell(owner, delete, changes).await
    }
}

/// Stores a new stage.
pub(super) fn add_stage(rows: &Rows<'_>, api_id: &ApiId, stage: &Stage) -> Result<(), Error> {
    check_stage(rows, api_id, stage)?;
    check_tags(&stage.tags)?;
    if rows.find_part::<Stage>(api_id, &stage.name)?.is_some() {
        return Err(Conflict::Stage.into());
    }
    if STAGES_MAX <= rows.parts::<Stage>(api_id)?.len() {
        return Err(LimitExceeded::Stages.into());
    }
    rows.put_part(api_id, stage)
}

/// Checks a stage by itself, and that what it refers to exists.
pub(super) fn check_stage(rows: &Rows<'_>, api_id: &ApiId, stage: &Stage) -> Result<(), Error> {
    stage.check()?;
    let canary = stage.canary_settings.as_ref().map(|canary| &canary.deployment_id);
    for id in std::iter::once(&stage.deployment_id).chain(canary) {
        if rows.find_deployment(api_id, id)?.is_none() {
            return Err(BadRequest::DeploymentId.into());
        }
    }
    if let Some(id) = stage.client_certificate_id.as_deref() {
        rows.owned::<ClientCertificate>(id)?;
    }
    if let Some(version) = stage.documentation_version.as_deref() {
        rows.part::<DocumentationVersion>(api_id, version)?;
    }
    Ok(())
}
