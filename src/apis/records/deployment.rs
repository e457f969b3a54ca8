//! Deployments, and what they froze.

use std::collections::BTreeMap;

use super::parts::{AuthorizerV1, GatewayResponseV1, ModelV1, RequestValidatorV1, RestApiV1};
use super::resource::ResourceV1;
use crate::apis::deployment::{Deployment, DeploymentSnapshot};
use crate::store::record;

record! {
    /// A deployment.
    pub(super) struct DeploymentV1 of Deployment {
        "id" id: String,
        "description" description: Option<String>,
        "created_date" created_date: i64,
    }

    /// A working copy as it was. With a new version of a part's form comes a new version of this one.
    pub(super) struct DeploymentSnapshotV1 of DeploymentSnapshot {
        "api" api: RestApiV1,
        "resources" resources: Vec<ResourceV1>,
        "models" models: BTreeMap<String, ModelV1>,
        "request_validators" request_validators: BTreeMap<String, RequestValidatorV1>,
        #[serde(default)]
        "authorizers" authorizers: BTreeMap<String, AuthorizerV1>,
        "gateway_responses" gateway_responses: BTreeMap<String, GatewayResponseV1>,
    }
}
