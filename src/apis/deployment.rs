//! Deployments: snapshots of an API.

use std::collections::BTreeMap;

use super::authorizer::Authorizer;
use super::gateway_response::{GatewayResponse, ResponseType};
use super::ids::{AuthorizerId, DeploymentId, RequestValidatorId};
use super::model::Model;
use super::request_validator::RequestValidator;
use super::resource::Resource;
use super::rest_api::RestApi;
use crate::clock::Timestamp;

/// See [Deployment](https://docs.aws.amazon.com/apigateway/latest/api/API_Deployment.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Id.
    pub id: DeploymentId,
    /// Text for people.
    pub description: Option<String>,
    /// When the API was frozen.
    pub created_date: Timestamp,
}

/// Everything that the data plane compiles. Never changes once stored; a deployment stores it as one JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentSnapshot {
    /// Settings of the API as a whole.
    pub api: RestApi,
    /// The path tree, sorted by path; the root is first.
    pub resources: Vec<Resource>,
    /// Models by name.
    pub models: BTreeMap<String, Model>,
    /// Request validators by id.
    pub request_validators: BTreeMap<RequestValidatorId, RequestValidator>,
    /// Authorizers by id.
    pub authorizers: BTreeMap<AuthorizerId, Authorizer>,
    /// Gateway responses that the owner has set; see [`effective_response`](super::effective_response) for the others.
    pub gateway_responses: BTreeMap<ResponseType, GatewayResponse>,
}
