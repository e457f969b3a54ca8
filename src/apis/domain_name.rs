//! Custom domain names and their base path mappings.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/api/API_DomainName.html>

use std::collections::BTreeMap;
use std::fmt;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

use super::client_certificate::PrivateKey;
use super::ids::{ApiId, StageName};
use super::rest_api::{EndpointAccessMode, EndpointType, IpAddressType, check_policy, check_security};
use super::words::words;
use crate::apis::error::BadRequest;
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::store::{Stored, Unreadable};

/// The longest host name, and the longest of its labels, in characters.
const NAME_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;
/// The most base paths of a domain.
pub(super) const MAPPINGS_MAX: usize = 200;
/// What clients see in place of an empty base path or stage.
const NONE: &str = "(none)";

words! {
    /// How requests are routed. Routing rules belong to version 2 of the API and are not supported.
    pub enum RoutingMode {
        BasePathMappingOnly = "BASE_PATH_MAPPING_ONLY",
        RoutingRuleOnly = "ROUTING_RULE_ONLY",
        RoutingRuleThenBasePathMapping = "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
    }
}

/// A host name in lower case, with at least two labels; the first may be `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomDomain(String);

impl AsRef<str> for CustomDomain {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl CustomDomain {
    /// `None` for text that can't be a host name.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase();
        let labels = name.strip_prefix("*.").unwrap_or(&name);
        let is_label = |label: &str| {
            (1..=LABEL_CHARS_MAX).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_name = name.len() <= NAME_CHARS_MAX && labels.contains('.') && labels.split('.').all(is_label);
        is_name.then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Stored<String> for CustomDomain {
    fn to_stored(&self) -> String {
        self.0.clone()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Ok(Self(form))
    }
}

/// The first segments of a path, without slashes at the beginning and end; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BasePath(String);

impl BasePath {
    /// Parses a base path as clients write it; `(none)` and the empty text are no base path.
    ///
    /// # Errors
    /// If there is more than one level, which only version 2 of the API supports.
    pub fn parse(text: &str) -> Result<Self, BadRequest> {
        match text {
            "" | NONE => Ok(Self::default()),
            text if text.contains('/') => Err(BadRequest::BasePathSlash),
            text if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"$-_.+!*'()".contains(&b)) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(BadRequest::BasePath),
        }
    }

    /// Without slashes at the beginning and end; empty for none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { NONE } else { &self.0 })
    }
}

impl Stored<String> for BasePath {
    fn to_stored(&self) -> String {
        self.0.clone()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Ok(Self(form))
    }
}

/// The target of a base path: <https://docs.aws.amazon.com/apigateway/latest/api/API_BasePathMapping.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePathMapping {
    /// The API.
    pub rest_api_id: ApiId,
    /// The stage; if `None`, the path names it after the base path.
    pub stage: Option<StageName>,
}

impl BasePathMapping {
    /// A stage as clients write it.
    pub fn stage_of(text: &str) -> Option<StageName> {
        (!text.is_empty() && text != NONE).then(|| text.into())
    }
}

/// A reference to a certificate in ACM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateReference {
    /// A name for people.
    pub name: Option<String>,
    /// Its ARN; the settings name its files.
    pub arn: Option<String>,
}

/// A certificate that was uploaded with the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedCertificate {
    /// The certificate and its chain, in PEM.
    pub chain: String,
    /// Its key.
    pub private_key: PrivateKey,
}

impl UploadedCertificate {
    /// Combines the parts.
    ///
    /// # Errors
    /// If a part is not PEM of its kind.
    pub(super) fn new(body: &str, chain: Option<&str>, private_key: String) -> Result<Self, BadRequest> {
        let whole = format!("{}\n{}", body.trim_end(), chain.unwrap_or_default());
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(whole.as_bytes()).collect();
        let has_certificate = certificates.is_ok_and(|found| !found.is_empty());
        if !has_certificate || PrivateKeyDer::from_pem_slice(private_key.as_bytes()).is_err() {
            return Err(BadRequest::DomainCertificate);
        }
        Ok(Self { chain: whole, private_key: PrivateKey::from(private_key) })
    }
}

/// The settings of mutual TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTlsAuthentication {
    /// The URI of the truststore, which contains the CA certificates: `s3://bucket/key`.
    pub truststore_uri: String,
    /// The version of that object; stored but not used.
    pub truststore_version: Option<String>,
}

/// The settings of a private domain, which only VPC endpoints can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateDomain {
    /// Distinguishes it from other domains of the same name.
    pub id: String,
    /// The resource policy for calls: JSON text as given.
    pub policy: Option<String>,
    /// The policy about associating VPC endpoints: JSON text as given.
    pub management_policy: Option<String>,
}

/// A VPC endpoint's access to a private domain. See
/// [DomainNameAccessAssociation](https://docs.aws.amazon.com/apigateway/latest/api/API_DomainNameAccessAssociation.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessAssociation {
    /// The association's ARN.
    pub arn: String,
    /// The domain's ARN.
    pub domain_name_arn: String,
    /// The VPC endpoint's id.
    pub source: String,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// Identifies a domain: by its name, and a private one also by its id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainNameKey {
    /// The name, in any case.
    pub domain_name: String,
    /// The id of a private domain; no other has one.
    pub domain_name_id: Option<String>,
}

