//! Functions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::code::Package;
use super::page::Page;
use super::view::Configuration;
use super::{fault, rooms};
use crate::functions::{CodeChange, LATEST, NewFunction, Reference, Settings, View};
use crate::wire::{ApiError, Call};

/// What configures a function, in calls that make or change one.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Configured {
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    description: Option<String>,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    dead_letter_config: Option<DeadLetterConfig>,
    environment: Option<Environment>,
    tracing_config: Option<TracingConfig>,
    layers: Option<Vec<String>>,
    ephemeral_storage: Option<EphemeralStorage>,
    snap_start: Option<SnapStart>,
    logging_config: Option<LoggingConfig>,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<String>,
    vpc_config: Option<Value>,
    file_system_configs: Option<Vec<Value>>,
    image_config: Option<Value>,
    tenancy_config: Option<Value>,
    capacity_provider_config: Option<Value>,
    durable_config: Option<Value>,
    runtime_config: Option<Value>,
    accelerator_config: Option<Value>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    target_arn: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: u32,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    log_format: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
    log_group: Option<String>,
}

impl Configured {
    /// Refuses what would have to do something that this server doesn't. Empty values say nothing.
    fn check(&self) -> Result<(), ApiError> {
        let says = |value: &Option<Value>| match value {
            Some(Value::Object(members)) => members.values().any(|value| match value {
                Value::Array(items) => !items.is_empty(),
                Value::Null | Value::Bool(false) => false,
                Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
            }),
            Some(_) | None => false,
        };
        for (member, is_given) in [
            ("KMSKeyArn", self.kms_key_arn.as_deref().is_some_and(|arn| !arn.is_empty())),
            ("VpcConfig", says(&self.vpc_config)),
            ("FileSystemConfigs", self.file_system_configs.as_ref().is_some_and(|list| !list.is_empty())),
            ("ImageConfig", says(&self.image_config)),
            ("TenancyConfig", says(&self.tenancy_config)),
            ("CapacityProviderConfig", says(&self.capacity_provider_config)),
            ("DurableConfig", says(&self.durable_config)),
            ("RuntimeConfig", says(&self.runtime_config)),
            ("AcceleratorConfig", says(&self.accelerator_config)),
            ("A Timeout of more than 900 seconds", self.timeout.is_some_and(|timeout| TIMEOUT_MAX < timeout)),
            ("A MemorySize of more than 10240 MB", self.memory_size.is_some_and(|size| MEMORY_MAX < size)),
            (
                "An EphemeralStorage of more than 10240 MB",
                self.ephemeral_storage.as_ref().is_some_and(|storage| MEMORY_MAX < storage.size),
            ),
        ] {
            if is_given {
                return Err(fault::unsupported(member));
            }
        }
        Ok(())
    }

    /// The same as a change, with its layers looked up.
    async fn change(self, call: &Call) -> Result<impl Fn(&mut Settings) + Send + 'static, ApiError> {
        self.check()?;
        let layers = match self.layers.clone() {
            Some(layers) => Some(rooms(call).layer_refs(&call.home, layers).await?),
            None => None,
        };
        Ok(move |settings: &mut Settings| {
            fn set<T>(place: &mut T, value: Option<T>) {
                if let Some(value) = value {
                    *place = value;
                }
            }
            let given = self.clone();
            set(&mut settings.runtime, given.runtime);
            set(&mut settings.role, given.role);
            set(&mut settings.handler, given.handler);
            set(&mut settings.description, given.description);
            set(&mut settings.timeout_s, given.timeout);
            set(&mut settings.memory_mb, given.memory_size);
            set(&mut settings.ephemeral_mb, given.ephemeral_storage.map(|storage| storage.size));
            set(&mut settings.layers, layers.clone());
            set(&mut settings.tracing, given.tracing_config.and_then(|config| config.mode));
            set(&mut settings.snap_start, given.snap_start.and_then(|config| config.apply_on));
            if let Some(DeadLetterConfig { target_arn }) = given.dead_letter_config {
                settings.dead_letter = target_arn.filter(|arn| !arn.is_empty());
            }
            if let Some(Environment { variables }) = given.environment {
                settings.environment = variables.filter(|variables| !variables.is_empty());
            }
            if let Some(logging) = given.logging_config {
                set(&mut settings.logging.format, logging.log_format);
                let is_json = settings.logging.format == "JSON";
                settings.logging.application_level = logging.application_log_level.filter(|_| is_json);
                settings.logging.system_level = logging.system_log_level.filter(|_| is_json);
                settings.logging.group = logging.log_group;
            }
        })
    }
}

