//! CreateDomainNameAccessAssociation, GetDomainNameAccessAssociations, and deleting or rejecting them.
//!
//! An association lets a VPC endpoint reach a private custom domain name. There are no VPC endpoints here, so
//! associations are stored and shown but have no effect.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::domain_name::{AccessAssociation, DomainName};
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::words::words;
use super::domain_names::named;
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Conflict, Error, LimitExceeded, NotFound};
use crate::id::{AccountRegion, Arn};

/// The most associations of an account in one region.
const ASSOCIATIONS_MAX: usize = 100;

words! {
    /// Whose domains and associations to list.
    pub enum ResourceOwner { Own = "SELF", OtherAccounts = "OTHER_ACCOUNTS" }
}

/// The input of
/// [CreateDomainNameAccessAssociation](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainNameAccessAssociation.html).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccessAssociation {
    /// The private domain's ARN.
    pub domain_name_arn: String,
    /// The VPC endpoint's id.
    pub access_association_source: String,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Apis {
    /// Lets a VPC endpoint reach a private domain name.
    pub async fn create_access_association(
        &self,
        owner: &AccountRegion,
        input: CreateAccessAssociation,
    ) -> Result<AccessAssociation, Error> {
        let home = owner.clone();
        self.write(owner, move |rows| {
            let domain = domain(rows, &home, &input.domain_name_arn)?;
            let source = input.access_association_source.clone();
            let is_endpoint = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
            if !source.strip_prefix("vpce-").is_some_and(is_endpoint) {
                return Err(BadRequest::AccessAssociationSource(source).into());
            }
            check_tags(&input.tags)?;
            let (region, account, partition) = (&home.region, &home.account, home.region.partition());
            let association = AccessAssociation {
                arn: format!(
                    "arn:{partition}:apigateway:{region}:{account}:/domainnameaccessassociations/domainname/{}/vpcesource/{source}",
                    domain.arn_name(),
                ),
                domain_name_arn: domain.arn(&home),
                source,
                tags: input.tags.clone(),
            };
            if rows.find_owned::<AccessAssociation>(&association.arn)?.is_some() {
                return Err(Conflict::AccessAssociation.into());
            }
            if ASSOCIATIONS_MAX <= rows.all_owned::<AccessAssociation>()?.len() {
                return Err(LimitExceeded::AccessAssociations.into());
            }
            rows.put_owned(&association)?;
            Ok(association)
        })
        .await
    }

    /// Associations by ARN.
    pub async fn access_associations(
        &self,
        owner: &AccountRegion,
        of: ResourceOwner,
        page: PageRequest,
    ) -> Result<Page<AccessAssociation>, Error> {
        self.read(owner, move |rows| {
            let all = match of {
                ResourceOwner::Own => rows.all_owned::<AccessAssociation>()?,
                // Domains can't be shared between accounts here.
                ResourceOwner::OtherAccounts => Vec::new(),
            };
            Ok(Page::of(all, |it| it.arn.clone(), &page)?)
        })
        .await
    }

    /// Deletes an association.
    pub async fn delete_access_association(&self, owner: &AccountRegion, arn: &str) -> Result<(), Error> {
        let arn = arn.to_owned();
        self.write(owner, move |rows| {
            existing(rows, &arn)?;
            rows.delete_owned::<AccessAssociation>(&arn)
        })
        .await
    }

    /// Rejects an association with a domain.
    pub async fn reject_access_association(
        &self,
        owner: &AccountRegion,
        arn: &str,
        domain_name_arn: &str,
    ) -> Result<(), Error> {
        let (home, arn, domain_name_arn) = (owner.clone(), arn.to_owned(), domain_name_arn.to_owned());
        self.write(owner, move |rows| {
            let domain = domain(rows, &home, &domain_name_arn)?;
            let association = existing(rows, &arn)?;
            if association.domain_name_arn != domain.arn(&home) {
                return Err(NotFound::AccessAssociation.into());
            }
            rows.delete_owned::<AccessAssociation>(&arn)
        })
        .await
    }
}

pub(super) fn existing(rows: &Rows<'_>, arn: &str) -> Result<AccessAssociation, Error> {
    Arn::parse(arn).map_err(|_| BadRequest::Arn)?;
    rows.owned(arn)
}

/// The private domain of an ARN: `arn:aws:apigateway:{region}:{account}:/domainnames/{name}+{id}`.
fn domain(rows: &Rows<'_>, home: &AccountRegion, arn: &str) -> Result<DomainName, Error> {
    let parsed = Arn::parse(arn).map_err(|_| BadRequest::Arn)?;
    let is_here = parsed.service == "apigateway" && parsed.region == home.region.as_str();
    let name = parsed.resource.strip_prefix("/domainnames/").filter(|_| is_here).ok_or(BadRequest::Arn)?;
    let domain = named(rows, name.split_once('+').map_or(name, |(name, _)| name))?;
    if domain.private.is_none() {
        return Err(BadRequest::PublicDomain.into());
    }
    if domain.arn_name() == name { Ok(domain) } else { Err(NotFound::DomainName.into()) }
}
