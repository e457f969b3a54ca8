//! PostgreSQL: how its server is reached, and how statements get there.

mod connector;
mod dialect;
mod session;
mod values;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::connector::Connector;
pub(super) use self::session::Session;
use super::Error;

/// A PostgreSQL server to keep everything in.
#[derive(Clone)]
pub struct Postgres {
    /// `postgres://USER@HOST/DATABASE`.
    pub url: String,
    /// The user's password, if the URL has none.
    pub password: Option<String>,
    /// How the server is verified; needed unless it is on this machine ([`Postgres::needs_tls`]).
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// The number of connections that read.
    pub readers: usize,
    /// How long the server may work on a statement.
    pub statement_timeout: Duration,
    /// For how long a node is taken to be there after its last sign of life.
    pub lease: Duration,
    /// Whether to wait until all other nodes have ended.
    pub standby: bool,
    /// Whether to be the only node, and not to begin while there are others.
    pub is_alone: bool,
    /// What this node is called.
    pub node: String,
}

impl Postgres {
    /// The database at `url`, with the usual bounds.
    pub fn at(url: String) -> Self {
        Self {
            url,
            password: None,
            tls: None,
            readers: 4,
            statement_timeout: Duration::from_secs(30),
            lease: Duration::from_secs(10),
            standby: false,
            is_alone: false,
            node: "stepgate".to_owned(),
        }
    }

    /// Whether the connection to `url` is encrypted: unless it says `sslmode=disable`, or leads to this machine.
    ///
    /// # Errors
    /// [`Error::Database`] if it is no URL of a database.
    pub fn needs_tls(url: &str) -> Result<bool, Error> {
        Ok(connector::parse(url)?.1)
    }
}

impl fmt::Debug for Postgres {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("node", &self.node).finish_non_exhaustive()
    }
}
