//! The client at the other end of a connection.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

/// The number of characters in a line of PEM.
const PEM_LINE: usize = 64;

/// The client at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address, `$context.identity.sourceIp`.
    pub ip: IpAddr,
    /// The client certificate, verified, if the listener asked for one.
    pub certificate: Option<Arc<ClientCertificateFacts>>,
    /// Whether the connection is encrypted: `aws:SecureTransport`.
    pub is_secure: bool,
}

/// `$context.identity.clientCert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificateFacts {
    /// The certificate in PEM.
    pub pem: String,
    /// The subject, such as `CN=client,O=Example`: the most specific part first, as AWS prints it.
    pub subject_dn: String,
    /// The issuer, in the same form.
    pub issuer_dn: String,
    /// The serial number, as pairs of hexadecimal digits separated by colons.
    pub serial_number: String,
    /// The start of its validity: `May 28 12:30:02 2019 GMT`.
    pub not_before: String,
    /// The end of its validity.
    pub not_after: String,
}

impl ClientCertificateFacts {
    /// Parses a certificate that the TLS handshake has already verified; `None` if it is invalid.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            pem: pem(der),
            subject_dn: distinguished_name(certificate.subject()),
            issuer_dn: distinguished_name(certificate.issuer()),
            serial_number: certificate.raw_serial_as_string(),
            not_before: moment(&validity.not_before),
            not_after: moment(&validity.not_after),
        })
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

fn distinguished_name(name: &X509Name<'_>) -> String {
    let whole = name.to_string();
    whole.rsplit(", ").collect::<Vec<_>>().join(",")
}

/// `May 28 12:30:02 2019 GMT`, from the `May 28 12:30:02 2019 +00:00` that the library prints.
fn moment(time: &ASN1Time) -> String {
    time.to_rfc2822().map_or_else(|text| text, |text| gmt(&text).unwrap_or(text))
}

/// The same from `Tue, 28 May 2019 12:30:02 +0000`.
fn gmt(rfc2822: &str) -> Option<String> {
    let mut words = rfc2822.split(' ').skip(1);
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(format!("{month} {day} {time} {year} GMT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_tells_whose_it_is() {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Example");
        params.distinguished_name.push(rcgen::DnType::CommonName, "client");
        params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x0a, 0xff]));
        params.not_before = rcgen::date_time_ymd(2019, 5, 28);
        params.not_after = rcgen::date_time_ymd(2029, 5, 8);
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let facts = ClientCertificateFacts::from_der(made.der()).unwrap();
        assert_eq!(facts.pem.trim_end(), made.pem().replace("\r\n", "\n").trim_end());
        assert_eq!(
            (facts.subject_dn.as_str(), facts.issuer_dn.as_str()),
            ("CN=client,O=Example", "CN=client,O=Example")
        );
        assert_eq!(facts.serial_number, "0a:ff");
        assert_eq!(facts.not_before, "May 28 00:00:00 2019 GMT");
        assert_eq!(facts.not_after, "May 08 00:00:00 2029 GMT");
        assert_eq!(ClientCertificateFacts::from_der(b"nonsense"), None);
    }
}
