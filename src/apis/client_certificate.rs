//! Client certificates: a stage presents one to HTTPS backends, so that they can identify it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber};

use super::ids::ClientCertificateId;
use crate::clock::Timestamp;
use crate::store::{Stored, Unreadable};

/// How long a certificate is valid: one year.
const LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// See [ClientCertificate](https://docs.aws.amazon.com/apigateway/latest/api/API_ClientCertificate.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Id.
    pub id: ClientCertificateId,
    /// Text for people.
    pub description: Option<String>,
    /// The self-signed certificate in PEM.
    pub certificate: String,
    /// Its private key.
    pub private_key: PrivateKey,
    /// When it was made.
    pub created_date: Timestamp,
    /// When it expires.
    pub expiration_date: Timestamp,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A private key in PEM; never printed, and never part of a response.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(String);

impl PrivateKey {
    /// The PEM.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for PrivateKey {
    fn from(pem: String) -> Self {
        Self(pem)
    }
}

impl Stored<String> for PrivateKey {
    fn to_stored(&self) -> String {
        self.0.clone()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Ok(Self(form))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// A new certificate and its key.
pub(super) struct Generated {
    pub(super) certificate: String,
    pub(super) private_key: PrivateKey,
    pub(super) expiration_date: Timestamp,
}

/// Generates a certificate as API Gateway does: RSA, with the name `ApiGateway`, self-signed. Slow, because generating
/// an RSA key is.
pub(super) fn generate(now: Timestamp, serial: &[u8]) -> Result<Generated, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ApiGateway");
    let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_after = params.not_before + LIFE;
    params.serial_number = Some(SerialNumber::from_slice(serial));
    let certificate = params.self_signed(&key)?.pem();
    let life = i64::try_from(LIFE.as_millis()).unwrap_or(i64::MAX);
    let expiration_date = Timestamp::from_millis(now.as_millis().saturating_add(life));
    Ok(Generated { certificate, private_key: PrivateKey(key.serialize_pem()), expiration_date })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::ClientIdentity;

    #[test]
    fn a_certificate_fits_its_key_and_says_so_to_nobody() {
        let made = generate(Timestamp::from_millis(1_700_000_000_000), &[1, 2, 3]).unwrap();
        assert!(made.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(ClientIdentity::from_pem(&made.certificate, made.private_key.expose()).is_ok());
        assert_eq!(format!("{:?}", made.private_key), "PrivateKey");
        assert_eq!(made.expiration_date.as_seconds(), 1_700_000_000 + 365 * 86_400);
    }
}
