//! Custom domain names.

use std::collections::BTreeMap;

use crate::apis::domain_name::{
    AccessAssociation, BasePathMapping, CertificateReference, DomainName, MutualTlsAuthentication,
    PrivateDomain, UploadedCertificate,
};
use crate::store::record;

record! {
    /// A domain name.
    pub(super) struct DomainNameV1 of DomainName {
        "name" name: String,
        "endpoint_type" endpoint_type: String,
        "ip_address_type" ip_address_type: String,
        "certificate" certificate: CertificateReferenceV1,
        "regional_certificate" regional_certificate: CertificateReferenceV1,
        "uploaded" uploaded: Option<UploadedCertificateV1>,
        "certificate_upload_date" certificate_upload_date: Option<i64>,
        "security_policy" security_policy: String,
        "endpoint_access_mode" endpoint_access_mode: Option<String>,
        "mutual_tls" mutual_tls: Option<MutualTlsV1>,
        "ownership_verification_certificate_arn" ownership_verification_certificate_arn: Option<String>,
        "routing_mode" routing_mode: String,
        "alias" alias: String,
        #[serde(default)]
        "private" private: Option<PrivateDomainV1>,
        "tags" tags: BTreeMap<String, String>,
        "mappings" mappings: BTreeMap<String, BasePathMappingV1>,
    }

    /// A certificate that is kept elsewhere.
    pub(super) struct CertificateReferenceV1 of CertificateReference {
        "name" name: Option<String>,
        "arn" arn: Option<String>,
    }

    /// A certificate that came with the domain.
    pub(super) struct UploadedCertificateV1 of UploadedCertificate {
        "chain" chain: String,
        "private_key" private_key: String,
    }

    /// Which clients are let in.
    pub(super) struct MutualTlsV1 of MutualTlsAuthentication {
        "truststore_uri" truststore_uri: String,
        "truststore_version" truststore_version: Option<String>,
    }

    /// What a private domain has.
    pub(super) struct PrivateDomainV1 of PrivateDomain {
        "id" id: String,
        "policy" policy: Option<String>,
        "management_policy" management_policy: Option<String>,
    }

    /// Where a base path leads.
    pub(super) struct BasePathMappingV1 of BasePathMapping {
        "rest_api_id" rest_api_id: String,
        "stage" stage: Option<String>,
    }

    /// A VPC endpoint that may reach a private domain.
    pub(super) struct AccessAssociationV1 of AccessAssociation {
        "arn" arn: String,
        "domain_name_arn" domain_name_arn: String,
        "source" source: String,
        "tags" tags: BTreeMap<String, String>,
    }
}
