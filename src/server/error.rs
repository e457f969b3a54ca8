//! Why the server can't start or stop; each message says what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::apis;
use crate::engine;
use crate::functions;
use crate::identity::SessionError;
use crate::identity::iam::IamError;
use crate::stack;
use crate::store;
use crate::tasks::SettingError;
use crate::wire::client::EndpointError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An invalid setting.
    #[error("setting {key}: {problem}")]
    Setting {
        /// The setting, as it is named in the configuration file.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// An invalid setting about outbound calls.
    #[error(transparent)]
    Calls(#[from] SettingError),
    /// An invalid setting about services elsewhere.
    #[error(transparent)]
    Endpoints(#[from] EndpointError),
    /// The data directory can't be used.
    #[error("data directory {path}: {reason}; choose another with --data-dir")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// The operating system's error.
        reason: std::io::Error,
    },
    /// A listener can't be opened.
    #[error(
        "cannot listen on {address}: {reason}; stop what listens there or choose another address with --listen"
    )]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// The operating system's error.
        reason: std::io::Error,
    },
    /// The certificate can't be read, generated or used.
    #[error("TLS: {0}")]
    Tls(String),
    /// Functions can't be kept or run.
    #[error("functions: {0}")]
    Functions(#[from] functions::Error),
    /// A template can't be read.
    #[error("template {path}: {reason}")]
    Template {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        reason: std::io::Error,
    },
    /// A template can't be applied.
    #[error("stack {name}: {reason}")]
    Stack {
        /// The stack.
        name: String,
        /// What is wrong.
        reason: stack::Error,
    },
    /// The store can't be opened or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The engine can't be opened.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The APIs can't be opened.
    #[error(transparent)]
    Gateway(#[from] apis::error::Error),
    /// The roles can't be opened.
    #[error(transparent)]
    Identity(#[from] IamError),
    /// The sessions can't be opened.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}
