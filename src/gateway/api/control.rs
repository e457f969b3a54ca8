//! Control operations, a file a noun: each is one transaction, whole or not at all.

mod account;
mod deployments;
mod gateway_responses;
mod integrations;
mod methods;
mod models;
mod request_validators;
mod resources;
mod rest_apis;
mod stages;
mod tags;
mod test_invocations;
#[cfg(test)]
mod tests;

pub use deployments::{CreateDeployment, DeploymentSummary, MethodSummary};
pub use integrations::{PutIntegration, templates};
pub use methods::{MethodKey, PutMethod};
pub use models::CreateModel;
pub use rest_apis::{CreateRestApi, NewEndpoint};
pub use stages::{CreateStage, NewCanary};
pub use test_invocations::TestInvokeMethod;

use crate::clock::Ids;

/// A new id of six characters, the form of all ids within an API, that is not `taken`.
fn fresh_id(ids: &dyn Ids, taken: impl Fn(&str) -> bool) -> String {
    loop {
        let id = ids.lower_alphanumeric(6);
        if !taken(&id) {
            return id;
        }
    }
}
