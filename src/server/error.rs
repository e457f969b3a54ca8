//! Why the server does not start or stop as it should; each message says what to do next.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::engine;
use crate::functions;
use crate::gateway;
use crate::identity::SessionError;
use crate::identity::iam::IamError;
use crate::stack;
use crate::store;
use crate::tasks::SettingError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that can't be honoured.
    #[error("setting {key}: {problem}")]
    Setting {
        /// The key as the configuration file names it.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The same, of calls to others.
    #[error(transparent)]
    Calls(#[from] SettingError),
    /// The data directory can't be used.
    #[error("data directory {path}: {reason}; choose another with --data-dir")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A listener can't be opened.
    #[error(
        "cannot listen on {address}: {reason}; stop what listens there or choose another address with --listen"
    )]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The certificate can't be read, made or used.
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
        /// What the system said.
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
    Gateway(#[from] gateway::error::Error),
    /// The roles can't be opened.
    #[error(transparent)]
    Identity(#[from] IamError),
    /// The sessions can't be opened.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}
