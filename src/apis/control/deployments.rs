//! CreateDeployment, GetDeployment(s), UpdateDeployment, DeleteDeployment.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::deployable::check_deployable;
use super::super::deployment::{Deployment, DeploymentSnapshot};
use super::super::http_method::HttpMethod;
use super::super::ids::{ApiId, DeploymentId, StageName};
use super::super::live::Change;
use super::super::method::{AuthorizationType, Method};
use super::super::page::{Page, PageRequest};
use super::super::reach::Reach;
use super::super::rest_apis::Apis;
use super::super::rows::{Rows, text};
use super::super::stage::CacheClusterSize;
use super::super::stage::Stage;
use super::stages::{CreateStage, NewCanary, add_stage, check_stage};
use crate::apis::error::{BadRequest, Error, NotFound};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// The input of [CreateDeployment](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateDeployment {
    /// The stage to create, or to point to the deployment. An empty name counts as none, because Terraform's provider
    /// sends it.
    pub stage_name: Option<String>,
    /// The description of the stage.
    pub stage_description: Option<String>,
    /// The description of the deployment.
    pub description: Option<String>,
    /// Whether the stage has a cache cluster.
    pub cache_cluster_enabled: Option<bool>,
    /// Size of the stage's cache.
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// Variables of the stage.
    pub variables: BTreeMap<String, String>,
    /// Makes the deployment the canary of an existing stage.
    pub canary_settings: Option<NewCanary>,
    /// Whether the stage's requests are traced.
    pub tracing_enabled: Option<bool>,
}

impl CreateDeployment {
    fn stage(&self) -> Option<StageName> {
        self.stage_name.as_deref().filter(|name| !name.is_empty()).map(StageName::from)
    }
}

/// A deployment with a summary of its methods: path → verb → access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentSummary {
    /// The deployment.
    pub deployment: Deployment,
    /// Its methods, if requested.
    pub api_summary: Option<BTreeMap<String, BTreeMap<HttpMethod, MethodSummary>>>,
}

/// See [MethodSnapshot](https://docs.aws.amazon.com/apigateway/latest/api/API_MethodSnapshot.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodSummary {
    /// Who may call.
    pub authorization_type: AuthorizationType,
    /// Whether an API key is required.
    pub api_key_required: bool,
}

/// A copy of the working copy that is about to be frozen.
struct Draft {
    /// Changes if the working copy does.
    hash: u64,
    /// The snapshot in its stored form.
    snapshot: String,
    is_deployable: Result<(), BadRequest>,
}

impl Draft {
    fn of(rows: &Rows<'_>, api_id: &ApiId, reach: &Reach) -> Result<Self, Error> {
        let copy = rows.working_copy(api_id)?;
        let is_deployable = check_deployable(&copy, reach);
        Ok(Self { hash: rows.working_copy_hash(api_id)?, snapshot: text(&copy)?, is_deployable })
    }
}

impl Apis {
    /// Freezes the working copy. With a stage name, creates the stage or points it to the deployment.
    pub async fn create_deployment(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        input: CreateDeployment,
    ) -> Result<Deployment, Error> {
        let (id, ids, now, reach) = (api_id.clone(), self.ids(), self.now(), self.reach());
        // Prepared outside the transaction, so that other writes don't wait for it; repeated if the API has changed
        // since.
        let drafted = (id.clone(), reach.clone());
        let draft = self.read(owner, move |rows| Draft::of(rows, &drafted.0, &drafted.1)).await?;
        let create = move |rows: &Rows<'_>| {
            let redrafted = match rows.working_copy_hash(&id)? == draft.hash {
                true => None,
                false => Some(Draft::of(rows, &id, &reach)?),
            };
            let draft = redrafted.as_ref().unwrap_or(&draft);
            check_canary(rows, &id, &input)?;
            draft.is_deployable.clone()?;
            let mut deployment_id = DeploymentId::from(ids.lower_alphanumeric(6));
            while rows.find_deployment(&id, &deployment_id)?.is_some() {
                deployment_id = ids.lower_alphanumeric(6).into();
            }
            let deployment = Deployment {
                id: deployment_id,
                description: input.description.clone().filter(|text| !text.is_empty()),
                created_date: now,
            };
            rows.add_deployment(&id, &deployment, &draft.snapshot)?;
            let change = match input.stage() {
                Some(name) => Some(serve(rows, &id, &name, &deployment.id, input.clone(), now)?),
                None => None,
            };
            Ok((deployment, change))
        };
        let (deployment, _) =
            self.write_and_tell(owner, create, |(_, change)| change.iter().cloned().collect()).await?;
        Ok(deployment)
    }

    /// Deployments of an API, oldest first.
    pub async fn deployments(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        page: PageRequest,
    ) -> Result<Page<Deployment>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            let mut deployments = rows.deployments(&api_id)?;
            let age = |it: &Deployment| format!("{:020} {}", it.created_date.as_millis(), it.id);
            deployments.sort_by_cached_key(age);
            Ok(Page::of(deployments, age, &page)?)
        })
        .await
    }

    /// One deployment, with its summary if `summarized`.
    pub async fn deployment(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &DeploymentId,
        summarized: bool,
    ) -> Result<DeploymentSummary, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.read(owner, move |rows| {
            let deployment = rows.find_deployment(&api_id, &id)?.ok_or(NotFound::Deployment)?;
            let snapshot = if summarized { rows.find_snapshot(&api_id, &id)? } else { None };
            Ok(DeploymentSummary { deployment, api_summary: snapshot.as_ref().map(summarize) })
        })
        .await
    }

    /// Changes a deployment's description.
    pub async fn update_deployment(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &DeploymentId,
        patches: Vec<PatchOperation>,
    ) -> Result<Deployment, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let mut deployment = rows.find_deployment(&api_id, &id)?.ok_or(NotFound::Deployment)?;
            for patch in &patches {
                replace_only(patch, &["/description"], "[/description]")?;
                deployment.description = patch.text();
            }
            rows.update_deployment(&api_id, &deployment)?;
            Ok(deployment)
        })
        .await
    }

    /// Deletes a deployment that no stage and no canary uses.
    pub async fn delete_deployment(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &DeploymentId,
    ) -> Result<(), Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            rows.find_deployment(&api_id, &id)?.ok_or(NotFound::Deployment)?;
            let serves = rows.parts::<Stage>(&api_id)?.into_iter().any(|stage| {
                let canary = stage.canary_settings.map(|canary| canary.deployment_id);
                stage.deployment_id == id || canary.as_ref() == Some(&id)
            });
            if serves {
                return Err(BadRequest::DeploymentInUse.into());
            }
            rows.delete_deployment(&api_id, &id)
        })
        .await
    }
}

