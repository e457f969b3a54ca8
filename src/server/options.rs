//! The server's settings, as `config/stepgate.toml` documents them key by key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::secrets::Secrets;
use crate::connect::http1::{Point, Relaxed};
use crate::tasks::{Connection, ServiceEndpoint};

/// The stack that a new data directory gets.
pub const TUTORIAL_STACK: &str = "tutorial";
/// Its template, the file `config/tutorial.yaml`.
pub const TUTORIAL_TEMPLATE: &str = include_str!("../../config/tutorial.yaml");

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Where everything durable lives.
    pub data_dir: PathBuf,
    /// Where the key is that the secrets in it are encrypted with.
    pub secrets: Secrets,
    /// Whether to go on without what the data directory has lost; for one start, so no setting.
    #[serde(skip)]
    pub accept_loss: bool,
    /// Plain listeners.
    pub listen: Listen,
    /// The TLS listener.
    pub tls: Tls,
    /// The account and region that templates are deployed into.
    pub account: Account,
    /// Keys that may sign requests.
    pub credentials: Vec<Credential>,
    /// What is deployed at start.
    pub deploy: Deploy,
    /// Bounds on what is served at one time.
    pub limits: Limits,
    /// Which rules of HTTP are not insisted on.
    pub http: Http,
    /// The gateway's own settings.
    pub gateway: Gateway,
    /// How Lambda functions run.
    pub functions: Functions,
    /// Whom integrations, tasks and all else that calls out may call.
    pub egress: Egress,
    /// Other AWS services that integrations may call, by their names in integrations' ARNs.
    pub services: BTreeMap<String, ServiceEndpoint>,
    /// What `http:invoke` tasks authorize with, by the connection's name.
    pub connections: BTreeMap<String, Connection>,
    /// What executions log.
    pub execution_logs: ExecutionLogs,
    /// Where stages' access logs go.
    pub access_logs: AccessLogs,
    /// Where VPC links lead: scheme and authority of a server, by the link's name.
    pub vpc_links: BTreeMap<String, String>,
    /// User pools whose tokens methods take, by ARN.
    pub user_pools: BTreeMap<String, UserPool>,
    /// Files of the certificates that custom domain names refer to, by ARN.
    pub certificates: BTreeMap<String, CertificateFiles>,
    /// PEM files of the certificates that clients' must be signed by, by the URIs that custom domain names give.
    pub truststores: BTreeMap<String, PathBuf>,
    /// What templates find in Systems Manager, by name: values of `AWS::SSM::Parameter::Value<…>` parameters.
    pub ssm_parameters: BTreeMap<String, String>,
}

/// Addresses of the plain listeners.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Serves everything, unless the planes are split.
    pub address: SocketAddr,
    /// Serves deployed APIs only.
    pub data: Option<SocketAddr>,
    /// Serves everything but deployed APIs.
    pub control: Option<SocketAddr>,
}

/// The TLS listener; off while it has no address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Where to listen.
    pub address: Option<SocketAddr>,
    /// PEM file of the certificate chain; a development certificate is made without it.
    pub certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub private_key: Option<PathBuf>,
}

/// A Cognito user pool, or whoever issues tokens in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserPool {
    /// What tokens have as `iss`; the pool's own address if not given.
    pub issuer: Option<String>,
    /// Where the keys are got; below the issuer if not given.
    pub jwks_url: Option<String>,
    /// The keys in a file, in place of an address.
    pub jwks_file: Option<PathBuf>,
}

/// A certificate in two PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The certificate, with what it is signed by after it.
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

/// A key that may sign requests.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The public half.
    pub access_key_id: String,
    /// The secret half; never printed.
    pub secret_access_key: String,
}

/// What is deployed at start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deploy {
    /// Whether a new data directory gets the tutorial, if no templates are named.
    pub tutorial: bool,
    /// CloudFormation templates applied at every start.
    pub templates: Vec<PathBuf>,
}

