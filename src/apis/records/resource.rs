//! Resources with their methods and integrations.

use std::collections::BTreeMap;

use crate::apis::integration::{Integration, IntegrationResponse, TlsConfig};
use crate::apis::method::{Method, MethodResponse};
use crate::apis::resource::Resource;
use crate::store::record;

record! {
    /// A resource; its methods stand under their verbs.
    pub(super) struct ResourceV1 of Resource {
        "id" id: String,
        "parent_id" parent_id: Option<String>,
        "path_part" path_part: Option<String>,
        "path" path: String,
        "methods" methods: BTreeMap<String, MethodV1>,
    }

    /// A method; its responses stand under their status.
    pub(super) struct MethodV1 of Method {
        "authorization_type" authorization_type: String,
        "authorizer_id" authorizer_id: Option<String>,
        #[serde(default)]
        "authorization_scopes" authorization_scopes: Vec<String>,
        "api_key_required" api_key_required: bool,
        "operation_name" operation_name: Option<String>,
        "request_parameters" request_parameters: BTreeMap<String, bool>,
        "request_models" request_models: BTreeMap<String, String>,
        "request_validator_id" request_validator_id: Option<String>,
        "responses" responses: BTreeMap<u16, MethodResponseV1>,
        "integration" integration: Option<IntegrationV1>,
    }

    /// A method response.
    pub(super) struct MethodResponseV1 of MethodResponse {
        "parameters" parameters: BTreeMap<String, bool>,
        "models" models: BTreeMap<String, String>,
    }

    /// An integration; its responses stand under their status.
    pub(super) struct IntegrationV1 of Integration {
        "kind" kind: String,
        "http_method" http_method: Option<String>,
        "uri" uri: Option<String>,
        "connection_type" connection_type: String,
        "connection_id" connection_id: Option<String>,
        "credentials" credentials: Option<String>,
        "request_parameters" request_parameters: BTreeMap<String, String>,
        "request_templates" request_templates: BTreeMap<String, String>,
        "passthrough_behavior" passthrough_behavior: String,
        "content_handling" content_handling: Option<String>,
        "timeout_millis" timeout_millis: u32,
        "cache_namespace" cache_namespace: String,
        "cache_key_parameters" cache_key_parameters: Vec<String>,
        "tls_config" tls_config: Option<TlsConfigV1>,
        "response_transfer_mode" response_transfer_mode: Option<String>,
        "integration_target" integration_target: Option<String>,
        "responses" responses: BTreeMap<u16, IntegrationResponseV1>,
    }

    /// An integration response.
    pub(super) struct IntegrationResponseV1 of IntegrationResponse {
        "selection_pattern" selection_pattern: Option<String>,
        "parameters" parameters: BTreeMap<String, String>,
        "templates" templates: Option<BTreeMap<String, String>>,
        "content_handling" content_handling: Option<String>,
    }

    /// How a backend's certificate is checked.
    pub(super) struct TlsConfigV1 of TlsConfig {
        #[serde(default)]
        "insecure_skip_verification" insecure_skip_verification: bool,
    }
}
