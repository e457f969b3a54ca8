//! What operations answer.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::functions::{LATEST, LayerVersion, Version, function_arn, layer_arn};
use crate::id::AccountRegion;

/// A version of a function.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Configuration {
    function_name: String,
    pub(super) function_arn: String,
    runtime: String,
    role: String,
    handler: String,
    code_size: u64,
    description: String,
    timeout: u32,
    memory_size: u32,
    last_modified: String,
    code_sha256: String,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_config: Option<DeadLetterConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    tracing_config: TracingConfig,
    revision_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Layer>,
    state: &'static str,
    last_update_status: &'static str,
    package_type: &'static str,
    architectures: Vec<String>,
    ephemeral_storage: EphemeralStorage,
    snap_start: SnapStart,
    logging_config: LoggingConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    master_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    target_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Layer {
    arn: String,
    code_size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: String,
    optimization_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    log_format: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_log_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_log_level: Option<String>,
    log_group: String,
}

impl Configuration {
    /// A version, under its own ARN where `is_qualified`: `$LATEST` has one only in lists of versions.
    pub(super) fn of(home: &AccountRegion, name: &str, version: Version, is_qualified: bool) -> Self {
        let arn = function_arn(home, name);
        let qualified = |qualifier: &str| format!("{arn}:{qualifier}");
        let is_latest = version.version == LATEST;
        let settings = version.settings;
        let has_json = settings.logging.format == "JSON";
        Self {
            function_name: name.to_owned(),
            function_arn: if is_qualified { qualified(&version.version) } else { arn.clone() },
            runtime: settings.runtime,
            role: settings.role,
            handler: settings.handler,
            code_size: version.code.size,
            description: settings.description,
            timeout: settings.timeout_s,
            memory_size: settings.memory_mb,
            last_modified: time(version.last_modified),
            code_sha256: version.code.sha256,
            master_arn: (is_qualified && !is_latest).then(|| qualified(LATEST)),
            version: version.version,
            dead_letter_config: settings.dead_letter.map(|target_arn| DeadLetterConfig { target_arn }),
            environment: settings.environment.map(|variables| Environment { variables }),
            tracing_config: TracingConfig { mode: settings.tracing },
            revision_id: version.revision_id,
            layers: settings
                .layers
                .into_iter()
                .map(|layer| Layer { arn: layer.arn, code_size: layer.code.size })
                .collect(),
            state: "Active",
            last_update_status: "Successful",
            package_type: "Zip",
            architectures: vec![settings.architecture],
            ephemeral_storage: EphemeralStorage { size: settings.ephemeral_mb },
            // Instances start anew: there is no snapshot of one.
            snap_start: SnapStart { apply_on: settings.snap_start, optimization_status: "Off" },
            logging_config: LoggingConfig {
                log_group: settings.logging.group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
                application_log_level: settings
                    .logging
                    .application_level
                    .or_else(|| has_json.then(|| "INFO".to_owned())),
                system_log_level: settings
                    .logging
                    .system_level
                    .or_else(|| has_json.then(|| "INFO".to_owned())),
                log_format: settings.logging.format,
            },
        }
    }
}

/// A layer's version.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LayerView {
    layer_version_arn: String,
    version: u64,
    description: String,
    created_date: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compatible_runtimes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compatible_architectures: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_info: Option<String>,
}

/// A layer's version with its package.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LayerContentView {
    layer_arn: String,
    content: LayerContent,
    #[serde(flatten)]
    layer: LayerView,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LayerContent {
    code_sha256: String,
    code_size: u64,
}

impl LayerView {
    pub(super) fn of(home: &AccountRegion, layer: LayerVersion) -> Self {
        Self {
            layer_version_arn: format!("{}:{}", layer_arn(home, &layer.name), layer.version),
            version: layer.version,
            description: layer.description,
            created_date: time(layer.created),
            compatible_runtimes: layer.runtimes,
            compatible_architectures: layer.architectures,
            license_info: layer.license,
        }
    }
}

impl LayerContentView {
    pub(super) fn of(home: &AccountRegion, layer: LayerVersion) -> Self {
        let content = LayerContent { code_sha256: layer.code.sha256.clone(), code_size: layer.code.size };
        Self { layer_arn: layer_arn(home, &layer.name), content, layer: LayerView::of(home, layer) }
    }
}

/// `2026-01-31T12:00:00.000+0000`
pub(super) fn time(time: Timestamp) -> String {
    format!("{}+0000", time.to_iso8601().trim_end_matches('Z'))
}
