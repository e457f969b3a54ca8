//! The server's settings, as documented in `config/stepgate.toml`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use http::Uri;
use serde::Deserialize;

use super::console_options::{ConsoleOptions, InspectorOptions};
use super::database::Database;
use super::error::Error;
use super::origin::Origin;
use super::secrets::Secrets;
use crate::cognito::CodesTo;
use crate::connect::HttpClient;
use crate::connect::http1::{Point, Relaxed};
use crate::identity::iam::Enforcement;
use crate::stack::UnknownTypes;
use crate::tasks::Connection;
use crate::wire::client::ServiceEndpoints;

/// The stack in a new data directory.
pub const TUTORIAL_STACK: &str = "tutorial";
/// Its template, the file `config/tutorial.yaml`.
pub const TUTORIAL_TEMPLATE: &str = include_str!("../../config/tutorial.yaml");

/// All settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The directory for all durable data.
    pub data_dir: PathBuf,
    /// The database server that everything durable is kept on instead, if there is one.
    pub store: Database,
    /// Where the master key for secrets is.
    pub secrets: Secrets,
    /// Whether to continue without data that the directory has lost; for one start only, so it is not a setting.
    #[serde(skip)]
    pub accept_loss: bool,
    /// The file that these settings come from, whose access keys are read again when they change.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// Where settings come from that are not the default, by key.
    #[serde(skip)]
    pub origins: BTreeMap<String, Origin>,
    /// Settings that are not the server's, but to be shown with its own.
    #[serde(skip)]
    pub beside: BTreeMap<String, String>,
    /// Plain listeners.
    pub listen: Listen,
    /// The TLS listener.
    pub tls: Tls,
    /// TLS of the listener `listen.control`.
    pub control_tls: ControlTls,
    /// The account and region that templates are deployed into.
    pub account: Account,
    /// Access keys that may sign requests.
    pub credentials: Vec<Credential>,
    /// What to deploy at start.
    pub deploy: Deploy,
    /// How stacks are made.
    pub stacks: StackOptions,
    /// Limits on concurrency, time and memory.
    pub limits: Limits,
    /// Which HTTP rules are relaxed.
    pub http: Http,
    /// The gateway's own settings.
    pub gateway: Gateway,
    /// How roles and policies are asked.
    pub iam: Iam,
    /// How Lambda functions run.
    pub functions: Functions,
    /// The addresses that integrations, tasks and other outbound calls may reach.
    pub egress: Egress,
    /// Endpoints of other AWS services.
    pub services: ServiceEndpoints,
    /// Connections with which `http:invoke` tasks authorize, by name.
    pub connections: BTreeMap<String, Connection>,
    /// Where executions log.
    pub execution_logs: ExecutionLogs,
    /// Where stages' access logs go.
    pub access_logs: AccessLogs,
    /// Where a line for each call of the AWS APIs goes.
    pub audit_log: AuditLog,
    /// The console's own settings.
    pub console: ConsoleOptions,
    /// Requests that are written to a file.
    pub inspector: InspectorOptions,
    /// Targets of VPC links: scheme and authority of a server, by the link's name.
    pub vpc_links: BTreeMap<String, String>,
    /// User pools whose tokens are accepted, by ARN.
    pub user_pools: BTreeMap<String, UserPool>,
    /// OpenID Connect providers whose tokens are logins of identity pools, by ARN.
    pub oidc_providers: BTreeMap<String, OidcProvider>,
    /// Cognito's own settings.
    pub cognito: CognitoOptions,
    /// Certificate files for custom domain names, by ARN.
    pub certificates: BTreeMap<String, CertificateFiles>,
    /// PEM files of truststores for mutual TLS, by the URIs in custom domain names.
    pub truststores: BTreeMap<String, PathBuf>,
    /// Systems Manager parameters for templates, by name: values of `AWS::SSM::Parameter::Value<…>` parameters.
    pub ssm_parameters: BTreeMap<String, String>,
}

impl Options {
    /// Whether the key that everybody knows signs.
    pub fn has_default_key(&self) -> bool {
        Self::default().credentials.iter().any(|known| self.credentials.contains(known))
    }

    /// How strictly roles are asked. Unless the settings say it, that is as on AWS where people have keys of their own, and
    /// where the key that everybody knows signs, as on a laptop, roles that aren't here are let through: what is tried
    /// there often names roles of an account elsewhere.
    pub fn enforcement(&self) -> Enforcement {
        let unless_said = if self.has_default_key() { Enforcement::Enforced } else { Enforcement::Strict };
        self.iam.enforcement.unwrap_or(unless_said)
    }
}

/// How roles and policies are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Iam {
    /// Whether the roles of integrations, state machines and functions have to exist, trust the service, and allow what
    /// is called under them; [`Options::enforcement`] without it.
    pub enforcement: Option<Enforcement>,
}

