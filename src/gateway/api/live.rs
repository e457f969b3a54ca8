//! What the data plane is given: a stage with the deployments it serves, and word of changes.

use std::sync::Arc;

use super::api_key::ApiKeyValue;
use super::client_certificate::ClientCertificate;
use super::deployment::DeploymentSnapshot;
use super::ids::{ApiId, StageName, UsagePlanId};
use super::stage::Stage;
use super::usage_plan::UsagePlan;
use super::vpc_link::VpcLinkNames;
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
}

/// Told after every commit that changes what some stage of an API serves (a stage or one of its usage plans made,
/// changed or deleted, an API deleted) or what an API key opens. The call comes before the client's answer, so that a client who has been answered is
/// served the new state.
///
/// An implementor that caches what it loaded must not keep a [`LiveStage`] whose loading began before the
/// call: count calls, and keep the result only if the count is still the one from before the load.
pub trait Invalidate: Send + Sync {
    /// Forgets whatever was compiled from stages of `api_id`. Must not block.
    fn invalidate(&self, api_id: &ApiId);

    /// Forgets the answers that were cached for a stage. Must not block.
    fn flush_cache(&self, api_id: &ApiId, stage: &StageName);

    /// Forgets what authorizers said to a stage. Must not block.
    fn flush_authorizers(&self, api_id: &ApiId, stage: &StageName);

    /// Forgets whatever was known of the key with this value: that it is there, what it opens, or that it isn't
    /// there. Must not block.
    fn invalidate_key(&self, owner: &AccountRegion, value: &ApiKeyValue);

    /// Has what a key may use under a plan looked up anew. Must not block.
    fn invalidate_usage(&self, subject: &Subject);

    /// What the keys of a plan used on the present day, as far as they are in use. Must not block.
    fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage>;
}
