//! Control operations, a file a noun: each is one transaction, whole or not at all.

mod account;
mod api_keys;
mod authorizers;
mod base_path_mappings;
mod client_certificates;
mod deployments;
mod documentation_parts;
mod documentation_versions;
mod domain_names;
mod exports;
mod gateway_responses;
mod imports;
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
mod usage;
mod usage_plan_keys;
mod usage_plans;
mod vpc_links;

pub use api_keys::{ApiKeyFilter, CreateApiKey, ImportedApiKeys, StageKey};
pub use authorizers::CreateAuthorizer;
pub use base_path_mappings::Mapped;
pub use deployments::{CreateDeployment, DeploymentSummary, MethodSummary};
pub use documentation_parts::{DocumentationPartFilter, ImportedDocumentation};
pub use documentation_versions::CreateDocumentationVersion;
pub use domain_names::CreateDomainName;
pub use exports::{ExportedApi, GetExport};
pub use imports::{ImportOptions, ImportedApi};
pub use integrations::{PutIntegration, templates};
pub use methods::{MethodKey, PutMethod};
pub use models::CreateModel;
pub use rest_apis::{CreateRestApi, NewEndpoint};
pub use stages::{CreateStage, NewCanary};
pub use test_invocations::{TestInvokeAuthorizer, TestInvokeMethod};
pub use usage::{DailyUsage, Usage};
pub use usage_plan_keys::KEY_TYPE;
pub use usage_plans::{CreateUsagePlan, NewApiStage, NewQuota};
