//! CreateDomainName, GetDomainName(s), UpdateDomainName, DeleteDomainName.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::domain_name::AccessAssociation;
use super::super::domain_name::{
    CertificateReference, CustomDomain, DomainName, DomainNameKey, MutualTlsAuthentication, PrivateDomain,
    RoutingMode, UploadedCertificate,
};
use super::super::page::{Page, PageRequest};
use super::super::reach::Reach;
use super::super::rest_api::{EndpointAccessMode, EndpointType};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::access_associations::ResourceOwner;
use super::rest_apis::NewEndpoint;
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Error, LimitExceeded, NotFound};
use crate::apis::patch::{PatchOperation, patch_domain_name};
use crate::clock::{Ids, Timestamp};
use crate::id::AccountRegion;

/// The default TLS policy of domains.
const SECURITY_POLICY: &str = "TLS_1_2";
/// The most public domain names of an account in one region.
const DOMAINS_MAX: usize = 120;
/// The most private domain names of an account in one region.
const PRIVATE_DOMAINS_MAX: usize = 50;

/// The input of [CreateDomainName](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html).
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateDomainName {
    /// The name.
    pub domain_name: String,
    /// Name of the EDGE certificate.
    pub certificate_name: Option<String>,
    /// A certificate in PEM.
    pub certificate_body: Option<String>,
    /// Its key in PEM.
    pub certificate_private_key: Option<String>,
    /// Its certificate chain in PEM.
    pub certificate_chain: Option<String>,
    /// ARN of the EDGE certificate.
    pub certificate_arn: Option<String>,
    /// Name of the REGIONAL certificate.
    pub regional_certificate_name: Option<String>,
    /// ARN of the REGIONAL certificate.
    pub regional_certificate_arn: Option<String>,
    /// The endpoint's type, IP versions and VPC endpoints.
    #[serde(default)]
    pub endpoint_configuration: NewEndpoint,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// TLS policy's name.
    pub security_policy: Option<String>,
    /// The endpoint access mode.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// The settings of mutual TLS.
    pub mutual_tls_authentication: Option<NewMutualTls>,
    /// A certificate that proves ownership of the name.
    pub ownership_verification_certificate_arn: Option<String>,
    /// The resource policy; only for private domains.
    pub policy: Option<String>,
    /// Whether requests are routed by rules or by base path mappings.
    pub routing_mode: Option<RoutingMode>,
}

/// The mutual TLS settings of a new domain.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewMutualTls {
    /// The URI of the truststore.
    pub truststore_uri: Option<String>,
    /// The version of that object.
    pub truststore_version: Option<String>,
}

impl CreateDomainName {
    fn make(self, now: Timestamp, ids: &dyn Ids) -> Result<DomainName, BadRequest> {
        let uploaded = match (self.certificate_body, self.certificate_private_key) {
            (Some(body), Some(key)) => {
                Some(UploadedCertificate::new(&body, self.certificate_chain.as_deref(), key)?)
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(BadRequest::DomainCertificate),
        };
        let truststore = self.mutual_tls_authentication.and_then(|given| {
            let (uri, truststore_version) = (given.truststore_uri?, given.truststore_version);
            Some(MutualTlsAuthentication { truststore_uri: uri, truststore_version })
        });
        let endpoint = self.endpoint_configuration.resolve()?;
        let private = match (endpoint.kind, self.policy) {
            (EndpointType::Private, policy) => {
                let id = ids.lower_alphanumeric(10);
                Some(PrivateDomain {
                    id,
                    policy: policy.filter(|text| !text.is_empty()),
                    management_policy: None,
                })
            }
            (EndpointType::Edge | EndpointType::Regional, None) => None,
            (EndpointType::Edge | EndpointType::Regional, Some(_)) => {
                return Err(BadRequest::PolicyOfPublicDomain);
            }
        };
        Ok(DomainName {
            name: CustomDomain::parse(&self.domain_name).ok_or(BadRequest::DomainNameFormat)?,
            endpoint_type: endpoint.kind,
            ip_address_type: endpoint.ip_address_type,
            certificate: CertificateReference { name: self.certificate_name, arn: self.certificate_arn },
            regional_certificate: CertificateReference {
                name: self.regional_certificate_name,
                arn: self.regional_certificate_arn,
            },
            uploaded,
            certificate_upload_date: Some(now),
            security_policy: self.security_policy.unwrap_or_else(|| SECURITY_POLICY.to_owned()),
            endpoint_access_mode: self.endpoint_access_mode,
            mutual_tls: truststore,
            ownership_verification_certificate_arn: self.ownership_verification_certificate_arn,
            routing_mode: self.routing_mode.unwrap_or(RoutingMode::BasePathMappingOnly),
            alias: match endpoint.kind {
                EndpointType::Edge => ids.lower_alphanumeric(13),
                EndpointType::Regional | EndpointType::Private => ids.lower_alphanumeric(10),
            },
            private,
            tags: self.tags,
            mappings: BTreeMap::new(),
        })
    }
}

impl Apis {
    /// Creates a domain name.
    pub async fn create_domain_name(
        &self,
        owner: &AccountRegion,
        input: CreateDomainName,
    ) -> Result<DomainName, Error> {
        let (ids, now, reach) = (self.ids(), self.now(), self.reach());
        self.write_and_publish(owner, move |rows| {
            let domain = input.clone().make(now, &*ids)?;
            check(&domain, &reach)?;
            check_tags(&domain.tags)?;
            if rows.is_domain_name_taken(&domain.name)? {
                return Err(BadRequest::DomainNameExists.into());
            }
            check_limit(&rows.all_owned::<DomainName>()?, domain.private.is_some())?;
            rows.put_owned(&domain)?;
            Ok(domain)
        })
        .await
    }