/// Addresses of the plain listeners.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Serves everything, unless `data` and `control` are set.
    pub address: SocketAddr,
    /// Serves deployed APIs only.
    pub data: Option<SocketAddr>,
    /// Serves everything except deployed APIs.
    pub control: Option<SocketAddr>,
}

/// The TLS listener; off unless it has an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The address to listen on.
    pub address: Option<SocketAddr>,
    /// PEM file of the certificate chain; without it, a development certificate is generated.
    pub certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub private_key: Option<PathBuf>,
}

/// TLS of the listener `listen.control`; it is plain unless one of these is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ControlTls {
    /// PEM file of the certificate chain; without it, a development certificate is generated.
    pub certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub private_key: Option<PathBuf>,
    /// PEM file of the CA certificates that must have signed clients' certificates; without it, clients need none.
    pub client_ca: Option<PathBuf>,
}

/// A Cognito user pool, or another issuer of such tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserPool {
    /// The tokens' `iss` claim; by default the pool's own URL.
    pub issuer: Option<String>,
    /// The URL of the keys; by default below the issuer.
    pub jwks_url: Option<String>,
    /// A file with the keys, in place of the URL.
    pub jwks_file: Option<PathBuf>,
}

/// Cognito's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CognitoOptions {
    /// The URL that gets users' codes, as a POST with JSON; without one, they go to the log.
    pub code_webhook: Option<String>,
}

impl CognitoOptions {
    /// Where codes go.
    pub(super) fn codes(&self, client: &HttpClient) -> Result<CodesTo, Error> {
        let Some(text) = &self.code_webhook else { return Ok(CodesTo::Log) };
        let address = text
            .parse::<Uri>()
            .ok()
            .filter(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
        match address {
            Some(address) => Ok(CodesTo::Webhook { address, client: client.clone() }),
            None => {
                let problem = format!("{text:?} is no http or https address");
                Err(Error::Setting { key: "cognito.code_webhook", problem })
            }
        }
    }
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcProvider {
    /// The tokens' `iss` claim; by default `https://` and what the ARN ends in.
    pub issuer: Option<String>,
    /// The clients whose tokens are accepted: the tokens' `aud` claim.
    pub client_ids: Vec<String>,
    /// The URL of the keys; by default below the issuer.
    pub jwks_url: Option<String>,
    /// A file with the keys, in place of the URL.
    pub jwks_file: Option<PathBuf>,
}

/// A certificate in two PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The certificate, followed by its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub private_key: PathBuf,
}

/// The server's own account and region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// A region's name.
    pub region: String,
}

/// An access key that may sign requests.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret; never printed.
    pub secret_access_key: String,
}

/// What to deploy at start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deploy {
    /// Whether to deploy the tutorial into a new data directory if there are no templates.
    pub tutorial: bool,
    /// CloudFormation templates to apply at every start.
    pub templates: Vec<PathBuf>,
}

/// How stacks are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StackOptions {
    /// What becomes of resources whose types this server doesn't have.
    pub unknown_types: UnknownTypes,
}

/// Limits on concurrency, time and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most requests in flight; more are refused.
    pub requests_in_flight: usize,
    /// Additional capacity for the AWS APIs, and the same again for health and metrics; also the number of connections
    /// reserved for these.
    pub reserved: usize,
    /// The most open connections on all listeners.
    pub connections: usize,
    /// The most open connections of one client address (in IPv6: of one /64); 0 means no limit.
    pub connections_per_address: usize,
    /// How long a TLS handshake may take, in seconds.
    pub tls_handshake_timeout_s: u64,
    /// How long a client may take to send its headers, in seconds.
    pub header_read_timeout_s: u64,
    /// The longest idle time between requests, in seconds.
    pub idle_timeout_s: u64,
    /// How long to wait for a client that sends a body, in seconds.
    pub body_read_timeout_s: u64,
    /// How long to wait for a client that reads a response, in seconds.
    pub answer_write_timeout_s: u64,
    /// The minimum rate of bodies in both directions, in bytes per second; 0 means none.
    pub body_rate_min: u64,
    /// How long requests in flight may take to finish after SIGTERM, in seconds.
    pub drain_s: u64,
    /// The most memory for all bodies of more than 64 KiB and the results of mapping them, in MiB.
    pub body_memory_mib: usize,
    /// Limits of HTTP/2 connections.
    pub http2: Http2Limits,
}

/// Limits of HTTP/2 connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http2Limits {
    /// The most concurrent streams of a connection.
    pub streams: u32,
    /// How many more requests a client may cancel than it lets complete, on one connection.
    pub resets: u32,
    /// How often a client is pinged, in seconds.
    pub ping_interval_s: u64,
    /// How long it may take to answer a ping, in seconds.
    pub ping_timeout_s: u64,
}

/// Which HTTP rules are relaxed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The rules, by name.
    pub relax: Vec<Point>,
}

impl Http {
    /// The rules as a set.
    pub fn relaxed(&self) -> Relaxed {
        self.relax.iter().copied().collect()
    }
}

