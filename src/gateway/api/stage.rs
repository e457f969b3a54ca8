//! A stage: a name under which a deployment is served, with settings that apply at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, StageName};
use super::words::words;
use crate::clock::Timestamp;

words! {
    /// Memory of a cache cluster, in gigabytes.
    pub enum CacheClusterSize {
        Gb0_5 = "0.5",
        Gb1_6 = "1.6",
        Gb6_1 = "6.1",
        Gb13_5 = "13.5",
        Gb28_4 = "28.4",
        Gb58_2 = "58.2",
        Gb118 = "118",
        Gb237 = "237",
    }
}

words! {
    /// What state a cache cluster is in. Here a cluster is there as soon as it is enabled.
    pub enum CacheClusterStatus { Available = "AVAILABLE", NotAvailable = "NOT_AVAILABLE" }
}

words! {
    /// What execution logs hold.
    pub enum LoggingLevel { Off = "OFF", Error = "ERROR", Info = "INFO" }
}

words! {
    /// What happens to a client that asks to bypass the cache without being allowed to.
    pub enum CacheControlStrategy {
        FailWith403 = "FAIL_WITH_403",
        SucceedWithResponseHeader = "SUCCEED_WITH_RESPONSE_HEADER",
        SucceedWithoutResponseHeader = "SUCCEED_WITHOUT_RESPONSE_HEADER",
    }
}

/// See [MethodSetting](https://docs.aws.amazon.com/apigateway/latest/api/API_MethodSetting.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodSetting {
    /// Whether metrics are kept per method.
    pub metrics_enabled: bool,
    /// What execution logs hold; `None` until set.
    pub logging_level: Option<LoggingLevel>,
    /// Whether execution logs hold whole payloads.
    pub data_trace_enabled: bool,
    /// Requests let through at once.
    pub throttling_burst_limit: i32,
    /// Requests per second.
    pub throttling_rate_limit: f64,
    /// Whether answers are cached.
    pub caching_enabled: bool,
    /// Seconds an answer is cached, 0 to 3 600.
    pub cache_ttl_in_seconds: i32,
    /// Whether cached answers are encrypted.
    pub cache_data_encrypted: bool,
    /// Whether bypassing the cache needs a permission.
    pub require_authorization_for_cache_control: bool,
    /// What clients without that permission get.
    pub unauthorized_cache_control_header_strategy: CacheControlStrategy,
}

impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5_000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: CacheControlStrategy::SucceedWithResponseHeader,
        }
    }
}

/// See [AccessLogSettings](https://docs.aws.amazon.com/apigateway/latest/api/API_AccessLogSettings.html).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLogSettings {
    /// One line of text with `$context.…` references.
    pub format: Option<String>,
    /// Log group's or delivery stream's ARN.
    pub destination_arn: Option<String>,
}

/// See [CanarySettings](https://docs.aws.amazon.com/apigateway/latest/api/API_CanarySettings.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CanarySettings {
    /// Share of requests that the canary serves, 0.0 to 100.0.
    pub percent_traffic: f64,
    /// Deployment that serves them.
    pub deployment_id: DeploymentId,
    /// Variables over the stage's own; may add names.
    pub stage_variable_overrides: BTreeMap<String, String>,
    /// Whether both share a cache.
    pub use_stage_cache: bool,
}

/// See [Stage](https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Name.
    pub name: StageName,
    /// Deployment served.
    pub deployment_id: DeploymentId,
    /// Text for people.
    pub description: Option<String>,
    /// When the stage was created.
    pub created_date: Timestamp,
    /// When it was last changed.
    pub last_updated_date: Timestamp,
    /// Certificate shown to backends.
    pub client_certificate_id: Option<String>,
    /// Whether answers can be cached.
    pub cache_cluster_enabled: bool,
    /// Size of the cache.
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// State of the cache.
    pub cache_cluster_status: CacheClusterStatus,
    /// Settings by method path as the owner wrote it: `*/*`, `pets/GET`, `~1pets/GET`; raw text, see AWS's
    /// [UpdateStage](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html).
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// Version of the documentation.
    pub documentation_version: Option<String>,
    /// Access log, if any.
    pub access_log_settings: Option<AccessLogSettings>,
    /// Canary, if any.
    pub canary_settings: Option<CanarySettings>,
    /// Whether requests are traced.
    pub tracing_enabled: bool,
    /// Web ACL.
    pub web_acl_arn: Option<String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}
