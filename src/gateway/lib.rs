//! REST APIs: their models (`api`), how they are changed (`patch`), and how deployed APIs are served.
//!
//! The control plane writes working copies and immutable deployments to the store. The data plane compiles a deployment
//! once and serves requests from it. They meet in [`api::DeploymentSnapshot`].
//!
//! The entry point of the data plane is [`Gateway`]: [`Gateway::locate`] says which API a request is for, and
//! [`Gateway::serve`] answers it through the phases in `pipeline`. The ports [`StageSource`] and [`Backends`] declare
//! what it needs from outside.

// Rooms are called by their names, wherever they stand.
use crate as gateway;
use stepgate_apis as apis;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_json as json;
use stepgate_jsonpath as jsonpath;
use stepgate_meter as meter;
use stepgate_policy as policy;
use stepgate_schema as schema;
use stepgate_vtl as vtl;

mod access;
mod access_logs;
mod address;
mod authorization_header;
mod authorizers;
mod backends;
mod bulkhead;
mod cache;
mod compile;
mod compression;
mod context;
mod domains;
mod execution_log;
#[cfg(test)]
mod fixture;
mod headers;
mod inspected;
mod inspector;
mod integration;
mod lint;
mod mapping;
mod notes;
mod peer;
mod pipeline;
mod plans;
mod proxy_event;
mod proxy_response;
mod refusal;
mod signers;
mod stack;
mod stage_source;
mod stages;
mod test_authorizer;
mod test_call;
mod upstream;

pub use access::Decided;
pub use access_logs::AccessLogs;
pub use address::{Address, CustomDomainMatch, Target, TargetApi};
pub use authorizers::{
    Issuer, IssuerUnreachable, Issuers, KeySet, KeySetError, OwnUserPools, UserPool, UserPoolKeys, UserPools,
};
pub use backends::{
    API_GATEWAY, AwsCall, AwsOperation, BackendError, BackendResponse, BackendStream, Backends, BoxFuture,
    CallAs, FunctionFailed,
};
pub use bulkhead::{AWS_BODY_BYTES_MAX, Bulkhead, Held, Scarce};
pub use compile::Tried;
pub use domains::{Domain, DomainCertificate, Domains};
pub use inspected::Inspected;
pub use inspector::{Inspector, Samples, Sampling};
pub use lint::{LintCode, LintSeverity, TemplateFinding, lint_template};
pub use mapping::trial::{Trial, TrialOutcome, TrialRequest};
pub use notes::{BucketLevel, KeyRefused, Layer};
pub use peer::{ClientCertificateFacts, Peer};
pub use plans::{BucketReading, KeyTrial, MeterReading, RefusedCounts, UsageStore};
pub use refusal::{Breakage, Denial, Misconfiguration, Refusal};
pub use signers::{InternalCaller, Permissions};
pub use stack::{Gateway, Options, Ports, Running};
pub use stages::{SourceError, StageSource};
pub use upstream::{Upstream, Upstreams};
