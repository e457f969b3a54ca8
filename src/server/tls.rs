//! Certificates of the TLS listener: the operator's own, or a generated development certificate, and those of custom
//! domains.

mod domains;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use domains::Identity;

use super::error::Error;
use super::options::{ControlTls, Options};
use crate::gateway::Domains;

pub(super) use domains::ByName;

/// The names in a development certificate. APIs are reached under `{api}.execute-api.localhost`.
const DEVELOPMENT_NAMES: &[&str] =
    &["localhost", "*.localhost", "*.execute-api.localhost", "127.0.0.1", "::1"];

/// The listener's TLS configuration by server name, with HTTP/2 preferred over HTTP/1.1.
///
/// # Errors
/// [`Error::Tls`] if the files can't be read or don't belong together.
pub(super) fn by_name(options: &Options, domains: Arc<Domains>) -> Result<ByName, Error> {
    let tls = &options.tls;
    ByName::new(own_identity(options, &tls.certificate, &tls.private_key)?, domains, options)
}

/// The configuration of the control listener; `None` if it is plain. No custom domain is served there.
///
/// # Errors
/// [`Error::Tls`], or [`Error::Setting`] if there is no such listener.
pub(super) fn control(options: &Options) -> Result<Option<Arc<ByName>>, Error> {
    let ControlTls { certificate, private_key, client_ca } = &options.control_tls;
    if options.control_tls == ControlTls::default() {
        return Ok(None);
    }
    let clients = client_ca.as_deref().map(domains::read_roots).transpose()?;
    let identity = own_identity(options, certificate, private_key)?;
    ByName::alone(identity, clients).map(Arc::new).map(Some)
}

/// The identity in these files, or the development certificate.
fn own_identity(
    options: &Options,
    certificate: &Option<PathBuf>,
    key: &Option<PathBuf>,
) -> Result<Identity, Error> {
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) => development_certificate(&options.data_dir.join("tls"))?,
        _ => return Err(Error::Tls("certificate and private_key go together: set both or none".into())),
    };
    read_identity(&certificate, &key)
}

fn with_protocols(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn read_identity(certificate: &Path, key: &Path) -> Result<Identity, Error> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(|pems| pems.collect::<Result<Vec<_>, _>>())
        .map_err(|error| Error::Tls(format!("{}: {error}", certificate.display())))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| Error::Tls(format!("{}: {error}", key.display())))?;
    Ok(Identity { chain, key })
}

fn parse_identity(certificate: &str, key: &str) -> Result<Identity, Error> {
    let said = |error: rustls_pki_types::pem::Error| Error::Tls(error.to_string());
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
    Ok(Identity { chain: chain.map_err(said)?, key: key.map_err(said)? })
}

/// Generates the certificate on first use and keeps it, so that clients have to trust it only once.
fn development_certificate(dir: &Path) -> Result<(PathBuf, PathBuf), Error> {
    let (certificate, key) = (dir.join("development.pem"), dir.join("development.key"));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let io = |error: std::io::Error| Error::Tls(format!("{}: {error}", dir.display()));
    fs::create_dir_all(dir).map_err(io)?;
    let names: Vec<String> = DEVELOPMENT_NAMES.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).map_err(|error| Error::Tls(error.to_string()))?;
    write_private(&key, made.signing_key.serialize_pem().as_bytes()).map_err(io)?;
    fs::write(&certificate, made.cert.pem()).map_err(io)?;
    Ok((certificate, key))
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}
