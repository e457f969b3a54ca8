//! What the data plane receives: stages with the deployments they serve, and change notifications.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::api_key::ApiKeyValue;
use super::client_certificate::ClientCertificate;
use super::day::Day;
use super::deployment::DeploymentSnapshot;
use super::domain_name::DomainName;
use super::ids::{ApiId, ApiKeyId, StageName, UsagePlanId};
use super::stage::Stage;
use super::usage::Subject;
use super::usage_plan::UsagePlan;
use super::vpc_link::VpcLinkNames;
use crate::id::AccountRegion;

/// A stage at one moment, read in one transaction.
#[derive(Clone, Debug)]
pub struct LiveStage {
    /// The account and region of the API.
    pub owner: AccountRegion,
    /// The API.
    pub api_id: ApiId,
    /// Settings, variables, canary.
    pub stage: Stage,
    /// The snapshot of the stage's own deployment.
    pub deployment: Arc<DeploymentSnapshot>,
    /// The snapshot of the canary's deployment, if the stage has a canary.
    pub canary: Option<Arc<DeploymentSnapshot>>,
    /// The owner's VPC links.
    pub vpc_links: VpcLinkNames,
    /// The stage's certificate for HTTPS backends.
    pub client_certificate: Option<ClientCertificate>,
    /// The usage plans that include the stage.
    pub usage_plans: Vec<UsagePlan>,
    /// The stored size of both deployments.
    pub stored_bytes: usize,
}

/// An API key from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whether callers can use it.
    pub enabled: bool,
    /// The plans that contain it.
    pub plans: Vec<UsagePlanId>,
}

/// What a key used today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveUsage {
    /// The key.
    pub key: ApiKeyId,
    /// The day.
    pub day: Day,
    /// Requests on it.
    pub used: u64,
}

/// What a commit has changed for the data plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The custom domain names, of all accounts, are these.
    DomainNames(Vec<DomainName>),
    /// Stages of an API were created or deleted.
    StageNames(ApiId),
    /// The stages of an API serve something else, or have other usage plans.
    Stages(ApiId),
    /// The targets of an account's VPC links have changed.
    VpcLinks(AccountRegion),
    /// The cached responses of a stage must not be used any more.
    Cache(ApiId, StageName),
    /// The cached authorizer results of a stage must not be used any more.
    Authorizers(ApiId, StageName),
    /// The key with this value was created, deleted or changed.
    Key(AccountRegion, ApiKeyValue),
    /// What a key has left under a plan has changed.
    Usage(Subject),
    /// Another node has changed what is served, or to whom.
    ByOthers,
    /// Another node was told that nothing cached of some stage must be used any more.
    FlushedByOthers,
}

/// The data plane, as seen by the control plane.
pub trait Watcher: Send + Sync {
    /// Called after every commit that changes what is served, before the client gets its answer. Once it returns,
    /// requests are served with the new state; until then, with either.
    fn notify<'a>(&'a self, change: &'a Change) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

    /// Today's usage of a plan's keys that are in use. Must not block.
    fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage>;
}
