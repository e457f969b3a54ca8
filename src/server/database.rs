//! The database server, if there is one: how it is reached and verified.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

use super::error::Error;
use crate::store::Postgres;

/// The bounds of a lease, in seconds: shorter, and a pause looks like an end; longer, and nobody takes over.
const LEASE_S: std::ops::RangeInclusive<u64> = 2..=600;

/// Where everything durable is kept: in the data directory, or on a PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// The server's URL; without it, the data directory has the database.
    pub url: Option<DatabaseUrl>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// An environment variable that holds it.
    pub password_env: Option<String>,
    /// PEM file of the CA certificates that the server's certificate is verified with; else the machine's.
    pub ca_file: Option<PathBuf>,
    /// The number of connections that read.
    pub readers: usize,
    /// How long the server may work on a statement, in seconds.
    pub statement_timeout_s: u64,
    /// For how long this node has the database after its last sign of life, in seconds.
    pub lease_s: u64,
    /// Whether to wait while another node has the database.
    pub standby: bool,
    /// What this node is called; by default as its machine.
    pub node: Option<String>,
}

/// A URL that may have a password in it, and is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            password_file: None,
            password_env: None,
            ca_file: None,
            readers: 4,
            statement_timeout_s: 30,
            lease_s: 10,
            standby: false,
            node: None,
        }
    }
}

impl Database {
    /// How to reach the server, if one is set.
    pub(super) fn settings(&self) -> Result<Option<Postgres>, Error> {
        let Some(DatabaseUrl(url)) = &self.url else {
            if *self != Self::default() {
                let problem = "what is set there is about a database server: set its url, too".to_owned();
                return Err(Error::Setting { key: "store", problem });
            }
            return Ok(None);
        };
        let password = match (&self.password_file, &self.password_env) {
            (None, None) => None,
            (Some(path), None) => {
                let said = |error| setting("store.password_file", format!("{}: {error}", path.display()));
                Some(std::fs::read_to_string(path).map_err(said)?)
            }
            (None, Some(name)) => {
                let said = |error| setting("store.password_env", format!("{name}: {error}"));
                Some(std::env::var(name).map_err(said)?)
            }
            (Some(_), Some(_)) => {
                let problem = "the password is in one place: set password_file or password_env".to_owned();
                return Err(setting("store", problem));
            }
        };
        if !LEASE_S.contains(&self.lease_s) {
            let problem = format!("a lease is of {} to {} seconds", LEASE_S.start(), LEASE_S.end());
            return Err(setting("store.lease_s", problem));
        }
        if self.readers == 0 || self.statement_timeout_s == 0 {
            return Err(setting("store", "readers and statement_timeout_s are at least 1".to_owned()));
        }
        let tls = if Postgres::needs_tls(url)? { Some(Arc::new(self.tls()?)) } else { None };
        Ok(Some(Postgres {
            password: password.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()),
            tls,
            readers: self.readers,
            statement_timeout: Duration::from_secs(self.statement_timeout_s),
            lease: Duration::from_secs(self.lease_s),
            standby: self.standby,
            node: self.node.clone().unwrap_or_else(machine),
            ..Postgres::at(url.clone())
        }))
    }

    fn tls(&self) -> Result<ClientConfig, Error> {
        let roots = match &self.ca_file {
            Some(file) => read_roots(file)
                .map_err(|problem| setting("store.ca_file", format!("{}: {problem}", file.display())))?,
            None => {
                let mut roots = RootCertStore::empty();
                // Those that can't be read verify nothing.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Tls(error.to_string()))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

/// The certificates of a PEM file, at least one.
fn read_roots(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for pem in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let pem = pem.map_err(|error| error.to_string())?;
        roots.add(pem).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("no certificate".to_owned()) } else { Ok(roots) }
}

fn setting(key: &'static str, problem: String) -> Error {
    Error::Setting { key, problem }
}

/// The name of the machine.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "stepgate".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Database {
        Database { url: Some(DatabaseUrl(url.to_owned())), ..Database::default() }
    }

    #[test]
    fn without_a_server_nothing_else_is_set() {
        assert!(Database::default().settings().unwrap().is_none());
        let alone = Database { standby: true, ..Database::default() };
        assert!(alone.settings().unwrap_err().to_string().contains("url"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let local = "postgres://stepgate@127.0.0.1/stepgate";
        for (database, word) in [
            (of("file:///tmp/db"), "postgres://"),
            (Database { lease_s: 1, ..of(local) }, "lease"),
            (Database { readers: 0, ..of(local) }, "readers"),
            (Database { password_file: Some("/nowhere/at/all".into()), ..of(local) }, "/nowhere/at/all"),
            (Database { password_env: Some("STEPGATE_NO_SUCH".into()), ..of(local) }, "STEPGATE_NO_SUCH"),
            (
                Database { ca_file: Some("/nowhere/ca.pem".into()), ..of("postgres://a@db/b") },
                "/nowhere/ca.pem",
            ),
        ] {
            let problem = database.settings().map(|_| ()).unwrap_err().to_string();
            assert!(problem.contains(word), "{problem}");
        }
        assert!(of(local).settings().unwrap().is_some_and(|settings| settings.tls.is_none()));
        assert!(!format!("{:?}", of("postgres://a:secret@db/b")).contains("secret"));
    }
}