    /// Domain names, by name.
    pub async fn domain_names(
        &self,
        owner: &AccountRegion,
        of: ResourceOwner,
        page: PageRequest,
    ) -> Result<Page<DomainName>, Error> {
        self.read(owner, move |rows| {
            let domains = match of {
                ResourceOwner::Own => rows.all_owned::<DomainName>()?,
                // Domains can't be shared between accounts here.
                ResourceOwner::OtherAccounts => Vec::new(),
            };
            Ok(Page::of(domains, |it| it.name.to_string(), &page)?)
        })
        .await
    }

    /// One domain name.
    pub async fn domain_name(&self, owner: &AccountRegion, key: DomainNameKey) -> Result<DomainName, Error> {
        self.read(owner, move |rows| existing(rows, &key)).await
    }

    /// Changes a domain name.
    pub async fn update_domain_name(
        &self,
        owner: &AccountRegion,
        key: DomainNameKey,
        patches: Vec<PatchOperation>,
    ) -> Result<DomainName, Error> {
        let (now, reach) = (self.now(), self.reach());
        self.write_and_publish(owner, move |rows| {
            let mut domain = existing(rows, &key)?;
            let certificate_before = domain.certificate_arn().map(str::to_owned);
            patch_domain_name(&mut domain, &patches)?;
            check(&domain, &reach)?;
            if domain.certificate_arn() != certificate_before.as_deref() {
                domain.certificate_upload_date = Some(now);
            }
            rows.put_owned(&domain)?;
            Ok(domain)
        })
        .await
    }

    /// Deletes a domain name with its mappings.
    pub async fn delete_domain_name(&self, owner: &AccountRegion, key: DomainNameKey) -> Result<(), Error> {
        let home = owner.clone();
        self.write_and_publish(owner, move |rows| {
            let domain = existing(rows, &key)?;
            let arn = domain.arn(&home);
            for association in
                rows.all_owned::<AccessAssociation>()?.iter().filter(|it| it.domain_name_arn == arn)
            {
                rows.delete_owned::<AccessAssociation>(&association.arn)?;
            }
            rows.delete_owned::<DomainName>(&domain.name)
        })
        .await
    }
}

fn check(domain: &DomainName, reach: &Reach) -> Result<(), BadRequest> {
    domain.check()?;
    match &domain.mutual_tls {
        // Without the truststore, no client could be verified.
        Some(mutual) if !reach.truststores.contains(&mutual.truststore_uri) => {
            Err(BadRequest::Truststore(mutual.truststore_uri.clone()))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_limit(there: &[DomainName], is_private: bool) -> Result<(), LimitExceeded> {
    let n_alike = there.iter().filter(|it| it.private.is_some() == is_private).count();
    match (is_private, n_alike) {
        (true, PRIVATE_DOMAINS_MAX..) => Err(LimitExceeded::PrivateDomainNames),
        (false, DOMAINS_MAX..) => Err(LimitExceeded::DomainNames),
        (true | false, _) => Ok(()),
    }
}

/// The domain for `key`. A private domain may also be identified by its id; other domains have none.
pub(super) fn existing(rows: &Rows<'_>, key: &DomainNameKey) -> Result<DomainName, Error> {
    let domain = named(rows, &key.domain_name)?;
    let id = domain.private.as_ref().map(|private| private.id.as_str());
    if id == key.domain_name_id.as_deref().filter(|id| !id.is_empty()) {
        Ok(domain)
    } else {
        Err(NotFound::DomainName.into())
    }
}

/// The domain with this name, whatever its id.
pub(super) fn named(rows: &Rows<'_>, name: &str) -> Result<DomainName, Error> {
    let name = CustomDomain::parse(name).ok_or(NotFound::DomainName)?;
    rows.owned(&name)
}