/// AWS's bounds for functions that are not of the kinds that this server refuses.
const TIMEOUT_MAX: u32 = 900;
const MEMORY_MAX: u32 = 10_240;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    function_name: String,
    code: Package,
    #[serde(default)]
    publish: bool,
    publish_to: Option<String>,
    package_type: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    code_signing_config_arn: Option<String>,
    architectures: Option<Vec<String>>,
    #[serde(flatten)]
    configured: Configured,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Configuration, ApiError> {
    for (member, is_given) in [
        ("PackageType Image", input.package_type.as_deref() == Some("Image")),
        ("CodeSigningConfigArn", input.code_signing_config_arn.is_some()),
        ("PublishTo", input.publish_to.is_some()),
    ] {
        if is_given {
            return Err(fault::unsupported(member));
        }
    }
    for (member, value) in [("Runtime", &input.configured.runtime), ("Handler", &input.configured.handler)] {
        if value.is_none() {
            return Err(fault::invalid(format!(
                "{member} is mandatory for functions created with deployment packages."
            )));
        }
    }
    let reference = Reference::parse(&input.function_name, None, &call.home)?;
    let mut settings = Settings::default();
    let architecture = input.architectures.and_then(|list| list.into_iter().next());
    input.configured.change(call).await?(&mut settings);
    if let Some(architecture) = architecture {
        settings.architecture = architecture;
    }
    let code = input.code.bytes(call).await?;
    let tags = input.tags.unwrap_or_default();
    let new = NewFunction { name: reference.name, settings, code, tags, publish: input.publish };
    let View { function, version } = rooms(call).create(&call.home, new).await?;
    let is_qualified = version.version != LATEST;
    Ok(Configuration::of(&call.home, &function.name, version, is_qualified))
}

/// A function, perhaps with a version or an alias.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) function_name: String,
    pub(super) qualifier: Option<String>,
}

impl Named {
    pub(super) fn reference(&self, call: &Call) -> Result<Reference, ApiError> {
        // An empty qualifier is none.
        let qualifier = self.qualifier.as_deref().filter(|qualifier| !qualifier.is_empty());
        Ok(Reference::parse(&self.function_name, qualifier, &call.home)?)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    configuration: Configuration,
    code: Value,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<Value>,
}

async fn found(call: &Call, named: &Named) -> Result<(View, Configuration), ApiError> {
    let Reference { name, qualifier } = named.reference(call)?;
    let view = rooms(call).view(&call.home, &name, qualifier.as_deref()).await?;
    let mut configuration = Configuration::of(&call.home, &name, view.version.clone(), qualifier.is_some());
    if let Some(qualifier) = qualifier.filter(|qualifier| view.function.aliases.contains_key(qualifier)) {
        // What is asked for by an alias has the alias's ARN.
        configuration.function_arn =
            format!("{}:{qualifier}", crate::functions::function_arn(&call.home, &name));
    }
    Ok((view, configuration))
}

pub(super) async fn get(call: &Call, input: Named) -> Result<Got, ApiError> {
    let (view, configuration) = found(call, &input).await?;
    let concurrency = view.function.reserved.map(|n| json!({"ReservedConcurrentExecutions": n}));
    // AWS answers with the address of a copy in S3, of which there is none here.
    let code = json!({"RepositoryType": "S3"});
    Ok(Got { configuration, code, tags: view.function.tags, concurrency })
}

pub(super) async fn configuration(call: &Call, input: Named) -> Result<Configuration, ApiError> {
    found(call, &input).await.map(|(_, configuration)| configuration)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateCode {
    function_name: String,
    #[serde(flatten)]
    code: Package,
    #[serde(default)]
    publish: bool,
    publish_to: Option<String>,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
    architectures: Option<Vec<String>>,
}

pub(super) async fn update_code(call: &Call, input: UpdateCode) -> Result<Configuration, ApiError> {
    if input.publish_to.is_some() {
        return Err(fault::unsupported("PublishTo"));
    }
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let change = CodeChange {
        code: input.code.bytes(call).await?,
        architecture: input.architectures.and_then(|list| list.into_iter().next()),
        publish: input.publish,
        dry_run: input.dry_run,
        revision_id: input.revision_id,
    };
    let View { version, .. } = rooms(call).update_code(&call.home, &name, change).await?;
    let is_qualified = version.version != LATEST;
    Ok(Configuration::of(&call.home, &name, version, is_qualified))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateConfiguration {
    function_name: String,
    revision_id: Option<String>,
    #[serde(flatten)]
    configured: Configured,
}

pub(super) async fn update_configuration(
    call: &Call,
    input: UpdateConfiguration,
) -> Result<Configuration, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let change = input.configured.change(call).await?;
    let view = rooms(call).update_configuration(&call.home, &name, input.revision_id, change).await?;
    Ok(Configuration::of(&call.home, &name, view.version, false))
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<Value, ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    rooms(call).delete(&call.home, &name, qualifier.as_deref()).await?;
    Ok(json!({"StatusCode": 204}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    function_version: Option<String>,
    #[serde(flatten)]
    page: Page,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    functions: Vec<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

/// With `FunctionVersion` ALL, every version of each function of a page, which has fewer functions then.
pub(super) async fn list(call: &Call, input: List) -> Result<Listed, ApiError> {
    let after = input.page.marker.as_deref().unwrap_or_default();
    let (views, is_more) = rooms(call).list(&call.home, after, input.page.max()).await?;
    let next_marker = views.last().filter(|_| is_more).map(|view| view.function.name.clone());
    let mut functions = Vec::new();
    for View { function, version } in views {
        let is_all = input.function_version.is_some();
        functions.push(Configuration::of(&call.home, &function.name, version, is_all));
        if is_all {
            let (versions, _) = rooms(call).versions(&call.home, &function.name, 0, VERSIONS_MAX).await?;
            let views = versions
                .into_iter()
                .map(|version| Configuration::of(&call.home, &function.name, version, true));
            functions.extend(views);
        }
    }
    Ok(Listed { functions, next_marker })
}

/// Versions of one function in a list of all.
const VERSIONS_MAX: usize = 1_000;