fn check_canary(rows: &Rows<'_>, api_id: &ApiId, input: &CreateDeployment) -> Result<(), Error> {
    if input.canary_settings.is_none() {
        return Ok(());
    }
    match input.stage_name.as_deref() {
        None => Err(BadRequest::CanaryWithoutStage("null".to_owned()).into()),
        Some("") => Err(BadRequest::CanaryWithoutStage(String::new()).into()),
        Some(name) if rows.find_part::<Stage>(api_id, name)?.is_none() => {
            Err(BadRequest::CanaryStageMissing(name.to_owned()).into())
        }
        Some(_) => Ok(()),
    }
}

/// Points the stage to the deployment. If the stage has a canary, the canary gets the new deployment instead, as in
/// AWS's console (AWS's answer to a plain call isn't recorded). The stage settings of the call also apply to an
/// existing stage.
fn serve(
    rows: &Rows<'_>,
    api_id: &ApiId,
    name: &StageName,
    deployment_id: &DeploymentId,
    input: CreateDeployment,
    now: Timestamp,
) -> Result<Change, Error> {
    let Some(mut stage) = rows.find_part::<Stage>(api_id, name)? else {
        let stage = CreateStage {
            stage_name: name.clone(),
            deployment_id: deployment_id.clone(),
            description: input.stage_description,
            cache_cluster_enabled: input.cache_cluster_enabled.unwrap_or(false),
            cache_cluster_size: input.cache_cluster_size,
            variables: input.variables,
            documentation_version: None,
            canary_settings: None,
            tracing_enabled: input.tracing_enabled.unwrap_or(false),
            tags: BTreeMap::new(),
        };
        add_stage(rows, api_id, &stage.resolve(now))?;
        return Ok(Change::StageNames(api_id.clone()));
    };
    match (input.canary_settings, stage.canary_settings.as_mut()) {
        (Some(canary), _) => {
            let canary = NewCanary { deployment_id: Some(deployment_id.clone()), ..canary };
            stage.canary_settings = Some(canary.resolve(deployment_id));
        }
        (None, Some(canary)) => canary.deployment_id = deployment_id.clone(),
        (None, None) => stage.deployment_id = deployment_id.clone(),
    }
    stage.description = input.stage_description.or(stage.description);
    stage.cache_cluster_size = input.cache_cluster_size.or(stage.cache_cluster_size);
    stage.variables.extend(input.variables);
    stage.tracing_enabled = input.tracing_enabled.unwrap_or(stage.tracing_enabled);
    if let Some(enabled) = input.cache_cluster_enabled {
        stage.enable_cache_cluster(enabled);
    }
    stage.last_updated_date = now;
    check_stage(rows, api_id, &stage)?;
    rows.put_part(api_id, &stage)?;
    Ok(Change::Stages(api_id.clone()))
}

fn summarize(snapshot: &DeploymentSnapshot) -> BTreeMap<String, BTreeMap<HttpMethod, MethodSummary>> {
    let with_methods = snapshot.resources.iter().filter(|resource| !resource.methods.is_empty());
    with_methods
        .map(|resource| {
            let methods = resource.methods.iter().map(|(verb, method)| {
                let Method { authorization_type, api_key_required, .. } = method;
                (
                    *verb,
                    MethodSummary {
                        authorization_type: *authorization_type,
                        api_key_required: *api_key_required,
                    },
                )
            });
            (resource.path.clone(), methods.collect())
        })
        .collect()
}
