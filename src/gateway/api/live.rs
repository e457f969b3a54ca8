//! What the data plane is given: a stage with the deployments it serves, and word of changes.

use std::sync::Arc;

use super::api_key::ApiKeyValue;
use super::client_certificate::ClientCertificate;
use super::deployment::DeploymentSnapshot;
use super::ids::{ApiId, StageName, UsagePlanId};
use super::stage::Stage;
use super::usage_plan::UsagePlan;
use super::vpc_link::VpcLinkNames;
use crate::gateway::backends::BoxFuture;
use crate::gateway::plans::{LiveUsage, Subject};
use crate::id::AccountRegion;

/// A stage as it stands at one moment, read in one transaction.
#[derive(Clone, Debug)]
pub struct LiveStage {
    /// Whose API it is, and where.
    pub owner: AccountRegion,
    /// The API.
    pub api_id: ApiId,
    /// Settings, variables, canary.
    pub stage: Stage,
    /// What the stage's own deployment froze.
    pub deployment: Arc<DeploymentSnapshot>,
    /// What the canary's deployment froze, if the stage has a canary.
    pub canary: Option<Arc<DeploymentSnapshot>>,
    /// The owner's VPC links.
    pub vpc_links: VpcLinkNames,
    /// What the stage shows to HTTPS backends.
    pub client_certificate: Option<ClientCertificate>,
    /// The usage plans that have the stage.
    pub usage_plans: Vec<UsagePlan>,
    /// How large both deployments are in the store.
    pub stored_bytes: usize,
}

/// What a commit changed for the data plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Stages of an API came or went.
    StageNames(ApiId),
    /// What stages of an API serve, or under which usage plans.
    Stages(ApiId),
    /// Where VPC links of an account lead.
    VpcLinks(AccountRegion),
    /// The answers that were cached for a stage are not to be given again.
    Cache(ApiId, StageName),
    /// What authorizers said to a stage does not hold any more.
    Authorizers(ApiId, StageName),
    /// A key of this value came, went, or opens something else.
    Key(AccountRegion, ApiKeyValue),
    /// What a key has left under a plan.
    Usage(Subject),
}

/// The data plane, as the control plane knows it.
pub trait Watcher: Send + Sync {
    /// Told after every commit that changes what is served, and before the client's answer: a client who has been
    /// answered is served the new state. Returns when that is so; requests that come meanwhile may be served
    /// either state.
    fn tell<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, ()>;

    /// What the keys of a plan used on the present day, as far as they are in use. Must not block.
    fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage>;
}
