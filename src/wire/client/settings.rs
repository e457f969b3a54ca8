//! Where other AWS services are, as `config/stepgate.toml` documents it key by key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// The section `[services]`: where AWS services are called that this server doesn't have, or that are named here.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceEndpoints {
    /// The endpoint of every service that has none of its own, with `{service}` and `{region}` filled in.
    pub default: Option<String>,
    /// The key that signs where a service has none of its own; the first of the server's if there is none.
    pub access_key_id: Option<String>,
    /// The key's secret half; never printed.
    pub secret_access_key: Option<String>,
    /// The token of a temporary key; never printed.
    pub session_token: Option<String>,
    /// Endpoints by the services' names in integrations' ARNs.
    #[serde(flatten)]
    pub by_name: BTreeMap<String, ServiceEndpoint>,
}

impl fmt::Debug for ServiceEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceEndpoints")
            .field("default", &self.default)
            .field("by_name", &self.by_name)
            .finish_non_exhaustive()
    }
}

/// Where one AWS service is, and what signs requests to it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceEndpoint {
    /// `http` or `https`, host, perhaps port and path; `{service}` and `{region}` are filled in.
    pub endpoint: Option<String>,
    /// A directory with a directory for each bucket, whose objects are files: of `s3` only.
    pub root: Option<PathBuf>,
    /// The key that signs; that of `[services]` if there is none.
    pub access_key_id: Option<String>,
    /// The key's secret half; never printed.
    pub secret_access_key: Option<String>,
    /// The token of a temporary key; never printed.
    pub session_token: Option<String>,
}

impl fmt::Debug for ServiceEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceEndpoint")
            .field("endpoint", &self.endpoint)
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// A setting of `[services]` that can't be honoured.
#[derive(Debug, thiserror::Error)]
#[error("setting {key}: {problem}")]
pub struct EndpointError {
    /// The key as the configuration file names it.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}