/// The gateway's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// The API behind `http://host:port/{stage}/…`.
    pub default_api: Option<String>,
    /// Whether to send callers their limits.
    pub rate_limit_headers: bool,
    /// The rate limit for all APIs together, in requests a second; no limit unless set.
    pub account_rate_limit: Option<u32>,
    /// The burst limit for all APIs together; equal to the rate unless set.
    pub account_burst_limit: Option<u32>,
}

/// How Lambda functions run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Functions {
    /// Invocations at one time, of all functions.
    pub concurrency: u32,
    /// How long an instance waits for its next event, in seconds.
    pub idle_s: u64,
    /// How long an event that failed waits for its first retry, in seconds; twice as long for the second.
    pub retry_delay_s: u64,
    /// Whether an interpreter of another version may run a function whose own version isn't there.
    pub near_versions: bool,
    /// A `node_modules` that functions find after their own modules: the AWS SDK that AWS's runtime has.
    pub sdk_nodejs: Option<PathBuf>,
    /// The same for Python.
    pub sdk_python: Option<PathBuf>,
}

impl Default for Functions {
    fn default() -> Self {
        Self {
            concurrency: 64,
            idle_s: 300,
            retry_delay_s: 60,
            near_versions: true,
            sdk_nodejs: None,
            sdk_python: None,
        }
    }
}

/// Egress rules: addresses, networks and host names, each optionally with a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Egress {
    /// May be called, whatever other rules say.
    pub allow: Vec<String>,
    /// May not be called.
    pub deny: Vec<String>,
}

/// Where the events of state machines are logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExecutionLogs {
    /// The kind of target.
    pub to: LogTarget,
    /// The directory of the files; by default `execution-logs` in the data directory.
    pub directory: Option<PathBuf>,
}

/// Where the lines of stages' access logs go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLogs {
    /// The kind of target, for destinations without a target of their own.
    pub to: LogTarget,
    /// The directory of the files; by default `access-logs` in the data directory.
    pub directory: Option<PathBuf>,
    /// Targets of individual destinations, by ARN: `off`, `stdout`, `file:PATH`, `tcp://HOST:PORT` or
    /// `udp://HOST:PORT`.
    pub destinations: BTreeMap<String, String>,
}

/// The audit log, a line of JSON for each call of the AWS APIs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditLog {
    /// Whether there is one.
    pub to: AuditTarget,
    /// Its file; by default `audit.jsonl` in the data directory.
    pub file: Option<PathBuf>,
}

/// Where the audit log goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditTarget {
    /// Nowhere.
    #[default]
    Off,
    /// To standard output.
    Stdout,
    /// To a file.
    File,
}

/// A kind of log target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogTarget {
    /// Files, one for each destination.
    #[default]
    Files,
    /// Standard output.
    Stdout,
    /// None: state machines can't turn logging on, and access logs are lost.
    Off,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: "stepgate-data".into(),
            store: Database::default(),
            secrets: Secrets::default(),
            accept_loss: false,
            file: None,
            origins: BTreeMap::new(),
            beside: BTreeMap::new(),
            listen: Listen::default(),
            tls: Tls::default(),
            control_tls: ControlTls::default(),
            account: Account::default(),
            credentials: vec![Credential { access_key_id: "test".into(), secret_access_key: "test".into() }],
            deploy: Deploy::default(),
            stacks: StackOptions::default(),
            limits: Limits::default(),
            http: Http::default(),
            gateway: Gateway::default(),
            iam: Iam::default(),
            functions: Functions::default(),
            egress: Egress::default(),
            services: ServiceEndpoints::default(),
            connections: BTreeMap::new(),
            execution_logs: ExecutionLogs::default(),
            access_logs: AccessLogs::default(),
            audit_log: AuditLog::default(),
            console: ConsoleOptions::default(),
            inspector: InspectorOptions::default(),
            vpc_links: BTreeMap::new(),
            certificates: BTreeMap::new(),
            user_pools: BTreeMap::new(),
            oidc_providers: BTreeMap::new(),
            cognito: CognitoOptions::default(),
            truststores: BTreeMap::new(),
            ssm_parameters: BTreeMap::new(),
        }
    }
}

impl Default for Deploy {
    fn default() -> Self {
        Self { tutorial: true, templates: Vec::new() }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 4566)), data: None, control: None }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self { id: "123456789012".into(), region: "us-east-1".into() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_in_flight: 10_000,
            reserved: 64,
            connections: 10_240,
            connections_per_address: 0,
            tls_handshake_timeout_s: 10,
            header_read_timeout_s: 30,
            idle_timeout_s: 60,
            body_read_timeout_s: 30,
            answer_write_timeout_s: 30,
            body_rate_min: 1_000,
            drain_s: 30,
            body_memory_mib: 1024,
            http2: Http2Limits::default(),
        }
    }
}

impl Default for Http2Limits {
    fn default() -> Self {
        Self { streams: 100, resets: 100, ping_interval_s: 30, ping_timeout_s: 20 }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}