/// See [DomainName](https://docs.aws.amazon.com/apigateway/latest/api/API_DomainName.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainName {
    /// The name, unique in the whole store.
    pub name: CustomDomain,
    /// The endpoint type. EDGE and REGIONAL use the same listener here; only the responses of the API differ.
    pub endpoint_type: EndpointType,
    /// IP versions.
    pub ip_address_type: IpAddressType,
    /// Certificate of the EDGE kind.
    pub certificate: CertificateReference,
    /// Certificate of the REGIONAL kind.
    pub regional_certificate: CertificateReference,
    /// Certificate that came in PEM.
    pub uploaded: Option<UploadedCertificate>,
    /// When a certificate was last set.
    pub certificate_upload_date: Option<Timestamp>,
    /// TLS policy's name.
    pub security_policy: String,
    /// How strictly the endpoint is accessed.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// The settings of mutual TLS; `None` means that any client is accepted.
    pub mutual_tls: Option<MutualTlsAuthentication>,
    /// A certificate that proves ownership of the name; stored but not used.
    pub ownership_verification_certificate_arn: Option<String>,
    /// How requests are routed.
    pub routing_mode: RoutingMode,
    /// The random part of the host name that AWS generates, the target for a CNAME.
    pub alias: String,
    /// The settings of a private domain; only private domains have an id.
    pub private: Option<PrivateDomain>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The base path mappings.
    pub mappings: BTreeMap<BasePath, BasePathMapping>,
}

impl DomainName {
    /// Checks that the members fit together.
    pub(crate) fn check(&self) -> Result<(), BadRequest> {
        let has = |reference: &CertificateReference| reference.arn.is_some();
        match self.endpoint_type {
            EndpointType::Private if has(&self.regional_certificate) => {
                return Err(BadRequest::CertificateOfOtherEndpoint { given: "REGIONAL", active: "PRIVATE" });
            }
            EndpointType::Private if self.ip_address_type != IpAddressType::Dualstack => {
                return Err(BadRequest::PrivateNeedsDualstack);
            }
            EndpointType::Edge if has(&self.regional_certificate) => {
                return Err(BadRequest::CertificateOfOtherEndpoint { given: "REGIONAL", active: "EDGE" });
            }
            EndpointType::Regional if has(&self.certificate) => {
                return Err(BadRequest::CertificateOfOtherEndpoint { given: "EDGE", active: "REGIONAL" });
            }
            EndpointType::Edge | EndpointType::Regional | EndpointType::Private => {}
        }
        if !has(&self.certificate) && !has(&self.regional_certificate) && self.uploaded.is_none() {
            return Err(BadRequest::NoDomainCertificate);
        }
        if self.mutual_tls.is_some() && self.endpoint_type != EndpointType::Regional {
            return Err(BadRequest::MutualTlsNeedsRegional);
        }
        if self.private.is_some() != (self.endpoint_type == EndpointType::Private) {
            return Err(BadRequest::PrivateDomain);
        }
        check_security(Some(&self.security_policy), self.endpoint_access_mode)?;
        let policies = self.private.iter().flat_map(|it| [&it.policy, &it.management_policy]).flatten();
        policies.into_iter().try_for_each(|policy| check_policy(policy))
    }

    /// The part of ARNs that identifies the domain: several private ones may have the same name.
    pub fn arn_name(&self) -> String {
        match &self.private {
            Some(private) => format!("{}+{}", self.name, private.id),
            None => self.name.to_string(),
        }
    }

    /// The ARN; for private domains, it contains the account.
    pub fn arn(&self, home: &AccountRegion) -> String {
        let account = if self.private.is_some() { home.account.as_str() } else { "" };
        let (region, partition) = (&home.region, home.region.partition());
        format!("arn:{partition}:apigateway:{region}:{account}:/domainnames/{}", self.arn_name())
    }

    /// The ARN of the certificate in use, if it is a reference.
    pub fn certificate_arn(&self) -> Option<&str> {
        self.certificate.arn.as_deref().or(self.regional_certificate.arn.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_host_names_in_lower_case() {
        for (text, want) in [("API.Example.com", "api.example.com"), ("*.example.com", "*.example.com")] {
            assert_eq!(CustomDomain::parse(text).unwrap().as_str(), want);
        }
        let long = format!("{}.com", "a".repeat(64));
        for bad in ["", "localhost", "a..com", "-a.com", "a-.com", "a b.com", "*.*.com", "a.com/", &long] {
            assert_eq!(CustomDomain::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn base_paths_have_one_level() {
        assert_eq!(BasePath::parse("(none)").unwrap().as_str(), "");
        assert_eq!(BasePath::parse("").unwrap().to_string(), "(none)");
        assert_eq!(BasePath::parse("v1").unwrap().to_string(), "v1");
        assert_eq!(BasePath::parse("v1/x"), Err(BadRequest::BasePathSlash));
        assert_eq!(BasePath::parse("v 1"), Err(BadRequest::BasePath));
    }

    #[test]
    fn uploaded_certificates_are_pem() {
        let made = rcgen::generate_simple_self_signed(vec!["a.example.com".to_owned()]).unwrap();
        let (body, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert!(UploadedCertificate::new(&body, Some(&body), key.clone()).is_ok());
        assert!(UploadedCertificate::new("nonsense", None, key).is_err());
        assert!(UploadedCertificate::new(&body, None, body.clone()).is_err());
    }
}
