//! Client certificates for backends that ask for one.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls::{SignatureScheme, pki_types};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::client::SecureClient;
use super::{Error, ServerCertificate};

/// A client certificate with its key, and the connections opened with it. They are closed when the last clone is
/// dropped.
#[derive(Clone)]
pub struct ClientIdentity(Arc<Identity>);

struct Identity {
    key: Arc<CertifiedKey>,
    verified: OnceLock<SecureClient>,
    unverified: OnceLock<SecureClient>,
}

impl ClientIdentity {
    /// Parses certificate and key.
    ///
    /// # Errors
    /// [`Error::Tls`] if either is invalid or they don't belong together.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, Error> {
        let pem = |error: pki_types::pem::Error| Error::Tls(error.to_string().into());
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(pem)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(pem)?;
        let key = CertifiedKey::from_der(vec![certificate], key, &aws_lc_rs::default_provider());
        let key = key.map_err(|error| Error::Tls(error.into()))?;
        Ok(Self(Arc::new(Identity {
            key: Arc::new(key),
            verified: OnceLock::new(),
            unverified: OnceLock::new(),
        })))
    }

    /// The cell of the client that opens connections with this certificate.
    pub(super) fn client(&self, server_certificate: ServerCertificate) -> &OnceLock<SecureClient> {
        match server_certificate {
            ServerCertificate::Verified => &self.0.verified,
            ServerCertificate::Unverified => &self.0.unverified,
        }
    }

    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(Always(self.0.key.clone()))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").finish_non_exhaustive()
    }
}

/// Presents the certificate to every server that asks, whatever authorities it lists: API Gateway's client certificates
/// are self-signed.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.key.choose_scheme(schemes).map(|_| self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_and_key_have_to_fit() {
        let made = || rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
        let (one, other) = (made(), made());
        let key = one.signing_key.serialize_pem();
        assert!(ClientIdentity::from_pem(&one.cert.pem(), &key).is_ok());
        assert!(ClientIdentity::from_pem(&other.cert.pem(), &key).is_err());
        assert!(ClientIdentity::from_pem("", &key).is_err());
        assert!(ClientIdentity::from_pem(&one.cert.pem(), "").is_err());
    }
}
