//! What can be set about calls to others, as `config/stepgate.toml` documents it key by key.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An EventBridge connection: how an HTTP endpoint is authorized, and what is sent along.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Who is calling.
    pub authorization: Authorization,
    /// Headers of every call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters of every call.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Members of every call's body.
    #[serde(default)]
    pub body: BTreeMap<String, String>,
    /// Whether endpoints without TLS may be called, which AWS never does.
    #[serde(default)]
    pub allow_http: bool,
}

/// The kinds of authorization that connections have.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum Authorization {
    /// A header with a key.
    ApiKey {
        /// The header's name.
        name: String,
        /// The key; never printed.
        value: String,
    },
    /// A user and a password.
    Basic {
        /// The user.
        username: String,
        /// The password; never printed.
        password: String,
    },
    /// A token that is got for a client's secret.
    OauthClientCredentials {
        /// Where tokens are got.
        authorization_endpoint: String,
        /// The client.
        client_id: String,
        /// Its secret; never printed.
        client_secret: String,
        /// What else the endpoint is told, such as a scope.
        #[serde(default)]
        parameters: BTreeMap<String, String>,
    },
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ApiKey { name, .. } => f.debug_struct("ApiKey").field("name", name).finish_non_exhaustive(),
            Self::Basic { username, .. } => {
                f.debug_struct("Basic").field("username", username).finish_non_exhaustive()
            }
            Self::OauthClientCredentials { authorization_endpoint, client_id, .. } => f
                .debug_struct("OauthClientCredentials")
                .field("authorization_endpoint", authorization_endpoint)
                .field("client_id", client_id)
                .finish_non_exhaustive(),
        }
    }
}

/// A setting that can't be honoured.
#[derive(Debug, thiserror::Error)]
#[error("setting {key}: {problem}")]
pub struct SettingError {
    /// The key as the configuration file names it.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}
