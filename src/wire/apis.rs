//! Amazon API Gateway: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html>. A file a noun holds its
//! inputs, as shapes for the checks and as types for the handlers; `view` writes all answers.

mod access_associations;
mod account;
mod api_keys;
mod authorizers;
mod client_certificates;
mod compatibility;
mod deployments;
mod documentation_parts;
mod documentation_versions;
mod domain_names;
mod exports;
mod fault;
mod gateway_responses;
mod hal;
mod imports;
mod integrations;
mod methods;
mod models;
mod operations;
mod request_validators;
mod resources;
mod rest_apis;
mod sdks;
mod shapes;
mod stages;
mod tags;
#[cfg(test)]
mod tests;
mod usage;
mod usage_plan_keys;
mod usage_plans;
mod view;
mod vpc_links;

use std::sync::Arc;

pub use compatibility::compatibility;
pub(super) use hal::{is_wanted as is_hal_wanted, linked as in_hal};
pub(crate) use operations::OPERATIONS;

use crate::gateway::api;

/// What the handlers work on; part of [`super::Rooms`].
#[derive(Clone)]
pub struct Apis {
    /// The APIs.
    pub control: api::Apis,
    /// What calls methods of working copies.
    pub test_invoke: Arc<dyn api::TestInvoke>,
}
