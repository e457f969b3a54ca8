//! Chooses the TLS configuration by the name that a client asks for: a custom domain's certificate, and whether the
//! client needs one.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::super::error::Error;
use super::super::options::{CertificateFiles, Options};
use super::with_protocols;
use crate::gateway::{Domain, DomainCertificate, Domains};

/// A certificate chain and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// TLS configurations by server name, created on first use and kept until the domain changes.
pub(crate) struct ByName {
    own: Arc<ServerConfig>,
    own_identity: Identity,
    domains: Arc<Domains>,
    /// By ARN.
    certificates: BTreeMap<String, Identity>,
    /// By URI.
    truststores: BTreeMap<String, Arc<RootCertStore>>,
    /// Locked once for each handshake, which costs a thousand times more.
    made: Mutex<HashMap<String, Made>>,
}

struct Made {
    domain: Arc<Domain>,
    config: Arc<ServerConfig>,
}

impl ByName {
    /// Reads the files in the settings.
    ///
    /// # Errors
    /// [`Error::Tls`] if one can't be read or is invalid.
    pub(super) fn new(
        own_identity: Identity,
        domains: Arc<Domains>,
        options: &Options,
    ) -> Result<Self, Error> {
        let own = config(&own_identity, None)?;
        let certificates = options.certificates.iter().map(|(arn, files)| {
            let CertificateFiles { certificate, private_key } = files;
            let identity = super::read_identity(certificate, private_key)?;
            config(&identity, None)?;
            Ok((arn.clone(), identity))
        });
        let truststores = options.truststores.iter().map(|(uri, file)| Ok((uri.clone(), read_roots(file)?)));
        Ok(Self {
            own,
            certificates: certificates.collect::<Result<_, Error>>()?,
            truststores: truststores.collect::<Result<_, Error>>()?,
            own_identity,
            domains,
            made: Mutex::default(),
        })
    }

    /// The same for a listener that serves no custom domain; with `clients`, who has no certificate that one of these has
    /// signed is refused.
    ///
    /// # Errors
    /// [`Error::Tls`] if certificate and key don't belong together.
    pub(super) fn alone(own_identity: Identity, clients: Option<Arc<RootCertStore>>) -> Result<Self, Error> {
        Ok(Self {
            own: config(&own_identity, clients)?,
            own_identity,
            domains: Arc::default(),
            certificates: BTreeMap::new(),
            truststores: BTreeMap::new(),
            made: Mutex::default(),
        })
    }

    /// The configuration for a client that asks for `name`; the listener's own, unless that is a custom domain.
    ///
    /// # Errors
    /// [`Error::Tls`] for a domain that can't be served as its owner wants: better to refuse everybody than to admit
    /// anybody.
    pub(crate) fn config(&self, name: Option<&str>) -> Result<Arc<ServerConfig>, Error> {
        let domain = name.and_then(|name| self.domains.find(&name.to_ascii_lowercase()));
        let Some(domain) = domain else { return Ok(self.own.clone()) };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = made.get(domain.name()).filter(|kept| Arc::ptr_eq(&kept.domain, &domain)) {
            return Ok(kept.config.clone());
        }
        let config = self.make(&domain)?;
        made.insert(domain.name().to_owned(), Made { domain, config: config.clone() });
        Ok(config)
    }

    fn make(&self, domain: &Domain) -> Result<Arc<ServerConfig>, Error> {
        let roots = match &domain.truststore {
            Some(uri) => {
                let missing = || Error::Tls(format!("no file for the truststore {uri} of {}", domain.name()));
                Some(self.truststores.get(uri).ok_or_else(missing)?.clone())
            }
            None => None,
        };
        match &domain.certificate {
            DomainCertificate::Uploaded(uploaded) => {
                config(&super::parse_identity(&uploaded.chain, uploaded.private_key.expose())?, roots)
            }
            DomainCertificate::Referenced(arn) => {
                let identity = self.certificates.get(arn).unwrap_or_else(|| {
                    tracing::warn!(
                        domain = domain.name(),
                        arn,
                        "no files under [certificates] for the certificate of a domain: the listener's own is shown"
                    );
                    &self.own_identity
                });
                config(identity, roots)
            }
        }
    }
}

/// The certificates of a PEM file, at least one.
pub(super) fn read_roots(file: &Path) -> Result<Arc<RootCertStore>, Error> {
    let said = |error: String| Error::Tls(format!("{}: {error}", file.display()));
    let mut roots = RootCertStore::empty();
    let pems = CertificateDer::pem_file_iter(file).map_err(|error| said(error.to_string()))?;
    for pem in pems {
        let pem = pem.map_err(|error| said(error.to_string()))?;
        roots.add(pem).map_err(|error| said(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(said("no certificate".to_owned()));
    }
    Ok(Arc::new(roots))
}

fn config(identity: &Identity, clients: Option<Arc<RootCertStore>>) -> Result<Arc<ServerConfig>, Error> {
    let said = |error: &dyn std::error::Error| Error::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| said(&error))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| said(&error))?)
        }
    };
    let config = builder.with_single_cert(identity.chain.clone(), identity.key.clone_key());
    Ok(Arc::new(with_protocols(config.map_err(|error| said(&error))?)))
}
