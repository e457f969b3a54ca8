//! What is kept of a function.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// The version that can be changed.
pub const LATEST: &str = "$LATEST";

/// A function without what its versions are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The number of the version that is published next.
    pub next_version: u64,
    /// Aliases by name.
    pub aliases: BTreeMap<String, Alias>,
    /// Who else may call it, by version or alias; `""` for the function itself.
    pub policies: BTreeMap<String, Policy>,
    /// How many invocations it may have at one time.
    pub reserved: Option<u32>,
    /// How events are handled, by version or alias.
    pub events: BTreeMap<String, EventConfig>,
    /// How many instances are kept ready, by version or alias.
    pub provisioned: BTreeMap<String, u32>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Its URLs, by alias; `""` for the function itself.
    pub urls: BTreeMap<String, UrlConfig>,
    /// Whether a function that calls itself without end is stopped, `Terminate` or `Allow`; `None` as long as nobody
    /// has said so. Kept, and shown.
    pub recursive_loop: Option<String>,
    /// When versions get a new runtime, by version: kept, and shown.
    pub runtime_updates: BTreeMap<String, RuntimeUpdates>,
}

/// When a version gets a new runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeUpdates {
    /// `Auto`, `FunctionUpdate` or `Manual`.
    pub mode: String,
    /// The runtime's version of `Manual`.
    pub runtime_version: Option<String>,
}

/// An HTTP address of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlConfig {
    /// The first label of its host.
    pub id: String,
    /// `AWS_IAM` or `NONE`.
    pub auth_type: String,
    /// `BUFFERED` or `RESPONSE_STREAM`.
    pub invoke_mode: String,
    /// What pages of other origins may do.
    pub cors: Option<Cors>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

/// What pages of other origins may do. Lists that were not given are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Whether cookies and the like are sent.
    pub allow_credentials: Option<bool>,
    /// Headers of requests.
    pub allow_headers: Option<Vec<String>>,
    /// Methods of requests.
    pub allow_methods: Option<Vec<String>>,
    /// The origins.
    pub allow_origins: Option<Vec<String>>,
    /// Headers of answers.
    pub expose_headers: Option<Vec<String>>,
    /// How long browsers keep this, in seconds.
    pub max_age_s: Option<u32>,
}

/// A version: immutable, but for `$LATEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `$LATEST` or a number.
    pub version: String,
    /// What it is made of.
    pub settings: Settings,
    /// Its package.
    pub code: CodeRef,
    /// When it was last changed.
    pub last_modified: Timestamp,
    /// Changes with every change.
    pub revision_id: String,
}

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeRef {
    /// SHA-256 in base64.
    pub sha256: String,
    /// Bytes of the archive.
    pub size: u64,
    /// Bytes of what is in it.
    pub unzipped: u64,
}

/// What can be configured of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What it is for.
    pub description: String,
    /// The role's ARN.
    pub role: String,
    /// Such as `python3.12`.
    pub runtime: String,
    /// What is called in the package.
    pub handler: String,
    /// How long an invocation may take, in seconds.
    pub timeout_s: u32,
    /// What an instance may take, in MB.
    pub memory_mb: u32,
    /// The largest file that an instance may write, in MB.
    pub ephemeral_mb: u32,
    /// Environment variables; `None` if there never were any.
    pub environment: Option<BTreeMap<String, String>>,
    /// `x86_64` or `arm64`: kept, and shown.
    pub architecture: String,
    /// `Active` or `PassThrough`: kept, and shown.
    pub tracing: String,
    /// `PublishedVersions` or `None`: kept, and shown.
    pub snap_start: String,
    /// Where events go that could not be handled.
    pub dead_letter: Option<String>,
    /// How its log is written.
    pub logging: LoggingConfig,
    /// Layers' versions, the lowest first.
    pub layers: Vec<LayerRef>,
}

/// A version of a layer that a function has; it stays when the layer is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRef {
    /// The version's ARN.
    pub arn: String,
    /// Its package.
    pub code: CodeRef,
}

/// How a log is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggingConfig {
    /// `Text` or `JSON`.
    pub format: String,
    /// The least level of the function's own lines.
    pub application_level: Option<String>,
    /// The least level of the platform's lines: kept, and shown.
    pub system_level: Option<String>,
    /// The log group, if it isn't the function's own.
    pub group: Option<String>,
}

/// A name for a version, or for two.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// The version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// The share of invocations that another version gets.
    pub weights: BTreeMap<String, f64>,
    /// Changes with every change.
    pub revision_id: String,
}

/// A resource policy: permissions, one a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Permissions in their order.
    pub statements: Vec<Permission>,
    /// Changes with every change.
    pub revision_id: String,
}

/// Who may do what with a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// The statement's name.
    pub statement_id: String,
    /// Such as `lambda:InvokeFunction`.
    pub action: String,
    /// A service, an account, an ARN, or `*`.
    pub principal: String,
    /// The ARN of what calls, perhaps with wildcards.
    pub source_arn: Option<String>,
    /// The account of what calls.
    pub source_account: Option<String>,
    /// A token of Alexa.
    pub event_source_token: Option<String>,
    /// An organization.
    pub principal_org_id: Option<String>,
    /// How whoever calls the function's URL is known.
    pub function_url_auth_type: Option<String>,
    /// Whether only calls of the function's URL are meant.
    pub invoked_via_function_url: Option<bool>,
}

/// How events are handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventConfig {
    /// How old an event may become, in seconds.
    pub age_max_s: Option<u32>,
    /// How often a failed event is tried again.
    pub retries_max: Option<u32>,
    /// Who is told of an event that was handled.
    pub on_success: Option<String>,
    /// Who is told of an event that was not.
    pub on_failure: Option<String>,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

/// A version of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerVersion {
    /// The layer.
    pub name: String,
    /// Counts from 1.
    pub version: u64,
    /// What it is for.
    pub description: String,
    /// Runtimes that it is for.
    pub runtimes: Vec<String>,
    /// Architectures that it is for.
    pub architectures: Vec<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Its package.
    pub code: CodeRef,
    /// When it was published.
    pub created: Timestamp,
    /// Who else may have it.
    pub policy: LayerPolicy,
}

/// The resource policy of a layer's version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerPolicy {
    /// Permissions in their order.
    pub statements: Vec<LayerPermission>,
    /// Changes with every change.
    pub revision_id: String,
}

/// Who else may have a layer's version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerPermission {
    /// The statement's name.
    pub statement_id: String,
    /// Such as `lambda:GetLayerVersion`.
    pub action: String,
    /// An account, an ARN, or `*`.
    pub principal: String,
    /// All accounts of this organization.
    pub organization_id: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            description: String::new(),
            role: String::new(),
            runtime: String::new(),
            handler: String::new(),
            timeout_s: 3,
            memory_mb: 128,
            ephemeral_mb: 512,
            environment: None,
            architecture: "x86_64".to_owned(),
            tracing: "PassThrough".to_owned(),
            snap_start: "None".to_owned(),
            dead_letter: None,
            logging: LoggingConfig { format: "Text".to_owned(), ..LoggingConfig::default() },
            layers: Vec::new(),
        }
    }
}

/// The ARN of a layer.
pub fn layer_arn(home: &AccountRegion, name: &str) -> String {
    let AccountRegion { account, region } = home;
    format!("arn:{}:lambda:{region}:{account}:layer:{name}", region.partition())
}
