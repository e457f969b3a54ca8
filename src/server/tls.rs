//! Certificates of the TLS listener: the operator's own, or one made for development.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::error::Error;
use super::options::Tls;

/// Names that a development certificate is good for. APIs are reached under `{api}.execute-api.localhost`.
const DEVELOPMENT_NAMES: &[&str] =
    &["localhost", "*.localhost", "*.execute-api.localhost", "127.0.0.1", "::1"];

/// The listener's TLS settings, with HTTP/2 before HTTP/1.1.
///
/// # Errors
/// [`Error::Tls`] when the files can't be read or don't fit together.
pub(super) fn server_config(tls: &Tls, data_dir: &Path) -> Result<Arc<ServerConfig>, Error> {
    let (certificate, key) = match (&tls.certificate, &tls.private_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) => development_certificate(&data_dir.join("tls"))?,
        _ => return Err(Error::Tls("certificate and private_key go together: set both or none".into())),
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(|pems| pems.collect::<Result<Vec<_>, _>>())
        .map_err(|error| Error::Tls(format!("{}: {error}", certificate.display())))?;
    let key = PrivateKeyDer::from_pem_file(&key)
        .map_err(|error| Error::Tls(format!("{}: {error}", key.display())))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| Error::Tls(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Makes the certificate on first use and keeps it, so that clients need to trust it once.
fn development_certificate(dir: &Path) -> Result<(std::path::PathBuf, std::path::PathBuf), Error> {
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
