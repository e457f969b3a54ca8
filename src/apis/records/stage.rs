//! Stages.

use std::collections::BTreeMap;

use crate::apis::stage::{AccessLogSettings, CanarySettings, MethodSetting, Stage};
use crate::store::record;

record! {
    /// A stage.
    pub(super) struct StageV1 of Stage {
        "name" name: String,
        "deployment_id" deployment_id: String,
        "description" description: Option<String>,
        "created_date" created_date: i64,
        "last_updated_date" last_updated_date: i64,
        "client_certificate_id" client_certificate_id: Option<String>,
        "cache_cluster_enabled" cache_cluster_enabled: bool,
        "cache_cluster_size" cache_cluster_size: Option<String>,
        "cache_cluster_status" cache_cluster_status: String,
        "method_settings" method_settings: BTreeMap<String, MethodSettingV1>,
        "variables" variables: BTreeMap<String, String>,
        "documentation_version" documentation_version: Option<String>,
        "access_log_settings" access_log_settings: Option<AccessLogSettingsV1>,
        "canary_settings" canary_settings: Option<CanarySettingsV1>,
        "tracing_enabled" tracing_enabled: bool,
        "web_acl_arn" web_acl_arn: Option<String>,
        "tags" tags: BTreeMap<String, String>,
    }

    /// Settings of methods.
    pub(super) struct MethodSettingV1 of MethodSetting {
        "metrics_enabled" metrics_enabled: bool,
        "logging_level" logging_level: Option<String>,
        "data_trace_enabled" data_trace_enabled: bool,
        "throttling_burst_limit" throttling_burst_limit: i32,
        "throttling_rate_limit" throttling_rate_limit: f64,
        "caching_enabled" caching_enabled: bool,
        "cache_ttl_in_seconds" cache_ttl_in_seconds: i32,
        "cache_data_encrypted" cache_data_encrypted: bool,
        "require_authorization_for_cache_control" require_authorization_for_cache_control: bool,
        "unauthorized_cache_control_header_strategy" unauthorized_cache_control_header_strategy: String,
    }

    /// Where access logs go.
    pub(super) struct AccessLogSettingsV1 of AccessLogSettings {
        "format" format: Option<String>,
        "destination_arn" destination_arn: Option<String>,
    }

    /// A canary.
    pub(super) struct CanarySettingsV1 of CanarySettings {
        "percent_traffic" percent_traffic: f64,
        "deployment_id" deployment_id: String,
        "stage_variable_overrides" stage_variable_overrides: BTreeMap<String, String>,
        "use_stage_cache" use_stage_cache: bool,
    }
}