/// Bounds on what is served at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests answered at one time; more are refused.
    pub requests_in_flight: usize,
    /// Places beyond them for the AWS APIs, and as many for health and metrics; and of the connections, those that
    /// only serve these.
    pub reserved: usize,
    /// Connections at one time, of all listeners.
    pub connections: usize,
    /// Connections of one client address (of IPv6: one /64) at one time; 0 for any number.
    pub connections_per_address: usize,
    /// How long a TLS handshake may take, in seconds.
    pub tls_handshake_timeout_s: u64,
    /// How long a client may take to send its headers, in seconds.
    pub header_read_timeout_s: u64,
    /// How long a connection may idle between requests, in seconds.
    pub idle_timeout_s: u64,
    /// How long a client that is sending a body may be waited for, in seconds.
    pub body_read_timeout_s: u64,
    /// How long a client that takes an answer may be waited for, in seconds.
    pub answer_write_timeout_s: u64,
    /// The least rate of bodies both ways, in bytes per second; 0 for none.
    pub body_rate_min: u64,
    /// How long requests in flight may take to end after SIGTERM, in seconds.
    pub drain_s: u64,
    /// The memory that all bodies of more than 64 KiB and what mappings make of them may take at one time, in MiB.
    pub body_memory_mib: usize,
    /// Bounds of HTTP/2 connections.
    pub http2: Http2Limits,
}

/// Bounds of HTTP/2 connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http2Limits {
    /// Streams of one connection at one time.
    pub streams: u32,
    /// How many more requests a client may take back than it lets be answered, on one connection.
    pub resets: u32,
    /// After how long a client is asked whether it is there, in seconds.
    pub ping_interval_s: u64,
    /// How long it may take to answer that, in seconds.
    pub ping_timeout_s: u64,
}

/// Which rules of HTTP are not insisted on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The points, by name.
    pub relax: Vec<Point>,
}

impl Http {
    /// The points together.
    pub fn relaxed(&self) -> Relaxed {
        self.relax.iter().copied().collect()
    }
}

/// The gateway's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// The API that `http://host:port/{stage}/…` reaches.
    pub default_api: Option<String>,
    /// Whether callers are told of their limits.
    pub rate_limit_headers: bool,
    /// Requests a second over all APIs; no limit unless set.
    pub account_rate_limit: Option<u32>,
    /// Requests at once over all APIs, where the rate is limited; the rate's number unless set.
    pub account_burst_limit: Option<u32>,
}

/// How Lambda functions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
}

impl Default for Functions {
    fn default() -> Self {
        Self { concurrency: 64, idle_s: 300, retry_delay_s: 60, near_versions: true }
    }
}

/// Exceptions from whom calls may go to: addresses, networks and host names, each perhaps with a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Egress {
    /// May be called whatever else says no.
    pub allow: Vec<String>,
    /// May not be called.
    pub deny: Vec<String>,
}

/// Where the events go that state machines log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExecutionLogs {
    /// Into which kind of place.
    pub to: LogTarget,
    /// The files' directory; `execution-logs` in the data directory if there is none.
    pub directory: Option<PathBuf>,
}

/// Where the lines go that stages' access logs have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLogs {
    /// Into which kind of place, unless its destination has one of its own.
    pub to: LogTarget,
    /// The files' directory; `access-logs` in the data directory if there is none.
    pub directory: Option<PathBuf>,
    /// Places of destinations, by ARN: `off`, `stdout`, `file:PATH`, `tcp://HOST:PORT` or `udp://HOST:PORT`.
    pub destinations: BTreeMap<String, String>,
}

/// A kind of place for logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogTarget {
    /// Files, one for each destination.
    #[default]
    Files,
    /// Standard output.
    Stdout,
    /// Nowhere: no log group exists for state machines, and access logs are lost.
    Off,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: "stepgate-data".into(),
            secrets: Secrets::default(),
            accept_loss: false,
            listen: Listen::default(),
            tls: Tls::default(),
            account: Account::default(),
            credentials: vec![Credential { access_key_id: "test".into(), secret_access_key: "test".into() }],
            deploy: Deploy::default(),
            limits: Limits::default(),
            http: Http::default(),
            gateway: Gateway::default(),
            functions: Functions::default(),
            egress: Egress::default(),
            services: BTreeMap::new(),
            connections: BTreeMap::new(),
            execution_logs: ExecutionLogs::default(),
            access_logs: AccessLogs::default(),
            vpc_links: BTreeMap::new(),
            certificates: BTreeMap::new(),
            user_pools: BTreeMap::new(),
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
            connections: 6_000,
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
